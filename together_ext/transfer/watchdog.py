"""Which connections crawl. A verdict on numbers; whoever asks drops the connection and fetches its rest anew."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

WINDOW: Final = 10.0
"""Seconds that a connection is watched before it is judged."""

CRAWLING: Final = 1 / 8
"""The share of the usual rate below which a connection is better replaced."""

QUORUM: Final = 3
"""Connections that must have been watched at once to say what is usual."""


class Watchdog(Generic[K]):
    """Compares connections with one another; remembers what was usual when most of them have ended."""

    def __init__(self) -> None:
        self._since: dict[K, tuple[float, int]] = {}
        self._usual: float | None = None

    def look(self, now: float, positions: Mapping[K, int]) -> list[K]:
        """Judge the connections.

        Args:
            now: Seconds on a clock that never jumps.
            positions: For each connection a count of bytes that only grows.

        Returns:
            Those that crawl far below what is usual among them.
        """
        self._since = {key: self._since.get(key, (now, position)) for key, position in positions.items()}
        rates = {}
        for key, (then, before) in self._since.items():
            if now - then >= WINDOW:
                rates[key] = (positions[key] - before) / (now - then)
                # The next verdict is on the next window.
                self._since[key] = (now, positions[key])
        if len(rates) >= QUORUM:
            self._usual = sorted(rates.values())[len(rates) // 2]
        return [key for key, rate in rates.items() if self._usual is not None and rate < self._usual * CRAWLING]
