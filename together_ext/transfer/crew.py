"""The worker threads of a segmented transfer: how many, from when on, and their end."""

from __future__ import annotations

import os
import threading
import time
from typing import Final

from .body import Body
from .interruptible import FAREWELL
from .worker import RECONSIDER, Board, Conditions, work

EAGER: Final = max(os.cpu_count() or 1, 2)
"""Connections to begin with. On a fast network a few keep the machine busy, and more only get in one another's way."""

FAST: Final = 128e6
"""Bytes a second of one connection that a further one would hardly add to: it is then the machine that limits."""


class Crew:
    """Starts few threads, more if each of them turns out to be slow, and ends them all."""

    def __init__(self, board: Board, conditions: Conditions, most: int) -> None:
        """Plan a crew; nobody works yet.

        Args:
            board: What they share.
            conditions: The outside world; its `stop` ends them.
            most: Threads at the most.
        """
        self._board, self._conditions, self._most = board, conditions, most
        self._threads: list[threading.Thread] = []
        self._began, self._before = 0.0, 0

    def start(self, first: Body | None) -> None:
        """Let one thread begin with each segment that waits; `first` is the open body of the first one."""
        self._began, self._before = self._conditions.clock.now(), self._board.status()[0]
        # Claimed here and in order, since the body belongs to the first segment and to no other.
        for segment in self._board.opening():
            self._add(threading.Thread(target=work, args=(self._board, self._conditions, segment, first)))
            first = None

    def reinforce(self) -> None:
        """Add the other threads if it is the connections that are slow."""
        elapsed = self._conditions.clock.now() - self._began
        if len(self._threads) < self._most and elapsed >= RECONSIDER:
            rate = (self._board.status()[0] - self._before) / elapsed
            if rate < FAST * len(self._threads):
                self._board.spread(self._most)
                for _ in range(self._most - len(self._threads)):
                    self._add(threading.Thread(target=work, args=(self._board, self._conditions, None, None)))

    def dismiss(self) -> bool:
        """End them; returns whether all of them have ended, as those do that do not wait for a server's first word."""
        self._conditions.stop.set()
        self._board.abort()
        deadline = time.monotonic() + FAREWELL
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        return not any(thread.is_alive() for thread in self._threads)

    def _add(self, thread: threading.Thread) -> None:
        thread.daemon = True
        self._board.enter()
        thread.start()
        self._threads.append(thread)
