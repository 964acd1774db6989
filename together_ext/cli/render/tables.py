"""Views drawn on a terminal: no word, ID or path is broken, however narrow it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from .views import Lines, Record, Table, View
from .wrapping import columns_of, longest_word, wrapped

BOLD: Final = Style(bold=True)
INDENT: Final = "  "

STYLES: Final = {
    "completed": "green",
    "error": "red",
    "user_error": "red",
    "cancelled": "yellow",
    "cancel_requested": "yellow",
    "running": "cyan",
    "ok": "green",
    "warn": "yellow",
    "fail": "red",
}
"""Styles of cells with a known word."""


def draw(view: View, stream: TextIO) -> str:
    """A view as text for a terminal; with colors only where the terminal has them and NO_COLOR is not set.

    It is returned, not written: rich fails at a character that the stream's encoding does not have.
    """
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    width = columns_of(stream)
    with console.capture() as drawn:
        for line in _lines(view, width):
            # A line wider than the terminal has one long word; the terminal breaks it, and a copy of it is whole.
            console.print(line, soft_wrap=True)
    return drawn.get()


def _lines(view: View, width: int) -> Iterator[Text]:
    match view:
        case Table():
            yield from _table(view, width)
        case Record():
            yield from _record(view, width)
        case Lines():
            whole = set(view.whole())
            for text in view.lines():
                yield from map(Text, [text] if text in whole else wrapped(text, width))


def _table(view: Table, width: int) -> Iterator[Text]:
    """The widest of four forms that fits: a grid, one with wrapped lines, one with lines below, or records."""
    widths = [max(map(cell_len, column)) for column in zip(view.titles, *view.rows, strict=True)]
    others = [at for at in range(len(widths)) if at != view.flexible]
    if _gap(widths, width):
        yield from _grid(view, list(range(len(widths))), widths, width)
    elif view.wraps and max(longest_word(row[-1]) for row in view.rows) <= width - _room([widths[at] for at in others]):
        yield from _wrapped_grid(view, widths, width)
    elif _gap([widths[at] for at in others], width):
        yield from _grid(view, others, widths, width)
    else:
        yield from _records(view, width)


def _room(widths: Sequence[int]) -> int:
    return sum(widths) + 2 * len(widths)


def _gap(widths: Sequence[int], width: int) -> int:
    """Columns between two cells; 0 if they do not fit."""
    return next((gap for gap in (2, 1) if sum(widths) + gap * (len(widths) - 1) <= width), 0)


def _grid(view: Table, shown: Sequence[int], widths: Sequence[int], width: int) -> Iterator[Text]:
    """Aligned columns; a column that is not shown has separate lines."""
    gap = _gap([widths[at] for at in shown], width)
    for style, row in ((BOLD, view.titles), *((None, row) for row in view.rows)):
        yield _row([row[at] for at in shown], [widths[at] for at in shown], gap, style)
        for at in set(range(len(row))) - set(shown):
            below = wrapped(row[at], width - len(INDENT)) if row[at] else []
            yield from (Text(f"{INDENT}{line}", style or "") for line in below)


def _wrapped_grid(view: Table, widths: Sequence[int], width: int) -> Iterator[Text]:
    first, indent = widths[:-1], _room(widths[:-1])
    for style, row in ((BOLD, view.titles), *((None, row) for row in view.rows)):
        start, *more = wrapped(row[-1], width - indent)
        yield _row([*row[:-1], start], [*first, cell_len(start)], 2, style)
        yield from (Text(" " * indent + line) for line in more)


def _row(cells: Sequence[str], widths: Sequence[int], gap: int, style: Style | None) -> Text:
    line = Text()
    for at, (text, width) in enumerate(zip(cells, widths, strict=True)):
        line.append(text, style or STYLES.get(text))
        if at < len(cells) - 1:
            line.append(" " * (width - cell_len(text) + gap))
    line.rstrip()
    return line


def _records(view: Table, width: int) -> Iterator[Text]:
    """One record for each row: its name, and below it the other cells with their titles."""
    others = [at for at in range(len(view.titles)) if at != view.key]
    for row in view.rows:
        yield Text(row[view.key], BOLD)
        pairs = [(f"{INDENT}{view.titles[at]}", row[at]) for at in others if row[at]]
        yield from _pairs(pairs, width)


def _pairs(pairs: Sequence[tuple[str, str]], width: int) -> Iterator[Text]:
    """Aligned names and values; a value with a word that does not fit next to its name has separate lines."""
    indent = max((cell_len(name) for name, _ in pairs), default=0) + len(INDENT)
    for name, value in pairs:
        if indent + longest_word(value) <= width:
            padded = name + " " * (indent - cell_len(name))
            start, *more = wrapped(value, width - indent)
            yield Text.assemble((padded, BOLD), (start, STYLES.get(value, "")))
            yield from (Text(" " * indent + line) for line in more)
        else:
            yield Text(name, BOLD)
            yield from (Text(INDENT * 2 + line) for line in wrapped(value, width - 2 * len(INDENT)))


def _record(view: Record, width: int) -> Iterator[Text]:
    yield from _pairs(view.pairs, width)
    if view.commands:
        yield Text("")
        yield Text(view.heading, BOLD)
    before = ""
    for name, line in view.commands:
        if name != before:
            yield Text(f"{INDENT}{name.removeprefix('next: ')}")
        before = name
        yield Text(f"{INDENT}{INDENT}{line}")
