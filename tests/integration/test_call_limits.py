"""What a hostile or broken server can cost a call to the API: a limited amount of memory, of time, and of tries."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.servers import SocketServer, request_of
from together_ext import (
    ApiConnectionError,
    ApiResponseError,
    ApiTimeoutError,
    ConfigurationError,
    InternalServerError,
    NotFoundError,
    Together,
    WaitTimeoutError,
)
from together_ext.clock import SYSTEM
from together_ext.simulator import LORA_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import World

JOB = b'{"id": "ft-made", "status": "running"}'
CHUNKED = b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n%s\r\n"
GZIP = b"Content-Encoding: gzip\r\n"

# httpx leaves its own generators behind when a body is not read to its end, which trio tells.
pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")

Behaviour = Callable[[int], Iterator[bytes | None]]
"""What a server sends on its n-th connection, until the client has had enough; None waits for another request."""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """A server that behaves so; its address."""

    def talk(connection: socket.socket, number: int) -> None:
        for data in itertools.chain([None], behaviour(number)):
            if data is None:
                request_of(connection)
            else:
                connection.sendall(data)

    with SocketServer(talk) as server:
        yield f"http://{server.host}"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def whole(data: bytes, status: int = 200, headers: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(data), headers, data)


@cache
def bomb() -> bytes:
    """A quarter of a megabyte of gzip, of which 256 MiB come out."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(b'{"id":"')]
    pieces += [packer.compress(bytes(1 << 20)) for _ in range(256)]
    return b"".join([*pieces, packer.flush()])


# Memory ---------------------------------------------------------------------------------------------------------------


def endless(start: bytes, status: int = 200, headers: bytes = b"", piece: bytes = b"a" * 65536) -> Behaviour:
    def behave(_: int) -> Iterator[bytes | None]:
        yield CHUNKED % (status, headers) + chunk(start)
        yield from itertools.repeat(chunk(piece))

    return behave


def once(data: bytes) -> Behaviour:
    return lambda _: iter([data])


def explodes(status: int = 200) -> Behaviour:
    return lambda _: iter([whole(bomb(), status, GZIP)])


