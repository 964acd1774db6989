"""One connection's work: claim a segment, ask for it, put its bytes in place; and the board that all workers share."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from together_ext.errors import TransferCancelledError, TransferInterruptedError

from .answers import Content, RemoteChangeError, check_same
from .body import Body
from .failures import DroppedError, PassingError
from .front import Front
from .partial import Partial
from .plan import Plan, Segment, Spans
from .retry import Budget, Clock, Gate, SystemClock, backoff
from .source import Remote
from .throttle import Throttle

log = logging.getLogger("together_ext.transfer")

BUFFER: Final = 1 << 20
"""Bytes that are gathered for one write: large writes are much cheaper for the kernel than small ones."""

WORTH_HELPING: Final = 0.5
"""Seconds that a segment must still take for another connection to take over its rear."""

RECONSIDER: Final = 0.2
"""Seconds after which something is known of a connection's rate."""

GETTING_GOING: Final = 8
"""Round trips until a connection has reached its rate: two to be opened, the others for TCP's slow start."""

LONGEST_WAY: Final = 0.25
"""Seconds of a round trip at the most: what takes longer is a server that thinks."""

LEAST_HELP: Final = 4 << 20
"""Bytes that it must have left at any rate: about as many may be on their way already, and would come in vain."""

PROGRESS: Final = 64 << 10
"""Bytes that count as progress and give back the whole budget of retries."""


@dataclass(frozen=True)
class Conditions:
    """The outside world and the limits of a transfer.

    Attributes:
        retries: Failures in a row, without progress between them, that are borne.
        stop: Set by whoever wants the transfer to end.
        clock: Time.
        jitter: Random numbers from 0 to 1.
        limit_rate: Bytes a second at the most, for all connections together; None for no limit.
    """

    retries: int
    jitter: Callable[[], float]
    limit_rate: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    clock: Clock = field(default_factory=SystemClock)


class Persistence:
    """Bears failures that may pass: waits, for all connections at once, or gives up."""

    def __init__(self, conditions: Conditions, action: str) -> None:
        self._conditions, self._action = conditions, action
        self.gate = Gate(conditions.clock, conditions.stop)
        self._lock = threading.Lock()

    def bear(self, error: PassingError, budget: Budget, *, done: int, enough: int = PROGRESS) -> None:
        """Note a failure and close the gate for a while.

        Args:
            error: What went wrong.
            budget: Counts the failures in a row.
            done: Bytes that have arrived so far.
            enough: Bytes that count as progress.

        Raises:
            ApiStatusError: The budget is used up, and the server's refusals did it.
            TransferInterruptedError: The budget is used up.
        """
        if self._conditions.stop.is_set():
            raise TransferCancelledError from error
        with self._lock:
            if self.gate.closed:
                # What breaks while everybody keeps away broke together with what they keep away for: it counts once.
                self.gate.close_for(error.retry_after or 0.0)
                return
            failures = budget.failed(done, enough=enough)
            if failures is None:
                if error.refusal is not None:
                    raise error.refusal
                raise TransferInterruptedError(
                    f"could not {self._action}: {error}, {self._conditions.retries + 1} times in a row; "
                    "run it again when the network is back"
                    + (f" ({done:,} bytes are kept and will not be fetched again)" if done else "")
                ) from error
            wait = backoff(failures, retry_after=error.retry_after, jitter=self._conditions.jitter())
            log.info("%s: failure %d in a row (%s); trying again in %.1f s", self._action, failures, error, wait)
            self.gate.close_for(wait)


