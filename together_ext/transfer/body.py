"""The body of a response, read into the caller's buffer at the lowest cost.

There are two ways, with the same result. The plain way iterates over the response. The fast way reads from the socket
of the response: after the first chunk the HTTP parser has no bytes buffered, and the rest up to the announced length
is only the body. It takes a twelfth of the CPU time, because no byte is copied in Python and one system call fills
the whole buffer. Unusual responses (no length, an encoding, another protocol, no socket) are read the plain way.
"""

from __future__ import annotations

import math
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import httpx

from together_ext.errors import IntegrityError, TransferCancelledError, TransferError

from .failures import DroppedError, PassingError, passing
from .network.decoding import decoder
from .network.in_time import within
from .responses import Content

PATIENCE: Final = 2
"""Maximum duration of a response head, or of a wait for the next bytes of a body, in timeouts. A server that sends
single bytes, informational responses or chunk extensions without end is never silent."""

GATHERING: Final = 0.1
"""Seconds after which a partly filled buffer is returned, so that a slow connection loses little in a crash, and a
stopped one ends soon."""

NEAR: Final = 0.002
"""Round-trip time in seconds below which a small receive buffer keeps a connection busy."""

NEAR_BUFFER: Final = 512 << 10
"""Size of that receive buffer in bytes. Its content is lost when the process is killed."""

DELAY: Final = "together_ext.delay"
"""The extension of a response with the seconds that its request waited for it; None if they are unknown."""


