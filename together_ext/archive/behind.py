"""Calls that run one after another in a separate thread, while the caller continues."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from together_ext.clock import TURN, started


class Behind:
    """Runs calls in order in a thread, for work that releases the interpreter's lock, such as hashing.

    The queue is bounded: a caller that is too far ahead waits. No call runs after the `with` block, and the thread has
    ended then.
    """

    def __init__(self, ahead: int) -> None:
        """Start the thread.

        Args:
            ahead: Maximum number of calls that wait for their turn.
        """
        self._calls: queue.Queue[Callable[[], object] | None] = queue.Queue(ahead)
        self._error: Exception | None = None
        self._dropped, self._ended = threading.Event(), threading.Event()
        self._thread = started(threading.Thread(target=self._run, daemon=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._dropped.set()
        self._end()

    def run(self, call: Callable[[], object]) -> None:
        """Run a call after all earlier ones; raises the first error of an earlier one."""
        self._calls.put(call)
        self._check()

    def finish(self) -> None:
        """Wait until all calls have run; raises the first error of one. No further call may follow."""
        self._end()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _end(self) -> None:
        self._calls.put(None)
        # Joined only then: in Python 3.11 and 3.12, a join that is interrupted marks the thread as ended.
        while not self._ended.wait(TURN):
            pass
        self._thread.join()

    def _run(self) -> None:
        # After an error the calls are dropped, not left in the queue: the caller might wait for room in it.
        while (call := self._calls.get()) is not None:
            if self._error is None and not self._dropped.is_set():
                try:
                    call()
                except Exception as error:  # noqa: BLE001 -- raised again in the caller's thread
                    self._error = error
        self._ended.set()
