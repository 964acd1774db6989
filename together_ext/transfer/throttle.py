"""A limit on the rate, shared by all connections of a transfer."""

from __future__ import annotations

import threading
from typing import Final

from together_ext.clock import Clock

BURST: Final = 0.25
"""Maximum burst, in seconds at the limit."""


class Throttle:
    """Limits the rate: a thread that takes bytes too early waits until they are due; thread-safe."""

    def __init__(self, limit: float | None, clock: Clock, stop: threading.Event) -> None:
        """Set a limit.

        Args:
            limit: Bytes per second; None for no limit.
            clock: The clock.
            stop: Set to end every wait.
        """
        self._limit, self._clock, self._stop = limit, clock, stop
        self._due = 0.0
        self._lock = threading.Lock()

    @property
    def portion(self) -> int | None:
        """Maximum number of bytes to take at once, so that the rate is even; None for no limit."""
        return None if self._limit is None else max(int(self._limit * BURST), 1 << 10)

    def take(self, count: int) -> None:
        """Count received bytes, and wait for as long as they were too early."""
        if self._limit is None:
            return
        with self._lock:
            now = self._clock.now()
            # Unused bytes of the past are not saved.
            self._due = max(self._due, now) + count / self._limit
            wait = self._due - now
        if wait > 0:
            self._clock.wait(self._stop, wait)
