"""Answering with an archive: status and headers by the book, the bytes in pieces, and what a fault makes of it all."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from starlette.types import Receive, Send

from together_ext.simulator.archives import Archive
from together_ext.simulator.faults import Fault
from together_ext.simulator.ranges import Span, UnsatisfiableRangeError, http_date, if_range_holds, requested_span
from together_ext.simulator.records import Exchange, Log

CHUNK = 256 * 1024
TICK = 0.005
"""Seconds between two looks at something that no callback tells of."""


@dataclass(frozen=True)
class Head:
    """How an answer begins, and which bytes of the archive follow."""

    status: int
    headers: Mapping[str, str]
    span: Span


class Gate:
    """What stalled answers wait at; opening it lets pass who waits now, not who comes later."""

    def __init__(self) -> None:
        self._openings = 0

    def open(self) -> None:
        """Let everyone go on who waits."""
        self._openings += 1

    async def wait(self, transport: asyncio.Transport, log: Log) -> None:
        """Wait for the next opening, or for the end of the connection."""
        openings = self._openings
        with log.waiting():
            # Polled, for nothing tells of the end of a connection that nobody reads from.
            while self._openings == openings and not transport.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(TICK)


def head(method: str, asked: Mapping[str, str], archive: Archive, fault: Fault) -> Head:
    """Decide how to answer a GET or HEAD with the request headers ``asked``."""
    whole = Span(0, archive.size)
    validators = _validators(archive, fault)
    headers = {"content-type": "application/octet-stream", "accept-ranges": "bytes", **validators}
    status, span = 200, whole
    # RFC 9110 14.2: ranges are defined for GET alone.
    if method == "GET" and not fault.ignore_range and _may_be_partial(asked, validators):
        try:
            partial = requested_span(asked.get("range"), archive.size)
        except UnsatisfiableRangeError:
            return Head(416, {"content-range": f"bytes */{archive.size}", "content-length": "0"}, Span(0, 0))
        if partial is not None:
            status, span = 206, partial
            total = archive.size if fault.total is None else fault.total
            first, last = span.start + fault.shift, span.stop - 1 + fault.shift
            headers["content-range"] = f"bytes {first}-{last}/{total}"
    if fault.ignore_range:
        del headers["accept-ranges"]
    if fault.gzip:
        headers["content-encoding"] = "gzip"
    elif not fault.chunked:
        headers["content-length"] = str(span.size)
    kept = {name: value for name, value in (headers | dict(fault.headers)).items() if value is not None}
    return Head(status, kept, span)


def _validators(archive: Archive, fault: Fault) -> dict[str, str]:
    if fault.no_validator:
        return {}
    return {
        "etag": f"W/{archive.etag}" if fault.weak_etag else archive.etag,
        "last-modified": http_date(archive.modified),
    }


def _may_be_partial(asked: Mapping[str, str], validators: Mapping[str, str]) -> bool:
    return if_range_holds(asked.get("if-range"), validators.get("etag"), validators.get("last-modified"))


@dataclass(frozen=True)
class Delivery:
    """One archive on its way into one connection.

    ``rate`` is asked before every piece for the bytes a second that are allowed (None: no limit), ``counted`` is told
    of every piece that has left.
    """

    archive: Archive
    exchange: Exchange
    fault: Fault
    transport: asyncio.Transport
    gate: Gate
    log: Log
    rate: Callable[[], float | None]
    counted: Callable[[int], None]

    async def __call__(self, receive: Receive, send: Send) -> None:
        """Send the whole answer, or what the fault lets through."""
        request = self.exchange.request
        answer = head(request.method, request.headers, self.archive, self.fault)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if request.method != "HEAD":
            async for piece in self._pieces(answer.span):
                # Counted first: whoever has read the bytes finds them in the count.
                self.exchange.advanced(len(piece))
                self.counted(len(piece))
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                # A fast reader would otherwise keep the other connections from their turn.
                await asyncio.sleep(0)
        if self.transport.is_closing():
            await gone(receive)
        else:
            await send({"type": "http.response.body", "body": b""})

    async def _pieces(self, span: Span) -> AsyncIterator[bytes]:
        """The body in pieces; ends early when the connection does."""
        sent = 0
        async for piece in self._encoded(span):
            rest = piece
            while rest:
                await self._trip(sent)
                if self.transport.is_closing():
                    return
                size = self._until_next_trip(sent, len(rest))
                yield rest[:size]
                sent, rest = sent + size, rest[size:]
        await self._trip(sent)

    async def _encoded(self, span: Span) -> AsyncIterator[bytes]:
        """The archive's bytes at the pace allowed, compressed if the fault says so."""
        compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16) if self.fault.gzip else None
        position = span.start
        while position < span.stop and not self.transport.is_closing():
            rate = self.fault.rate or self.rate()
            size = min(CHUNK, span.stop - position, CHUNK if rate is None else max(1, int(rate / 20)))
            piece = self._corrupted(self.archive.read(position, position + size), position)
            yield piece if compressor is None else compressor.compress(piece)
            position += size
            if rate is not None:
                await asyncio.sleep(size / rate)
        if compressor is not None:
            yield compressor.flush()

    def _corrupted(self, piece: bytes, position: int) -> bytes:
        where = -1 if self.fault.corrupt is None else self.fault.corrupt - position
        if not 0 <= where < len(piece):
            return piece
        return piece[:where] + bytes([piece[where] ^ 0xFF]) + piece[where + 1 :]

    def _until_next_trip(self, sent: int, size: int) -> int:
        """How many of the next ``size`` bytes may go before the fault strikes."""
        ahead = [at - sent for at in (self.fault.cut, self.fault.reset, self.fault.stall) if at is not None]
        return min([size, *(distance for distance in ahead if distance > 0)])

    async def _trip(self, sent: int) -> None:
        """Let the fault strike if ``sent`` bytes are the number it waits for."""
        if sent == self.fault.stall:
            await self.gate.wait(self.transport, self.log)
        if sent == self.fault.cut:
            self.transport.close()
        if sent == self.fault.reset:
            while self.transport.get_write_buffer_size() and not self.transport.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(TICK)
            reset(self.transport)


def reset(transport: asyncio.Transport) -> None:
    """End a connection with RST: that is what closing does to a socket that lingers for no time."""
    connection = transport.get_extra_info("socket")
    if connection is not None and not transport.is_closing():
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def gone(receive: Receive) -> None:
    """Wait until the server has noticed the end of the connection; an answer it believes unfinished would be logged."""
    while (await receive())["type"] != "http.disconnect":
        pass
