"""An object that is too large for one request."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.servers import serving
from together_ext.simulator import LORA_JOB, Simulator

from .conftest import KEYS

GIB: Final = 1 << 30
SIZE: Final = 5 * GIB + 1
"""Bytes; S3 takes at most 5 GiB in one request."""

FRAME: Final = b"\x28\xb5\x2f\xfd\x00\x58" + b"\x00" * 26
"""The beginning of a zstd frame; the rest of the archive is zeros."""

METER: Final = Path(__file__).parents[2] / "benchmarks" / "meter.py"


class Sparse:
    """An archive that takes no space."""

    size = SIZE
    etag = '"sparse"'
    modified = 1.0

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from `start` to `stop`."""
        return FRAME[start:stop] + bytes(min(stop, SIZE) - max(start, min(len(FRAME), stop)))


@dataclass
class Nowhere:
    """What a store was sent; it keeps nothing.

    Attributes:
        url: Its address.
        parts: Bytes of the parts, by number.
        wrong: The numbers of parts with another content than that of the archive.
        complete: The parts that the object was made of.
        single: Bytes of the largest object of a single request.
    """

    url: str
    parts: dict[int, int] = field(default_factory=dict)
    wrong: list[int] = field(default_factory=list)
    complete: list[int] = field(default_factory=list)
    single: int = 0


class Handler(BaseHTTPRequestHandler):
    """As much of S3 as an upload needs."""

    protocol_version = "HTTP/1.1"
    found: Nowhere
    lock: Lock

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, body: str = "", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def do_PUT(self) -> None:
        query, body = parse_qs(urlsplit(self.path).query), self._body()
        number = int(query.get("partNumber", ["0"])[0])
        start = len(FRAME) if number == 1 else 0
        same = body.count(0, start) == len(body) - start and (not start or body.startswith(FRAME))
        with self.lock:
            if not number:
                self.found.single = max(self.found.single, len(body))
            else:
                self.found.parts[number] = len(body)
                self.found.wrong.extend([] if same else [number])
        self._send(200, ETag=f'"{number}"')

    def do_POST(self) -> None:
        body = self._body().decode()
        query = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        if "delete" in query:
            keys = "".join(re.findall("<Key>.*?</Key>", body))
            self._send(200, f"<DeleteResult><Deleted>{keys}</Deleted></DeleteResult>")
        elif "uploadId" in query:
            self.found.complete.extend(map(int, re.findall(r"<PartNumber>(\d+)<", body)))
            self._send(200, '<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>')
        else:
            self._send(200, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")

    def do_GET(self) -> None:
        self._send(200, "<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>")

    def do_HEAD(self) -> None:
        if self.found.complete:
            size = str(sum(self.found.parts.values()))
            modified = "Thu, 01 Jan 2026 00:00:00 GMT"
            self._send(200, **{"Content-Length": size, "ETag": '"x"', "Last-Modified": modified})
        else:
            self._send(404)

    def do_DELETE(self) -> None:
        self._send(204)

    def log_message(self, format: str, *args: object) -> None:
        """Be silent."""


@contextmanager
def nowhere() -> Iterator[Nowhere]:
    """Run the store."""
    with serving(Handler) as address:
        found = Nowhere(address)
        Handler.found, Handler.lock = found, Lock()
        yield found


def test_an_object_of_more_than_5_gib_goes_through_memory_in_parts(sim: Simulator, tmp_path: Path) -> None:
    sim.add_archive(LORA_JOB, Sparse())
    log = tmp_path / "log"
    with nowhere() as store:
        settings = [f"--storage-option={name}={value}" for name, value in {**KEYS, "endpoint": store.url}.items()]
        program = [sys.executable, "-m", "together_ext", "ft", "download", LORA_JOB, "-q", "-o", "s3://bucket/"]
        done = subprocess.run(  # noqa: S603 -- this package
            [sys.executable, "-I", "-S", str(METER), str(log), *program, *settings],
            env={**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url},
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 0, log.read_text()
    assert store.wrong == []
    assert sum(store.parts.values()) == SIZE
    assert store.complete == sorted(store.parts) == [*range(1, len(store.parts) + 1)]
    assert store.single < 1 << 20
    _, _, _, memory, *_ = map(float, done.stdout.split())
    assert memory < 200e6
    assert not any(Path.cwd().iterdir())
