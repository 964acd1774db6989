"""A server that breaks every rule against every way to download: a verdict for each cell, within a limit of time."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.servers import SocketServer, request_of
from tests.waits import CELL
from together_ext import DownloadResult, Together, TogetherExtError, verify
from together_ext.api.flow import Archive, Fetch, Step, Streamed, run
from together_ext.checkpoints import CheckpointType
from together_ext.fine_tuning.download import download
from together_ext.fine_tuning.download_options import DownloadRequest
from together_ext.registry.project import Project
from together_ext.simulator import LORA_JOB, Fault, Simulator
from together_ext.simulator.archives import pack
from together_ext.transfer import StreamOptions, transfer
from together_ext.transfer.stream import begin

ARCHIVE = pack(
    {"adapter_config.json": b"{}", "adapter_model.safetensors": hashlib.shake_128(b"weights").digest(400_000)}
)
SIZE = len(ARCHIVE)
MIDDLE = 200_000
ENDLESS = 1 << 19
"""Bytes that stand for endless ones where a limit on their number ends them."""


@dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
        start, stop: The requested bytes; all of them without a range.
        ranged: Whether it has a range.
        number: Which request to this server it is, from 0.
        path: Its path.
        over: Set when the server ends.
    """

    start: int
    stop: int
    ranged: bool
    number: int
    path: str
    over: threading.Event

    @property
    def body(self) -> bytes:
        return ARCHIVE[self.start : self.stop]


RESET = b"\0reset"
"""In place of bytes: the connection is reset."""

Behave = Callable[[Asked], Iterator[bytes]]


class Server:
    """Sends what a behaviour gives for each connection's one request, and closes the connection."""

    def __init__(self) -> None:
        self.behave: Behave = honest
        self.server = SocketServer(self._talk)
        self.url = f"http://{self.server.host}/archive"

    def _talk(self, connection: socket.socket, number: int) -> None:
        request = request_of(connection)
        found = re.search(rb"\r\nrange: bytes=(\d+)-(\d+)", request, re.IGNORECASE)
        start, stop = (int(found[1]), min(int(found[2]) + 1, SIZE)) if found else (0, SIZE)
        path = request.split(b" ", 2)[1].decode()
        for data in self.behave(Asked(start, stop, found is not None, number, path, self.server.over)):
            if self.server.over.is_set():
                return
            if data == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            connection.sendall(data)
        # What the client still sends must not become a reset, which would take the last bytes with it.
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


# What a server does ---------------------------------------------------------------------------------------------------


def head(status: str, *fields: str) -> bytes:
    """The head of a response, which announces that the server closes the connection."""
    lines = (f"HTTP/1.1 {status}", *fields, "Connection: close", "")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1")


def part(asked: Asked, *fields: str, etag: str = '"v1"', said: str = "", length: int | None = None) -> bytes:
    """The head of a 206; `said` replaces its `Content-Range`."""
    return head(
        "206 Partial Content",
        f"ETag: {etag}",
        f"Content-Range: {said or f'bytes {asked.start}-{asked.stop - 1}/{SIZE}'}",
        *([] if length == -1 else [f"Content-Length: {asked.stop - asked.start if length is None else length}"]),
        *fields,
    )


def honest(asked: Asked) -> Iterator[bytes]:
    yield part(asked) + asked.body


def chunked(data: bytes, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    pieces = [data[start : start + 65536] for start in range(0, len(data), 65536)]
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces)
    return body + b"0\r\n" + trailer + b"\r\n"


def sends(make: Callable[[Asked], bytes]) -> Behave:
    return lambda asked: iter([make(asked)])


def always(data: bytes) -> Behave:
    return lambda _: iter([data])


def drips(start: Callable[[Asked], bytes], piece: bytes = b"x") -> Behave:
    """Sends something now and then, so that it is never silent."""

    def behave(asked: Asked) -> Iterator[bytes]:
        yield start(asked)
        while not asked.over.wait(0.02):
            yield piece

    return behave


def stalls(start: Callable[[Asked], bytes]) -> Behave:
    """Never sends anything more, so that only a timeout of ours ends it."""

    def behave(asked: Asked) -> Iterator[bytes]:
        yield start(asked)
        asked.over.wait()

    return behave


def resets(start: Callable[[Asked], bytes]) -> Behave:
    return lambda asked: iter([start(asked), RESET])


