"""The body of an answer, read into the caller's buffer by the cheapest way there is.

Two lanes give the same bytes. The plain one iterates over the response. The fast one reads from the response's own
socket: once the first chunk is out, the HTTP parser below holds nothing back, and what follows up to the announced
length is the body and nothing else. It costs a twelfth of the CPU time, since no byte is copied in Python and one
call to the kernel fills the whole buffer. Whatever is unusual (no length, an encoding, another protocol, no socket)
takes the plain lane.
"""

from __future__ import annotations

import math
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import httpx

from together_ext.errors import IntegrityError, TransferCancelledError, TransferError

from .answers import Content
from .failures import DroppedError, PassingError, passing

GATHERING: Final = 0.1
"""Seconds after which a buffer is handed over even if it is not full, so that a slow connection loses little in a
crash, and a stopped one notices."""


NEAR: Final = 0.002
"""Seconds of a round trip below which the kernel needs no large buffer to keep a connection busy."""

NEAR_BUFFER: Final = 512 << 10
"""Bytes of its buffer then. What lies in it when a process is killed has to be sent again."""


class Body:
    """The open body of an answer; a context manager that closes its connection if anything is left unread."""

    def __init__(self, response: httpx.Response, content: Content, *, timeout: float) -> None:
        """Take an answer whose body has not been touched.

        Args:
            response: The answer.
            content: What its head says.
            timeout: Seconds that it may be silent.
        """
        self.content = content
        self._response = response
        self._timeout = timeout
        # What was compressed on its way is decoded, everything else taken as it comes; the text that goes with the
        # refusal of a range of an empty file is not the file.
        chunks = response.iter_bytes() if content.encoded else response.iter_raw()
        self._chunks: Iterator[bytes] = iter(()) if content.stop == 0 else chunks
        self._rest = memoryview(b"")
        self._failure: TransferError | None = None
        self._dropped = False
        self._socket: socket.socket | None = None
        self._lane_chosen = content.stop is None or content.encoded
        # Bytes that the socket still has for this body; only known, and only needed, in the fast lane.
        self._left = 0

    def fill(self, buffer: memoryview, stop: threading.Event) -> int:
        """Fill a buffer, or as much of it as comes within `GATHERING` seconds.

        Args:
            buffer: Where the bytes go.
            stop: Set to end the reading.

        Returns:
            How many bytes came, at least one; 0 at the end of the body.

        Raises:
            PassingError: The connection broke, was silent for too long, or ended early, and nothing came before.
            IntegrityError: The body cannot be decoded.
            TransferCancelledError: `stop` was set.
        """
        filled, began = 0, time.monotonic()
        while filled < len(buffer):
            if stop.is_set():
                raise TransferCancelledError
            try:
                count = self._read(buffer[filled:], stop)
            except TransferError as error:
                if filled:
                    break  # What came before counts; the next call meets the failure again.
                if self._dropped and isinstance(error, PassingError):
                    raise DroppedError("the connection crawled") from error
                raise
            filled += count
            if count == 0 or time.monotonic() - began >= GATHERING:
                break
        return filled

    def read(self, count: int, stop: threading.Event) -> bytes:
        """The next `count` bytes; fewer only at the end. Raises what `fill` does."""
        data = bytearray(count)
        filled = 0
        while filled < count and (more := self.fill(memoryview(data)[filled:], stop)):
            filled += more
        return bytes(data[:filled])

    def unread(self, data: bytes) -> None:
        """Put bytes back, to be read next."""
        self._rest = memoryview(data + bytes(self._rest))

    def _read(self, buffer: memoryview, stop: threading.Event) -> int:
        if self._rest:
            count = min(len(buffer), len(self._rest))
            buffer[:count] = self._rest[:count]
            self._rest = self._rest[count:]
            return count
        # An iterator that has raised looks as if it had ended: a broken body stays broken.
        if self._failure is not None:
            raise self._failure
        try:
            if self._socket is not None:
                return self._receive(self._socket, buffer, stop)
            self._rest = memoryview(next(self._chunks, b""))
        except httpx.DecodingError as error:
            self._failure = IntegrityError(f"the compressed body cannot be read ({error})")
            raise self._failure from error
        except (httpx.TransportError, httpx.StreamError, OSError) as error:
            self._failure = passing(error)
            raise self._failure from error
        if not self._rest:
            return 0
        if not self._lane_chosen:
            self._lane_chosen = True
            self._choose_lane(len(self._rest))
        return self._read(buffer, stop)

    # The fast lane ----------------------------------------------------------------------------------------------------

    def _choose_lane(self, first: int) -> None:
        """Go on from the socket if that is safe, after a first chunk of so many bytes has come from the response."""
        length = (self.content.stop or 0) - self.content.start
        found = _plain_socket(self._response, length)
        if found is None or first >= length:
            return
        self._left = length - first
        self._socket = found
        if isinstance(found, ssl.SSLSocket):
            found.settimeout(GATHERING)
        else:
            # With a kernel time-out of its own, one call waits until the buffer is full, or for that long.
            found.settimeout(None)
            seconds = int(GATHERING)
            microseconds = int((GATHERING - seconds) * 1e6)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", seconds, microseconds))
        if _round_trip(found) < NEAR:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NEAR_BUFFER)

    def _receive(self, source: socket.socket, buffer: memoryview, stop: threading.Event) -> int:
        if self._left == 0:
            return 0
        wanted = buffer[: self._left]
        take = _take_records if isinstance(source, ssl.SSLSocket) else _take
        # Counted in looks and not by a clock, which may jump.
        for _ in range(max(int(self._timeout / GATHERING), 1)):
            count = take(source, wanted)
            if count is None:
                if stop.is_set():
                    raise TransferCancelledError
                continue
            if count == 0:
                self._failure = PassingError("the connection was closed in the middle")
                raise self._failure
            self._left -= count
            return count
        self._failure = PassingError(f"no data for {self._timeout:g} s")
        raise self._failure

    # The end ----------------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Wake up a thread that is reading: from any thread, at once."""
        stream = self._response.extensions.get("network_stream")
        raw = stream.get_extra_info("socket") if stream is not None else None
        if isinstance(raw, socket.socket):
            with suppress(OSError):
                # Of the plain class, since the TLS one would first talk to the other side.
                socket.socket.shutdown(raw, socket.SHUT_RDWR)

    def drop(self) -> None:
        """Let go of a connection that crawls: whoever reads from it gets a `DroppedError`."""
        self._dropped = True
        self.abort()

    def close(self) -> None:
        """Give the connection back, or end it if the body has not been read to its end."""
        with suppress(httpx.HTTPError, OSError):
            self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _take(source: socket.socket, buffer: memoryview) -> int | None:
    """Bytes that came until the buffer was full or the time-out over: 0 at the end, None for none yet."""
    try:
        return source.recv_into(buffer, flags=socket.MSG_WAITALL)
    except BlockingIOError:
        return None


