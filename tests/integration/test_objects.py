"""`download(output="memory://...")`: weights in an object store, whose protocol `tests/cloud` tries on real servers."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from tests.archives import packed
from tests.servers import SocketServer, request_of
from tests.waits import PATIENCE
from together_ext import (
    ArchiveError,
    ConfigurationError,
    RuleError,
    StoreCredentialsError,
    TargetExistsError,
    Together,
    TransferCancelledError,
)
from together_ext.archive.inspect import inspect_files
from together_ext.archive.next_steps import next_steps
from together_ext.archive.weights.layout import Layout
from together_ext.destinations.checking import verify_objects
from together_ext.destinations.object_state import PARTIAL
from together_ext.destinations.store import WRITE_TEST, Store
from together_ext.destinations.urls import parse_url
from together_ext.simulator import DOWNLOAD_PATH, FAILED_JOB, LORA_JOB, BytesArchive, Simulator
from together_ext.simulator.models import model_files

from .conftest import Outcome
from .stores import RECEIPT, content, put

ALIAS = "togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT"
CONFIG = json.dumps({"base_model_name_or_path": ALIAS}).encode()
LARGE = bytes(range(256)) * (80 << 10)
FILES = {"adapter_config.json": CONFIG, "adapter_model.safetensors": LARGE, "deep/er/x.txt": b"x"}


@pytest.fixture(autouse=True)
def _served(sim: Simulator) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(packed(FILES)))


def downloads(sim: Simulator) -> int:
    return sum(request.path.endswith(DOWNLOAD_PATH) for request in sim.requests)


def test_each_file_becomes_an_object_and_the_receipt_names_them(client: Together, url: str) -> None:
    result = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=url)

    assert result.filename == result.extracted_to
    assert result.layout == "adapter"
    assert set(result.files) == FILES.keys()
    found = content(str(result.extracted_to))
    receipt = json.loads(found.pop(RECEIPT))
    assert json.loads(found.pop("adapter_config.json"))["base_model_name_or_path"] == receipt["base_model"]
    assert receipt["base_model"] == "meta-llama/Llama-3.1-8B-Instruct"
    assert found == {name: data for name, data in FILES.items() if name != "adapter_config.json"}
    hashes = {file["path"]: file["sha256"] for file in receipt["files"]}
    assert hashes["adapter_model.safetensors"] == hashlib.sha256(LARGE).hexdigest()


def test_complete_weights_are_not_downloaded_again(sync_client: Together, sim: Simulator, url: str) -> None:
    first = sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=url)
    asked = downloads(sim)
    again = sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=url)

    assert downloads(sim) == asked
    assert (again.extracted_to, again.files, again.resumed_from) == (first.extracted_to, first.files, first.size)


def test_the_archive_becomes_one_object(client: Together, url: str) -> None:
    result = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", output=url)

    assert content(url) == {result.filename.removeprefix(url): packed(FILES)}
    assert re.fullmatch(rf"{url}[^/]+\.tar\.zst", result.filename)
    assert result.sha256 == hashlib.sha256(packed(FILES)).hexdigest()
    again = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", output=url)
    assert again.resumed_from == result.size


def test_a_finished_archive_is_compared_by_its_first_bytes(sync_client: Together, sim: Simulator, url: str) -> None:
    first = sync_client.fine_tuning.download(LORA_JOB, output=url)
    sim.forget()
    again = sync_client.fine_tuning.download(LORA_JOB, output=url)
    assert (again.filename, again.resumed_from) == (first.filename, first.size)
    assert [request.headers.get("range") for request in sim.requests] == [None, "bytes=0-511"]


def test_another_archive_of_the_same_size_is_not_taken_for_the_object(
    sync_client: Together, sim: Simulator, url: str
) -> None:
    archives = [packed({"x": data}) for data in (b"a", b"b")]
    assert len({len(archive) for archive in archives}) == 1
    sim.add_archive(LORA_JOB, BytesArchive(archives[0]))
    place = sync_client.fine_tuning.download(LORA_JOB, output=url).filename
    sim.add_archive(LORA_JOB, BytesArchive(archives[1]))

    with pytest.raises(TargetExistsError, match="differs from the archive"):
        sync_client.fine_tuning.download(LORA_JOB, output=url)
    sync_client.fine_tuning.download(LORA_JOB, output=url, overwrite=True)
    assert content(url) == {place.removeprefix(url): archives[1]}
    # Without a mark, as another program uploads it, only the size can be compared.
    put(url.rstrip("/"), place.removeprefix(url), archives[0])
    assert sync_client.fine_tuning.download(LORA_JOB, output=url).resumed_from == len(archives[0])


def test_an_exact_url_is_that_of_the_weights(sync_client: Together, url: str) -> None:
    result = sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=f"{url}a/b")

    assert result.extracted_to == f"{url}a/b"
    assert content(f"{url}a/b").keys() == {*FILES, RECEIPT}


def test_other_objects_below_the_prefix_are_never_replaced(sync_client: Together, url: str) -> None:
    put(f"{url}mine", "notes.txt", b"mine")
    with pytest.raises(TargetExistsError, match=r"notes\.txt"):
        sync_client.fine_tuning.download(
            LORA_JOB, checkpoint_type="adapter", extract=True, output=f"{url}mine", overwrite=True
        )
    assert content(f"{url}mine") == {"notes.txt": b"mine"}


def test_other_weights_are_replaced_only_if_that_is_allowed(sync_client: Together, sim: Simulator, url: str) -> None:
    place = f"{url}x"
    sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=place)
    sim.add_archive(LORA_JOB, BytesArchive(packed({"adapter_config.json": b"{}", "other.safetensors": b"new"})))
    with pytest.raises(TargetExistsError, match="other weights"):
        sync_client.fine_tuning.download(f"{LORA_JOB}:500", checkpoint_type="adapter", extract=True, output=place)
    sync_client.fine_tuning.download(
        f"{LORA_JOB}:500", checkpoint_type="adapter", extract=True, output=place, overwrite=True
    )

    assert content(place).keys() == {"adapter_config.json", "other.safetensors", RECEIPT}


def test_an_interrupted_upload_has_no_receipt_and_a_rerun_skips_what_is_uploaded(
    sync_client: Together, sim: Simulator, url: str
) -> None:
    first, second = secrets.token_bytes(9 << 20), secrets.token_bytes(9 << 20)
    sim.add_archive(
        LORA_JOB, BytesArchive(packed({"a.safetensors": first, "b.safetensors": second, "config.json": b"{}"}))
    )

    class StopError(Exception):
        pass

    def stop(now: object) -> None:
        if getattr(now, "done", 0) > 10 << 20:
            raise StopError

    with pytest.raises(StopError):
        sync_client.fine_tuning.download(LORA_JOB, extract=True, output=f"{url}x", progress=stop)
    left = content(f"{url}x")
    assert RECEIPT not in left
    assert left.keys() <= {"a.safetensors", PARTIAL}
    # As a run leaves it that was killed after the first file.
    put(f"{url}x", "a.safetensors", first)
    document = json.loads(left[PARTIAL])
    document["files"] = [{"path": "a.safetensors", "size": len(first), "sha256": hashlib.sha256(first).hexdigest()}]
    put(f"{url}x", PARTIAL, json.dumps(document).encode())
    before = Store(parse_url(f"{url}x", "url")).list()["a.safetensors"]

    sync_client.fine_tuning.download(LORA_JOB, extract=True, output=f"{url}x")

    assert content(f"{url}x").keys() == {"a.safetensors", "b.safetensors", "config.json", RECEIPT}
    # An entity tag of this store changes with each upload.
    assert Store(parse_url(f"{url}x", "url")).list()["a.safetensors"] == before


def test_an_object_of_another_run_with_another_hash_is_uploaded_again(sync_client: Together, url: str) -> None:
    place = f"{url}x"
    sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=place)
    receipt = json.loads(content(place)[RECEIPT])
    wrong = bytes(len(LARGE))
    for file in receipt["files"]:
        del file["etag"]
        if file["path"] == "adapter_model.safetensors":
            file["sha256"] = hashlib.sha256(wrong).hexdigest()
    put(place, "adapter_model.safetensors", wrong)
    put(place, PARTIAL, json.dumps(receipt).encode())
    Store(parse_url(place, "url")).remove([RECEIPT])

    sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=place)

    assert content(place)["adapter_model.safetensors"] == LARGE


def test_a_receipt_with_an_invalid_entity_tag_proves_nothing(sync_client: Together, url: str) -> None:
    place = f"{url}x"
    sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=place)
    receipt = json.loads(content(place)[RECEIPT])
    receipt["files"][0]["etag"] = []
    put(place, RECEIPT, json.dumps(receipt).encode())
    assert verify_objects(place, quick=True).changed == (receipt["files"][0]["path"],)


def test_the_object_of_a_killed_write_test_is_ignored(sync_client: Together, url: str) -> None:
    put(f"{url}w", WRITE_TEST, b"")
    sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=f"{url}w")
    put(f"{url}w", WRITE_TEST, b"")
    assert verify_objects(f"{url}w").good


@pytest.mark.parametrize("value", [5, None])
def test_a_storage_option_that_is_not_text_is_refused(sync_client: Together, sim: Simulator, value: object) -> None:
    options: dict[str, Any] = {"timeout": value}
    with pytest.raises(RuleError, match="timeout"):
        sync_client.fine_tuning.download(LORA_JOB, output="s3://bucket/x/", storage_options=options)
    assert not sim.requests


@pytest.mark.parametrize("files", [{"../x": b"", "config.json": b"{}"}, {"config.json": b"{}", "a": LARGE, "A": b""}])
def test_a_refused_archive_leaves_nothing(
    sync_client: Together, sim: Simulator, url: str, files: Mapping[str, bytes]
) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(packed(files)))
    with pytest.raises(ArchiveError):
        sync_client.fine_tuning.download(LORA_JOB, extract=True, output=url)
    assert content(url) == {}


def test_a_first_folder_that_is_not_the_only_one_keeps_its_name(
    sync_client: Together, sim: Simulator, url: str
) -> None:
    files = {
        "1_Pooling/config.json": b"{}",
        "1_Pooling/big": LARGE,
        "1_Pooling/together-ext.json": b"1",
        "config.json": b"{}",
    }
    sim.add_archive(LORA_JOB, BytesArchive(packed(files, top="")))
    result = sync_client.fine_tuning.download(LORA_JOB, extract=True, output=f"{url}x")
    found = content(f"{url}x")
    assert set(result.files) == files.keys()
    assert {name: data for name, data in found.items() if name != RECEIPT} == files


@pytest.mark.parametrize(
    ("output", "options"),
    [
        ("memory://", {}),
        ("memory://user:secret@bucket/x", {}),
        ("memory://bucket/../x", {}),
        ("az://bucket/a\\b", {}),
        ("memory://bucket/x/", {"extract": True, "keep_archive": True}),
        ("memory://bucket/x/", {"extract": True, "spool": True}),
        ("x/", {"storage_options": {"endpoint": "secret"}}),
        ("ftp://bucket/x", {}),
        ("S3://bucket/x", {}),
    ],
)
def test_a_bad_url_or_option_is_refused_before_any_request(
    sync_client: Together, sim: Simulator, output: str, options: Mapping[str, object]
) -> None:
    with pytest.raises(RuleError) as caught:
        sync_client.fine_tuning.download(LORA_JOB, output=output, **options)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)
    assert not sim.requests


def test_an_unknown_storage_option_is_named_and_its_value_is_not(sync_client: Together) -> None:
    with pytest.raises(ConfigurationError, match=r"\(nonsense\)") as caught:
        sync_client.fine_tuning.download(LORA_JOB, output="s3://bucket/x/", storage_options={"nonsense": "secret"})
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("bucket", "options", "problem"),
    [
        ("az://bucket", {}, "no credentials for az://bucket were found: set AZURE_STORAGE_ACCOUNT_NAME and"),
        (
            "az://bucket",
            {"account_name": "x", "account_key": "*secret*"},
            "the credentials for az://bucket cannot be read",
        ),
        ("az://bucket", {"account_name": "x", "sas_key": "secret"}, "check AZURE_STORAGE_ACCOUNT_NAME and"),
        ("gs://bucket", {"service_account": "/secret"}, "cannot be read: check GOOGLE_APPLICATION_CREDENTIALS, or"),
        ("gs://bucket", {"service_account_key": "secret"}, "cannot be read: check GOOGLE_APPLICATION_CREDENTIALS, or"),
        ("s3://bucket", {"access_key_id": "secret"}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or"),
        ("s3://bucket", {"secret_access_key": "secret"}, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or"),
    ],
)
def test_incomplete_or_unusable_credentials_name_their_variables(
    sync_client: Together, sim: Simulator, bucket: str, options: Mapping[str, str], problem: str
) -> None:
    with pytest.raises(StoreCredentialsError) as caught:
        sync_client.fine_tuning.download(LORA_JOB, output=f"{bucket}/x/", storage_options=options)
    assert problem in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None
    assert sim.bytes_sent == 0


def test_a_cancelled_upload_is_resumed(sync_client: Together, url: str) -> None:
    def stop(_: object) -> None:
        raise TransferCancelledError

    with pytest.raises(TransferCancelledError):
        sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=url, progress=stop)
    assert RECEIPT not in "".join(content(url))
    result = sync_client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, output=url)
    assert content(str(result.extracted_to)).keys() == {*FILES, RECEIPT}


def test_the_command_line_uploads_verifies_and_inspects(
    command: Callable[..., Outcome], folder: Path, sim: Simulator, url: str
) -> None:
    weights = {name.rpartition("/")[2]: data for name, data in model_files("seed").items()}
    sim.add_archive(LORA_JOB, BytesArchive(packed(weights)))
    done = command("ft", "download", LORA_JOB, "-o", url.rstrip("/"), "--extract", "--quiet")
    place = done.out.strip()
    assert (done.code, place.startswith(url)) == (0, True)
    assert not any(folder.iterdir())

    assert command("verify", place).out.startswith("OK")
    assert command("verify", place, "--quick").out.startswith("OK")
    seen = json.loads(command("inspect", place, "--json").out)
    assert seen["layout"] == "model"
    assert seen["tensors"] > 0

    name = next(name for name in weights if name.endswith(".safetensors"))
    Store(parse_url(place, "url")).put(name, b"x" * len(weights[name]))
    put(place, "more.txt", b"")
    Store(parse_url(place, "url")).remove(["config.json"])
    for options in ((), ("--quick",)):
        outcome = command("verify", place, *options)
        assert outcome.code == 6
        assert "1 missing, 1 changed, 1 extra" in outcome.err


def test_the_command_line_refuses_what_does_not_fit(command: Callable[..., Outcome], sim: Simulator, url: str) -> None:
    for arguments in (
        ("ft", "download", LORA_JOB, "--output", url),
        ("ft", "download", LORA_JOB, "-o", "s3://bucket", "--storage-option", "secret"),
        ("ft", "download", LORA_JOB, "-o", "x", "--storage-option", "secret_access_key=secret"),
        ("verify", "x", "--quick"),
        ("inspect", "x", "--storage-option", "a=secret"),
        ("ft", "download", LORA_JOB, "-o", "ftp://bucket"),
    ):
        outcome = command(*arguments)
        assert outcome.code == 2, arguments
        assert "secret" not in outcome.err.replace("secret_access_key", "")
    assert not sim.requests
    assert command("verify", f"{url}nothing").code == 4
    put(f"{url}some", "x", b"")
    assert command("verify", f"{url}some").code == 6


def test_a_model_in_s3_is_loaded_by_vllm_as_a_stream() -> None:
    found = replace(inspect_files([]), layout=Layout.MODEL, configured=True)
    (step,) = next_steps("s3://bucket/my models/x", found)
    assert step.command == "vllm serve 's3://bucket/my models/x/' --load-format runai_streamer"
    assert next_steps("gs://bucket/x", found) == ()


@pytest.fixture
def ended() -> Iterator[threading.Event]:
    """Set when a call has ended; meanwhile, Ctrl-C is `KeyboardInterrupt`, which pytest-xdist changes."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield threading.Event()
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("call", ["download", "extract", "verify"])
def test_ctrl_c_ends_the_wait_for_a_store_that_does_not_respond(
    sync_client: Together, sim: Simulator, ended: threading.Event, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.delenv("SSL_CERT_DIR")  # obstore refuses an empty folder
    late = threading.Event()

    def talk(connection: socket.socket, number: int) -> None:
        request_of(connection)
        if not number:
            signal.raise_signal(signal.SIGINT)
        if not ended.wait(PATIENCE):
            late.set()

    with SocketServer(talk) as server:
        options = {"endpoint": f"http://{server.host}", "access_key_id": "K", "secret_access_key": "S", "region": "r"}
        download = partial(sync_client.fine_tuning.download, LORA_JOB, output="s3://bucket/", storage_options=options)
        run: dict[str, Callable[[], object]] = {
            "download": download,
            "extract": partial(download, extract=True),
            "verify": partial(verify_objects, "s3://bucket/x", storage_options=options),
        }
        with pytest.raises(KeyboardInterrupt):
            run[call]()
        ended.set()
    assert not late.is_set()
    assert downloads(sim) == 0


# Many -----------------------------------------------------------------------------------------------------------------


class Pickling(Executor):
    """Runs what another process would get: a copy by way of pickle."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def submit(self, work: Callable[..., object], /, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
        self.shown.append(repr(work))
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(pickle.loads(pickle.dumps(work)))  # noqa: S301 -- made here


@pytest.mark.parametrize("extract", [True, False])
def test_many_downloads_go_below_one_prefix(client: Together, sim: Simulator, url: str, *, extract: bool) -> None:
    names = [LORA_JOB, f"{LORA_JOB}:500", FAILED_JOB]

    def run() -> dict[str, str | None]:
        found = client.fine_tuning.download_many(names, output=f"{url}all", extract=extract, checkpoint_type="adapter")
        return {outcome.name: None if outcome.result is None else outcome.result.filename for outcome in found}

    first = run()
    good = [str(first[name]).removeprefix(f"{url}all/") for name in names[:2]]
    expected = {f"{name}/{file}" for name in good for file in (*FILES, RECEIPT)} if extract else set(good)
    assert content(f"{url}all").keys() == expected
    assert first[FAILED_JOB] is None
    asked = downloads(sim)
    assert run() == first
    assert not extract or downloads(sim) == asked


def test_an_executor_gets_the_storage_options_and_does_not_show_them(
    sync_client: Together, sim: Simulator, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    executor = Pickling()
    options = MappingProxyType({"secret_access_key": "secret-of-the-test"})
    (outcome,) = sync_client.fine_tuning.download_many(
        [LORA_JOB], output=url, checkpoint_type="adapter", extract=True, storage_options=options, executor=executor
    )
    assert content(outcome.unwrap().filename).keys() == {*FILES, RECEIPT}
    assert len(executor.shown) == 1
    assert "secret-of-the-test" not in executor.shown[0]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_no_download_writes_to_the_prefix_of_another(
    sync_client: Together, sim: Simulator, url: str, monkeypatch: pytest.MonkeyPatch, *, elsewhere: bool
) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    for job in ("ft-a", "ft-b"):
        sim.add_job(job, archive=BytesArchive(packed(FILES)), model_output_name="acme/same")
    for names, problem in (
        (["ft-a", "ft-b"], "one output name"),
        ([f"{LORA_JOB}:500", f"{LORA_JOB}:0500"], "same archive"),
    ):
        found = sync_client.fine_tuning.download_many(
            names, output=url, checkpoint_type="adapter", extract=True, executor=Pickling() if elsewhere else None
        )
        good, bad = sorted(found, key=lambda outcome: outcome.error is not None)
        assert content(good.unwrap().filename)
        assert isinstance(bad.error, TargetExistsError)
        assert problem in str(bad.error)
        assert good.name in str(bad.error)


@pytest.mark.parametrize(
    "options",
    [
        {"output": "memory://user:secret@bucket/x"},
        {"output": "memory://bucket/x", "extract": True, "keep_archive": True},
        {"output": "memory://bucket/x", "executor": {"host": Pickling()}},
        {"output": "x", "storage_options": {"endpoint": "secret"}},
    ],
)
def test_many_downloads_refuse_what_does_not_fit(
    sync_client: Together, sim: Simulator, options: Mapping[str, object]
) -> None:
    with pytest.raises(RuleError) as caught:
        sync_client.fine_tuning.download_many([LORA_JOB], **options)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)
    assert not sim.requests


def test_the_command_line_uploads_many_and_has_their_hashes_in_the_manifest(
    command: Callable[..., Outcome], folder: Path, url: str
) -> None:
    ids = (LORA_JOB, f"{LORA_JOB}:500")
    done = command("ft", "download", *ids, "-o", url.rstrip("/"), "-c", "adapter", "--extract", "--manifest", "m.jsonl")
    assert done.code == 0
    assert {line.split("\t")[1] for line in done.out.splitlines()} == set(ids)
    for line in (folder / "m.jsonl").read_text().splitlines():
        entry = json.loads(line)
        found = content(entry["result"]["extracted_to"])
        hashes = {file["path"]: file["sha256"] for file in entry["files"]}
        assert hashes == {name: hashlib.sha256(data).hexdigest() for name, data in found.items() if name != RECEIPT}
