"""Runs many tasks, a few at a time, in threads or on an executor, and hands out each outcome as its task ends."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from together_ext.clock import Clock

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


def outcomes(
    names: Sequence[str],
    task: Callable[[str], T | Remote[T]],
    *,
    parallel: int,
    cancel: threading.Event,
    clock: Clock,
) -> Generator[Outcome[T]]:
    """Run a task for each name.

    Args:
        names: The names, in the order in which their tasks start.
        task: Runs in a thread; returns the result, or what an executor shall do for it. It ends soon after `cancel`.
        parallel: Maximum number of tasks at once.
        cancel: Set when the iteration is closed before its end.
        clock: The clock.

    Yields:
        One outcome for each name, as its task ends.
    """
    ended: queue.SimpleQueue[Outcome[T]] = queue.SimpleQueue()
    futures: list[Future[T]] = []
    threads: list[threading.Thread] = []
    left, running = deque(names), 0

    def start(name: str) -> None:
        begin = clock.now()

        def end(result: T | None, error: BaseException | None) -> None:
            ended.put(Outcome(name, result, error, clock.now() - begin))

        def work() -> None:
            try:
                found = task(name)
                if not isinstance(found, Remote):
                    return end(found, None)
                future = found.executor.submit(found.work)
            except BaseException as error:  # noqa: BLE001 -- one failure never ends the others
                return end(None, error)
            futures.append(future)
            future.add_done_callback(lambda done: end(*_result(done)))
            return None

        # A daemon, since a response that never comes must not keep the process from ending.
        threads.append(threading.Thread(target=work, name=f"together-ext {name}", daemon=True))
        threads[-1].start()

    try:
        while left or running:
            while left and running < parallel:
                start(left.popleft())
                running += 1
            outcome = ended.get()
            running -= 1
            yield outcome
    finally:
        cancel.set()
        for future in futures:
            future.cancel()
        stop = clock.now() + FAREWELL
        for thread in threads:
            thread.join(max(stop - clock.now(), 0))


def _result(done: Future[T]) -> tuple[T | None, BaseException | None]:
    try:
        return done.result(), None
    except BaseException as error:  # noqa: BLE001 -- the same
        return None, error
