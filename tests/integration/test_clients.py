"""Settings, the user's own HTTP client, opening and closing; and that both clients are one."""

from __future__ import annotations

import gc
import inspect
import logging
import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.servers import serving
from together_ext import AsyncTogether, ConfigurationError, NotFoundError, Together
from together_ext.api.connection import Seam
from together_ext.clock import SYSTEM
from together_ext.config import Settings
from together_ext.files.resource import AsyncFiles, Files
from together_ext.fine_tuning.async_resource import AsyncFineTuning, AsyncStreamingResponses
from together_ext.fine_tuning.resource import FineTuning
from together_ext.fine_tuning.weights_resource import StreamingResponses
from together_ext.inference.chat import AsyncCompletions, Completions
from together_ext.inference.endpoints import AsyncEndpoints, Endpoints
from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import World


def use(client: Together) -> None:
    """All ways to the server: a call, a raw download, a download."""
    assert len(client.fine_tuning.list().data) == 5
    assert len(client.fine_tuning.content(LORA_JOB, checkpoint="merged").content) == 100
    assert client.fine_tuning.download(LORA_JOB, overwrite=True).size == 100


# Both clients ---------------------------------------------------------------------------------------------------------


def public_methods(kind: type) -> list[str]:
    """The names of what a user may call."""
    return [name for name, found in inspect.getmembers(kind) if callable(found) and not name.startswith("_")]


PAIRS = [
    (FineTuning, AsyncFineTuning),
    (StreamingResponses, AsyncStreamingResponses),
    (Files, AsyncFiles),
    (Completions, AsyncCompletions),
    (Endpoints, AsyncEndpoints),
]


ITERATED = {"follow_events", "download_many"}
"""The methods for `async for`, which are not awaited."""


@pytest.mark.parametrize(("sync", "other"), PAIRS)
def test_both_clients_have_the_same_methods_with_the_same_arguments(sync: type, other: type) -> None:
    assert public_methods(sync) == public_methods(other)
    for name in public_methods(sync):
        one, two = inspect.signature(getattr(sync, name)), inspect.signature(getattr(other, name))
        assert one.parameters == two.parameters, name
        if sync is not StreamingResponses and name != "open":
            # The sync iterator of outcomes has more methods.
            given = str(one.return_annotation).replace("Outcomes[DownloadResult]", "Iterator[Outcome[DownloadResult]]")
            assert given == re.sub("Async(Iter|ChatStream)", r"\1", str(two.return_annotation)), name
            assert inspect.iscoroutinefunction(getattr(other, name)) or name in ITERATED, name
        assert not inspect.iscoroutinefunction(getattr(sync, name)), name


def test_both_clients_have_the_same_constructor_arguments() -> None:
    one = inspect.signature(Together).parameters
    two = inspect.signature(AsyncTogether).parameters
    assert [found.default for found in one.values()] == [found.default for found in two.values()]
    assert [found.name for found in one.values() if found.kind is not inspect.Parameter.KEYWORD_ONLY] == [
        "api_key",
        "base_url",
        "timeout",
        "max_retries",
        "http_client",
    ]
    assert [found.default for found in one.values()][:5] == [None, None, 60.0, 2, None]
    assert list(one)[5:] == list(two)[5:] == ["call_timeout", "project", "clock"]


def test_a_repr_shows_the_base_url(world: World, sim: Simulator) -> None:
    name = "Together" if world.name == "sync" else "AsyncTogether"
    assert repr(world.client()) == f"{name}(base_url='{sim.url}')"


# The base URL ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/", "/v1//", "//", " \n"])
def test_a_base_url_with_and_without_its_version_means_the_same(
    world: World, sim: Simulator, folder: Path, suffix: str
) -> None:
    use(world.client(base_url=f"http://127.0.0.1:{sim.port}{suffix}"))
    assert all(request.target.startswith(("/v1/fine-tunes", "/v1/finetune/download")) for request in sim.requests)
    assert len(list(folder.iterdir())) == 1


