"""How far a transfer is, as a value, and the rate behind it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WINDOW: Final = 10.0
"""Seconds over which the rate is taken."""


@dataclass(frozen=True)
class DownloadProgress:
    """How far a transfer is.

    Attributes:
        done: Bytes of the file that are there, those of earlier runs included.
        total: Bytes of the whole file; None if the server does not say.
        resumed: Bytes that were there before this run.
        rate: Bytes a second over the last ten seconds; 0 until there is something to measure.
        seconds_left: Seconds to the end at that rate; None if it cannot be told.
        connections: Connections that are fetching now.
    """

    done: int
    total: int | None
    resumed: int
    rate: float
    seconds_left: float | None
    connections: int


ProgressCallback = Callable[[DownloadProgress], object]
"""Is called a few times a second, in the thread that called the transfer; raising from it stops the transfer."""


class RateMeter:
    """The rate over a sliding window."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def rate(self, now: float, done: int) -> float:
        """Note how many bytes are there at a time; returns bytes a second."""
        if self._samples and done < self._samples[-1][1]:
            self._samples.clear()  # It began anew.
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= WINDOW:  # noqa: PLR2004 -- two make a rate
            self._samples.popleft()
        then, before = self._samples[0]
        return (done - before) / (now - then) if now > then else 0.0
