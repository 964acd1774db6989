"""The sum of many downloads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .amounts import counted, rate_text, size_text

if TYPE_CHECKING:
    from together_ext.transfer import DownloadProgress


class Tally:
    """Sums up many downloads."""

    def __init__(self, total: int | None) -> None:
        """Begin.

        Args:
            total: Number of downloads; None if it is not known yet.
        """
        self._of = "" if total is None else f" of {total}"
        self._ended = self._failed = self._received = 0
        self._running: dict[str, DownloadProgress] = {}
        self._lock = threading.Lock()

    def update(self, now: DownloadProgress) -> None:
        """Take the progress of one download."""
        with self._lock:
            self._running[now.name or ""] = now

    def end(self, name: str, *, failed: bool) -> None:
        """Count a download that has ended."""
        with self._lock:
            last = self._running.pop(name, None)
            self._received += 0 if last is None else last.done - last.resumed
            self._ended += 1
            self._failed += failed

    def line(self) -> str:
        """The state of all downloads as one line."""
        with self._lock:
            now = list(self._running.values())
            received = self._received + sum(file.done - file.resumed for file in now)
            parts = [f"{self._ended - self._failed}{self._of} downloaded", size_text(received)]
            failed = self._failed
        if rate := sum(file.rate for file in now if file.connections):
            parts.append(rate_text(rate))
        if waiting := sum(file.state in {"retrying", "waiting_for_lock"} for file in now):
            parts.append(counted(waiting, "waiting", "waiting"))
        return ", ".join([*parts, f"{failed} failed"] if failed else parts)
