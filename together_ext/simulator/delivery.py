"""Responses with an archive: status and headers (RFC 9110), the bytes in pieces, and the effect of faults."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from starlette.types import Receive, Send

from .archives import Archive
from .breaking import Breaker, Gate, gone
from .faults import Fault
from .ranges import Span, UnsatisfiableRangeError, http_date, if_range_holds, requested_span
from .records import Exchange, Log

CHUNK = 256 * 1024


@dataclass(frozen=True)
class Head:
    """The start of a response, and the span of the archive that follows."""

    status: int
    headers: Mapping[str, str]
    span: Span


def head(method: str, asked: Mapping[str, str], archive: Archive, fault: Fault) -> Head:
    """Decide the response to a GET or HEAD with the request headers ``asked``. No I/O."""
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
    elif not fault.is_chunked:
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
    """The delivery of one archive over one connection.

    Attributes:
        archive: The archive.
        exchange: The record of the request.
        fault: The fault that applies.
        transport: The connection.
        gate: Where a stalled response waits.
        log: The log of the host.
        rate: Called before every piece; returns the maximum bytes per second (None: no limit).
        counted: Called with the size of every piece that is sent.
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
        """Send the response, as far as the fault allows."""
        request = self.exchange.request
        answer = head(request.method, request.headers, self.archive, self.fault)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if request.method != "HEAD":
            async for piece in self._pieces(answer.span):
                # Counted first, so that a client that has read the bytes finds them in the count.
                self.exchange.advanced(len(piece))
                self.counted(len(piece))
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                # A fast reader would otherwise starve the other connections.
                await asyncio.sleep(0)
        if self.transport.is_closing():
            await gone(receive)
        else:
            await send({"type": "http.response.body", "body": b""})

    async def _pieces(self, span: Span) -> AsyncIterator[bytes]:
        """The body in pieces; ends early when the connection does."""
        breaker = Breaker(self.fault, self.transport, self.gate, self.log)
        async for piece in self._encoded(span):
            async for part in breaker.parts(piece):
                yield part
            if self.transport.is_closing():
                return
        await breaker.trip()

    async def _encoded(self, span: Span) -> AsyncIterator[bytes]:
        """The archive's bytes at the allowed rate, compressed if the fault requires it."""
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
