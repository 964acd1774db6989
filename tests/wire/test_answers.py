"""Responses without a job: archives, deletions, errors, and what no API should send."""

from __future__ import annotations

import json
from io import BytesIO

import pytest

from together_generated.api.fine_tuning import (
    delete_fine_tune,
    download_fine_tune,
    list_fine_tunes,
    retrieve_fine_tune,
)
from together_generated.errors import UnexpectedStatus
from together_generated.types import UNSET

from .conftest import KEY, Api
from .payloads import LORA_ID
from .semantics import Json

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@pytest.mark.parametrize("content_type", ["application/octet-stream", "application/x-tar", "text/plain; charset=utf-8"])
def test_an_archive_arrives_byte_for_byte_whatever_it_is_called(api: Api, content_type: str) -> None:
    archive = ZSTD_MAGIC + bytes(range(256)) * 300 + b"\r\n\x00\xff"
    api.answer_bytes(archive, content_type=content_type)
    file = api.call(download_fine_tune, client=api.client, ft_id=LORA_ID)
    assert isinstance(file.payload, BytesIO)
    assert file.payload.getvalue() == archive


def test_an_archive_may_be_empty(api: Api) -> None:
    api.answer_bytes(b"", content_type="application/octet-stream")
    assert api.call(download_fine_tune, client=api.client, ft_id=LORA_ID).payload.read() == b""


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"message": "Fine-tune deleted successfully"}, "Fine-tune deleted successfully"),
        ({"message": None}, None),
        ({}, UNSET),
        ({"message": "gone", "deleted_at": "2026-04-27T08:14:02Z"}, "gone"),
    ],
)
def test_a_deletion_returns_a_message_or_none(api: Api, document: dict[str, Json], message: object) -> None:
    api.answer(document)
    deleted = api.call(delete_fine_tune, LORA_ID, client=api.client)
    assert deleted.message == message
    assert deleted.to_dict() == document


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (400, "application/json", b'{"error": {"message": "job is not completed"}}'),
        (401, "application/json", b'{"error": {"message": "invalid key", "code": "invalid_api_key"}}'),
        (404, "application/json", b"{}"),
        (429, "text/plain", b"slow down"),
        (500, "text/html", b"<html>oops"),
        (503, "text/html", b""),
    ],
)
def test_an_error_status_raises_with_its_status_and_body(api: Api, status: int, content_type: str, body: bytes) -> None:
    api.answer_bytes(body, status=status, content_type=content_type)
    with pytest.raises(UnexpectedStatus) as caught:
        api.call(retrieve_fine_tune, LORA_ID, client=api.client)
    assert (caught.value.status_code, caught.value.content) == (status, body)
    assert KEY not in str(caught.value)


def test_a_redirect_to_storage_is_not_followed(api: Api) -> None:
    """The key would be sent too; the download engine follows it, without the key."""
    api.answer_bytes(b"", status=302, content_type="text/plain", headers={"Location": "http://127.0.0.1:9/archive"})
    with pytest.raises(UnexpectedStatus) as caught:
        api.call(download_fine_tune, client=api.client, ft_id=LORA_ID)
    assert caught.value.status_code == 302


@pytest.mark.parametrize("body", [b"<html>a captive portal</html>", b"", b'{"id": "ft-1"'])
def test_a_response_that_is_not_json_raises_a_decode_error(api: Api, body: bytes) -> None:
    api.answer_bytes(body, content_type="application/json")
    with pytest.raises(json.JSONDecodeError):
        api.call(list_fine_tunes, client=api.client)


@pytest.mark.parametrize("document", [None, 1, {"status": "running"}])
def test_a_response_that_is_not_a_job_raises_one_of_two_errors(api: Api, document: Json) -> None:
    """Callers of the generated functions must expect them, beside the decode error."""
    api.answer(document)
    with pytest.raises((KeyError, TypeError)):
        api.call(retrieve_fine_tune, LORA_ID, client=api.client)
