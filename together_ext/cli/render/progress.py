"""The progress of a download: a bar on a terminal, otherwise a line every few seconds, nothing with `--quiet`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from together_ext.cli.settings import Settings

from .progress_text import line
from .screen import stderr_is_terminal, tell

if TYPE_CHECKING:
    from together_ext.transfer import DownloadProgress, ProgressCallback

FIRST: Final = 3.0
"""Seconds before the first line; most downloads of an adapter take less."""

INTERVAL: Final = 5.0
"""Seconds between two lines."""

APART: Final = 1.0
"""Minimum number of seconds between two lines, also when connections fail often."""


@contextmanager
def progress(settings: Settings, name: str | None = None) -> Iterator[ProgressCallback]:
    """A callback that shows the progress of a download while the context lasts.

    Args:
        settings: Decides the form.
        name: What to show in place of the file, for a download without one.
    """
    with _display(settings) as show:

        def update(now: DownloadProgress) -> None:
            settings.resumable = now.resumable
            show(now if name is None else replace(now, file=name))

        yield update


@contextmanager
def _display(settings: Settings) -> Iterator[ProgressCallback]:
    if settings.quiet or settings.json:
        yield lambda _: None
    elif stderr_is_terminal():
        from .bar import bar

        with bar() as update:
            yield update
    else:
        yield PlainProgress(tell)


class PlainProgress:
    """Prints a line every few seconds, and at once before a retry."""

    def __init__(self, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._write, self._clock = write, clock
        self._next = clock() + FIRST
        self._last = -math.inf
        self._retry: int | None = None

    def __call__(self, now: DownloadProgress) -> None:
        """Show the progress, if a line is due."""
        if now.state == "waiting_for_lock":
            return  # which is logged, also with `--quiet`
        time = self._clock()
        another_retry = now.retry not in {None, self._retry} and time - self._last >= APART
        if time >= self._next or another_retry:
            self._last, self._next = time, time + INTERVAL
            self._write(line(now))
            self._retry = now.retry
        elif now.retry is None:
            self._retry = None
