"""The transfer as a whole: first answer, lock, what is there already, the workers, the end.

Everything that decides is elsewhere (`answers`, `plan`, `retry`); this module only puts it in order.
"""

from __future__ import annotations

import logging
import math
import os
import random
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from filelock import SoftFileLock
from filelock import Timeout as LockTimeout

from together_ext.errors import IntegrityError, NotEnoughSpaceError, RemoteChangedError, TransferCancelledError

from .answers import Content, RangesIgnoredError, RemoteChangeError
from .body import Body
from .crew import EAGER, Crew
from .failures import PassingError
from .front import Front
from .interruptible import TICK, interruptible
from .journal import Journal
from .keeper import JournalKeeper
from .partial import LOCK, Partial, storage_errors
from .plan import SMALLEST_SHARE, FrontFirstPlan, Plan
from .progress import DownloadProgress, ProgressCallback, RateMeter
from .retry import Budget, Clock, SystemClock
from .source import Remote
from .stream import Stream
from .target import HEAD, SAMPLE, Head, Target, check_complete
from .watchdog import Watchdog
from .worker import Board, Conditions, Persistence

T = TypeVar("T")

log = logging.getLogger("together_ext.transfer")

DEFAULT_CONNECTIONS: Final = 8
DEFAULT_RETRIES: Final = 8
DEFAULT_TIMEOUT: Final = 30.0

FAR: Final = 0.025
"""Seconds for the first answer from which a server is far away: each further connection takes as long to get going, so
all of them begin at once."""

FAR_SHARE: Final = 1 << 20
"""Bytes below which a further connection does not pay then: each needs several round trips to reach its rate, so many
small shares come sooner than a few large ones."""

FIRST: Final = 8 << 20
"""Bytes of the first request, which tells what the file is and brings its front in the same round trip."""

MOST_VERSIONS: Final = 3
"""Versions of a remote file that are tried before giving up on one that keeps changing."""


@dataclass(frozen=True)
class Fetched:
    """A file that is whole.

    Attributes:
        path: Its absolute path.
        size: Its bytes.
        resumed_from: Bytes of it that were there before.
        etag: The remote file's entity tag; None if it has none.
        found: Whether it had its name before: somebody else's work, or an earlier run's.
    """

    path: Path
    size: int
    resumed_from: int
    etag: str | None
    found: bool = False


@dataclass(frozen=True)
class Options:
    """How to transfer.

    Attributes:
        connections: Connections at the most.
        eager: Connections to begin with when the server is near; more join if each of them turns out to be slow.
        retries: Failures in a row, without progress between them, that are borne.
        overwrite: Whether a different file at the final path may be replaced.
        limit_rate: Bytes a second at the most, for all connections together; None for no limit.
        front: Told how much of the file's front is there, while it grows; the segments are planned to its liking.
        room: Bytes that the disk must have free for each byte of the file, beyond those of the file itself.
        consume: Asked when all bytes are there, before they are made to last: whether the file was put to use from its
            front already, and is not wanted any more. It leaves no file then.
        progress: Called a few times a second.
        cancel: Set from anywhere, it ends the transfer.
        clock: Time.
        jitter: Random numbers from 0 to 1.
    """

    connections: int = DEFAULT_CONNECTIONS
    eager: int = EAGER
    retries: int = DEFAULT_RETRIES
    overwrite: bool = False
    limit_rate: float | None = None
    front: Front | None = None
    consume: Callable[[Fetched], bool] | None = None
    room: float = 0.0
    progress: ProgressCallback | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    clock: Clock = field(default_factory=SystemClock)
    jitter: Callable[[], float] = random.random


def transfer(remote: Remote, target: Target, identity: Mapping[str, str], options: Options) -> Fetched:
    """Make a local file equal to a remote one.

    Args:
        remote: The file.
        target: Where it goes.
        identity: What is asked for; a partial file of another identity is not gone on from.
        options: How.

    Raises:
        TransferError, ApiStatusError: It did not succeed; nothing is at the final path that was not there before.
    """
    try:
        target.prepare()
        for _ in range(MOST_VERSIONS):
            try:
                return _Attempt(remote, target, identity, options).run()
            except RemoteChangeError as error:
                log.warning("starting %s anew: %s", target.stem, error)
    finally:
        if options.front is not None:
            options.front.end()
    raise RemoteChangedError(
        f"could not {remote.action}: the remote file changed {MOST_VERSIONS} times while it was fetched; "
        "try again when it has come to rest"
    )


