"""Destinations of downloads: the path that an output means, the name and extension of a file, and object stores.

Imports `archive` and `transfer`, nothing of the API. To add a kind of destination, add a module beside `local`; to add
an object store that obstore supports, its scheme in `urls`, its class in `opening`, its error codes in `refusals`.
"""