def _take_records(source: socket.socket, buffer: memoryview) -> int | None:
    """The same of a TLS connection, which gives one record of 16 KiB a call: nothing else is done between two calls."""
    filled, wanted, receive = 0, len(buffer), source.recv_into
    until = time.monotonic() + GATHERING
    try:
        while filled < wanted:
            count = receive(buffer[filled:])
            filled += count
            if count == 0 or time.monotonic() >= until:
                break
    except (TimeoutError, ssl.SSLWantReadError):
        return filled or None
    except OSError:
        # What came before counts; the next call meets the failure again.
        if not filled:
            raise
    return filled


def _plain_socket(response: httpx.Response, length: int) -> socket.socket | None:
    """The socket that carries a body of `length` bytes and nothing around them; None if it cannot be told."""
    headers = response.headers
    stream = response.extensions.get("network_stream")
    if (
        stream is None
        or response.extensions.get("http_version") != b"HTTP/1.1"
        or "transfer-encoding" in headers
        or headers.get("content-length") != str(length)
    ):
        return None
    found = stream.get_extra_info("socket")
    # TLS inside the TLS of a proxy: that socket carries the outer one.
    nested = isinstance(stream.get_extra_info("ssl_object"), ssl.SSLObject)
    return found if isinstance(found, socket.socket) and not nested else None


def _round_trip(source: socket.socket) -> float:
    """Seconds of a round trip as the kernel measures it; infinite where it does not tell."""
    try:
        # `struct tcp_info` of Linux: eight bytes, then words of which the sixteenth is the time in microseconds.
        info = socket.socket.getsockopt(source, socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        return float(struct.unpack_from("@I", info, 8 + 15 * 4)[0]) / 1e6
    except (AttributeError, OSError, struct.error):
        return math.inf
