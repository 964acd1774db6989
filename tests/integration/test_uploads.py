"""Uploads of training data: signed URLs, parts, existing files, older servers, failures."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.servers import SocketServer, request_of
from together_ext import (
    ApiConnectionError,
    ApiResponseError,
    ApiStatusError,
    AsyncTogether,
    DownloadProgress,
    IntegrityError,
    RuleError,
    Together,
    TransferInterruptedError,
)
from together_ext.files.sizes import SIZES, Sizes, spans
from together_ext.files.upload import upload
from together_ext.simulator import Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import Clock, Outcome, World

Command = Callable[..., "Outcome"]
LINE: Final = b'{"text": "Once upon a time"}\n'
OLDER: Final = Fault(
    path="/files", method="POST", when=lambda request: request.path == "/files", status=404, times=None
)
"""A server that takes files in one request only."""
BEGIN: Final = ("POST", "/files")
IN_PARTS: Final = Sizes(single=1000, part=1000)
INITIATE: Final = "/files/multipart/initiate"


@pytest.fixture
def data(folder: Path) -> Path:
    path = folder / "train.jsonl"
    path.write_bytes(LINE * 100)
    return path


def upload_in_parts(client: Together, data: Path, sizes: Sizes = IN_PARTS) -> Any:  # noqa: ANN401 -- an uploaded file
    """Upload a file as one above 5 GiB, through the flow of the public method."""
    return client._run(upload(data, "fine-tune", check=True, sizes=sizes))


def asked(sim: Simulator) -> list[str]:
    return [f"{request.method} {request.path}" for request in sim.requests]


def files(sim: Simulator) -> list[str]:
    return [file.name for file in sim._files.all()]


class TestSigned:
    def test_a_file_is_sent_to_the_signed_url_without_the_key(
        self, client: Together, data: Path, sim: Simulator
    ) -> None:
        found = client.files.upload(data)
        assert asked(sim) == ["POST /files", f"POST /files/{found.id}/preprocess"]
        (sent,) = sim.storage_requests
        assert (sent.method, sent.headers["content-length"]) == ("PUT", "2900")
        assert not {"authorization", "cookie"} & sent.headers.keys()
        assert (found.bytes_, found.processing_status, found.already_existed) == (2900, "COMPLETED", False)
        assert client.files.content(found.id) == data.read_bytes()

    def test_an_own_http_client_sends_the_file_without_its_secrets(
        self, world: World, data: Path, sim: Simulator
    ) -> None:
        own = world.http_client(
            headers={"x-secret": "of the API"}, cookies={"session": "secret"}, auth=("me", "secret")
        )
        found = world.client(http_client=own).files.upload(data)
        assert world.client().files.content(found.id) == data.read_bytes()
        assert not {"authorization", "cookie", "x-secret"} & sim.storage_requests[0].headers.keys()

    def test_a_file_that_the_account_has_is_not_sent_again(self, client: Together, data: Path, sim: Simulator) -> None:
        first = client.files.upload(data)
        again = client.files.upload(data)
        assert (again.id, again.already_existed) == (first.id, True)
        assert upload_in_parts(client, data).id == first.id
        assert len(sim.storage_requests) == 1

    @pytest.mark.parametrize("body", [b"no", b"{}", b'{"file_id": "../jobs"}', b"[" * 100_000], ids=len)
    def test_a_conflict_that_names_no_file_is_an_error(
        self, client: Together, data: Path, sim: Simulator, body: bytes
    ) -> None:
        sim.script(Fault(path="/files", status=409, body=body))
        with pytest.raises(ApiStatusError, match="409"):
            client.files.upload(data)

    @pytest.mark.parametrize("fault", [Fault(status=503), Fault(drop=True), Fault(location="", status=307)], ids=str)
    def test_a_failure_of_the_storage_host_is_retried(
        self, client: Together, data: Path, sim: Simulator, fault: Fault
    ) -> None:
        sim.script(Fault(path="/upload/", status=fault.status, drop=fault.drop, location=fault.location))
        found = client.files.upload(data)
        assert client.files.content(found.id) == data.read_bytes()
        assert len(sim.storage_requests) == 2

    @pytest.mark.parametrize(
        "sent", [b"", b"HTTP/1.1 400 X\r\nTransfer-Encoding: chunked\r\n\r\n"], ids=["head", "body"]
    )
    def test_a_response_of_the_storage_host_that_does_not_end_is_not_waited_for(
        self, data: Path, sim: Simulator, clock: Clock, sent: bytes
    ) -> None:
        def endless(connection: socket.socket, _: int) -> None:
            request = request_of(connection)
            while not request.endswith(LINE):
                request += connection.recv(1 << 16)
            connection.sendall(sent)
            while True:
                clock.time += 30
                connection.sendall(b"1\r\nx\r\n" if sent else b"HTTP/1.1 103 X\r\n\r\n")

        signed = {"x-together-file-id": "file-x"}
        with SocketServer(endless) as server, Together(sim.api_key, sim.url, clock=clock) as client:
            sim.script(Fault(path="/files", status=302, headers={**signed, "location": f"http://{server.host}/x"}))
            with pytest.raises((ApiStatusError, TransferInterruptedError)):
                client.files.upload(data)

    def test_a_refused_url_is_not_shown_and_leaves_no_file(self, client: Together, data: Path, sim: Simulator) -> None:
        before = files(sim)

        def quotes(request: Any) -> bool:  # noqa: ANN401 -- a request of the simulator
            signatures.append(request.query["signature"])
            return True

        signatures: list[str] = []
        sim.script(Fault(path="/upload/", status=403, body=b"refused", when=quotes))
        with pytest.raises(ApiStatusError, match=r"403.*upload the file again") as caught:
            client.files.upload(data)
        assert signatures[0] not in str(caught.value)
        assert files(sim) == before

    @pytest.mark.parametrize(
        "headers",
        [{}, {"x-together-file-id": "../x"}, {"x-together-file-id": "file-9", "location": "ftp://host/x"}],
        ids=["no ID", "a path", "another scheme"],
    )
    def test_an_unusable_redirect_is_an_error(
        self, client: Together, data: Path, sim: Simulator, headers: dict[str, str | None]
    ) -> None:
        sim.script(Fault(path="/files", status=302, location=f"{sim.storage.url}/upload/x", headers=headers))
        with pytest.raises(ApiResponseError, match=r"could not upload train\.jsonl"):
            client.files.upload(data)
        assert sim.storage_requests == []

    @pytest.mark.parametrize(("location", "reason"), [("ftp://host/x", "scheme 'ftp'"), ("", "more than 10 redirects")])
    def test_a_redirect_of_the_storage_host_that_leads_nowhere_is_an_error(
        self, client: Together, data: Path, sim: Simulator, location: str, reason: str
    ) -> None:
        sim.script(Fault(path="/upload/", status=307, location=location, times=None))
        with pytest.raises(IntegrityError, match=reason):
            client.files.upload(data)

    @pytest.mark.parametrize("body", [b"no", b"[]", b"{}"])
    def test_an_unusable_last_response_is_an_error(
        self, client: Together, data: Path, sim: Simulator, body: bytes
    ) -> None:
        sim.script(Fault(path="/files/", status=200, body=body))
        with pytest.raises(ApiResponseError, match="the response cannot be used"):
            client.files.upload(data)

    def test_a_cancelled_task_ends_the_upload(self, data: Path, sim: Simulator) -> None:
        sim.script(Fault(path="/upload/", hold=True))

        async def run() -> None:
            async with AsyncTogether(sim.api_key, sim.url) as client:
                task = asyncio.ensure_future(client.files.upload(data))
                await asyncio.to_thread(sim.wait_until, lambda one: bool(one.storage_requests), 20)
                task.cancel()
                await asyncio.wait([task], timeout=20)
                assert task.cancelled()

        asyncio.run(run())
        sim.release()

    def test_a_file_above_the_limit_is_refused_before_any_request(
        self, client: Together, folder: Path, sim: Simulator
    ) -> None:
        with (folder / "big.parquet").open("wb") as big:
            os.truncate(big.fileno(), SIZES.most + 1)
        with pytest.raises(RuleError, match=r"big\.parquet' has 53,794,465,383 bytes; the maximum is .*50\.1 GiB"):
            client.files.upload(folder / "big.parquet")
        assert sim.requests == []


class TestParts:
    def test_a_large_file_is_sent_in_parts(self, client: Together, data: Path, sim: Simulator) -> None:
        found = upload_in_parts(client, data)
        assert asked(sim) == ["POST /files/multipart/initiate", "POST /files/multipart/complete"]
        assert sorted(int(sent.headers["content-length"]) for sent in sim.storage_requests) == [966, 967, 967]
        assert {"authorization" in sent.headers for sent in sim.storage_requests} == {False}
        assert client.files.content(found.id) == data.read_bytes()
        assert found.processing_status == "COMPLETED"

    def test_a_part_is_retried_alone(self, client: Together, data: Path, sim: Simulator, waits: list[float]) -> None:
        sim.script(Fault(path="/upload/", status=500, skip=1), Fault(path="/upload/", drop=True, skip=1))
        found = upload_in_parts(client, data)
        assert client.files.content(found.id) == data.read_bytes()
        assert (len(sim.storage_requests), bool(waits)) == (5, True)

    def test_a_host_that_sends_no_etag_is_an_error(self, client: Together, data: Path, sim: Simulator) -> None:
        sim.script(Fault(path="/upload/", status=200, times=None))
        with pytest.raises(ApiResponseError, match="sent no ETag for part 1"):
            upload_in_parts(client, data)
        assert asked(sim)[-1] == "POST /files/multipart/abort"

    def test_a_part_that_fails_aborts_the_upload(self, client: Together, data: Path, sim: Simulator) -> None:
        before = files(sim)
        sim.script(Fault(path="/upload/", status=400, body=b"no room", skip=1))
        with pytest.raises(ApiStatusError, match=r"could not upload train\.jsonl.*no room"):
            upload_in_parts(client, data)
        assert asked(sim)[-1] == "POST /files/multipart/abort"
        assert files(sim) == before

    @pytest.mark.parametrize("header", [{"x": "\u00e9"}, {"x\u00e9": "1"}, {"x": "1\r\ny: 2"}], ids=ascii)
    def test_headers_that_cannot_be_sent_are_an_error(
        self, client: Together, data: Path, sim: Simulator, header: dict[str, str]
    ) -> None:
        parts = [{"PartNumber": number, "URL": "/upload/x", "Headers": header} for number in (1, 2, 3)]
        body = json.dumps({"upload_id": "u", "file_id": "file-9", "parts": parts}).encode()
        sim.script(Fault(path=INITIATE, status=200, body=body))
        with pytest.raises(ApiResponseError, match="header"):
            upload_in_parts(client, data)
        assert sim.storage_requests == []

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b'{"upload_id": "u", "file_id": "file-9"}',
            b'{"upload_id": "u", "file_id": "file-9", "parts": [{"PartNumber": 1}, {"PartNumber": 3}]}',
            b'{"upload_id": "u", "file_id": "f", "parts": [{"PartNumber": 1}, {"PartNumber": 2}, {"PartNumber": 3}]}',
        ],
    )
    def test_unusable_parts_are_an_error(self, client: Together, data: Path, sim: Simulator, body: bytes) -> None:
        sim.script(Fault(path=INITIATE, status=200, body=body))
        with pytest.raises(ApiResponseError):
            upload_in_parts(client, data)
        assert sim.storage_requests == []

    @pytest.mark.parametrize("size", [1, SIZES.single, SIZES.single + 1, 30 << 30, SIZES.most])
    def test_the_parts_cover_every_byte_once(self, size: int) -> None:
        found = spans(size, SIZES)
        assert (found[0][0], found[-1][1]) == (0, size)
        assert all(left[1] == right[0] for left, right in pairwise(found))
        assert (len(found) == 1) == (size <= SIZES.single)
        assert len(found) <= SIZES.parts


class TestOlderServers:
    def test_a_file_is_sent_in_one_request(self, client: Together, data: Path, sim: Simulator) -> None:
        sim.script(OLDER)
        seen: list[DownloadProgress] = []
        found = client.files.upload(data, progress=seen.append)
        assert asked(sim) == ["POST /files", "POST /files/upload"]
        assert client.files.content(found.id) == data.read_bytes()
        assert (seen[-1].done, seen[-1].total, found.already_existed) == (2900, 2900, False)

    def test_a_large_file_too(self, client: Together, data: Path, sim: Simulator) -> None:
        sim.script(Fault(path=INITIATE, status=405))
        assert client.files.content(upload_in_parts(client, data).id) == data.read_bytes()

    def test_a_broken_connection_is_reported_and_nothing_is_sent_twice(
        self, client: Together, data: Path, sim: Simulator
    ) -> None:
        sim.script(OLDER, Fault(path="/files/upload", drop=True))
        with pytest.raises(ApiConnectionError, match=r"could not upload train\.jsonl"):
            client.files.upload(data)
        assert len(sim.requests) == 2

    def test_a_server_that_had_done_nothing_gets_the_whole_file_again(
        self, world: World, data: Path, sim: Simulator, waits: list[float]
    ) -> None:
        sim.script(OLDER, Fault(path="/files/upload", status=503))
        client = world.client(max_retries=1)
        assert client.files.content(client.files.upload(data).id) == data.read_bytes()
        assert len(waits) == 1

    def test_a_file_is_not_sent_to_another_host(self, client: Together, data: Path, sim: Simulator) -> None:
        sim.script(OLDER, Fault(path="/files/upload", location=f"{sim.storage.url}/steal", status=307))
        with pytest.raises(ApiStatusError, match="307"):
            client.files.upload(data)
        assert sim.storage_requests == []


class TestProgress:
    def test_it_ends_with_all_bytes_and_names_the_file(self, client: Together, data: Path) -> None:
        seen: list[DownloadProgress] = []
        client.files.upload(data, progress=seen.append)
        assert (seen[-1].done, seen[-1].total, seen[-1].connections, seen[-1].file) == (2900, 2900, 0, "train.jsonl")

    @pytest.mark.parametrize("script", [[], [OLDER]], ids=["signed", "one request"])
    def test_raising_stops_the_upload(
        self, client: Together, data: Path, sim: Simulator, script: Sequence[Fault]
    ) -> None:
        def stop(_: DownloadProgress) -> None:
            raise ValueError("enough")

        before = files(sim)
        sim.script(*script)
        with pytest.raises(ValueError, match="enough"):
            client.files.upload(data, progress=stop)
        assert files(sim) == before


class TestCommands:
    def test_an_existing_file_is_a_result(self, command: Command, data: Path) -> None:
        first = command("files", "upload", str(data), "--json")
        again = command("files", "upload", str(data), "--json")
        assert (first.json["already_existed"], again.json["already_existed"]) == (False, True)
        assert first.json["id"] == again.json["id"]
        found = command("files", "upload", str(data))
        assert (found.code, found.out.strip()) == (0, first.json["id"])
        assert f"already uploaded as {first.json['id']}" in found.err

    def test_the_check_lists_every_problem(self, command: Command, data: Path) -> None:
        data.write_bytes(LINE + b"no\n" * 9)
        found = command("files", "check", str(data))
        assert (found.code, "train.jsonl: line 10 is not JSON" in found.err) == (2, True)
