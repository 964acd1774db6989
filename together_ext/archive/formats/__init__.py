"""The formats: recognize an archive, decompress it, check that it is complete, and read its entries.

Imports `errors` and `archive.limits`. `source` opens an archive, `sniff` recognizes its format, `stream` decompresses
it, `tar` reads its entries, `structure` checks that it is complete. To add a format: `sniff`, `stream`, `structure`.
"""
