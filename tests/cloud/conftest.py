"""Real servers of object stores, each a process on a free loopback port, and the simulator beside them."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from together_ext import Together
from together_ext.simulator import Simulator

KEYS = {"access_key_id": "TESTKEYTESTKEY", "secret_access_key": "secret-of-the-test", "region": "us-east-1"}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


@contextmanager
def running(*command: str, port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a server until the end of the block; begin when it accepts connections. Yields its process ID."""
    process = subprocess.Popen(  # noqa: S603 -- a server of the tests
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, f"{command[0]} has ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} does not listen"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass(frozen=True)
class Bucket:
    """A bucket of a server, empty at the start of a test.

    Attributes:
        url: Its URL, with a slash at the end.
        options: The storage options for it.
        server: The address of the server.
        name: Its name.
    """

    url: str
    options: dict[str, str] = field(repr=False)
    server: str
    name: str


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of moto, which plays S3."""
    port = free_port()
    with running(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port), port=port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def s3(moto: str) -> Bucket:
    """A bucket of moto."""
    name = f"b-{secrets.token_hex(6)}"
    httpx.put(f"{moto}/{name}", timeout=60).raise_for_status()
    return Bucket(f"s3://{name}/", {**KEYS, "endpoint": moto}, moto, name)


@pytest.fixture(autouse=True)
def _a_plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_", "AZURE_", "TOGETHER_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Iterator[Together]:
    with Together(sim.api_key, sim.url, max_retries=0) as found:
        yield found
