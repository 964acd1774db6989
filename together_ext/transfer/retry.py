"""When to try again: the budget, the backoff, and the one gate that all connections of a transfer wait at."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from together_ext.errors import TransferCancelledError


class Clock(Protocol):
    """Time as the engine sees it; tests bring their own."""

    def now(self) -> float:
        """Seconds on a clock that never jumps."""

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Let `seconds` pass, or less if `stop` is set meanwhile."""


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Let `seconds` pass, or less if `stop` is set meanwhile."""
        stop.wait(seconds)


def backoff(attempt: int, *, retry_after: float | None, jitter: float) -> float:
    """Seconds to wait after a failure.

    Args:
        attempt: How many failures in a row there have been, from 1.
        retry_after: The server's own word in seconds; it is obeyed as it is.
        jitter: From 0 to 1; spreads clients that failed together over half of the wait.
    """
    if retry_after is not None:
        return retry_after
    return min(30.0, 0.5 * 2.0 ** min(attempt - 1, 10)) * (0.5 + jitter / 2)


class Budget:
    """Counts failures in a row; bytes that arrived between two of them start the count anew."""

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._failures = 0
        self._seen = 0

    def failed(self, done: int, *, enough: int) -> int | None:
        """Note a failure.

        Args:
            done: Bytes of the whole transfer that have arrived so far.
            enough: Bytes that count as progress, so that a server cannot feed a byte for each request forever.

        Returns:
            The number of failures in a row, or None when the budget is used up.
        """
        if done - self._seen >= enough:
            self._failures = 0
        self._seen = max(done, self._seen)
        self._failures += 1
        return self._failures if self._failures <= self._retries else None


class Gate:
    """Keeps every connection back while a server wants to be left alone."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self._clock, self._stop = clock, stop
        self._open_at = 0.0
        self._lock = threading.Lock()

    @property
    def closed(self) -> bool:
        """Whether everybody has to wait now."""
        return self._open_at > self._clock.now()

    def close_for(self, seconds: float) -> None:
        """Let nobody pass for so many seconds from now; never opens earlier than it would have."""
        until = self._clock.now() + seconds
        with self._lock:
            self._open_at = max(self._open_at, until)

    def pass_through(self) -> None:
        """Wait until the gate is open.

        Raises:
            TransferCancelledError: The transfer was stopped meanwhile.
        """
        while (left := self._open_at - self._clock.now()) > 0 and not self._stop.is_set():
            self._clock.wait(self._stop, left)
        if self._stop.is_set():
            raise TransferCancelledError
