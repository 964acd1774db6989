"""The one seam to the generated client: how it is set up, how it is called, and what its failures become.

Known traps, all dealt with here: the generated client shows its token in its repr (so it gets none; the key sits in
the headers of the `httpx` client below it), answers of unknown status break it (so refusals are raised before it sees
them), and its errors quote whole bodies.
"""

from __future__ import annotations

import copyreg
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any, Final, TypeVar

import httpx

from together_generated import AuthenticatedClient
from together_generated.api.fine_tuning import download_fine_tune
from together_generated.errors import UnexpectedStatus
from together_generated.models import DownloadCheckpoint
from together_generated.types import UNSET, Unset

from .config import Settings
from .errors import (
    ApiConnectionError,
    ApiResponseError,
    ApiTimeoutError,
    ConfigurationError,
    MissingKeyError,
    RuleError,
    TogetherExtError,
    printable,
    redacted,
    status_error,
)
from .flow import Archive, Call, R, Read
from .retries import AsyncRetrying, Retries, Retrying
from .transfer import Remote
from .trust import Trust
from .version import __version__

T = TypeVar("T")

# The generated code compares with `is`, so there must only be one, also after a model was pickled or copied.
copyreg.pickle(Unset, lambda _: "UNSET")

USER_AGENT: Final = f"together-ext/{__version__}"

RETRYABLE: Final = frozenset({408, 409, 429, *range(500, 600)})
# A repeated POST may create a second job, and that costs money. These two say that nothing was done.
RETRYABLE_POST: Final = frozenset({429, 503})
REFUSED_CONNECTION: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def _retries(settings: Settings) -> Callable[[httpx.Request], Retries]:
    """How often a request is sent: some may be repeated freely, and some not."""
    freely = Retries(settings.max_retries, RETRYABLE)
    carefully = Retries(settings.max_retries, RETRYABLE_POST, REFUSED_CONNECTION)
    return lambda request: carefully if request.method == "POST" else freely


class _Through(httpx.BaseTransport):
    """Sends through another client: the user's own, with its proxy, CA and transport."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._client.send(request, stream=True, auth=None, follow_redirects=False)


class _AsyncThrough(httpx.AsyncBaseTransport):
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)


class _Refused(Exception):  # noqa: N818 -- a message to `_named`, never seen outside
    """An answer, read, that the generated code must not see."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response


class _Unwritable(Exception):  # noqa: N818 -- the same
    """A request that cannot be written, such as one with a NaN in it; the cause says why."""


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError, RecursionError) as error:
        raise _Unwritable from error


class _Client(httpx.Client):
    """Tells a request that cannot be written from an answer that cannot be read: the generated code does both."""

    def build_request(self, *args: Any, **keywords: Any) -> httpx.Request:  # noqa: ANN401 -- as httpx has them
        with _writing():
            return super().build_request(*args, **keywords)


class _AsyncClient(httpx.AsyncClient):
    def build_request(self, *args: Any, **keywords: Any) -> httpx.Request:  # noqa: ANN401 -- as httpx has them
        with _writing():
            return super().build_request(*args, **keywords)


def _is_refused(response: httpx.Response) -> bool:
    if response.has_redirect_location:
        return response.request.method != "GET" and not _may_follow(response)
    return not response.is_success


def _may_follow(response: httpx.Response) -> bool:
    """Whether a request that changes something may be repeated where its answer leads."""
    # The others would turn it into a GET, whose answer looks as if it had been done.
    if response.status_code not in {httpx.codes.TEMPORARY_REDIRECT, httpx.codes.PERMANENT_REDIRECT}:
        return False
    asked = response.request.url
    target = asked.join(response.headers["location"])  # which can be read, or httpx would have raised
    # A body may hold keys of other services: it goes nowhere else, and nowhere in the clear.
    return (target.scheme, target.host, target.port) == (asked.scheme, asked.host, asked.port)


def _refuse(response: httpx.Response) -> None:
    if _is_refused(response):
        response.read()
        raise _Refused(response)


async def _arefuse(response: httpx.Response) -> None:
    if _is_refused(response):
        await response.aread()
        raise _Refused(response)


