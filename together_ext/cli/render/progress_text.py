"""The progress of a download as text: file, state, percentage, size, rate and remaining time."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Final

from together_ext.text import printable

from .amounts import duration_text, rate_text, size_text

if TYPE_CHECKING:
    from together_ext.transfer import DownloadProgress

SILENT: Final = 3.0
"""Seconds without data after which this is shown."""


def line(now: DownloadProgress) -> str:
    """A progress as one line."""
    state = [wait(now)] if wait(now) else [speed(now), time_left(now)]
    text = ", ".join(filter(None, [share(now), amount(now), *state]))
    return f"{file(now)}: {text}" if now.file else text


def file(now: DownloadProgress) -> str:
    """The name of the file; empty until it is known."""
    return printable(now.file or "", sys.maxsize)


def wait(now: DownloadProgress, longest: int = 200) -> str:
    """The reason why no data arrives; empty while data arrives.

    Args:
        now: The progress.
        longest: Maximum number of characters of the reason.
    """
    reason = printable(now.reason or "", longest)
    match now.state:
        case "connecting":
            return "connecting"
        case "retrying":
            return f"{reason}, retry {now.retry} of {now.retries} in {_whole(now.retry_in or 0.0)}"
        case "waiting_for_lock":
            return f"waiting for {reason}"
        case "transferring":
            return f"no data for {_whole(now.silent)}" if now.silent >= SILENT else ""


def _whole(seconds: float) -> str:
    """A duration in whole seconds, for a countdown."""
    rounded = math.ceil(seconds)
    return f"{rounded} s" if rounded < 60 else duration_text(rounded)  # noqa: PLR2004 -- a minute


def share(now: DownloadProgress) -> str:
    """The percentage; empty while the size is unknown."""
    # Rounded down: 100 % means complete.
    return f"{100 * now.done // now.total} %" if now.total else ""


def amount(now: DownloadProgress) -> str:
    """Received and total size; empty before anything is known."""
    if now.total is None and not now.done:
        return ""
    return size_text(now.done) if now.total is None else f"{size_text(now.done)} of {size_text(now.total)}"


def speed(now: DownloadProgress) -> str:
    """The rate; empty until it is measured."""
    return rate_text(now.rate) if now.rate > 0 else ""


def time_left(now: DownloadProgress) -> str:
    """The remaining time; empty while it is unknown."""
    return "" if now.seconds_left is None else f"{duration_text(now.seconds_left)} left"
