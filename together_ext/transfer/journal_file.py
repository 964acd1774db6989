"""The journal on the disk: always complete, replaced and flushed rarely, renewed often by one appended line."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from together_ext.storage import create_own, open_own

from .journal import Journal, decode, encode, renewal
from .plan import Spans

SCRATCH: Final = ".new"
"""Suffix of the name of a journal that is being written."""

LARGEST: Final = 1 << 20
"""Maximum number of bytes of a journal. It contains a few spans for each connection, and the renewals of a second."""


def load(path: Path) -> Journal | None:
    """Read the journal at a path.

    Returns:
        The journal; None if the file does not exist.

    Raises:
        JournalError: The journal cannot be used.
        UntrustedFileError: The file was not created by this user, or other users can write it.
    """
    try:
        fd = open_own(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    with os.fdopen(fd, "rb") as file:
        return decode(file.read(LARGEST))


class JournalFile:
    """The journal of a running transfer; thread-safe.

    A renewal never waits for the disk: while a new journal is being flushed, renewals are appended to the old one.
    """

    def __init__(self, path: Path) -> None:
        """Set the path; no file is created, and `renew` does nothing, before the first `replace`."""
        self._path, self._scratch = path, path.with_name(path.name + SCRATCH)
        self._fd = -1
        self._lock = threading.Lock()

    def replace(self, journal: Journal, latest: Callable[[], Spans]) -> None:
        """Write and flush a new journal, then rename it to the path.

        Args:
            journal: The new state.
            latest: Returns the spans written so far; called just before the rename.

        Raises:
            OSError: The journal cannot be written.
        """
        fresh = create_own(self._scratch, os.O_WRONLY | os.O_APPEND)
        try:
            _append(fresh, encode(journal))
            os.fsync(fresh)
            with self._lock:
                _append(fresh, renewal(latest()))
                self._scratch.replace(self._path)
                fresh, self._fd = self._fd, fresh
        finally:
            if fresh >= 0:
                os.close(fresh)

    def renew(self, latest: Callable[[], Spans]) -> None:
        """Append the spans that `latest` returns, without waiting for the disk."""
        with self._lock:
            if self._fd >= 0:
                _append(self._fd, renewal(latest()))

    def close(self) -> None:
        """Close the journal; the file is kept."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1


def _append(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
