"""Where calls and downloads follow a redirect, and what goes along."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from together_ext import ApiConnectionError, ApiResponseError, ApiStatusError, IntegrityError, Together
from together_ext.errors import RedirectedError
from together_ext.simulator import DOWNLOAD_PATH, FULL_JOB, LORA_JOB, Fault, Simulator

if TYPE_CHECKING:
    from conftest import RawServer, World

KEEPING = [307, 308]
"""Redirects that repeat the same method with the same body."""


def create(client: Together) -> object:
    """A body with secrets in it."""
    return client.fine_tuning.create(
        training_file="f", model="m", wandb_api_key="wandb-secret", hf_api_token="hf-secret"
    )


@pytest.fixture
def elsewhere(raw: RawServer) -> RawServer:
    """Another origin, that answers everything with a job."""
    job = json.dumps({"id": "ft-elsewhere", "data": [{"id": "ft-elsewhere"}]}).encode()
    raw.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(job), job)
    return raw


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_question_follows_to_another_origin_without_the_key(
    client: Together, sim: Simulator, elsewhere: RawServer, status: int
) -> None:
    sim.script(Fault(path="/fine-tunes", status=status, location=f"{elsewhere.url}/moved"))
    assert client.fine_tuning.list().data[0].id == "ft-elsewhere"
    (request,) = elsewhere.received
    assert request.startswith(b"GET /moved HTTP/1.1\r\n")
    assert sim.api_key.encode() not in request
    assert b"authorization" not in request.lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_question_follows_within_the_origin_with_the_key(client: Together, sim: Simulator, status: int) -> None:
    sim.script(Fault(path="/fine-tunes", status=status, location=f"/fine-tunes/{FULL_JOB}"))
    assert client.fine_tuning.retrieve(LORA_JOB).id == FULL_JOB
    assert [request.headers["authorization"] for request in sim.requests] == [f"Bearer {sim.api_key}"] * 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", ["/moved", "//{host}/moved", "http://{host}/moved"])
def test_what_changes_something_never_goes_elsewhere(
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
def test_what_changes_something_does_not_become_a_question(client: Together, sim: Simulator, status: int) -> None:
    """The answer of a GET used to look as if a deletion had been done."""
    sim.script(Fault(path="/fine-tunes", status=status, location=f"{sim.url}/fine-tunes/{LORA_JOB}", times=2))
    with pytest.raises(RedirectedError):
        client.fine_tuning.delete(LORA_JOB)
    with pytest.raises(RedirectedError):
        create(client)
    assert [request.method for request in sim.requests] == ["DELETE", "POST"]
    assert client.fine_tuning.retrieve(LORA_JOB).id == LORA_JOB


@pytest.mark.parametrize("status", KEEPING)
def test_what_changes_something_follows_within_the_origin(client: Together, sim: Simulator, status: int) -> None:
    sim.script(Fault(path="/fine-tunes", method="POST", status=status, location=f"{sim.url}/fine-tunes?moved=1"))
    create(client)
    first, second = sim.requests
    assert (second.method, second.body, second.query) == ("POST", first.body, {"moved": "1"})
    assert second.headers["authorization"] == f"Bearer {sim.api_key}"


@pytest.mark.parametrize("location", ["http://h:port/x", "http://[", "ftp://h/x", "https:///", "http://\x7f/"])
def test_a_redirect_to_nowhere_is_an_error_of_ours(client: Together, sim: Simulator, location: str) -> None:
    sim.script(Fault(path="/fine", location=location, times=None))
    calls: list[Callable[[], object]] = [
        client.fine_tuning.list,
        lambda: client.fine_tuning.delete(LORA_JOB),
        lambda: create(client),
        lambda: client.fine_tuning.content(LORA_JOB, checkpoint="merged"),
    ]
    for call in calls:
        with pytest.raises((ApiConnectionError, RedirectedError)):
            call()
    assert [request.method for request in sim.requests if request.method != "GET"] == ["DELETE", "POST"]


def test_a_circle_of_redirects_ends(client: Together, sim: Simulator) -> None:
    sim.script(Fault(path="/fine", location=f"{sim.url}/fine-tunes", times=None))
    with pytest.raises(ApiResponseError, match="redirects again and again"):
        client.fine_tuning.list()
    assert len(sim.requests) < 30


def test_a_circle_of_redirects_ends_for_a_download_as_well(client: Together, sim: Simulator, folder: Path) -> None:
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
    raw.answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00"
    sim.script(Fault(status=status, location=f"{raw.url}/archive", times=None))
    assert client.fine_tuning.download(LORA_JOB).size == 8
    assert len(client.fine_tuning.content(LORA_JOB, checkpoint="merged").content) == 8
    assert len(raw.received) >= 2
    for request in raw.received:
        assert request.startswith(b"GET /archive HTTP/1.1\r\n")
        assert sim.api_key.encode() not in request
    assert len(list(folder.iterdir())) == 1


def test_secrets_of_the_users_own_client_stay_at_the_origin_of_a_download(
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
