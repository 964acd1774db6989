"""Chat completions that arrive in chunks: server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, cast

import httpx
from httpx_sse import EventSource, SSEError

from together_ext.api.exchange import Unusable
from together_ext.api.flow import Streaming
from together_ext.api.whole import LimitError

EVENT_LIMIT: Final = 16 << 20
"""Maximum number of bytes without an event, which a stream of small events never reaches."""

_END: Final = "[DONE]"


@dataclass(frozen=True)
class Delta:
    """What a chunk adds to a choice.

    Attributes:
        role: The role of the author; None if the chunk does not say it.
        content: The next text; None if there is none.
        tool_calls: Parts of the calls of tools, as the server sent them.
    """

    role: str | None = None
    content: str | None = None
    tool_calls: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class ChunkChoice:
    """A choice of a chunk.

    Attributes:
        index: The number of the choice, from 0.
        delta: What the chunk adds.
        finish_reason: Why the choice ends here; None if it does not.
    """

    index: int
    delta: Delta
    finish_reason: str | None = None


@dataclass(frozen=True)
class Chunk:
    """A part of a chat completion.

    Attributes:
        id: The ID of the completion.
        model: The model.
        choices: The choices that the chunk adds to; empty for a chunk with the usage alone.
        usage: The numbers of tokens, which only the last chunk has.
        raw: The chunk as the server sent it.
    """

    id: str
    model: str
    choices: list[ChunkChoice]
    usage: Mapping[str, Any] | None
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The text that the chunk adds to the first choice."""
        return "".join(choice.delta.content or "" for choice in self.choices if choice.index == 0)


class _Events:
    """What a stream of events means; no I/O."""

    def __init__(self) -> None:
        self.ended = False
        self._open: set[int] = set()
        self._started = False

    def chunk(self, data: str) -> Chunk | None:
        """The chunk of an event; None for the end of the stream.

        Raises:
            Unusable: It is not a chunk, or it is an error of the server.
        """
        if data.strip() == _END:
            self.ended = True
            return None
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Unusable("the server sent an event that is not a JSON object")
        if "error" in found:
            raise Unusable(f"the server ended the stream with an error: {_message(found['error'])}")
        chunk = _chunk(found)
        self._started = self._started or bool(chunk.choices)
        self._open |= {choice.index for choice in chunk.choices}
        self._open -= {choice.index for choice in chunk.choices if choice.finish_reason is not None}
        return chunk

    def close(self) -> None:
        """Check that the response is complete: the end was sent, or every choice has ended.

        Raises:
            Unusable: It is not.
        """
        if not self.ended and (self._open or not self._started):
            raise Unusable("the stream ended before the response was complete")


def _message(error: object) -> str:
    # Not cut here: a part of the key would not be recognized when the key is removed.
    return str(error.get("message") if isinstance(error, dict) else error)


def _chunk(found: dict[str, Any]) -> Chunk:
    choices = found.get("choices")
    usage = found.get("usage")
    return Chunk(
        id=str(found.get("id") or ""),
        model=str(found.get("model") or ""),
        choices=[_choice(item) for item in choices if isinstance(item, dict)] if isinstance(choices, list) else [],
        usage=usage if isinstance(usage, dict) else None,
        raw=found,
    )


