"""The remote file: its current address, and requests for spans of it.

The caller's headers are sent only to the origin. A redirect to a storage host is followed without them, and its target
is used by all connections until it expires.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

import httpx

from together_ext.errors import (
    ApiStatusError,
    IntegrityError,
    Numbers,
    TogetherExtError,
    TransferError,
    status_error,
)

from .body import DELAY, PATIENCE, Body
from .failures import REPORT, PassingError, passing
from .network.decoding import beginning
from .network.headers import parse_retry_after, range_header
from .network.in_time import Stopwatch, within
from .network.redirects import MOST_REDIRECTS, NO_ADDRESS, RedirectRefused, origin, redirect_target, shown, signature
from .responses import EXPIRED, announced, is_retryable


class Sender(Protocol):
    """The methods of an `httpx.Client` that a remote file uses."""

    def build_request(
        self, method: str, url: httpx.URL, *, headers: Mapping[str, str], timeout: httpx.Timeout
    ) -> httpx.Request:
        """Build a request with the headers and cookies of the client."""

    def send(self, request: httpx.Request, *, stream: bool, follow_redirects: bool, auth: None = ...) -> httpx.Response:
        """Send a request."""


class Remote:
    """A remote file; thread-safe."""

    def __init__(  # noqa: PLR0913 -- keywords
        self,
        client: Sender,
        url: str | httpx.URL,
        *,
        headers: Mapping[str, str],
        timeout: float,
        action: str,
        hint: str | None = None,
        agent: str | None = None,
        signed: bool = True,
    ) -> None:
        """Describe a remote file; no request is sent.

        Args:
            client: Sends the requests; its handling of redirects is not used.
            url: The address of the file; its host is the origin.
            headers: Headers that are sent only to the origin; their values are hidden in errors.
            timeout: Maximum number of seconds without data on a connection.
            action: What the caller does, to follow "could not" in errors.
            hint: What to do after a refusal (default: the usual hint for the API).
            agent: The `User-Agent` for other origins (default: that of the headers).
            signed: Whether the query of the address is a secret, as that of an address that the server names is.

        Raises:
            RuleError: The timeout is not a positive number.
        """
        Numbers(0, above=True, unit="seconds").check("timeout", timeout)
        self._hint, self._signed = hint, signed
        self.url = httpx.URL(url)
        self.action = action
        self._client = client
        self._headers = httpx.Headers(headers)
        # Some storage hosts refuse requests without a User-Agent.
        self._agent = agent or self._headers.get("User-Agent")
        self.timeout = timeout
        self._timeout = httpx.Timeout(timeout)
        self._place: httpx.URL | None = None
        self._renewal = threading.Lock()
        # Not only the whole value: a server may repeat a key without the word "Bearer".
        self._secrets = [part for value in headers.values() for part in (value, value.rpartition(" ")[2]) if part]

    @property
    def redirected(self) -> bool:
        """Whether the last response was that of another host, such as a storage host."""
        return self._place is not None and origin(self._place) != origin(self.url)

    @property
    def place(self) -> httpx.URL | None:
        """The address of the next request; None if it may be redirected to another host."""
        return self._place

    @property
    def host(self) -> str:
        """The host of the last response; the origin's before the first one."""
        return (self._place or self.url).host

    @property
    def fingerprint(self) -> str:
        """A hash of the whole address, whose query may have a signature."""
        return hashlib.sha256(str(self.url).encode()).hexdigest()

    def open(self, start: int, stop: int | None, *, condition: str | None = None) -> Body:
        """Request a span (RFC 9110, 13.1.5 and 14.2).

        Args:
            start: Offset of the first byte.
            stop: Offset after the last byte; None for the whole file, requested without a range.
            condition: The strong validator for `If-Range`; None for no condition.

        Returns:
            The body. Its head has been checked against the request, and not yet against other responses.

        Raises:
            PassingError: A retry may help.
            ApiStatusError: The server refuses.
            IntegrityError: The response contains no file, or a redirect is not allowed.
            TransferError: The address or the certificate cannot be used.
            RemoteChangeError: The file has become shorter than `start`.
        """
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if stop is not None:
            headers["Range"] = range_header(start, stop)
            if condition is not None:
                headers["If-Range"] = condition
        place = self._place
        response = self._send(place or self.url, headers)
        while place is not None and response.status_code in EXPIRED:
            response.close()
            place, response = self._renewed(place, headers)
        status = response.status_code
        if status >= httpx.codes.BAD_REQUEST and status != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise self._refusal(response)
        try:
            content = announced(status, response.headers, start=start, stop=stop)
        except IntegrityError as error:
            response.close()
            raise IntegrityError(f"could not {self.action}: {error}; {REPORT}") from None
        except TransferError:
            response.close()
            raise
        return Body(response, content, timeout=self.timeout, secrets=self._hidden(response.request))

    def _hidden(self, request: httpx.Request) -> list[str]:
        """What an error about a request must not contain, also if the host repeats it."""
        signed = self._signed or request.url != self.url
        return [*self._secrets, *(signature(request.url) if signed else ())]

    def _renewed(self, expired: httpx.URL, headers: Mapping[str, str]) -> tuple[httpx.URL | None, httpx.Response]:
        """Request again after a signed URL has expired: one thread resolves a new one for all.

        Returns:
            The address that responded (None for the origin, whose refusal is final), and the response.
        """
        with self._renewal:
            place = self._place
            if place is expired or place is None:
                return None, self._send(self.url, headers)
        return place, self._send(place, headers)

    def _send(
        self, url: httpx.URL, headers: Mapping[str, str], own: Mapping[str, str] = MappingProxyType({})
    ) -> httpx.Response:
        """Send a request and follow its redirects; the last address is used for later requests.

        Args:
            url: The address.
            headers: Headers that are sent to every host.
            own: Headers that are sent only to the origin of the address.
        """
        began = url
        for _ in range(MOST_REDIRECTS):
            response = self._send_once(url, {**headers, **own} if origin(url) == origin(began) else headers)
            if not response.has_redirect_location:
                if url is not began or began is self.url:
                    self._place = None if url is self.url else url
                return response
            response.close()
            url = self._next(url, response.headers["location"])
        raise IntegrityError(
            f"could not {self.action}: more than {MOST_REDIRECTS} redirects, the last to {shown(url)}; {REPORT}"
        )

    def _send_once(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        own = origin(url) == origin(self.url)
        if own:
            named = httpx.Headers(self._headers)
            named.update(headers)
            request = self._client.build_request("GET", url, headers=named, timeout=self._timeout)
        else:
            # Not built by the client, whose default headers and cookies may be secrets of the origin.
            agent = {"User-Agent": self._agent} if self._agent else {}
            request = httpx.Request(
                "GET", url, headers={**agent, **headers}, extensions={"timeout": self._timeout.as_dict()}
            )
        stopwatch = Stopwatch()
        request.extensions = {**request.extensions, "trace": stopwatch}
        try:
            with within(PATIENCE * self.timeout):
                if own:
                    response = self._client.send(request, stream=True, follow_redirects=False)
                else:
                    response = self._client.send(request, stream=True, follow_redirects=False, auth=None)
        except TogetherExtError:
            raise  # a proxy or a certificate of the environment, raised by the transport
        except httpx.UnsupportedProtocol as error:
            raise TransferError(f"could not {self.action}: {shown(url)} is not an http or https address") from error
        except (httpx.InvalidURL, ValueError) as error:
            # httpx parses the address of a redirect even if it does not follow it.
            raise self._unreadable() from error
        except httpx.TransportError as error:
            if isinstance(error.__context__, httpx.InvalidURL):
                raise self._unreadable() from error
            if _is_certificate_error(error):
                raise TransferError(
                    f"could not {self.action}: the certificate of {url.host} is not trusted ({error}); "
                    "check the base URL, or pass a client that trusts it"
                ) from error
            raise passing(error, secrets=self._hidden(request)) from error
        response.extensions[DELAY] = stopwatch.seconds
        return response

    def _next(self, url: httpx.URL, location: str) -> httpx.URL:
        try:
            return redirect_target(url, location)
        except RedirectRefused as refused:
            raise IntegrityError(f"could not {self.action}: {refused}; {REPORT}") from refused

    def _unreadable(self) -> IntegrityError:
        return IntegrityError(f"could not {self.action}: {NO_ADDRESS}; {REPORT}")

    def _refusal(self, response: httpx.Response) -> TransferError | ApiStatusError:
        status = response.status_code
        try:
            with within(self.timeout):
                body = beginning(response)
        finally:
            response.close()
        refusal = status_error(
            self.action,
            status=status,
            body=body,
            headers=response.headers,
            secrets=self._hidden(response.request),
            hint=self._hint,
        )
        if not is_retryable(status):
            return refusal
        wait = parse_retry_after(response.headers.get("retry-after"), now=datetime.now(UTC))
        return PassingError(
            f"the server responded with status {status}", retry_after=wait, refusal=refusal, url=response.url
        )


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
