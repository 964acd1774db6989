"""Retries of API calls: after which outcomes, how often, and after which pause."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from together_ext.transfer.network.headers import parse_retry_after

LONGEST: Final = 60.0
"""Maximum number of seconds before a retry, whatever `Retry-After` requests."""

FREE: Final = frozenset({408, 409, 429, *range(500, 600)})
"""Statuses after which an idempotent request is retried."""

CAREFUL: Final = frozenset({429, 503})
"""Statuses after which a POST is retried: the server has done nothing. A second job would cost money."""

REFUSED_CONNECTION: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Network errors after which it is certain that the server has not received the request."""

MAY_PASS: Final = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
"""Network errors that may be temporary."""


def requested_wait(response: httpx.Response) -> float | None:
    """The `Retry-After` of a response in seconds, at most `LONGEST`; None if it has none."""
    found = parse_retry_after(response.headers.get("retry-after"), now=datetime.now(UTC))
    return None if found is None else min(found, LONGEST)


@dataclass(frozen=True)
class Retries:
    """Which outcomes of a request are retried.

    Attributes:
        most: Maximum number of retries.
        statuses: The statuses that are retried.
        failures: The network errors that are retried.
    """

    most: int
    statuses: frozenset[int]
    failures: tuple[type[httpx.TransportError], ...] = MAY_PASS

    def wait(self, tried: int, outcome: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds to wait before the next attempt.

        Args:
            tried: Number of attempts so far, at least 1.
            outcome: The outcome of the last attempt.

        Returns:
            The value of `Retry-After` if it is above 0, else 1, 2, 4 ..., each times 0.5 to 1 at random; None if the
            outcome is final.
        """
        requested = None
        if isinstance(outcome, httpx.Response):
            worth = outcome.status_code in self.statuses
            requested = requested_wait(outcome)
        else:
            worth = isinstance(outcome, self.failures)
        if tried > self.most or not worth:
            return None
        jitter = random.uniform(0.5, 1)  # noqa: S311 -- no secret: it spreads clients that failed together
        return min(requested or 2.0 ** min(tried - 1, 9) * jitter, LONGEST)