def _choice(item: dict[str, Any]) -> ChunkChoice:
    delta = item.get("delta")
    sent = delta if isinstance(delta, dict) else {}
    calls, index = sent.get("tool_calls"), item.get("index")
    return ChunkChoice(
        index=index if isinstance(index, int) else 0,
        delta=Delta(_text(sent.get("role")), _text(sent.get("content")), calls if isinstance(calls, list) else []),
        finish_reason=_text(item.get("finish_reason")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


# Reading --------------------------------------------------------------------------------------------------------------


class _Silence:
    """Counts the bytes since the last event."""

    def __init__(self) -> None:
        self._size = 0

    def passed(self, data: bytes) -> bytes:
        """The same bytes.

        Raises:
            LimitError: There are too many of them without an event.
        """
        self._size += len(data)
        if self._size > EVENT_LIMIT:
            raise LimitError(f"an event exceeds the limit of {EVENT_LIMIT >> 20} MiB")
        return data

    def ended(self) -> None:
        """Start again from 0, after an event."""
        self._size = 0


class _Bounded(httpx.SyncByteStream):
    def __init__(self, response: httpx.Response, silence: _Silence) -> None:
        self._response, self._silence = response, silence

    def __iter__(self) -> Iterator[bytes]:
        return map(self._silence.passed, self._response.iter_bytes())


class _AsyncBounded(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response, silence: _Silence) -> None:
        self._response, self._silence = response, silence

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._response.aiter_bytes():
            yield self._silence.passed(data)


def _source(response: httpx.Response, body: httpx.SyncByteStream | httpx.AsyncByteStream) -> EventSource:
    """The events of a response; its body is decoded already."""
    kept = {name: value for name, value in response.headers.items() if name == "content-type"}
    return EventSource(httpx.Response(response.status_code, headers=kept, stream=body))


def _chunks(opened: AbstractContextManager[httpx.Response]) -> Generator[Chunk | None, None, None]:
    """None once the response has begun, then each chunk."""
    events, silence = _Events(), _Silence()
    with opened as response:
        yield None
        try:
            for event in _source(response, _Bounded(response, silence)).iter_sse():
                silence.ended()
                if (chunk := events.chunk(event.data)) is None:
                    return
                yield chunk
        except SSEError as error:
            raise Unusable(str(error)) from None
        events.close()


async def _async_chunks(opened: AbstractAsyncContextManager[httpx.Response]) -> AsyncGenerator[Chunk | None, None]:
    """See `_chunks`."""
    events, silence = _Events(), _Silence()
    async with opened as response:
        yield None
        try:
            async with aclosing(_source(response, _AsyncBounded(response, silence)).aiter_sse()) as sent:
                async for event in sent:
                    silence.ended()
                    if (chunk := events.chunk(event.data)) is None:
                        return
                    yield chunk
        except SSEError as error:
            raise Unusable(str(error)) from None
        events.close()


class ChatStream:
    """A chat completion while it arrives: an iterator of chunks, and a context manager that closes the connection.

    The connection is closed at the end of the iteration, too.

    Attributes:
        text: The text of the first choice so far.
    """

    def __init__(self, opened: AbstractContextManager[httpx.Response]) -> None:
        self.text = ""
        self._chunks = _chunks(opened)
        next(self._chunks)

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        """The next chunk.

        Raises:
            ApiError: The stream broke off, or the server sent an error.
        """
        chunk = cast("Chunk", next(self._chunks))
        self.text += chunk.text
        return chunk

    def close(self) -> None:
        """Close the connection; the iteration ends."""
        self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncChatStream:
    """A chat completion while it arrives: an async iterator of chunks, and an async context manager.

    Attributes:
        text: The text of the first choice so far.
    """

    def __init__(self, chunks: AsyncGenerator[Chunk | None, None]) -> None:
        self.text = ""
        self._chunks = chunks

    @classmethod
    async def begun(cls, opened: AbstractAsyncContextManager[httpx.Response]) -> Self:
        """A stream whose response has begun."""
        chunks = _async_chunks(opened)
        await anext(chunks)
        return cls(chunks)

    def __aiter__(self) -> AsyncIterator[Chunk]:
        return self

    async def __anext__(self) -> Chunk:
        """The next chunk; see `ChatStream`."""
        chunk = cast("Chunk", await anext(self._chunks))
        self.text += chunk.text
        return chunk

    async def aclose(self) -> None:
        """Close the connection; the iteration ends."""
        await self._chunks.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


Open = Callable[[Streaming], AbstractContextManager[httpx.Response]]
AsyncOpen = Callable[[Streaming], AbstractAsyncContextManager[httpx.Response]]


def streaming(action: str, body: Mapping[str, Any]) -> Streaming:
    """The request of a streamed chat completion, from the body of the same request without a stream."""
    # Compression would hold chunks back.
    headers = {"accept": "text/event-stream", "accept-encoding": "identity", "cache-control": "no-store"}
    request = {"method": "POST", "url": "/chat/completions", "json": {**body, "stream": True}, "headers": headers}
    return Streaming(action, request)
