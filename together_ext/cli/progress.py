"""How far a download is: a moving bar on a terminal, now and then a plain line elsewhere, nothing if nobody asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from .amounts import duration_text, rate_text, size_text
from .screen import stderr_is_terminal, tell
from .settings import Settings

if TYPE_CHECKING:
    from together_ext.transfer import DownloadProgress, ProgressCallback

FIRST: Final = 3.0
"""Seconds before the first plain line: most downloads of an adapter are over by then."""

INTERVAL: Final = 5.0
"""Seconds between two plain lines."""


@contextmanager
def progress(settings: Settings) -> Iterator[ProgressCallback | None]:
    """What to call with each progress of a download while the context lasts."""
    if settings.quiet or settings.json:
        yield None
    elif stderr_is_terminal():
        from .bar import bar  # noqa: PLC0415 -- rich is for terminals

        with bar() as update:
            yield update
    else:
        yield PlainProgress(tell)


class PlainProgress:
    """Says every few seconds how far it is."""

    def __init__(self, say: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._next = clock() + FIRST

    def __call__(self, now: DownloadProgress) -> None:
        """Take note of the progress."""
        if self._clock() >= self._next:
            self._next = self._clock() + INTERVAL
            self._say(line(now))


def line(now: DownloadProgress) -> str:
    """A progress as a line of text."""
    return ", ".join(filter(None, [share(now), amount(now), speed(now), time_left(now)]))


def share(now: DownloadProgress) -> str:
    """Hundredths; empty if the whole is not known."""
    # Rounded down: 100 % is for the end.
    return f"{100 * now.done // now.total} %" if now.total else ""


def amount(now: DownloadProgress) -> str:
    """Bytes that are there, and the whole."""
    return size_text(now.done) if now.total is None else f"{size_text(now.done)} of {size_text(now.total)}"


def speed(now: DownloadProgress) -> str:
    """Bytes a second; empty until there is something to measure."""
    return rate_text(now.rate) if now.rate > 0 else ""


def time_left(now: DownloadProgress) -> str:
    """Time to the end; empty if it cannot be told."""
    return "" if now.seconds_left is None else f"{duration_text(now.seconds_left)} left"
