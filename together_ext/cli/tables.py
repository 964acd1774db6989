"""Views drawn on a terminal."""

from __future__ import annotations

from typing import Final, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from .views import Lines, Record, Table, View

LEAST: Final = 10
"""Columns that the flexible cell of a table keeps on the narrowest terminal."""

STYLES: Final = {
    "completed": "green",
    "error": "red",
    "user_error": "red",
    "cancelled": "yellow",
    "cancel_requested": "yellow",
    "running": "cyan",
}
"""How cells with a known word look."""


def draw(view: View, stream: TextIO) -> str:
    """A view as text for a terminal; with colours only where that has them and NO_COLOR does not stand.

    It is not written: rich would fail at a character that the stream's encoding does not have.
    """
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    with console.capture() as drawn:
        if isinstance(view, Table):
            _draw_table(view, console)
        elif isinstance(view, Record):
            _draw_record(view, console)
        elif isinstance(view, Lines):
            # The terminal breaks a line that is too long; rich would put line ends into a path.
            for line in view.lines():
                console.out(line, highlight=False)
    return drawn.get()


def _draw_table(view: Table, console: Console) -> None:
    widths = [max(map(cell_len, column)) for column in zip(view.titles, *view.rows, strict=True)]
    gaps = len(widths) - 1
    gap = 2 if sum(widths) + 2 * gaps <= console.width else 1
    fixed = sum(widths) - widths[view.flexible] + gap * gaps
    room = min(widths[view.flexible], max(console.width - fixed, LEAST))
    # Wider than the terminal, if it must be: the terminal breaks the line, and nothing of a name is lost.
    console.width = max(console.width, fixed + room)
    grid = Grid(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    for index, title in enumerate(view.titles):
        width = room if index == view.flexible else widths[index]
        grid.add_column(title, width=width, no_wrap=view.keeps != "all" or index != view.flexible, overflow="fold")
    for row in view.rows:
        cells = [_shortened(text, room, view.keeps) if at == view.flexible else text for at, text in enumerate(row)]
        grid.add_row(*(Text(text, style=STYLES.get(text, "")) for text in cells))
    console.print(grid)


def _shortened(text: str, room: int, keeps: str) -> str:
    if keeps == "all" or cell_len(text) <= room:
        return text
    if keeps == "start":
        return set_cell_size(text, room - 1) + "…"
    return "…" + set_cell_size(text[::-1], room - 1)[::-1]


def _draw_record(view: Record, console: Console) -> None:
    width = max((cell_len(name) for name, _ in view.pairs), default=0)
    for name, value in view.pairs:
        # The terminal breaks what is too long, so that a path copied from it is still in one piece.
        line = Text.assemble((set_cell_size(name, width), "bold"), "  ", (value, STYLES.get(value, "")))
        console.print(line, soft_wrap=True)
