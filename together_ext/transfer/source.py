"""The remote file: where it is now, and how to ask for a span of it.

The caller's headers go to the origin alone. A redirect to a storage host is followed by hand, without them, and the
address it leads to is kept for all connections until that host says that its time is over.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import httpx

from together_ext.errors import ApiStatusError, IntegrityError, TransferError, redacted, status_error

from .answers import EXPIRED, announced, is_retryable
from .body import Body
from .failures import PassingError, passing
from .headers import parse_retry_after, range_header

MOST_REDIRECTS: Final = 10
REPORT: Final = "try again later, or report it to the server's support"

PORTS: Final = range(1, 1 << 16)

ERROR_BODY: Final = 16 << 10
"""Bytes of a refusal that are read for its message."""


class Remote:
    """A remote file. Safe to use from several threads at once."""

    def __init__(  # noqa: PLR0913 -- keywords
        self,
        client: httpx.Client,
        url: str | httpx.URL,
        *,
        headers: Mapping[str, str],
        timeout: float,
        action: str,
        hint: str | None = None,
    ) -> None:
        """Name a remote file; nothing is sent yet.

        Args:
            client: Sends the requests; its redirects are not used.
            url: The origin.
            headers: Sent to the origin and to no other; their values are not shown in errors.
            timeout: Seconds that a connection may be silent.
            action: What is being done, to go on from "could not".
            hint: What to do after a refusal; None for what is usual with the API.
        """
        self._hint = hint
        self.url = httpx.URL(url)
        self.action = action
        self._client = client
        self._headers = dict(headers)
        # Some storage hosts refuse who has no name.
        self._agent = httpx.Headers(headers).get("User-Agent")
        self.timeout = timeout
        self._timeout = httpx.Timeout(timeout)
        self._place: httpx.URL | None = None
        self._renewal = threading.Lock()
        # Not only the whole value: a server may repeat the key without the word in front of it.
        self._secrets = [part for value in headers.values() for part in (value, value.rpartition(" ")[2]) if part]

    def open(self, start: int, stop: int | None, *, condition: str | None = None) -> Body:
        """Ask for a span.

        Args:
            start: Offset of the first byte.
            stop: Offset behind the last byte; None for the whole file, asked for without a range.
            condition: The validator that must still hold for a part to be sent.

        Returns:
            The body; its head has been checked on its own, and not yet against another answer.

        Raises:
            PassingError: Asking again may help.
            ApiStatusError: The server refuses.
            IntegrityError: The answer contradicts itself or the request.
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
        return Body(response, content, timeout=self.timeout)

    def _renewed(self, expired: httpx.URL, headers: Mapping[str, str]) -> tuple[httpx.URL | None, httpx.Response]:
        """Ask again after a signed URL's time was over: one thread gets a fresh one, for all.

        Returns:
            The answer, and the address that it is of: None for the origin's own, whose refusal is final.
        """
        with self._renewal:
            place = self._place
            if place is expired or place is None:
                return None, self._send(self.url, headers)
        return place, self._send(place, headers)

    def _send(self, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Response:
        """Send a request and follow where it leads; the last address is kept for the next one."""
        began = url
        for _ in range(MOST_REDIRECTS):
            response = self._send_once(url, headers)
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
        own = _origin(url) == _origin(self.url)
        if own:
            request = self._client.build_request(
                "GET", url, headers={**self._headers, **headers}, timeout=self._timeout
            )
        else:
            # Not built by the client: its default headers and cookies may be secrets of the origin as well.
            named = {"User-Agent": self._agent, **headers} if self._agent else dict(headers)
            request = httpx.Request("GET", url, headers=named, extensions={"timeout": self._timeout.as_dict()})
        try:
            if own:
                return self._client.send(request, stream=True, follow_redirects=False)
            return self._client.send(request, stream=True, follow_redirects=False, auth=None)
        except httpx.UnsupportedProtocol as error:
            raise TransferError(f"could not {self.action}: {shown(url)} is not an http or https address") from error
        except (httpx.InvalidURL, ValueError) as error:
            # httpx reads a redirect's address even if it is not to follow it.
            raise self._unreadable() from error
        except httpx.TransportError as error:
            if isinstance(error.__context__, httpx.InvalidURL):
                raise self._unreadable() from error
            if _is_certificate_error(error):
                raise TransferError(
                    f"could not {self.action}: the certificate of {url.host} is not accepted ({error}); "
                    "check the base URL, or give a client that trusts it"
                ) from error
            raise passing(error) from error

    def _next(self, url: httpx.URL, location: str) -> httpx.URL:
        try:
            target = url.join(location)
        except (httpx.InvalidURL, ValueError) as error:
            raise self._unreadable() from error
        if target.scheme not in {"http", "https"} or not target.host:
            raise IntegrityError(f"could not {self.action}: the server redirects to {shown(target)}; {REPORT}")
        if (target.port or 1) not in PORTS:
            raise self._unreadable()
        if (url.scheme, target.scheme) == ("https", "http"):
            raise IntegrityError(
                f"could not {self.action}: {shown(url)} redirects to {target.host} without encryption; nobody could "
                "tell whether the file is the right one"
            )
        # A name and password in a redirect are not ours to send.
        return target.copy_with(userinfo=b"")

    def _unreadable(self) -> IntegrityError:
        return IntegrityError(
            f"could not {self.action}: the server redirects to something that is no address; {REPORT}"
        )

    def _refusal(self, response: httpx.Response) -> TransferError | ApiStatusError:
        status = response.status_code
        try:
            body = b""
            with suppress(httpx.HTTPError):
                for chunk in response.iter_bytes(ERROR_BODY):
                    body = chunk
                    break
        finally:
            response.close()
        refusal = status_error(
            self.action, status=status, body=body, headers=response.headers, secrets=self._secrets, hint=self._hint
        )
        if not is_retryable(status):
            return refusal
        wait = parse_retry_after(response.headers.get("retry-after"), now=datetime.now(UTC))
        return PassingError(redacted(str(refusal), self._secrets), retry_after=wait, refusal=refusal)


def shown(url: httpx.URL) -> str:
    """An address for people: without its query, since that of a signed URL is a secret."""
    return str(url.copy_with(query=None, fragment=None, userinfo=b""))[:200]


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _is_certificate_error(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