def flips(asked: Asked) -> Iterator[bytes]:
    """Another version with each response, and none of them whole."""
    yield part(asked, etag=f'"v{asked.number + 2}"') + asked.body[: len(asked.body) // 2]


def weakens(asked: Asked) -> Iterator[bytes]:
    """A strong validator until the connection breaks, a weak one from then on."""
    weak = asked.number > 0
    yield part(asked, etag='W/"v1"' if weak else '"v1"') + asked.body[: None if weak else len(asked.body) // 2]


def refuses_the_rest(asked: Asked) -> Iterator[bytes]:
    """Half of it, and then there is nothing at that place."""
    if asked.start:
        yield head("416 Range Not Satisfiable", f"Content-Range: bytes */{SIZE}", "Content-Length: 0")
    else:
        yield part(asked) + asked.body[: len(asked.body) // 2]


def chains(asked: Asked) -> Iterator[bytes]:
    """Some redirects, and then the file."""
    step = int(asked.path.rpartition("?")[2]) if "?" in asked.path else 0
    if step < 5:
        yield head("302 Found", f"Location: ?{step + 1}", "Content-Length: 0")
    else:
        yield from honest(asked)


def wanders(asked: Asked) -> Iterator[bytes]:
    """A redirect to an address that is new each time."""
    yield head("302 Found", f"Location: ?{asked.number}", "Content-Length: 0")


OK = "200 OK"
TE = "Transfer-Encoding: chunked"
INTEGRITY, NETWORK = "integrity", "network_failed"


@dataclass(frozen=True)
class Behaviour:
    """What a server does, and the code of the error that the download ends with; None if it succeeds."""

    name: str
    behave: Behave
    error: str | None
    timeout: float = 10.0


SLOW = 0.2
"""Seconds of silence where the time-out itself is what is tried; nothing honest depends on it."""

BEHAVIOURS = [
    # Heads
    Behaviour("slow header", drips(lambda _: b"HTTP/1.1 206 OK\r\nX: "), NETWORK, SLOW),
    Behaviour("endless header", always(b"HTTP/1.1 206 OK\r\nX: " + b"x" * ENDLESS), INTEGRITY),
    Behaviour("endless headers", always(b"HTTP/1.1 206 OK\r\n" + b"X: y\r\n" * (ENDLESS // 6)), INTEGRITY),
    Behaviour("1xx flood", drips(lambda _: b"", b"HTTP/1.1 103 X\r\n\r\n" * 100), NETWORK, SLOW),
    Behaviour("1xx before the response", sends(lambda a: head("100 Continue") * 3 + part(a) + a.body), None),
    Behaviour("101", always(head("101 Switching Protocols", "Upgrade: x", "Connection: upgrade")), INTEGRITY),
    Behaviour("status 999999", always(b"HTTP/1.1 999999 X\r\n\r\n"), INTEGRITY),
    Behaviour("status 299", always(head("299 X", "Content-Length: 0")), INTEGRITY),
    Behaviour("no HTTP", always(bytes(range(256)) * 16), INTEGRITY),
    Behaviour("HTTP/0.9", always(ARCHIVE), INTEGRITY),
    Behaviour("a line that is no header", always(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"), INTEGRITY),
    Behaviour("zero bytes in a header", always(b"HTTP/1.1 200 OK\r\nX: \0\0\r\n\r\n"), INTEGRITY),
    Behaviour("lines without CR", sends(lambda a: part(a).replace(b"\r", b"") + a.body), None),
    # Lengths
    Behaviour("two lengths", sends(lambda a: part(a, "Content-Length: 7") + a.body), INTEGRITY),
    Behaviour("the same length twice", sends(lambda a: part(a, f"Content-Length: {len(a.body)}") + a.body), None),
    Behaviour("negative length", sends(lambda a: part(a, length=-2) + a.body), INTEGRITY),
    Behaviour("length beyond 64 bits", always(head(OK, f"Content-Length: {'9' * 30}")), INTEGRITY),
    Behaviour("more announced than sent", always(head(OK, f"Content-Length: {SIZE + 9}") + ARCHIVE), NETWORK),
    Behaviour("less announced than sent", always(head(OK, f"Content-Length: {SIZE - 99}") + ARCHIVE), INTEGRITY),
    Behaviour("bytes after the end", sends(lambda a: part(a) + a.body + head(OK) * 9), None),
    Behaviour("length and chunks", sends(lambda a: part(a, TE) + chunked(a.body)), None),
    # Chunks
    Behaviour("chunked part", sends(lambda a: part(a, TE, length=-1) + chunked(a.body)), None),
    Behaviour("extensions", sends(lambda a: part(a, TE, length=-1) + chunked(a.body, b";a=b;c")), None),
    Behaviour("trailers", sends(lambda a: part(a, TE, length=-1) + chunked(a.body, b"", b"X: y\r\nZ: z\r\n")), None),
    Behaviour("endless extension", always(head(OK, TE) + b"1;" + b"x" * ENDLESS), INTEGRITY),
    Behaviour("slow extension", drips(lambda _: head(OK, TE) + b"1;"), NETWORK, SLOW),
    Behaviour("slow trailer", drips(lambda _: head(OK, TE) + chunked(ARCHIVE)[:-2] + b"X: "), NETWORK, SLOW),
    Behaviour("no number of a chunk", always(head(OK, TE) + b"weights\r\n"), INTEGRITY),
    Behaviour("huge chunk", always(head(OK, TE) + b"f" * 15 + b"\r\n" + ARCHIVE), NETWORK),
    Behaviour("short chunks", sends(lambda a: part(a, TE, length=-1) + chunked(a.body[:-9])), INTEGRITY),
    Behaviour("long chunks", sends(lambda a: part(a, TE, length=-1) + chunked(a.body + b"x" * 9999)), None),
    # Ranges
    Behaviour(
        "multipart/byteranges", always(head("206 X", "Content-Type: multipart/byteranges; boundary=x")), INTEGRITY
    ),
    Behaviour("another unit", sends(lambda a: part(a, said=f"items 0-9/{SIZE}") + a.body), INTEGRITY),
    Behaviour("two ranges", sends(lambda a: part(a, "Content-Range: bytes 0-1/2") + a.body), INTEGRITY),
    Behaviour("another range", sends(lambda a: part(a, said=f"bytes 9-{SIZE - 1}/{SIZE}") + a.body), INTEGRITY),
    Behaviour("100 PB", sends(lambda a: part(a, said=f"bytes {a.start}-{a.stop - 1}/{10**17}") + a.body), "disk_full"),
    Behaviour("416 for all", always(head("416 X", f"Content-Range: bytes */{SIZE}", "Content-Length: 0")), INTEGRITY),
    Behaviour("416 for the rest", refuses_the_rest, "remote_changed"),
    # Versions
    Behaviour("a new version each time", flips, "remote_changed"),
    Behaviour("a validator that turns weak", weakens, None),
    # Redirects
    Behaviour("redirect to itself", always(head("302 X", "Location: /archive", "Content-Length: 0")), INTEGRITY),
    Behaviour("endless redirects", wanders, INTEGRITY),
    Behaviour("five redirects", chains, None),
    Behaviour(
        "redirect to nowhere", always(head("302 X", "Location: http://x.invalid/", "Content-Length: 0")), NETWORK
    ),
    # Ends of connections
    Behaviour("closed at once", always(b""), NETWORK),
    Behaviour("closed in the status line", always(b"HTTP/1.1 20"), NETWORK),
    Behaviour("closed in the head", always(b"HTTP/1.1 206 OK\r\nETag: "), NETWORK),
    Behaviour("closed after the head", sends(part), NETWORK),
    Behaviour("closed in the body", sends(lambda a: part(a) + a.body[:1000]), NETWORK),
    Behaviour("reset after the head", resets(part), NETWORK),
    Behaviour("silent after the head", stalls(part), NETWORK, SLOW),
    Behaviour("silent from the start", stalls(lambda _: b""), NETWORK, SLOW),
    # Without a length
    Behaviour("HTTP/1.0", always(b"HTTP/1.0 200 OK\r\n\r\n" + ARCHIVE), None),
    Behaviour("HTTP/1.0, cut", always(b"HTTP/1.0 200 OK\r\n\r\n" + ARCHIVE[:-1000]), NETWORK),
    # Content
    Behaviour("zeros", sends(lambda a: part(a) + a.body[:512] + bytes(len(a.body) - 512)), INTEGRITY),
    Behaviour(
        "no gzip in gzip", always(head(OK, "Content-Encoding: gzip", f"Content-Length: {SIZE}") + ARCHIVE), INTEGRITY
    ),
    Behaviour("a part said to be gzip", sends(lambda a: part(a, "Content-Encoding: gzip") + a.body), None),
    # Refusals
    Behaviour("slow refusal", drips(lambda _: head("404 X", "Content-Length: 99999")), "not_found", SLOW),
    Behaviour(
        "never again",
        always(head("503 X", "Retry-After: 99999999", "Content-Length: 0")),
        "server_error",
    ),
    Behaviour(
        "no date",
        always(head("503 X", "Retry-After: Thu, 32 Foo 99999", "Content-Length: 0")),
        "server_error",
    ),
    Behaviour("expired for ever", always(head("403 X", "Content-Length: 0")), "permission_denied"),
]


# How it is downloaded -------------------------------------------------------------------------------------------------


class Clock:
    """Time that jumps forward during a wait."""

    def __init__(self) -> None:
        self._time = 0.0

    def now(self) -> float:
        return self._time

    def wait(self, stop: threading.Event, seconds: float) -> None:
        del stop
        self._time += seconds


def downloaded(
    client: Together, folder: Path, extraction: Mapping[str, Any], *, retries: int, timeout: float
) -> DownloadResult:
    """Download on a clock without real waits."""

    def do(step: Step) -> object:
        if not isinstance(step, Fetch | Streamed):
            return client._do(step)
        remote = client._seam.remote(client._seam.transfer_client, step.archive, timeout=timeout)
        if isinstance(step, Streamed):
            with begin(remote, replace(step.options, retries=retries, jitter=lambda: 0.0, clock=Clock())) as stream:
                return step.work(stream)
        options = replace(step.options, retries=retries, jitter=lambda: 0.0, clock=Clock())
        return transfer(remote, step.target, step.archive.identity, options)

    wanted = DownloadRequest(output=folder, checkpoint_type=CheckpointType.ADAPTER, connections=4, **extraction)
    return run(download(Project(None), LORA_JOB, wanted), do)


@pytest.fixture
def server(sim: Simulator) -> Iterator[Server]:
    """The storage host that the API redirects to."""
    found = Server()
    with found.server:
        sim.script(Fault(location=found.url, times=None))
        yield found


def leave_a_part(client: Together, server: Server, folder: Path) -> None:
    """An earlier run that was interrupted."""
    server.behave = sends(lambda asked: part(asked) + asked.body[:MIDDLE])
    with pytest.raises(TogetherExtError, match="in a row"):
        downloaded(client, folder, {}, retries=0, timeout=10)
    assert list(folder.glob("*.part.json"))


EXTRACTIONS: Mapping[str, Mapping[str, Any]] = {
    "folder": {"extract": True},
    "folder, spooled": {"extract": True, "spool": True},
}


@pytest.mark.parametrize("mode", ["archive", "folder", "folder, spooled", "resumed"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda found: found.name)
def test_each_hostile_response_ends_in_weights_or_in_its_error(
    sim: Simulator, server: Server, tmp_path: Path, behaviour: Behaviour, mode: str
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    with Together(base_url=sim.url, api_key=sim.api_key) as client, ThreadPoolExecutor(1) as pool:
        if mode == "resumed":
            leave_a_part(client, server, folder)
        server.behave = behaviour.behave
        extraction = EXTRACTIONS.get(mode, {})
        call = pool.submit(downloaded, client, folder, extraction, retries=1, timeout=behaviour.timeout)
        error = call.exception(CELL)
    if behaviour.error is not None:
        assert isinstance(error, TogetherExtError), error
        # Without a file, extraction itself finds that an archive was cut.
        assert error.code in {
            behaviour.error,
            {"folder": "archive"}.get(mode) if behaviour.error == "integrity" else None,
        }
        assert not [path for path in folder.iterdir() if ".part" not in path.name]
        return
    assert error is None, error
    result = call.result()
    if extraction:
        assert verify(result.filename).good
    else:
        assert Path(result.filename).read_bytes() == ARCHIVE
    assert len(list(folder.iterdir())) == 1


# How it is read as a stream -------------------------------------------------------------------------------------------

UNNOTICED = {"less announced than sent": SIZE - 99}
"""The number of bytes where a server announces fewer than the file has; only the archive itself shows that."""

OTHER_CONTENT = {"zeros"}
"""Another file, which only the archive itself shows."""


def streamed(client: Together, timeout: float, read: bytearray) -> None:
    """Read a stream with one retry, on a clock without real waits."""
    archive = Archive(LORA_JOB, None, "adapter")
    remote = client._seam.remote(client._seam.transfer_client, archive, timeout=timeout)
    options = StreamOptions(connections=4, retries=1, jitter=lambda: 0.0, clock=Clock())
    with begin(remote, options) as stream:
        for view in stream.views():
            read += view


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda found: found.name)
def test_a_stream_of_each_hostile_response_is_a_beginning_and_an_error_or_everything(
    sim: Simulator, server: Server, behaviour: Behaviour
) -> None:
    server.behave, read = behaviour.behave, bytearray()
    with Together(base_url=sim.url, api_key=sim.api_key) as client, ThreadPoolExecutor(1) as pool:
        error = pool.submit(streamed, client, behaviour.timeout, read).exception(CELL)
    if behaviour.name not in OTHER_CONTENT:
        assert ARCHIVE.startswith(read)
    if error is None:
        assert len(read) == UNNOTICED.get(behaviour.name, SIZE)
        assert behaviour.error is None or behaviour.name in {*UNNOTICED, *OTHER_CONTENT}
    else:
        assert isinstance(error, TogetherExtError), error
