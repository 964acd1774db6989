"""The order of a download: first response, lock, existing bytes, workers, final name.

The decisions are made elsewhere (`responses`, `plan`, `retry`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from together_ext.errors import (
    IntegrityError,
    LockTimeoutError,
    NotEnoughSpaceError,
    RemoteChangedError,
    TransferCancelledError,
)
from together_ext.leases import Lease, Patience
from together_ext.storage import storage_errors

from .board import Board
from .body import Body
from .crew import Crew
from .failures import PassingError
from .interruptible import interruptible
from .journal import Journal
from .keeper import JournalKeeper
from .mark import Mark, mark_of
from .network.headers import UNDELIMITED
from .options import Fetched, Options
from .partial import Partial, lock_path
from .plan import FrontFirstPlan, Plan, Span, covered, without
from .progress import Standing
from .responses import Content, RangesIgnoredError, RemoteChangeError
from .retry import Budget
from .session import FIRST, Session
from .sink import FileSink
from .source import Remote
from .target import HEAD, SAMPLE, Head, Target, check_identical, check_intact, tail_matches
from .whole import Whole

log = logging.getLogger("together_ext.transfer")

MOST_VERSIONS: Final = 3
"""Maximum number of downloads of a remote file that keeps changing."""


def transfer(remote: Remote, target: Target, identity: Mapping[str, str], options: Options) -> Fetched:
    """Make a local file equal to a remote one; after a failure, the final path is unchanged.

    Args:
        remote: The remote file.
        target: The local file.
        identity: What identifies the request; a partial file of another request is not resumed.
        options: How to transfer.

    Returns:
        The complete file.

    Raises:
        ApiStatusError: The server refuses.
        TransferInterruptedError: The retries are used up; a rerun resumes.
        TransferCancelledError: The caller stopped the transfer; a rerun resumes.
        IntegrityError: The responses contradict one another, or the file is incomplete.
        RemoteChangedError: The remote file keeps changing.
        TargetExistsError: A different file exists at the final path.
        LockTimeoutError: Another process still downloads the file after `options.lock_timeout` seconds.
        StorageError: The disk or its permissions do not allow it.
    """
    try:
        target.prepare()
        for _ in range(MOST_VERSIONS):
            attempt = _Attempt(remote, target, identity, options)
            try:
                return attempt.run()
            except RemoteChangeError as error:
                log.warning("restarting %s: %s", target.stem, error)
            except TransferCancelledError as error:
                standing = attempt.session.standing()
                raise TransferCancelledError(standing.done if standing.resumable else 0) from error.__cause__
    finally:
        if options.front is not None:
            options.front.end()
    raise RemoteChangedError(
        f"could not {remote.action}: the remote file changed {MOST_VERSIONS} times during the download; "
        "try again when it no longer changes"
    )


class _Attempt:
    """One attempt to download one version of a file."""

    def __init__(self, remote: Remote, target: Target, identity: Mapping[str, str], options: Options) -> None:
        self.remote, self.target, self.identity, self.options = remote, target, identity, options
        self.session = Session(remote, options, keeps=True)

    def run(self) -> Fetched:
        with ExitStack() as stack:
            if (found := self._found(stack)) is not None:
                return found
            body, head = self._first(stack)
            path = self.target.path(head)
            self.session.reporter.file = path.name
            try:
                lease = self._leased(path, stack, timeout=0)
            except LockTimeoutError:
                if self.options.lock_timeout == 0:
                    raise
                body.close()
                lease = self._leased(path, stack, timeout=self.options.lock_timeout)
                # The first response may be hours old by now.
                body, head = self._first(stack)
                if self.target.path(head) != path:
                    raise RemoteChangeError("the format of the remote file has changed") from None
            return self._run_locked(path, body, head, lease)

    def _found(self, stack: ExitStack) -> Fetched | None:
        """The complete file of an earlier run, by one byte of the remote file: its size and version."""
        marked = None if self.options.overwrite else self.target.marked(self.remote.fingerprint)
        if marked is None:
            return None
        path, mark = marked
        self.session.reporter.file = path.name
        body, _ = self.session.first(1, stack)
        body.close()
        content = body.content
        return self._kept(path, mark.size, content) if mark_of(self.remote.fingerprint, content) == mark else None

    def _kept(self, path: Path, size: int, content: Content) -> Fetched:
        self.session.reporter.report(Standing(size, size, size), last=True)
        return Fetched(path, size, size, content.validator.etag, found=True)

    def _first(self, stack: ExitStack) -> tuple[Body, Head]:
        """The first response, and the beginning of the file."""
        # If the beginning is probably downloaded already, only enough of it to identify the file is requested.
        return self.session.first(SAMPLE if self.target.was_begun() else FIRST, stack)

    def _leased(self, path: Path, stack: ExitStack, *, timeout: float | None) -> Lease:
        """Acquire the lease of the file; the stack releases it."""
        patience = Patience(
            timeout,
            self.options.cancel.is_set,
            pause=self.options.cancel.wait,
            waiting=lambda waiting: self.session.reporter.report(Standing(holder=waiting.holder)),
        )
        with storage_errors(path, "lock"):
            return stack.enter_context(Lease.acquire(lock_path(path), f"downloads {path.name}", patience))

    def _run_locked(self, path: Path, body: Body, head: Head, lease: Lease) -> Fetched:
        content = body.content
        self.session.standing = self.session.connecting(content.size)
        if not self.options.overwrite and os.path.lexists(path):
            # The end of the file is requested next, and a client may allow only one connection.
            body.close()
            self.session.persistently(
                lambda: check_identical(path, content.size, head.data, self.remote, self.session.stop)
            )
            proven = check_intact(path, self.target.structure, self.session.look)
            # A crash between the last two steps of an earlier run leaves its journal.
            Partial(path).discard()
            kept = self._kept(path, path.stat().st_size, content)
            return replace(kept, verified="structure") if proven else kept
        lasting = self.options.consume is None and self.options.durable
        partial = Partial(path, lasting=lasting, durable=self.options.durable, guard=lease.check)
        try:
            if content.partial and content.size is not None and content.validator.strong:
                return self._segmented(partial, body, content, content.size)
            if content.partial and content.stop != content.size:
                body.close()
                body = self.session.open_whole()
            return self._streamed(partial, body)
        except RangesIgnoredError:
            log.warning("%s: the server no longer supports byte ranges; downloading in one request", path.name)
            return self._streamed(partial, self.session.open_whole())
        except RemoteChangeError:
            partial.discard()
            raise
        finally:
            partial.close()

    # Segments ---------------------------------------------------------------------------------------------------------

    def _segmented(self, partial: Partial, body: Body, content: Content, size: int) -> Fetched:
        condition = content.validator.condition or ""
        journal = partial.resume(self.identity, size, condition)
        resuming = bool(journal.written)
        if resuming:
            body.close()  # a client may allow only one connection
            self.session.standing = self.session.connecting(size, covered(journal.written))
            journal = self._confirmed(partial, journal, content)
        kept = journal.written
        self.session.standing = self.session.connecting(size, covered(kept))
        try:
            partial.check_space(size, kept, room=self.options.room)
        except NotEnoughSpaceError:
            if not kept:
                partial.discard()
            raise
        first = None if resuming else body
        front = self.options.front
        plan = (Plan if front is None else FrontFirstPlan)(
            size,
            arrived=kept,
            connections=self.session.opening,
            smallest=self.session.smallest,
            front=content.stop or 0 if first else 0,
        )
        resumed = plan.done
        reach = None if front is None else front.reach
        board = Board(plan, lambda: FileSink(partial), self.session, content, reach=reach)
        if front is not None:
            front.begin(partial.path, size)
            front.reach(plan.front)
        self.session.standing = lambda: board.standing(resumed, resumable=True)
        self._run_workers(Crew(board, self.options.connections), first, JournalKeeper(board, partial, journal), partial)
        if not board.complete:
            raise IntegrityError(f"could not {self.remote.action}: bytes are missing; run it again")
        fetched = Fetched(partial.final, size, resumed, content.validator.etag)
        return self._settled(partial, fetched, mark_of(self.remote.fingerprint, content))

    def _settled(self, partial: Partial, fetched: Fetched, mark: Mark | None) -> Fetched:
        """Give the complete file its final name, unless the caller has consumed it."""
        self.session.standing = lambda: Standing(fetched.size, fetched.size, fetched.resumed_from)
        if self.options.consume is not None and self.options.consume(fetched):
            # Decoding the whole file proves more than any header.
            fetched = replace(fetched, verified="structure")
            partial.discard()
        else:
            if self._is_complete(partial, fetched.size):
                fetched = replace(fetched, verified="structure")
            partial.finish(fetched.size, mark)
        self.session.reporter.report(Standing(fetched.size, fetched.size, fetched.resumed_from), last=True)
        return fetched

    def _is_proven(self, partial: Partial, size: int) -> bool:
        """Whether the structure of the content proves that it is complete; an `IntegrityError` says that it is not."""
        structure = self.target.structure
        return structure is not None and structure(partial.read, size, self.session.look)

    def _is_complete(self, partial: Partial, size: int) -> bool:
        """Whether the content proves that the file is complete; raises `IntegrityError` if it proves the opposite."""
        try:
            return self._is_proven(partial, size)
        except IntegrityError as error:
            # A rerun must not resume from these bytes.
            partial.discard()
            raise IntegrityError(f"could not {self.remote.action}: {error}") from error

    def _confirmed(self, partial: Partial, journal: Journal, content: Content) -> Journal:
        """The journal without the spans whose last bytes differ from the remote file."""

        def matches(span: Span) -> bool:
            return self.session.persistently(
                lambda: tail_matches(partial, span, self.remote, content, self.session.stop)
            )

        wrong = [span for span in journal.written if not matches(span)]
        if not wrong:
            return journal
        name = partial.final.name
        log.warning("%s: %d kept spans differ from the remote file and are downloaded again", name, len(wrong))
        return replace(journal, written=without(journal.written, wrong), flushed=without(journal.flushed, wrong))

    def _run_workers(self, crew: Crew, first: Body | None, keeper: JournalKeeper, partial: Partial) -> None:
        """Run the workers, keep the journal, report progress, and end every thread in all cases."""
        try:
            crew.run(first, self.session.look)
        finally:
            keeper.close()
            if not crew.ended:
                # A thread still waits for a connection or a response. It writes nothing after that and is left to its
                # timeout, but its file must not be closed.
                partial.abandon()

    # One stream -------------------------------------------------------------------------------------------------------

    def _expect_end(self, partial: Partial, size: int) -> None:
        """Check by its content that a body is complete which only the end of the connection delimits."""
        try:
            complete = self._is_proven(partial, size)
        except IntegrityError as error:
            raise PassingError(f"the connection ended too early: {error}") from error
        if not complete:
            raise IntegrityError(f"could not {self.remote.action}: {UNDELIMITED}")

    def _streamed(self, partial: Partial, body: Body) -> Fetched:
        """Download a file in one request: without byte ranges, or without a strong validator."""
        if not body.content.delimited and self.target.structure is None:
            raise IntegrityError(f"could not {self.remote.action}: {UNDELIMITED}")
        partial.start()
        front = self.options.front
        reach = front.reach if front is not None else lambda _: None
        whole = Whole(FileSink(partial), body, self.session, reach)
        budget = Budget(self.options.retries)

        def standing() -> Standing:
            total = whole.body.content.size
            return Standing(whole.done, total, connections=int(whole.open), retry=self.session.persistence.retry)

        def abort() -> None:
            self.session.stop.set()
            whole.abort()

        self.session.standing = standing
        try:
            while True:
                try:
                    interruptible(lambda: self._copy(whole, partial), look=self.session.look, abort=abort)
                    if not whole.body.content.delimited:
                        self._expect_end(partial, whole.done)
                    break
                except PassingError as error:
                    # Progress does not reset the budget here: every attempt starts at 0.
                    self.session.persistence.tolerate(error, budget, done=0)
                    partial.truncate()
                    whole.restart(self.session.open_whole())
            head = Head(partial.read(0, HEAD), whole.body.content.media_type)
            if self.target.path(head) != partial.final:
                raise RemoteChangeError("the format of the remote file has changed")
            content = whole.body.content
            fetched = Fetched(partial.final, whole.done, 0, content.validator.etag)
            return self._settled(partial, fetched, mark_of(self.remote.fingerprint, content))
        except BaseException:
            # Without a strong validator it cannot be resumed.
            partial.discard()
            raise

    def _copy(self, whole: Whole, partial: Partial) -> None:
        size, front = whole.body.content.size, self.options.front
        with whole.body:
            if size is not None:
                partial.check_space(size, (), room=self.options.room)
                if front is not None:
                    front.begin(partial.path, size)
            whole.copy()
        if size is None and front is not None:
            # The length is known only now: the reader gets everything at once, and must not wait forever.
            front.begin(partial.path, whole.done)
            front.reach(whole.done)
