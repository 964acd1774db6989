"""Threads that share a queue of short tasks, each of which waits for a server.

A thread that waits costs nothing, and one that does not wait only slows the others down, because Python runs one at a
time. So a few start, and others follow in proportion to the time that a server takes to respond.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Final, Generic, TypeVar

from together_ext.clock import submitted

T = TypeVar("T")

FEW: Final = 2
"""Number of threads to start with: one works while the other one waits."""

WORK: Final = 0.0005
"""Seconds that a task keeps the processor busy."""

FAR: Final = 0.05
"""Seconds until the first response, with its connection, from which all threads start at once."""

SAMPLES: Final = 4
"""Number of responses of a near server whose least delay counts: a busy machine delays some of them."""


def wanted(delay: float, most: int) -> int:
    """The number of threads that keep the processor busy.

    Args:
        delay: Seconds that a task waits for the server.
        most: Maximum number of threads.
    """
    return min(most, FEW + int(delay / WORK))


class Crowd(Generic[T]):
    """Works through a queue; the first failure ends all threads.

    Attributes:
        done: Ends with the last task, or with the first failure.
    """

    def __init__(self, tasks: Sequence[T], do: Callable[[T], float | None], most: int, stop: threading.Event) -> None:
        """Prepare; nothing is done yet.

        Args:
            tasks: The tasks, in their order.
            do: Does a task; returns how many seconds it waited for the server, None if it did not request anything.
            most: Maximum number of threads.
            stop: Ends the threads when it is set.
        """
        self.done: Future[None] = Future()
        self._tasks, self._do, self._most, self._stop = deque(tasks), do, most, stop
        self._lock = threading.Lock()
        self._started = self._ended = 0
        self._delay, self._seen = math.inf, 0

    def start(self, pool: Executor) -> None:
        """Start the first threads: all of them if there are no more tasks than threads."""
        self._pool = pool
        if not self._tasks:
            self.done.set_result(None)
        else:
            self._reinforce(self._most if len(self._tasks) <= self._most else FEW)

    def _reinforce(self, count: int) -> None:
        with self._lock:
            more = max(min(count, self._most, self._started + len(self._tasks)) - self._started, 0)
            self._started += more
        for _ in range(more):
            submitted(self._pool, self._work)

    def _work(self) -> None:
        failure: BaseException | None = None
        try:
            first = True
            while not self._stop.is_set() and not self.done.done():
                try:
                    task = self._tasks.popleft()
                except IndexError:
                    break
                delay = self._do(task)
                if delay is not None:
                    self._learn(delay, first=first)
                    first = False
        except BaseException as error:  # noqa: BLE001 -- raised again in the waiting thread
            failure = error
        self._end(failure)

    def _learn(self, delay: float, *, first: bool) -> None:
        """Take note of how long a response took; the first one of a thread includes its connection."""
        if first and delay < FAR:
            return
        with self._lock:
            self._delay, self._seen = min(self._delay, delay), self._seen + 1
        if first or self._seen == SAMPLES:
            self._reinforce(wanted(self._delay, self._most))

    def _end(self, failure: BaseException | None) -> None:
        with self._lock:
            self._ended += 1
            if self.done.done():
                return
            if failure is not None:
                self.done.set_exception(failure)
            elif self._ended == self._started:
                self.done.set_result(None)
