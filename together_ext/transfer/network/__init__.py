"""HTTP for API calls and downloads: clients, proxies, redirects, headers, time limits, reasons of failures.

Imports `errors`, `text` and httpx; nothing of the engine or of the API. Add code here if both need it.
"""
