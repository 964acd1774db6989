"""Sends parts of a file to signed URLs: several at once, with retries, in constant memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

import httpx

from together_ext.api.exchange import USER_AGENT
from together_ext.api.flow import Line
from together_ext.clock import Deadline, started
from together_ext.errors import IntegrityError, TogetherExtError, TransferCancelledError, TransferError, status_error
from together_ext.transfer.failures import REPORT, PassingError, passing
from together_ext.transfer.interruptible import FAREWELL, TICK
from together_ext.transfer.network.decoding import beginning
from together_ext.transfer.network.headers import parse_retry_after
from together_ext.transfer.network.in_time import in_time, watch
from together_ext.transfer.network.redirects import (
    MOST_REDIRECTS,
    NO_ADDRESS,
    RedirectRefused,
    redirect_target,
    signature,
)
from together_ext.transfer.options import Conduct
from together_ext.transfer.persistence import Persistence
from together_ext.transfer.progress import Reporter, Standing
from together_ext.transfer.responses import is_retryable
from together_ext.transfer.retry import Budget

from .local_file import Steady

CONNECTIONS: Final = 4
"""Maximum number of parts that are sent at the same time."""

TIMEOUT: Final = httpx.Timeout(60.0, read=300.0)
"""Seconds without data. A storage host responds once it has stored a part, maybe minutes after the last byte."""

PATIENCE: Final = 600.0
"""Maximum duration of a request in seconds, and of reading the response, with a second more for each 64 KiB sent: a
host that sends single bytes, or informational responses without end, is never silent."""

REFUSED: Final = "the signed URL has expired or was refused: upload the file again"


@dataclass(frozen=True)
class Part:
    """A part of a file, and where it is sent.

    Attributes:
        start: Offset of its first byte.
        stop: Offset after its last byte.
        url: The signed URL, which is a secret while it is valid.
        headers: Headers that are sent with it.
    """

    start: int
    stop: int
    url: httpx.URL = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def secrets(self) -> list[str]:
        """What no message may contain."""
        return [*signature(self.url), *filter(None, self.headers.values())]


class Sending:
    """Sends the parts of one file.

    Args:
        line: Sends the requests; they have no credentials of the client.
        content: The file.
        parts: All its parts, in order.
        conduct: How to send: progress and retries.
        action: What the caller does, to follow "could not" in errors.
        name: The name of the file, for the progress.
    """

    def __init__(  # noqa: PLR0913 -- what is sent, and how
        self, line: Line, content: Steady, parts: Sequence[Part], conduct: Conduct, *, action: str, name: str
    ) -> None:
        self._sender, self._cancel, self._content, self._action = line.sender, line.cancel, content, action
        self._conduct, self._stop = replace(conduct, clock=line.clock or conduct.clock), threading.Event()
        self._persistence = Persistence(self._conduct, self._stop, action)
        self._reporter = Reporter(conduct.progress, self._conduct.clock)
        self._reporter.file = name
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._failure: BaseException | None = None
        self._total = parts[-1].stop
        self._tags, self._sent = [""] * len(parts), [0] * len(parts)
        self._waiting, self._open = list(enumerate(parts)), 0
        self._alive = min(CONNECTIONS, len(parts))

    def run(self) -> list[str]:
        """Send the parts, once.

        Returns:
            The entity tag of each part, without quotes; empty where the host sent none.

        Raises:
            ApiStatusError: The host refuses a part.
            TransferError: The network fails.
            StorageError: The file changed, or cannot be read.
        """
        crew = []
        try:
            for _ in range(self._alive):
                crew.append(started(threading.Thread(target=self._work, daemon=True)))  # noqa: PERF401 -- those that run
            while not self._ended.wait(TICK):
                self._look()
            if self._failure is not None:
                raise self._failure
        finally:
            self._stop.set()
            until = time.monotonic() + FAREWELL
            for thread in crew:
                thread.join(max(until - time.monotonic(), 0.0))
        self._reporter.report(Standing(self._total, self._total), last=True)
        return self._tags

    def _look(self) -> None:
        if self._cancel.is_set():
            raise TransferCancelledError
        with self._lock:
            now = Standing(sum(self._sent), self._total, connections=self._open, retry=self._persistence.retry)
        self._reporter.report(now)

    # In the threads -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (found := self._next()) is not None:
                number, part = found
                self._tags[number] = self._persistently(number, part)
        except BaseException as error:  # noqa: BLE001 -- raised again in the calling thread
            with self._lock:
                self._failure = self._failure or error
            self._ended.set()
        finally:
            with self._lock:
                self._alive -= 1
                if not self._alive:
                    self._ended.set()

    def _next(self) -> tuple[int, Part] | None:
        with self._lock:
            return self._waiting.pop(0) if self._waiting and not self._stop.is_set() else None

    def _persistently(self, number: int, part: Part) -> str:
        budget = Budget(self._conduct.retries)
        while True:
            self._persistence.gate.pass_through()
            with self._lock:
                self._open += 1
            try:
                return self._put(number, part)
            except PassingError as error:
                self._persistence.tolerate(error, budget, done=0)
            finally:
                with self._lock:
                    self._open -= 1

    def _moved(self, number: int, deadline: Deadline, sent: int) -> None:
        if self._stop.is_set():
            raise TransferCancelledError
        deadline.moved(max(sent - self._sent[number], 0))
        self._sent[number] = sent

    def _put(self, number: int, part: Part) -> str:
        """Send a part, and follow redirects with it; returns its entity tag."""
        url = part.url
        for _ in range(MOST_REDIRECTS):
            response = self._response(number, part, url)
            try:
                if not response.has_redirect_location:
                    return self._stored(response, part)
                url = redirect_target(url, response.headers["location"])
            except RedirectRefused as refused:
                raise IntegrityError(f"could not {self._action}: {refused}; {REPORT}") from refused
            finally:
                response.close()
        raise IntegrityError(f"could not {self._action}: more than {MOST_REDIRECTS} redirects; {REPORT}")

    def _response(self, number: int, part: Part, url: httpx.URL) -> httpx.Response:
        # Not built by the client, whose headers and cookies may be secrets of the API.
        length, deadline = str(part.stop - part.start), Deadline(self._conduct.clock, PATIENCE)
        request = httpx.Request(
            "PUT",
            url,
            headers={"Accept": "*/*", "User-Agent": USER_AGENT, **part.headers, "Content-Length": length},
            content=self._content.pieces(part.start, part.stop, partial(self._moved, number, deadline)),
            extensions={"timeout": TIMEOUT.as_dict(), "trace": watch},
        )
        try:
            with in_time(deadline):
                return self._sender.send(request, stream=True, follow_redirects=False, auth=None)
        except TogetherExtError:
            raise  # of the file, or of a proxy or a certificate of the environment
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
            raise TransferError(f"could not {self._action}: {NO_ADDRESS}; {REPORT}") from error
        except httpx.TransportError as error:
            raise passing(error, secrets=part.secrets) from error

    def _stored(self, response: httpx.Response, part: Part) -> str:
        # Also of a success, so that the connection can be used again.
        with in_time(Deadline(self._conduct.clock, PATIENCE)):
            body, status = beginning(response), response.status_code
        if response.is_success:
            return str(response.headers.get("etag", "")).strip().removeprefix("W/").strip('"')
        hint = REFUSED if status in {401, 403, 410} else None
        refusal = status_error(
            self._action,
            status=status,
            body=body,
            headers=response.headers,
            secrets=[*part.secrets, *signature(response.request.url)],
            hint=hint,
        )
        if not is_retryable(status):
            raise refusal
        wait = parse_retry_after(response.headers.get("retry-after"), now=datetime.now(UTC))
        raise PassingError(f"the storage host responded with status {status}", retry_after=wait, refusal=refusal)