class Board:
    """What the workers of one segmented transfer share; `changed` guards all of it."""

    def __init__(  # noqa: PLR0913 -- what there is to share
        self,
        plan: Plan,
        partial: Partial,
        remote: Remote,
        content: Content,
        conditions: Conditions,
        *,
        distance: float = 0.0,
        front: Front | None = None,
    ) -> None:
        """Share a plan; `distance` is the round trip to the server in seconds, `front` wants to know what is there."""
        self.partial, self.remote, self.content = partial, remote, content
        self.clock = conditions.clock
        self.persistence = Persistence(conditions, remote.action)
        # One for all, since a segment that one connection gives back is taken over by another.
        self.budget = Budget(conditions.retries)
        self.throttle = Throttle(conditions.limit_rate, conditions.clock, conditions.stop)
        self.changed = threading.Condition()
        # The journal's: it is due when so many bytes have come, and written by the worker that notices.
        self.wake_at: float = math.inf
        self.claim_due: Callable[[], None] = lambda: None
        self._front = front
        self._plan = plan
        self._bodies: dict[Body, Segment] = {}
        self._claimed: dict[Segment, float] = {}
        self._patience = max(RECONSIDER, GETTING_GOING * min(distance, LONGEST_WAY))
        self._running = 0
        self.failure: BaseException | None = None

    def status(self) -> tuple[int, Spans, int]:
        """Bytes done, the spans they are in, and how many connections are at work."""
        with self.changed:
            return self._plan.done, self._plan.arrived, self._plan.active

    @property
    def over(self) -> bool:
        """Whether no worker runs any more; call it with `changed` held."""
        return self._running == 0

    @property
    def complete(self) -> bool:
        """Whether every byte has arrived."""
        return self._plan.complete

    def enter(self) -> None:
        """Count a worker in, before its thread starts."""
        with self.changed:
            self._running += 1

    def leave(self, failure: BaseException | None) -> None:
        """Count a worker out; the first failure ends the others' work too."""
        with self.changed:
            self._running -= 1
            if failure is not None and self.failure is None:
                self.failure = failure
            self.changed.notify_all()
        if failure is not None:
            self.abort()

    def abort(self) -> None:
        """Wake up every worker that waits for bytes."""
        with self.changed:
            bodies = list(self._bodies)
        for body in bodies:
            body.abort()

    def spread(self, connections: int) -> None:
        """Divide the work evenly among so many connections."""
        with self.changed:
            self._plan.spread(connections)
            self.changed.notify_all()

    def opening(self) -> list[Segment]:
        """The segments to begin with, in order, each for a connection of its own."""
        with self.changed:
            # Nothing is taken from one another yet.
            claimed = (self._plan.claim(lambda _: math.inf) for _ in range(self._plan.waiting))
            segments = [segment for segment in claimed if segment is not None]
            self._claimed |= dict.fromkeys(segments, self.clock.now())
            return segments

    def claim(self) -> Segment | None:
        """The next segment to fetch; waits while there may be one later, and gives None when there will be none."""
        with self.changed:
            while self.failure is None and not self._plan.complete:
                segment = self._plan.claim(self._least)
                if segment is not None:
                    self._claimed[segment] = self.clock.now()
                    return segment
                self.changed.wait(RECONSIDER)
            return None

    def _least(self, segment: Segment) -> float:
        """Bytes that a segment must have left for another connection to help: those of half a second, and some.

        So a fast transfer ends without further requests, and a slow connection is never left alone with much.
        """
        elapsed = self.clock.now() - self._claimed[segment]
        if elapsed < self._patience:
            return math.inf  # Nothing is known of it yet.
        return max((segment.position - segment.start) / elapsed * WORTH_HELPING, LEAST_HELP)

    def release(self, segment: Segment) -> None:
        """Give a segment back, finished or not."""
        with self.changed:
            self._plan.release(segment)
            self._claimed.pop(segment, None)
            self.changed.notify_all()

    def advance(self, segment: Segment, count: int) -> bool:
        """Note bytes that were written; returns whether the segment wants more."""
        with self.changed:
            self._plan.advance(segment, count)
            due = self._plan.done >= self.wake_at
            if due:
                self.wake_at = math.inf
            more = segment.left > 0 and self.failure is None
            reached = 0 if self._front is None else self._plan.front
        if self._front is not None:
            self._front.reach(reached)
        if due:
            self.claim_due()
        return more

    def watch(self, body: Body, segment: Segment) -> None:
        """Let `abort` reach a body, and the watchdog see how it gets on."""
        with self.changed:
            self._bodies[body] = segment

    def positions(self) -> dict[Body, int]:
        """How far each body has got."""
        with self.changed:
            return {body: segment.position for body, segment in self._bodies.items()}

    def forget(self, body: Body) -> None:
        """Let `abort` reach it no more."""
        with self.changed:
            self._bodies.pop(body, None)


def work(board: Board, conditions: Conditions, segment: Segment | None, first: Body | None) -> None:
    """Fetch segments until none is left: a worker thread's whole life.

    Args:
        board: What the workers share.
        conditions: The outside world.
        segment: The first segment, if it is claimed already.
        first: A body that is open already and begins where that segment does.
    """
    failure: BaseException | None = None
    buffer = memoryview(bytearray(BUFFER))
    try:
        while (segment := segment or board.claim()) is not None:
            try:
                body, first = first, None
                _fetch(board, conditions, segment, buffer, body)
            except DroppedError:
                log.info("a connection crawled; its rest is fetched over another one")
            except PassingError as error:
                board.persistence.bear(error, board.budget, done=board.status()[0])
            finally:
                board.release(segment)
            segment = None
    except BaseException as error:  # noqa: BLE001 -- it is raised again in the thread that waits
        failure = error
    finally:
        board.leave(failure)


def _fetch(board: Board, conditions: Conditions, segment: Segment, buffer: memoryview, body: Body | None) -> None:
    while segment.left:
        if body is None:
            board.persistence.gate.pass_through()
            body = board.remote.open(segment.position, segment.stop, condition=board.content.validator.condition)
        with body:
            check_same(board.content, body.content, start=segment.position)
            board.watch(body, segment)
            try:
                _copy(board, conditions, segment, buffer, body)
            finally:
                board.forget(body)
        body = None


def _copy(board: Board, conditions: Conditions, segment: Segment, buffer: memoryview, body: Body) -> None:
    """Take a body's bytes to their place, until it ends or the segment does."""
    stop = body.content.stop
    if stop is None:
        raise RemoteChangeError("the remote file has no length any more")
    portion = min(board.throttle.portion or BUFFER, BUFFER)
    while (wanted := min(segment.stop, stop) - segment.position) > 0:
        count = body.fill(buffer[: min(wanted, portion)], conditions.stop)
        if count == 0:
            raise PassingError("the connection ended too early")
        # Outside the lock; another connection may have taken over the rear meanwhile, and then writes the same there.
        board.partial.write(buffer[:count], segment.position)
        if not board.advance(segment, count):
            return
        board.throttle.take(count)