TOO_LARGE = [
    pytest.param(endless(b'{"id": "'), id="endless"),
    pytest.param(explodes(), id="gzip"),
    pytest.param(once(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{"), id="announced"),
    pytest.param(
        endless(b"\x1f\x8b\x08\0\0\0\0\0\0\xff", headers=GZIP, piece=b"\0\0\0\xff\xff" * 10_000), id="gzip of nothing"
    ),
]


@pytest.mark.parametrize("behaviour", TOO_LARGE)
def test_a_document_is_read_to_its_limit(world: World, behaviour: Behaviour) -> None:
    """Half a megabyte of gzip used to take 2.6 GB of memory."""
    with serving(behaviour) as url, pytest.raises(ApiResponseError, match="exceeds the limit of 64 MiB; check") as told:
        world.client(base_url=url).fine_tuning.retrieve(LORA_JOB)
    assert told.value.action == f"retrieve {LORA_JOB}"


def many_values(start: bytes, end: bytes) -> Behaviour:
    """Sixty kilobytes of gzip, of which 60 MiB come out: less than the limit of a document, and 1.7 GB as objects."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(start), *(packer.compress(b"[]," * 100_000) for _ in range(200)), packer.compress(end)]
    return once(whole(b"".join([*pieces, packer.flush()]), headers=GZIP))


@pytest.mark.parametrize("path", ["job", "files"])
def test_a_document_has_a_limited_number_of_values(world: World, path: str) -> None:
    with serving(many_values(b'{"id": "x", "data": [', b"0]}")) as url:
        client = world.client(base_url=url)
        with pytest.raises(ApiResponseError, match="exceeds the limit of 2,000,000 values"):
            client.files.list() if path == "files" else client.fine_tuning.retrieve(LORA_JOB)


def test_an_item_of_a_list_has_a_limited_number_of_values(world: World) -> None:
    with (
        serving(many_values(b'{"data": [{"id": "x", "novel": [', b"0]}]}")) as url,
        pytest.raises(ApiResponseError, match=r"an item .* exceeds the limit of 2,000,000 values"),
    ):
        world.client(base_url=url).fine_tuning.list()


def test_an_item_of_a_list_is_read_to_its_limit(world: World) -> None:
    behaviour = endless(b'{"data": [{"id": "')
    with serving(behaviour) as url, pytest.raises(ApiResponseError, match=r"an item .* exceeds the limit of 64 MiB"):
        world.client(base_url=url).fine_tuning.list()


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(endless(b"no such job ", 404), id="endless"),
        pytest.param(explodes(404), id="gzip"),
    ],
)
def test_an_error_response_is_read_to_its_limit_and_keeps_its_type(world: World, behaviour: Behaviour) -> None:
    with serving(behaviour) as url, pytest.raises(NotFoundError, match="the server returned 404") as caught:
        world.client(base_url=url).fine_tuning.retrieve(LORA_JOB)
    assert len(caught.value.body) <= 500


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_compressed_responses_take_no_more_memory_than_their_limit() -> None:
    code = """
import re
from pathlib import Path
from together_ext import ApiError, Together
try:
    Together().fine_tuning.retrieve("ft-1")
except ApiError as error:
    print(error)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
    for status in (200, 404):
        with serving(explodes(status)) as url:
            environ = os.environ | {"TOGETHER_BASE_URL": url, "TOGETHER_API_KEY": "key"}
            command = [sys.executable, "-c", code]
            done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)  # noqa: S603
        assert int(done.stdout.split()[-1]) < 200_000


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "raw deflate", "unknown"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_compressed_response_is_read(world: World, encoding: str, size: int) -> None:
    bits = {"gzip": 31, "x-gzip": 31, "deflate": 15, "raw deflate": -15}.get(encoding)
    body = JOB + b" " * 200_000
    if bits is not None:
        packer = zlib.compressobj(wbits=bits)
        body = packer.compress(body) + packer.flush()
    head = CHUNKED % (200, b"Content-Encoding: " + encoding.rsplit(maxsplit=1)[-1].encode() + b"\r\n")
    pieces = [body[start : start + size] for start in range(0, len(body), size)] if len(body) < 10_000 else [body]
    with serving(once(head + b"".join(map(chunk, pieces)) + b"0\r\n\r\n")) as url:
        assert world.client(base_url=url).fine_tuning.retrieve(LORA_JOB).id == "ft-made"


@pytest.mark.parametrize("encoding", [b"gzip, gzip", b"gzip"])
def test_a_body_that_is_compressed_twice_or_truncated_is_an_error(world: World, encoding: bytes) -> None:
    packed = zlib.compressobj(wbits=31)
    body = (packed.compress(JOB) + packed.flush())[:-8]
    with (
        serving(once(whole(body, headers=b"Content-Encoding: " + encoding + b"\r\n"))) as url,
        pytest.raises(ApiConnectionError, match=r"compressed 2 times|is truncated"),
    ):
        world.client(base_url=url).fine_tuning.retrieve(LORA_JOB)


# Tries ----------------------------------------------------------------------------------------------------------------


def cut(times: int, body: bytes) -> Behaviour:
    """Breaks off in the body of the first responses."""

    def behave(number: int) -> Iterator[bytes | None]:
        response = whole(body, headers=b"Connection: close\r\n")
        yield response[: -len(body) // 2] if number < times else response

    return behave


def test_a_response_that_is_cut_is_requested_again(world: World, waits: list[float]) -> None:
    with serving(cut(2, JOB)) as url:
        assert world.client(base_url=url, max_retries=2).fine_tuning.retrieve(LORA_JOB).id == "ft-made"
    assert len(waits) == 2


def test_a_list_that_is_cut_is_requested_again_and_has_each_item_once(world: World, waits: list[float]) -> None:
    items = b",".join(b'{"id": "ft-%d"}' % number for number in range(20_000))
    with serving(cut(2, b'{"data": [' + items + b"]}")) as url:
        jobs = world.client(base_url=url, max_retries=2).fine_tuning.list().data
    assert [job.id for job in jobs] == [f"ft-{number}" for number in range(20_000)]
    assert len(waits) == 2


def test_a_response_that_is_always_cut_is_an_error(world: World, waits: list[float]) -> None:
    with serving(cut(9, JOB)) as url, pytest.raises(ApiConnectionError, match=f"could not retrieve {LORA_JOB}"):
        world.client(base_url=url, max_retries=2).fine_tuning.retrieve(LORA_JOB)
    assert len(waits) == 2


def test_a_creation_whose_response_is_cut_is_not_sent_again(world: World, waits: list[float]) -> None:
    with serving(cut(9, JOB)) as url, pytest.raises(ApiConnectionError, match="the job may have been created"):
        world.client(base_url=url, max_retries=2).fine_tuning.create(training_file="f", model="m")
    assert waits == []


# Time -----------------------------------------------------------------------------------------------------------------


HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


def flooding(_: int) -> Iterator[bytes | None]:
    """As many informational responses as go through: a reader of them never waits."""
    yield from itertools.repeat(HINT * 100)


def dripping(start: bytes, drop: bytes = b" ") -> Behaviour:
    """A little all the time, so that no single read takes long, and neither side is busy."""

    def behave(_: int) -> Iterator[bytes | None]:
        yield start
        while not threading.Event().wait(0.005):
            yield drop

    return behave


informing = dripping(HINT, HINT)

SLOW = [
    pytest.param(flooding, id="flood of informational responses"),
    pytest.param(informing, id="informational responses"),
    pytest.param(dripping(b"HTTP/1.1 200 OK\r\nA:"), id="head"),
    pytest.param(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{"), id="body"),
    pytest.param(dripping(b"HTTP/1.1 404 X\r\nContent-Length: 100000\r\n\r\n{"), id="refusal"),
    pytest.param(dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"), id="chunk"),
]


OVER = r"no complete response within 0\.25 seconds \(TOGETHER_EXT_CALL_TIMEOUT sets another limit\)"


@pytest.mark.parametrize("behaviour", SLOW)
def test_a_call_ends_whatever_the_server_sends(world: World, behaviour: Behaviour) -> None:
    """Each of these used to hold it for ever: httpx limits the time of each read alone."""
    with serving(behaviour) as url, pytest.raises(ApiTimeoutError, match=OVER):
        world.client(base_url=url, call_timeout=0.25, clock=SYSTEM, max_retries=2).fine_tuning.retrieve(LORA_JOB)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.fine_tuning.list(),
        lambda client: client.fine_tuning.create(training_file="f", model="m"),
        lambda client: client.fine_tuning.content(LORA_JOB, checkpoint="merged"),
    ],
    ids=["list", "create", "open"],
)
def test_every_kind_of_call_ends(world: World, call: Callable[[Together], object]) -> None:
    with serving(informing) as url, pytest.raises(ApiTimeoutError, match=OVER):
        call(world.client(base_url=url, call_timeout=0.25, clock=SYSTEM))


def test_a_call_through_the_users_own_client_ends(world: World) -> None:
    with serving(informing) as url:
        client = world.client(base_url=url, call_timeout=0.25, clock=SYSTEM, http_client=world.http_client())
        with pytest.raises(ApiTimeoutError, match=OVER):
            client.fine_tuning.retrieve(LORA_JOB)


def test_a_call_on_a_connection_that_was_used_before_ends(world: World) -> None:
    """In sync code the connection looks at the deadline; it is made once and used for many calls."""

    def behave(number: int) -> Iterator[bytes | None]:
        yield whole(JOB)
        yield None
        yield from informing(number)

    with serving(behave) as url:
        world.client(base_url=url).fine_tuning.retrieve(LORA_JOB)  # loads what such a call needs
        client = world.client(base_url=url, call_timeout=1, clock=SYSTEM)
        client.fine_tuning.retrieve(LORA_JOB)
        with pytest.raises(ApiTimeoutError, match="within 1 seconds"):
            client.fine_tuning.retrieve(LORA_JOB)


def test_a_wait_ends_whatever_the_server_sends(world: World) -> None:
    with serving(informing) as url, pytest.raises(ApiTimeoutError, match="within 1 seconds"):
        world.client(base_url=url, clock=SYSTEM).fine_tuning.wait(LORA_JOB, timeout=1)


def test_a_wait_reports_the_last_status_when_the_server_stops_responding(world: World) -> None:
    def behave(number: int) -> Iterator[bytes | None]:
        yield whole(JOB)
        yield None
        yield from informing(number)

    with serving(behave) as url:
        world.client(base_url=url).fine_tuning.retrieve(LORA_JOB)  # loads what such a call needs
        with pytest.raises(WaitTimeoutError, match=r"is running after 1\.5 seconds"):
            world.client(base_url=url, clock=SYSTEM).fine_tuning.wait(LORA_JOB, timeout=1.5)


def test_no_pause_between_attempts_exceeds_the_remaining_time(world: World, sim: Simulator, waits: list[float]) -> None:
    sim.script(Fault(path="/fine-tunes", status=503, headers={"retry-after": "20"}, times=None))
    with pytest.raises(InternalServerError):
        world.client(call_timeout=50, max_retries=9).fine_tuning.list()
    assert waits == [20, 20]


def test_the_limit_of_a_call_can_be_set(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_EXT_CALL_TIMEOUT", "0.25")
    with serving(informing) as url, pytest.raises(ApiTimeoutError, match=OVER):
        world.client(base_url=url, clock=SYSTEM).fine_tuning.retrieve(LORA_JOB)


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf", "1e10"])
def test_an_invalid_limit_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_EXT_CALL_TIMEOUT", value)
    with pytest.raises(ConfigurationError, match="TOGETHER_EXT_CALL_TIMEOUT is"):
        Together("key")
    if value != "soon":
        with pytest.raises(ConfigurationError, match="call_timeout is"):
            Together("key", call_timeout=float(value))


# The user's own client ------------------------------------------------------------------------------------------------


def test_a_response_that_an_event_hook_has_read_is_accepted(world: World, sim: Simulator) -> None:
    async def aread(response: httpx.Response) -> None:
        await response.aread()

    read = httpx.Response.read if world.name == "sync" else aread
    client = world.client(http_client=world.http_client(event_hooks={"response": [read]}))
    assert client.fine_tuning.retrieve(LORA_JOB).id == LORA_JOB
    assert client.fine_tuning.list().data
    sim.script(Fault(path="/fine-tunes", status=404, body=b"gone"))
    with pytest.raises(NotFoundError, match="gone"):
        client.fine_tuning.retrieve(LORA_JOB)
