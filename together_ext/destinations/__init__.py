"""Destinations of downloads: the path that an output means, and the name and extension of a file.

Imports `archive` and `transfer`, nothing of the API. To add a kind of destination, add a module beside `local`.
"""
