"""Chat completions in chunks, from both clients: complete, broken off, and from servers that send something else."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from together_ext import ApiConnectionError, ApiResponseError, AsyncTogether, NotFoundError, RuleError, Together
from together_ext.inference.stream import EVENT_LIMIT, Chunk
from together_ext.simulator import MODEL, Fault, Simulator

SAID = [{"role": "user", "content": "a b c"}]
Stream = Callable[..., list[Chunk]]


def _sync(url: str, key: str, **options: Any) -> list[Chunk]:  # noqa: ANN401 -- keywords of `create`
    with Together(key, url) as client:
        return list(client.chat.completions.create(**{"model": MODEL, "messages": SAID, **options}, stream=True))


def _async(url: str, key: str, **options: Any) -> list[Chunk]:  # noqa: ANN401 -- the same
    async def run() -> list[Chunk]:
        async with AsyncTogether(key, url) as client:
            stream = await client.chat.completions.create(**{"model": MODEL, "messages": SAID, **options}, stream=True)
            async with stream:
                return [chunk async for chunk in stream]

    return asyncio.run(run())


@pytest.fixture(params=[_sync, _async], ids=["sync", "async"])
def stream(request: pytest.FixtureRequest) -> Stream:
    found: Stream = request.param
    return found


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


def event(**fields: object) -> str:
    return f"data: {json.dumps(fields)}\n\n"


def word(text: str, end: str | None = None, index: int = 0) -> str:
    return event(id="c", model="m", choices=[{"index": index, "delta": {"content": text}, "finish_reason": end}])


def served(httpserver: HTTPServer, body: str | bytes, content_type: str = "text/event-stream") -> str:
    """The base URL of a server that sends this body."""
    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_response(
        Response(body, content_type=content_type)
    )
    return httpserver.url_for("/v1")


def test_the_chunks_are_the_response_in_pieces(sim: Simulator, stream: Stream) -> None:
    chunks = stream(sim.url, sim.api_key, temperature=0.5)
    with Together(sim.api_key, sim.url) as client:
        whole = client.chat.completions.create(model=MODEL, messages=SAID)
    assert "".join(chunk.text for chunk in chunks) == whole.text == "You said: a b c"
    last = chunks[-1]
    assert (last.choices[0].finish_reason, last.usage, last.raw["object"]) == (
        "stop",
        {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
        "chat.completion.chunk",
    )
    assert json.loads(sim.requests[0].body) == {"model": MODEL, "messages": SAID, "temperature": 0.5, "stream": True}


def test_the_text_so_far_is_at_hand_and_a_stream_can_be_left(sim: Simulator) -> None:
    sim.script(Fault(path="/chat", stall=700))
    with (
        Together(sim.api_key, sim.url) as client,
        client.chat.completions.create(model=MODEL, messages=SAID, stream=True) as chunks,
    ):
        assert (next(chunks).text, next(chunks).text, chunks.text) == ("You", " said:", "You said:")
        sim.wait_until(lambda sim: sim.stalled == 1)
        chunks.close()
        sim.wait_until(lambda sim: sim.stalled == 0)
        assert list(chunks) == []


@pytest.mark.parametrize("fault", [Fault(path="/chat", cut=500), Fault(path="/chat", bad_chunk=500)])
def test_a_stream_that_breaks_off_is_an_error(sim: Simulator, stream: Stream, fault: Fault) -> None:
    sim.script(fault)
    with pytest.raises(ApiConnectionError, match="could not stream a chat"):
        stream(sim.url, sim.api_key)
    assert len(sim.requests) == 1  # a part of the response was handed out: nothing is repeated


def test_a_refusal_is_raised_at_once_and_a_busy_server_is_asked_again(sim: Simulator, stream: Stream) -> None:
    with pytest.raises(NotFoundError, match="Unable to access model"):
        stream(sim.url, sim.api_key, model="none")
    sim.script(Fault(path="/chat", status=429, headers={"retry-after": "0"}))
    assert len(stream(sim.url, sim.api_key)) == 6


def test_comments_other_fields_and_odd_chunks_are_tolerated(httpserver: HTTPServer, stream: Stream) -> None:
    odd = event(choices=[1, {"index": "x", "delta": 1, "finish_reason": 2}], usage=3)
    body = (
        ": hello\r\n\r\nevent: message\nid: 1\n"
        + word("é")
        + odd
        + word("!", "stop")
        + event(choices=[], usage={"a": 1})
    )
    chunks = stream(served(httpserver, body), "k")
    assert "".join(chunk.text for chunk in chunks) == "é!"
    assert chunks[-1].usage == {"a": 1}


def test_only_the_first_choice_is_the_text(httpserver: HTTPServer, stream: Stream) -> None:
    body = word("a") + word("b", index=1) + word("", "stop") + word("", "length", index=1)
    chunks = stream(served(httpserver, body), "k")
    assert [chunk.text for chunk in chunks] == ["a", "", "", ""]


@pytest.mark.parametrize(
    ("body", "content_type", "reason"),
    [
        ("", "text/event-stream", "ended before the response was complete"),
        (word("a"), "text/event-stream", "ended before the response was complete"),
        (word("a", "stop") + word("b", index=1), "text/event-stream", "ended before the response was complete"),
        ("data: [1]\n\n", "text/event-stream", "not a JSON object"),
        ("data: {\n\n", "text/event-stream", "not a JSON object"),
        (f"data: {'[' * 100_000}\n\n", "text/event-stream", "not a JSON object"),
        (
            word("a") + event(error={"message": "overloaded \x1b[31m " + "x" * 150 + "sk-0123456789abcdef"}),
            "text/event-stream",
            "overloaded",
        ),
        (event(error="busy"), "text/event-stream", "busy"),
        ("{}", "application/json", "text/event-stream"),
        (b"data: " + b"x" * (EVENT_LIMIT + 1), "text/event-stream", "exceeds the limit of 16 MiB"),
        (
            (b"data: " + b"x" * 1017 + b"\n") * ((EVENT_LIMIT >> 10) + 1),
            "text/event-stream",
            "exceeds the limit of 16 MiB",
        ),
    ],
)
def test_a_stream_that_is_none_is_an_error(
    httpserver: HTTPServer, stream: Stream, body: str | bytes, content_type: str, reason: str
) -> None:
    with pytest.raises(ApiResponseError, match=reason) as error:
        stream(served(httpserver, body, content_type), "sk-0123456789abcdef")
    assert "sk-0123456789abcdef" not in str(error.value)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=repr)
def test_many_small_events_may_be_larger_than_the_limit_of_one(
    httpserver: HTTPServer, stream: Stream, end: str
) -> None:
    """Events larger than the pieces that arrive, and smaller ones."""
    body = (word("x" * 300_000) * 60 + word("a") * 1000 + word("!", "stop")).replace("\n", end)
    assert len(body) > EVENT_LIMIT
    assert len(stream(served(httpserver, body), "k")) == 1061


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [("gzip", "exceeds the limit of 16 MiB"), ("gzip, gzip", "compressed 2 times")],
)
def test_a_compressed_stream_is_not_decompressed_beyond_its_limit(
    httpserver: HTTPServer, stream: Stream, encoding: str, reason: str
) -> None:
    """Sixty kilobytes that were compressed twice used to take all memory."""
    body = gzip.compress(b"\n" * (EVENT_LIMIT * 2))
    body = gzip.compress(body) if "," in encoding else body
    httpserver.expect_request("/v1/chat/completions", method="POST").respond_with_response(
        Response(body, content_type="text/event-stream", headers={"Content-Encoding": encoding})
    )
    with pytest.raises((ApiResponseError, ApiConnectionError), match=reason):
        stream(httpserver.url_for("/v1"), "k")


def test_the_end_mark_ends_a_stream_whatever_follows(httpserver: HTTPServer, stream: Stream) -> None:
    body = word("a") + "data: [DONE]\n\ndata: nonsense\n\n"
    assert [chunk.text for chunk in stream(served(httpserver, body), "k")] == ["a"]


def test_invalid_arguments_are_refused_before_any_request(sim: Simulator, stream: Stream) -> None:
    with pytest.raises(RuleError, match="messages"):
        stream(sim.url, sim.api_key, messages=[])
    with pytest.raises(TypeError, match="tempreature"):
        stream(sim.url, sim.api_key, tempreature=1)
    for odd in ("yes", [True]):
        with Together(sim.api_key, sim.url) as client, pytest.raises(RuleError, match=r"stream is .*: expected True"):
            client.chat.completions.create(model=MODEL, messages=SAID, stream=odd)  # type: ignore[call-overload]
    assert sim.requests == []