class _Attempt:
    """One try to fetch one version of a file."""

    def __init__(self, remote: Remote, target: Target, identity: Mapping[str, str], options: Options) -> None:
        self.remote, self.target, self.identity, self.options = remote, target, identity, options
        self.stop = threading.Event()
        self.outer = Conditions(options.retries, options.jitter, options.limit_rate, self.stop, options.clock)
        self.persistence = Persistence(self.outer, remote.action)
        self.meter = RateMeter()
        self.distance = 0.0

    def run(self) -> Fetched:
        with ExitStack() as stack:
            body, head = self._first(stack)
            path = self.target.path(head)
            if not self._locked(path, stack, wait=False):
                log.warning("waiting for another process that fetches %s (it holds %s)", path.name, path.name + LOCK)
                body.close()
                self._locked(path, stack, wait=True)
                # What the first answer said may be hours old.
                body, head = self._first(stack)
                if self.target.path(head) != path:
                    raise RemoteChangeError("the remote file has another format now")
            return self._run_locked(path, body, head)

    def _locked(self, path: Path, stack: ExitStack, *, wait: bool) -> bool:
        """Take the file's lock and let the stack release it; returns whether it was to be had.

        The lock is a file of its own, made exclusively and naming its owner: it holds where `flock` lets everyone
        in (Lustre, some NFS), and a dead owner's is taken over.
        """
        lock = SoftFileLock(path.with_name(path.name + LOCK), thread_local=False)
        stopped = self.options.cancel.is_set
        with storage_errors(path, "lock"):
            try:
                lock.acquire(timeout=-1 if wait else 0, poll_interval=TICK, cancel_check=stopped)
            except LockTimeout:
                if stopped():
                    raise TransferCancelledError from None
                return False
        stack.callback(lock.release)
        return True

    def _run_locked(self, path: Path, body: Body, head: Head) -> Fetched:
        content = body.content
        if not self.options.overwrite and os.path.lexists(path):
            # Its end is asked for next, and a client may allow one connection only.
            body.close()
            self._persistently(lambda: check_complete(path, content.size, head.data, self.remote, self.outer.stop))
            # A crash between the last two steps of an earlier run leaves its journal behind.
            Partial(path).discard()
            size = path.stat().st_size
            self._report(size, size, size, 0)
            return Fetched(path, size, size, content.validator.etag, found=True)
        partial = Partial(path, lasting=self.options.consume is None)
        try:
            if content.partial and content.size is not None and content.validator.strong:
                return self._segmented(partial, body, content, content.size)
            if content.partial and content.stop != content.size:
                body.close()
                body = self._open_whole()
            return self._streamed(partial, body)
        except RangesIgnoredError:
            log.warning("%s: the server does not send parts any more; fetching it in one go", path.name)
            return self._streamed(partial, self._open_whole())
        except RemoteChangeError:
            partial.discard()
            raise
        finally:
            partial.close()

    def _first(self, stack: ExitStack) -> tuple[Body, Head]:
        """The first answer, which the stack will close, and the file's front."""
        # A front that is likely to be there already is asked for only as far as it is needed to know the file.
        stop = SAMPLE if self.target.anything_there() else FIRST

        def opened() -> tuple[Body, Head]:
            began = self.outer.clock.now()
            body = self.remote.open(0, stop)
            self.distance = self.outer.clock.now() - began
            try:
                data = body.read(HEAD, self.outer.stop)
                short = body.content.stop is not None and len(data) < min(body.content.stop, HEAD)
                if short:
                    raise PassingError("the connection ended too early")
                body.unread(data)
            except BaseException:
                body.close()
                raise
            return body, Head(data, body.content.media_type)

        body, head = self._persistently(opened, late=lambda pair: pair[0].close())
        stack.callback(body.close)
        return body, head

    def _open_whole(self) -> Body:
        return self._persistently(lambda: self.remote.open(0, None), late=Body.close)

    def _persistently(self, call: Callable[[], T], *, late: Callable[[T], object] = lambda _: None) -> T:
        """Make a call until it succeeds or the budget is used up; `late` gets what comes after a cancellation."""
        budget = Budget(self.options.retries)

        def repeated() -> T:
            while True:
                self.persistence.gate.pass_through()
                try:
                    return call()
                except PassingError as error:
                    self.persistence.bear(error, budget, done=0)

        return interruptible(repeated, look=self._look, abort=self.stop.set, late=late)

    def _look(self) -> None:
        if self.options.cancel.is_set():
            raise TransferCancelledError

    # Segments ---------------------------------------------------------------------------------------------------------

    def _segmented(self, partial: Partial, body: Body, content: Content, size: int) -> Fetched:
        condition = content.validator.condition or ""
        journal = partial.resume(self.identity, size, condition)
        kept = journal.written
        try:
            partial.check_space(size, kept, room=self.options.room)
        except NotEnoughSpaceError:
            if not kept:
                partial.discard()
            raise
        first = body if not kept else None
        near = self.distance < FAR
        plan = (Plan if self.options.front is None else FrontFirstPlan)(
            size,
            arrived=kept,
            connections=min(self.options.connections, self.options.eager) if near else self.options.connections,
            smallest=SMALLEST_SHARE if near else FAR_SHARE,
            front=content.stop or 0 if first else 0,
        )
        resumed = plan.done
        inner = replace(self.outer, stop=threading.Event())
        board = Board(plan, partial, self.remote, content, inner, distance=self.distance, front=self.options.front)
        if first is None:
            body.close()
        if self.options.front is not None:
            self.options.front.begin(partial.path, size)
            self.options.front.reach(plan.front)
        self._run_workers(board, inner, first, journal, resumed)
        if not board.complete:
            raise IntegrityError(f"could not {self.remote.action}: bytes are missing at the end; run it again")
        return self._settled(partial, Fetched(partial.final, size, resumed, content.validator.etag))

    def _settled(self, partial: Partial, fetched: Fetched) -> Fetched:
        """All bytes are there: make them the file, unless they were put to use already."""
        if self.options.consume is not None and self.options.consume(fetched):
            partial.discard()
        else:
            partial.finish(fetched.size)
        self._report(fetched.size, fetched.size, fetched.resumed_from, 0)
        return fetched

    def _run_workers(self, board: Board, inner: Conditions, first: Body | None, journal: Journal, resumed: int) -> None:
        """Start the workers, keep the journal, report, and see every thread to its end whatever happens."""
        keeper = JournalKeeper(board, journal)
        crew = Crew(board, inner, self.options.connections)
        watchdog = Watchdog[Body]()
        reported = -math.inf
        try:
            crew.start(first)
            while self._wait(board):
                crew.reinforce()
                if (now := self.outer.clock.now()) - reported >= TICK:
                    reported = now
                    done, _, active = board.status()
                    self._report(done, journal.size, resumed, active)
                    for crawling in watchdog.look(now, board.positions()):
                        crawling.drop()
        finally:
            ended = crew.dismiss()
            keeper.close()
            if not ended:
                # Somebody waits for a connection or an answer, and writes nothing after that: nobody waits for that,
                # but the file may not be closed under it.
                board.partial.abandon()
        if board.failure is not None:
            raise board.failure

    def _wait(self, board: Board) -> bool:
        """Wait for a tick; returns whether the workers are still at it."""
        with board.changed:
            if not board.over and board.failure is None:
                board.changed.wait(TICK)
            over = board.over or board.failure is not None
        self._look()
        return not over

    # One stream -------------------------------------------------------------------------------------------------------

    def _streamed(self, partial: Partial, body: Body) -> Fetched:
        """Fetch a file that cannot be asked for in parts, or cannot be told from another version of it."""
        partial.start()
        stream = Stream(partial, body, self.outer, self.options.front, self.options.room)
        budget = Budget(self.options.retries)

        def look() -> None:
            self._look()
            self._report(stream.done, stream.body.content.size, 0, 1)

        def abort() -> None:
            self.stop.set()
            stream.body.abort()

        try:
            while True:
                try:
                    interruptible(stream.copy, look=look, abort=abort)
                    break
                except PassingError as error:
                    # Progress does not renew the budget here: every try begins at 0.
                    self.persistence.bear(error, budget, done=0)
                    stream.begin_anew(self._open_whole())
            head = Head(partial.read(HEAD), stream.body.content.media_type)
            if self.target.path(head) != partial.final:
                raise RemoteChangeError("the remote file has another format now")
            return self._settled(partial, Fetched(partial.final, stream.done, 0, stream.body.content.validator.etag))
        except BaseException:
            # Without a strong validator nothing of it could be used again.
            partial.discard()
            raise

    def _report(self, done: int, total: int | None, resumed: int, connections: int) -> None:
        if self.options.progress is None:
            return
        rate = self.meter.rate(self.outer.clock.now(), done)
        left = (total - done) / rate if total is not None and rate > 0 else None
        self.options.progress(DownloadProgress(done, total, resumed, rate, left, connections))
