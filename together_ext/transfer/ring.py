"""The memory of an ordered stream: blocks that connections fill and one reader takes in order."""

from __future__ import annotations

import threading
from typing import Final

from together_ext.errors import TransferCancelledError

from .window import BLOCK

NOTHING: Final = memoryview(b"")
CLOSED: Final = "the stream is closed"


class Ring:
    """A window of blocks; memory is allocated when it is first needed, and used again.

    It is a `Sink` of all connections: they receive where the reader reads.

    Attributes:
        reached: Number of bytes at the beginning of the file that have arrived.
        hungry: Whether the reader waits for bytes.
    """

    def __init__(self, blocks: int) -> None:
        """Start empty.

        Args:
            blocks: Maximum number of blocks.
        """
        self.reached, self.hungry = 0, False
        self._most, self._first = blocks, 0
        self._blocks: dict[int, memoryview] = {}
        self._free: list[memoryview] = []
        self._over, self._closed = False, False
        self._failure: BaseException | None = None
        self._changed = threading.Condition()

    # The connections' side --------------------------------------------------------------------------------------------

    def buffer(self, offset: int, count: int) -> memoryview:
        """The memory for the bytes from `offset` on, up to the end of their block; waits for room.

        Raises:
            TransferCancelledError: The stream was closed, or has gone on without these bytes.
        """
        index, begin = divmod(offset, BLOCK)
        with self._changed:
            while index >= self._first + self._most and not self._closed:
                self._changed.wait()
            # A thread that was left to its timeout may come back when its bytes have been taken long ago.
            if self._closed or index < self._first:
                raise TransferCancelledError
            block = self._blocks.get(index)
            if block is None:
                # The last one that was freed is the likeliest to be in the cache of the processor.
                block = self._free.pop() if self._free else memoryview(bytearray(BLOCK))
                self._blocks[index] = block
        return block[begin : begin + count]

    def accept(self, data: memoryview, offset: int) -> None:
        """Do nothing: the bytes are where the reader reads them."""

    def reach(self, count: int) -> None:
        """Announce that the first `count` bytes have arrived."""
        with self._changed:
            if count > self.reached:
                self.reached = count
                self._changed.notify_all()

    def end(self, failure: BaseException | None) -> None:
        """Announce that no more bytes will arrive, and why."""
        with self._changed:
            if not self._closed:
                self._over, self._failure = True, failure
                self._changed.notify_all()

    # The reader's side ------------------------------------------------------------------------------------------------

    def view(self, offset: int, seconds: float) -> memoryview | None:
        """The bytes from `offset` to the end of their block, or those of them that have arrived.

        Args:
            offset: The offset of the next byte.
            seconds: Maximum number of seconds to wait.

        Returns:
            The bytes, valid until they are released; none at the end of the file; None if none have arrived yet.

        Raises:
            Exception: The failure of the transfer.
        """
        with self._changed:
            if self.reached <= offset and not (self._over or self._closed):
                self.hungry = True
                self._changed.wait(seconds)
                self.hungry = False
            if self._failure is not None:
                raise self._failure
            if self.reached > offset:
                index, begin = divmod(offset, BLOCK)
                return self._blocks[index][begin : self.reached - index * BLOCK].toreadonly()
            return NOTHING if self._over else None

    def release(self, count: int) -> None:
        """Use the memory of the first `count` bytes again; that of a block which is not complete stays."""
        with self._changed:
            first = count // BLOCK
            if first > self._first and not self._closed:
                for index in range(self._first, first):
                    self._free.append(self._blocks.pop(index))
                self._first = first
                self._changed.notify_all()

    def close(self) -> None:
        """Wake up every thread that waits, and give up the memory."""
        with self._changed:
            self._closed = True
            self._failure = self._failure or ValueError(CLOSED)
            self._blocks.clear()
            self._free.clear()
            self._changed.notify_all()
