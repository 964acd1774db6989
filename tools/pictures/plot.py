"""The plot of the benchmarks, from the tables of `benchmarks/RESULTS.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from tools.pictures.tables import tables

OURS: Final = "together-ext"
WIDTH, NAMES, VALUES = 820, 170, 60
"""Pixels: of the image, of the peers' names, of the numbers after the bars."""
BAR, GAP, HEAD, MARGIN = 18, 8, 46, 20
INK, FAINT, STRONG, WEAK = "#1f2328", "#59636e", "#4051b5", "#c3c9d3"


@dataclass(frozen=True)
class Panel:
    """One group of bars.

    Attributes:
        section: The heading of the table's section.
        part: The heading of the table.
        title: What is shown.
        peers: Which rows of the table, in any order.
    """

    section: str
    part: str
    title: str
    peers: tuple[str, ...]


PANELS: Final = (
    Panel(
        "20 MB/s for each connection",
        "400 MiB",
        "400 MiB, server limits each connection to 20 MB/s",
        (OURS, "aria2c -x8", "curl", "SDK 3.1.1"),
    ),
    Panel(
        "TLS",
        "1 GiB",
        "1 GiB over TLS from the same machine",
        (OURS, "SDK 1.5.35", "curl", "curl, then sync", "aria2c -x8", "SDK 3.1.1"),
    ),
    Panel(
        "Download and extract",
        "1600 MiB of bf16 weights, packed to 3/4",
        "Download and extract 1600 MiB of weights, from the same machine",
        (OURS, "curl, then tar -xf", "SDK 3.1.1, then tar -xf"),
    ),
)


def plot(results: str) -> str:
    """The image.

    Args:
        results: The text of RESULTS.md.

    Raises:
        KeyError: A table or a row is missing.
    """
    found = tables(results)
    parts, y = [], MARGIN
    for panel in PANELS:
        walls = {cells[0]: float(cells[1].split()[0]) for cells in found[panel.section, panel.part]}
        bars = sorted(((walls[peer], peer) for peer in panel.peers), key=lambda bar: bar[0])
        parts += _panel(panel.title, bars, y)
        y += HEAD + len(bars) * (BAR + GAP) + MARGIN
    title = "Benchmarks: wall time in seconds, less is better"
    height = y + 10
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    edge = f'x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        "<style>text{font:14px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}</style>",
        f'<rect {edge} fill="#ffffff" stroke="#d1d9e0"/>',
    ]
    foot = f'<text x="{MARGIN}" y="{height - 14}" fill="{FAINT}">Wall time in seconds; less is better.</text>'
    return "\n".join([*head, *parts, foot, "</svg>"]) + "\n"


def _panel(title: str, bars: Sequence[tuple[float, str]], top: int) -> list[str]:
    most, name = max(seconds for seconds, _ in bars), MARGIN + NAMES - 10
    parts = [f'<text x="{MARGIN}" y="{top + 20}" fill="{INK}" font-weight="600">{escape(title)}</text>']
    for place, (seconds, peer) in enumerate(bars):
        y = top + HEAD - 10 + place * (BAR + GAP)
        length = max(seconds / most * (WIDTH - 2 * MARGIN - NAMES - VALUES), 2)
        color, weight = (STRONG, ' font-weight="600"') if peer == OURS else (WEAK, "")
        parts += [
            f'<text x="{name}" y="{y + 14}" fill="{INK}" text-anchor="end"{weight}>{escape(peer)}</text>',
            f'<rect x="{MARGIN + NAMES}" y="{y}" width="{length:.1f}" height="{BAR}" rx="3" fill="{color}"/>',
            f'<text x="{MARGIN + NAMES + length + 8:.1f}" y="{y + 14}" fill="{INK}"{weight}>{seconds:.2f} s</text>',
        ]
    return parts
