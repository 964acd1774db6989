"""Error statuses and invalid responses, through both clients."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from together_ext import (
    ApiConnectionError,
    ApiError,
    ApiResponseError,
    ApiStatusError,
    ApiTimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    Together,
    TransferInterruptedError,
    UnprocessableEntityError,
)
from together_ext.errors import MissingKeyError, RedirectedError
from together_ext.simulator import DOWNLOAD_PATH, FULL_JOB, LORA_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import RawServer, World

STATUSES: list[tuple[int, type[ApiStatusError], str]] = [
    (300, RedirectedError, "base URL"),
    (304, RedirectedError, "base URL"),
    (400, BadRequestError, "check the parameters"),
    (401, AuthenticationError, "TOGETHER_API_KEY"),
    (402, ApiStatusError, "try again later"),
    (403, PermissionDeniedError, "account"),
    (404, NotFoundError, "check the ID"),
    (405, ApiStatusError, "try again later"),
    (408, ApiStatusError, "try again later"),
    (409, ConflictError, "status"),
    (418, ApiStatusError, "try again later"),
    (422, UnprocessableEntityError, "check the parameters"),
    (429, RateLimitError, "wait a minute"),
    (499, ApiStatusError, "try again later"),
    (500, InternalServerError, "try again later"),
    (502, InternalServerError, "try again later"),
    (503, InternalServerError, "try again later"),
    (504, InternalServerError, "try again later"),
    (520, InternalServerError, "try again later"),
    (599, InternalServerError, "try again later"),
]


@pytest.mark.parametrize(("status", "kind", "hint"), STATUSES)
def test_each_error_status_has_its_exception_and_attributes(
    client: Together, sim: Simulator, status: int, kind: type[ApiStatusError], hint: str
) -> None:
    body = b"" if status == 304 else json.dumps({"error": {"message": "because of the moon"}}).encode()
    sim.script(Fault(path="/fine-tunes", status=status, body=body, headers={"content-type": "application/json"}))
    with pytest.raises(ApiStatusError) as caught:
        client.fine_tuning.retrieve(LORA_JOB)
    error = caught.value
    assert type(error) is kind
    assert error.status == status
    assert error.body == body.decode()
    assert error.request_id == "sim-000001"
    assert error.action == f"retrieve {LORA_JOB}"
    assert hint in error.hint
    text = str(error)
    assert text.startswith(f"could not retrieve {LORA_JOB}: the server returned {status}")
    assert status == 304 or "(because of the moon)" in text
    assert error.hint in text
    assert "[request sim-000001]" in text
    assert "\n" not in text


OPERATIONS: list[Callable[[Together], object]] = [
    lambda client: client.fine_tuning.list(),
    lambda client: client.fine_tuning.retrieve(LORA_JOB),
    lambda client: client.fine_tuning.create(training_file="f", model="m"),
    lambda client: client.fine_tuning.cancel(LORA_JOB),
    lambda client: client.fine_tuning.delete(LORA_JOB),
    lambda client: client.fine_tuning.list_events(LORA_JOB),
    lambda client: client.fine_tuning.list_checkpoints(LORA_JOB),
    lambda client: client.fine_tuning.download(LORA_JOB),
    lambda client: client.fine_tuning.content(LORA_JOB),
    lambda client: client.fine_tuning.content(LORA_JOB, checkpoint="merged"),
]
ACTIONS = [
    "list the fine-tuning jobs",
    f"retrieve {LORA_JOB}",
    "create a fine-tuning job",
    f"cancel {LORA_JOB}",
    f"delete {LORA_JOB}",
    f"list the events of {LORA_JOB}",
    f"list the checkpoints of {LORA_JOB}",
    f"retrieve {LORA_JOB}",
    f"retrieve {LORA_JOB}",
    f"download {LORA_JOB}",
]
EACH = pytest.mark.parametrize(
    ("operation", "action"), list(zip(OPERATIONS, ACTIONS, strict=True)), ids=range(len(ACTIONS))
)


@EACH
def test_every_operation_names_itself_in_its_error(
    client: Together, sim: Simulator, operation: Callable[[Together], object], action: str
) -> None:
    sim.script(Fault(path="/fine", status=403, body=b"not yours", times=None))
    with pytest.raises(PermissionDeniedError, match=r"403 Forbidden \(not yours\)") as caught:
        operation(client)
    assert caught.value.action == action


@EACH
def test_without_a_key_the_first_call_names_the_variable(
    world: World, sim: Simulator, operation: Callable[[Together], object], action: str
) -> None:
    client = world.client(api_key=None)
    with pytest.raises(AuthenticationError, match=r"TOGETHER_API_KEY.*https://api\.together\.ai/settings") as caught:
        operation(client)
    assert type(caught.value) is MissingKeyError
    assert (caught.value.status, caught.value.request_id, caught.value.body) == (None, None, "")
    assert action
    assert sim.requests == []


@EACH
def test_an_unreachable_server_is_a_connection_error(
    world: World, operation: Callable[[Together], object], action: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = world.client(base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(ApiConnectionError, match=f"could not {action}: .*check the network and the base URL") as caught:
        operation(client)
    assert not isinstance(caught.value, ApiTimeoutError)
    assert caught.value.action == action
    assert caught.value.reason


@EACH
def test_a_silent_server_is_a_timeout(
    world: World, sim: Simulator, operation: Callable[[Together], object], action: str
) -> None:
    sim.script(Fault(path="/fine", hold=True, times=None))
    client = world.client(timeout=0.05)
    with pytest.raises(TimeoutError, match="no response within the timeout") as caught:
        operation(client)
    assert isinstance(caught.value, ApiTimeoutError)
    assert caught.value.action == action
    sim.release()


def test_a_name_that_does_not_exist_is_a_connection_error(world: World) -> None:
    with pytest.raises(ApiConnectionError, match="could not list"):
        world.client(base_url="http://nowhere.invalid").fine_tuning.list()


def test_a_reset_connection_is_a_connection_error(client: Together, sim: Simulator) -> None:
    sim.script(Fault(path="/fine-tunes", drop=True))
    with pytest.raises(ApiConnectionError, match="could not list the fine-tuning jobs"):
        client.fine_tuning.list()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ],
)
def test_invalid_or_truncated_http_is_a_connection_error(world: World, raw: RawServer, answer: bytes) -> None:
    raw.answer = answer
    with pytest.raises(ApiConnectionError, match=r"could not list the fine-tuning jobs: .+; check the network"):
        world.client(base_url=raw.url).fine_tuning.list()


def test_invalid_http_is_quoted_as_text(world: World, raw: RawServer) -> None:
    raw.answer = b"\x00\x01garbage\r\n\r\n"
    with pytest.raises(ApiConnectionError, match=r"the response is not valid HTTP: .*'.*garbage'") as caught:
        world.client(base_url=raw.url).fine_tuning.list()
    assert "bytearray" not in str(caught.value)
    assert raw.host in str(caught.value)


# httpx leaves its own generators behind when a body cannot be decoded, which trio tells.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("status", [200, 400])
def test_a_body_that_cannot_be_decoded_is_a_connection_error(client: Together, sim: Simulator, status: int) -> None:
    sim.script(Fault(path="/fine-tunes", status=status, body=b"{}", headers={"content-encoding": "gzip"}))
    with pytest.raises(ApiConnectionError, match="could not list the fine-tuning jobs: "):
        client.fine_tuning.list()


# Success that is none -------------------------------------------------------------------------------------------------

NONSENSE = [
    pytest.param(b"<html><body>Sign in</body></html>", "is not JSON", id="HTML"),
    pytest.param(b"", "is not JSON", id="empty"),
    pytest.param(b"{", "is not JSON", id="broken"),
    pytest.param(b"\xff\xfe\x00", "is not JSON", id="no text"),
    pytest.param(b"[" * 100_000, "is not JSON", id="deeper than Python goes"),
    pytest.param(b"null", "does not have the form", id="null"),
    pytest.param(b"7", "does not have the form", id="number"),
    pytest.param(b'"ok"', "does not have the form", id="string"),
    pytest.param(b"[1, 2]", "does not have the form", id="list"),
    pytest.param(b'[{"id": "ft-1"}]', "does not have the form", id="list of jobs"),
]


@pytest.mark.parametrize(("body", "reason"), NONSENSE)
@pytest.mark.parametrize("operation", range(7))
def test_success_without_a_result_is_an_error(
    client: Together, sim: Simulator, body: bytes, reason: str, operation: int
) -> None:
    sim.script(Fault(path="/fine-tunes", status=200, body=body, headers={"content-type": "application/json"}))
    with pytest.raises(ApiResponseError, match=reason) as caught:
        OPERATIONS[operation](client)
    assert caught.value.action == ACTIONS[operation]
    assert "check that the base URL is the API's" in str(caught.value)
    assert "Sign in" not in str(caught.value)


@pytest.mark.parametrize("operation", [1, 2, 3])
@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"status": "completed"}'])
def test_a_job_without_an_id_is_invalid(client: Together, sim: Simulator, body: bytes, operation: int) -> None:
    sim.script(Fault(path="/fine-tunes", status=200, body=body))
    with pytest.raises(ApiResponseError, match="does not have the form"):
        OPERATIONS[operation](client)


@pytest.mark.parametrize("status", [201, 202, 203, 299])
@pytest.mark.parametrize("operation", range(7))
def test_every_2xx_with_a_result_is_success(client: Together, sim: Simulator, status: int, operation: int) -> None:
    """201 to a creation used to be an error, although the job was there, and cost."""
    body = b'{"id": "ft-made", "status": "pending", "data": [], "message": "done"}'
    sim.script(Fault(path="/fine-tunes", status=status, body=body))
    assert OPERATIONS[operation](client) is not None


def test_a_deletion_with_an_empty_response_succeeds(client: Together, sim: Simulator) -> None:
    for path in ("/fine-tunes", "/files", "/endpoints"):
        sim.script(Fault(path=path, method="DELETE", status=204, headers={"content-length": None}))
    assert client.fine_tuning.delete(LORA_JOB).to_dict() == {}
    assert client.files.delete("file-1").to_dict() == {}
    client.endpoints.delete("endpoint-1")


def test_the_deletion_of_an_endpoint_with_a_document_as_response_succeeds(client: Together, sim: Simulator) -> None:
    sim.script(Fault(path="/endpoints", method="DELETE", status=200, body=b'{"deleted": true}'))
    client.endpoints.delete("endpoint-1")


@pytest.mark.parametrize("status", [204, 205, 206])
@pytest.mark.parametrize("operation", [0, 1, 2, 3, 5, 6])
def test_an_empty_or_partial_response_is_not_a_result(
    client: Together, sim: Simulator, status: int, operation: int
) -> None:
    headers = {"content-length": None} if status == 204 else {}
    sim.script(Fault(path="/fine-tunes", status=status, body=b"{}" if status == 206 else b"", headers=headers))
    with pytest.raises(ApiResponseError, match=f"could not {ACTIONS[operation]}"):
        OPERATIONS[operation](client)


@pytest.mark.off_contract
def test_an_invalid_date_is_accepted(client: Together, sim: Simulator) -> None:
    sim.job(LORA_JOB).overrides.update(created_at="yesterday", updated_at=17, started_at={}, total_price="much")
    job = client.fine_tuning.retrieve(LORA_JOB)
    assert [job.id, job.created_at, job.updated_at] == [LORA_JOB, "yesterday", 17]


# What a server says ---------------------------------------------------------------------------------------------------

SAID: list[tuple[bytes, str | None]] = [
    (b'{"error": {"message": "m"}}', "m"),
    (b'{"error": "m"}', "m"),
    (b'{"message": "m"}', "m"),
    (b'{"detail": "m"}', "m"),
    (b'{"error": null, "message": "m"}', "m"),
    (b'{"error": "", "detail": "m"}', "m"),
    (b'{"error": {"detail": "m"}}', "m"),
    (b'{"detail": [{"loc": ["body"], "msg": "m"}]}', '[{"loc": ["body"], "msg": "m"}]'),
    (b"plain words", "plain words"),
    (b"two\r\nlines\x1b[31m", "two lines [31m"),
    (b"<html>", None),
    (b" \n<!doctype html>", None),
    (b"\xef\xbb\xbf<html>", None),
    (b"", None),
    (b"\xff", "\ufffd"),
]


@pytest.mark.parametrize(("body", "said"), SAID, ids=repr)
def test_the_message_of_the_server_is_found(client: Together, sim: Simulator, body: bytes, said: str | None) -> None:
    sim.script(Fault(path="/fine-tunes", status=400, body=body))
    with pytest.raises(BadRequestError) as caught:
        client.fine_tuning.list()
    before = "could not list the fine-tuning jobs: the server returned 400 Bad Request"
    middle = "" if said is None else f" ({said})"
    assert str(caught.value) == f"{before}{middle}; check the parameters [request sim-000001]"


# httpx leaves its own generators behind when a body is not read to its end, which trio tells.
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.parametrize("body", [b"x" * 100_000, b'{"error": "' + b"x" * 100_000 + b'"}', b"[" * 100_000])
def test_a_long_response_is_shortened(client: Together, sim: Simulator, body: bytes) -> None:
    sim.script(Fault(path="/fine-tunes", status=400, body=body))
    with pytest.raises(BadRequestError) as caught:
        client.fine_tuning.list()
    assert len(caught.value.body) == 500
    assert len(str(caught.value)) < 400


# Downloads ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError)])
def test_a_refused_download_raises_the_same_error(
    client: Together, sim: Simulator, folder: Path, status: int, kind: type[ApiStatusError]
) -> None:
    sim.script(Fault(status=status, body=b'{"error": {"message": "no"}}', times=None))
    for call in (client.fine_tuning.download, client.fine_tuning.content):
        with pytest.raises(kind, match=rf"could not download {FULL_JOB}: the server returned {status} .*\(no\)"):
            call(FULL_JOB)
    assert list(folder.iterdir()) == []
    assert [request.path for request in sim.requests].count(DOWNLOAD_PATH) == 2


def test_a_wrong_key_is_reported_by_the_first_request(world: World, sim: Simulator) -> None:
    with pytest.raises(AuthenticationError, match="check the API key in TOGETHER_API_KEY") as caught:
        world.client(api_key="wrong").fine_tuning.download(LORA_JOB)
    assert caught.value.status == 401
    assert len(sim.requests) == 1


def test_transfer_errors_are_not_api_errors() -> None:
    assert not issubclass(TransferInterruptedError, ApiError)
