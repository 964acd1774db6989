"""One API call as steps: send, follow redirects, retry, decode, enforce limits.

Nothing here does I/O: `connection` executes the steps, in sync or async code.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import httpx

from together_ext import __version__
from together_ext.clock import Deadline
from together_ext.transfer.network.decoding import OFFERED, decoder
from together_ext.transfer.network.headers import UNDELIMITED, is_delimited
from together_ext.transfer.network.pauses import Pauses
from together_ext.transfer.network.redirects import (
    MOST_REDIRECTS,
    NO_ADDRESS,
    RedirectRefused,
    origin,
    redirect_target,
    signature,
)

from .flow import R
from .retries import CAREFUL, Retries, requested_wait
from .whole import LimitError

T = TypeVar("T")

USER_AGENT: Final = f"together-ext/{__version__}"

ERROR_LIMIT: Final = 64 << 10
"""Maximum number of bytes of an error response that are read."""

NO_URL: Final = (httpx.InvalidURL, UnicodeError)
"""What httpx raises for an address; the second one for a host name."""

GRACE: Final = 0.05
"""A timeout within these seconds of the deadline of a call counts as the deadline."""


class Unusable(Exception):  # noqa: N818 -- `failures` replaces it
    """An invalid response; the message is the reason."""


class Overdue(Exception):  # noqa: N818 -- the same
    """The call has exceeded its time limit."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"no complete response within {seconds:g} seconds")


class Refused(Exception):  # noqa: N818 -- the same
    """An error response, the beginning of its body, and what that must not show."""

    def __init__(self, response: httpx.Response, body: bytes, secrets: list[str]) -> None:
        self.response, self.body, self.secrets = response, body, secrets
        super().__init__(response.status_code)


# The steps ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Opened:
    """A response whose body has not been read yet.

    Attributes:
        response: Its status and headers.
        pieces: An iterator over its raw body, sync or async.
    """

    response: httpx.Response
    pieces: Any


@dataclass(frozen=True)
class Send:
    """Send a request; the outcome is an `Opened`."""

    request: httpx.Request


@dataclass(frozen=True)
class Piece:
    """Read the next bytes of a body; the outcome is empty at the end."""

    opened: Opened


@dataclass(frozen=True)
class Close:
    """Close a response."""

    opened: Opened


@dataclass(frozen=True)
class Wait:
    """Wait for a number of seconds."""

    seconds: float


Act = Send | Piece | Close | Wait
Acts = Generator[Act, Any, T]


