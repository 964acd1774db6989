"""A screen as an SVG image: a window with text, with no font or file of anyone else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape

from tools.pictures.screen import Style

WIDTH: Final = 8.4
"""Of a character, in pixels; every run of text is stretched to it, whatever the font."""
HEIGHT: Final = 20
MARGIN: Final = 18
BAR: Final = 34
"""Of the window's title bar."""

BACKGROUND, FRAME, TEXT = "#161b22", "#30363d", "#e6edf3"
_COLORS: Final = {1: "#ff7b72", 2: "#7ee787", 3: "#e3b341", 4: "#79c0ff", 5: "#d2a8ff", 6: "#76e3ea"}
COLORS: Final = {**_COLORS, **{number + 8: color for number, color in _COLORS.items()}, 8: "#8b949e"}

Line = Sequence[tuple[str, Style]]


def drawn(lines: Sequence[Line], columns: int, title: str) -> str:
    """The image.

    Args:
        lines: Runs of text of one style.
        columns: Characters in the longest line.
        title: What the image shows, for who cannot see it.
    """
    width, height = round(columns * WIDTH + 2 * MARGIN), BAR + len(lines) * HEIGHT + MARGIN
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    fonts = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    edge = f'x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f"<style>text{{font:14px {fonts};white-space:pre}}</style>",
        f'<rect {edge} fill="{BACKGROUND}" stroke="{FRAME}"/>',
        *(f'<circle cx="{MARGIN + 18 * place}" cy="17" r="5.5" fill="{FRAME}"/>' for place in range(3)),
    ]
    for row, line in enumerate(lines):
        parts += _line(line, BAR + row * HEIGHT + 14)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(line: Line, y: int) -> list[str]:
    parts, column = [], 0
    for text, style in line:
        stripped = text.strip()
        if stripped:
            x = MARGIN + (column + len(text) - len(text.lstrip())) * WIDTH
            weight = ' font-weight="700"' if style.bold else ""
            color = TEXT if style.color is None else COLORS.get(style.color, TEXT)
            parts.append(
                f'<text x="{x:.1f}" y="{y}" fill="{color}"{weight} textLength="{len(stripped) * WIDTH:.1f}" '
                f'lengthAdjust="spacingAndGlyphs">{escape(stripped)}</text>'
            )
        column += len(text)
    return parts
