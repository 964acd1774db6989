"""A limit on the time of a whole request in sync code.

httpx limits only the time of each read: a server that sends a byte per second, or informational responses without end,
blocks a call forever. Here each read and write of a connection checks the deadline of its call.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx


class Deadline(Protocol):
    """The time limit of a call."""

    def left(self) -> float:
        """Remaining seconds; 0 or less after the deadline."""


_current: Final[ContextVar[Deadline | None]] = ContextVar("deadline", default=None)

_CONNECTED: Final = ("connect_tcp.complete", "connect_unix_socket.complete", "start_tls.complete")


@contextmanager
def in_time(deadline: Deadline) -> Iterator[None]:
    """Apply a deadline to everything that connections do in this context.

    Args:
        deadline: The time limit.

    Raises:
        httpx.ReadTimeout: The deadline has passed.
    """
    _check(deadline)
    token = _current.set(deadline)
    try:
        yield
    finally:
        _current.reset(token)


def within(seconds: float) -> AbstractContextManager[None]:
    """Apply a deadline in `seconds` from now; raises `httpx.ReadTimeout` like `in_time`."""
    return in_time(_Until(time.monotonic() + seconds))


def remaining() -> float | None:
    """Seconds until the deadline of this context; None if there is none."""
    deadline = _current.get()
    return None if deadline is None else deadline.left()


@dataclass(frozen=True)
class _Until:
    at: float

    def left(self) -> float:
        return self.at - time.monotonic()


def watch(event: str, info: dict[str, Any]) -> None:
    """Make a new connection check the deadline; a value for the request extension `trace` of httpx."""
    if event.endswith(_CONNECTED) and (stream := info.get("return_value")) is not None:
        _watched(stream)


class Stopwatch:
    """`watch`, and how long a request waits for the head of its response.

    Attributes:
        seconds: That time, without the name's resolution, the connection and TLS; None if it is unknown.
    """

    def __init__(self) -> None:
        self._sent = math.nan
        self.seconds: float | None = None

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Take note of an event; a value for the request extension `trace` of httpx."""
        watch(event, info)
        if event.endswith(".send_request_headers.started"):
            self._sent = time.monotonic()
        elif event.endswith(".receive_response_headers.complete"):
            self.seconds = time.monotonic() - self._sent


def _watched(stream: Any) -> None:  # noqa: ANN401 -- a network stream of httpcore
    read, write = stream.read, stream.write

    def read_in_time(max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = read(max_bytes, timeout=_least(timeout))
        return data

    def write_in_time(buffer: bytes, timeout: float | None = None) -> None:
        write(buffer, timeout=_least(timeout))

    stream.read, stream.write = read_in_time, write_in_time


def _least(timeout: float | None) -> float | None:
    deadline = _current.get()
    if deadline is None:
        return timeout
    left = _check(deadline)
    return left if timeout is None else min(timeout, left)


def _check(deadline: Deadline) -> float:
    left = deadline.left()
    if left <= 0:
        raise httpx.ReadTimeout("the time limit of the call was exceeded")
    return left