class _Seam:
    """What both worlds share: settings, addresses, and the names of failures."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.trust = Trust()
        self._secrets = (settings.api_key or "",)

    def _key(self) -> str:
        if self.settings.api_key is None:
            raise MissingKeyError
        return self.settings.api_key

    def _own_headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key()}", "User-Agent": USER_AGENT}

    def _client_settings(self, client: httpx.Client | httpx.AsyncClient) -> dict[str, Any]:
        headers = httpx.Headers(client.headers)
        headers.update(self._own_headers())  # as `|` of two dictionaries would not, it replaces in any letter case
        return {
            "base_url": self.settings.base_url,
            "headers": headers,
            "cookies": client.cookies,
            "timeout": self.settings.timeout,
            "follow_redirects": True,
        }

    def _generated(self) -> AuthenticatedClient:
        return AuthenticatedClient(base_url=self.settings.base_url, token="", raise_on_unexpected_status=True)

    def remote(self, client: httpx.Client, archive: Archive, *, timeout: float) -> Remote:
        """The archive as the download engine sees it."""
        request = _download_request(archive)
        return Remote(
            client,
            httpx.URL(self.settings.base_url + request["url"], params=request["params"]),
            headers=self._own_headers(),
            timeout=timeout,
            action=f"download {archive}",
        )

    @contextmanager
    def _network_errors(self, action: str, doubt: str = "") -> Iterator[None]:
        """Raise our errors for what httpx raises; `action` opens the sentence, `doubt` is for what may have arrived."""
        try:
            yield
        except httpx.TimeoutException as error:
            raise ApiTimeoutError(action, "no answer within the time-out" + _doubted(error, doubt)) from error
        except httpx.TooManyRedirects as error:
            raise ApiResponseError(action, "the server redirects again and again") from error
        except (httpx.TransportError, httpx.StreamError, httpx.DecodingError) as error:
            reason = printable(redacted(str(error), self._secrets), 200) or type(error).__name__
            raise ApiConnectionError(action, reason + _doubted(error, doubt)) from self._showable(error)

    @contextmanager
    def _body_errors(self, action: str, response: httpx.Response) -> Iterator[None]:
        """The same while a caller reads a body; what the caller's own code raises in between passes through."""
        try:
            yield
        except httpx.RequestError as error:
            with self._network_errors(action) if _is_about(error, response) else nullcontext():
                raise

    @contextmanager
    def discreetly(self) -> Iterator[None]:
        """Take the key out of errors that quote a server: those who raise them do not know it."""
        try:
            yield
        except TogetherExtError as error:
            error.args = tuple(redacted(arg, self._secrets) if isinstance(arg, str) else arg for arg in error.args)
            link: BaseException = error
            while (cause := link.__cause__ or link.__context__) is not None:
                if self._showable(cause) is None:
                    link.__cause__ = link.__context__ = None
                    break
                link = cause
            raise

    def _showable(self, error: BaseException) -> BaseException | None:
        """An error as the cause of ours, or None if a traceback would show the key in it."""
        return error if redacted(str(error), self._secrets) == str(error) else None

    @contextmanager
    def _named(self, action: str, secrets: tuple[str, ...] = (), doubt: str = "") -> Iterator[None]:
        """Raise our errors for what the generated client raises, and httpx below it."""
        try:
            with self._network_errors(action, doubt):
                yield
        except _Unwritable as unwritable:
            # Not the cause itself: it holds all of the body.
            reason = printable(str(unwritable.__cause__), 200)
            raise RuleError(f"could not {action}: what was given cannot be written as a request ({reason})") from None
        except _Refused as refused:
            answer, hidden = refused.response, (*self._secrets, *secrets)
            raise status_error(
                action, status=answer.status_code, body=answer.content, headers=answer.headers, secrets=hidden
            ) from None
        except UnexpectedStatus as error:
            raise ApiResponseError(action, f"the server answered {int(error.status_code)} without a result") from None
        except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ApiResponseError(action, "the server's answer is not JSON") from error
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise ApiResponseError(action, "the server's answer is not of the form that the API has") from error


class Seam(_Seam):
    """Calls the API from sync code."""

    def __init__(self, settings: Settings, client: httpx.Client | None) -> None:
        super().__init__(settings)
        _check_client(client, httpx.Client)
        self._client, self._own = client, client is None
        self._api: tuple[AuthenticatedClient, httpx.Client] | None = None

    @property
    def client(self) -> httpx.Client:
        """The plain client below: the caller's, or our own, made when it is first needed."""
        if self._client is None:
            self._client = httpx.Client(verify=self.trust, timeout=self.settings.timeout)
        return self._client

    @property
    def transfer_client(self) -> httpx.Client:
        """What downloads go through: the plain client, or a view of the caller's without its credentials."""
        if self._own:
            return self.client
        return httpx.Client(transport=_Through(self.client), headers=self.client.headers, cookies=self.client.cookies)

    def _connected(self) -> tuple[AuthenticatedClient, httpx.Client]:
        if self._api is None:
            http = _Client(
                **self._client_settings(self.client),
                transport=Retrying(_Through(self.client), _retries(self.settings)),
                event_hooks={"response": [_refuse]},
            )
            self._api = self._generated().set_httpx_client(http), http
        return self._api

    def call(self, call: Call[T]) -> T:
        """Ask the API.

        Raises:
            ApiError: There was no answer, or none that is a result.
            RuleError: The request cannot be written.
        """
        generated, _ = self._connected()
        with self._named(call.action, call.secrets, call.doubt):
            answer = call.sync(client=generated, **call.arguments)
        return _answered(call.action, answer)

    def read(self, step: Read[R]) -> R:
        """Ask the API, and hand the answer to a reader as it comes.

        Raises:
            ApiError: There was no answer, or none that is a result.
        """
        _, http = self._connected()
        with self._named(step.action):
            response = http.send(http.build_request(**step.request), stream=True)
            try:
                _expect_result(response)
                for data in response.iter_bytes():
                    step.reader.feed(data)
            finally:
                response.close()
            step.reader.close()
        return step.reader

    @contextmanager
    def stream(self, archive: Archive) -> Iterator[httpx.Response]:
        """Open an archive's body."""
        _, http = self._connected()
        action = f"download {archive}"
        with self._named(action):
            response = http.send(http.build_request(**_download_request(archive)), stream=True)
        try:
            with self._body_errors(action, response):
                yield response
        finally:
            response.close()

    def close(self) -> None:
        """Close our own connections; the caller's client stays as it is."""
        if self._own and self._client is not None:
            self._client.close()
            self._client = None
        self._api = None


