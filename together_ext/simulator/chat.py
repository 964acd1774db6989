"""Chat completions, whole and streamed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from .answers import ApiError, Operation, json_object
from .request_fields import CHAT, check_fields


@dataclass(frozen=True)
class Chat:
    """The operation of chat completions.

    Attributes:
        models: Returns the names of the models that are served.
        clock: Returns the time.
    """

    models: Callable[[], set[str]]
    clock: Callable[[], datetime]

    def operations(self) -> list[tuple[str, Operation, str]]:
        """The path, handler and method of the operation."""
        return [("/chat/completions", self.complete, "POST")]

    async def complete(self, request: Request) -> Response:
        """Complete a chat with an existing model: of a job, of an endpoint, or a base model."""
        wanted = await json_object(request)
        check_fields(wanted, CHAT)
        model, messages = wanted.get("model"), wanted.get("messages")
        if not messages:
            raise ApiError(400, "messages is required", param="messages")
        if model not in self.models():
            raise ApiError(404, f"Unable to access model {model}", param="model", code="model_not_available")
        if wanted.get("stream"):
            sent = events(chunks(model, messages, self.clock()))
            return StreamingResponse(_sent(sent), media_type="text/event-stream", headers={"cache-control": "no-cache"})
        return JSONResponse(completion(model, messages, self.clock()))


async def _sent(events: Iterable[str]) -> AsyncIterator[str]:
    # An asynchronous iterator, since Starlette runs any other one in a thread.
    for event in events:
        yield event


def completion(model: str, messages: Iterable[Mapping[str, object]], at: datetime) -> dict[str, object]:
    """A chat completion that repeats the last message, which shows that it has arrived."""
    said = _said(messages)
    answer = _answer(said)
    return {
        "id": _id(said),
        "object": "chat.completion",
        "created": int(at.timestamp()),
        "model": model,
        "prompt": [],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "content": answer, "tool_calls": []},
            }
        ],
        "usage": _usage(said, answer),
    }


def chunks(model: str, messages: Iterable[Mapping[str, object]], at: datetime) -> Iterator[dict[str, object]]:
    """The same completion in chunks, one for each word; the last one has the reason of the end and the usage."""
    said = _said(messages)
    answer = _answer(said)
    words = [*answer.split(" ")]
    pieces = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
    for number, piece in enumerate([*pieces, ""]):
        last = number == len(pieces)
        yield {
            "id": _id(said),
            "object": "chat.completion.chunk",
            "created": int(at.timestamp()),
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "delta": {"role": "assistant", "content": piece, "token_id": None},
                    "finish_reason": "stop" if last else None,
                    "logprobs": None,
                }
            ],
            "usage": _usage(said, answer) if last else None,
        }


def events(data: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """Server-sent events, with the mark of the end that the service sends."""
    for item in data:
        yield f"data: {json.dumps(item)}\n\n"
    yield "data: [DONE]\n\n"


def _said(messages: Iterable[Mapping[str, object]]) -> list[str]:
    return [str(message.get("content") or "") for message in messages]


def _answer(said: list[str]) -> str:
    return f"You said: {said[-1]}"


def _id(said: list[str]) -> str:
    return f"sim-{hashlib.sha256(repr(said).encode()).hexdigest()[:12]}"


def _usage(said: list[str], answer: str) -> dict[str, int]:
    counts = sum(len(text.split()) for text in said), len(answer.split())
    return {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": sum(counts)}
