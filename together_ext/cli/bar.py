"""The moving bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from together_ext.transfer import DownloadProgress, ProgressCallback

from .progress import amount, share, speed, time_left


@contextmanager
def bar() -> Iterator[ProgressCallback]:
    """A bar on standard error; it goes when the download is over, since the outcome says more."""
    columns = [TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in ("share", "amount", "speed", "left")]
    # Standard output stays as it is: it carries data, and may be a file.
    with Progress(
        columns[0],
        BarColumn(bar_width=None),
        *columns[1:],
        console=Console(stderr=True, highlight=False, emoji=False),
        transient=True,
        expand=True,
        redirect_stdout=False,
    ) as display:
        task = display.add_task("", total=None, share="", amount="", speed="", left="")

        def update(now: DownloadProgress) -> None:
            display.update(
                task,
                completed=now.done,
                total=now.total,
                share=share(now).rjust(5),
                amount=amount(now),
                speed=speed(now),
                left=time_left(now),
            )

        yield update
