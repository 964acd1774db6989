"""Bodies of API responses, decompressed in bounded pieces: half a megabyte of gzip may contain gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final, Protocol

import httpx

from together_ext.text import READ_LIMIT

OFFERED: Final = "gzip, deflate"
"""The value of `Accept-Encoding` for requests."""

PIECE: Final = 1 << 20
"""Maximum number of bytes in a decoded piece."""

_WINDOW_BITS: Final = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


_HEADER: Final = 2
"""Length in bytes of the zlib header of deflate (RFC 1950, 2.2)."""


class Decoder(Protocol):
    """Decodes the body of a response."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Decode the next bytes; raises `httpx.DecodingError` for invalid data."""

    def close(self) -> None:
        """End the body; raises `httpx.DecodingError` if it is incomplete."""


class _Identity:
    """A body without encoding."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data

    def close(self) -> None:
        pass


class _Inflate:
    """A body with the encoding `gzip` or `deflate`."""

    def __init__(self, encoding: str) -> None:
        self._encoding, self._begun = encoding, False
        self._stream = zlib.decompressobj(_WINDOW_BITS[encoding])
        # The first bytes, until the kind of deflate is known.
        self._head: bytes | None = b"" if encoding == "deflate" else None

    def pieces(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            piece = self._decompressed(data)
            data = self._stream.unconsumed_tail
            more = bool(data) or len(piece) == PIECE
            if piece:
                yield piece
        if self._stream.unused_data:
            raise httpx.DecodingError(f"the {self._encoding} body continues after its end")

    def _decompressed(self, data: bytes) -> bytes:
        self._begun = True
        head, self._head = self._head, None
        try:
            piece = self._stream.decompress(data, PIECE)
        except zlib.error as error:
            if head is None:
                raise httpx.DecodingError(f"the body is not valid {self._encoding} ({error})") from error
            # Many servers send deflate without the zlib header that RFC 9110, 8.4.1.2, requires.
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._decompressed(head + data)
        if head is not None and len(head) + len(data) < _HEADER:
            self._head = head + data
        return piece

    def close(self) -> None:
        if self._begun and not self._stream.eof:
            raise httpx.DecodingError(f"the {self._encoding} body is truncated")


def decoder(headers: Mapping[str, str]) -> Decoder:
    """Create the decoder for a response; encodings that were not offered are not decoded.

    Args:
        headers: The headers of the response, in a mapping that ignores case or has names in lower case.

    Returns:
        The decoder.

    Raises:
        httpx.DecodingError: The body is compressed more than once.
    """
    named = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    known = [name for name in named if name in _WINDOW_BITS]
    if len(known) > 1:
        raise httpx.DecodingError(f"the body is compressed {len(known)} times; the maximum is 1")
    return _Inflate(known[0]) if known else _Identity()


def beginning(response: httpx.Response) -> bytes:
    """Read as much of an error response as a message needs, and decode it.

    Args:
        response: The open response; the caller closes it.

    Returns:
        At most `READ_LIMIT` bytes; fewer if the response ends or breaks earlier.
    """
    body = bytearray()
    with suppress(httpx.HTTPError):
        decode = decoder(response.headers)
        for data in response.iter_raw():
            for piece in decode.pieces(data):
                body += piece
                if len(body) >= READ_LIMIT:
                    return bytes(body[:READ_LIMIT])
    return bytes(body)
