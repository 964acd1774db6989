"""Responses that are kept as a whole: documents, and files in memory."""

from __future__ import annotations

from typing import Final

DOCUMENT_LIMIT: Final = 64 << 20
"""Maximum number of bytes in a response that is one document."""

LIST_LIMIT: Final = 1 << 30
"""Maximum number of bytes in a response that is read item by item."""

MOST_VALUES: Final = 2_000_000
"""Maximum number of values in a document: an empty list takes three bytes there, and eighty as an object."""


class LimitError(Exception):
    """A response exceeds a limit; the message is a clause that names it."""


def values_in(text: bytes | str) -> int:
    """About how many values a piece of JSON has; more if commas or brackets are in its strings."""
    if isinstance(text, str):
        return text.count(",") + text.count("[") + text.count("{")
    return text.count(b",") + text.count(b"[") + text.count(b"{")


class File:
    """Collects the bytes of a response."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._pieces.append(data)

    def close(self) -> None:
        """Do nothing."""

    def content(self) -> bytes:
        """All bytes."""
        return b"".join(self._pieces)


class Document(File):
    """Collects a document that will be parsed."""

    def __init__(self) -> None:
        super().__init__()
        self._values = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raises `LimitError` if the document has too many values."""
        self._values += values_in(data)
        if self._values > MOST_VALUES:
            raise LimitError(f"the response exceeds the limit of {MOST_VALUES:,} values")
        super().feed(data)
