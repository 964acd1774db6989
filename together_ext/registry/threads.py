"""Threads that wait for servers, and of which no wait is waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

from together_ext.clock import started
from together_ext.transfer.interruptible import FAREWELL

P = ParamSpec("P")
T = TypeVar("T")

Call = tuple[Future[Any], Callable[[], Any]]


class Threads(Executor):
    """Does calls in daemon threads, at most so many at once.

    A thread that waits for the first bytes of a response cannot be woken up. `shutdown` leaves it to its timeout, while
    that of `ThreadPoolExecutor` would wait for it, as would the end of the program.
    """

    def __init__(self, most: int, name: str) -> None:
        """Start no thread yet.

        Args:
            most: Maximum number of threads.
            name: The name of the threads.
        """
        self._most, self._name = most, name
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do a call in a thread; raises `OutOfThreadsError`."""
        future: Future[T] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        with self._lock:
            if len(self._threads) < self._most:
                self._threads.append(started(threading.Thread(target=self._work, name=self._name, daemon=True)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = True) -> None:  # noqa: FBT001, FBT002 -- as its base
        """End the threads, of which busy ones are waited for at most `FAREWELL` seconds; cancel the calls that wait."""
        with suppress(Empty):
            while cancel_futures and (call := self._calls.get_nowait()) is not None:
                call[0].cancel()
        self._calls.put(None)
        deadline = time.monotonic() + FAREWELL
        for thread in self._threads if wait else ():
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            _do(*call)
            del call  # Its result may be large.
        self._calls.put(None)  # for the next thread


def _do(future: Future[T], call: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 -- raised again in the waiting thread
        future.set_exception(error)
    else:
        future.set_result(result)
