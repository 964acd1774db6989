"""The connection of a client to the API: calls the generated functions, and sends what they and downloads request.

Three properties of the generated client matter here. It shows its token in its repr, so it gets none: the key is
in the headers that `requests` adds. It cannot parse a response of an unexpected status, so errors are raised before it
gets the response. Its errors quote whole bodies, so `failures` replaces them.
"""

from __future__ import annotations

import copyreg
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, assert_never, cast

import httpx

from together_ext.clock import AsyncClock, Deadline, pause
from together_ext.config import Settings
from together_ext.errors import (
    ApiResponseError,
    ConfigurationError,
)
from together_ext.transfer.network.clients import Certificates, async_client, sync_client
from together_ext.transfer.network.in_time import in_time, watch
from together_generated import AuthenticatedClient
from together_generated.types import Unset

from . import exchange
from .exchange import Act, Acts, Close, Opened, Piece, Send, Taken, Wait
from .failures import Failures
from .flow import Archive, Call, R, Raw, Read, Reply, StoredFile, Streaming, arun, run
from .open_responses import bounded
from .requests import Requests, streaming_action, streaming_request
from .whole import DOCUMENT_LIMIT, LIST_LIMIT, Document, File

if TYPE_CHECKING:
    from together_ext.transfer.source import Sender

T = TypeVar("T")
C = TypeVar("C", httpx.Client, httpx.AsyncClient)

# The generated code compares with `is`, so a model that was pickled or copied must have the same UNSET.
copyreg.pickle(Unset, lambda _: "UNSET")


class _Door:
    """Replaces the `httpx` client of the generated code, which calls only this method."""

    def __init__(self, request: Callable[[dict[str, Any]], Any]) -> None:
        self._request = request

    def request(self, **keywords: Any) -> Any:  # noqa: ANN401 -- a response, or what is awaited for one
        return self._request(keywords)


class Anonymous:
    """Sends requests through a client without its credentials; the API key is the only one.

    Args:
        client: The client; its headers and cookies are sent too.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def build_request(
        self, method: str, url: httpx.URL, *, headers: Mapping[str, str], timeout: httpx.Timeout
    ) -> httpx.Request:
        """Build a request with the client's headers and cookies."""
        return exchange.built(self._client, method, url, headers=headers, timeout=timeout)

    def send(
        self, request: httpx.Request, *, stream: bool, follow_redirects: bool, auth: None = None
    ) -> httpx.Response:
        """Send a request."""
        return self._client.send(request, stream=stream, auth=auth, follow_redirects=follow_redirects)


class _Seam(Generic[C]):
    """What both clients share: settings, requests and the translation of errors."""

    def __init__(self, settings: Settings, callers: C | None, kind: type[C], clock: AsyncClock) -> None:
        if callers is not None and not isinstance(callers, kind):
            given = type(callers).__name__
            raise ConfigurationError(f"http_client is of the type {given}: expected httpx.{kind.__name__}")
        self.settings, self.clock = settings, clock
        self._callers: C | None = callers
        self.certificates = Certificates()
        self._requests = Requests(settings, clock)
        self._failures = Failures(*settings.secrets)
        self.discreetly = self._failures.discreetly
        self.remote = self._requests.remote

    @property
    def private(self) -> bool:
        """Whether requests are sent through private HTTP clients, not through one of the caller."""
        return self._callers is None

    def _called(
        self, client: httpx.Client | httpx.AsyncClient, call: Call[Any], keywords: Mapping[str, Any]
    ) -> tuple[Acts[Taken[File]], Deadline]:
        """The steps of a call, and its deadline."""
        request = self._requests.built(client, keywords)
        terms = self._requests.terms(client, request, call.within, call.pauses)
        reader = File if call.is_file else Document
        return exchange.read(request, reader, call.limit, terms, is_file=call.is_file), terms.deadline

    def _raw(self, client: httpx.Client | httpx.AsyncClient, step: Raw) -> tuple[Acts[Taken[File]], Deadline]:
        """The steps of a request that the specification does not describe, and its deadline."""
        request = self._requests.built(client, step.request)
        terms = self._requests.terms(client, request, pauses=step.pauses)
        return exchange.read(request, Document, DOCUMENT_LIMIT, terms, step.statuses), terms.deadline

    def _generated(self) -> AuthenticatedClient:
        return AuthenticatedClient(base_url=self.settings.base_url, token="", raise_on_unexpected_status=True)


