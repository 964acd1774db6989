"""The journal on the disk: whole at every moment, replaced seldom and durably, renewed often by one appended line."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .journal import Journal, decode, encode, renewal
from .plan import Spans

SCRATCH: Final = ".new"
"""Stands behind the name of a journal that is being written."""

LARGEST: Final = 1 << 20
"""Bytes of a journal that are read. It has a few spans for each connection, and the renewals of a second."""


def load(path: Path) -> Journal | None:
    """Read the journal at a path; None if there is none.

    Raises:
        JournalError: There is one, and it cannot be used.
    """
    try:
        with path.open("rb") as file:
            return decode(file.read(LARGEST))
    except FileNotFoundError:
        return None


class JournalFile:
    """A journal that is being kept. Safe to use from several threads at once.

    A renewal never waits for the disk: while a new journal is on its way there, renewals go to the old one.
    """

    def __init__(self, path: Path) -> None:
        """Name it; nothing is touched yet, and `renew` does nothing before the first `replace`."""
        self._path, self._scratch = path, path.with_name(path.name + SCRATCH)
        self._fd = -1
        self._lock = threading.Lock()

    def replace(self, journal: Journal, latest: Callable[[], Spans]) -> None:
        """Put a journal at the path, by one rename, after the disk has it.

        Args:
            journal: The new state.
            latest: Gives what is written by then; asked just before the rename.
        """
        # A link at this name is not ours: following it would write somewhere else.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        fresh = os.open(self._scratch, flags, 0o666)
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
        """Claim what `latest` gives, without waiting for the disk."""
        with self._lock:
            if self._fd >= 0:
                _append(self._fd, renewal(latest()))

    def close(self) -> None:
        """Let go of it; what it says stays."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1


def _append(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
