"""The work of one connection: claim a segment, request it, write its bytes; and the state that all workers share."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import httpx

from together_ext.clock import Clock, SystemClock
from together_ext.errors import TransferCancelledError

from .body import Body
from .failures import DroppedError, PassingError, cut_short
from .network.pauses import Pauses
from .plan import Plan, Segment, Spans
from .progress import Standing
from .responses import Content, RemoteChangeError, check_same
from .retry import Budget, Gate, Retry, backoff
from .sink import BUFFER, Sink
from .source import Remote
from .throttle import Throttle

log = logging.getLogger("together_ext.transfer")

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

PROGRESS: Final = 64 << 10
"""Minimum number of bytes that count as progress and reset the budget of retries."""


@dataclass(frozen=True)
class Conditions:
    """The limits and the clock of a transfer.

    Attributes:
        retries: Maximum number of consecutive failures, without progress between them, that are retried.
        jitter: Returns random numbers from 0 to 1.
        limit_rate: Maximum rate of all connections together in bytes per second; None for no limit.
        stop: Set to end the transfer.
        clock: The clock.
        keeps: Whether a rerun resumes from the downloaded bytes.
        pauses: The `Retry-After` of each host; shared with the other downloads of a batch.
    """

    retries: int
    jitter: Callable[[], float]
    limit_rate: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Clock = field(default_factory=SystemClock)
    keeps: bool = True
    pauses: Pauses = field(default_factory=Pauses)


class Persistence:
    """Retries failures after a pause that all connections share, up to the budget.

    Args:
        conditions: Limits and clock of the transfer.
        action: What the caller does, to follow "could not" in errors.
        place: Returns the address of the next request; None if it may be redirected to another host.
    """

    def __init__(
        self, conditions: Conditions, action: str, place: Callable[[], httpx.URL | None] = lambda: None
    ) -> None:
        self._conditions, self._action = conditions, action
        self.gate = Gate(conditions.clock, conditions.stop, lambda now: conditions.pauses.left(place(), now))
        self._lock = threading.Lock()
        self._next: Retry | None = None

    @property
    def retry(self) -> Retry | None:
        """The pending retry; None if there is none."""
        left, found = self.gate.left, self._next
        if left <= 0:
            return None
        if found is None or not self.gate.own:
            found = Retry("the server has asked another download to wait", 1, self._conditions.retries, left)
        return replace(found, seconds=left)

    def tolerate(self, error: PassingError, budget: Budget, *, done: int) -> None:
        """Count a failure, and close the gate until the next retry.

        Args:
            error: The failure.
            budget: Counts the consecutive failures.
            done: Number of bytes that have arrived so far.

        Raises:
            ApiStatusError: The budget is used up; the server refuses.
            IntegrityError: The budget is used up; the responses violate HTTP.
            TransferInterruptedError: The budget is used up; the network fails.
            TransferCancelledError: The transfer was stopped.
        """
        if self._conditions.stop.is_set():
            raise TransferCancelledError from error
        if error.url is not None and error.retry_after is not None:
            self._conditions.pauses.hold(error.url, self._conditions.clock.now() + error.retry_after)
        with self._lock:
            if self.gate.own > 0:
                # Connections that break during the pause broke together with the first one: the failure counts once.
                self.gate.close_for(error.retry_after or 0.0)
                return
            failures = budget.failed(done, enough=PROGRESS, tries=error.tries)
            if failures is None:
                kept = done if self._conditions.keeps else 0
                raise error.final(self._action, budget.failures, kept) from error
            wait = backoff(failures, retry_after=error.retry_after, jitter=self._conditions.jitter())
            log.info("%s: consecutive failure %d (%s); retrying in %.1f s", self._action, failures, error, wait)
            self._next = Retry(str(error), failures, failures + budget.left, wait)
            self.gate.close_for(wait)


class Board:
    """The state that the workers of a segmented transfer share; `changed` guards it.

    Attributes:
        stop: Set to end the workers, and nothing else of the transfer.
    """

    def __init__(  # noqa: PLR0913 -- the shared state
        self,
        plan: Plan,
        sink: Callable[[], Sink],
        remote: Remote,
        content: Content,
        conditions: Conditions,
        *,
        distance: float = 0.0,
        reach: Callable[[int], object] | None = None,
    ) -> None:
        """Share a plan.

        Args:
            plan: The bytes to download.
            sink: Returns where a worker puts its bytes.
            remote: The remote file.
            content: The first response of the transfer, which later ones are compared with.
            conditions: Limits and clock of the transfer.
            distance: Round-trip time to the server in seconds.
            reach: Called with the number of bytes at the beginning that have arrived; None if there is no reader.
        """
        conditions = replace(conditions, stop=threading.Event())
        self.sink, self.remote, self.content = sink, remote, content
        self.clock, self.stop, self._keeps = conditions.clock, conditions.stop, conditions.keeps
        self.persistence = Persistence(conditions, remote.action, lambda: remote.place)
        # One budget for all, because a segment of a failed connection is taken over by another.
        self.budget = Budget(conditions.retries)
        self.throttle = Throttle(conditions.limit_rate, conditions.clock, conditions.stop)
        self.changed = threading.Condition()
        # Set by the journal keeper: the worker that reaches `wake_at` bytes calls `claim_due`.
        self.wake_at: float = math.inf
        self.claim_due: Callable[[], None] = lambda: None
        self._reach = reach
        self._plan = plan
        self._bodies: dict[Body, Segment] = {}
        self._claimed: dict[Segment, float] = {}
        self._ended: list[float] = []
        self._patience = max(RECONSIDER, GETTING_GOING * min(distance, LONGEST_TRIP))
        self._running = 0
        self.failure: BaseException | None = None

    def status(self) -> tuple[int, Spans, int]:
        """The number of downloaded bytes, their spans, and the number of active connections."""
        with self.changed:
            return self._plan.done, self._plan.arrived, len(self._bodies)

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
        with self.changed:
            bodies = list(self._bodies)
        for body in bodies:
            body.abort()

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

    def watch(self, body: Body, segment: Segment) -> None:
        """Register a body for `abort` and the watchdog."""
        with self.changed:
            self._bodies[body] = segment

    def positions(self) -> dict[Body, int]:
        """The position of each body: the offset of its next byte."""
        with self.changed:
            return {body: segment.position for body, segment in self._bodies.items()}

    def ended_rates(self) -> list[float]:
        """The rate of each segment that was completed since the last call, in bytes per second."""
        with self.changed:
            ended, self._ended = self._ended, []
            return ended

    def forget(self, body: Body) -> None:
        """Remove a body from `abort` and the watchdog."""
        with self.changed:
            self._bodies.pop(body, None)


def work(board: Board, segment: Segment | None, first: Body | None) -> None:
    """Download segments until none is left: the target of a worker thread.

    Args:
        board: The state that the workers share.
        segment: The first segment, if it is already claimed; else None.
        first: An open body that starts at that segment; else None.
    """
    failure: BaseException | None = None
    try:
        sink = board.sink()
        while (segment := segment or board.claim()) is not None:
            try:
                body, first = first, None
                _fetch(board, segment, sink, body)
            except DroppedError:
                log.info("a connection was too slow; its remainder is downloaded over another one")
            except PassingError as error:
                board.persistence.tolerate(error, board.budget, done=board.status()[0])
            finally:
                board.release(segment)
            segment = None
    except BaseException as error:  # noqa: BLE001 -- raised again in the waiting thread
        failure = error
    finally:
        board.leave(failure)


def _fetch(board: Board, segment: Segment, sink: Sink, body: Body | None) -> None:
    while segment.left:
        if body is None:
            board.persistence.gate.pass_through()
            body = board.remote.open(segment.position, segment.stop, condition=board.content.validator.condition)
        with body:
            check_same(board.content, body.content, start=segment.position)
            board.watch(body, segment)
            try:
                _copy(board, segment, sink, body)
            finally:
                board.forget(body)
        body = None


def _copy(board: Board, segment: Segment, sink: Sink, body: Body) -> None:
    """Copy a body to the sink until the body or the segment ends."""
    stop = body.content.stop
    if stop is None:
        raise RemoteChangeError("the remote file no longer has a known length")
    body.portion = portion = board.portion
    while (wanted := min(segment.stop, stop) - segment.position) > 0:
        buffer = sink.buffer(segment.position, min(wanted, portion))
        count = body.fill(buffer, board.stop)
        if count == 0:
            raise cut_short(segment.position - body.content.start, stop - body.content.start)
        # Without the lock: if another connection has taken over the second half meanwhile, it takes the same bytes.
        sink.accept(buffer[:count], segment.position)
        if not board.advance(segment, count):
            return
        board.throttle.take(count)
