"""Where a connection puts the bytes that it receives."""

from __future__ import annotations

from typing import Final, Protocol

from .partial import Partial

BUFFER: Final = 1 << 20
"""Maximum number of bytes per read and write: large ones are much cheaper for the kernel than small ones."""


class Sink(Protocol):
    """Takes bytes in two steps, so that they are received where they belong."""

    def buffer(self, offset: int, count: int) -> memoryview:
        """The memory for the bytes from `offset` on: at least one byte, at most `count`."""

    def accept(self, data: memoryview, offset: int) -> None:
        """Take the bytes that were received in that memory, or only the first of them."""


class FileSink:
    """Writes to a partial file; each connection has its own."""

    def __init__(self, partial: Partial) -> None:
        self._buffer = memoryview(bytearray(BUFFER))
        self.accept = partial.write

    def buffer(self, offset: int, count: int) -> memoryview:
        """The same memory each time: its bytes are written before the next ones are received."""
        del offset
        return self._buffer[:count]
