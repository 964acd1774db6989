"""Time as a parameter, so that tests can use another clock; restarts; threads that are started and waited for."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeVar

from .errors import OutOfThreadsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor, Future

P = ParamSpec("P")
T = TypeVar("T")

TURN: Final = 0.1
"""Maximum duration of a single wait of a thread that may be the main one, in seconds; a longer wait is a loop.

Python handles a signal in the main thread, between two instructions. If the signal arrives just before a wait without a
limit, it is handled only after that wait: never, if nothing else ends it.
"""


class Clock(Protocol):
    """A monotonic clock."""

    def now(self) -> float:
        """Seconds since an arbitrary moment."""

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Wait for `seconds`, or until `stop` is set."""


class AsyncClock(Clock, Protocol):
    """A clock for async code."""

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` without blocking the event loop."""


class SystemClock:
    """The system's monotonic clock."""

    def now(self) -> float:
        """Seconds since an arbitrary moment."""
        return time.monotonic()

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Wait for `seconds`, or until `stop` is set."""
        stop.wait(seconds)

    async def sleep(self, seconds: float) -> None:
        """Sleep for `seconds` without blocking the event loop."""
        import anyio

        await anyio.sleep(seconds)


SYSTEM: Final = SystemClock()


def pause(clock: Clock, seconds: float) -> None:
    """Wait for `seconds`; Ctrl-C interrupts the wait."""
    clock.wait(threading.Event(), seconds)


@contextmanager
def thread_errors() -> Iterator[None]:
    """Raise `OutOfThreadsError` if the block cannot start a thread."""
    try:
        yield
    except RuntimeError as error:
        # Python has no class for it.
        if str(error) != "can't start new thread":
            raise
        raise OutOfThreadsError from error


def started(thread: threading.Thread) -> threading.Thread:
    """Start a thread, and return it; raises `OutOfThreadsError`."""
    with thread_errors():
        thread.start()
    return thread


def submitted(pool: Executor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
    """Submit a call to a pool, which may start a thread; raises `OutOfThreadsError`."""
    with thread_errors():
        return pool.submit(call, *args, **kwargs)


def awaited(future: Future[T], look: Callable[[], object] = lambda: None) -> T:
    """The result of a future; signals are handled meanwhile.

    Args:
        future: The future.
        look: Called at first and every `TURN` seconds; raising from it ends the wait.

    Raises:
        Exception: What the work, or `look`, raised.
    """
    look()
    while not future.done():
        # The work's own error may be a `TimeoutError`, too.
        with suppress(TimeoutError):
            future.result(TURN)
        look()
    return future.result()


def all_awaited(futures: Iterable[Future[T]]) -> list[T]:
    """The results of futures, in order; signals are handled meanwhile.

    Raises:
        Exception: What the first one that failed raised, as soon as it fails: an earlier one may take long.
    """
    waited, failures = list(futures), list[BaseException]()

    def note(done: Future[T]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            failures.append(error)

    def look() -> None:
        if failures:
            raise failures[0]

    for future in waited:
        future.add_done_callback(note)
    return [awaited(future, look) for future in waited]


def uptime() -> float:
    """Seconds on a monotonic clock that also advances while the machine is suspended (on Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


RATE: Final = 64 << 10
"""Bytes per second; a call that transfers at least as much never reaches its deadline."""


class Deadline:
    """The time limit of a call: `seconds`, and one second more for each `RATE` bytes that it sends or receives.

    Args:
        clock: The clock.
        seconds: Maximum duration of a call that transfers nothing, in seconds.
        within: Maximum duration in seconds, whatever the call transfers; None for no such limit.

    Attributes:
        clock: The clock.
        seconds: Maximum duration of a call that transfers nothing, in seconds.
    """

    def __init__(self, clock: Clock, seconds: float, within: float | None = None) -> None:
        self.clock = clock
        start = clock.now()
        self._over = start + seconds
        self._last = None if within is None else start + within
        self.seconds = seconds if within is None else min(seconds, within)

    def moved(self, size: int) -> None:
        """Record that `size` bytes of a body were sent or received."""
        self._over += size / RATE

    def left(self) -> float:
        """Remaining seconds; 0 or less after the deadline."""
        over = self._over if self._last is None else min(self._over, self._last)
        return over - self.clock.now()


def boot_id() -> str | None:
    """An ID that changes with each restart of the machine; None if the system has none (Linux: proc_sys_kernel(5))."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None
