"""The downloading side of an ordered stream: fills its ring in a separate thread, over one or more connections."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from together_ext.clock import started
from together_ext.errors import RemoteChangedError, TransferCancelledError

from .board import Board
from .body import Body
from .crew import Crew
from .failures import PassingError
from .interruptible import FAREWELL
from .network.headers import UNDELIMITED
from .options import StreamOptions
from .progress import Standing
from .responses import (
    Content,
    NotResumableError,
    RangesIgnoredError,
    RemoteChangeError,
    UndelimitedError,
    check_same,
)
from .retry import Budget
from .ring import Ring
from .session import FIRST, Session
from .source import Remote
from .whole import Whole
from .window import BLOCK, WindowPlan

log = logging.getLogger("together_ext.transfer")


class Feed:
    """The transfer behind one ordered stream.

    Attributes:
        content: What the first response says about the file.
        ring: The bytes that have arrived.
        taken: Number of bytes that the reader has taken.
    """

    def __init__(self, remote: Remote, options: StreamOptions) -> None:
        """Send the first request, and start to download.

        Args:
            remote: The remote file.
            options: How to transfer.

        Raises:
            ApiStatusError, TransferError: The file cannot be downloaded, or the end of it would not be noticed.
        """
        self._remote, self._options = remote, options
        self._session = Session(remote, options, keeps=False)
        blocks = max(options.window // BLOCK, 1)
        self.ring, self.taken = Ring(blocks), 0
        self._abort: Callable[[], object] = lambda: None
        self._release: Callable[[int], object] = lambda _: None
        with ExitStack() as stack:
            body, _ = self._session.first(min(FIRST, blocks * BLOCK), stack)
            self.content = body.content
            if not body.content.delimited:
                raise UndelimitedError(f"could not {remote.action}: {UNDELIMITED}")
            self._thread = threading.Thread(target=self._run, args=(body, stack.pop_all()), daemon=True)
        self._session.standing = self._session.connecting(self.content.size)
        started(self._thread)

    # The reader's side ------------------------------------------------------------------------------------------------

    def take(self, count: int) -> None:
        """Make room: the reader has taken the first `count` bytes."""
        self.taken = count
        self.ring.release(count)
        self._release(count)

    def look(self) -> None:
        """Report the progress if that is due; raises `TransferCancelledError` after a cancellation."""
        self._session.look()

    def finished(self) -> None:
        """Report that the reader has everything."""
        self._session.reporter.report(Standing(self.taken, self.taken), last=True)

    def close(self) -> None:
        """End the transfer; returns when its threads have ended, or are known to wait for nothing but a response."""
        self._session.stop.set()
        self.ring.close()
        self._abort()
        self._thread.join(FAREWELL)

    # The thread -------------------------------------------------------------------------------------------------------

    def _run(self, body: Body, stack: ExitStack) -> None:
        failure: BaseException | None = None
        try:
            with stack:
                self._deliver(body)
        except RemoteChangeError as error:
            failure = RemoteChangedError(
                f"could not {self._remote.action}: {error}, and bytes of the earlier version were read already; "
                "run it again"
            )
            failure.__cause__ = error
        except BaseException as error:  # noqa: BLE001 -- raised again in the reader's thread
            failure = error
        self.ring.end(failure)

    def _deliver(self, body: Body) -> None:
        content = body.content
        if content.partial and content.size is not None and content.validator.strong:
            try:
                self._segmented(body, content, content.size)
            except RangesIgnoredError:
                log.warning("%s: the server no longer supports byte ranges", self._remote.action)
                body = self._opened_whole()
            else:
                return
        elif content.partial and content.stop != content.size:
            body.close()
            body = self._opened_whole()
        self._in_one(body, content)

    def _segmented(self, body: Body, content: Content, size: int) -> None:
        """Download the file over several connections."""
        plan = WindowPlan(
            size,
            window=self._options.window,
            connections=self._session.opening,
            smallest=self._session.smallest,
            front=content.stop or 0,
        )
        board = Board(plan, lambda: self.ring, self._session, content, reach=self.ring.reach)

        def release(count: int) -> None:
            with board.changed:
                plan.take(count)
                board.changed.notify_all()

        self._release, self._abort = release, board.abort
        release(self.taken)
        self._session.standing = lambda: self._shown(board.standing())
        Crew(board, self._options.connections, lambda: self.ring.hungry).run(body, self._check)

    def _in_one(self, body: Body, content: Content) -> None:
        """Download the file in one request."""
        whole = Whole(self.ring, body, self._session, self.ring.reach)
        budget = Budget(self._options.retries)
        self._abort = whole.abort
        self._session.standing = lambda: self._shown(
            Standing(total=content.size, connections=int(whole.open), retry=self._session.persistence.retry)
        )
        while True:
            try:
                with whole.body:
                    check_same(content, whole.body.content, start=0)
                    whole.copy(known=self.ring.reached)
            except PassingError as error:
                if self.ring.reached and not content.validator.strong:
                    raise NotResumableError(
                        f"could not {self._remote.action}: {error}; the server sends no strong validator, "
                        "so it cannot be resumed: run it again"
                    ) from error
                self._session.persistence.tolerate(error, budget, done=self.ring.reached)
                whole.restart(self._opened_whole())
            else:
                return

    def _opened_whole(self) -> Body:
        return self._session.repeat(lambda: self._remote.open(0, None))

    def _check(self) -> None:
        if self._session.stop.is_set():
            raise TransferCancelledError

    def _shown(self, standing: Standing) -> Standing:
        """The state of the transfer as the reader sees it: bytes that it has not taken yet are in transfer."""
        connections = max(standing.connections, int(self.ring.reached > self.taken))
        return replace(standing, done=self.taken, connections=connections)
