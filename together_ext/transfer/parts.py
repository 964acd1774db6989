"""A remote file that is made of parts, each with its own URL and headers, which follow one another without gaps.

To the engine it is a file like any other: a request for bytes is one for the part that has the first of them, and its
body ends with the part. Whether a host supports ranges of a part is not known beforehand: a whole part that is sent
instead is skipped up to the requested byte.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import httpx

from together_ext.errors import IntegrityError, TransferError
from together_ext.text import printable

from .body import Body
from .failures import REPORT, ViolationError, cut_short
from .network.headers import Validator, parse_content_range, parse_length, range_header
from .network.redirects import shown
from .plan import Span
from .responses import DECODED, Content
from .source import Remote, Sender

EXPIRED: Final = frozenset({401, 403, 410})
"""Statuses of a host for a presigned URL that has expired."""

UNSUPPORTED: Final = frozenset({400, 416, 501})
"""Statuses of a host that does not support ranges of a part."""

PLAIN: Final = frozenset({"accept", "accept-encoding", "connection", "host", "range", "user-agent"})
"""Headers of a request that are no secrets."""

SKIP: Final = 1 << 20
"""Bytes that are skipped at once."""


@dataclass(frozen=True)
class Part:
    """A part of a remote file.

    Attributes:
        start: Offset of its first byte in the file.
        stop: Offset after its last byte.
        url: Its address, which is a secret while it is valid.
        headers: Headers to send with the request.
    """

    start: int
    stop: int
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Wanted:
    """Bytes of a part that are requested: from `start` up to `stop`, relative to the part."""

    start: int
    stop: int
    part: Part

    @property
    def size(self) -> int:
        """Number of bytes of the part."""
        return self.part.stop - self.part.start

    @property
    def whole(self) -> bool:
        """Whether they are the whole part."""
        return (self.start, self.stop) == (0, self.size)


class ExpiredError(TransferError):
    """The presigned URLs have expired: the transfer continues with new ones."""


class PartedRemote(Remote):
    """A remote file made of parts; thread-safe.

    Args:
        client: Sends the requests.
        home: The address that the caller's secrets belong to; it is not requested, and no part gets its cookies.
        parts: The parts, in order and without gaps; at least one.
        version: What identifies the content; strong, such as a hash.
        agent: The `User-Agent`.
        timeout: Maximum number of seconds without data on a connection.
        action: What the caller does, to follow "could not" in errors.
    """

    def __init__(  # noqa: PLR0913 -- keywords
        self,
        client: Sender,
        home: httpx.URL,
        parts: Sequence[Part],
        *,
        version: str,
        agent: str,
        timeout: float,
        action: str,
    ) -> None:
        super().__init__(client, home, headers={"User-Agent": agent}, timeout=timeout, action=action, hint=REPORT)
        self._secrets = []
        # Not the caller's: what that host is asked to wait for does not hold the hosts of the parts.
        self._place = httpx.URL(parts[0].url)
        self.parts, self.size = tuple(parts), parts[-1].stop
        self._stops = [part.stop for part in parts]
        self._validator = Validator(f'"{version}"', None, f'"{version}"')
        self._ranges = True
        self._skipping = threading.Event()

    def open(self, start: int, stop: int | None, *, condition: str | None = None) -> Body:
        """Request bytes of the part that has the first of them; the body ends with that part at the latest.

        Args:
            start: Offset of the first byte.
            stop: Offset after the last byte; None for all that follow.
            condition: Not used: the parts of a revision never change.

        Raises:
            ExpiredError: The URL of the part has expired.
            PassingError: A retry may help.
            ApiStatusError: The host refuses.
        """
        del condition
        part = self.parts[min(bisect_right(self._stops, start), len(self.parts) - 1)]
        wanted = Wanted(start - part.start, min(stop or part.stop, part.stop) - part.start, part)
        response = self._requested(wanted, ranged=self._ranges)
        if self._ranges and not wanted.whole and response.status_code in UNSUPPORTED:
            response.close()
            self._ranges = False
            response = self._requested(wanted, ranged=False)
        if response.status_code in EXPIRED:
            response.close()
            raise ExpiredError(f"could not {self.action}: the host responds with {response.status_code} to its URL")
        if response.status_code >= httpx.codes.BAD_REQUEST:
            raise self._refusal(response)
        try:
            began, ended = _span(response, wanted)
        except TransferError:
            response.close()
            raise
        span = part.start + began, part.start + ended
        content = Content(*span, self.size, self._validator, partial=True, encoded=False, media_type="")
        body = Body(response, content, timeout=self.timeout, secrets=self._hidden(response.request))
        return self._skipped(body, start)

    def _hidden(self, request: httpx.Request) -> list[str]:
        """Also the headers of the part, which may authorize it."""
        own = [value for name, value in request.headers.items() if name not in PLAIN]
        return [*super()._hidden(request), *own, *(value.rpartition(" ")[2] for value in own)]

    def _requested(self, wanted: Wanted, *, ranged: bool) -> httpx.Response:
        part = wanted.part
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        # They may authorize the request, so a redirect to another host does not get them; the range says what is sent.
        own = {name.lower(): value for name, value in part.headers.items()}
        if "range" in own:
            headers["range"] = own.pop("range")
        elif ranged and not wanted.whole:
            headers["range"] = range_header(wanted.start, wanted.stop)
        address = httpx.URL(part.url)
        if (self.url.scheme, address.scheme) == ("https", "http"):
            raise IntegrityError(
                f"could not {self.action}: the server names {shown(address)}, which has no encryption; {REPORT}"
            )
        return self._send(address, headers, own)

    def _skipped(self, body: Body, start: int) -> Body:
        """The body from `start` on."""
        try:
            while (left := start - body.content.start) > 0:
                count = len(body.read(min(left, SKIP), self._skipping))
                if count == 0:
                    raise cut_short(body.content.stop or 0, start)
                body.content = replace(body.content, start=body.content.start + count)
        except BaseException:
            body.close()
            raise
        return body


def _span(response: httpx.Response, wanted: Wanted) -> Span:
    """The bytes of the part that a response has: those that were requested, or the whole part.

    Raises:
        ViolationError: It has others.
    """
    headers, whole = response.headers, (0, wanted.size)
    if headers.get("content-encoding", "").strip().lower() in DECODED:
        raise ViolationError("a part is compressed, although none was requested")
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        found = parse_content_range(headers.get("content-range"))
        # The range of the part, or of the whole object that it is a part of.
        spans = {} if found is None else {(found.start - base, found.stop - base) for base in (0, wanted.part.start)}
        fitting = [span for span in ((wanted.start, wanted.stop), whole) if span in spans]
        if not fitting:
            value = printable(headers.get("content-range", "none"), 80)
            raise ViolationError(
                f"bytes {wanted.start} to {wanted.stop} of a part were requested, and {value} was sent"
            )
        span = fitting[0]
    elif response.status_code == httpx.codes.OK:
        span = whole
    else:
        raise ViolationError(f"the host responded with status {response.status_code}, which contains no part")
    length = parse_length(headers.get("content-length"))
    if length is not None and length != span[1] - span[0]:
        raise ViolationError(f"{span[1] - span[0]:,} bytes of a part were expected, and {length:,} were announced")
    return span
