"""Sizes, rates and durations: as text, and from the values of options."""

from __future__ import annotations

import re
from typing import Final

import typer

_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")
_SIZE: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[kmgt]?)(?P<binary>i?)b?", re.IGNORECASE)
_DURATION: Final = re.compile(r"(?:(?P<h>[0-9]+)h)?(?:(?P<m>[0-9]+)m)?(?:(?P<s>[0-9]+)s?)?", re.IGNORECASE)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_STEP: Final = 1000


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: `1 file`, `2 files`."""
    return f"{number:,} {one if number == 1 else many}"


def size_text(size: float) -> str:
    """Bytes with three significant digits: `1.23 GB`."""
    value, unit = float(size), 0
    # 999.95 rounds to four digits.
    while value >= _STEP - 0.5 and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    digits = 0 if unit == 0 or value >= 99.95 else 1 if value >= 9.995 else 2  # noqa: PLR2004 -- where a decimal is dropped
    return f"{value:.{digits}f} {_UNITS[unit]}"


def rate_text(rate: float) -> str:
    """Bytes per second."""
    return f"{size_text(rate)}/s"


def duration_text(seconds: float) -> str:
    """Seconds as `4.2 s`, `1:07` (minutes) or `2:01:30` (hours)."""
    if seconds < 9.95:  # noqa: PLR2004 -- tenths are noise above
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"


def duration(text: str) -> float:
    """The value of an option that takes a duration: `90`, `90s`, `15m`, `2h` or `1h30m`.

    Raises:
        BadParameter: Invalid duration; the error names the option.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        raise typer.BadParameter(f"invalid duration {text!r} (examples: 90s, 15m, 1h30m)")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def parse_size(text: str) -> float:
    """Bytes from `500000`, `8M` (a million each) or `8Mi` (1,048,576 each).

    Raises:
        ValueError: Invalid size, or zero.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or (match["binary"] and not match["unit"]):
        raise ValueError(f"invalid size {text!r} (examples: 500000, 8M, 8Mi)")
    base = 1024.0 if match["binary"] else float(_STEP)
    size: float = float(match["number"]) * base ** _POWERS[match["unit"].lower()]
    if not size:
        raise ValueError(f"invalid size {text!r}: it must be more than 0 bytes (examples: 8M, 8Mi)")
    return size


def rate(text: str) -> float:
    """The value of an option that takes bytes per second.

    Raises:
        BadParameter: Invalid size; the error names the option.
    """
    try:
        return parse_size(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def size(text: str) -> int:
    """The value of an option that takes bytes.

    Raises:
        BadParameter: Invalid size; the error names the option.
    """
    return int(rate(text))
