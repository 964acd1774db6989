"""The state that the workers of a segmented transfer share: what is claimed, what has arrived, and what has failed."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Final

from .connections import Connections
from .plan import Plan, Segment, Spans
from .progress import Standing
from .responses import Content
from .retry import Budget
from .session import Session
from .sink import BUFFER, Sink

LEAST_PORTION: Final = 128 << 10
"""Minimum number of bytes per write."""

AT_RISK: Final = 400
"""All connections together have at most 1/400 of the file in memory, and as much is not in the journal yet: these bytes
are downloaded again after a kill."""

WORTH_HELPING: Final = 0.5
"""Minimum number of seconds that a segment must still take for another connection to take over its second half."""

RECONSIDER: Final = 0.2
"""Seconds after which the rate of a connection can be estimated."""

GETTING_GOING: Final = 8
"""Number of round trips until a connection reaches its rate: two to open it, the others for the slow start of TCP."""

LONGEST_TRIP: Final = 0.25
"""Maximum round-trip time in seconds that is assumed; a longer wait is caused by the server."""

LEAST_HELP: Final = 4 << 20
"""Minimum number of bytes that it must have left: about as many may be in transit already, and would be wasted."""


class Board:
    """The state that the workers of a segmented transfer share; `changed` guards it.

    Attributes:
        stop: Set to end the workers, and nothing else of the transfer.
    """

    def __init__(
        self,
        plan: Plan,
        sink: Callable[[], Sink],
        session: Session,
        content: Content,
        *,
        reach: Callable[[int], object] | None = None,
    ) -> None:
        """Share a plan.

        Args:
            plan: The bytes to download.
            sink: Returns where a worker puts its bytes.
            session: The requests of the transfer.
            content: The first response of the transfer, which later ones are compared with.
            reach: Called with the number of bytes at the beginning that have arrived; None if there is no reader.
        """
        self.sink, self.remote, self.content = sink, session.remote, content
        self.clock, self.stop, self._keeps = session.conduct.clock, threading.Event(), session.keeps
        self.persistence = session.persistence_until(self.stop)
        # One budget for all, because a segment of a failed connection is taken over by another.
        self.budget = Budget(session.conduct.retries)
        self.throttle = session.throttle_until(self.stop)
        self.changed = threading.Condition()
        # Set by the journal keeper: the worker that reaches `wake_at` bytes calls `claim_due`.
        self.wake_at: float = math.inf
        self.claim_due: Callable[[], None] = lambda: None
        self._reach = reach
        self._plan = plan
        self.connections = Connections()
        self._claimed: dict[Segment, float] = {}
        self._ended: list[float] = []
        self._patience = max(RECONSIDER, GETTING_GOING * min(session.distance, LONGEST_TRIP))
        self._running = 0
        self.failure: BaseException | None = None

    def status(self) -> tuple[int, Spans, int]:
        """The number of downloaded bytes, their spans, and the number of active connections."""
        with self.changed:
            return self._plan.done, self._plan.arrived, len(self.connections)

    def standing(self, resumed: int = 0, *, resumable: bool = False) -> Standing:
        """The state of the transfer, of which an earlier run has downloaded `resumed` bytes."""
        done, _, open_bodies = self.status()
        return Standing(done, self.content.size, resumed, open_bodies, resumable, retry=self.persistence.retry)

    @property
    def portion(self) -> int:
        """Number of bytes that a connection collects for one write."""
        share = self._plan.size // (AT_RISK * max(self._plan.active, 1)) if self._keeps else BUFFER
        return min(BUFFER, max(share, LEAST_PORTION), self.throttle.portion or BUFFER)

    @property
    def complete(self) -> bool:
        """Whether every byte has arrived."""
        return self._plan.complete

    def wait(self, seconds: float) -> bool:
        """Wait until all workers have ended or one has failed, for at most so many seconds; returns whether neither."""
        with self.changed:
            if self._running and self.failure is None:
                self.changed.wait(seconds)
            return self._running > 0 and self.failure is None

    def enter(self) -> None:
        """Count a worker before its thread starts."""
        with self.changed:
            self._running += 1

    def leave(self, failure: BaseException | None) -> None:
        """Count a worker that ends; the first failure also ends the others."""
        with self.changed:
            self._running -= 1
            if failure is not None and self.failure is None:
                self.failure = failure
            self.changed.notify_all()
        if failure is not None:
            self.abort()

    def abort(self) -> None:
        """End every worker, also those that are waiting for bytes; can be called from any thread."""
        self.stop.set()
        self.connections.abort()

    def spread(self, connections: int) -> None:
        """Divide the remaining bytes evenly among a number of connections."""
        with self.changed:
            self._plan.spread(connections)
            self.changed.notify_all()

    def opening(self) -> list[Segment]:
        """Claim the first segments, in order, one for each connection."""
        with self.changed:
            # No active segment is divided yet.
            claimed = (self._plan.claim(lambda _: math.inf) for _ in range(self._plan.waiting))
            segments = [segment for segment in claimed if segment is not None]
            self._claimed |= dict.fromkeys(segments, self.clock.now())
            return segments

    def claim(self) -> Segment | None:
        """Claim the next segment; waits while there may be one later, and returns None when there will be none."""
        with self.changed:
            while self.failure is None and not self._plan.complete:
                segment = self._plan.claim(self._least)
                if segment is not None:
                    self._claimed[segment] = self.clock.now()
                    return segment
                self.changed.wait(RECONSIDER)
            return None

    def _least(self, segment: Segment) -> float:
        """Minimum number of bytes that a segment must have left to be divided: those of half a second, at least 4 MiB.

        A fast transfer thus ends without further requests, and no slow connection keeps a large remainder.
        """
        elapsed = self.clock.now() - self._claimed[segment]
        if elapsed < self._patience:
            return math.inf  # Its rate is unknown yet.
        return max((segment.position - segment.start) / elapsed * WORTH_HELPING, LEAST_HELP)

    def release(self, segment: Segment) -> None:
        """Return a segment, complete or not."""
        with self.changed:
            self._plan.release(segment)
            elapsed = self.clock.now() - self._claimed.pop(segment)
            if elapsed > 0 and not segment.left:
                self._ended.append((segment.stop - segment.start) / elapsed)
            self.changed.notify_all()

    def advance(self, segment: Segment, count: int) -> bool:
        """Record written bytes; returns whether the segment needs more."""
        with self.changed:
            self._plan.advance(segment, count)
            due = self._plan.done >= self.wake_at
            if due:
                self.wake_at = math.inf
            more = segment.left > 0 and self.failure is None
            reached = 0 if self._reach is None else self._plan.front
        if self._reach is not None:
            self._reach(reached)
        if due:
            self.claim_due()
        return more

    def ended_rates(self) -> list[float]:
        """The rate of each segment that was completed since the last call, in bytes per second."""
        with self.changed:
            ended, self._ended = self._ended, []
            return ended
