"""The open connections of a transfer: the watchdog looks at their positions, and its end aborts them."""

from __future__ import annotations

import threading

from .body import Body
from .plan import Segment


class Connections:
    """The bodies that are being read, and the segment of each. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: dict[Body, Segment] = {}

    def __len__(self) -> int:
        return len(self._bodies)

    def add(self, body: Body, segment: Segment) -> None:
        """Register a body before it is read."""
        with self._lock:
            self._bodies[body] = segment

    def remove(self, body: Body) -> None:
        """Remove a body that is no longer read."""
        with self._lock:
            self._bodies.pop(body, None)

    def positions(self) -> dict[Body, int]:
        """The position of each body: the offset of its next byte."""
        with self._lock:
            return {body: segment.position for body, segment in self._bodies.items()}

    def abort(self) -> None:
        """Wake every thread that waits for bytes; can be called from any thread."""
        with self._lock:
            bodies = list(self._bodies)
        for body in bodies:
            body.abort()
