"""What a command shows, as values: how it is drawn is decided elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from together_ext.errors import printable

NOTHING: Final = "-"
"""Stands for a value that is missing, so that columns keep their number."""


def cell(value: object) -> str:
    """A string of the server on one line, whole, and without characters that drive terminals."""
    return (printable(value, sys.maxsize) if isinstance(value, str) else "") or NOTHING


class View(Protocol):
    """Something to show."""

    def lines(self) -> list[str]:
        """For `grep` and `awk`: whole values, with tabs between them."""

    def essence(self) -> list[str]:
        """What a script needs of it."""


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        titles: The columns' titles, shown on terminals.
        rows: Cells as `cell` makes them, as many in each row as there are titles.
        key: The column that names the row: never shortened, and the essence.
        flexible: The column that gives way on a narrow terminal.
        keeps: What the flexible column keeps of a text that does not fit: its `start`, its `end`, or `all` of it, on
            several lines.
    """

    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    key: int
    flexible: int
    keeps: str = "start"

    def lines(self) -> list[str]:
        """One row to a line."""
        return ["\t".join(row) for row in self.rows]

    def essence(self) -> list[str]:
        """The names of the rows."""
        return [row[self.key] for row in self.rows]


@dataclass(frozen=True)
class Record:
    """Names and values, the first of which is the essence."""

    pairs: list[tuple[str, str]]

    def lines(self) -> list[str]:
        """One pair to a line."""
        return [f"{name}\t{value}" for name, value in self.pairs]

    def essence(self) -> list[str]:
        """The first value."""
        return [value for _, value in self.pairs[:1]]


@dataclass(frozen=True)
class Lines:
    """Finished lines, the first of which is the essence."""

    text: list[str]

    def lines(self) -> list[str]:
        """All of them."""
        return self.text

    def essence(self) -> list[str]:
        """The first."""
        return self.text[:1]


class Findings(Lines):
    """Lines that all matter."""

    def essence(self) -> list[str]:
        """All of them."""
        return self.text
