"""Both clients with one interface: a test is written once, as sync code, and runs in three worlds."""

from __future__ import annotations

import io
import json
import logging
import secrets
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

import anyio
import anyio.from_thread
import httpx
import pytest

from tests.forks import program
from tests.servers import SocketServer, request_of
from tests.signals import hear_signals
from together_ext import AsyncTogether, Together
from together_ext.cli import main
from together_ext.destinations.opening import _memory
from together_ext.simulator import DPO_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Simulator
from tools.contract import problems
from tools.json_documents import Check, check_document

hear_signals()

SMALL = b"\x28\xb5\x2f\xfd\x20\x5b\xd9\x02\x00" + bytes(range(91))
"""What the simulator's jobs deliver here: a whole zstd frame, with one raw block in it."""

_PROXIES = tuple(spell(f"{name}_proxy") for name in ("http", "https", "all", "no") for spell in (str.upper, str.lower))


class _Answer:
    """An open response of the async client, read like one of the sync client."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, answer: httpx.Response) -> None:
        self._portal, self._answer = portal, answer

    def __getattr__(self, name: str) -> object:
        return getattr(self._answer, name)

    def read(self) -> bytes:
        return self._portal.call(self._answer.aread)

    def iter_bytes(self) -> Iterator[bytes]:
        return _iterated(self._portal, self._answer.aiter_bytes())

    def iter_lines(self) -> Iterator[str]:
        return _iterated(self._portal, self._answer.aiter_lines())


def _iterated(portal: anyio.from_thread.BlockingPortal, found: Any) -> Iterator[Any]:  # noqa: ANN401 -- of anything
    async def following() -> object:
        return await anext(found, None)

    while (item := portal.call(following)) is not None:
        yield item


class _Resource:
    """A resource of the async client, called like one of the sync client."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, resource: object) -> None:
        self._portal, self._resource = portal, resource

    def __getattr__(self, name: str) -> object:
        found = getattr(self._resource, name)
        if name == "with_streaming_response":
            return _Streaming(self._portal, found)
        return self._called(found) if callable(found) else _Resource(self._portal, found)

    def _called(self, found: Callable[..., Any]) -> Callable[..., object]:
        def call(*args: object, **keywords: object) -> object:
            outcome = self._portal.call(partial(found, *args, **keywords))
            return _iterated(self._portal, outcome) if hasattr(outcome, "__anext__") else outcome

        return call


class _Streaming:
    def __init__(self, portal: anyio.from_thread.BlockingPortal, resource: Any) -> None:  # noqa: ANN401
        self._portal, self._resource = portal, resource

    @contextmanager
    def content(self, *args: object, **keywords: object) -> Iterator[_Answer]:
        opened = self._resource.content(*args, **keywords)
        with self._portal.wrap_async_context_manager(opened) as answer:
            yield _Answer(self._portal, answer)


