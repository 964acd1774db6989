"""An archive whose bytes another thread hands over, in order and piece by piece; it is never stored."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from together_ext.clock import TURN

from .formats.stream import StoppedError

AHEAD: Final = 4
"""Maximum number of pieces that wait for the reader."""


class Handover:
    """The source of an archive that arrives: one thread puts its bytes, another one reads them.

    Attributes:
        size: The size of the complete archive in bytes.
    """

    def __init__(self, size: int) -> None:
        """Start without bytes."""
        self.size = size
        self._changed = threading.Condition()
        self._pieces: deque[bytes] = deque()
        self._complete = self._interrupted = False
        self._piece = self._beginning = b""

    # The side of the bytes --------------------------------------------------------------------------------------------

    def put(self, piece: bytes) -> bool:
        """Wait for room and hand over the next bytes; returns whether there is still a reader."""
        with self._changed:
            while len(self._pieces) >= AHEAD and not self._interrupted:
                self._changed.wait(TURN)
            self._pieces.append(piece)
            self._changed.notify_all()
            return not self._interrupted

    def end(self) -> None:
        """Announce that these were all bytes."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    # The reader's side ------------------------------------------------------------------------------------------------

    @contextmanager
    def open(self) -> Iterator[Handover]:
        """Read from the beginning, once."""
        yield self

    def read(self, count: int, /) -> bytes:
        """Wait for the next `count` bytes; fewer only at the end; raises `StoppedError` after `interrupt`."""
        taken, left = [], count
        while left and (piece := self._piece or self._next()):
            # A piece of exactly the requested size is not copied.
            taken.append(piece[:left])
            self._piece, left = piece[left:], left - len(taken[-1])
        self._beginning = b"".join(taken)
        return self._beginning

    def seek(self, offset: int, /) -> int:
        """Go back by what was read last, which is possible at the beginning alone."""
        self._piece = self._beginning + self._piece
        return offset

    def interrupt(self) -> None:
        """End the reading and any wait on either side."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._complete or self._interrupted)
            if self._interrupted:
                raise StoppedError
            self._changed.notify_all()
            return self._pieces.popleft() if self._pieces else b""
