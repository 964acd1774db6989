"""Runs many tasks, a few at a time, in threads or on an executor, and hands out each outcome as its task ends."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, Self, TypeVar

from together_ext.clock import TURN, Clock, started, submitted
from together_ext.errors import OutOfThreadsError

from .outcome import Outcome

T = TypeVar("T")

FAREWELL: Final = 2.0
"""Seconds that an iteration that is closed waits for the tasks that still run, all together."""


@dataclass(frozen=True)
class Remote(Generic[T]):
    """The rest of a task, for an executor.

    Attributes:
        executor: Where it runs; it is not shut down.
        work: Does it; can be pickled.
    """

    executor: Executor
    work: Callable[[], T]


@dataclass(frozen=True)
class Tasks(Generic[T]):
    """What runs.

    Attributes:
        names: The names of the tasks, in the order in which they start.
        do: Runs in a thread; returns the result, or what an executor shall do for it. It ends soon after it is
            cancelled.
        parallel: Maximum number of tasks at once.
        outcome: What becomes of an outcome before it is handed out.
    """

    names: Sequence[str]
    do: Callable[[str], T | Remote[T]]
    parallel: int
    outcome: Callable[[Outcome[T]], Outcome[T]] = lambda outcome: outcome


class Outcomes(Iterator[Outcome[T]]):
    """An iterator over the outcomes of many tasks, each as its task ends.

    It is also a context manager. `close` may be called from any thread, and ends the iteration of the others.
    """

    def __init__(self, begin: Callable[[], Tasks[T]], *, cancel: threading.Event, clock: Clock) -> None:
        """Prepare; nothing runs before the first outcome is requested.

        Args:
            begin: Determines the tasks; its exceptions are those of the iteration.
            cancel: Set when the iteration is closed.
            clock: The clock.
        """
        # Threads refer to it and not to this object, so that dropping the iterator closes it.
        self._crew: _Crew[T] = _Crew(cancel, clock)
        self._begin = begin

    def __next__(self) -> Outcome[T]:
        try:
            return self._crew.following(self._begin)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the tasks that run, start no more, and wait for them, at most two seconds.

        What an executor has not begun is withdrawn. What it runs ends only where the executor can stop a running task.
        """
        self._crew.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class _Crew(Generic[T]):
    """The threads and futures of one iteration."""

    def __init__(self, cancel: threading.Event, clock: Clock) -> None:
        self._cancel, self._clock = cancel, clock
        # Of several threads that iterate, one at a time; `close` does not wait for its turn.
        self._turn, self._lock = threading.Lock(), threading.Lock()
        self._ended: queue.SimpleQueue[Outcome[T] | None] = queue.SimpleQueue()
        self._tasks: Tasks[T] | None = None
        self._left: deque[str] = deque()
        self._running = 0
        # Under the lock, since `close` comes from any thread.
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._futures: list[Future[T]] = []

    def following(self, begin: Callable[[], Tasks[T]]) -> Outcome[T]:
        """Start what may run, and wait for the next outcome."""
        with self._turn:
            if self._closed:
                raise StopIteration
            if self._tasks is None:
                self._tasks = begin()
                self._left.extend(self._tasks.names)
            while self._left and self._running < self._tasks.parallel:
                self._start(self._tasks, self._left.popleft())
            if not self._running:
                raise StopIteration
            ended = self._next_ended()
            if ended is None:
                self._ended.put(None)
                raise StopIteration
            self._running -= 1
            return self._tasks.outcome(ended)

    def _next_ended(self) -> Outcome[T] | None:
        while True:
            with suppress(queue.Empty):
                return self._ended.get(timeout=TURN)

    def _start(self, tasks: Tasks[T], name: str) -> None:
        begin = self._clock.now()

        def end(result: T | None, error: BaseException | None) -> None:
            self._ended.put(Outcome(name, result, error, self._clock.now() - begin))

        def work() -> None:
            try:
                found = tasks.do(name)
                if not isinstance(found, Remote):
                    return end(found, None)
                future = submitted(found.executor, found.work)
            except BaseException as error:  # noqa: BLE001 -- one failure never ends the others
                return end(None, error)
            with self._lock:
                self._futures.append(future)
                closed = self._closed
            future.add_done_callback(lambda done: end(*_result(done)))
            if closed:
                future.cancel()
            return None

        # A daemon, since a response that never comes must not keep the process from ending.
        thread = threading.Thread(target=work, name=f"together-ext {name}", daemon=True)
        with self._lock:
            if self._closed:
                raise StopIteration
            self._running += 1
            try:
                self._threads.append(started(thread))
            except OutOfThreadsError as error:
                end(None, error)

    def close(self) -> None:
        """See `Outcomes.close`."""
        with self._lock:
            self._closed = True
            futures, threads = list(self._futures), list(self._threads)
        self._cancel.set()
        self._ended.put(None)
        for future in futures:
            future.cancel()
        stop = self._clock.now() + FAREWELL
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(stop - self._clock.now(), 0))


def _result(done: Future[T]) -> tuple[T | None, BaseException | None]:
    try:
        return done.result(), None
    except BaseException as error:  # noqa: BLE001 -- the same
        return None, error
