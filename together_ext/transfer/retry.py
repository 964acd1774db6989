"""When to retry: the budget of failures, the backoff, and the pause that all connections of a transfer share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from together_ext.clock import Clock
from together_ext.errors import TransferCancelledError


def backoff(attempt: int, *, retry_after: float | None, jitter: float) -> float:
    """Seconds to wait after a failure: 0.5 s, doubled for each consecutive failure, up to 30 s.

    Args:
        attempt: Number of consecutive failures, from 1.
        retry_after: The server's `Retry-After` in seconds, which takes precedence; None if there is none.
        jitter: From 0 to 1; spreads the clients that failed together over the second half of the wait.

    Returns:
        The wait in seconds.
    """
    if retry_after is not None:
        return retry_after
    return min(30.0, 0.5 * 2.0 ** min(attempt - 1, 10)) * (0.5 + jitter / 2)


class Budget:
    """Counts consecutive failures; progress between two of them resets the count.

    Attributes:
        failures: Number of consecutive failures.
        left: Number of retries after the next one.
    """

    def __init__(self, retries: int) -> None:
        self._retries = self.left = retries
        self.failures = 0
        self._limited = 0
        self._seen = 0

    def failed(self, done: int, *, enough: int, tries: int | None = None) -> int | None:
        """Count a failure.

        Args:
            done: Number of bytes of the whole transfer that have arrived so far.
            enough: Minimum number of bytes that count as progress, so that a server cannot send a byte for each request
                forever.
            tries: Maximum number of consecutive failures of this kind; None for no such maximum.

        Returns:
            The number of consecutive failures; None if the budget is used up.
        """
        if done - self._seen >= enough:
            self.failures = self._limited = 0
        self._seen = max(done, self._seen)
        self.failures += 1
        self.left = self._retries - self.failures
        if tries is not None:
            self._limited += 1
            self.left = min(self.left, tries - self._limited - 1)
        return self.failures if self.left >= 0 else None


@dataclass(frozen=True)
class Retry:
    """A pending retry.

    Attributes:
        reason: The failure.
        number: Number of the consecutive retry, from 1.
        most: Maximum number of consecutive retries.
        seconds: Seconds until the retry.
    """

    reason: str
    number: int
    most: int
    seconds: float


class Gate:
    """Delays every connection of a transfer until the next retry.

    Args:
        clock: The clock.
        stop: Ends every wait.
        held: Returns, at a time, for how many more seconds another transfer keeps the gate closed.
    """

    def __init__(self, clock: Clock, stop: threading.Event, held: Callable[[float], float] = lambda _: 0.0) -> None:
        self._clock, self._stop, self._held = clock, stop, held
        self._open_at = 0.0
        self._lock = threading.Lock()

    @property
    def own(self) -> float:
        """Seconds until the retry of this transfer; 0 if there is none."""
        return max(self._open_at - self._clock.now(), 0.0)

    @property
    def left(self) -> float:
        """Seconds until the gate opens; 0 if it is open."""
        return max(self.own, self._held(self._clock.now()))

    def close_for(self, seconds: float) -> None:
        """Close the gate for a number of seconds from now; it never opens earlier than before."""
        until = self._clock.now() + seconds
        with self._lock:
            self._open_at = max(self._open_at, until)

    def pass_through(self) -> None:
        """Wait until the gate is open.

        Raises:
            TransferCancelledError: The transfer was stopped during the wait.
        """
        while (left := self.left) > 0 and not self._stop.is_set():
            self._clock.wait(self._stop, left)
        if self._stop.is_set():
            raise TransferCancelledError
