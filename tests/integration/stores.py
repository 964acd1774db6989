"""What is stored below a URL of an object store."""

from __future__ import annotations

from together_ext.destinations.store import Store
from together_ext.destinations.urls import parse_url

RECEIPT = "together-ext.json"


def content(url: str) -> dict[str, bytes]:
    """Everything below a URL, by name."""
    store = Store(parse_url(url, "url"))
    return {name: store.read(name, 0, found.size) for name, found in store.list().items()}


def names(url: str) -> set[str]:
    """The names of the objects below a URL."""
    return set(Store(parse_url(url, "url")).list())


def put(url: str, name: str, data: bytes) -> None:
    Store(parse_url(url, "url")).put(name, data)
