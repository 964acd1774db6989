"""The same over TLS, where bytes may wait inside the encryption and not in the socket."""

from __future__ import annotations

import asyncio
import select
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from together_ext import ApiConnectionError, ApiTimeoutError, AsyncTogether, ConfigurationError, Together
from together_ext.errors import TransferCancelledError, TransferError
from together_ext.simulator import LORA_JOB, Fault

from .lab import LARGE, MIB, SMALL, Job, Lab, wait_for_file

OPENSSL = shutil.which("openssl")

Fetching = Callable[[str, str, Path], list[str]]

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="there is nothing to make a certificate with")


class TlsFront:
    """Takes TLS connections, and passes on to a server what comes through them."""

    def __init__(self, port: int, certificate: Path) -> None:
        self._port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                outside, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(outside,), daemon=True).start()

    def _connect(self, outside: socket.socket) -> None:
        with (
            suppress(OSError),
            self._context.wrap_socket(outside, server_side=True) as wrapped,
            socket.create_connection(("127.0.0.1", self._port)) as inside,
        ):
            # In one thread, since TLS cannot be read and written at once. It ends without the farewell that TLS wants:
            # that is what a broken connection looks like.
            while True:
                ready = [wrapped] if wrapped.pending() else select.select([wrapped, inside], [], [])[0]
                for source, sink in ((wrapped, inside), (inside, wrapped)):
                    if source in ready:
                        data = source.recv(65536)
                        if not data:
                            return
                        sink.sendall(data)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for this machine's own address, in one file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = f"{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    made = [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(made, check=True, capture_output=True)  # noqa: S603
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def front(lab: Lab, certificate: Path) -> Iterator[TlsFront]:
    """The lab's server with TLS, and a client that trusts it."""
    found = TlsFront(lab.sim.port, certificate)
    with httpx.Client(verify=ssl.create_default_context(cafile=str(certificate)), trust_env=False) as lab.client:
        yield found
    found.close()


@pytest.fixture
def url(front: TlsFront) -> str:
    """The download."""
    return f"https://127.0.0.1:{front.port}/v1/finetune/download?ft_id={LORA_JOB}&checkpoint=merged"


@pytest.mark.parametrize("size", [1, 1000, SMALL, 8 * MIB + 1, LARGE])
def test_a_file_of_any_size_is_downloaded_completely(lab: Lab, url: str, size: int) -> None:
    lab.serve(size)
    lab.fetch(url=url)
    lab.assert_whole()
    assert lab.clock.waits == []


@pytest.mark.parametrize("fault", [Fault(cut=3 * MIB + 1, times=3), Fault(chunked=True, times=None), Fault(cut=0)])
def test_network_errors_are_retried(lab: Lab, url: str, fault: Fault) -> None:
    lab.serve(LARGE)
    lab.sim.script(fault)
    lab.fetch(url=url)
    lab.assert_whole()


def test_a_silent_tls_connection_is_replaced(lab: Lab, url: str) -> None:
    lab.timeout = 0.3
    lab.serve(SMALL)
    lab.sim.script(Fault(stall=100_000))
    Job(lambda: lab.fetch(url=url)).outcome()
    lab.assert_whole()
    lab.assert_a_wait_before_each_retry()


def test_it_can_be_cancelled(lab: Lab, url: str) -> None:
    lab.serve(LARGE)
    lab.sim.script(Fault(stall=2 * MIB, times=None))
    cancel = threading.Event()
    job = Job(lambda: lab.fetch(url=url, cancel=cancel))
    wait_for_file(lab.part, MIB)
    cancel.set()
    assert isinstance(job.outcome(), TransferCancelledError)
    lab.assert_partial()


def test_a_certificate_that_is_not_trusted_is_an_error_at_once(lab: Lab, url: str) -> None:
    lab.client = httpx.Client(trust_env=False)
    with (
        lab.client,
        pytest.raises(TransferError, match=r"certificate of 127\.0\.0\.1 is not trusted .*; check the base"),
    ):
        lab.fetch(url=url)
    lab.assert_nothing()
    assert lab.clock.waits == []


# Which certificates our own clients trust -----------------------------------------------------------------------------


async def _fetched_beside(key: str, address: str, folder: Path) -> list[str]:
    async with AsyncTogether(key, address, max_retries=0) as client:
        job = await client.fine_tuning.retrieve(LORA_JOB)
        result = await client.fine_tuning.download(LORA_JOB, output=folder / "async.bin", checkpoint_type="merged")
        return [job.id, result.filename]


def _fetched(key: str, address: str, folder: Path) -> list[str]:
    with Together(key, address, max_retries=0) as client:
        job = client.fine_tuning.retrieve(LORA_JOB)
        result = client.fine_tuning.download(LORA_JOB, output=folder / "sync.bin", checkpoint_type="merged")
        return [job.id, result.filename]


def _fetched_async(key: str, address: str, folder: Path) -> list[str]:
    return asyncio.run(_fetched_beside(key, address, folder))


both_clients = pytest.mark.parametrize("fetched", [_fetched, _fetched_async])


@both_clients
def test_clients_trust_the_certificates_of_the_environment(
    lab: Lab, front: TlsFront, certificate: Path, monkeypatch: pytest.MonkeyPatch, fetched: Fetching
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    lab.serve(LARGE)
    job, path = fetched(lab.sim.api_key, f"https://127.0.0.1:{front.port}", lab.folder)
    assert job == LORA_JOB
    assert Path(path).read_bytes() == lab.content


@both_clients
def test_clients_trust_no_other_certificates(
    lab: Lab, front: TlsFront, monkeypatch: pytest.MonkeyPatch, fetched: Fetching
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    lab.serve(SMALL)
    with pytest.raises(ApiConnectionError, match=r"the certificate is not trusted: .* \(127\.0\.0\.1:[0-9]+\)"):
        fetched(lab.sim.api_key, f"https://127.0.0.1:{front.port}", lab.folder)
    assert lab.sim.requests == []


@both_clients
def test_unreadable_certificates_matter_only_for_https(
    lab: Lab, front: TlsFront, monkeypatch: pytest.MonkeyPatch, fetched: Fetching
) -> None:
    """To read them takes longer than a call, so a plain address goes without."""
    monkeypatch.setenv("SSL_CERT_FILE", str(lab.folder / "gone.pem"))
    lab.serve(SMALL)
    assert fetched(lab.sim.api_key, lab.sim.url, lab.folder)[0] == LORA_JOB
    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_FILE is .*gone\.pem.* \(no such file or directory\)"):
        fetched(lab.sim.api_key, f"https://127.0.0.1:{front.port}", lab.folder)


# The deadline of a call -----------------------------------------------------------------------------------------------


async def _called_beside(address: str) -> None:
    async with AsyncTogether("key", address, call_timeout=0.5) as client:
        await client.fine_tuning.retrieve(LORA_JOB)


def _called(address: str) -> None:
    with Together("key", address, call_timeout=0.5) as client:
        client.fine_tuning.retrieve(LORA_JOB)


@pytest.fixture
def informing() -> Iterator[int]:
    """The port of a server that sends informational responses without end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            with suppress(OSError), listener.accept()[0] as connection:
                while True:
                    connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)

        threading.Thread(target=talk, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("call", [_called, lambda address: asyncio.run(_called_beside(address))], ids=["sync", "async"])
def test_a_call_ends_whatever_the_server_sends(
    informing: int, certificate: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[[str], None]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    front = TlsFront(informing, certificate)
    with pytest.raises(ApiTimeoutError, match=r"within 0\.5 seconds"):
        call(f"https://127.0.0.1:{front.port}")
    front.close()
