"""Weights in S3, played by moto: multipart uploads, interruptions, and what refusals become."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.waits import PATIENCE
from together_ext import (
    ConfigurationError,
    MissingPathError,
    StorageError,
    StoreCredentialsError,
    Together,
    TransferInterruptedError,
)
from together_ext.cli.doctor.findings import State
from together_ext.cli.doctor.objects import Bucket as Checked
from together_ext.cli.doctor.objects import uploads
from together_ext.cli.exits import exit_of
from together_ext.destinations.checking import verify_objects
from together_ext.destinations.object_state import PARTIAL
from together_ext.destinations.urls import parse_url
from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, PARTS_PATH, BytesArchive, Fault, Simulator

from .conftest import KEYS, Bucket
from .front import front
from .weights import ARCHIVE, MODEL, RECEIPT, hashes, store_of, unfinished


@pytest.fixture(autouse=True)
def _served(sim: Simulator) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(ARCHIVE))


def archive_requests(sim: Simulator) -> int:
    return sum(request.path.endswith(DOWNLOAD_PATH) for request in sim.requests)


def test_the_prefix_equals_the_folder_and_nothing_is_written_locally(client: Together, s3: Bucket) -> None:
    result = client.fine_tuning.download(LORA_JOB, extract=True, output=s3.url, storage_options=s3.options)

    assert not any(Path.cwd().iterdir())
    store = store_of(s3, result.extracted_to)
    assert hashes(store) == {name: hashlib.sha256(data).hexdigest() for name, data in MODEL.items()}
    # The entity tag of an object that was uploaded in parts ends with their number.
    assert str(store.list()["model-1.safetensors"].etag).strip('"').endswith("-3")
    assert b"<Upload>" not in unfinished(s3)
    for quick in (False, True):
        assert verify_objects(str(result.extracted_to), storage_options=s3.options, quick=quick).good


def test_the_files_in_the_registry_become_objects(client: Together, sim: Simulator, s3: Bucket) -> None:
    large = bytes(range(256)) * 40_000
    files = {"config.json": b"{}", "a/model-1.safetensors": large, "a/model-2.safetensors": large[::-1]}
    sim.registry.part_size = 4_000_000
    model = sim.registry.add("parted", dict(files)).id
    sim.script(Fault(path=f"{PARTS_PATH}model-1.safetensors.part2", corrupt=7))
    found = client.models.download(model, output=s3.url, storage_options=s3.options)

    assert not any(Path.cwd().iterdir())
    assert found.verified == "hash"
    assert hashes(store_of(s3, found.folder)) == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert b"<Upload>" not in unfinished(s3)
    assert verify_objects(found.folder, storage_options=s3.options, quick=True).good
    sim.forget()
    assert client.models.download(model, output=s3.url, storage_options=s3.options).folder == found.folder
    assert sim.storage_requests == []


def test_the_archive_becomes_one_object(client: Together, s3: Bucket) -> None:
    result = client.fine_tuning.download(LORA_JOB, output=s3.url, storage_options=s3.options)

    assert hashes(store_of(s3)) == {result.filename.removeprefix(s3.url): hashlib.sha256(ARCHIVE).hexdigest()}
    assert result.sha256 == hashlib.sha256(ARCHIVE).hexdigest()


def test_many_downloads_go_below_one_prefix(client: Together, sim: Simulator, s3: Bucket) -> None:
    names = [LORA_JOB, f"{LORA_JOB}:500", f"{LORA_JOB}:250"]

    def run() -> dict[str, str]:
        found = client.fine_tuning.download_many(names, extract=True, output=s3.url, storage_options=s3.options)
        return {outcome.name: outcome.unwrap().filename for outcome in found}

    first = run()
    assert len(set(first.values())) == len(names)
    for url in first.values():
        assert verify_objects(url, storage_options=s3.options).good
    asked = archive_requests(sim)
    assert run() == first
    assert archive_requests(sim) == asked
    assert not any(Path.cwd().iterdir())
    assert b"<Upload>" not in unfinished(s3)


@pytest.mark.parametrize("extract", [True, False])
def test_an_interrupted_upload_is_aborted(client: Together, s3: Bucket, *, extract: bool) -> None:
    class StopError(Exception):
        pass

    def stop(now: object) -> None:
        if getattr(now, "done", 0) > 15 << 20:
            raise StopError

    with pytest.raises(StopError):
        client.fine_tuning.download(LORA_JOB, extract=extract, output=s3.url, storage_options=s3.options, progress=stop)
    found = {name.rpartition("/")[2]: digest for name, digest in hashes(store_of(s3)).items()}
    assert (PARTIAL in found) is extract
    found.pop(PARTIAL, None)
    # What is there is whole: a file that had ended before the interruption.
    assert all(digest == hashlib.sha256(MODEL[name]).hexdigest() for name, digest in found.items())
    assert not any(name.endswith(RECEIPT) for name in store_of(s3).list())
    assert len(found) < len(MODEL)
    assert b"<Upload>" not in unfinished(s3)


def test_slow_down_is_retried(client: Together, s3: Bucket) -> None:
    parts: list[str] = []

    def slow(method: str, path: str) -> tuple[int, str] | None:
        if method == "PUT" and "partNumber" in path:
            parts.append(path)
            return (503, "SlowDown") if len(parts) <= 3 else None
        return None

    with front(s3.server, slow) as server:
        result = client.fine_tuning.download(
            LORA_JOB, extract=True, output=s3.url, storage_options={**s3.options, "endpoint": server.url}
        )
    assert len(parts) > 3
    assert verify_objects(str(result.extracted_to), storage_options=s3.options).good


@pytest.mark.parametrize(
    ("status", "code", "kind", "exit_code"),
    [
        (403, "InvalidAccessKeyId", StoreCredentialsError, 3),
        (403, "SignatureDoesNotMatch", StoreCredentialsError, 3),
        (403, "AccessDenied", StorageError, 7),
        (404, "NoSuchBucket", MissingPathError, 4),
    ],
)
@pytest.mark.parametrize("extract", [True, False])
def test_a_refusal_is_one_sentence_before_the_archive_is_requested(
    client: Together,
    sim: Simulator,
    s3: Bucket,
    status: int,
    code: str,
    kind: type[Exception],
    exit_code: int,
    *,
    extract: bool,
) -> None:
    def refuse(method: str, _: str) -> tuple[int, str] | None:
        return (status, code) if method == "PUT" else None

    options = {**s3.options}
    with front(s3.server, refuse) as server:
        options["endpoint"] = server.url
        with pytest.raises(kind) as caught:
            client.fine_tuning.download(LORA_JOB, extract=extract, output=s3.url, storage_options=options)
    message = str(caught.value)
    assert exit_of(caught.value) == exit_code
    assert code in message
    assert s3.url.rstrip("/") in message
    assert "\n" not in message
    assert not any(
        secret in repr((message, caught.value.__context__)) for secret in KEYS.values() if secret != "us-east-1"
    )
    assert archive_requests(sim) == 0


@pytest.mark.parametrize("extract", [True, False])
@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "RequestTimeTooSkewed", StoreCredentialsError, "set the clock of this machine"),
        (400, "ExpiredToken", StoreCredentialsError, "have expired (400 ExpiredToken): renew them"),
        (400, "AuthorizationHeaderMalformed", StorageError, "is in another region: set the region"),
        (403, "AllAccessDisabled", StorageError, "(403 AllAccessDisabled): grant it, or name another bucket"),
    ],
)
def test_a_refusal_of_all_requests_names_its_cause(
    client: Together, s3: Bucket, status: int, code: str, kind: type[Exception], words: str, *, extract: bool
) -> None:
    # Without --extract the first request is a HEAD request, whose response has no code.
    with front(s3.server, lambda _, __: (status, code)) as server:
        options = {**s3.options, "endpoint": server.url}
        with pytest.raises(kind, match=re.escape(words)):
            client.fine_tuning.download(LORA_JOB, extract=extract, output=s3.url, storage_options=options)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (507, "XMinioStorageFull", "the store is full (507 XMinioStorageFull); free space, or raise its quota"),
        (403, "QuotaExceeded", "the store is full (403 QuotaExceeded); free space, or raise its quota"),
        (400, "KMS.DisabledException", "the store refuses it (400 KMS.DisabledException); check the bucket"),
        (
            400,
            (
                "<Error><Code>InvalidRequest</Code><Message>Content-MD5 OR x-amz-checksum- HTTP header is required for "
                "Put Object requests with Object Lock parameters</Message></Error>"
            ),
            "(400 InvalidRequest); for a bucket with object lock, set --storage-option checksum_algorithm=SHA256",
        ),
    ],
)
def test_a_refusal_of_what_is_written_names_its_cause(
    client: Together, s3: Bucket, status: int, code: str, words: str
) -> None:
    with front(s3.server, lambda method, _: (status, code) if method == "PUT" else None) as server:
        options = {**s3.options, "endpoint": server.url}
        with pytest.raises(StorageError, match=re.escape(words)) as caught:
            client.fine_tuning.download(LORA_JOB, extract=True, output=s3.url, storage_options=options)
    assert exit_of(caught.value) == 7


def not_removed(key: str) -> str:
    """The response to a request that removes an object, if a policy denies it."""
    return f"<DeleteResult><Error><Key>{key}</Key><Code>AccessDenied</Code><Message>No</Message></Error></DeleteResult>"


def removes(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("?delete")


def test_weights_are_complete_without_the_permission_to_remove_objects(
    client: Together, s3: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    denied = 200, not_removed(f"x/{PARTIAL}")
    with front(s3.server, lambda method, path: denied if removes(method, path) else None) as server:
        options = {**s3.options, "endpoint": server.url}
        client.fine_tuning.download(LORA_JOB, extract=True, output=f"{s3.url}x", storage_options=options)
    assert f"no permission to remove {s3.url}x/{PARTIAL} (AccessDenied): grant it" in caplog.text
    assert verify_objects(f"{s3.url}x", storage_options=s3.options).good


def test_a_response_on_which_obstore_panics_is_invalid(client: Together, s3: Bucket) -> None:
    wrong = 200, not_removed("another")
    with front(s3.server, lambda method, path: wrong if removes(method, path) else None) as server:
        options = {**s3.options, "endpoint": server.url}
        with pytest.raises(TransferInterruptedError, match="the store's response is invalid"):
            client.fine_tuning.download(LORA_JOB, output=s3.url, storage_options=options)


def test_a_bucket_with_versions_keeps_the_latest(client: Together, s3: Bucket) -> None:
    body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    httpx.put(f"{s3.server}/{s3.name}?versioning", content=body, timeout=PATIENCE).raise_for_status()
    for overwrite in (False, True):
        client.fine_tuning.download(
            LORA_JOB, extract=True, output=f"{s3.url}x", storage_options=s3.options, overwrite=overwrite
        )
        assert verify_objects(f"{s3.url}x", storage_options=s3.options).good
    assert hashes(store_of(s3, f"{s3.url}x")).keys() == MODEL.keys()


def test_parts_can_have_checksums_as_object_lock_requires(client: Together, s3: Bucket) -> None:
    options = {**s3.options, "checksum_algorithm": "SHA256"}
    client.fine_tuning.download(LORA_JOB, extract=True, output=f"{s3.url}x", storage_options=options)
    assert verify_objects(f"{s3.url}x", storage_options=options).good


def test_an_object_with_an_unsupported_name_is_an_error_that_says_so(client: Together, s3: Bucket) -> None:
    httpx.put(f"{s3.server}/{s3.name}/x/a//b", content=b"", timeout=PATIENCE).raise_for_status()
    with pytest.raises(ConfigurationError, match=r"the name of an object in it has .* choose another prefix"):
        client.fine_tuning.download(LORA_JOB, output=f"{s3.url}x", extract=True, storage_options=s3.options)


def test_a_missing_bucket_of_the_server_itself(client: Together, sim: Simulator, s3: Bucket) -> None:
    with pytest.raises(MissingPathError, match="does not exist"):
        client.fine_tuning.download(LORA_JOB, extract=True, output="s3://no-such-bucket/", storage_options=s3.options)
    assert archive_requests(sim) == 0


@pytest.mark.parametrize("extract", [True, False])
def test_a_plan_compares_the_objects_and_names_a_missing_bucket(
    client: Together, sim: Simulator, s3: Bucket, *, extract: bool
) -> None:
    def plan(url: str) -> str:
        options = {"extract": extract, "storage_options": s3.options}
        (entry,) = client.fine_tuning.plan_downloads(LORA_JOB, output=url, **options).entries  # type: ignore[arg-type]
        return entry.state

    assert plan(s3.url) == "new"
    assert store_of(s3).list() == {}
    client.fine_tuning.download(LORA_JOB, extract=extract, output=s3.url, storage_options=s3.options)
    assert plan(s3.url) == "complete"
    before = archive_requests(sim)
    with pytest.raises(MissingPathError, match="does not exist"):
        plan("s3://no-such-bucket/")
    assert archive_requests(sim) == before


def test_the_doctor_tests_the_destination(sim: Simulator, s3: Bucket) -> None:
    def destination(url: str, **changed: str) -> dict[str, str]:
        options = [f"--storage-option={name}={value}" for name, value in {**s3.options, **changed}.items()]
        done = subprocess.run(  # noqa: S603 -- our own command
            [sys.executable, "-m", "together_ext", "doctor", "--json", "-o", url, *options],
            env={**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        (found,) = (one for one in json.loads(done.stdout)["data"] if one["name"] == "destination")
        assert done.returncode == (0 if found["state"] == "ok" else 1), done.stderr
        return dict(found)

    assert destination(f"{s3.url}models/")["state"] == "ok"
    assert store_of(s3).list() == {}
    assert "s3://no-such-bucket does not exist" in destination("s3://no-such-bucket/")["seen"]
    nobody = {"endpoint": "http://127.0.0.1:9"}
    assert destination(s3.url, **nobody)["seen"].endswith("the store refuses the connection")


def test_the_doctor_lists_incomplete_uploads(s3: Bucket) -> None:
    place = Checked(parse_url(f"{s3.url}a b/ü", "url"), s3.options)
    for key, _ in ((f"a b/ü/{'x' * 9}", "below it"), ("other/y", "elsewhere")):
        httpx.post(f"{s3.server}/{s3.name}/{key}?uploads", timeout=PATIENCE).raise_for_status()

    found = uploads(place)

    assert found.state == State.WARN
    assert found.seen.startswith("1 multipart upload is incomplete: a b/ü/xxxxxxxxx of 20")
    assert uploads(Checked(parse_url(s3.url, "url"), s3.options)).seen.startswith("2 multipart uploads are incomplete")
    assert uploads(Checked(parse_url(f"{s3.url}none/", "url"), s3.options)).state == State.OK
    assert uploads(Checked(parse_url("memory://bucket/", "url"))).state == State.SKIPPED
    nobody = {**s3.options, "endpoint": "http://127.0.0.1:9"}
    assert uploads(Checked(parse_url(s3.url, "url"), nobody)).state == State.SKIPPED


def test_a_rerun_downloads_nothing(client: Together, sim: Simulator, s3: Bucket) -> None:
    client.fine_tuning.download(LORA_JOB, extract=True, output=s3.url, storage_options=s3.options)
    before = archive_requests(sim)
    again = client.fine_tuning.download(LORA_JOB, extract=True, output=s3.url, storage_options=s3.options)
    assert archive_requests(sim) == before
    assert again.resumed_from == again.size == len(ARCHIVE)
    receipt = store_of(s3, again.extracted_to)
    assert json.loads(receipt.read(RECEIPT, 0, 1 << 20))["archive"]["size"] == len(ARCHIVE)


def test_a_store_without_byte_ranges_is_written_and_large_objects_are_not_read(client: Together, s3: Bucket) -> None:
    with front(s3.server, lambda _, __: None, hidden="range") as server:
        options = {**s3.options, "endpoint": server.url}
        first = client.fine_tuning.download(LORA_JOB, extract=True, output=s3.url, storage_options=options)
        again = client.fine_tuning.download(LORA_JOB, extract=True, output=s3.url, storage_options=options)
        assert again.resumed_from == first.size
        assert verify_objects(str(first.extracted_to), storage_options=options, quick=True).good
        with pytest.raises(StorageError, match="byte ranges"):
            verify_objects(str(first.extracted_to), storage_options=options)
