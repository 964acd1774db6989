"""Where calls and downloads follow a redirect, and what goes along."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from together_ext import ApiConnectionError, ApiResponseError, ApiStatusError, IntegrityError, Together
from together_ext.errors import RedirectedError
from together_ext.simulator import DOWNLOAD_PATH, FULL_JOB, LORA_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import RawServer, World

KEEPING = [307, 308]
"""Redirects that repeat the same method with the same body."""


def create(client: Together) -> object:
    """A body with secrets in it."""
    return client.fine_tuning.create(
        training_file="f", model="m", wandb_api_key="wandb-secret", hf_api_token="hf-secret"
    )


@pytest.fixture
def elsewhere(raw: RawServer) -> RawServer:
    """Another origin, which returns a job for every request."""
    job = json.dumps({"id": "ft-elsewhere", "data": [{"id": "ft-elsewhere"}]}).encode()
    raw.answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(job), job)
    return raw


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_get_follows_to_another_origin_without_the_key(
    client: Together, sim: Simulator, elsewhere: RawServer, status: int
) -> None:
    sim.script(Fault(path="/fine-tunes", status=status, location=f"{elsewhere.url}/moved"))
    assert client.fine_tuning.list().data[0].id == "ft-elsewhere"
    (request,) = elsewhere.received
    assert request.startswith(b"GET /moved HTTP/1.1\r\n")
    assert sim.api_key.encode() not in request
    assert b"authorization" not in request.lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_headers_and_cookies_of_the_callers_client_stay_at_the_origin(
    world: World, sim: Simulator, elsewhere: RawServer, status: int
) -> None:
    http_client = world.http_client(
        headers={"X-Team-Secret": "team-secret", "Authorization": "Bearer other-secret"},
        cookies={"session": "cookie-secret"},
        auth=("user", "password-secret"),
    )
    client = world.client(http_client=http_client)
    sim.script(Fault(path="/fine-tunes", status=status, location=f"{elsewhere.url}/moved", times=None))
    assert client.fine_tuning.list().data[0].id == "ft-elsewhere"
    assert client.fine_tuning.retrieve(LORA_JOB).id == "ft-elsewhere"
    assert all(request.headers["x-team-secret"] == "team-secret" for request in sim.requests)
    assert all(request.headers["cookie"] == "session=cookie-secret" for request in sim.requests)
    assert len(elsewhere.received) == 2
    for request in elsewhere.received:
        assert b"secret" not in request
        assert b"authorization" not in request.lower()
        assert b"cookie" not in request.lower()


def test_headers_and_cookies_of_the_callers_client_follow_within_the_origin(world: World, sim: Simulator) -> None:
    http_client = world.http_client(headers={"X-Team-Secret": "team-secret"}, cookies={"session": "cookie-secret"})
    sim.script(Fault(path="/fine-tunes", location=f"/v1/fine-tunes/{FULL_JOB}"))
    assert world.client(http_client=http_client).fine_tuning.retrieve(LORA_JOB).id == FULL_JOB
    assert [request.headers["x-team-secret"] for request in sim.requests] == ["team-secret"] * 2
    assert [request.headers["cookie"] for request in sim.requests] == ["session=cookie-secret"] * 2


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://api.example/v1/other", "redirects to api.example without encryption"),
        ("http://storage.example/other", "redirects to storage.example without encryption"),
        ("javascript:alert(1)", "redirects to an invalid address"),
        ("https://xn--/", "redirects to an invalid address"),
        ("ftp://storage.example/x", "redirects to the scheme 'ftp'; only http and https are followed"),
        ("file:///etc/passwd", "redirects to the scheme 'file'"),
        ("data:application/json,{}", "redirects to an invalid address"),
    ],
)
def test_a_redirect_to_plain_http_or_another_scheme_is_refused(world: World, location: str, reason: str) -> None:
    sent: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(str(request.url))
        return httpx.Response(302, headers={"location": location})

    http_client = world.http_client(transport=httpx.MockTransport(handle))
    client = world.client(base_url="https://api.example", http_client=http_client, max_retries=2)
    calls: list[Callable[[], object]] = [
        client.fine_tuning.list,
        lambda: client.fine_tuning.retrieve(LORA_JOB),
        lambda: client.fine_tuning.content(LORA_JOB, checkpoint="merged"),
    ]
    for call in calls:
        with pytest.raises(ApiResponseError, match=reason):
            call()
    assert len(sent) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_get_follows_within_the_origin_with_the_key(client: Together, sim: Simulator, status: int) -> None:
    sim.script(Fault(path="/fine-tunes", status=status, location=f"/fine-tunes/{FULL_JOB}"))
    assert client.fine_tuning.retrieve(LORA_JOB).id == FULL_JOB
    assert [request.headers["authorization"] for request in sim.requests] == [f"Bearer {sim.api_key}"] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", ["/moved", "//{host}/moved", "http://{host}/moved"])
def test_a_request_with_an_effect_never_follows_to_another_origin(
    client: Together, sim: Simulator, elsewhere: RawServer, status: int, path: str
) -> None:
    """Another port of the same host is elsewhere, too."""
    location = path.format(host=elsewhere.host) if "host" in path else elsewhere.url + path
    sim.script(Fault(path="/fine-tunes", status=status, location=location, times=None))
    for call in (create, lambda _: client.fine_tuning.cancel(LORA_JOB), lambda _: client.fine_tuning.delete(LORA_JOB)):
        with pytest.raises(ApiStatusError, match="check the base URL") as caught:
            call(client)
        assert type(caught.value) is RedirectedError
        assert caught.value.status == status
    assert elsewhere.received == []
    assert [request.method for request in sim.requests] == ["POST", "POST", "DELETE"]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_request_with_an_effect_never_becomes_a_get(client: Together, sim: Simulator, status: int) -> None:
    """The response of a GET used to look like a successful deletion."""
    sim.script(Fault(path="/fine-tunes", status=status, location=f"{sim.url}/fine-tunes/{LORA_JOB}", times=2))
    with pytest.raises(RedirectedError):
        client.fine_tuning.delete(LORA_JOB)
    with pytest.raises(RedirectedError):
        create(client)
    assert [request.method for request in sim.requests] == ["DELETE", "POST"]
    assert client.fine_tuning.retrieve(LORA_JOB).id == LORA_JOB


@pytest.mark.off_contract
@pytest.mark.parametrize("status", KEEPING)
def test_a_request_with_an_effect_follows_within_the_origin(client: Together, sim: Simulator, status: int) -> None:
    sim.script(Fault(path="/fine-tunes", method="POST", status=status, location=f"{sim.url}/fine-tunes?moved=1"))
    create(client)
    first, second = sim.requests
    assert (second.method, second.body, second.query) == ("POST", first.body, {"moved": "1"})
    assert second.headers["authorization"] == f"Bearer {sim.api_key}"


@pytest.mark.parametrize("location", ["http://h:port/x", "http://[", "ftp://h/x", "https:///", "http://\x7f/"])
def test_a_redirect_without_an_address_is_an_error_of_the_package(
    client: Together, sim: Simulator, location: str
) -> None:
    sim.script(Fault(path="/fine", location=location, times=None))
    calls: list[Callable[[], object]] = [
        client.fine_tuning.list,
        lambda: client.fine_tuning.delete(LORA_JOB),
        lambda: create(client),
        lambda: client.fine_tuning.content(LORA_JOB, checkpoint="merged"),
    ]
    for call in calls:
        with pytest.raises((ApiConnectionError, ApiResponseError, RedirectedError)):
            call()
    assert [request.method for request in sim.requests if request.method != "GET"] == ["DELETE", "POST"]


def test_a_redirect_loop_ends(client: Together, sim: Simulator) -> None:
    sim.script(Fault(path="/fine", location=f"{sim.url}/fine-tunes", times=None))
    with pytest.raises(ApiResponseError, match="too many redirects"):
        client.fine_tuning.list()
    assert len(sim.requests) < 30


@pytest.mark.off_contract
def test_a_redirect_loop_ends_for_a_download_too(client: Together, sim: Simulator, folder: Path) -> None:
    sim.script(Fault(location=f"{sim.url}{DOWNLOAD_PATH}", times=None))
    with pytest.raises(IntegrityError, match="redirects"):
        client.fine_tuning.download(LORA_JOB)
    assert list(folder.iterdir()) == []


# Downloads ------------------------------------------------------------------------------------------------------------


def test_a_download_goes_to_the_storage_host_without_the_key(client: Together, sim: Simulator, folder: Path) -> None:
    sim.redirect_downloads = True
    result = client.fine_tuning.download(LORA_JOB)
    assert len(client.fine_tuning.content(LORA_JOB).content) == result.size == 100
    assert len(sim.storage_requests) >= 2
    for request in sim.storage_requests:
        assert request.status in {200, 206}
        assert sim.api_key not in str(request)
        assert request.headers["user-agent"].startswith("together-ext/")
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_download_follows_to_any_other_origin_without_the_key(
    client: Together, sim: Simulator, raw: RawServer, folder: Path, status: int
) -> None:
    raw.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00"
    sim.script(Fault(status=status, location=f"{raw.url}/archive", times=None))
    assert client.fine_tuning.download(LORA_JOB).size == 8
    assert len(client.fine_tuning.content(LORA_JOB, checkpoint="merged").content) == 8
    assert len(raw.received) >= 2
    for request in raw.received:
        assert request.startswith(b"GET /archive HTTP/1.1\r\n")
        assert sim.api_key.encode() not in request
    assert len(list(folder.iterdir())) == 1


def test_secrets_of_the_callers_client_stay_at_the_origin_of_a_download(
    world: World, sim: Simulator, folder: Path
) -> None:
    sim.redirect_downloads = True
    http_client = world.http_client(headers={"X-Team-Secret": "team-secret"}, cookies={"session": "cookie-secret"})
    world.client(http_client=http_client).fine_tuning.download(LORA_JOB)
    assert all(request.headers["x-team-secret"] == "team-secret" for request in sim.requests)
    assert all(request.headers["cookie"] == "session=cookie-secret" for request in sim.requests)
    assert sim.storage_requests
    assert "secret" not in str(sim.storage_requests)
    assert len(list(folder.iterdir())) == 1
