"""The handling of every request on both hosts: check it, record it, apply scripted faults, add a response ID."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.requests import Request as StarletteRequest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .admission import STORED_PATH, UPLOAD_PATH, Admission, bounded
from .answers import ApiError, refusal
from .breaking import Breaker, Gate, breaking, gone, reset
from .faults import Fault, Script
from .records import Exchange, Log, Request

PREFIX = "/v1"
_NO_FAULT = Fault()
_LOG = logging.getLogger("together_ext.simulator")


@dataclass(frozen=True)
class Trouble:
    """The faults of both hosts, and the gate that ends a wait."""

    script: Script
    gate: Gate


class Host:
    """An ASGI application around another one.

    The inner application finds the `Exchange` and the `Fault` of its request in the scope (`exchange_of`, `fault_of`).
    ``delivers`` returns whether the usual response to a request has the bytes of an archive.
    """

    def __init__(
        self,
        app: ASGIApp,
        log: Log,
        trouble: Trouble,
        admission: Admission,
        delivers: Callable[[Request], bool] = lambda _: False,
    ) -> None:
        self._app, self._log, self._trouble, self._delivers = app, log, trouble, delivers
        self._admission = admission
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request; one whose body is incomplete gets no response and is not recorded."""
        with contextlib.suppress(ClientDisconnect):
            request, refused = await self._admitted(_request(scope), receive)
            await self._respond(request, refused, scope, receive, send)

    async def _admitted(self, request: Request, receive: Receive) -> tuple[Request, ApiError | None]:
        """The request with its body, unless it is refused or streamed; and the error if it is refused."""
        try:
            self._admission.check(request.path, request.headers)
            if _is_streamed(request):
                return request, None
            return replace(request, body=b"".join([part async for part in _parts(receive, request)])), None
        except ApiError as error:
            return request, error

    async def _respond(
        self, request: Request, refused: ApiError | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        exchange = self._log.begin(request)
        number = f"sim-{next(self._numbers):06d}".encode()

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.answered(message["status"])
                message["headers"] = [*message.get("headers", []), (b"x-request-id", number)]
            await send(message)

        try:
            if refused is not None:
                raise refused
            fault = self._trouble.script.take(request, delivers=self._delivers(request)) or _NO_FAULT
            await self._fulfil(exchange, fault, scope, receive, send_and_note)
        except ApiError as error:
            await (await refusal(StarletteRequest(scope), error))(scope, receive, send_and_note)
        finally:
            exchange.finished()
            _LOG.debug("%s %s %s", request.method, request.path, exchange.snapshot().status)

    async def _fulfil(self, exchange: Exchange, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the usual response, or that of the fault."""
        request, transport = exchange.request, transport_of(scope)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.hold:
            await self._trouble.gate.wait(transport, self._log)
        if transport.is_closing():
            await gone(receive)
        elif fault.answers:
            if _is_streamed(request):
                async for _ in _parts(receive, request):
                    pass
            await _answer(fault, transport, receive, send)
        else:
            if fault.breaks and not self._delivers(request):  # a delivery breaks off by itself
                breaker = Breaker(fault, transport, self._trouble.gate, self._log)
                send = breaking(breaker, fault, transport, receive, send)
            elif not fault.breaks:
                send = _noting(exchange, send)
            inner = {**scope, "path": request.path, "simulator.exchange": exchange, "simulator.fault": fault}
            body = bounded(receive, request.path) if _is_streamed(request) else _replayed(request.body, receive)
            await self._app(inner, body, send)


def exchange_of(scope: Scope) -> Exchange:
    """The record of the current request."""
    return cast("Exchange", scope["simulator.exchange"])


def fault_of(scope: Scope) -> Fault:
    """The fault of the response; a `Fault` without effect if there is none."""
    return cast("Fault", scope["simulator.fault"])


def transport_of(scope: Scope) -> asyncio.Transport:
    """The connection itself, which the server's protocol puts into the scope."""
    return cast("asyncio.Transport", scope["simulator.transport"])


def _noting(exchange: Exchange, send: Send) -> Send:
    """Record the body of a JSON response; those of this simulator are sent in one piece."""
    is_json = False

    async def send_noted(message: Message) -> None:
        nonlocal is_json
        if message["type"] == "http.response.start":
            is_json = (b"content-type", b"application/json") in message["headers"]
        elif is_json and not message.get("more_body", False):
            exchange.responded(message["body"])
        await send(message)

    return send_noted


async def _answer(fault: Fault, transport: asyncio.Transport, receive: Receive, send: Send) -> None:
    """Send the response of the fault in place of the usual one."""
    if fault.drop:
        reset(transport)
        await gone(receive)
        return
    location = {} if fault.location is None else {"location": fault.location}
    usual: dict[str, str | None] = {"content-type": "text/plain; charset=utf-8", **location}
    headers = usual | {"content-length": str(len(fault.body))} | dict(fault.headers)
    lines = [(name.encode(), value.encode()) for name, value in headers.items() if value is not None]
    await send({"type": "http.response.start", "status": fault.status or 302, "headers": lines})
    await send({"type": "http.response.body", "body": fault.body})


def _request(scope: Scope) -> Request:
    path: str = scope["path"]
    query = scope["query_string"].decode()
    raw_path = scope["raw_path"].decode()
    return Request(
        method=scope["method"],
        path=without_prefix(path),
        target=f"{raw_path}?{query}" if query else raw_path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=b"",
    )


def without_prefix(path: str) -> str:
    """The path without ``/v1``, which the official client of version 3 adds even if the base URL ends in it."""
    for _ in range(2):
        path = path.removeprefix(PREFIX) if path.startswith(f"{PREFIX}/") else path
    return path


def _is_streamed(request: Request) -> bool:
    return request.path == UPLOAD_PATH or request.path.startswith(STORED_PATH)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was already read, followed by all further messages."""
    replayed: Iterator[Message] = iter([{"type": "http.request", "body": body}])

    async def replay() -> Message:
        return next(replayed, None) or await receive()

    return replay


async def _parts(receive: Receive, request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives, up to the limit of its path."""
    receive, more = bounded(receive, request.path), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        more = message.get("more_body", False)
