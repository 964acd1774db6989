"""The progress bars of many downloads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from together_ext.text import printable

from .progress_text import amount, speed, wait
from .screen import without_secrets

if TYPE_CHECKING:
    from together_ext.transfer import DownloadProgress

    from .tally import Tally

LONGEST_NAME: Final = 30
"""Maximum number of characters of a name; its end has the step."""

LONGEST_REASON: Final = 30
"""Maximum number of characters of a reason."""


class _Progress(Progress):
    heading = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The lines of the display."""
        yield Text(self.heading, no_wrap=True, overflow="ellipsis")
        yield self.make_tasks_table(self.tasks)


class Bars:
    """A heading for all downloads, and a bar for each that runs."""

    def __init__(self, tally: Tally, display: _Progress) -> None:
        self._tally, self._display = tally, display
        self._tasks: dict[str, TaskID] = {}

    def update(self, now: DownloadProgress) -> None:
        """Take the progress of one download."""
        self._tally.update(now)
        self._display.heading = self._tally.line()
        name = now.name or ""
        if name not in self._tasks:
            short = name if len(name) <= LONGEST_NAME else "…" + name[1 - LONGEST_NAME :]
            self._tasks[name] = self._display.add_task(short, total=None, amount="", state="")
        state = wait(now, LONGEST_REASON) or speed(now)
        self._display.update(self._tasks[name], completed=now.done, total=now.total, amount=amount(now), state=state)

    def end(self, name: str, *, failed: bool) -> None:
        """Count a download that has ended, and remove its bar."""
        self._tally.end(name, failed=failed)
        self._display.heading = self._tally.line()
        if name in self._tasks:
            self._display.remove_task(self._tasks.pop(name))

    def say(self, message: str) -> None:
        """Print a message above the bars."""
        self._display.console.print(Text(without_secrets(printable(message, len(message)))))


@contextmanager
def bars(tally: Tally) -> Iterator[Bars]:
    """Bars on standard error; they are removed at the end, where the outcomes replace them."""
    rest = [TextColumn(f"{{task.fields[{field}]}}", markup=False) for field in ("amount", "state")]
    columns = TextColumn("{task.description}", markup=False), BarColumn(bar_width=None), *rest
    console = Console(stderr=True, highlight=False, emoji=False)
    with _Progress(*columns, console=console, transient=True, expand=True, redirect_stdout=False) as display:
        yield Bars(tally, display)
