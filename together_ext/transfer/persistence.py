"""The retries of a transfer: counts its failures, and pauses all its connections after each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import httpx

from together_ext.errors import TransferCancelledError

from .failures import PassingError
from .options import Conduct
from .retry import Budget, Gate, Retry, backoff

log = logging.getLogger("together_ext.transfer")

PROGRESS: Final = 64 << 10
"""Minimum number of bytes that count as progress and reset the budget of retries."""


class Persistence:
    """Retries failures after a pause that all connections share, up to the budget.

    Args:
        conduct: How to transfer.
        stop: Set to end every wait.
        action: What the caller does, to follow "could not" in errors.
        keeps: Whether a rerun resumes from the downloaded bytes.
        place: Returns the address of the next request; None if it may be redirected to another host.
    """

    def __init__(
        self,
        conduct: Conduct,
        stop: threading.Event,
        action: str,
        *,
        keeps: bool = False,
        place: Callable[[], httpx.URL | None] = lambda: None,
    ) -> None:
        self._conduct, self._stop, self._action, self._keeps = conduct, stop, action, keeps
        self.gate = Gate(conduct.clock, stop, lambda now: conduct.pauses.left(place(), now))
        self._lock = threading.Lock()
        self._next: Retry | None = None

    @property
    def retry(self) -> Retry | None:
        """The pending retry; None if there is none."""
        left, found = self.gate.left, self._next
        if left <= 0:
            return None
        if found is None or not self.gate.own:
            found = Retry(
                "the server limits requests (Retry-After of another download)", 1, self._conduct.retries, left
            )
        return replace(found, seconds=left)

    def tolerate(self, error: PassingError, budget: Budget, *, done: int) -> None:
        """Count a failure, and close the gate until the next retry.

        Args:
            error: The failure.
            budget: Counts the consecutive failures.
            done: Number of bytes that have arrived so far.

        Raises:
            ApiStatusError: The budget is used up; the server refuses.
            IntegrityError: The budget is used up; the responses violate HTTP.
            TransferInterruptedError: The budget is used up; the network fails.
            TransferCancelledError: The transfer was stopped.
        """
        if self._stop.is_set():
            raise TransferCancelledError from error
        if error.url is not None and error.retry_after is not None:
            self._conduct.pauses.hold(error.url, self._conduct.clock.now() + error.retry_after)
        with self._lock:
            if self.gate.own > 0:
                # Connections that break during the pause broke together with the first one: the failure counts once.
                self.gate.close_for(error.retry_after or 0.0)
                return
            failures = budget.failed(done, enough=PROGRESS, tries=error.tries)
            if failures is None:
                kept = done if self._keeps else 0
                raise error.final(self._action, budget.failures, kept) from error
            wait = backoff(failures, retry_after=error.retry_after, jitter=self._conduct.jitter())
            log.info("%s: consecutive failure %d (%s); retrying in %.1f s", self._action, failures, error, wait)
            self._next = Retry(str(error), failures, failures + budget.left, wait)
            self.gate.close_for(wait)
