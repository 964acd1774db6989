"""Weights in every store: moto and rclone (S3), rclone (the protocol of Google Cloud Storage), Azurite (Azure)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from together_ext import MissingPathError, StorageError, StoreCredentialsError, Together
from together_ext.archive.inspect import inspect
from together_ext.cli.exits import exit_of
from together_ext.destinations.checking import inspect_objects, verify_objects
from together_ext.destinations.object_state import PARTIAL
from together_ext.destinations.store import PART, Store
from together_ext.destinations.urls import parse_url
from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, BytesArchive, Simulator
from together_ext.simulator.archives import pack
from together_ext.simulator.models import Shape, model_files

from .conftest import Bucket
from .front import front

RECEIPT = "together-ext.json"
MODEL = {
    **model_files("stores", shape=Shape(hidden=1024, intermediate=2048, layers=1)),
    "a b/ü#%+&=.txt": b"names",
    "empty.txt": b"",
}
OTHER = {**model_files("another"), "empty.txt": b""}
ARCHIVE, ANOTHER = (BytesArchive(pack(files, root="output")) for files in (MODEL, OTHER))


@pytest.fixture(autouse=True)
def _served(sim: Simulator) -> None:
    sim.add_archive(LORA_JOB, ARCHIVE)


def upload(client: Together, bucket: Bucket, *, overwrite: bool = False) -> str:
    """Download into a bucket; the URL of the weights."""
    result = client.fine_tuning.download(
        LORA_JOB, extract=True, output=bucket.url, storage_options=bucket.options, overwrite=overwrite
    )
    return str(result.extracted_to)


def store_of(bucket: Bucket, url: str) -> Store:
    return Store(parse_url(url, "url"), bucket.options)


def hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != RECEIPT}


def in_store(bucket: Bucket, url: str) -> dict[str, bytes]:
    """All objects, each read by one request for the whole of it."""
    store = store_of(bucket, url)
    return {name: store.content(name) for name in store.list()}


def in_folder(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def archive_requests(sim: Simulator) -> int:
    return sum(request.path.endswith(DOWNLOAD_PATH) for request in sim.requests)


def with_ranges(bucket: Bucket, server: str) -> dict[str, str]:
    """The storage options of a bucket for a front of its server."""
    return {**bucket.options, "base_url" if bucket.url.startswith("gs:") else "endpoint": server}


def test_the_objects_are_the_files_of_the_local_folder(client: Together, bucket: Bucket, tmp_path: Path) -> None:
    local = client.fine_tuning.download(LORA_JOB, extract=True, output=tmp_path / "local")
    url = upload(client, bucket)

    assert not any(Path.cwd().iterdir())
    files = in_folder(Path(str(local.extracted_to)))
    assert max(map(len, MODEL.values())) > PART
    assert hashes(in_store(bucket, url)) == hashes(files) == hashes(MODEL)
    receipts = [json.loads(each[RECEIPT]) for each in (in_store(bucket, url), files)]
    for receipt in receipts:
        receipt["files"] = {file["path"]: (file["size"], file["sha256"]) for file in receipt["files"]}
    assert receipts[0]["files"] == receipts[1]["files"]
    if bucket.folder is not None:
        assert hashes(in_folder(bucket.folder / parse_url(url, "url").path)) == hashes(MODEL)


@pytest.mark.parametrize("prefix", [" a +%20%2F&=?#*'\"", "ü/日本/e\u0301", "a..b/.../.c/~", "x@y:z,$!()[]{}|^`<>"])
def test_a_prefix_may_have_any_characters(client: Together, sim: Simulator, bucket: Bucket, prefix: str) -> None:
    url = upload(client, replace(bucket, url=f"{bucket.url}{prefix}/"))
    assert url.startswith(f"{bucket.url}{prefix}/")
    assert verify_objects(url, storage_options=bucket.options, quick=True).good
    asked = archive_requests(sim)
    assert upload(client, replace(bucket, url=f"{bucket.url}{prefix}/")) == url
    assert archive_requests(sim) == asked


def test_the_archive_is_one_object(client: Together, bucket: Bucket) -> None:
    result = client.fine_tuning.download(LORA_JOB, output=bucket.url, storage_options=bucket.options)
    name = result.filename.removeprefix(bucket.url)

    assert hashes(in_store(bucket, bucket.url))[name] == result.sha256 == ARCHIVE.sha256
    before = store_of(bucket, bucket.url).list()
    again = client.fine_tuning.download(LORA_JOB, output=bucket.url, storage_options=bucket.options)
    assert again.filename == result.filename
    assert again.resumed_from == result.size
    assert store_of(bucket, bucket.url).list() == before


def test_complete_weights_are_not_downloaded_again(client: Together, sim: Simulator, bucket: Bucket) -> None:
    url = upload(client, bucket)
    before, asked = store_of(bucket, url).list(), archive_requests(sim)

    assert upload(client, bucket) == url
    assert archive_requests(sim) == asked
    assert store_of(bucket, url).list() == before


def test_verify_reports_what_differs(client: Together, bucket: Bucket) -> None:
    url = upload(client, bucket)
    with front(bucket.server, lambda _, __: None, partial=True) as server:
        options = with_ranges(bucket, server.url)
        for quick in (False, True):
            assert verify_objects(url, storage_options=options, quick=quick).good
        store = store_of(bucket, url)
        store.put("config.json", MODEL["config.json"][:-1] + b" ")
        store.put("notes.txt", b"new")
        store.remove(["empty.txt"])
        for quick in (False, True):
            found = verify_objects(url, storage_options=options, quick=quick)
            assert (found.missing, found.changed, found.extra) == (("empty.txt",), ("config.json",), ("notes.txt",))


def test_inspect_reads_the_same_headers_as_in_the_local_folder(
    client: Together, bucket: Bucket, tmp_path: Path
) -> None:
    local = client.fine_tuning.download(LORA_JOB, extract=True, output=tmp_path / "local")
    url = upload(client, bucket)
    with front(bucket.server, lambda _, __: None, partial=True) as server:
        found = inspect_objects(url, storage_options=with_ranges(bucket, server.url))
        assert found == inspect(str(local.extracted_to))
        assert found.layout == "model"
        assert server.sent < PART


def test_an_interrupted_upload_publishes_no_part_of_an_object_and_is_completed(
    client: Together, bucket: Bucket
) -> None:
    class StopError(Exception):
        pass

    def stop(now: object) -> None:
        if getattr(now, "done", 0) > ARCHIVE.size // 2:
            raise StopError

    with pytest.raises(StopError):
        client.fine_tuning.download(
            LORA_JOB, extract=True, output=bucket.url, storage_options=bucket.options, progress=stop
        )
    (url,) = {f"{bucket.url}{name.partition('/')[0]}" for name in store_of(bucket, bucket.url).list()}
    found = in_store(bucket, url)
    assert PARTIAL in found
    assert RECEIPT not in found
    whole = {name: digest for name, digest in hashes(found).items() if name != PARTIAL}
    assert whole.items() < hashes(MODEL).items()

    assert upload(client, bucket) == url
    assert hashes(in_store(bucket, url)) == hashes(MODEL)


def test_other_weights_are_replaced_if_that_is_allowed(client: Together, sim: Simulator, bucket: Bucket) -> None:
    url = upload(client, bucket)
    sim.add_archive(LORA_JOB, ANOTHER)

    assert upload(client, bucket, overwrite=True) == url
    assert hashes(in_store(bucket, url)) == hashes(OTHER)
    assert verify_objects(url, storage_options=bucket.options, quick=True).good


def test_a_missing_bucket_is_reported_before_the_archive_is_requested(
    client: Together, sim: Simulator, bucket: Bucket
) -> None:
    missing = replace(bucket, url=bucket.url.replace("//b-", "//c-"))
    with pytest.raises(MissingPathError, match=f"{missing.url[:-1]} does not exist") as caught:
        upload(client, missing)
    assert exit_of(caught.value) == 4
    assert archive_requests(sim) == 0


@pytest.mark.parametrize(
    ("name", "kind", "exit_code"),
    # Azurite responds to a wrong signature with a code that is that of a missing permission in Azure.
    [("rclone_s3", StoreCredentialsError, 3), ("az", StorageError, 7)],
)
def test_a_wrong_key_is_reported_before_the_archive_is_requested(
    client: Together, sim: Simulator, name: str, kind: type[Exception], exit_code: int, request: pytest.FixtureRequest
) -> None:
    bucket: Bucket = request.getfixturevalue(name)
    with pytest.raises(kind) as caught:
        upload(client, replace(bucket, options=dict(bucket.wrong)))
    assert exit_of(caught.value) == exit_code
    assert bucket.url[:-1] in str(caught.value)
    assert not any(value in str(caught.value) for value in bucket.wrong.values() if value != "us-east-1")
    assert archive_requests(sim) == 0


def test_the_endpoint_of_google_cloud_storage_can_be_a_variable(
    client: Together, rclone_gs: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_BASE_URL", rclone_gs.server)
    others = {name: value for name, value in rclone_gs.options.items() if name != "base_url"}
    url = upload(client, replace(rclone_gs, options=others))
    assert hashes(in_store(rclone_gs, url)) == hashes(MODEL)
