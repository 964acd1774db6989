"""The progress of many downloads: a bar for each on a terminal, otherwise a line every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from together_ext.cli.settings import Settings

from .progress import FIRST, INTERVAL
from .screen import stderr_is_terminal, tell
from .tally import Tally

if TYPE_CHECKING:
    from together_ext.transfer import DownloadProgress


class Display(Protocol):
    """Shows many downloads."""

    def update(self, now: DownloadProgress) -> None:
        """Take the progress of one download, from any thread."""

    def end(self, name: str, *, failed: bool) -> None:
        """Count a download that has ended."""

    def say(self, message: str) -> None:
        """Print a message on standard error."""


@contextmanager
def progress_of_many(settings: Settings, total: int | None) -> Iterator[Display]:
    """What shows the progress of many downloads while the context lasts.

    Args:
        settings: Decides the form.
        total: Number of downloads; None if it is not known yet.
    """
    if settings.quiet or settings.json:
        yield Lines(Tally(total), lambda _: None)
    elif stderr_is_terminal():
        from .bars import bars

        with bars(Tally(total)) as display:
            yield display
    else:
        yield Lines(Tally(total), tell)


class Lines:
    """Prints a line every few seconds."""

    def __init__(
        self, tally: Tally, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tally, self._write, self._clock = tally, write, clock
        self._next = clock() + FIRST

    def update(self, now: DownloadProgress) -> None:
        """Take the progress of one download, and print a line if it is due."""
        self._tally.update(now)
        if (time := self._clock()) >= self._next:
            self._next = time + INTERVAL
            self._write(self._tally.line())

    def end(self, name: str, *, failed: bool) -> None:
        """Count a download that has ended."""
        self._tally.end(name, failed=failed)

    def say(self, message: str) -> None:
        """Print a message."""
        tell(message)
