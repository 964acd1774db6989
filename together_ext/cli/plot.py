"""Curves for a terminal, of braille dots, and as a picture."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from together_ext.errors import printable

from .exits import BadUsageError
from .views import NOTHING

Curve = Sequence[tuple[float, float]]
"""Points, by their first number, which is the training step."""

WIDTH: Final = 60
HEIGHT: Final = 7
"""Characters of a curve; each has two dots by four."""

DOTS: Final = "\u28ff"
"""The darkest character of a curve."""

PICTURES: Final = (".png", ".svg", ".pdf")

_BLANK: Final = 0x2800
# The dots of a braille character, by column and row.
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_MARGIN: Final = 11


def curve_lines(name: str, curve: Curve, best: float | None = None) -> list[str]:
    """A curve, with its name, its bounds and its steps, in lines of fewer than 80 characters.

    Args:
        name: What stands above.
        curve: The points; at least one.
        best: The step to point at; None for none.
    """
    low, high = min(value for _, value in curve), max(value for _, value in curve)
    first, last = curve[0][0], curve[-1][0]
    cells = [[_BLANK] * WIDTH for _ in range(HEIGHT)]
    dots = [
        (_place(step, first, last, 2 * WIDTH), 4 * HEIGHT - 1 - _place(value, low, high, 4 * HEIGHT))
        for step, value in curve
    ]
    # Of thousands of points most lie between the same dots.
    for start, end in dict.fromkeys(pairwise([*dots, dots[-1]])):
        for x, y in _line(start, end):
            cells[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
    labels = {0: f"{high:.4g}", HEIGHT - 1: f"{low:.4g}"}
    rows = [f"{labels.get(row, ''):>{_MARGIN - 1}} {''.join(map(chr, cells[row]))}" for row in range(HEIGHT)]
    if best is not None and first <= best <= last:
        rows.append(f"{'':{_MARGIN + _place(best, first, last, WIDTH)}}^ best")
    ends = f"{first:.12g}", f"{last:.12g}"
    return [label(name), *rows, f"{'':{_MARGIN}}{ends[0]}{ends[1]:>{WIDTH - len(ends[0])}}"]


def label(name: str, limit: int = 40) -> str:
    """A metric's name for people: the server may call it anything."""
    return printable(name, limit) or NOTHING


def _line(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots from one to another."""
    across, down = end[0] - start[0], end[1] - start[1]
    count = max(abs(across), abs(down), 1)
    for at in range(count):
        yield start[0] + round(across * at / count), start[1] + round(down * at / count)


def _place(value: float, low: float, high: float, room: int) -> int:
    # Halved, since the difference of two huge numbers is infinite; that of two tiny ones may be none then.
    span = high / 2 - low / 2
    return min(room - 1, int((value / 2 - low / 2) / span * room)) if span > 0 else room // 2


def save_picture(path: str, curves: Mapping[str, Curve], title: str, best: tuple[int, str] | None) -> None:
    """Write the curves as a picture; the file appears when it is whole.

    Args:
        path: One that `check_picture` has found good.
        curves: By the metrics' names.
        title: What stands above.
        best: The step of the best checkpoint, and its name; None if there is none.

    Raises:
        OSError: The disk does not allow it.
    """
    target = Path(path).expanduser()
    from matplotlib.figure import Figure  # noqa: PLC0415 -- an extra, and slow to load

    figure = Figure(figsize=(8, 1 + 2.4 * len(curves)), layout="constrained")
    for axes, (name, curve) in zip(
        figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0], curves.items(), strict=True
    ):
        values = [_drawable(value) for _, value in curve]
        axes.plot([step for step, _ in curve], values, marker="." if len(curve) < 100 else "")  # noqa: PLR2004 -- more would hide the line
        # A name may have signs that matplotlib would take for a formula.
        axes.set_ylabel(label(name), parse_math=False)
        if best is not None:
            axes.axvline(best[0], color="gray", linestyle=":")
    axes.set_xlabel("step" if best is None else f"step (dotted: the best, {best[1]})", parse_math=False)
    figure.suptitle(title, parse_math=False)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with warnings.catch_warnings():
            # Of characters that its font does not have.
            warnings.simplefilter("ignore")
            figure.savefig(scratch, format=target.suffix[1:].lower())
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def _drawable(value: float) -> float:
    # What matplotlib computes for its axes overflows, or vanishes, near the ends of the floating numbers.
    return max(-1e100, min(value, 1e100)) if abs(value) > 1e-100 else 0.0  # noqa: PLR2004 -- see above


def check_picture(path: str, *, overwrite: bool) -> None:
    """See that a picture can be drawn, before anything is asked for.

    Args:
        path: `.png`, `.svg` or `.pdf`.
        overwrite: Whether a file that is there may be replaced.

    Raises:
        BadUsageError: Another kind of picture, a file that is there, or matplotlib is missing.
    """
    import importlib.util  # noqa: PLC0415 -- only for pictures

    if Path(path).suffix.lower() not in PICTURES:
        raise BadUsageError(f"--plot {path} is no picture that can be drawn: name a file with {', '.join(PICTURES)}")
    if not overwrite and Path(path).expanduser().exists():
        raise BadUsageError(f"--plot {path} is there already: name another file, or add --overwrite")
    if importlib.util.find_spec("matplotlib") is None:
        raise BadUsageError("--plot draws with matplotlib, which is missing: pip install 'together-ext[plot]'")
