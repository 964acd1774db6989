"""The progress bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from together_ext.transfer import DownloadProgress, ProgressCallback

from .progress_text import amount, file, share, speed, time_left, wait

LONGEST_REASON: Final = 40
"""Maximum number of characters of a reason."""

WIDE: Final = 110
"""Columns of a terminal that has room for a reason next to the bar."""


class _Bar(Progress):
    """A bar with the name of the file above it and, on a narrow terminal, the state below it."""

    file = state = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The lines of the display."""
        if self.file:
            yield Text(_end_of(self.file, self.console.width))
        yield self.make_tasks_table(self.tasks)
        if self.state:
            yield Text(self.state)


def _end_of(name: str, width: int) -> str:
    """A name, or its end if it is wider than the terminal: its end tells the step and the type."""
    return name if cell_len(name) <= width else "…" + set_cell_size(name[::-1], width - 1)[::-1]


@contextmanager
def bar() -> Iterator[ProgressCallback]:
    """A bar on standard error; it is removed at the end, where the outcome replaces it."""
    columns = [TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in ("share", "amount", "speed", "left")]
    console = Console(stderr=True, highlight=False, emoji=False)
    # Standard output is not redirected: it carries data, and may be a file.
    with _Bar(
        columns[0],
        BarColumn(bar_width=None),
        *columns[1:],
        console=console,
        transient=True,
        expand=True,
        redirect_stdout=False,
    ) as display:
        task = display.add_task("", total=None, share="", amount="", speed="", left="")

        def update(now: DownloadProgress) -> None:
            state = wait(now, LONGEST_REASON)
            beside = state if console.width >= WIDE else ""
            display.file, display.state = file(now), "" if beside else state
            display.update(
                task,
                completed=now.done,
                total=now.total,
                share=share(now).rjust(5),
                amount=amount(now),
                speed=beside if state else speed(now),
                left="" if state else time_left(now),
            )

        update(DownloadProgress(0, None, 0, 0.0, None, 0, state="connecting"))
        yield update
