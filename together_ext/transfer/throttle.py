"""A limit on the rate, shared by all connections of a transfer."""

from __future__ import annotations

import threading
from typing import Final

from .retry import Clock

BURST: Final = 0.25
"""Seconds' worth of bytes that may come at once."""


class Throttle:
    """Lets so many bytes a second through; who takes more waits until they are due."""

    def __init__(self, limit: float | None, clock: Clock, stop: threading.Event) -> None:
        """Set a limit.

        Args:
            limit: Bytes a second; None for no limit.
            clock: Time.
            stop: Ends every wait.
        """
        self._limit, self._clock, self._stop = limit, clock, stop
        self._due = 0.0
        self._lock = threading.Lock()

    @property
    def portion(self) -> int | None:
        """Bytes to take at once so that the rate stays even; None for as many as one likes."""
        return None if self._limit is None else max(int(self._limit * BURST), 1 << 10)

    def take(self, count: int) -> None:
        """Account for bytes that have come, and wait for as long as they were too early."""
        if self._limit is None:
            return
        with self._lock:
            now = self._clock.now()
            # What was not used in the past is not saved up.
            self._due = max(self._due, now) + count / self._limit
            wait = self._due - now
        if wait > 0:
            self._clock.wait(self._stop, wait)
