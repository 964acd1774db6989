"""The thread-based download engine in async code: run beside the event loop, stopped with its task."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import httpx

from together_ext.transfer.beside import beside
from together_ext.transfer.network.in_time import remaining

from .exchange import built

if TYPE_CHECKING:
    from together_ext.transfer.source import Sender

S = TypeVar("S")
T = TypeVar("T")
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class Closable(Protocol[V_co]):
    """An iterator that any thread may close."""

    def __next__(self) -> V_co:
        """The next item."""

    def close(self) -> None:
        """End the iteration."""


async def iterated(
    start: Callable[[Callable[[S], T]], Closable[V]], run: Callable[[S], Awaitable[T]], cancel: threading.Event
) -> AsyncIterator[V]:
    """Iterate over a blocking iterator, in threads.

    Args:
        start: Creates the iterator; gets a function that runs an awaitable of the event loop from any thread.
        run: Creates the awaitable.
        cancel: Set when the task is cancelled, and at the end; the iterator must end soon after.
    """
    found = start(_from_threads(run))
    try:
        while (item := await beside(partial(next, found, None), cancel)) is not None:
            yield item
    finally:
        cancel.set()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(found.close)


async def driven(work: Callable[[Callable[[S], T]], V], run: Callable[[S], Awaitable[T]], cancel: threading.Event) -> V:
    """Do blocking work in a thread.

    Args:
        work: The work; gets a function that runs an awaitable of the event loop from any thread.
        run: Creates the awaitable.
        cancel: Set when the task is cancelled; the work must end soon after.
    """
    return await beside(partial(work, _from_threads(run)), cancel)


def _from_threads(run: Callable[[S], Awaitable[T]]) -> Callable[[S], T]:
    token = anyio.lowlevel.current_token()
    return lambda value: anyio.from_thread.run(_awaited, run, value, token=token)


async def _awaited(run: Callable[[S], Awaitable[T]], value: S) -> T:
    return await run(value)


def in_loop(callback: Callable[[T], object] | None) -> Callable[[T], object] | None:
    """A callback for the thread of `beside` that runs the given one in the event loop."""
    return None if callback is None else lambda value: anyio.from_thread.run_sync(callback, value)


def threaded(request: httpx.Request) -> httpx.Request:
    """The same request, whose upload is read in a thread, because a slow disk would block the event loop."""
    if isinstance(request.stream, httpx.SyncByteStream) and not isinstance(request.stream, httpx.ByteStream):
        request.stream = _ThreadedStream(request.stream)
    return request


class _ThreadedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = iter(self._stream)
        while (piece := await anyio.to_thread.run_sync(next, pieces, None)) is not None:
            yield piece


class _PortalStream(httpx.SyncByteStream):
    def __init__(self, portal: anyio.from_thread.BlockingPortal, response: httpx.Response) -> None:
        self._portal, self._response = portal, response

    def __iter__(self) -> Iterator[bytes]:
        chunks = self._response.aiter_raw()
        while chunk := self._portal.call(_in_time, remaining(), _following, chunks):
            yield chunk

    def close(self) -> None:
        self._portal.call(self._response.aclose)


async def _in_time(seconds: float | None, call: Callable[[V], Awaitable[T]], value: V) -> T:
    """Await a call with a time limit in seconds: the deadline of a thread has no effect in the event loop."""
    try:
        with anyio.fail_after(seconds):
            return await call(value)
    except TimeoutError:
        raise httpx.ReadTimeout("the time limit was exceeded") from None


async def _following(chunks: AsyncIterator[bytes]) -> bytes:
    return await anext(chunks, b"")


class _PortalSender:
    """Sends through an async client from any thread, without its credentials."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal, self._client = portal, client

    def build_request(
        self, method: str, url: httpx.URL, *, headers: Mapping[str, str], timeout: httpx.Timeout
    ) -> httpx.Request:
        # A request without a body has a stream of both kinds, so the async client accepts it.
        return built(self._client, method, url, headers=headers, timeout=timeout)

    def send(
        self, request: httpx.Request, *, stream: bool, follow_redirects: bool, auth: None = None
    ) -> httpx.Response:
        send = partial(self._client.send, stream=stream, auth=auth, follow_redirects=follow_redirects)
        request.extensions = {name: value for name, value in request.extensions.items() if name != "trace"}
        response = self._portal.call(_in_time, remaining(), send, threaded(request))
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_PortalStream(self._portal, response),
            request=response.request,
        )


async def sync_view(stack: AsyncExitStack, client: httpx.AsyncClient) -> Sender:
    """A sender for the engine's threads: an async client, for its proxy, CA and transport.

    Args:
        stack: Closes the sender; it must end before the client is closed.
        client: The caller's client; stays open.
    """
    portal = await anyio.from_thread.BlockingPortal().__aenter__()
    # Not as a context, whose task group would wrap each error of the transfer in an `ExceptionGroup`.
    stack.push_async_callback(portal.__aexit__, None, None, None)
    return _PortalSender(portal, client)
