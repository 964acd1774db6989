"""The thread-based download engine in async code: run beside the event loop, stopped with its task."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread
import httpx

T = TypeVar("T")

FAREWELL = 2.0
"""Seconds that a cancelled task waits for the engine to put its journal in order."""


async def beside(call: Callable[[], T], cancel: threading.Event) -> T:
    """Run blocking work in a thread.

    Args:
        call: The work.
        cancel: Set when the task is cancelled; the work must end soon after.
    """
    ended = threading.Event()

    def work() -> T:
        try:
            return call()
        finally:
            ended.set()

    try:
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    except anyio.get_cancelled_exc_class():
        cancel.set()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(ended.wait, FAREWELL)
        raise


def in_loop(callback: Callable[[T], object]) -> Callable[[T], object]:
    """A callback for the thread of `beside` that runs the given one in the event loop, where its owner lives."""
    return lambda value: anyio.from_thread.run_sync(callback, value)


class _PortalStream(httpx.SyncByteStream):
    def __init__(self, portal: anyio.from_thread.BlockingPortal, response: httpx.Response) -> None:
        self._portal, self._response = portal, response

    def __iter__(self) -> Iterator[bytes]:
        chunks = self._response.aiter_raw()
        while chunk := self._portal.call(_following, chunks):
            yield chunk

    def close(self) -> None:
        self._portal.call(self._response.aclose)


async def _following(chunks: AsyncIterator[bytes]) -> bytes:
    return await anext(chunks, b"")


class _PortalTransport(httpx.BaseTransport):
    """Sends through an async client from any thread."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal, self._client = portal, client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        send = partial(self._client.send, stream=True, auth=None, follow_redirects=False)
        # A sync request's empty body is a stream of both kinds, so the async client takes it as it is.
        response = self._portal.call(send, request)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=_PortalStream(self._portal, response)
        )


async def sync_view(stack: AsyncExitStack, client: httpx.AsyncClient) -> httpx.Client:
    """A sync client for the engine's threads that sends through an async one: its proxy, CA and transport.

    Args:
        stack: Keeps it open, and closes it before the client.
        client: The caller's client; stays open.
    """
    portal = await stack.enter_async_context(anyio.from_thread.BlockingPortal())
    return httpx.Client(transport=_PortalTransport(portal, client), headers=client.headers, cookies=client.cookies)
