"""Which calls are sent again, how often, and after how long; nothing waits here."""

from __future__ import annotations

import email.utils
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from together_ext import (
    ApiConnectionError,
    ApiStatusError,
    ApiTimeoutError,
    ConflictError,
    InternalServerError,
    RateLimitError,
    Together,
)
from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import World

REPEATED = [408, 409, 429, 500, 502, 503, 504, 520, 599]
FINAL = [400, 401, 403, 404, 422]


def create(client: Together) -> object:
    """A job that costs money."""
    return client.fine_tuning.create(training_file="file-1", model="acme/Tiny")


@pytest.mark.parametrize("status", REPEATED)
def test_a_temporary_failure_is_retried(world: World, sim: Simulator, waits: list[float], status: int) -> None:
    client = world.client(max_retries=2)
    sim.script(Fault(path="/fine-tunes", status=status, times=2))
    assert client.fine_tuning.retrieve(LORA_JOB).id == LORA_JOB
    sim.script(Fault(path="/fine-tunes", status=status, times=2))
    assert client.fine_tuning.delete(LORA_JOB).message
    assert [request.method for request in sim.requests] == ["GET"] * 3 + ["DELETE"] * 3
    assert len(waits) == 4


@pytest.mark.parametrize("status", FINAL)
def test_a_permanent_error_is_not_retried(world: World, sim: Simulator, waits: list[float], status: int) -> None:
    sim.script(Fault(path="/fine-tunes", status=status))
    with pytest.raises(ApiStatusError):
        world.client(max_retries=2).fine_tuning.retrieve(LORA_JOB)
    assert len(sim.requests) == 1
    assert waits == []


@pytest.mark.parametrize(("status", "kind"), [(409, ConflictError), (429, RateLimitError), (503, InternalServerError)])
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_the_last_error_is_raised_when_the_retries_are_used_up(
    world: World, sim: Simulator, waits: list[float], status: int, kind: type[ApiStatusError], retries: int
) -> None:
    sim.script(Fault(path="/fine-tunes", status=status, body=b"not now", times=None))
    with pytest.raises(kind, match=r"\(not now\)") as caught:
        world.client(max_retries=retries).fine_tuning.list()
    assert caught.value.request_id == f"sim-{retries + 1:06d}"
    assert len(sim.requests) == retries + 1
    assert len(waits) == retries


def test_a_reset_connection_is_retried(world: World, sim: Simulator, waits: list[float]) -> None:
    client = world.client(max_retries=2)
    sim.script(Fault(path="/fine-tunes", drop=True, times=2))
    assert client.fine_tuning.list().data
    sim.script(Fault(path="/fine-tunes", drop=True, times=2))
    client.fine_tuning.delete(LORA_JOB)
    assert [request.method for request in sim.requests] == ["GET"] * 3 + ["DELETE"] * 3
    assert len(waits) == 4


def test_a_reset_connection_is_an_error_when_the_retries_are_used_up(
    world: World, sim: Simulator, waits: list[float]
) -> None:
    sim.script(Fault(path="/fine-tunes", drop=True, times=None))
    with pytest.raises(ApiConnectionError):
        world.client(max_retries=1).fine_tuning.list()
    assert len(sim.requests) == 2
    assert len(waits) == 1


def test_a_timeout_is_retried(world: World, sim: Simulator, waits: list[float]) -> None:
    sim.script(Fault(path="/fine-tunes", hold=True, times=1))
    client = world.client(max_retries=9, timeout=0.2)
    assert client.fine_tuning.list().data
    # More than two only where the machine has too much to do.
    assert 2 <= len(sim.requests) <= len(waits) + 1
    sim.release()


def test_a_raw_download_is_retried(world: World, sim: Simulator, waits: list[float]) -> None:
    sim.script(Fault(status=503, times=2))
    client = world.client(max_retries=2)
    assert len(client.fine_tuning.content(LORA_JOB, checkpoint="merged").content) == 100
    assert [request.path for request in sim.requests] == [DOWNLOAD_PATH] * 3
    assert len(waits) == 2


# Waiting --------------------------------------------------------------------------------------------------------------


def test_the_wait_doubles_with_some_jitter(world: World, sim: Simulator, waits: list[float]) -> None:
    sim.script(Fault(path="/fine-tunes", status=500, times=12))
    assert world.client(max_retries=12).fine_tuning.list().data
    assert len(waits) == 12
    for attempt, wait in enumerate(waits, 1):
        assert min(60.0, 2.0**attempt / 4) <= wait <= min(60.0, 2.0**attempt / 2)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed(world: World, sim: Simulator, waits: list[float], status: int) -> None:
    in_half_a_minute = email.utils.formatdate(time.time() + 30, usegmt=True)
    for value in ("7", "11", "1.5", in_half_a_minute, "3600"):
        sim.script(Fault(path="/fine-tunes", status=status, headers={"retry-after": value}))
        assert world.client(max_retries=1).fine_tuning.list().data
    assert waits[:3] == [7.0, 11.0, 1.5]
    assert 25 < waits[3] <= 30
    assert waits[4:] == [60.0]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0",
        "soon",
        "-5",
        "1e9",
        "NaN",
        "٣",
        "Sat, 21 Nov 2020 09:35:00 GMT",
        "Sat, 21 Nov 99999999999999999999 09:35:00 GMT",
        "Sat, 99 Nov 2026 99:99:99 GMT",
        "9" * 5000,
    ],
    ids=lambda value: value[:12],
)
def test_an_invalid_retry_after_is_ignored(world: World, sim: Simulator, waits: list[float], value: str) -> None:
    """A year too far for C used to come out as an OverflowError."""
    headers = {"retry-after": value.encode().decode("latin-1")}
    sim.script(Fault(path="/fine-tunes", status=503, headers=headers))
    assert world.client(max_retries=1).fine_tuning.list().data
    assert len(waits) == 1
    assert 0.5 <= waits[0] <= 1


