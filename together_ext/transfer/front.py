"""The growing front of a file that is being fetched, for whoever reads it meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

TURN: Final = 0.5
"""Seconds after which a reader that waits looks whether it shall go on, should nobody wake it up."""


class FrontLostError(Exception):
    """What was read, or was still to be read, is not of the file that is fetched: the transfer failed or began anew."""


class Front:
    """How much of a file's front has arrived, told by the transfer and waited for by one reader.

    What has been told stays as it is, unless the transfer begins anew: then the reader meets a `FrontLostError`.
    """

    def __init__(self) -> None:
        """Nothing yet."""
        self._changed = threading.Condition()
        self._path: Path | None = None
        self._size = 0
        self._reached = 0
        self._version = 0
        self._over = False
        self._interrupted = False

    # The transfer's side ----------------------------------------------------------------------------------------------

    def begin(self, path: Path, size: int) -> None:
        """A file of `size` bytes is growing at a path; whatever was there before counts no more."""
        with self._changed:
            self._path, self._size, self._reached = path, size, 0
            self._version += 1
            self._changed.notify_all()

    def reach(self, count: int) -> None:
        """The first `count` bytes have arrived."""
        with self._changed:
            if count > self._reached:
                self._reached = count
                self._changed.notify_all()

    def end(self) -> None:
        """No more bytes will come."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    # The reader's side ------------------------------------------------------------------------------------------------

    @contextmanager
    def open(self) -> Iterator[GrowingFile]:
        """Wait until the file begins to grow, and open it.

        Raises:
            FrontLostError: It never does, or the reader was interrupted.
        """
        with self._changed:
            while self._path is None and not (self._over or self._interrupted):
                self._changed.wait(TURN)
            if self._path is None or self._interrupted:
                raise FrontLostError
            path, size, version = self._path, self._size, self._version
        try:
            # Not a link, which the transfer does not write to either.
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise FrontLostError from None
        try:
            yield GrowingFile(self, fd, size, version)
        finally:
            os.close(fd)

    def interrupt(self) -> None:
        """Wake up the reader with a `FrontLostError`, wherever it waits; the transfer goes on."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def wait(self, count: int, version: int) -> None:
        """Wait until the first `count` bytes are there; raises `FrontLostError` when they will never be."""
        with self._changed:
            while self._version == version and self._reached < count and not (self._over or self._interrupted):
                self._changed.wait(TURN)
            if self._version != version or self._reached < count or self._interrupted:
                raise FrontLostError


class GrowingFile:
    """Reads a file while it grows: as any file that is open for reading, but for the waits.

    Attributes:
        size: Its bytes when it is whole.
    """

    def __init__(self, front: Front, fd: int, size: int, version: int) -> None:
        """Read from a descriptor, which stays the caller's."""
        self.size = size
        self._front, self._fd, self._version = front, fd, version
        self._offset = 0

    def read(self, count: int, /) -> bytes:
        """The next `count` bytes, when they are there; fewer only at the file's end.

        Raises:
            FrontLostError: They will never be there, or are not of this file.
        """
        stop = min(self._offset + count, self.size)
        self._front.wait(stop, self._version)
        data = os.pread(self._fd, stop - self._offset, self._offset)
        # It may have begun anew meanwhile.
        self._front.wait(stop, self._version)
        if len(data) < stop - self._offset:
            raise FrontLostError
        self._offset = stop
        return data

    def seek(self, offset: int, /) -> int:
        """Go on from another offset."""
        self._offset = offset
        return offset