# The call -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """The limits of a call.

    Attributes:
        retries: Which outcomes are retried, and how often.
        deadline: The time limit.
        cookies: The cookies of the client, for a redirect within the origin.
        pauses: The `Retry-After` of each host; shared with the other downloads of a batch.
    """

    retries: Retries
    deadline: Deadline
    cookies: httpx.Cookies
    pauses: Pauses

    def held(self, url: httpx.URL) -> float:
        """Seconds until the host of an address may be sent requests; 0 if that is after the time limit."""
        left = self.pauses.left(url, self.deadline.clock.now())
        return left if left < self.deadline.left() else 0.0

    def wait(self, tried: int, outcome: httpx.Response | httpx.TransportError) -> float | None:
        """Seconds until the next attempt; None if the outcome is final.

        Raises:
            Overdue: There was no response within the time limit.
        """
        left = self.deadline.left()
        if left <= GRACE and not isinstance(outcome, httpx.Response):
            raise Overdue(self.deadline.seconds) from outcome
        wait = self.retries.wait(tried, outcome)
        if isinstance(outcome, httpx.Response) and outcome.status_code in CAREFUL:
            asked = requested_wait(outcome)
            self.pauses.hold(outcome.url, self.deadline.clock.now() + (asked or 0.0))
        return None if wait is None or wait >= left else wait


@dataclass(frozen=True)
class Taken(Generic[R]):
    """A response that was read completely.

    Attributes:
        status: Its status: a 2xx, or one that is no error for the caller.
        headers: Its headers.
        reader: The reader of its body.
    """

    status: int
    headers: httpx.Headers
    reader: R


def built(
    client: httpx.Client | httpx.AsyncClient,
    method: str,
    url: str | httpx.URL,
    *,
    headers: Mapping[str, str],
    timeout: httpx.Timeout,
    **content: Any,  # noqa: ANN401 -- as httpx has them
) -> httpx.Request:
    """A request with the headers and cookies of a client, without its other settings.

    Args:
        client: The client that will send it.
        method: The method.
        url: The absolute URL.
        headers: Sent in place of the client's headers of the same names.
        timeout: The timeouts of the connection.
        **content: Query and body, as keywords of `httpx.Request`.
    """
    merged = httpx.Headers(client.headers)
    merged.update(headers)  # unlike `|`, it replaces names in any letter case
    extensions = {"timeout": timeout.as_dict()}
    return httpx.Request(method, url, headers=merged, cookies=client.cookies, extensions=extensions, **content)


def read(  # noqa: PLR0913 -- what an attempt needs
    request: httpx.Request,
    reader: Callable[[], R],
    limit: int | None,
    terms: Terms,
    also: frozenset[int] = frozenset(),
    *,
    is_file: bool = False,
) -> Acts[Taken[R]]:
    """Send a request and read its response; each retry starts from the beginning.

    Args:
        request: The request.
        reader: Creates the reader of a body, once for each attempt.
        limit: Maximum number of bytes in the body, raw and decoded; None for no limit.
        terms: The limits of the call.
        also: Statuses other than 2xx that are no errors.
        is_file: Whether the response is a file, which may have been truncated unless its end is marked.

    Raises:
        Unusable: The response is invalid.
        LimitError: The response is too large.
        Overdue: The time limit is exceeded.
        Refused: The server returned an error status.
        httpx.RequestError: There was no response.
    """
    request.headers["accept-encoding"] = OFFERED

    def taken(opened: Opened) -> Acts[Taken[R]]:
        try:
            response, found = opened.response, reader()
            _check(response, is_file=is_file)
            if limit is not None and _declared(response) > limit:
                raise LimitError(f"the response exceeds the limit of {limit >> 20} MiB")
            yield from _drained(opened, found.feed, limit, terms)
        finally:
            yield Close(opened)
        return Taken(response.status_code, response.headers, found)

    return (yield from _settled(request, taken, terms, also))


def opened(request: httpx.Request, terms: Terms, *, is_file: bool) -> Acts[Opened]:
    """Send a request, with retries; the caller reads the body.

    Args:
        request: The request.
        terms: The limits of the call.
        is_file: As for `read`.

    Raises:
        Unusable: The response is a redirect that is not followed, or does not have the whole content.
        Overdue: The time limit is exceeded.
        Refused: The server returned an error status.
        httpx.RequestError: There was no response.
    """
    if is_file:
        request.headers["accept-encoding"] = OFFERED

    def left(found: Opened) -> Acts[Opened]:
        try:
            _check(found.response, is_file=is_file)
        except Unusable:
            yield Close(found)
            raise
        return found

    return (yield from _settled(request, left, terms))


def _check(response: httpx.Response, *, is_file: bool) -> None:
    """Check that a response has the whole content; raises `Unusable`."""
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        raise Unusable("the server sent a part of the response")
    if is_file and not is_delimited(response.headers) and response.http_version != "HTTP/2":
        raise Unusable(UNDELIMITED)


def _settled(
    request: httpx.Request, take: Callable[[Opened], Acts[T]], terms: Terms, also: frozenset[int] = frozenset()
) -> Acts[T]:
    """Repeat a request until its outcome is final; `take` is part of each attempt."""
    tried = 0
    while True:
        tried += 1
        while (held := terms.held(request.url)) > 0:
            yield Wait(held)
        try:
            found = yield from _followed(request, terms)
            wait = terms.wait(tried, found.response)
            if wait is None:
                if not found.response.is_success and found.response.status_code not in also:
                    redirected = found.response.request.url != request.url
                    yield from _refused(found, terms, signature(found.response.request.url) if redirected else [])
                return (yield from take(found))
            yield Close(found)
        except httpx.TransportError as error:
            wait = terms.wait(tried, error)
            if wait is None:
                raise
        yield Wait(wait)


def _followed(request: httpx.Request, terms: Terms) -> Acts[Opened]:
    """Send a request and follow redirects."""
    for _ in range(MOST_REDIRECTS + 1):
        terms.deadline.moved(_number(request.headers.get("content-length")))
        try:
            found: Opened = yield Send(request)
        except (*NO_URL, httpx.RemoteProtocolError) as error:
            # httpx parses the address of a redirect even if it does not follow it.
            if not isinstance(error, NO_URL) and not isinstance(error.__context__, NO_URL):
                raise
            raise Unusable(NO_ADDRESS) from None
        if not found.response.has_redirect_location:
            return found
        try:
            target = redirect_target(request.url, found.response.headers["location"])
        except RedirectRefused as refused:
            yield Close(found)
            raise Unusable(str(refused)) from None
        if not _may_follow(request, found.response.status_code, target):
            return found
        yield Close(found)
        request = _redirected(request, target, terms.cookies)
    raise Unusable(f"too many redirects (maximum: {MOST_REDIRECTS})")


def _may_follow(request: httpx.Request, status: int, target: httpx.URL) -> bool:
    """Whether a request may be repeated at the address that its response names."""
    if request.method == "GET":
        return True
    # Other redirects turn the request into a GET, whose response looks like success. A body may contain keys of other
    # services, so it is sent to no other origin.
    keeps = status in {httpx.codes.TEMPORARY_REDIRECT, httpx.codes.PERMANENT_REDIRECT}
    return keeps and origin(target) == origin(request.url)


def _redirected(request: httpx.Request, target: httpx.URL, cookies: httpx.Cookies) -> httpx.Request:
    if origin(target) == origin(request.url):
        headers = httpx.Headers(request.headers)
        headers.pop("cookie", None)
        return httpx.Request(
            request.method,
            target,
            headers=headers,
            cookies=cookies,
            stream=request.stream,
            extensions=request.extensions,
        )
    # The headers and cookies of the caller's client may be secrets, like the key.
    kept = {name: request.headers[name] for name in ("accept-encoding",) if name in request.headers}
    named = {"accept": "*/*", "user-agent": USER_AGENT, **kept}
    return httpx.Request("GET", target, headers=named, extensions=request.extensions)


def _refused(found: Opened, terms: Terms, secrets: list[str]) -> Acts[None]:
    """Raise `Refused` with the beginning of the body, which is enough for a message."""
    body = bytearray()
    try:
        yield from _drained(found, body.extend, ERROR_LIMIT, terms)
    except LimitError:
        pass  # its beginning is enough
    finally:
        yield Close(found)
    raise Refused(found.response, bytes(body[:ERROR_LIMIT]), secrets)


def _drained(found: Opened, feed: Callable[[bytes], object], limit: int | None, terms: Terms) -> Acts[None]:
    """Read a body to its end or to its limit."""
    response = found.response
    if response.is_stream_consumed:  # an event hook has read it
        if limit is not None and len(response.content) > limit:
            raise LimitError(f"the response exceeds the limit of {limit >> 20} MiB")
        feed(response.content)
        return
    decode, raw, decoded = decoder(response.headers), 0, 0
    while data := (yield Piece(found)):
        raw += len(data)
        terms.deadline.moved(len(data))
        for piece in decode.pieces(data):
            decoded += len(piece)
            feed(piece)
            if limit is not None and max(raw, decoded) > limit:
                raise LimitError(f"the response exceeds the limit of {limit >> 20} MiB")
        if limit is not None and raw > limit:
            raise LimitError(f"the response exceeds the limit of {limit >> 20} MiB")
    decode.close()


def _declared(response: httpx.Response) -> int:
    return _number(response.headers.get("content-length"))


def _number(text: str | None) -> int:
    """A length in a header; 0 if there is none."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 20 else 0  # noqa: PLR2004 -- more digits than any length has
