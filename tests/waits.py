"""Waiting in tests: for what has no event, and with one limit for everything."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds after which something that is waited for does not come: a loaded machine is ten times slower."""

CELL = 20.0
"""Seconds after which a download in a table of servers counts as hanging: the slowest takes two on an idle machine."""


def wait_until(true: Callable[[], object], what: str = "it") -> None:
    """Return when a condition is true; there is no event for it, so it is polled.

    Args:
        true: The condition; it raises whatever shows that it cannot become true any more.
        what: What is waited for.
    """
    last = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < last, f"{what} has not come"
        threading.Event().wait(0.002)
