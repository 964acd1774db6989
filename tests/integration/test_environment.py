"""Proxies and certificates of the environment, in both clients and in the engine: used, or named if unusable."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.threads import TOO_LARGE
from together_ext import (
    ApiConnectionError,
    ApiStatusError,
    AsyncTogether,
    ConfigurationError,
    Together,
    TogetherExtError,
)
from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, Simulator
from together_ext.transfer import fetch

if TYPE_CHECKING:
    from tests.integration.conftest import Outcome, RawServer

PASSWORD = "S3cretPw"

Use = Callable[[str, str], object]


def _list(url: str, key: str) -> object:
    with Together(key, url, max_retries=0) as client:
        return client.fine_tuning.list()


def _list_async(url: str, key: str) -> object:
    async def listed() -> object:
        async with AsyncTogether(key, url, max_retries=0) as client:
            return await client.fine_tuning.list()

    return asyncio.run(listed())


def _download_async(url: str, key: str) -> object:
    async def downloaded() -> object:
        async with AsyncTogether(key, url, max_retries=0) as client:
            return await client.fine_tuning.download(LORA_JOB, checkpoint_type="merged")

    return asyncio.run(downloaded())


def _fetch(url: str, key: str) -> object:
    headers = {"Authorization": f"Bearer {key}"}
    return fetch(f"{url}{DOWNLOAD_PATH}?ft_id={LORA_JOB}&checkpoint=merged", "weights", headers=headers, retries=0)


every_use = pytest.mark.parametrize("use", [_list, _list_async, _download_async, _fetch])

pytestmark = pytest.mark.usefixtures("folder")


class Socks5:
    """A SOCKS proxy (RFC 1928) without authentication, which remembers where it was asked to connect to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                outside, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(outside,), daemon=True).start()

    def _connect(self, outside: socket.socket) -> None:
        with outside, suppress(OSError):
            outside.recv(512)
            outside.sendall(b"\x05\x00")
            request = outside.recv(512)
            host = socket.inet_ntoa(request[4:8]) if request[3] == 1 else request[5:-2].decode()
            port = int.from_bytes(request[-2:])
            self.asked.append((host, port))
            outside.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
            with socket.create_connection((host, port)) as inside:
                threading.Thread(target=_copy, args=(inside, outside), daemon=True).start()
                _copy(outside, inside)

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)


@pytest.fixture
def socks() -> Iterator[Socks5]:
    """A SOCKS proxy."""
    server = Socks5()
    yield server
    server.close()


