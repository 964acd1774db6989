"""What both hosts do with every request: write it down, let scripted faults answer, name the answer."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from together_ext.simulator.delivery import Gate, gone, reset
from together_ext.simulator.faults import Fault, Script
from together_ext.simulator.records import Exchange, Log, Request

PREFIX = "/v1"
_NO_FAULT = Fault()


@dataclass(frozen=True)
class Trouble:
    """What may go wrong on every host, and the gate that ends a wait."""

    script: Script
    gate: Gate


class Host:
    """An ASGI application around another one.

    The inner application finds the `Exchange` and the `Fault` of its request in the scope (`exchange_of`, `fault_of`).
    ``delivers`` says whether a request, if all goes well, is answered with an archive's bytes.
    """

    def __init__(self, app: ASGIApp, log: Log, trouble: Trouble, delivers: Callable[[Request], bool]) -> None:
        self._app, self._log, self._trouble, self._delivers = app, log, trouble, delivers
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = _request(scope, await _body(receive))
        exchange = self._log.begin(request)
        fault = self._trouble.script.take(request, delivers=self._delivers(request)) or _NO_FAULT
        number = f"sim-{next(self._numbers):06d}".encode()

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.answered(message["status"])
                message["headers"] = [*message.get("headers", []), (b"x-request-id", number)]
            await send(message)

        replayed: Iterator[Message] = iter([{"type": "http.request", "body": request.body}])

        async def replay() -> Message:
            return next(replayed, None) or await receive()

        try:
            if fault.hold:
                await self._trouble.gate.wait(transport_of(scope), self._log)
            if transport_of(scope).is_closing():
                await gone(receive)
            elif fault.answers:
                await _answer(fault, transport_of(scope), receive, send_and_note)
            else:
                inner = {**scope, "path": request.path, "simulator.exchange": exchange, "simulator.fault": fault}
                await self._app(inner, replay, send_and_note)
        finally:
            exchange.finished()


def exchange_of(scope: Scope) -> Exchange:
    """The record of the request being answered."""
    return cast("Exchange", scope["simulator.exchange"])


def fault_of(scope: Scope) -> Fault:
    """What shall go wrong with the answer; a `Fault` without effect if nothing."""
    return cast("Fault", scope["simulator.fault"])


def transport_of(scope: Scope) -> asyncio.Transport:
    """The connection itself, which the server's protocol puts into the scope."""
    return cast("asyncio.Transport", scope["simulator.transport"])


async def _answer(fault: Fault, transport: asyncio.Transport, receive: Receive, send: Send) -> None:
    """Answer what the fault says in place of the real thing."""
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


def _request(scope: Scope, body: bytes) -> Request:
    path: str = scope["path"]
    query = scope["query_string"].decode()
    raw_path = scope["raw_path"].decode()
    return Request(
        method=scope["method"],
        path=path.removeprefix(PREFIX) if path.startswith(f"{PREFIX}/") else path,
        target=f"{raw_path}?{query}" if query else raw_path,
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
    )


async def _body(receive: Receive) -> bytes:
    parts, more = list[bytes](), True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)