class Seam(_Seam[httpx.Client]):
    """Calls the API from sync code."""

    def __init__(self, settings: Settings, client: httpx.Client | None, clock: AsyncClock) -> None:
        super().__init__(settings, client, httpx.Client, clock)
        self._owned: httpx.Client | None = None
        self._making = threading.Lock()  # several threads may call first, or close

    @property
    def client(self) -> httpx.Client:
        """The HTTP client: the caller's, or a private one, created when it is first needed."""
        if self._callers is not None:
            return self._callers
        with self._making:
            if self._owned is None:
                self._owned = sync_client(self.certificates, timeout=self.settings.timeout)
            return self._owned

    @property
    def transfer_client(self) -> Sender:
        """The sender for downloads."""
        return Anonymous(self.client)

    def call(self, call: Call[T]) -> T:
        """Call the API.

        Raises:
            ApiError: There was no response, or an invalid one.
            RuleError: The request cannot be serialized.
        """
        door = _Door(partial(self._respond, call))
        generated = self._generated().set_httpx_client(cast("httpx.Client", door))
        with self._failures.of_call(call.action, call.secrets, call.doubt):
            found = call.sync(client=generated, **call.arguments)
        return _result(call.action, found)

    def _respond(self, call: Call[Any], keywords: Mapping[str, Any]) -> httpx.Response:
        acts, deadline = self._called(self.client, call, keywords)
        return _passed(call, keywords, self._run(acts, deadline))

    def read(self, step: Read[R]) -> R:
        """Call the API, and pass the response to a reader while it arrives.

        Raises:
            ApiError: There was no response, or an invalid one.
        """
        with self._failures.of_call(step.action):
            request = self._requests.built(self.client, step.request)
            terms = self._requests.terms(self.client, request, pauses=step.pauses)
            reader = self._run(exchange.read(request, step.reader, LIST_LIMIT, terms), terms.deadline).reader
            reader.close()
        return reader

    def raw(self, step: Raw) -> Reply:
        """Send a request that the specification does not describe.

        Raises:
            ApiError: There was no response, or an error.
        """
        with self._failures.of_call(step.action, doubt=step.doubt):
            return _reply(self._run(*self._raw(self.client, step)))

    @contextmanager
    def stream(self, wanted: Archive | StoredFile | Streaming) -> Iterator[httpx.Response]:
        """Request a file or a stream, and yield the open response."""
        action = streaming_action(wanted)
        with self._failures.of_call(action):
            request = self._requests.built(self.client, streaming_request(wanted))
            terms = self._requests.terms(self.client, request)
            acts = exchange.opened(request, terms, is_file=not isinstance(wanted, Streaming))
            response = bounded(self._run(acts, terms.deadline).response)
        try:
            with self._failures.of_body(action, response):
                yield response
        finally:
            response.close()

    def _run(self, acts: Acts[T], deadline: Deadline) -> T:
        return run(acts, partial(self._do, deadline))

    def _do(self, deadline: Deadline, act: Act) -> object:
        match act:
            case Send(request):
                with in_time(deadline):
                    _limit(request, deadline, watch)
                    response = self.client.send(request, stream=True, auth=None, follow_redirects=False)
                return Opened(response, None if response.is_stream_consumed else response.iter_raw())
            case Piece(found):
                with in_time(deadline):
                    return next(found.pieces, b"")
            case Close(found):
                found.response.close()
            case Wait(seconds):
                pause(self.clock, seconds)
            case _:
                assert_never(act)
        return None

    def close(self) -> None:
        """Close the private connections; the caller's client stays open."""
        with self._making:
            client, self._owned = self._owned, None
        if client is not None:
            client.close()