@every_use
@pytest.mark.parametrize(
    "environment",
    [
        {"NO_PROXY": "localhost,127.0.0.1,[::1]"},
        {"no_proxy": "fe11::/16,127.0.0.1"},
        {"NO_PROXY": "10.0.0.0/8"},
        {"NO_PROXY": "[,:::,http://["},
        {"HTTP_PROXY": "http://proxy.invalid:3128", "NO_PROXY": "127.0.0.0/8"},
        {"ALL_PROXY": "foo://proxy.invalid", "NO_PROXY": "*"},
        {"ALL_PROXY": "socks://proxy.invalid:7891/", "NO_PROXY": "127.0.0.1"},
        {"HTTPS_PROXY": "socks4://proxy.invalid:7891"},
        {"HTTPS_PROXY": "http://proxy.invalid:port"},
        {"HTTP_PROXY": "  "},
        {"SSL_CERT_FILE": "/nonexistent/certificates.pem"},
        {"SSLKEYLOGFILE": "/nonexistent/keys"},
    ],
    ids=str,
)
def test_invalid_settings_that_are_not_used_are_ignored(
    monkeypatch: pytest.MonkeyPatch, sim: Simulator, use: Use, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert use(sim.url, sim.api_key)


@every_use
@pytest.mark.parametrize("form", ["socks", "socks5", "socks5h"])
def test_a_socks_proxy_is_used(
    monkeypatch: pytest.MonkeyPatch, sim: Simulator, socks: Socks5, use: Use, form: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{form}://{socks.host}/")
    assert use(sim.url, sim.api_key)
    assert set(socks.asked) == {("127.0.0.1", sim.port)}


@every_use
@pytest.mark.parametrize("form", ["socks", "socks5", "socks5h"])
def test_a_socks_proxy_without_its_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, sim: Simulator, use: Use, form: str
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", f"{form}://jdoe:{PASSWORD}@proxy.invalid:1080")
    with pytest.raises(ConfigurationError, match=rf"^ALL_PROXY has the form {form}://.*\.\[socks\]") as caught:
        use(sim.url, sim.api_key)
    assert PASSWORD not in str(caught.value)


@every_use
@pytest.mark.parametrize(
    "value",
    [
        f"http://jdoe:{PASSWORD}#1@proxy.invalid:8080",
        f"http://jdoe:{PASSWORD}/1@proxy.invalid:8080",
        f"foo://jdoe:{PASSWORD}@proxy.invalid",
        f"http://jdoe:{PASSWORD}@proxy.invalid:port",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, sim: Simulator, use: Use, value: str
) -> None:
    monkeypatch.setenv("http_proxy", value)
    with pytest.raises(ConfigurationError, match=r"^http_proxy ") as caught:
        use(sim.url, sim.api_key)
    assert PASSWORD not in str(caught.value)
    assert sim.requests == []


def test_user_and_password_go_to_the_proxy(monkeypatch: pytest.MonkeyPatch, raw: RawServer) -> None:
    body = json.dumps({"data": []}).encode()
    raw.answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )
    monkeypatch.setenv("HTTP_PROXY", f"jdoe:{PASSWORD}@{raw.host}")
    for use in (_list, _list_async):
        use("http://api.example", "key-of-the-api")
    assert len(raw.received) == 2
    for request in raw.received:
        assert request.startswith(b"GET http://api.example/v1/fine-tunes HTTP/1.1\r\n")
        assert b"proxy-authorization: basic amrvztptm2nyzxrqdw==" in request.lower()


@pytest.mark.parametrize("use", [_list, _list_async])
@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.6\r\n", b"", b"\x15\x03\x01\x00\x02\x02\x16"])
def test_an_invalid_proxy_is_named(monkeypatch: pytest.MonkeyPatch, raw: RawServer, use: Use, answer: bytes) -> None:
    raw.answer = answer
    monkeypatch.setenv("HTTP_PROXY", f"http://jdoe:{PASSWORD}@{raw.host}")
    with pytest.raises(ApiConnectionError, match=rf"\(proxy http://{raw.host} from HTTP_PROXY\)") as caught:
        use("http://api.example", "key-of-the-api")
    assert PASSWORD not in str(caught.value)


@every_use
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", "/nonexistent/certificates.pem"),
        ("SSL_CERT_FILE", __file__),
        ("SSL_CERT_DIR", "/nonexistent"),
        ("SSLKEYLOGFILE", "/nonexistent/keys"),
    ],
)
def test_unreadable_certificates_are_named_by_their_variable(
    monkeypatch: pytest.MonkeyPatch, raw: RawServer, use: Use, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"^{variable} is '{value}', which cannot be used") as caught:
        use(f"https://{raw.host}/v1", "key-of-the-api")
    assert isinstance(caught.value, TogetherExtError)
    assert not list(Path().iterdir())


@pytest.mark.parametrize("options", [["--json"], ["--verbose"], []])
@pytest.mark.parametrize("arguments", [["ft", "list"], ["extract", f"{PASSWORD}#1.tar"], ["nothing", PASSWORD]])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "value",
    [
        f"http://jdoe:{PASSWORD}#1@proxy.invalid:8080",
        f"jdoe:{PASSWORD}/1@proxy.invalid:8080",
        f"socks://jdoe:{PASSWORD}@proxy.invalid:port",
    ],
)
def test_no_command_prints_the_password_of_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[..., Outcome],
    options: list[str],
    arguments: list[str],
    variable: str,
    value: str,
) -> None:
    """Wherever it comes from: the last two commands have it as an argument, which errors quote."""
    monkeypatch.setenv(variable, value)
    outcome = command(*arguments, *options)
    assert PASSWORD not in outcome.out + outcome.err
    assert outcome.code in {2, 4}


def test_a_key_of_one_letter_hides_nothing(monkeypatch: pytest.MonkeyPatch, command: Callable[..., Outcome]) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", "e")
    outcome = command("ft", "list")
    assert outcome.code == 3
    assert "could not list the fine-tuning jobs: the server returned 401 Unauthorized" in outcome.err


# Whom a failure of the network is blamed on ---------------------------------------------------------------------------