class _Facade:
    """The async client as `Together`."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, client: AsyncTogether) -> None:
        self._portal, self._client = portal, client

    def __getattr__(self, name: str) -> object:
        return getattr(_Resource(self._portal, self._client), name)

    def __repr__(self) -> str:
        return repr(self._client)

    def close(self) -> None:
        self._portal.call(self._client.aclose)

    def __enter__(self) -> Self:
        self._portal.call(self._client.__aenter__)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._portal.call(self._client.__aexit__, kind, error, trace)


class Clock:
    """A clock that only advances during a wait.

    Attributes:
        time: Seconds that have passed.
        waits: How long each wait was.
        then: Called after each wait.
    """

    def __init__(self) -> None:
        self.time, self.waits = 0.0, list[float]()
        self.then: Callable[[], object] = lambda: None

    def now(self) -> float:
        return self.time

    def wait(self, stop: threading.Event, seconds: float) -> None:
        del stop
        self.waits.append(seconds)
        self.time += seconds
        self.then()

    async def sleep(self, seconds: float) -> None:
        self.wait(threading.Event(), seconds)


class World:
    """Where a client lives: in sync code, or in the event loop of asyncio or trio."""

    def __init__(self, name: str, sim: Simulator, clock: Clock) -> None:
        self.name = name
        self._sim, self._clock = sim, clock
        self._stack = ExitStack()
        self._portal: anyio.from_thread.BlockingPortal | None = None
        if name != "sync":
            self._portal = self._stack.enter_context(anyio.from_thread.start_blocking_portal(name))

    def client(self, **settings: Any) -> Together:  # noqa: ANN401 -- the parameters of `Together`
        """A client of the simulator, closed after the test. Without retries, since they wait."""
        given: dict[str, Any] = {
            "api_key": self._sim.api_key,
            "base_url": self._sim.url,
            "max_retries": 0,
            "clock": self._clock,
        } | settings
        if self._portal is None:
            client = Together(**given)
        else:
            portal = self._portal
            client = cast("Together", _Facade(portal, self.run(partial(AsyncTogether, **given))))
        self._stack.callback(client.close)
        return client

    def http_client(self, **settings: Any) -> Any:  # noqa: ANN401 -- of the one kind or the other
        """A plain client of the user's own, of the kind that `client` takes here; closed after the test."""
        if self._portal is None:
            return self._stack.enter_context(httpx.Client(**settings))
        portal = self._portal
        client = self.run(partial(httpx.AsyncClient, **settings))
        self._stack.callback(lambda: portal.call(client.aclose))
        return client

    def get(self, http_client: Any, url: str) -> httpx.Response:  # noqa: ANN401
        """Ask something with such a client."""
        if self._portal is None:
            return cast("httpx.Response", http_client.get(url))
        return cast("httpx.Response", self._portal.call(http_client.get, url))

    def hook(self, callback: Callable[[Any], object]) -> Callable[[Any], object]:
        """A callback as an event hook of such a client has to be."""
        if self._portal is None:
            return callback

        async def called(value: object) -> None:
            callback(value)

        return called

    def transport(self, callback: Callable[[httpx.Request], None]) -> Any:  # noqa: ANN401 -- of the one kind or the other
        """A custom transport that reports each request before it sends it."""
        if self._portal is None:
            return _Telling(callback)
        return self.run(partial(_AsyncTelling, callback))

    def run(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Call something where the client lives."""
        return call() if self._portal is None else self._portal.call(call)

    def close(self) -> None:
        """Close all that was opened."""
        self._stack.close()


class _Telling(httpx.HTTPTransport):
    def __init__(self, callback: Callable[[httpx.Request], None]) -> None:
        super().__init__()
        self._callback = callback

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._callback(request)
        return super().handle_request(request)


class _AsyncTelling(httpx.AsyncHTTPTransport):
    def __init__(self, callback: Callable[[httpx.Request], None]) -> None:
        super().__init__()
        self._callback = callback

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._callback(request)
        return await super().handle_async_request(request)


@pytest.fixture(autouse=True)
def _a_plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in (
        "TOGETHER_API_KEY",
        "TOGETHER_BASE_URL",
        "TOGETHER_PROJECT_ID",
        "TOGETHER_CUSTOM_HEADERS",
        "TOGETHER_EXT_CONNECTIONS",
        "TOGETHER_EXT_CALL_TIMEOUT",
        "TOGETHER_EXT_SOURCE",
        *_PROXIES,
    ):
        monkeypatch.delenv(name, raising=False)
    # Nothing here speaks TLS, and to load the certificates for it takes most of the time of most tests.
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path_factory.getbasetemp()))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)


class RawServer:
    """A server that sends the same bytes to everyone, be they HTTP or not, and remembers what it was sent.

    Attributes:
        answer: What it sends.
        body: What it sends after it, if that is too much to be kept.
        received: The requests.
    """

    def __init__(self) -> None:
        self.answer = b""
        self.body: Callable[[], Iterable[bytes]] = tuple
        self.received: list[bytes] = []
        self.server = SocketServer(self._talk)
        self.host = self.server.host
        self.url = f"http://{self.host}"

    def _talk(self, connection: socket.socket, _: int) -> None:
        self.received.append(request_of(connection))
        # The client must not send another request on this connection, which ends here.
        line, end, rest = self.answer.partition(b"\r\n")
        connection.sendall(line + end + (b"Connection: close\r\n" if line.startswith(b"HTTP/1.1 ") else b"") + rest)
        for piece in self.body():
            connection.sendall(piece)


@pytest.fixture
def raw() -> Iterator[RawServer]:
    """A server that need not speak HTTP."""
    found = RawServer()
    with found.server:
        yield found


@pytest.fixture
def sim(caplog: pytest.LogCaptureFixture) -> Iterator[Simulator]:
    """A simulator with small weights, and with the files and models that tests name."""
    with Simulator() as simulator:
        for file_id in ("file-1", "file-2", "f", "v"):
            simulator.add_file(file_id=file_id)
        for model in ("acme/Tiny", "m"):
            simulator.add_model(model)
        for job_id in (LORA_JOB, FULL_JOB, DPO_JOB, RUNNING_JOB):
            simulator.add_archive(job_id, SMALL)
        yield simulator
    # A mistake in a scripted answer is logged in the server's thread, where it fails no test by itself.
    complaints = [one for one in caplog.get_records("call") if one.name == "uvicorn.error"]
    assert not [one for one in complaints if one.levelno >= logging.WARNING]


@pytest.fixture(autouse=True)
def _no_object_outlives_a_test() -> Iterator[None]:
    """Free the stores in memory, which live as long as the process: those of all tests need a gigabyte."""
    yield
    _memory.cache_clear()


@pytest.fixture(autouse=True)
def the_specification_is_kept(request: pytest.FixtureRequest) -> Iterator[None]:
    """Judge what our clients sent, and what the simulators of a test sent, by `openapi.yaml`."""
    yield
    if request.node.get_closest_marker("off_contract") is None:
        found = [one for one in request.node.funcargs.values() if isinstance(one, Simulator)]
        wrong = problems(exchange for simulator in found for exchange in simulator.requests)
        assert not wrong, f"not as openapi.yaml says (mark the test off_contract if it is on purpose): {wrong[:5]}"


@pytest.fixture(params=["sync", "asyncio", "trio"])
def world(request: pytest.FixtureRequest, sim: Simulator, clock: Clock) -> Iterator[World]:
    """Each of the three worlds."""
    found = World(request.param, sim, clock)
    yield found
    found.close()


@pytest.fixture
def client(world: World) -> Together:
    """A client of the simulator, without retries."""
    return world.client()


@pytest.fixture
def sync_client(sim: Simulator) -> Iterator[Together]:
    """A sync client without retries."""
    with Together(sim.api_key, sim.url, max_retries=0) as found:
        yield found


@pytest.fixture
def url() -> str:
    """A bucket that no other test has."""
    return f"memory://{secrets.token_hex(8)}/"


@pytest.fixture
def clock() -> Clock:
    """The clock of the clients of a test."""
    return Clock()


@pytest.fixture
def waits(clock: Clock) -> list[float]:
    """The seconds that the clients of a test would have waited."""
    return clock.waits


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 -- any JSON
        """The one document on standard output."""
        return json.loads(self.out)


@pytest.fixture
def conforms(request: pytest.FixtureRequest) -> Check:
    """Checks that what a command has printed with `--json` has its published schema; `off_contract` switches it off."""
    return (lambda *_: None) if request.node.get_closest_marker("off_contract") else check_document


@pytest.fixture
def command(
    sim: Simulator,
    folder: Path,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    conforms: Check,
) -> Callable[..., Outcome]:
    """Runs the program in this process, in the current folder of the test; no terminal is there."""
    assert folder.is_dir()
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    monkeypatch.setenv("TOGETHER_BASE_URL", sim.url)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str) -> Outcome:
        code = main(arguments, clock=clock)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        conforms(arguments, captured.out)
        return Outcome(code, captured.out, captured.err)

    return run


class Terminal(io.TextIOWrapper):
    """A standard stream that claims to be a terminal, and records what is written."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding)

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        self.seek(0)
        return self.read()


@pytest.fixture
def on_a_terminal(command: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the program with a terminal as standard output; returns what the user sees."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")

    def run(*arguments: str, encoding: str = "utf-8") -> str:
        terminal = Terminal(encoding)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", terminal)
            outcome = command(*arguments)
        assert outcome.code == 0, outcome.err
        return terminal.text() + outcome.err

    return run


@pytest.fixture(scope="session")
def forked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for PATH, with `together-ext` and `python` that need little time to start; see `tests.forks`."""
    with program(tmp_path_factory.mktemp("forked")) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the test, empty, inside a parent that nothing may be put into."""
    inside = tmp_path / "parent" / "here"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    return inside
