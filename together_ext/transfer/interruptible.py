"""Blocking work that its caller can walk away from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

T = TypeVar("T")

TICK: Final = 0.1
"""Seconds between two looks at a transfer."""

FAREWELL: Final = 0.8
"""Seconds that a stopped transfer waits for its threads."""


def interruptible(
    call: Callable[[], T],
    *,
    look: Callable[[], None],
    abort: Callable[[], None],
    late: Callable[[T], object] = lambda _: None,
) -> T:
    """Do blocking work in a thread of its own, while the caller's thread stays free to be interrupted.

    A thread that waits for the first bytes of an answer cannot be woken up; so it is left to its time-out.

    Args:
        call: The work.
        look: Called before, and every `TICK` meanwhile; raising from it ends the waiting.
        abort: Called then, to wake up the work as far as that is possible.
        late: Given what the work brings when nobody waits for it any more.

    Returns:
        What the work brings.
    """
    look()  # Work that is quick may be over before the next look.
    outcome: Future[T] = Future()
    ended = threading.Event()

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 -- it is raised again in the thread that waits
            outcome.set_exception(error)
        else:
            outcome.set_result(result)
        finally:
            ended.set()

    threading.Thread(target=work, daemon=True).start()
    try:
        # Not by joining the thread: in Python 3.11 and 3.12 one that is interrupted takes the thread for ended.
        while not ended.wait(TICK):
            look()
        look()
    except BaseException:
        outcome.add_done_callback(lambda done: None if done.exception() else late(done.result()))
        abort()
        ended.wait(FAREWELL)
        raise
    return outcome.result()