def _refuse_in_plain_text(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("use", [_list, _list_async])
def test_a_name_that_does_not_exist_is_named(use: Use) -> None:
    with pytest.raises(ApiConnectionError, match=r"the host name cannot be resolved: .* \(nowhere\.invalid\); check"):
        use("http://nowhere.invalid", "key-of-the-api")


@pytest.mark.parametrize("use", [_list, _list_async])
def test_tls_to_a_port_without_it_is_named(use: Use) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_refuse_in_plain_text, args=(listener,))
        thread.start()
        host = f"127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ApiConnectionError, match=rf"does not use TLS .* http:// \({host}\)"):
            use(f"https://{host}", "key-of-the-api")
        thread.join()


@pytest.mark.parametrize("use", [_list, _list_async])
def test_no_tls_to_a_port_with_it_is_named(raw: RawServer, use: Use) -> None:
    raw.answer = bytes.fromhex("15030300020246")
    with pytest.raises(ApiConnectionError, match=rf"not HTTP but binary; .* https:// \({raw.host}\)"):
        use(raw.url, "key-of-the-api")


@pytest.mark.parametrize("use", [_list, _list_async])
def test_a_refused_connection_is_named(use: Use) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host = f"127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(ApiConnectionError, match=rf"connection refused \({host}\)"):
        use(f"http://{host}", "key-of-the-api")


@pytest.mark.parametrize("use", [_list, _list_async])
def test_a_proxy_that_wants_a_password_is_named(monkeypatch: pytest.MonkeyPatch, raw: RawServer, use: Use) -> None:
    raw.answer = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
    monkeypatch.setenv("ALL_PROXY", raw.url)
    with pytest.raises(ApiConnectionError, match=rf"407 Proxy .* \(proxy {raw.url} from ALL_PROXY\)"):
        use("https://api.example", "key-of-the-api")
    with pytest.raises(ApiStatusError, match=r"407 Proxy .*check the user name and the password in the proxy"):
        use("http://api.example", "key-of-the-api")


def test_a_command_without_memory_says_so(raw: RawServer) -> None:
    # Within every limit of a response; in memory each character takes four bytes.
    body = b'{"id": "ft-x", "more": "%s%s"}' % ("\N{HUGGING FACE}".encode(), b"x" * (60 << 20))
    raw.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    code = (
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))\n"
        "from together_ext.cli import main\nsys.exit(main(['ft', 'retrieve', 'ft-x']))"
    )
    environment = os.environ | {"TOGETHER_API_KEY": "key-of-the-api", "TOGETHER_BASE_URL": raw.url}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: out of memory: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [["ft", "download", LORA_JOB], ["files", "upload", "train.jsonl"]])
def test_a_command_that_cannot_start_threads_says_so(sim: Simulator, tmp_path: Path, command: list[str]) -> None:
    line = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "train.jsonl").write_text(json.dumps(line))
    code = (
        f"import sys, threading\nthreading.stack_size({TOO_LARGE})\n"
        "from together_ext.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    environment = os.environ | {"TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, *command],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: could not start a thread: ")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["train.jsonl"]


# Extras that are not installed ----------------------------------------------------------------------------------------


def without(package: str, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an environment that lacks a package."""
    code = f"import sys\nsys.modules[{package!r}] = None\n{code}"
    return subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "python_multipart"])
def test_the_simulator_without_a_package_names_the_extra(package: str) -> None:
    done = without(package, "import together_ext.simulator")
    assert re.match(
        r"together_ext\.errors\.MissingExtraError: the simulator needs the extra 'simulator': .*'\.\[simulator\]'",
        done.stderr.splitlines()[-1],
    )


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("starlette", ["simulator"], "simulator"),
        ("matplotlib", ["ft", "metrics", LORA_JOB, "--plot", "loss.png"], "plot"),
        ("socksio", ["ft", "list"], "socks"),
    ],
)
def test_a_command_without_an_extra_names_it_and_ends_with_one_status(
    monkeypatch: pytest.MonkeyPatch, package: str, arguments: list[str], extra: str
) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", "key-of-the-api")
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy.invalid")
    done = without(package, "from together_ext.cli import main\nsys.exit(main(sys.argv[1:]))", *arguments, "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "missing_extra")
    assert done.stderr.count(f"pip install '.[{extra}]'") == 1
