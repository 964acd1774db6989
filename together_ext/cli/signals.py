"""Signals that stop a command: Ctrl-C (SIGINT), SIGTERM and SIGHUP."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

TREATED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Stopped by a signal.

    Attributes:
        number: The number of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def number_of(stop: KeyboardInterrupt) -> int:
    """The number of the signal that stopped the command."""
    return stop.number if isinstance(stop, Interrupted) else signal.SIGINT


@contextmanager
def signals_interrupt() -> Iterator[None]:
    """Raise `Interrupted` for the first signal of `TREATED` while the context lasts; further ones are ignored.

    A second Ctrl-C would otherwise end the cleanup that the first one began: a journal would be lost.
    A signal that the parent process set to be ignored, as `nohup` does, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in TREATED}
    before = {number: handler for number, handler in handlers.items() if handler not in {signal.SIG_IGN, None}}

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise Interrupted(number)

    for number in before:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
