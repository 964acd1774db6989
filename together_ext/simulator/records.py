"""The requests to the simulator, and the progress of their responses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Request:
    """A request and its response, at the time when this record was taken."""

    method: str
    path: str
    """Decoded, without a leading ``/v1``, so that both kinds of base URL look the same."""
    target: str
    """Path and query exactly as received."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes
    """Empty if it was not read: for uploads, and for requests refused by their headers or size."""
    status: int | None = None
    """None until the response has started."""
    sent: int = 0
    """Bytes of an archive sent so far."""
    finished: bool = False
    """Whether the response has ended."""
    response: bytes | None = None
    """Body of the response, if it is JSON, at most 1 MiB, and not that of a fault."""


LONGEST_RESPONSE: Final = 1 << 20
"""Maximum number of bytes of a response that is kept."""


class Exchange:
    """A request whose response is in progress."""

    def __init__(self, request: Request, log: Log) -> None:
        self.request = request
        self._log = log
        self._status: int | None = None
        self._sent = 0
        self._finished = False
        self._response: bytes | None = None

    def answered(self, status: int) -> None:
        """Record that the status line was sent."""
        with self._log.change:
            self._status = status
            self._log.change.notify_all()

    def advanced(self, size: int) -> None:
        """Record that this number of further bytes of an archive was sent."""
        with self._log.change:
            self._sent += size
            self._log.bytes_sent += size
            self._log.change.notify_all()

    def responded(self, body: bytes) -> None:
        """Record the body of a response, unless it is too long."""
        if len(body) <= LONGEST_RESPONSE:
            self._response = body

    def finished(self) -> None:
        """Record that the response has ended, complete or not."""
        with self._log.change:
            self._finished = True
            self._log.change.notify_all()

    def snapshot(self) -> Request:
        """The record as of now."""
        r, ended = self.request, (self._status, self._sent, self._finished, self._response)
        return Request(r.method, r.path, r.target, r.query, r.headers, r.body, *ended)


class Log:
    """Every exchange with one host, in the order of arrival. Thread-safe."""

    def __init__(self, change: threading.Condition) -> None:
        self.change = change
        self.bytes_sent = 0
        self.stalled = 0
        self._exchanges: list[Exchange] = []

    def begin(self, request: Request) -> Exchange:
        """Record a new request."""
        exchange = Exchange(request, self)
        with self.change:
            self._exchanges.append(exchange)
            self.change.notify_all()
        return exchange

    def requests(self) -> list[Request]:
        """The records of all requests, as of now."""
        with self.change:
            return [exchange.snapshot() for exchange in self._exchanges]

    def clear(self) -> None:
        """Delete all records."""
        with self.change:
            self._exchanges.clear()
            self.bytes_sent = 0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count a response as stalled during the context."""
        with self.change:
            self.stalled += 1
            self.change.notify_all()
        try:
            yield
        finally:
            with self.change:
                self.stalled -= 1
                self.change.notify_all()


def wait_until(change: threading.Condition, holds: Callable[[], bool], timeout: float) -> None:
    """Block until ``holds()`` is true; it is checked after every change.

    Raises:
        TimeoutError: It did not hold within ``timeout`` seconds.
    """
    with change:
        if not change.wait_for(holds, timeout):
            message = f"still waiting after {timeout} s"
            raise TimeoutError(message)
