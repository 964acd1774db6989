"""The live status line of a wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def status_line() -> Iterator[Callable[[str], object]]:
    """A status line on standard error with the elapsed time; it is removed at the end."""
    columns = SpinnerColumn("line"), TimeElapsedColumn(), TextColumn("{task.fields[text]}", markup=False)
    console = Console(stderr=True, highlight=False, emoji=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as display:
        task = display.add_task("", total=None, text="")
        yield lambda text: display.update(task, text=text)
