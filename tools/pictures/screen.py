"""A terminal in small: what is on the screen after a program has written to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

_SEQUENCE: Final = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")
_PIECE: Final = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]|.", re.DOTALL)


@dataclass(frozen=True)
class Style:
    """How a character looks.

    Attributes:
        color: One of the sixteen colors of a terminal, 0 to 15; None for the usual one.
        bold: Whether it is bold.
    """

    color: int | None = None
    bold: bool = False


PLAIN: Final = Style()


@dataclass
class Screen:
    """Lines of characters with their styles; as long as the program needs.

    Attributes:
        columns: Characters in a line; longer lines are wrapped.
    """

    columns: int
    _lines: list[list[tuple[str, Style]]] = field(default_factory=lambda: [[]])
    _row: int = 0
    _column: int = 0
    _style: Style = PLAIN

    def write(self, text: str) -> None:
        """Take what a program writes: text, line feeds, carriage returns, and the sequences that rich uses."""
        for piece in _PIECE.findall(text):
            if found := _SEQUENCE.fullmatch(piece):
                self._obey(*found.groups())
            elif piece == "\r":
                self._column = 0
            elif piece == "\n":
                self._down()
            elif piece.isprintable():
                self._put(piece)

    def lines(self) -> list[list[tuple[str, Style]]]:
        """The lines, each as runs of characters of one style, without the empty ones at the end."""
        found = [_runs(line) for line in self._lines]
        while found and not found[-1]:
            found.pop()
        return found

    def _put(self, character: str) -> None:
        if self._column == self.columns:
            self._down()
            self._column = 0
        line = self._lines[self._row]
        line.extend([(" ", PLAIN)] * (self._column - len(line)))
        line[self._column : self._column + 1] = [(character, self._style)]
        self._column += 1

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append([])

    def _obey(self, numbers: str, letter: str) -> None:
        if letter == "m":
            for number in (numbers or "0").split(";"):
                self._style = _styled(self._style, int(number or 0))
        elif letter == "A":
            self._row = max(self._row - int(numbers or 1), 0)
        elif letter == "K":
            line = self._lines[self._row]
            del line[0 if numbers == "2" else self._column :]


def _styled(style: Style, number: int) -> Style:
    if number == 0:
        return PLAIN
    if number == 1:
        return replace(style, bold=True)
    for first, color in ((30, 0), (90, 8)):
        if first <= number < first + 8:
            return replace(style, color=number - first + color)
    return style


def _runs(line: list[tuple[str, Style]]) -> list[tuple[str, Style]]:
    runs: list[tuple[str, Style]] = []
    for character, style in line:
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0] + character, style)
        else:
            runs.append((character, style))
    while runs and not runs[-1][0].rstrip():
        runs.pop()
    return runs
