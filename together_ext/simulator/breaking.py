"""Responses that break off or pause: the effect of faults on a connection."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Send

from .faults import Fault
from .records import Log

TICK = 0.005
"""Seconds between two polls of what has no callback."""


class Gate:
    """Holds stalled responses; opening it releases those that wait now, not later ones."""

    def __init__(self) -> None:
        self._openings = 0

    def open(self) -> None:
        """Release all responses that wait."""
        self._openings += 1

    async def wait(self, transport: asyncio.Transport, log: Log) -> None:
        """Wait for the next opening, or for the end of the connection."""
        openings = self._openings
        with log.waiting():
            # Polled, because no event reports the end of a connection that is not read from.
            while self._openings == openings and not transport.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(TICK)


class Breaker:
    """Applies a fault at its position in the body of one response."""

    def __init__(self, fault: Fault, transport: asyncio.Transport, gate: Gate, log: Log) -> None:
        self._fault, self._transport, self._gate, self._log = fault, transport, gate, log
        self._sent = 0

    async def parts(self, piece: bytes) -> AsyncIterator[bytes]:
        """The next bytes of the body, up to where the connection ends."""
        rest = piece
        while rest:
            await self.trip()
            if self._transport.is_closing():
                return
            size = self._until_next_trip(len(rest))
            yield rest[:size]
            self._sent, rest = self._sent + size, rest[size:]

    async def trip(self) -> None:
        """Apply the fault if it applies after the bytes that were sent."""
        if self._sent == self._fault.stall:
            await self._gate.wait(self._transport, self._log)
        if self._sent == self._fault.bad_chunk and not self._transport.is_closing():
            self._transport.write(b"not-a-size\r\n")
            self._transport.close()
        if self._sent == self._fault.cut:
            self._transport.close()
        if self._sent == self._fault.reset:
            while self._transport.get_write_buffer_size() and not self._transport.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(TICK)
            reset(self._transport)

    def _until_next_trip(self, size: int) -> int:
        """How many of the next ``size`` bytes may be sent before the fault applies."""
        fault = self._fault
        ahead = [at - self._sent for at in (fault.cut, fault.reset, fault.stall, fault.bad_chunk) if at is not None]
        return min([size, *(distance for distance in ahead if distance > 0)])


def breaking(breaker: Breaker, fault: Fault, transport: asyncio.Transport, receive: Receive, send: Send) -> Send:
    """A ``send`` that breaks off the body of any response."""

    async def send_part(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name != b"content-length"]
            await send({**message, "headers": headers} if fault.is_chunked else message)
            return
        async for part in breaker.parts(message.get("body", b"")):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        if not message.get("more_body", False):
            await breaker.trip()
        if transport.is_closing():
            await gone(receive)
        elif not message.get("more_body", False):
            await send({"type": "http.response.body", "body": b""})

    return send_part


def reset(transport: asyncio.Transport) -> None:
    """End a connection with RST, which is the effect of closing a socket with a linger time of zero."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def gone(receive: Receive) -> None:
    """Wait until the server has noticed the end of the connection; otherwise it logs an unfinished response."""
    while (await receive())["type"] != "http.disconnect":
        pass
