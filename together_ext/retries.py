"""When an API call is sent again: after which failures, how often, and after how long."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from .transfer.headers import parse_retry_after

LONGEST: Final = 60.0
"""Seconds that a call waits at the most, whatever the server says."""

MAY_PASS: Final = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)
"""Failures of the network that may have passed by the next try."""


@dataclass(frozen=True)
class Retries:
    """Which outcomes of a request are worth another try.

    Attributes:
        most: Tries after the first one.
        statuses: Of answers.
        failures: Of the network.
    """

    most: int
    statuses: frozenset[int]
    failures: tuple[type[httpx.TransportError], ...] = MAY_PASS

    def wait(self, tried: int, outcome: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds to wait before the next try.

        Args:
            tried: Tries so far, from 1.
            outcome: Of the last one.

        Returns:
            The server's word if it has given one, else 1, 2, 4 ... with some jitter; None if the outcome is final.
        """
        said = None
        if isinstance(outcome, httpx.Response):
            worth = outcome.status_code in self.statuses
            said = parse_retry_after(outcome.headers.get("retry-after"), now=datetime.now(UTC))
        else:
            worth = isinstance(outcome, self.failures)
        if tried > self.most or not worth:
            return None
        jitter = random.uniform(0.25, 0.5)  # noqa: S311 -- no secret: it spreads clients that failed together
        return min(said or 2.0 ** min(tried, 10) * jitter, LONGEST)


class Retrying(httpx.BaseTransport):
    """Sends through another transport until the outcome is final."""

    def __init__(self, transport: httpx.BaseTransport, retries: Callable[[httpx.Request], Retries]) -> None:
        self._transport, self._retries = transport, retries

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, again if that may help."""
        retries, tried = self._retries(request), 0
        while True:
            tried += 1
            try:
                response = self._transport.handle_request(request)
            except httpx.TransportError as error:
                if (wait := retries.wait(tried, error)) is None:
                    raise
            else:
                if (wait := retries.wait(tried, response)) is None:
                    return response
                response.close()
            time.sleep(wait)


class AsyncRetrying(httpx.AsyncBaseTransport):
    """The same in async code."""

    def __init__(self, transport: httpx.AsyncBaseTransport, retries: Callable[[httpx.Request], Retries]) -> None:
        self._transport, self._retries = transport, retries

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, again if that may help."""
        retries, tried = self._retries(request), 0
        while True:
            tried += 1
            try:
                response = await self._transport.handle_async_request(request)
            except httpx.TransportError as error:
                if (wait := retries.wait(tried, error)) is None:
                    raise
            else:
                if (wait := retries.wait(tried, response)) is None:
                    return response
                await response.aclose()
            import anyio  # noqa: PLC0415 -- only needed after a failure

            await anyio.sleep(wait)
