"""The signals of the processes that tests start."""

from __future__ import annotations

import signal
from contextlib import suppress


def hear_signals() -> None:
    """Undo what a shell does to background jobs (SIGINT ignored) and nohup (SIGHUP): children inherit that."""
    with suppress(ValueError):  # not in the main thread
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