def test_key_and_base_url_come_from_the_environment(
    world: World, sim: Simulator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", f"{sim.api_key}\n")
    monkeypatch.setenv("TOGETHER_BASE_URL", f" http://127.0.0.1:{sim.port}/v1/ ")
    use(world.client(api_key=None, base_url=None))
    assert len(list(folder.iterdir())) == 1


def test_an_argument_overrides_the_environment(world: World, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", "wrong")
    monkeypatch.setenv("TOGETHER_BASE_URL", "http://wrong.invalid")
    assert world.client(api_key=sim.api_key, base_url=sim.url).fine_tuning.list().data


@pytest.mark.parametrize(
    "setting",
    [
        {"base_url": "api.together.ai"},
        {"base_url": ""},
        {"base_url": "ftp://api.together.ai"},
        {"base_url": "https://"},
        {"base_url": "https://a..b"},
        {"base_url": "https://host:port"},
        {"base_url": "https://host:99999"},
        {"base_url": "https://user:password@host"},
        {"base_url": "https://host/v1?x=1"},
        {"base_url": httpx.URL("https://host")},
        {"timeout": 0},
        {"timeout": None},
        {"timeout": float("inf")},
        {"max_retries": -1},
        {"max_retries": 1.0},
    ],
    ids=str,
)
def test_an_invalid_setting_is_refused_at_once(world: World, setting: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        world.client(**setting)


# The user's own client ------------------------------------------------------------------------------------------------


def test_the_callers_client_sends_every_request_and_stays_open(world: World, sim: Simulator, folder: Path) -> None:
    through: list[str] = []
    http_client = world.http_client(transport=world.transport(lambda request: through.append(request.url.path)))
    client = world.client(http_client=http_client)
    use(client)
    assert {"/v1/fine-tunes", "/v1/finetune/download", f"/v1/fine-tunes/{LORA_JOB}"} == set(through)
    assert len(through) == len(sim.requests)
    client.close()
    assert http_client.is_closed is False
    assert world.get(http_client, sim.url).status_code == 401
    assert len(list(folder.iterdir())) == 1


def test_the_callers_headers_and_cookies_are_sent(world: World, sim: Simulator, folder: Path) -> None:
    http_client = world.http_client(
        headers={"X-Team": "seven", "authorization": "Bearer other", "USER-AGENT": "mine"}, cookies={"session": "yes"}
    )
    use(world.client(http_client=http_client))
    for request in sim.requests:
        assert request.headers["x-team"] == "seven"
        assert request.headers["cookie"] == "session=yes"
        assert request.headers["authorization"] == f"Bearer {sim.api_key}"
        assert request.headers["user-agent"].startswith("together-ext/")
    assert len(list(folder.iterdir())) == 1


def test_no_header_is_sent_twice(world: World, sim: Simulator, folder: Path) -> None:
    """The default `user-agent` of httpx used to be sent beside ours, and a user's `authorization` beside the key."""
    names: list[list[str]] = []
    http_client = world.http_client(
        headers={"authorization": "Bearer other"},
        event_hooks={"request": [world.hook(lambda request: names.append([name for name, _ in request.headers.raw]))]},
    )
    use(world.client(http_client=http_client))
    assert len(names) == len(sim.requests)
    for found in names:
        lowered = [str(name).lower() for name in found]
        assert len(lowered) == len(set(lowered))
    assert len(list(folder.iterdir())) == 1


def test_the_callers_hooks_see_requests_and_responses(world: World, sim: Simulator, folder: Path) -> None:
    asked: list[str] = []
    answered: list[int] = []
    http_client = world.http_client(
        event_hooks={
            "request": [world.hook(lambda request: asked.append(request.url.path))],
            "response": [world.hook(lambda response: answered.append(response.status_code))],
        }
    )
    client = world.client(http_client=http_client)
    sim.script(Fault(path="/fine-tunes/ft-none", status=404))
    with pytest.raises(NotFoundError):
        client.fine_tuning.retrieve("ft-none")
    use(client)
    assert len(asked) == len(answered) == len(sim.requests)
    assert set(answered) == {404, 200, 206}
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("own", [True, False])
def test_each_request_is_logged_once(
    world: World,
    sim: Simulator,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    own: bool,  # noqa: FBT001 -- drawn
) -> None:
    """A client inside a client used to log each request twice."""
    client = world.client(**({} if own else {"http_client": world.http_client()}))
    with caplog.at_level(logging.INFO, "httpx"):
        use(client)
    lines = [record.getMessage() for record in caplog.records if record.name == "httpx"]
    assert len(lines) == len(sim.requests)
    assert all(line.startswith("HTTP Request: GET http://") for line in lines)
    assert len(list(folder.iterdir())) == 1


def test_credentials_of_the_callers_client_do_not_replace_the_key(world: World, sim: Simulator, folder: Path) -> None:
    """Downloads of the sync client used to send these in place of the key, unlike everything else."""
    use(world.client(http_client=world.http_client(auth=("user", "password"))))
    assert {request.headers["authorization"] for request in sim.requests} == {f"Bearer {sim.api_key}"}
    assert len(list(folder.iterdir())) == 1


def test_the_base_url_of_the_callers_client_is_ignored(world: World, sim: Simulator, folder: Path) -> None:
    use(world.client(http_client=world.http_client(base_url="http://wrong.invalid/x", follow_redirects=False)))
    assert len(list(folder.iterdir())) == 1
    assert sim.requests


def test_retries_work_through_the_callers_client(world: World, sim: Simulator, waits: list[float]) -> None:
    sim.script(Fault(path="/fine-tunes", status=503), Fault(path="/fine-tunes", drop=True))
    assert world.client(http_client=world.http_client(), max_retries=2).fine_tuning.list().data
    assert len(sim.requests) == 3
    assert len(waits) == 2


def test_a_redirected_download_works_through_the_callers_client(world: World, sim: Simulator, folder: Path) -> None:
    sim.redirect_downloads = True
    use(world.client(http_client=world.http_client(auth=("user", "password"))))
    assert all("authorization" not in request.headers for request in sim.storage_requests)
    assert len(list(folder.iterdir())) == 1


# httpx leaves its own generators behind when a body is not read to its end, which trio tells.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
def test_a_large_download_works_through_the_callers_client(world: World, sim: Simulator, folder: Path) -> None:
    archive = sim.add_archive(LORA_JOB, 20_000_000)
    result = world.client(http_client=world.http_client()).fine_tuning.download(LORA_JOB, connections=3)
    assert Path(result.filename).read_bytes() == archive.read(0, 20_000_000)
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    "wrong", [httpx.AsyncClient, object, str, httpx.HTTPTransport], ids=lambda kind: str(kind.__name__)
)
def test_a_client_of_the_wrong_type_is_refused_at_once(wrong: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError, match=r"expected httpx\.Client"):
        Together(api_key="k", http_client=wrong())  # type: ignore[arg-type]


def test_the_async_client_refuses_a_sync_http_client() -> None:
    with httpx.Client() as wrong, pytest.raises(ConfigurationError, match=r"expected httpx\.AsyncClient"):
        AsyncTogether(api_key="k", http_client=wrong)  # type: ignore[arg-type]


# Opening and closing --------------------------------------------------------------------------------------------------


def test_a_client_is_a_context_manager(world: World, folder: Path) -> None:
    with world.client() as client:
        use(client)
    assert len(list(folder.iterdir())) == 1


def test_an_exception_inside_the_context_is_raised_unchanged(world: World) -> None:
    class OwnError(Exception):
        pass

    with pytest.raises(OwnError), world.client():
        raise OwnError


def test_a_closed_client_opens_again_when_it_is_used(world: World, folder: Path) -> None:
    client = world.client()
    client.close()
    use(client)
    client.close()
    client.close()
    use(client)
    assert len(list(folder.iterdir())) == 1


def test_a_closed_client_of_the_caller_is_reported(world: World) -> None:
    http_client = world.http_client()
    client = world.client(http_client=http_client)
    world.run(http_client.close if world.name == "sync" else http_client.aclose)
    with pytest.raises(RuntimeError, match="closed"):
        client.fine_tuning.list()


def test_a_download_through_the_callers_client_raises_the_plain_error(world: World, sim: Simulator) -> None:
    """Not an `ExceptionGroup` of what carries the engine's requests into the event loop."""
    client = world.client(http_client=world.http_client())
    sim.script(Fault(status=404, times=None))
    with pytest.raises(NotFoundError):
        client.fine_tuning.download(LORA_JOB)


def test_nothing_is_sent_before_the_first_call(world: World, sim: Simulator) -> None:
    world.client()
    assert sim.requests == []


def test_connections_are_kept_between_calls(world: World, sim: Simulator) -> None:
    client = world.client()
    client.fine_tuning.list()
    ports: set[object] = set()
    for _ in range(3):
        client.fine_tuning.retrieve(LORA_JOB)
        ports.add(sim.requests[-1].headers.get("connection"))
    assert ports == {"keep-alive"}
    assert DOWNLOAD_PATH not in {request.path for request in sim.requests}


FORKING = """
import os

from together_ext import Together

client = Together(api_key="key")
client.fine_tuning.list()
child = os.fork()
if child == 0:
    client.fine_tuning.list()
    client.fine_tuning.list()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
client.fine_tuning.list()
"""


def test_a_forked_process_does_not_use_the_connections_of_its_parent() -> None:
    """Processes that share a connection read each other's responses."""
    seen: list[object] = []

    class Listing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append(self.client_address)
            self.send_response(200)
            self.send_header("content-length", "12")
            self.end_headers()
            self.wfile.write(b'{"data": []}')

        def log_message(self, *_: object) -> None:
            pass

    with serving(Listing) as url:
        subprocess.run([sys.executable, "-c", FORKING], env=os.environ | {"TOGETHER_BASE_URL": url}, check=True)  # noqa: S603
    before, first, second, after = seen
    assert before == after
    assert first == second
    assert first != before


def test_a_client_that_is_not_closed_leaves_no_connection_open(sim: Simulator) -> None:
    """A connection that was left open fails tests that run with `-W error`."""
    client = Together(sim.api_key, sim.url)
    client.fine_tuning.list()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del client
        gc.collect()
    assert caught == []


def test_threads_that_send_the_first_requests_share_one_connection_pool() -> None:
    """Each created its own client, and the sockets of all but one were never closed."""
    seam = Seam(Settings.resolve("key"), None, SYSTEM)
    together = threading.Barrier(8)

    def first(_: int) -> httpx.Client:
        together.wait(30)
        return seam.client

    with ThreadPoolExecutor(8) as pool:
        clients = set(pool.map(first, range(8)))
    seam.close()
    assert len(clients) == 1


class _AtEachClose(logging.Handler):
    """Calls when a connection is being closed."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("close.started"):
            self._call()


def test_a_client_that_is_being_closed_in_one_thread_can_be_used_in_another(
    sim: Simulator, request: pytest.FixtureRequest
) -> None:
    """The other thread got the client that was being closed, and its own was never closed."""
    seam = Seam(Settings.resolve(sim.api_key, base_url=sim.url), None, SYSTEM)
    seam.client.get(f"{sim.url}/models")
    closing = seam.client
    met: list[httpx.Client] = []
    handler = _AtEachClose(lambda: met.append(seam.client))
    httpcore = logging.getLogger("httpcore.connection")
    request.addfinalizer(partial(httpcore.removeHandler, handler))
    request.addfinalizer(partial(httpcore.setLevel, httpcore.level))
    httpcore.addHandler(handler)
    httpcore.setLevel(logging.DEBUG)
    seam.close()
    assert met == [seam.client]
    assert seam.client is not closing
    seam.close()
