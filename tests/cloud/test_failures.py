"""Uploads that fail in the middle: nothing is published without its receipt, and a rerun completes."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event

import httpx
import pytest

from tests.waits import PATIENCE, wait_until
from together_ext import MissingPathError, StorageError, StoreCredentialsError, Together, TransferInterruptedError
from together_ext.cli.exits import exit_of
from together_ext.destinations.checking import verify_objects
from together_ext.destinations.object_state import PARTIAL
from together_ext.simulator import DPO_JOB, LORA_JOB, BytesArchive, Fault, Simulator

from .conftest import KEYS, Bucket, free_port, running
from .front import front
from .weights import ARCHIVE, MODEL, check_incomplete, check_rerun, store_of, unfinished, uploading

MIDDLE = 25 << 20
"""Bytes of the archive, after the first large file and before the end of the second one."""


@pytest.fixture(autouse=True)
def _served(sim: Simulator) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(ARCHIVE))


def behind(bucket: Bucket, url: str) -> Bucket:
    """A bucket by way of a front."""
    return replace(bucket, options={**bucket.options, "endpoint": url})


def is_part(method: str, path: str) -> bool:
    return method == "PUT" and "partNumber" in path


@pytest.mark.parametrize("extract", [True, False])
def test_a_killed_upload_publishes_nothing_and_the_rerun_completes(
    sim: Simulator, client: Together, s3: Bucket, *, extract: bool
) -> None:
    sim.script(Fault(stall=15 << 20, times=None))
    with uploading(sim, s3, *(["--extract"] if extract else [])) as process:

        def begun() -> bool:
            assert process.poll() is None
            return b"<Upload>" in unfinished(s3)

        wait_until(begun, "the upload")
        process.send_signal(signal.SIGKILL)
        process.wait()
    sim.faults.clear()
    sim.release()

    check_incomplete(s3)
    if extract:
        (partial,) = (name for name in store_of(s3).list() if name.endswith(PARTIAL))
        # Without its name there, the rerun would be refused.
        assert "model-1.safetensors" in json.loads(store_of(s3).content(partial))["objects"]
    else:
        assert store_of(s3).list() == {}
    check_rerun(client, s3)


@pytest.fixture
def over() -> Iterator[Event]:
    """Set at the end of the test."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def job_in_the_registry(sim: Simulator) -> str:
    """A job whose weights are in the registry."""
    model = sim.registry.add("large", dict(MODEL))
    sim.job(DPO_JOB).overrides |= {"model_object_id": model.id, "model_object_revision_id": model.revisions[0].id}
    return DPO_JOB


def is_look_up(method: str, path: str) -> bool:
    del path
    return method == "HEAD"


@pytest.mark.parametrize("is_last", [is_part, is_look_up])
def test_an_interrupted_upload_from_the_registry_does_not_wait_for_a_silent_store(
    sim: Simulator,
    client: Together,
    s3: Bucket,
    over: Event,
    job_in_the_registry: str,
    is_last: Callable[[str, str], bool],
) -> None:
    silent = Event()

    def script(method: str, path: str) -> tuple[int, str] | None:
        if is_last(method, path):
            silent.set()
        if silent.is_set():
            over.wait()
            return 400, "TooLate"
        return None

    arguments = ("--extract", "--source", "registry")
    with (
        front(s3.server, script) as server,
        uploading(sim, behind(s3, server.url), *arguments, job=job_in_the_registry) as process,
    ):
        assert silent.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=PATIENCE)
        over.set()
    assert process.returncode == 130
    assert ("an incomplete multipart upload of s3://" in text) == (is_last is is_part)
    assert "Traceback" not in text
    assert text.splitlines()[-1].startswith("stopped; complete objects are kept; to upload the others, run: ")
    check_incomplete(s3)
    result = client.fine_tuning.download(
        job_in_the_registry, extract=True, source="registry", output=s3.url, storage_options=s3.options
    )
    assert verify_objects(str(result.extracted_to), storage_options=s3.options).good
    assert set(result.files) == MODEL.keys()


@pytest.mark.parametrize("extract", [True, False])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_command_does_not_wait_for_a_silent_store(
    sim: Simulator, client: Together, s3: Bucket, over: Event, number: signal.Signals, code: int, *, extract: bool
) -> None:
    silent = Event()

    def script(method: str, path: str) -> tuple[int, str] | None:
        if is_part(method, path):
            silent.set()
        if silent.is_set():
            # The store accepts connections and never responds, also to what aborts the upload.
            over.wait()
            return 400, "TooLate"
        return None

    with (
        front(s3.server, script) as server,
        uploading(sim, behind(s3, server.url), *(["--extract"] if extract else [])) as process,
    ):
        assert silent.wait(PATIENCE)
        process.send_signal(number)
        # obstore itself would retry for three minutes.
        _, text = process.communicate(timeout=PATIENCE)
        over.set()
    assert process.returncode == code
    assert "an incomplete multipart upload of s3://" in text
    assert "may remain" in text
    assert "Traceback" not in text
    said = "stopped; complete objects are kept; to upload the others, run: " if extract else "stopped"
    assert text.splitlines()[-1].startswith(said)
    check_incomplete(s3)
    check_rerun(client, s3)


