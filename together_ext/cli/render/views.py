"""What a command shows, as values; `tables` draws them on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from together_ext.text import printable

NOTHING: Final = "-"
"""Placeholder for a missing value, so that each row keeps its number of columns."""


def cell(value: object) -> str:
    """A string of the server on one line, in full, without control characters."""
    return (printable(value, sys.maxsize) if isinstance(value, str) else "") or NOTHING


class View(Protocol):
    """Something to show."""

    def lines(self) -> list[str]:
        """Lines for `grep` and `awk`: values in full, separated by tabs."""

    def results(self) -> list[str]:
        """Only the result, as `--quiet` prints it."""


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        titles: Column titles, shown on terminals.
        rows: Cells as `cell` makes them, as many in each row as there are titles.
        key: The column that names the row; it is the result that `--quiet` prints.
        flexible: The column that moves to a line below the row on a narrow terminal.
        wraps: Wrap the flexible column, which is the last, between words instead.
    """

    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    key: int
    flexible: int
    wraps: bool = False

    def lines(self) -> list[str]:
        """One line for each row."""
        return ["\t".join(row) for row in self.rows]

    def results(self) -> list[str]:
        """The names of the rows."""
        return [row[self.key] for row in self.rows]


@dataclass(frozen=True)
class Record:
    """Names and values.

    Attributes:
        pairs: Names and values.
        commands: Names and lines to copy, which are never wrapped.
        heading: The heading of the commands on a terminal.
        result: What `--quiet` prints: the first value, unless it is given; nothing if it is empty.
    """

    pairs: Sequence[tuple[str, str]]
    commands: Sequence[tuple[str, str]] = ()
    heading: str = ""
    result: str | None = None

    def lines(self) -> list[str]:
        """One line for each pair."""
        return [f"{name}\t{value}" for name, value in (*self.pairs, *self.commands)]

    def results(self) -> list[str]:
        """The result."""
        found = [value for _, value in self.pairs[:1]] if self.result is None else [self.result]
        return list(filter(None, found))


@dataclass(frozen=True)
class Lines:
    """Complete lines, the first of which is the result."""

    text: list[str]

    def lines(self) -> list[str]:
        """All of them."""
        return self.text

    def results(self) -> list[str]:
        """The first."""
        return self.text[:1]

    def whole(self) -> list[str]:
        """Lines to copy, which are never wrapped."""
        return self.results()


class Results(Lines):
    """Lines each of which is a result."""

    def results(self) -> list[str]:
        """All of them."""
        return self.text


class Prose(Results):
    """Lines of one text, which is wrapped between words."""

    def whole(self) -> list[str]:
        """None."""
        return []
