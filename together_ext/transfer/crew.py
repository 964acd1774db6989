"""The worker threads of a segmented transfer: their number, their start and their end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

from together_ext.clock import started

from .board import RECONSIDER, Board
from .body import Body
from .interruptible import FAREWELL, TICK
from .plan import Segment
from .watchdog import Watchdog
from .worker import work

FAST: Final = 128e6
"""Rate of one connection in bytes per second from which the machine is the limit, and further ones add little."""

GROWTH: Final = 4
"""By how much the number of connections is multiplied at once."""

GAIN: Final = 1.5
"""By how much the rate must have grown with the last connections that were added, to add more."""


def reinforced(count: int, most: int, rate: float, before: float) -> int:
    """The number of connections from now on: more, as long as more of them are faster and each is slow.

    Args:
        count: Their number.
        most: Their maximum number.
        rate: Bytes per second of all of them.
        before: The rate before the last ones were added; 0 if none were.
    """
    return min(GROWTH * count, most) if GAIN * before <= rate < FAST * count else count


class Crew:
    """Starts a few threads, more if each turns out to be slow, and ends them all.

    Attributes:
        ended: Whether every thread has ended. One that waits for a first response cannot end at once.
    """

    def __init__(self, board: Board, most: int, hungry: Callable[[], bool] = lambda: True) -> None:
        """Prepare; no thread is started yet.

        Args:
            board: The state that the threads share.
            most: Maximum number of threads.
            hungry: Returns whether more bytes could be used than arrive.
        """
        self._board, self._most, self._hungry = board, most, hungry
        self._threads: list[threading.Thread] = []
        self._began, self._before, self._rate = 0.0, 0, 0.0
        self.ended = True

    def run(self, first: Body | None, look: Callable[[], object]) -> None:
        """Start the threads, and end them when every byte has arrived, one of them has failed, or `look` raises.

        Args:
            first: The open body of the first segment; None if there is none.
            look: Called every `TICK` seconds.

        Raises:
            Exception: What the first failed thread, or `look`, has raised.
        """
        watchdog = Watchdog[Body]()
        looked = -math.inf
        try:
            look()
            self._start(first)
            while self._board.wait(TICK):
                look()
                self._reinforce()
                if (now := self._board.clock.now()) - looked >= TICK:
                    looked = now
                    for crawling in watchdog.look(now, self._board.connections.positions(), self._board.ended_rates()):
                        crawling.drop()
            look()
        finally:
            self._dismiss()
        if self._board.failure is not None:
            raise self._board.failure

    def _start(self, first: Body | None) -> None:
        """Start one thread for each waiting segment; `first` is the open body of the first segment, if there is one."""
        self._measure()
        # Claimed here, in order, because the body belongs to the first segment.
        for segment in self._board.opening():
            self._add(segment, first)
            first = None

    def _measure(self) -> None:
        self._began, self._before = self._board.clock.now(), self._board.status()[0]

    def _reinforce(self) -> None:
        """Start more threads if the connections are the limit."""
        count = len(self._threads)
        if count >= self._most:
            return
        if not self._hungry():
            self._measure()
            return
        elapsed = self._board.clock.now() - self._began
        if elapsed >= RECONSIDER:
            rate = (self._board.status()[0] - self._before) / elapsed
            wanted = reinforced(count, self._most, rate, self._rate)
            if wanted > count:
                self._board.spread(wanted)
                for _ in range(wanted - count):
                    self._add(None, None)
                self._rate = rate
                self._measure()

    def _dismiss(self) -> None:
        self._board.abort()
        deadline = time.monotonic() + FAREWELL
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        self.ended = not any(thread.is_alive() for thread in self._threads)

    def _add(self, segment: Segment | None, first: Body | None) -> None:
        self._board.enter()
        thread = threading.Thread(target=work, args=(self._board, segment, first), daemon=True)
        self._threads.append(started(thread))
