"""The beginning of a file that is being downloaded, for a reader that follows the download."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from together_ext.clock import TURN
from together_ext.storage import UntrustedFileError, open_own


class FrontLostError(Exception):
    """Bytes that were read, or would be read, are not of the downloaded file: the transfer failed or restarted."""


class Front:
    """How many bytes at the beginning of a file have arrived: set by the transfer, awaited by one reader.

    Bytes that have arrived do not change, unless the transfer restarts: then the reader gets a `FrontLostError`.
    """

    def __init__(self) -> None:
        """Start without a file."""
        self._changed = threading.Condition()
        self._path: Path | None = None
        self._size = 0
        self._reached = 0
        self._version = 0
        self._over = False
        self._interrupted = False

    # The transfer's side ----------------------------------------------------------------------------------------------

    def begin(self, path: Path, size: int) -> None:
        """Announce a file of `size` bytes that grows at a path; an earlier one is no longer valid."""
        with self._changed:
            self._path, self._size, self._reached = path, size, 0
            self._version += 1
            self._changed.notify_all()

    def reach(self, count: int) -> None:
        """Announce that the first `count` bytes have arrived."""
        with self._changed:
            if count > self._reached:
                self._reached = count
                self._changed.notify_all()

    def end(self) -> None:
        """Announce that no more bytes will arrive."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    # The reader's side ------------------------------------------------------------------------------------------------

    @contextmanager
    def open(self) -> Iterator[GrowingFile]:
        """Wait until the transfer has announced a file, and open it.

        Raises:
            FrontLostError: The transfer ended without a file, or the reader was interrupted.
        """
        with self._changed:
            while self._path is None and not (self._over or self._interrupted):
                self._changed.wait(TURN)
            if self._path is None or self._interrupted:
                raise FrontLostError
            path, size, version = self._path, self._size, self._version
        try:
            # Not the file that another user may have put in its place.
            fd = open_own(path, os.O_RDONLY)
        except (FileNotFoundError, UntrustedFileError):
            raise FrontLostError from None
        try:
            yield GrowingFile(self, fd, size, version)
        finally:
            os.close(fd)

    def interrupt(self) -> None:
        """Raise `FrontLostError` in the waiting reader; the transfer continues."""
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def wait(self, count: int, version: int) -> None:
        """Wait until the first `count` bytes have arrived; raises `FrontLostError` if they never will."""
        with self._changed:
            while self._version == version and self._reached < count and not (self._over or self._interrupted):
                self._changed.wait(TURN)
            if self._version != version or self._reached < count or self._interrupted:
                raise FrontLostError


class GrowingFile:
    """A readable file that waits for bytes that have not arrived yet.

    Attributes:
        size: Size of the complete file in bytes.
    """

    def __init__(self, front: Front, fd: int, size: int, version: int) -> None:
        """Read from a descriptor, which the caller closes."""
        self.size = size
        self._front, self._fd, self._version = front, fd, version
        self._offset = 0

    def read(self, count: int, /) -> bytes:
        """Wait for the next `count` bytes and return them; fewer only at the end of the file.

        Raises:
            FrontLostError: They will never arrive, or are not of this file.
        """
        stop = min(self._offset + count, self.size)
        self._front.wait(stop, self._version)
        data = os.pread(self._fd, stop - self._offset, self._offset)
        # The transfer may have restarted meanwhile.
        self._front.wait(stop, self._version)
        if len(data) < stop - self._offset:
            raise FrontLostError
        self._offset = stop
        return data

    def seek(self, offset: int, /) -> int:
        """Continue from another offset."""
        self._offset = offset
        return offset
