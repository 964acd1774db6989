"""Which connections are too slow. No I/O: the caller closes the connection and requests its remainder again."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

WINDOW: Final = 10.0
"""Seconds over which the rate of a connection is measured."""

CRAWLING: Final = 1 / 8
"""Fraction of the median rate below which a connection is replaced."""

REMEMBERED: Final = 2 * WINDOW
"""Seconds for which the rate of a completed request counts."""

QUORUM: Final = 3
"""Minimum number of connections for a median."""


class Watchdog(Generic[K]):
    """Compares the rates of connections; keeps the last median when most connections have ended."""

    def __init__(self) -> None:
        self._since: dict[K, tuple[float, int]] = {}
        self._ended: list[tuple[float, float]] = []
        self._median: float | None = None

    def look(self, now: float, positions: Mapping[K, int], ended: Iterable[float] = ()) -> list[K]:
        """Find the connections that are too slow.

        Args:
            now: Seconds on a monotonic clock.
            positions: For each connection, a number of bytes that only grows.
            ended: Rates of requests that have been completed since the last call, in bytes per second: short ones are
                never measured here.

        Returns:
            The connections far below the median rate.
        """
        self._since = {key: self._since.get(key, (now, position)) for key, position in positions.items()}
        rates = {}
        for key, (then, before) in self._since.items():
            if now - then >= WINDOW:
                rates[key] = (positions[key] - before) / (now - then)
                # A new measurement starts.
                self._since[key] = (now, positions[key])
        self._ended = [each for each in self._ended if now - each[0] < REMEMBERED] + [(now, rate) for rate in ended]
        self._compare([*rates.values(), *(rate for _, rate in self._ended)])
        return [key for key, rate in rates.items() if self._median is not None and rate < self._median * CRAWLING]

    def _compare(self, rates: Sequence[float]) -> None:
        if len(rates) >= QUORUM:
            self._median = sorted(rates)[len(rates) // 2]
