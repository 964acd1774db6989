"""Real servers of object stores, each a process on a free loopback port, and the simulator beside them."""

from __future__ import annotations

import base64
import hmac
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Final

import boto3  # type: ignore[import-not-found, unused-ignore]
import httpx
import pytest

from tests.signals import hear_signals
from tests.waits import PATIENCE, wait_until
from together_ext import Together
from together_ext.simulator import Simulator

hear_signals()

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

    def accepts() -> bool:
        assert process.poll() is None, f"{command[0]} has ended with {process.returncode}"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        wait_until(accepts, f"a connection to {command[0]}")
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
        folder: The folder that the server keeps the objects in, if it does so.
        wrong: Storage options that the server refuses, if it checks them.
    """

    url: str
    options: dict[str, str] = field(repr=False)
    server: str
    name: str
    folder: Path | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)


def new_name() -> str:
    """The name of a bucket that no other test has."""
    return f"b-{secrets.token_hex(6)}"


# S3 -------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of moto, which plays S3."""
    port = free_port()
    with running(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port), port=port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def s3(moto: str) -> Bucket:
    """A bucket of moto."""
    name = new_name()
    httpx.put(f"{moto}/{name}", timeout=PATIENCE).raise_for_status()
    return Bucket(f"s3://{name}/", {**KEYS, "endpoint": moto}, moto, name)


@contextmanager
def rclone(folder: Path, *options: str) -> Iterator[str]:
    """Serve the folders in a folder as buckets, by the protocol of S3. Yields the address."""
    program = Path(sys.prefix, "bin", "rclone")
    port = free_port()
    address = f"127.0.0.1:{port}"
    settings = {"RCLONE_CONFIG": os.devnull, "RCLONE_CACHE_DIR": str(folder.with_name("cache"))}
    with running(
        str(program),
        "serve",
        "s3",
        "--addr",
        address,
        *options,
        str(folder),
        port=port,
        environment=settings,
    ):
        yield f"http://{address}"


@pytest.fixture(scope="session")
def signed_rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of rclone, which checks signatures, and its folder."""
    folder = tmp_path_factory.mktemp("signed")
    with rclone(folder, "--auth-key", f"{KEYS['access_key_id']},{KEYS['secret_access_key']}") as address:
        yield address, folder


@pytest.fixture
def rclone_s3(signed_rclone: tuple[str, Path]) -> Bucket:
    """A bucket of rclone, by S3 with a key."""
    address, folder = signed_rclone
    name = new_name()
    key = {"aws_access_key_id": KEYS["access_key_id"], "aws_secret_access_key": KEYS["secret_access_key"]}
    boto3.client("s3", endpoint_url=address, region_name=KEYS["region"], **key).create_bucket(Bucket=name)
    options = {**KEYS, "endpoint": address}
    return Bucket(
        f"s3://{name}/", options, address, name, folder / name, wrong={**options, "secret_access_key": "wrong"}
    )


# Google Cloud Storage -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def open_rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of rclone without keys, and its folder: its S3 is also the XML API of Google Cloud Storage."""
    folder = tmp_path_factory.mktemp("open")
    with rclone(folder) as address:
        yield address, folder


@pytest.fixture
def rclone_gs(open_rclone: tuple[str, Path]) -> Bucket:
    """A bucket of rclone, by the protocol of Google Cloud Storage."""
    address, folder = open_rclone
    name = new_name()
    httpx.put(f"{address}/{name}", timeout=PATIENCE).raise_for_status()
    options = {"base_url": address, "bearer_token": "none"}
    return Bucket(f"gs://{name}/", options, address, name, folder / name)


# Azure ----------------------------------------------------------------------------------------------------------------

AZURITE: Final = Path(sys.prefix, "node", "node_modules", ".bin", "azurite-blob")
ACCOUNT: Final = "devstoreaccount1"


@pytest.fixture(scope="session")
def azure_key() -> str:
    """The key of the account."""
    return base64.b64encode(secrets.token_bytes(64)).decode()


@pytest.fixture(scope="session")
def azurite(azure_key: str) -> Iterator[str]:
    """The address of an account of Azurite, which plays Azure Blob Storage."""
    node = shutil.which("node")
    if node is None or not AZURITE.exists():
        pytest.skip("Azurite is not in this environment: `make test-cloud` installs it where it finds node and npm")
    port = free_port()
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck"]
    accounts = {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{azure_key}"}
    with running(node, str(AZURITE), *options, "--disableTelemetry", port=port, environment=accounts):
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"


@pytest.fixture
def az(azurite: str, azure_key: str) -> Bucket:
    """A container of Azurite."""
    name = new_name()
    create_container(azurite, name, azure_key)
    options = {"account_name": ACCOUNT, "account_key": azure_key, "endpoint": azurite}
    wrong = {**options, "account_key": base64.b64encode(bytes(64)).decode()}
    return Bucket(f"az://{name}/", options, azurite, name, wrong=wrong)


def create_container(server: str, name: str, key: str) -> None:
    """Create a container, signed by the account's key: obstore has no operation for it."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    signed = "\n".join(f"{header}:{value}" for header, value in headers.items())
    text = "PUT" + "\n" * 12 + f"{signed}\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    digest = hmac.digest(base64.b64decode(key), text.encode(), "sha256")
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    httpx.put(f"{server}/{name}?restype=container", headers=headers, timeout=PATIENCE).raise_for_status()


# All ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["s3", "rclone_s3", "rclone_gs", "az"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    """A bucket of each server and protocol in turn."""
    found: Bucket = request.getfixturevalue(request.param)
    return found


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
