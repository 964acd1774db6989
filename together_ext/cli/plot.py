"""Curves for a terminal, of braille dots, and as a picture."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from .exits import BadUsageError

Curve = Sequence[tuple[float, float]]
"""Points, by their first number, which is the training step."""

WIDTH: Final = 60
HEIGHT: Final = 7
"""Characters of a curve; each has two dots by four."""

PICTURES: Final = (".png", ".svg", ".pdf")

_BLANK: Final = 0x2800
# The dots of a braille character, by column and row.
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_MARGIN: Final = 11


def curve_lines(name: str, curve: Curve) -> list[str]:
    """A curve, with its name, its bounds and its steps, in lines of fewer than 80 characters."""
    low, high = min(value for _, value in curve), max(value for _, value in curve)
    first, last = curve[0][0], curve[-1][0]
    cells = [[_BLANK] * WIDTH for _ in range(HEIGHT)]
    dots = [
        (_place(step, first, last, 2 * WIDTH), 4 * HEIGHT - 1 - _place(value, low, high, 4 * HEIGHT))
        for step, value in curve
    ]
    for start, end in zip(dots, [*dots[1:], dots[-1]], strict=True):
        for x, y in _line(start, end):
            cells[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
    labels = {0: f"{high:.4g}", HEIGHT - 1: f"{low:.4g}"}
    rows = [f"{labels.get(row, ''):>{_MARGIN - 1}} {''.join(map(chr, cells[row]))}" for row in range(HEIGHT)]
    ends = f"{first:g}", f"{last:g}"
    return [name, *rows, f"{'':{_MARGIN}}{ends[0]}{ends[1]:>{WIDTH - len(ends[0])}}"]


def _line(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots from one to another."""
    across, down = end[0] - start[0], end[1] - start[1]
    count = max(abs(across), abs(down), 1)
    for at in range(count):
        yield start[0] + round(across * at / count), start[1] + round(down * at / count)


def _place(value: float, low: float, high: float, room: int) -> int:
    if high <= low:
        return room // 2
    # Halved, since the difference of two huge numbers is infinite.
    return min(room - 1, int((value / 2 - low / 2) / (high / 2 - low / 2) * room))


def save_picture(path: str, curves: Mapping[str, Curve], title: str, best: tuple[int, str] | None) -> None:
    """Write the curves as a picture; the file appears when it is whole.

    Args:
        path: `.png`, `.svg` or `.pdf`.
        curves: By the metrics' names.
        title: What stands above.
        best: The step of the best checkpoint, and its name; None if there is none.

    Raises:
        BadUsageError: Another kind of picture, or matplotlib is missing.
        OSError: The disk does not allow it.
    """
    target = Path(path).expanduser()
    check_picture(path)
    from matplotlib.figure import Figure  # noqa: PLC0415 -- an extra, and slow to load

    figure = Figure(figsize=(8, 1 + 2.4 * len(curves)), layout="constrained")
    for axes, (name, curve) in zip(
        figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0], curves.items(), strict=True
    ):
        axes.plot([step for step, _ in curve], [value for _, value in curve], marker="." if len(curve) < 100 else "")  # noqa: PLR2004 -- more would hide the line
        # A name may have signs that matplotlib would take for a formula.
        axes.set_ylabel(name, parse_math=False)
        if best is not None:
            axes.axvline(best[0], color="gray", linestyle=":")
    axes.set_xlabel("step" if best is None else f"step (dotted: the best, {best[1]})", parse_math=False)
    figure.suptitle(title, parse_math=False)
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        figure.savefig(scratch, format=target.suffix[1:].lower())
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def check_picture(path: str) -> None:
    """See that a picture can be drawn, before anything is asked for.

    Raises:
        BadUsageError: Another kind of picture, or matplotlib is missing.
    """
    import importlib.util  # noqa: PLC0415 -- only for pictures

    if Path(path).suffix.lower() not in PICTURES:
        raise BadUsageError(f"--plot {path} is no picture that can be drawn: name a file with {', '.join(PICTURES)}")
    if importlib.util.find_spec("matplotlib") is None:
        raise BadUsageError("--plot draws with matplotlib, which is missing: pip install 'together-ext[plot]'")
