"""The live line of a wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def status_line() -> Iterator[Callable[[str], object]]:
    """A line on standard error with the time that has passed; it goes when the wait is over."""
    columns = SpinnerColumn("line"), TimeElapsedColumn(), TextColumn("{task.fields[said]}", markup=False)
    console = Console(stderr=True, highlight=False, emoji=False)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as display:
        task = display.add_task("", total=None, said="")
        yield lambda said: display.update(task, said=said)
