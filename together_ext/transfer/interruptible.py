"""Blocking work that its caller can abandon."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from together_ext.clock import started

T = TypeVar("T")

TICK: Final = 0.1
"""Seconds between two checks of a transfer."""

FAREWELL: Final = 0.8
"""Maximum number of seconds that a stopped transfer waits for its threads."""


def interruptible(
    call: Callable[[], T],
    *,
    look: Callable[[], None],
    abort: Callable[[], None],
    late: Callable[[T], object] = lambda _: None,
) -> T:
    """Do blocking work in a separate thread, so that the caller's thread can be interrupted.

    A thread that waits for the first bytes of a response cannot be woken up; it is left to its timeout.

    Args:
        call: The work.
        look: Called before the work and every `TICK` seconds meanwhile; raising from it ends the wait.
        abort: Called then, to wake up the work if possible.
        late: Called with the result of abandoned work.

    Returns:
        The result of the work.
    """
    look()  # Quick work may end before the next check.
    outcome: Future[T] = Future()
    ended = threading.Event()

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 -- raised again in the waiting thread
            outcome.set_exception(error)
        else:
            outcome.set_result(result)
        finally:
            ended.set()

    started(threading.Thread(target=work, daemon=True))
    try:
        # Not Thread.join(): in Python 3.11 and 3.12 an interrupted join marks the thread as ended.
        while not ended.wait(TICK):
            look()
        look()
    except BaseException:
        outcome.add_done_callback(lambda done: None if done.exception() else late(done.result()))
        abort()
        ended.wait(FAREWELL)
        raise
    return outcome.result()
