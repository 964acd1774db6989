"""Open responses, whose bodies the caller reads: decompressed in bounded pieces, and an error if they are truncated.

httpx decompresses each piece that arrives as a whole, any number of times, and accepts one that ends too early.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx

from together_ext.transfer.network.decoding import decoder


class _Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The decoded body of a response, of either client."""

    def __init__(self, response: httpx.Response) -> None:
        self._response, self._decoder = response, decoder(response.headers)

    def __iter__(self) -> Iterator[bytes]:
        for data in self._response.iter_raw():
            yield from self._decoder.pieces(data)
        self._decoder.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._response.aiter_raw():
            for piece in self._decoder.pieces(data):
                yield piece
        self._decoder.close()

    def close(self) -> None:
        self._response.close()

    async def aclose(self) -> None:
        await self._response.aclose()


def bounded(response: httpx.Response) -> httpx.Response:
    """The response, with a decoded body if it is compressed, whose errors are those of `of_body`.

    Args:
        response: The open response; closed with the returned one.

    Raises:
        httpx.DecodingError: It is compressed more than once.
    """
    # One without an encoding stays what httpx has made: with its raw bytes, and the time that it took.
    if (
        response.is_stream_consumed or "content-encoding" not in response.headers
    ):  # the first: an event hook has read it
        return response
    headers = response.headers.copy()
    for name in ("content-encoding", "content-length"):
        headers.pop(name, None)
    return httpx.Response(
        response.status_code,
        headers=headers,
        stream=_Body(response),
        request=response.request,
        extensions=response.extensions,
        default_encoding=response.default_encoding,
    )