class Body:
    """The open body of a response; a context manager that closes the connection if the body was not read to its end.

    Attributes:
        content: What the head of the response says.
        delay: Seconds that its request waited for the response; None if they are unknown.
        portion: Maximum number of bytes per read; also the maximum size of the receive buffer for a near server.
    """

    def __init__(
        self, response: httpx.Response, content: Content, *, timeout: float, secrets: Sequence[str] = ()
    ) -> None:
        """Wrap a response whose body has not been read.

        Args:
            response: The response.
            content: What its head says.
            timeout: Maximum number of seconds without data.
            secrets: Secrets to hide in errors, also if the server repeats them.
        """
        self.content, self.portion = content, NEAR_BUFFER
        self.delay: float | None = response.extensions.get(DELAY)
        self._response = response
        self._host = response.request.url.netloc.decode("ascii", "replace")
        self._timeout, self._secrets = timeout, secrets
        # A body that was compressed for the transfer is decoded, any other one is kept. The text of a response
        # with status 416 is not the (empty) file.
        chunks = _decoded(response) if content.encoded else response.iter_raw()
        self._chunks: Iterator[bytes] = iter(()) if content.stop == 0 else chunks
        self._rest = memoryview(b"")
        self._failure: TransferError | None = None
        self._dropped = False
        self._socket: socket.socket | None = None
        self._way_chosen = content.stop is None or content.encoded
        # Bytes of this body that are still to be read from the socket, in the fast way.
        self._left = 0

    def fill(self, buffer: memoryview, stop: threading.Event) -> int:
        """Fill a buffer with what arrives within `GATHERING` seconds.

        Args:
            buffer: The buffer.
            stop: Set to stop reading.

        Returns:
            The number of bytes, at least 1; 0 at the end of the body.

        Raises:
            PassingError: The connection broke, was silent for too long or ended early, before any byte of this call.
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
                    break  # Earlier bytes are returned first; the next call raises again.
                if self._dropped and isinstance(error, PassingError):
                    raise DroppedError("the connection was too slow") from error
                raise
            filled += count
            if count == 0 or time.monotonic() - began >= GATHERING:
                break
        return filled

    def read(self, count: int, stop: threading.Event) -> bytes:
        """Read the next `count` bytes, fewer only at the end; raises the errors of `fill`."""
        data = bytearray(count)
        filled = 0
        while filled < count and (more := self.fill(memoryview(data)[filled:], stop)):
            filled += more
        return bytes(data[:filled])

    @property
    def received(self) -> int:
        """Number of bytes received from the network, before decoding."""
        return self._response.num_bytes_downloaded

    def unread(self, data: bytes) -> None:
        """Put bytes back; they are read next."""
        self._rest = memoryview(data + bytes(self._rest))

    def _read(self, buffer: memoryview, stop: threading.Event) -> int:
        if self._rest:
            count = min(len(buffer), len(self._rest))
            buffer[:count] = self._rest[:count]
            self._rest = self._rest[count:]
            return count
        # An iterator that has raised an error would just end at the next call.
        if self._failure is not None:
            raise self._failure
        try:
            if self._socket is not None:
                return self._receive(self._socket, buffer, stop)
            with within(PATIENCE * self._timeout):
                self._rest = memoryview(next(self._chunks, b""))
        except httpx.DecodingError as error:
            self._failure = IntegrityError(f"the compressed body cannot be read ({error})")
            raise self._failure from error
        except (httpx.TransportError, httpx.StreamError, OSError) as error:
            self._failure = passing(error, self._host, self._secrets)
            raise self._failure from error
        if not self._rest:
            return 0
        if not self._way_chosen:
            self._way_chosen = True
            self._choose_way(len(self._rest))
        return self._read(buffer, stop)

    # The fast way -----------------------------------------------------------------------------------------------------

    def _choose_way(self, first: int) -> None:
        """Switch to the socket if that is safe, after the response has returned a first chunk of `first` bytes."""
        length = (self.content.stop or 0) - self.content.start
        found = _plain_socket(self._response, length)
        if found is None or first >= length:
            return
        self._left = length - first
        self._socket = found
        if isinstance(found, ssl.SSLSocket):
            found.settimeout(GATHERING)
        else:
            # With a timeout in the kernel, one call waits until the buffer is full or the timeout is over.
            found.settimeout(None)
            seconds = int(GATHERING)
            microseconds = int((GATHERING - seconds) * 1e6)
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", seconds, microseconds))
        if _round_trip(found) < NEAR:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, min(NEAR_BUFFER, self.portion))

    def _receive(self, source: socket.socket, buffer: memoryview, stop: threading.Event) -> int:
        if self._left == 0:
            return 0
        wanted = buffer[: self._left]
        take = _take_records if isinstance(source, ssl.SSLSocket) else _take
        # Counted in attempts, not by a clock, which may jump.
        for _ in range(max(int(self._timeout / GATHERING), 1)):
            count = take(source, wanted)
            if count is None:
                if stop.is_set():
                    raise TransferCancelledError
                continue
            if count == 0:
                self._failure = PassingError(f"connection lost ({self._host})")
                raise self._failure
            self._left -= count
            return count
        self._failure = PassingError(f"no data for {self._timeout:g} s ({self._host})")
        raise self._failure

    # The end ----------------------------------------------------------------------------------------------------------

    def abort(self) -> None:
        """Wake up a thread that is reading; can be called from any thread."""
        stream = self._response.extensions.get("network_stream")
        raw = stream.get_extra_info("socket") if stream is not None else None
        if isinstance(raw, socket.socket):
            with suppress(OSError):
                # The method of the plain class: that of SSLSocket would first exchange messages with the server.
                socket.socket.shutdown(raw, socket.SHUT_RDWR)

    def drop(self) -> None:
        """Close a connection that is too slow: the reader gets a `DroppedError`."""
        self._dropped = True
        self.abort()

    def close(self) -> None:
        """Return the connection to its pool, or close it if the body was not read to its end."""
        with suppress(httpx.HTTPError, OSError):
            self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """The pieces of a compressed body; raises `httpx.DecodingError`, also if it ends too early."""
    decode = decoder(response.headers)
    for data in response.iter_raw():
        yield from decode.pieces(data)
    decode.close()


def _take(source: socket.socket, buffer: memoryview) -> int | None:
    """Receive until the buffer is full or the timeout is over; returns 0 at the end, None for no bytes yet."""
    try:
        return source.recv_into(buffer, flags=socket.MSG_WAITALL)
    except BlockingIOError:
        return None


def _take_records(source: socket.socket, buffer: memoryview) -> int | None:
    """The same for TLS, which returns one record of 16 KiB per call: nothing else is done between two calls."""
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
        # Earlier bytes are returned first; the next call raises again.
        if not filled:
            raise
    return filled


def _plain_socket(response: httpx.Response, length: int) -> socket.socket | None:
    """The socket that carries exactly the `length` bytes of a body; None if this is not certain."""
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
    # With TLS through a TLS proxy, the socket carries the outer TLS.
    nested = isinstance(stream.get_extra_info("ssl_object"), ssl.SSLObject)
    return found if isinstance(found, socket.socket) and not nested else None


def _round_trip(source: socket.socket) -> float:
    """Round-trip time in seconds as the kernel measures it (Linux: tcp(7)); infinite if unknown."""
    try:
        # `struct tcp_info` of Linux: eight bytes, then words; the sixteenth is `tcpi_rtt` in microseconds.
        info = socket.socket.getsockopt(source, socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        return float(struct.unpack_from("@I", info, 8 + 15 * 4)[0]) / 1e6
    except (AttributeError, OSError, struct.error):
        return math.inf
