"""What the tests of the engine share: a server, a folder, a clock without real waits, and common assertions."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Self

import httpx

from tests.servers import SocketServer, request_of
from tests.waits import PATIENCE, wait_until
from together_ext.simulator import LORA_JOB, BytesArchive, Request, Simulator
from together_ext.transfer import Fetched, Options, OrderedStream, Remote, StreamOptions, Target, mark, transfer
from together_ext.transfer.stream import begin

MIB = 1 << 20
SMALL = 300_000
"""One request, and a body of several network reads."""
LARGE = 34 * MIB + 4321
"""Enough for four connections."""

SKIPPABLE = b"\x50\x2a\x4d\x18"


@cache
def noise(size: int, seed: str = "weights") -> bytes:
    """Bytes that a sniffer takes for weights, no two pieces of which are equal."""
    # One skippable frame, so that its structure is that of a whole archive.
    header = SKIPPABLE + max(size - 8, 0).to_bytes(4, "little")
    return (header + random.Random(seed).randbytes(max(size - 8, 0)))[:size]  # noqa: S311 -- not for secrets


def beginning_at(offset: int) -> Callable[[Request], bool]:
    """Requests for what begins there."""
    return lambda request: request.headers.get("range", "").startswith(f"bytes={offset}-")


@cache
def archive(size: int, seed: str) -> BytesArchive:
    """The same as the server has it; kept, since its hash takes longer than its way to us."""
    return BytesArchive(noise(size, seed))


@dataclass
class FakeClock:
    """Time that stands still, and jumps forward during a wait. Records every wait."""

    time: float = 1000.0
    waits: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        """Seconds."""
        return self.time

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Jump on at once."""
        del stop
        with self._lock:
            self.waits.append(seconds)
            self.time += seconds


class TickingClock(FakeClock):
    """Time that also advances by itself, for tests of progress."""

    def now(self) -> float:
        """Seconds."""
        return self.time + time.monotonic()


class FastClock(FakeClock):
    """A clock that shows a minute for each second."""

    def now(self) -> float:
        return time.monotonic() * 60


@dataclass
class Lab:
    """A simulator's download, fetched by the engine itself."""

    sim: Simulator
    folder: Path
    client: httpx.Client
    clock: FakeClock = field(default_factory=FakeClock)
    identity: Mapping[str, str] = field(default_factory=dict)
    connections: int = 4
    timeout: float = 600.0
    content: bytes = b""

    @property
    def path(self) -> Path:
        """Where the file goes."""
        return self.folder / "weights.tar.zst"

    @property
    def part(self) -> Path:
        """Where it is until it is whole."""
        return self.path.with_name(self.path.name + ".part")

    @property
    def journal(self) -> Path:
        """What is known of it until then."""
        return self.path.with_name(self.path.name + ".part.json")

    @property
    def lock(self) -> Path:
        """The owner of the lock."""
        return self.path.with_name(self.path.name + ".part.lock")

    @property
    def url(self) -> str:
        """The download."""
        return f"{self.sim.url}/finetune/download?ft_id={LORA_JOB}&checkpoint=merged"

    @property
    def headers(self) -> dict[str, str]:
        """The key."""
        return {"Authorization": f"Bearer {self.sim.api_key}"}

    def __post_init__(self) -> None:
        # The one that `fetch` gives to the same file, so that one may go on from what the other left.
        self.identity = {"url": self.url.partition("?")[0]}
        self._threads = set(threading.enumerate())

    def serve(self, size: int, seed: str = "weights") -> bytes:
        """Let the server have so many bytes; returns them."""
        self.content = noise(size, seed)
        self.sim.add_archive(LORA_JOB, archive(size, seed))
        return self.content

    def options(self, **changes: object) -> Options:
        """Options without real waits."""
        usual = Options(connections=self.connections, eager=4, clock=self.clock, jitter=lambda: 1.0)
        return replace(usual, **changes)  # type: ignore[arg-type] # a test's own keywords

    def fetch(self, *, url: str | None = None, headers: Mapping[str, str] | None = None, **changes: object) -> Fetched:
        """Fetch the file."""
        sent = self.headers if headers is None else headers
        remote = Remote(self.client, url or self.url, headers=sent, timeout=self.timeout, action="fetch the weights")
        return transfer(remote, Target.exactly(self.path), self.identity, self.options(**changes))

    def stream(self, *, url: str | None = None, **changes: object) -> OrderedStream:
        """Open the file as a stream, without real waits."""
        usual = StreamOptions(connections=self.connections, eager=4, clock=self.clock, jitter=lambda: 1.0)
        options = replace(usual, **changes)  # type: ignore[arg-type] # a test's own keywords
        remote = Remote(self.client, url or self.url, headers=self.headers, timeout=self.timeout, action="read it")
        return begin(remote, options)

    def unmark(self) -> None:
        """Remove the mark of the complete file, as a copy of it has none."""
        os.removexattr(self.path, mark.NAME)

    def ranges(self) -> list[str | None]:
        """The parts that were requested from the API so far."""
        return [request.headers.get("range") for request in self.sim.requests]

    def left(self) -> set[str]:
        """The names in the folder."""
        return {path.name for path in self.folder.iterdir()}

    def assert_a_wait_before_each_retry(self) -> None:
        """No retry came without a wait, the first after the shortest; a busy machine may need several."""
        assert self.clock.waits[0] == 0.5
        assert set(self.clock.waits) <= {0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0}
        assert 1 <= len(self.sim.requests) - 1 <= len(self.clock.waits)

    def assert_whole(self) -> None:
        """The file is right, and alone."""
        assert self.path.read_bytes() == self.content
        assert self.left() == {self.path.name}

    def assert_no_threads(self) -> None:
        """All threads since the beginning end, but those of the simulator's loop, however busy the machine is."""
        for thread in set(threading.enumerate()) - self._threads:
            if not thread.name.startswith("asyncio"):
                thread.join(PATIENCE)
                assert not thread.is_alive(), thread.name

    def assert_nothing(self) -> None:
        """There is no file, and no partial file either."""
        assert self.left() == set()

    def assert_partial(self) -> None:
        """There is no file, and the downloaded bytes are kept."""
        assert self.left() == {self.part.name, self.journal.name}