class AsyncSeam(_Seam[httpx.AsyncClient]):
    """Calls the API from async code."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None, clock: AsyncClock) -> None:
        import anyio.lowlevel

        super().__init__(settings, client, httpx.AsyncClient, clock)
        # Connections belong to the event loop that created them, so each loop has its own client.
        self._owned = anyio.lowlevel.RunVar[httpx.AsyncClient | None]("together_ext client", None)
        self._in_first_loop = anyio.lowlevel.RunVar[bool]("the loop of the caller's client", False)  # noqa: FBT003 -- a value
        self._was_used = False

    @property
    def client(self) -> httpx.AsyncClient:
        """The HTTP client: the caller's, or a private one of this event loop, created when it is first needed."""
        if self._callers is not None:
            return self._callers
        client = self._owned.get()
        if client is None:
            client = async_client(self.certificates, timeout=self.settings.timeout)
            self._owned.set(client)
        return client

    async def transfer_client(self, stack: AsyncExitStack) -> Sender:
        """The sender for downloads, in the engine's threads; the stack closes it."""
        if self._callers is None:
            # The engine's threads are faster on separate sockets than through the event loop.
            return Anonymous(stack.enter_context(sync_client(self.certificates, timeout=self.settings.timeout)))
        from .bridge import sync_view

        return await sync_view(stack, self._callers)

    async def call(self, call: Call[T]) -> T:
        """Call the API.

        Raises:
            ApiError: There was no response, or an invalid one.
            RuleError: The request cannot be serialized.
        """
        door = _Door(partial(self._respond, call))
        generated = self._generated().set_async_httpx_client(cast("httpx.AsyncClient", door))
        with self._failures.of_call(call.action, call.secrets, call.doubt):
            found = await call.asyncio(client=generated, **call.arguments)
        return _result(call.action, found)

    async def _respond(self, call: Call[Any], keywords: Mapping[str, Any]) -> httpx.Response:
        acts, deadline = self._called(self.client, call, keywords)
        return _passed(call, keywords, await self._run(acts, deadline))

    async def read(self, step: Read[R]) -> R:
        """Call the API, and pass the response to a reader while it arrives.

        Raises:
            ApiError: There was no response, or an invalid one.
        """
        with self._failures.of_call(step.action):
            request = self._requests.built(self.client, step.request)
            terms = self._requests.terms(self.client, request, pauses=step.pauses)
            reader = (await self._run(exchange.read(request, step.reader, LIST_LIMIT, terms), terms.deadline)).reader
            reader.close()
        return reader

    async def raw(self, step: Raw) -> Reply:
        """Send a request that the specification does not describe.

        Raises:
            ApiError: There was no response, or an error.
        """
        with self._failures.of_call(step.action, doubt=step.doubt):
            return _reply(await self._run(*self._raw(self.client, step)))

    @asynccontextmanager
    async def stream(self, wanted: Archive | StoredFile | Streaming) -> AsyncIterator[httpx.Response]:
        """Request a file or a stream, and yield the open response."""
        action = streaming_action(wanted)
        with self._failures.of_call(action):
            request = self._requests.built(self.client, streaming_request(wanted))
            terms = self._requests.terms(self.client, request)
            acts = exchange.opened(request, terms, is_file=not isinstance(wanted, Streaming))
            response = bounded((await self._run(acts, terms.deadline)).response)
        try:
            with self._failures.of_body(action, response):
                yield response
        finally:
            await response.aclose()

    async def _run(self, acts: Acts[T], deadline: Deadline) -> T:
        return await arun(acts, partial(self._do, deadline))

    async def _do(self, deadline: Deadline, act: Act) -> object:
        match act:
            case Send(request):
                from .bridge import threaded

                _limit(request, deadline, None)
                response = await self._send(threaded(request), deadline)
                return Opened(response, None if response.is_stream_consumed else response.aiter_raw())
            case Piece(found):
                return await _before(deadline, anext(found.pieces, b""))
            case Close(found):
                await found.response.aclose()
            case Wait(seconds):
                await self.clock.sleep(seconds)
            case _:
                assert_never(act)
        return None

    async def _send(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        if not self._was_used:
            self._was_used = True
            self._in_first_loop.set(True)
        send = self.client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            return await _before(deadline, send)
        except RuntimeError as error:
            if self._callers is None or self._in_first_loop.get():
                raise
            raise ConfigurationError(
                "http_client was used in another event loop, and its connections belong to that loop: "
                "create one client for each event loop"
            ) from error

    async def aclose(self) -> None:
        """Close the private connections of this event loop; the caller's client stays open."""
        if (client := self._owned.get()) is not None:
            self._owned.set(None)
            await client.aclose()


async def _before(deadline: Deadline, work: Awaitable[T]) -> T:
    """Await work until a deadline."""
    import anyio

    with anyio.move_on_after(max(deadline.left(), 0)):
        return await work
    raise httpx.ReadTimeout("the time limit of the call was exceeded")


def _limit(request: httpx.Request, deadline: Deadline, trace: Callable[[str, dict[str, Any]], None] | None) -> None:
    """Limit each timeout of a request to the time that is left for the call."""
    left = max(deadline.left(), 0)
    timeout = {
        name: left if limit is None else min(limit, left) for name, limit in request.extensions["timeout"].items()
    }
    request.extensions = {**request.extensions, "timeout": timeout, **({} if trace is None else {"trace": trace})}


def _passed(call: Call[Any], keywords: Mapping[str, Any], taken: Taken[File]) -> httpx.Response:
    """The response for the generated code, which expects one status, and a document even after a deletion."""
    empty = taken.status in {httpx.codes.NO_CONTENT, httpx.codes.RESET_CONTENT}
    content = b"{}" if empty and keywords["method"] == "delete" else taken.reader.content()
    return httpx.Response(call.success, content=content)


def _reply(taken: Taken[File]) -> Reply:
    return Reply(taken.status, taken.headers, taken.reader.content())


def _result(action: str, found: T | None) -> T:
    if found is None:
        raise ApiResponseError(action, "the response is empty")
    return found