# Creations cost money -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_a_creation_is_retried_if_the_server_has_done_nothing(
    world: World, sim: Simulator, waits: list[float], status: int
) -> None:
    sim.script(Fault(path="/fine-tunes", method="POST", status=status, times=2))
    create(world.client(max_retries=2))
    assert [request.method for request in sim.requests] == ["POST"] * 3
    assert len({request.body for request in sim.requests}) == 1
    assert len(waits) == 2


@pytest.mark.parametrize("status", [408, 409, 500, 502, 504, 520])
def test_a_creation_that_may_have_succeeded_is_not_retried(
    world: World, sim: Simulator, waits: list[float], status: int
) -> None:
    sim.script(Fault(path="/fine-tunes", method="POST", status=status, times=None))
    with pytest.raises(ApiStatusError):
        create(world.client(max_retries=5))
    assert [request.method for request in sim.requests] == ["POST"]
    assert waits == []


def test_a_creation_is_not_retried_after_a_reset_connection(world: World, sim: Simulator, waits: list[float]) -> None:
    sim.script(Fault(path="/fine-tunes", method="POST", drop=True, times=None))
    with pytest.raises(ApiConnectionError):
        create(world.client(max_retries=5))
    assert len(sim.requests) == 1
    assert waits == []


def test_a_creation_is_not_retried_after_a_timeout(world: World, sim: Simulator, waits: list[float]) -> None:
    sim.script(Fault(path="/fine-tunes", method="POST", hold=True, times=None))
    with pytest.raises(ApiTimeoutError):
        create(world.client(max_retries=5, timeout=0.3))
    sim.wait_until(lambda sim: bool(sim.requests))  # the server may read it after the client has gone
    assert len(sim.requests) == 1
    assert waits == []
    sim.release()


def test_a_cancellation_is_retried_like_a_creation(world: World, sim: Simulator, waits: list[float]) -> None:
    sim.script(Fault(path="/fine-tunes", method="POST", status=500, times=None))
    with pytest.raises(InternalServerError):
        world.client(max_retries=5).fine_tuning.cancel(LORA_JOB)
    assert len(sim.requests) == 1
    assert waits == []


def test_a_creation_is_retried_if_no_connection_was_made(world: World, waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    tries: list[str] = []
    client = world.client(
        base_url=f"http://127.0.0.1:{port}",
        max_retries=3,
        http_client=world.http_client(event_hooks={"request": [world.hook(lambda sent: tries.append(sent.method))]}),
    )
    with pytest.raises(ApiConnectionError):
        create(client)
    assert tries == ["POST"] * 4
    assert len(waits) == 3


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_failed_connection_is_recognized_by_its_error(
    world: World, sim: Simulator, waits: list[float], failure: type[httpx.TransportError]
) -> None:
    left = [failure("no"), failure("no")]

    def fail(_: httpx.Request) -> None:
        if left:
            raise left.pop()

    client = world.client(max_retries=2, http_client=world.http_client(transport=world.transport(fail)))
    create(client)
    assert len(sim.requests) == 1
    assert len(waits) == 2


@pytest.mark.parametrize("failure", [httpx.ReadError, httpx.WriteError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_other_network_errors_may_follow_a_creation(
    world: World, sim: Simulator, waits: list[float], failure: type[httpx.TransportError]
) -> None:
    def fail(_: httpx.Request) -> None:
        raise failure("no")

    client = world.client(max_retries=2, http_client=world.http_client(transport=world.transport(fail)))
    with pytest.raises(ApiConnectionError):
        create(client)
    assert sim.requests == []
    assert waits == []


# One call's retries are its own ---------------------------------------------------------------------------------------


def test_every_call_has_its_own_budget(world: World, sim: Simulator, waits: list[float]) -> None:
    client = world.client(max_retries=1)
    calls: list[Callable[[], object]] = [client.fine_tuning.list, lambda: client.fine_tuning.retrieve(LORA_JOB)]
    for call in calls * 2:
        sim.script(Fault(path="/fine-tunes", status=500))
        call()
    assert len(sim.requests) == 8
    assert all(wait <= 1 for wait in waits)
