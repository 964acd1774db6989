"""Lines that fit a terminal: wrapped between words, never inside one."""

from __future__ import annotations

import os
from typing import Final, TextIO
from unicodedata import combining, east_asian_width

COLUMNS: Final = 80
"""Columns of a terminal whose size is unknown."""


def columns_of(stream: TextIO | None) -> int:
    """The width of the terminal behind a stream; COLUMNS overrides it."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdecimal() and int(given):
        return int(given)
    try:
        return (os.get_terminal_size(stream.fileno()).columns if stream is not None else 0) or COLUMNS
    except (OSError, ValueError):
        return COLUMNS


def width_of(text: str) -> int:
    """Columns that a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, width: int) -> list[str]:
    """Break a line between words.

    Args:
        text: The line; its indentation is kept on each new line.
        width: Maximum number of columns; a longer word has a separate line.
    """
    if width_of(text) <= width:
        return [text]
    words = text.split()
    indent = text[: len(text) - len(text.lstrip(" "))]
    lines: list[str] = []
    for word in words:
        if lines and width_of(lines[-1]) + 1 + width_of(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent}{word}")
    return lines or [text]


def longest_word(text: str) -> int:
    """Columns of the longest word of a text."""
    return max(map(width_of, text.split()), default=0)
