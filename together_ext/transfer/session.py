"""What every transfer does, of a file or of a stream: requests with retries, the first response, the progress."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final, TypeVar

from together_ext.errors import TransferCancelledError

from .body import Body
from .failures import PassingError, cut_short
from .interruptible import interruptible
from .options import Conduct
from .persistence import Persistence
from .plan import SMALLEST_SHARE
from .progress import Reporter, Standing
from .retry import Budget
from .source import Remote
from .target import HEAD, Head
from .throttle import Throttle

T = TypeVar("T")

FAR: Final = 0.01
"""Seconds until the first response from which a server counts as far: each further connection takes as long to start,
so all of them start at once."""

FAR_SHARE: Final = 1 << 20
"""Minimum number of bytes for a further connection to a far server: each needs several round trips to reach its rate,
so many small shares arrive sooner than a few large ones."""

FIRST: Final = 8 << 20
"""Bytes of the first request, which shows what the file is and downloads its beginning in the same round trip."""


class Session:
    """The requests of one transfer, and what its caller sees of it.

    Attributes:
        remote: The remote file.
        conduct: How to transfer.
        keeps: Whether a rerun resumes from the downloaded bytes.
        stop: Ends every wait when it is set.
        persistence: Retries failed requests.
        reporter: Reports the progress.
        standing: Returns the state of the transfer.
        distance: Seconds until the first response.
    """

    def __init__(self, remote: Remote, conduct: Conduct, *, keeps: bool, stop: threading.Event | None = None) -> None:
        """Prepare; no request is sent.

        Args:
            remote: The remote file.
            conduct: How to transfer.
            keeps: Whether a rerun resumes from the downloaded bytes.
            stop: Ends every wait when it is set (default: an event of the session).
        """
        self.remote, self.conduct, self.keeps = remote, conduct, keeps
        self.stop = stop or threading.Event()
        self.persistence = self.persistence_until(self.stop)
        self.reporter = Reporter(conduct.progress, conduct.clock)
        self.standing = self.connecting()
        self.distance = 0.0

    def persistence_until(self, stop: threading.Event) -> Persistence:
        """Retries for requests that end when an event is set."""
        remote = self.remote
        return Persistence(self.conduct, stop, remote.action, keeps=self.keeps, place=lambda: remote.place)

    def throttle_until(self, stop: threading.Event) -> Throttle:
        """A limit on the rate whose waits end when an event is set."""
        return Throttle(self.conduct.limit_rate, self.conduct.clock, stop)

    @property
    def opening(self) -> int:
        """Number of connections to start with."""
        most = self.conduct.connections
        return min(most, self.conduct.eager) if self.distance < FAR else most

    @property
    def smallest(self) -> int:
        """Minimum number of bytes for a further connection."""
        return SMALLEST_SHARE if self.distance < FAR else FAR_SHARE

    def first(self, stop: int, stack: ExitStack) -> tuple[Body, Head]:
        """Request the first `stop` bytes.

        Returns:
            The response, which the stack closes, and the beginning of the file.
        """

        def opened() -> tuple[Body, Head]:
            began = self.conduct.clock.now()
            body = self.remote.open(0, stop)
            elapsed = self.conduct.clock.now() - began
            self.distance = elapsed if body.delay is None else body.delay
            try:
                data = body.read(HEAD, self.stop)
                expected = min(body.content.stop or 0, HEAD)
                if len(data) < expected:
                    raise cut_short(len(data), expected)
                body.unread(data)
            except BaseException:
                body.close()
                raise
            return body, Head(data, body.content.media_type)

        body, head = self.persistently(opened, late=lambda pair: pair[0].close())
        stack.callback(body.close)
        return body, head

    def open_whole(self) -> Body:
        """Request the whole file, without a range."""
        return self.persistently(lambda: self.remote.open(0, None), late=Body.close)

    def persistently(self, call: Callable[[], T], *, late: Callable[[T], object] = lambda _: None) -> T:
        """Repeat a call until it succeeds or the retries are used up; `late` gets a result after a cancellation."""
        return interruptible(lambda: self.repeat(call), look=self.look, abort=self.stop.set, late=late)

    def repeat(self, call: Callable[[], T]) -> T:
        """Repeat a call in this thread until it succeeds or the retries are used up."""
        budget = Budget(self.conduct.retries)
        while True:
            self.persistence.gate.pass_through()
            try:
                return call()
            except PassingError as error:
                self.persistence.tolerate(error, budget, done=0)

    def look(self) -> None:
        """Report the progress if that is due; raises `TransferCancelledError` after a cancellation."""
        if self.conduct.cancel.is_set():
            raise TransferCancelledError
        self.reporter.report(self.standing())

    def connecting(self, total: int | None = None, resumed: int = 0) -> Callable[[], Standing]:
        """The state of the transfer while it waits for a response."""
        return lambda: Standing(resumed, total, resumed, resumable=resumed > 0, retry=self.persistence.retry)
