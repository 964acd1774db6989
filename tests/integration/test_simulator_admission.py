"""Which requests the simulator accepts: foreign pages, wrong keys and endless bodies are refused before the body."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from http.client import HTTPResponse

import httpx
import pytest
from starlette.types import Message

from tests.waits import PATIENCE
from together_ext.simulator import Simulator
from together_ext.simulator.admission import BODY_LIMIT, UPLOAD_PATH, Admission, body_limit, bounded
from together_ext.simulator.answers import ApiError
from together_ext.simulator.catalog import MODEL, TRAINING_FILE

JOB = json.dumps({"training_file": TRAINING_FILE, "model": MODEL}).encode()
OURS = ["127.0.0.1", "127.0.0.1:1", "127.8.8.8", "localhost", "LOCALHOST.:80", "[::1]", "[::1]:8080"]
FOREIGN = [
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "[::1",
    "",
]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def http(sim: Simulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.url, headers={"Authorization": f"Bearer {sim.api_key}"}, verify=False) as client:  # noqa: S501
        yield client


def sent(sim: Simulator, *head: str, body: bytes = b"", path: str = "/fine-tunes") -> tuple[int, bytes]:
    """Status and body of the response to a request of which no more than this is sent."""
    with socket.create_connection(("127.0.0.1", sim.port), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join([f"POST {path} HTTP/1.1", "Host: localhost", *head, "", ""]).encode() + body)
        response = HTTPResponse(connection)
        response.begin()
        return response.status, response.read()


def key_of(sim: Simulator) -> str:
    return f"Authorization: Bearer {sim.api_key}"


@pytest.mark.parametrize("host", OURS)
def test_every_name_of_this_machine_is_accepted(http: httpx.Client, host: str) -> None:
    assert http.get("/fine-tunes", headers={"Host": host}).status_code == 200
    assert http.get("/fine-tunes", headers={"Origin": f"http://{host}"}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_a_name_that_only_resolves_to_this_machine_is_refused(sim: Simulator, http: httpx.Client, host: str) -> None:
    """As DNS rebinding makes it, even with the right key."""
    answer = http.post("/fine-tunes", content=JOB, headers={"Host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_host")
    assert (sim.requests[-1].status, sim.requests[-1].body) == (403, b"")
    assert httpx.get(f"{sim.storage.url}/archive/x", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost.evil.example", "null", "file://", "http://["]
)
def test_a_foreign_page_is_refused(sim: Simulator, http: httpx.Client, origin: str) -> None:
    before = http.get("/fine-tunes").json()
    answer = http.post("/fine-tunes", content=JOB, headers={"Origin": origin, "Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")
    assert http.get("/fine-tunes").json() == before
    assert httpx.get(f"{sim.storage.url}/archive/x", headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize(
    ("address", "host", "admitted"),
    [
        ("192.0.2.7", "192.0.2.7:8080", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("sim.internal", "SIM.internal:80", True),
        ("0.0.0.0", "192.0.2.7", True),  # noqa: S104 -- compared, not bound
        ("::", "[2001:db8::1]:80", True),
        ("::", f"{socket.gethostname()}:80", True),
        ("::", "evil.example", False),
    ],
)
def test_the_address_that_it_listens_on_is_its_name_too(address: str, host: str, *, admitted: bool) -> None:
    admission = Admission(address, None)
    if admitted:
        admission.check("/", {"host": host})
        return
    with pytest.raises(ApiError, match="403"):
        admission.check("/", {"host": host})


def test_the_key_differs_in_each_run_unless_it_is_given() -> None:
    assert len({Simulator().api_key for _ in range(10)}) == 10
    assert Simulator(api_key="given").api_key == "given"


def test_the_key_is_checked_before_the_body_is_read(sim: Simulator) -> None:
    for length in ("Content-Length: 1000", "Transfer-Encoding: chunked", f"Content-Length: {10**15}"):
        assert sent(sim, "Authorization: Bearer other", length)[0] == 401


@pytest.mark.parametrize("path", ["/fine-tunes", "/v1/fine-tunes", "/chat/completions", UPLOAD_PATH])
@pytest.mark.parametrize("more", [1, 10**15, 10**19])
def test_a_body_that_is_declared_too_large_is_not_read(sim: Simulator, path: str, more: int) -> None:
    limit = body_limit(path.removeprefix("/v1"))
    status, answer = sent(sim, key_of(sim), f"Content-Length: {limit + more}", path=path)
    assert (status, json.loads(answer)["error"]["code"]) == (413, "too_large")
    assert f"the maximum for {path.removeprefix('/v1')} is {limit} bytes" in answer.decode()


def test_a_body_of_unknown_length_is_read_as_far_as_the_limit(sim: Simulator) -> None:
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    assert sent(sim, key_of(sim), "Transfer-Encoding: chunked", body=chunk * 5)[0] == 413
    assert sim.requests[-1].body == b""


def test_the_largest_body_is_read(http: httpx.Client) -> None:
    assert http.post("/fine-tunes", content=JOB.ljust(BODY_LIMIT)).status_code == 200
    assert http.post("/fine-tunes", content=JOB.ljust(BODY_LIMIT + 1)).status_code == 413
    messages = [{"role": "user", "content": "x" * BODY_LIMIT}]
    assert http.post("/chat/completions", json={"model": MODEL, "messages": messages}).status_code == 200


def test_a_body_that_breaks_off_creates_nothing(sim: Simulator, http: httpx.Client) -> None:
    before = http.get("/fine-tunes").json()
    head = f"POST /fine-tunes HTTP/1.1\r\nHost: localhost\r\n{key_of(sim)}\r\nContent-Length: {len(JOB) + 1}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", sim.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + JOB)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(12) in {b"", b"HTTP/1.1 400"}
    assert http.get("/fine-tunes").json() == before


def test_an_upload_is_stored_and_not_recorded(sim: Simulator, http: httpx.Client) -> None:
    files, content = {"file": ("a.jsonl", b"{}\n" * BODY_LIMIT)}, {"purpose": "fine-tune", "file_name": "a.jsonl"}
    stored = http.post(UPLOAD_PATH, files=files, data=content)
    assert (stored.status_code, stored.json()["bytes"]) == (200, 3 * BODY_LIMIT)
    assert sim.requests[-1].body == b""


@pytest.mark.parametrize("path", ["/fine-tunes", UPLOAD_PATH])
def test_the_limit_holds_for_parts_that_are_each_below_it(path: str) -> None:
    part = body_limit(path) // 4

    async def endless() -> Message:
        return {"type": "http.request", "body": bytes(part), "more_body": True}

    async def read() -> None:
        receive = bounded(endless, path)
        for _ in range(4):
            await receive()
        with pytest.raises(ApiError, match="413"):
            await receive()

    asyncio.run(read())