class RawServer:
    """Answers whatever is asked with the same bytes, and hangs up: for what no framework would send.

    With `endless`, these follow again and again until the other side hangs up.
    """

    def __init__(self, answer: bytes, endless: bytes = b"", every: float = 0.0) -> None:
        self._answer, self._endless, self._every = answer, endless, every
        self.requests: list[bytes] = []
        self._server = SocketServer(self._talk)
        self.url = f"http://{self._server.host}/file"

    def _talk(self, connection: socket.socket, _: int) -> None:
        self.requests.append(request_of(connection))
        connection.sendall(self._answer)
        while self._endless and not self._server.over.wait(self._every):
            connection.sendall(self._endless)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()


CHILD = """
import logging, sys
import httpx
from together_ext.transfer import fetch
logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
url, path, key, connections = sys.argv[1:]
with httpx.Client(verify=False, trust_env=False) as client:
    fetched = fetch(
        url,
        path,
        headers={"Authorization": key},
        client=client,
        connections=int(connections),
        progress=lambda seen: print("at", seen.done, flush=True),
    )
print("resumed from", fetched.resumed_from)
"""
"""A process that fetches a file, says how far it is, and in the end how much of it had been there."""


@contextmanager
def child(lab: Lab, program: str = CHILD) -> Iterator[subprocess.Popen[str]]:
    """A separate process that downloads the lab's file."""
    command = [
        sys.executable,
        "-c",
        program,
        lab.url,
        str(lab.path),
        lab.headers["Authorization"],
        str(lab.connections),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


def wait_for_file(path: Path, size: int = 0) -> None:
    """Return when a file exists and has so many bytes."""
    wait_until(lambda: path.exists() and path.stat().st_size >= size, path.name)


class Job(threading.Thread):
    """A call in another thread, whose outcome can be had."""

    def __init__(self, call: Callable[[], Fetched]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._outcome: Fetched | BaseException | None = None
        self.start()

    def run(self) -> None:
        """Call."""
        try:
            self._outcome = self._call()
        except BaseException as error:  # noqa: BLE001 -- it is looked at in the test's thread
            self._outcome = error

    def outcome(self) -> Fetched | BaseException:
        """What came of it."""
        self.join(PATIENCE)
        assert self._outcome is not None, "still at it"
        return self._outcome