def test_a_server_that_is_killed_ends_the_upload_and_the_rerun_completes(sim: Simulator, client: Together) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    bucket = Bucket("s3://bucket/", {**KEYS, "endpoint": address}, address, "bucket")
    server = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    sim.script(Fault(stall=15 << 20, times=None))
    with running(*server, port=port) as pid:
        httpx.put(f"{address}/bucket", timeout=PATIENCE).raise_for_status()
        with uploading(sim, bucket, "--extract") as process:
            wait_until(lambda: b"<Upload>" in unfinished(bucket), "the upload")
            os.kill(pid, signal.SIGKILL)
            sim.faults.clear()
            sim.release()
            # obstore retries for about half a minute.
            _, text = process.communicate(timeout=4 * PATIENCE)
    assert process.returncode == 8
    (sentence,) = (line for line in text.splitlines() if line.startswith("error: "))
    # By when it was killed: the object was found to be free, or is written, or the partial receipt is.
    assert re.match("error: could not (list|read|write to) s3://bucket/", sentence)
    # A response that the kill cuts off may be that of a request which obstore does not repeat.
    reasons = "the store refuses the connection|the store closed the connection|the store's response was cut"
    assert re.search(f": ({reasons}); run it again to resume$", sentence)
    assert "an incomplete multipart upload of s3://bucket/" in text

    # moto keeps everything in memory: what it had is gone.
    with running(*server, port=port):
        httpx.put(f"{address}/bucket", timeout=PATIENCE).raise_for_status()
        check_rerun(client, bucket)


@pytest.mark.parametrize("extract", [True, False])
def test_a_bucket_that_vanishes_is_reported_and_the_rerun_completes(
    client: Together, sim: Simulator, s3: Bucket, *, extract: bool
) -> None:
    def removed() -> bool:
        # Not if an object appears in between.
        store_of(s3).remove(store_of(s3).list())
        return httpx.delete(f"{s3.server}/{s3.name}", timeout=PATIENCE).is_success

    def remove(now: object) -> None:
        if getattr(now, "done", 0) >= MIDDLE and sim.faults:
            wait_until(removed, "the end of the bucket")
            sim.faults.clear()
            sim.release()

    sim.script(Fault(stall=MIDDLE, times=None))
    with pytest.raises(MissingPathError) as caught:
        client.fine_tuning.download(
            LORA_JOB, extract=extract, connections=1, output=s3.url, storage_options=s3.options, progress=remove
        )
    assert exit_of(caught.value) == 4
    assert str(caught.value).startswith(f"{s3.url.rstrip('/')} does not exist (404 NoSuchBucket)")

    httpx.put(f"{s3.server}/{s3.name}", timeout=PATIENCE).raise_for_status()
    check_incomplete(s3)
    check_rerun(client, s3)


def test_requests_that_are_refused_once_each_are_retried(client: Together, s3: Bucket) -> None:
    seen: set[tuple[str, str]] = set()

    def storm(method: str, path: str) -> tuple[int, str] | None:
        new = (method, path) not in seen
        seen.add((method, path))
        return (503, "SlowDown") if new else None

    with front(s3.server, storm) as server:
        check_rerun(client, behind(s3, server.url))


def test_a_store_that_refuses_all_parts_keeps_no_incomplete_upload(
    sim: Simulator, client: Together, s3: Bucket
) -> None:
    def storm(method: str, path: str) -> tuple[int, str] | None:
        return (503, "SlowDown") if is_part(method, path) else None

    with front(s3.server, storm) as server, uploading(sim, behind(s3, server.url), "--extract") as process:
        _, text = process.communicate(timeout=4 * PATIENCE)
    assert process.returncode == 8
    (sentence,) = (line for line in text.splitlines() if line.startswith("error: "))
    assert sentence.endswith("the store responded (503 SlowDown); run it again to resume")
    check_incomplete(s3)
    assert b"<Upload>" not in unfinished(s3)
    check_rerun(client, s3)


@pytest.mark.parametrize(
    ("status", "code", "kind", "exit_code"),
    [
        (403, "InvalidAccessKeyId", StoreCredentialsError, 3),
        (400, "ExpiredToken", StoreCredentialsError, 3),
        (403, "AccessDenied", StorageError, 7),
        (400, "EntityTooLarge", StorageError, 7),
        (404, "NoSuchUpload", MissingPathError, 4),
        (400, "InvalidBlockList", TransferInterruptedError, 8),
    ],
)
@pytest.mark.parametrize(
    ("refused", "extract"),
    [("part", True), ("part", False), ("complete", True), ("complete", False), ("second", True)],
)
def test_a_refusal_in_the_middle_is_named_and_the_rerun_completes(
    client: Together,
    s3: Bucket,
    status: int,
    code: str,
    kind: type[Exception],
    exit_code: int,
    refused: str,
    *,
    extract: bool,
) -> None:
    def refuse(method: str, path: str) -> tuple[int, str] | None:
        complete = method == "POST" and "uploadId" in path
        here = {
            "part": is_part(method, path),
            "complete": complete,
            "second": "model-2" in path and is_part(method, path),
        }
        return (status, code) if here[refused] else None

    with front(s3.server, refuse) as server:
        options = behind(s3, server.url).options
        with pytest.raises(kind) as caught:
            client.fine_tuning.download(LORA_JOB, extract=extract, output=s3.url, storage_options=options)
    assert exit_of(caught.value) == exit_code
    assert code in str(caught.value)
    assert "\n" not in str(caught.value)
    check_incomplete(s3)

    requests: list[tuple[str, str]] = []
    with front(s3.server, lambda method, path: requests.append((method, path))) as server:
        check_rerun(client, behind(s3, server.url))
    if refused == "second":
        # It was complete, and the partial receipt names it.
        assert not any("model-1" in path and method in {"PUT", "POST"} for method, path in requests)
