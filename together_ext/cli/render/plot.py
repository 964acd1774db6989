"""Curves on a terminal, in braille characters, and as an image."""

from __future__ import annotations

import importlib.util
import os
import secrets
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from together_ext.cli.exits import BadUsageError
from together_ext.cli.paths import path_of
from together_ext.errors import MissingExtraError, TargetExistsError
from together_ext.storage import absolute, create_own, local_path, storage_errors
from together_ext.text import printable

from .views import NOTHING

Curve = Sequence[tuple[float, float]]
"""Points of training step and value, by step."""

WIDTH: Final = 60
HEIGHT: Final = 7
"""Maximum width and height of a curve in characters; each has 2 by 4 dots."""

DOTS: Final = "\u28ff"
"""A braille character with all dots."""

IMAGES: Final = (".png", ".svg", ".pdf")

_BLANK: Final = 0x2800
# The dots of a braille character by column and row.
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
MARGIN: Final = 11
"""Characters left of a curve, for its labels."""

NARROWEST: Final = 20
"""Minimum width of a curve in characters."""


def curve_lines(name: str, curve: Curve, best: float | None = None, width: int = WIDTH) -> list[str]:
    """A curve with its name, its bounds and its steps.

    Args:
        name: The name of the metric.
        curve: The points; at least one.
        best: The step to mark as the best, if any.
        width: Width of the curve in characters, without the margin.
    """
    low, high = min(value for _, value in curve), max(value for _, value in curve)
    first, last = curve[0][0], curve[-1][0]
    cells = [[_BLANK] * width for _ in range(HEIGHT)]
    dots = [
        (_place(step, first, last, 2 * width), 4 * HEIGHT - 1 - _place(value, low, high, 4 * HEIGHT))
        for step, value in curve
    ]
    # Thousands of points share the same dots.
    for start, end in dict.fromkeys(pairwise([*dots, dots[-1]])):
        for x, y in _line(start, end):
            cells[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
    labels = {0: f"{high:.4g}", HEIGHT - 1: f"{low:.4g}"}
    rows = [f"{labels.get(row, ''):>{MARGIN - 1}} {''.join(map(chr, cells[row]))}" for row in range(HEIGHT)]
    if best is not None and first <= best <= last:
        rows.append(f"{'':{MARGIN + _place(best, first, last, width)}}^ best")
    ends = f"{first:.12g}", f"{last:.12g}"
    return [label(name), *rows, f"{'':{MARGIN}}{ends[0]}{ends[1]:>{width - len(ends[0])}}"]


def label(name: str, limit: int = 40) -> str:
    """The name of a metric on a terminal, without control characters."""
    return printable(name, limit) or NOTHING


def _line(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots between two points."""
    across, down = end[0] - start[0], end[1] - start[1]
    count = max(abs(across), abs(down), 1)
    for at in range(count):
        yield start[0] + round(across * at / count), start[1] + round(down * at / count)


def _place(value: float, low: float, high: float, room: int) -> int:
    # Halved, since the difference of two huge numbers overflows; that of two tiny ones may then be zero.
    span = high / 2 - low / 2
    return min(room - 1, int((value / 2 - low / 2) / span * room)) if span > 0 else room // 2


def save_image(path: str, curves: Mapping[str, Curve], title: str, best: tuple[int, str] | None) -> None:
    """Write the curves as an image; the file appears once it is complete.

    Args:
        path: A path that `check_image` accepts.
        curves: The curves by the names of the metrics.
        title: The title.
        best: Step and name of the best checkpoint, if any.

    Raises:
        StorageError: The file cannot be written.
    """
    target = absolute(local_path(path, "--plot"))
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1 + 2.4 * len(curves)), layout="constrained")
    for axes, (name, curve) in zip(
        figure.subplots(len(curves), sharex=True, squeeze=False)[:, 0], curves.items(), strict=True
    ):
        values = [_drawable(value) for _, value in curve]
        axes.plot([step for step, _ in curve], values, marker="." if len(curve) < 100 else "")  # noqa: PLR2004 -- more hide the line
        # A name may contain characters that matplotlib parses as a formula.
        axes.set_ylabel(label(name), parse_math=False)
        if best is not None:
            axes.axvline(best[0], color="gray", linestyle=":")
    axes.set_xlabel("step" if best is None else f"step (dotted: the best, {best[1]})", parse_math=False)
    figure.suptitle(title, parse_math=False)
    scratch = target.with_name(f".{secrets.token_hex(8)}")
    with storage_errors(target, "write"):
        try:
            # A new file: another user may have put a link at the path.
            with os.fdopen(create_own(scratch, os.O_WRONLY, 0o666), "wb") as file, warnings.catch_warnings():
                # About characters that its font lacks.
                warnings.simplefilter("ignore")
                figure.savefig(file, format=target.suffix[1:].lower())
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)


def _drawable(value: float) -> float:
    # The axes of matplotlib overflow or vanish near the limits of floating-point numbers.
    return max(-1e100, min(value, 1e100)) if abs(value) > 1e-100 else 0.0  # noqa: PLR2004 -- see above


def check_image(path: str, *, overwrite: bool) -> None:
    """Check that an image can be written, before any request.

    Args:
        path: `.png`, `.svg` or `.pdf`.
        overwrite: Whether an existing file may be replaced.

    Raises:
        BadUsageError: Unsupported file type, or missing folder.
        TargetExistsError: The file exists.
        ConfigurationError: The path is a URL, or `-`.
        StorageError: The current folder has been deleted.
        MissingExtraError: matplotlib is missing.
    """
    target = absolute(path_of(path, "--plot"))
    if target.suffix.lower() not in IMAGES:
        raise BadUsageError(
            f"--plot {path} has an unsupported file type (use {', '.join(IMAGES[:-1])} or {IMAGES[-1]})"
        )
    if not target.parent.is_dir():
        raise BadUsageError(f"--plot {path} is in a folder that does not exist: create the folder first")
    if not overwrite and target.exists():
        raise TargetExistsError(f"--plot {path} already exists: choose another file, or allow overwriting")
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingExtraError("--plot", "plot")