class AsyncSeam(_Seam):
    """Calls the API from async code."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None) -> None:
        super().__init__(settings)
        _check_client(client, httpx.AsyncClient)
        self._client, self._own = client, client is None
        self._api: tuple[AuthenticatedClient, httpx.AsyncClient] | None = None

    @property
    def client(self) -> httpx.AsyncClient:
        """The plain client below: the caller's, or our own, made when it is first needed."""
        if self._client is None:
            self._client = httpx.AsyncClient(verify=self.trust, timeout=self.settings.timeout)
        return self._client

    def _connected(self) -> tuple[AuthenticatedClient, httpx.AsyncClient]:
        if self._api is None:
            http = _AsyncClient(
                **self._client_settings(self.client),
                transport=AsyncRetrying(_AsyncThrough(self.client), _retries(self.settings)),
                event_hooks={"response": [_arefuse]},
            )
            self._api = self._generated().set_async_httpx_client(http), http
        return self._api

    async def call(self, call: Call[T]) -> T:
        """Ask the API.

        Raises:
            ApiError: There was no answer, or none that is a result.
            RuleError: The request cannot be written.
        """
        generated, _ = self._connected()
        with self._named(call.action, call.secrets, call.doubt):
            answer = await call.asyncio(client=generated, **call.arguments)
        return _answered(call.action, answer)

    async def read(self, step: Read[R]) -> R:
        """Ask the API, and hand the answer to a reader as it comes.

        Raises:
            ApiError: There was no answer, or none that is a result.
        """
        _, http = self._connected()
        with self._named(step.action):
            response = await http.send(http.build_request(**step.request), stream=True)
            try:
                _expect_result(response)
                async for data in response.aiter_bytes():
                    step.reader.feed(data)
            finally:
                await response.aclose()
            step.reader.close()
        return step.reader

    @asynccontextmanager
    async def stream(self, archive: Archive) -> AsyncIterator[httpx.Response]:
        """Open an archive's body."""
        _, http = self._connected()
        action = f"download {archive}"
        with self._named(action):
            response = await http.send(http.build_request(**_download_request(archive)), stream=True)
        try:
            with self._body_errors(action, response):
                yield response
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close our own connections; the caller's client stays as it is."""
        if self._own and self._client is not None:
            await self._client.aclose()
            self._client = None
        self._api = None


def _check_client(client: object, kind: type) -> None:
    if client is not None and not isinstance(client, kind):
        raise ConfigurationError(f"http_client is of the type {type(client).__name__}: expected httpx.{kind.__name__}")


def _doubted(error: Exception, doubt: str) -> str:
    return "" if isinstance(error, REFUSED_CONNECTION) or not doubt else f" ({doubt})"


def _is_about(error: httpx.RequestError, response: httpx.Response) -> bool:
    try:
        return error.request is response.request
    except RuntimeError:  # it is about no request that anybody knows of
        return False


def _expect_result(response: httpx.Response) -> None:
    if response.status_code != httpx.codes.OK:
        raise UnexpectedStatus(response.status_code, b"")


def _answered(action: str, answer: T | None) -> T:
    if answer is None:
        raise ApiResponseError(action, "the server's answer is empty")
    return answer


def _download_request(archive: Archive) -> dict[str, Any]:
    # A private name of the generated code: its functions read whole bodies into memory, and the request itself is
    # better taken from the specification than written a second time (as in `operations.list_jobs`). A test watches it.
    return download_fine_tune._get_kwargs(  # noqa: SLF001
        ft_id=archive.job_id,
        checkpoint_step=UNSET if archive.step is None else archive.step,
        checkpoint=DownloadCheckpoint(archive.checkpoint),
    )
