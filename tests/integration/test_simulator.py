"""The simulator over real sockets: what clients of the real service see, and what tests can make go wrong."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
import safetensors
from safetensors.numpy import load

from together_ext.simulator import (
    DPO_JOB,
    FAILED_JOB,
    FULL_JOB,
    LORA_JOB,
    RUNNING_JOB,
    STORAGE_PATH,
    BytesArchive,
    Fault,
    Simulator,
    SyntheticArchive,
)
from together_ext.simulator.catalog import MODEL, TRAINING_FILE
from together_ext.simulator.models import Form, adapter_files
from together_generated import AuthenticatedClient
from together_generated.api.fine_tuning import (
    cancel_fine_tune,
    create_fine_tune,
    delete_fine_tune,
    download_fine_tune,
    list_fine_tune_checkpoints,
    list_fine_tune_events,
    list_fine_tunes,
    retrieve_fine_tune,
)
from together_generated.models import (
    DownloadCheckpoint,
    FinetuneCreateRequest,
    FinetuneEventType,
    FinetuneJobStatus,
    FinetuneResponse,
    FullTrainingType,
    LoRATrainingType,
    TrainingMethodDPO,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ADAPTER = {"ft_id": LORA_JOB, "checkpoint": "adapter"}
MERGED = {"ft_id": LORA_JOB, "checkpoint": "merged"}
SMALL = b"\x28\xb5\x2f\xfd\x20\x5b\xd9\x02\x00" + bytes(range(91))


@pytest.fixture(autouse=True)
def _the_server_has_nothing_to_complain_about(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Its errors are logged in another thread, where they fail no test by themselves."""
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A simulator whose LoRA job has small weights, so that tests can look at each byte."""
    with Simulator() as simulator:
        simulator.add_archive(LORA_JOB, SMALL)
        yield simulator


@pytest.fixture(scope="module")
def real() -> Iterator[Simulator]:
    """A simulator as it comes, shared by tests that only read."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def http(sim: Simulator) -> Iterator[httpx.Client]:
    """A client with the key."""
    with httpx.Client(base_url=sim.url, headers=key_of(sim), timeout=5, verify=False) as client:  # noqa: S501
        yield client


@pytest.fixture
def api(sim: Simulator) -> Iterator[AuthenticatedClient]:
    """The generated client, as the handwritten layer uses it."""
    with generated(sim) as client:
        yield client


@pytest.fixture(scope="module")
def real_api(real: Simulator) -> Iterator[AuthenticatedClient]:
    """The same for the simulator that is shared."""
    with generated(real) as client:
        yield client


def generated(sim: Simulator) -> AuthenticatedClient:
    """A generated client that raises what it does not know."""
    return AuthenticatedClient(sim.url, sim.api_key, raise_on_unexpected_status=True, verify_ssl=False)


# Nothing here speaks TLS, and loading the certificates for it would take most of the time of most tests.
PLAIN = httpx.Client(timeout=5, verify=False)  # noqa: S501


@pytest.fixture(scope="module", autouse=True)
def _plain_is_closed() -> Iterator[None]:
    yield
    PLAIN.close()


def key_of(sim: Simulator) -> dict[str, str]:
    """The header that opens the door."""
    return {"Authorization": f"Bearer {sim.api_key}"}


def download(sim: Simulator, **query: object) -> httpx.Response:
    """One download."""
    params = {name: str(value) for name, value in query.items()}
    return PLAIN.get(f"{sim.url}/finetune/download", params=params, headers=key_of(sim))


def collect(answer: httpx.Response, got: bytearray) -> None:
    """Keep what arrives, however it ends."""
    for piece in answer.iter_raw():
        got += piece


def unpack(content: bytes) -> dict[str, bytes]:
    """The regular files of a ``.tar.zst``."""
    with tarfile.open(fileobj=io.BytesIO(zstd.decompress(content))) as archive:
        return {member.name: file.read() for member in archive if (file := archive.extractfile(member)) is not None}


class TestOperations:
    """The eight operations, through the generated functions."""

    def test_list_has_every_kind_of_job(self, real_api: AuthenticatedClient) -> None:
        """Completed, running and failed; LoRA and full; SFT and DPO."""
        answer = list_fine_tunes.sync(client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        jobs = {job.id: job for job in answer.data}
        assert {job_id: jobs[job_id].status for job_id in (LORA_JOB, FULL_JOB, DPO_JOB, RUNNING_JOB, FAILED_JOB)} == {
            LORA_JOB: FinetuneJobStatus.COMPLETED,
            FULL_JOB: FinetuneJobStatus.COMPLETED,
            DPO_JOB: FinetuneJobStatus.COMPLETED,
            RUNNING_JOB: FinetuneJobStatus.RUNNING,
            FAILED_JOB: FinetuneJobStatus.ERROR,
        }
        assert isinstance(jobs[FULL_JOB].training_type, FullTrainingType)
        assert isinstance(jobs[LORA_JOB].training_type, LoRATrainingType)
        assert isinstance(jobs[DPO_JOB].training_method, TrainingMethodDPO)

    def test_retrieve_returns_all_fields(self, real: Simulator, real_api: AuthenticatedClient) -> None:
        """Every field of the specification is there, with the types that real servers send."""
        job = retrieve_fine_tune.sync(LORA_JOB, client=real_api)
        assert isinstance(job, FinetuneResponse)
        assert job.model_output_name == "acme-research/Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d"
        assert job.batch_size == "max"
        assert isinstance(job.total_price, float)
        raw = PLAIN.get(f"{real.url}/fine-tunes/{LORA_JOB}", headers=key_of(real)).json()
        assert set(raw) == set(FinetuneResponse.from_dict(raw).to_dict())
        assert not FinetuneResponse.from_dict(raw).additional_properties
        assert "." in raw["created_at"]

    def test_events_come_in_order(self, real_api: AuthenticatedClient) -> None:
        """From the request to the end."""
        answer = list_fine_tune_events.sync(LORA_JOB, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        types = [event.type_ for event in answer.data]
        assert types[0] == FinetuneEventType.JOB_PENDING
        assert types.count(FinetuneEventType.CHECKPOINT_SAVE) == 3
        assert types[-1] == FinetuneEventType.JOB_COMPLETE

    def test_an_old_server_has_upper_case_types_and_no_levels(self, real_api: AuthenticatedClient) -> None:
        """The full job's events have upper-case types and null for a level."""
        answer = list_fine_tune_events.sync(FULL_JOB, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        assert answer.data[0].type_ == "JOB_PENDING"
        assert answer.data[0].level is None

    def test_a_failed_job_has_a_reason(self, real_api: AuthenticatedClient) -> None:
        """In its last event."""
        answer = list_fine_tune_events.sync(FAILED_JOB, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        assert answer.data[-1].type_ == FinetuneEventType.JOB_ERROR
        assert "line 118" in str(answer.data[-1].message)

    @pytest.mark.parametrize(
        ("job_id", "steps"),
        [
            (LORA_JOB, [(250, False), (500, False), (750, False), (1000, True)]),
            (FULL_JOB, [(100, False), (200, True)]),
            (DPO_JOB, [(60, False), (120, True)]),
            (RUNNING_JOB, [(200, False)]),
            (FAILED_JOB, []),
        ],
    )
    def test_checkpoints_are_intermediate_or_final(
        self, real_api: AuthenticatedClient, job_id: str, steps: list[tuple[int, bool]]
    ) -> None:
        """The steps that the package promises."""
        answer = list_fine_tune_checkpoints.sync(job_id, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        assert [(item.step, item.checkpoint_type == "Final") for item in answer.data] == steps

    def test_a_new_server_has_more_fields_of_checkpoints(self, real_api: AuthenticatedClient) -> None:
        """The DPO job's have the newer fields."""
        answer = list_fine_tune_checkpoints.sync(DPO_JOB, client=real_api)
        assert answer is not None
        assert isinstance(answer.data, list)
        assert str(answer.data[0].object_name).endswith("-step-60")
        assert answer.data[0].checkpoint == "model"

    def test_a_created_job_runs_to_its_end(self, sim: Simulator, api: AuthenticatedClient) -> None:
        """From pending to completed, with checkpoints on the way and weights at the end."""
        body = FinetuneCreateRequest(training_file=TRAINING_FILE, model=MODEL, suffix="mine", n_checkpoints=2)
        job = create_fine_tune.sync(client=api, body=body)
        assert job is not None
        assert job.status == FinetuneJobStatus.PENDING
        assert str(job.model_output_name).startswith("acme-research/Meta-Llama-3.1-8B-Instruct-Reference-mine-")
        states = [sim.advance(job.id) for _ in range(6)]
        assert states == ["queued", "running", "compressing", "uploading", "completed", "completed"]
        assert [item.step for item in sim.job(job.id).checkpoints] == [500, 1000]
        assert download(sim, ft_id=job.id, checkpoint="adapter").status_code == 200

    def test_a_job_can_be_moved_to_a_state(self, sim: Simulator) -> None:
        """Or as far as it goes."""
        assert sim.advance(RUNNING_JOB, to="uploading") == "uploading"
        assert sim.advance(RUNNING_JOB, to="no such state") == "completed"
        assert sim.advance(sim.add_job(status="hibernating"), to="completed") == "hibernating"

    def test_cancel_is_requested_first(self, sim: Simulator, api: AuthenticatedClient) -> None:
        """The job ends at its next step."""
        job = cancel_fine_tune.sync(RUNNING_JOB, client=api)
        assert job is not None
        assert job.status == FinetuneJobStatus.CANCEL_REQUESTED
        assert sim.advance(RUNNING_JOB) == "cancelled"

    def test_a_deleted_job_no_longer_exists(self, sim: Simulator, api: AuthenticatedClient, http: httpx.Client) -> None:
        """From each operation."""
        answer = delete_fine_tune.sync(LORA_JOB, client=api)
        assert answer is not None
        assert LORA_JOB in str(answer.message)
        assert http.get(f"/fine-tunes/{LORA_JOB}").status_code == 404
        assert http.get("/finetune/download", params=MERGED).status_code == 404
        assert LORA_JOB not in {job["id"] for job in http.get("/fine-tunes").json()["data"]}
        with pytest.raises(KeyError):
            sim.job(LORA_JOB)

    def test_download_through_the_generated_client(self, api: AuthenticatedClient) -> None:
        """The whole archive."""
        answer = download_fine_tune.sync_detailed(client=api, ft_id=LORA_JOB, checkpoint=DownloadCheckpoint.MERGED)
        assert answer.content == SMALL

    def test_the_version_in_the_path_is_optional(self, sim: Simulator) -> None:
        """Base URLs of both kinds work; the record distinguishes them."""
        headers = key_of(sim)
        for base in (sim.url, sim.url.removesuffix("/v1")):
            assert PLAIN.get(f"{base}/fine-tunes", headers=headers).status_code == 200
        assert [request.path for request in sim.requests] == ["/fine-tunes", "/fine-tunes"]
        assert [request.target for request in sim.requests] == ["/v1/fine-tunes", "/fine-tunes"]


class TestErrors:
    """Requests that the API refuses."""

    @pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", "Basic KEY", "Bearer schlüssel"])
    def test_every_operation_needs_the_key(self, sim: Simulator, header: str | None) -> None:
        """401 for none and for a wrong one."""
        headers = {} if header is None else {b"Authorization": header.replace("KEY", sim.api_key).encode()}
        for method, path in [
            ("GET", "/fine-tunes"),
            ("POST", "/fine-tunes"),
            ("GET", f"/fine-tunes/{LORA_JOB}"),
            ("DELETE", f"/fine-tunes/{LORA_JOB}"),
            ("POST", f"/fine-tunes/{RUNNING_JOB}/cancel"),
            ("GET", f"/fine-tunes/{LORA_JOB}/events"),
            ("GET", f"/fine-tunes/{LORA_JOB}/checkpoints"),
            ("GET", f"/finetune/download?ft_id={LORA_JOB}&checkpoint=merged"),
        ]:
            answer = PLAIN.request(method, f"{sim.url}{path}", headers=headers)
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "invalid_api_key"

    @pytest.mark.parametrize("job", [LORA_JOB, FULL_JOB, DPO_JOB])
    def test_an_id_alone_gets_the_final_weights_in_the_default_form(self, real: Simulator, job: str) -> None:
        """As the documentation's own samples request them."""
        answer = download(real, ft_id=job)
        assert answer.status_code == 200
        form: Form = "model_output_path" if job == FULL_JOB else "merged"
        assert answer.headers["etag"] == real.archive(job, form=form).etag

    def test_what_a_creator_leaves_out_is_filled_in_as_documented(self, sim: Simulator, http: httpx.Client) -> None:
        made = http.post("/fine-tunes", json={"training_file": TRAINING_FILE, "model": MODEL}).json()
        assert (made["training_type"]["type"], made["training_type"]["lora_r"]) == ("Lora", 64)
        assert made["training_type"]["lora_alpha"] == 16
        assert (made["warmup_ratio"], made["n_checkpoints"], made["batch_size"]) == (0, 1, "max")
        sim.advance(made["id"], to="completed")
        assert len(http.get(f"/fine-tunes/{made['id']}/checkpoints").json()["data"]) == 1

    def test_the_settings_of_an_adapter_are_the_default_ones(self) -> None:
        found = json.loads(adapter_files("seed")["adapter_config.json"])
        assert (found["r"], found["lora_alpha"]) == (64, 16)

    @pytest.mark.parametrize(
        ("query", "status", "words"),
        [
            ({}, 400, "ft_id is required"),
            ({"ft_id": "ft-unknown", "checkpoint": "merged"}, 404, "ft-unknown not found"),
            ({"ft_id": LORA_JOB, "checkpoint": "model_output_path"}, 400, "merged, adapter"),
            ({"ft_id": LORA_JOB, "checkpoint": "default"}, 400, "merged, adapter"),
            ({"ft_id": FULL_JOB, "checkpoint": "merged"}, 400, "model_output_path"),
            ({"ft_id": FULL_JOB, "checkpoint": "adapter"}, 400, "model_output_path"),
            ({"ft_id": LORA_JOB, "checkpoint_step": "last"}, 400, "whole number"),
            ({"ft_id": LORA_JOB, "checkpoint_step": "-1"}, 400, "whole number"),
            ({"ft_id": LORA_JOB, "checkpoint_step": "501"}, 404, "no checkpoint at step 501"),
            ({"ft_id": RUNNING_JOB, "checkpoint": "merged"}, 400, "is running"),
            ({"ft_id": RUNNING_JOB, "checkpoint_step": "400"}, 404, "step 400"),
            ({"ft_id": FAILED_JOB, "checkpoint": "adapter"}, 400, "is error"),
        ],
    )
    def test_an_invalid_download_is_refused(
        self, real: Simulator, query: dict[str, str], status: int, words: str
    ) -> None:
        """Each in the real service's form."""
        answer = download(real, **query)
        error = answer.json()["error"]
        assert answer.status_code == status
        assert words in error.pop("message")
        assert set(error) == {"type", "param", "code"}
        assert error["type"] == "invalid_request_error"

    @pytest.mark.parametrize("path", ["", "/events", "/checkpoints", "/cancel"])
    def test_an_unknown_job(self, http: httpx.Client, path: str) -> None:
        """404 from each operation."""
        answer = http.request("POST" if path == "/cancel" else "GET", f"/fine-tunes/ft-unknown{path}")
        assert answer.status_code == 404
        assert "ft-unknown" in answer.json()["error"]["message"]

    @pytest.mark.parametrize("job_id", [LORA_JOB, FAILED_JOB])
    def test_what_has_ended_cannot_be_cancelled(self, http: httpx.Client, job_id: str) -> None:
        """400."""
        assert http.post(f"/fine-tunes/{job_id}/cancel").status_code == 400

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", "JSON object"),
            (b"\xff", "JSON object"),
            (b"[]", "JSON object"),
            (b'{"model": "m"}', "training_file"),
            (b'{"training_file": "file-1"}', "model"),
            (b'{"training_file": "file-1", "model": ""}', "model"),
        ],
    )
    def test_a_job_needs_a_file_and_a_model(self, http: httpx.Client, body: bytes, words: str) -> None:
        """400 that names what is missing."""
        answer = http.post("/fine-tunes", content=body)
        assert answer.status_code == 400
        assert words in answer.json()["error"]["message"]

    @pytest.mark.parametrize(
        ("path", "field", "value"),
        [
            ("/fine-tunes", "training_file", "file-unknown"),
            ("/fine-tunes", "training_file", "../file"),
            ("/fine-tunes", "validation_file", "file-unknown"),
            ("/fine-tunes", "model", "acme/Unknown"),
            ("/fine-tunes", "from_checkpoint", "ft-unknown"),
            ("/fine-tunes/estimate-price", "training_file", "file-unknown"),
            ("/fine-tunes/estimate-price", "validation_file", "file-unknown"),
            ("/fine-tunes/estimate-price", "model", "acme/Unknown"),
            ("/endpoints", "model", "acme/Unknown"),
            ("/chat/completions", "model", "acme/Unknown"),
        ],
    )
    def test_a_file_or_a_model_that_does_not_exist_is_refused(
        self, sim: Simulator, http: httpx.Client, path: str, field: str, value: str
    ) -> None:
        """A 404 that names it, and nothing is created; with an existing one the request is accepted."""
        hardware = {"hardware": "1x_nvidia_h100_80gb_sxm", "autoscaling": {"min_replicas": 1, "max_replicas": 1}}
        messages = {"messages": [{"role": "user", "content": "Hello!"}]}
        wanted = {"training_file": TRAINING_FILE, "model": MODEL, **hardware, **messages}
        before = [http.get(listed).json() for listed in ("/fine-tunes", "/endpoints")]
        answer = http.post(path, json={**wanted, field: value})
        assert (answer.status_code, answer.json()["error"]["param"]) == (404, field)
        assert value in answer.json()["error"]["message"]
        assert [http.get(listed).json() for listed in ("/fine-tunes", "/endpoints")] == before
        sim.add_file(file_id=value)
        sim.add_model(value)
        sim.add_job(value)
        assert http.post(path, json={**wanted, field: value}).status_code == 200

    def test_an_unknown_path_or_method_has_a_json_error_too(self, http: httpx.Client) -> None:
        """404 and 405."""
        assert http.get("/images").json()["error"]["message"] == "Not Found"
        assert http.put("/fine-tunes").status_code == 405

    def test_every_response_has_a_unique_request_id(self, http: httpx.Client) -> None:
        """Errors included."""
        answers = [http.get("/fine-tunes"), http.get("/nowhere"), http.get("/finetune/download", params=MERGED)]
        assert len({answer.headers["x-request-id"] for answer in answers}) == 3


class TestArchives:
    """What is inside."""

    def test_a_merged_model_loads(self, real: Simulator) -> None:
        """With the real library: every tensor of the index is in its shard, finite and not all zero."""
        files = unpack(download(real, **MERGED).content)
        index = json.loads(files["model.safetensors.index.json"])
        shards = {name: load(content) for name, content in files.items() if name.endswith(".safetensors")}
        assert len(shards) == 2
        assert {tensor: name for name, shard in shards.items() for tensor in shard} == index["weight_map"]
        tensors = [tensor for shard in shards.values() for tensor in shard.values()]
        assert sum(tensor.nbytes for tensor in tensors) == index["metadata"]["total_size"]
        assert all(np.isfinite(tensor).all() and 0 < np.abs(tensor).max() < 1 for tensor in tensors)
        assert set(files) >= {
            "config.json",
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
        }
        assert (
            json.loads(files["config.json"])["hidden_size"]
            == shards[index["weight_map"]["lm_head.weight"]]["lm_head.weight"].shape[1]
        )

    def test_a_full_model_is_in_bf16(self, real: Simulator, tmp_path: Path) -> None:
        """Two bytes for each weight, according to the real library."""
        files = unpack(download(real, ft_id=FULL_JOB, checkpoint="model_output_path").content)
        path = tmp_path / "shard.safetensors"
        path.write_bytes(files["model-00001-of-00002.safetensors"])
        with safetensors.safe_open(path, framework="numpy") as shard:
            assert {shard.get_slice(name).get_dtype() for name in shard.keys()} == {"BF16"}  # noqa: SIM118 - no mapping

    def test_an_adapter_is_what_peft_saves(self, real: Simulator) -> None:
        """Pairs of matrices of the configured rank, and a base model that cannot be loaded."""
        files = unpack(download(real, **ADAPTER).content)
        config = json.loads(files["adapter_config.json"])
        tensors = load(files["adapter_model.safetensors"])
        assert config["peft_type"] == "LORA"
        assert config["base_model_name_or_path"].endswith("__TOG__FT")
        for name, tensor in tensors.items():
            assert any(f".{module}." in name for module in config["target_modules"])
            assert tensor.shape[0 if "lora_A" in name else 1] == config["r"]
            assert np.abs(tensor).max() > 0
        assert sum("lora_A" in name for name in tensors) == sum("lora_B" in name for name in tensors) == 21

    def test_every_step_and_form_is_different(self, real: Simulator) -> None:
        """And the final step is the final weights."""
        etags = {
            (step, form): real.archive(LORA_JOB, step, form).etag
            for step in (250, 500, 1000)
            for form in ("merged", "adapter")
        }
        assert len(set(etags.values())) == 6
        assert download(real, **MERGED).headers["etag"] == etags[1000, "merged"]
        assert download(real, **ADAPTER, checkpoint_step=500).headers["etag"] == etags[500, "adapter"]
        assert download(real, ft_id=LORA_JOB, checkpoint_step=500).headers["etag"] == etags[500, "merged"]
        assert download(real, ft_id=LORA_JOB, checkpoint_step=1000).headers["etag"] == etags[1000, "merged"]

    def test_every_simulator_serves_the_same_bytes(self, real: Simulator) -> None:
        """A demo looks the same each time."""
        with Simulator() as other:
            assert other.archive(LORA_JOB, form="adapter").etag == real.archive(LORA_JOB, form="adapter").etag

    def test_the_dpo_jobs_archives_have_a_root_folder(self, real: Simulator) -> None:
        """As some real ones do."""
        files = unpack(download(real, ft_id=DPO_JOB, checkpoint="adapter").content)
        assert all(name.startswith("polite/") for name in files)

    def test_a_running_job_has_its_first_checkpoint(self, real: Simulator) -> None:
        """Weights before the end."""
        assert "adapter_config.json" in unpack(
            download(real, ft_id=RUNNING_JOB, checkpoint="adapter", checkpoint_step=200).content
        )

    def test_sizes_make_a_progress_bar_visible(self, real: Simulator) -> None:
        """And weights hardly compress."""
        merged = download(real, **MERGED).content
        assert 4 * 2**20 < len(merged) < 8 * 2**20
        assert 2**20 < real.archive(LORA_JOB, form="adapter").size < 4 * 2**20
        assert len(merged) > 0.85 * len(zstd.decompress(merged))


class TestRanges:
    """RFC 9110, on the wire."""

    def test_a_complete_archive_has_all_headers_that_a_downloader_needs(self, http: httpx.Client) -> None:
        """Size, type, ranges and both validators; the strong one is the digest."""
        answer = http.get("/finetune/download", params=MERGED)
        assert answer.status_code == 200
        assert answer.content == SMALL
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-length"] == "100"
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["etag"] == f'"{hashlib.sha256(SMALL).hexdigest()}"'
        assert answer.headers["last-modified"] == "Thu, 01 Jan 2026 00:00:00 GMT"

    @pytest.mark.parametrize(
        ("asked", "told", "start", "stop"),
        [
            ("bytes=0-1", "bytes 0-1/100", 0, 2),
            ("bytes=90-", "bytes 90-99/100", 90, 100),
            ("bytes=-7", "bytes 93-99/100", 93, 100),
            ("bytes=50-1000", "bytes 50-99/100", 50, 100),
        ],
    )
    def test_a_part(self, http: httpx.Client, asked: str, told: str, start: int, stop: int) -> None:
        """206 with the bytes and where they are."""
        answer = http.get("/finetune/download", params=MERGED, headers={"Range": asked})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == told
        assert answer.headers["content-length"] == str(stop - start)
        assert answer.content == SMALL[start:stop]

    def test_a_part_beyond_the_end(self, http: httpx.Client) -> None:
        """416 with the size."""
        answer = http.get("/finetune/download", params=MERGED, headers={"Range": "bytes=100-"})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == "bytes */100"

    @pytest.mark.parametrize(
        ("condition", "status"),
        [
            (f'"{hashlib.sha256(SMALL).hexdigest()}"', 206),
            (f'W/"{hashlib.sha256(SMALL).hexdigest()}"', 200),
            ('"another"', 200),
            ("Thu, 01 Jan 2026 00:00:00 GMT", 206),
            ("Thu, 01 Jan 2026 00:00:09 GMT", 200),
        ],
    )
    def test_a_part_of_the_known_version(self, http: httpx.Client, condition: str, status: int) -> None:
        """If-Range: the part if it is still that version, else everything."""
        headers = {"Range": "bytes=10-19", "If-Range": condition}
        answer = http.get("/finetune/download", params=MERGED, headers=headers)
        assert answer.status_code == status
        assert answer.content == (SMALL[10:20] if status == 206 else SMALL)

    def test_head_is_get_without_the_body(self, sim: Simulator, http: httpx.Client) -> None:
        """And without ranges, which are for GET."""
        answer = http.head("/finetune/download", params=MERGED, headers={"Range": "bytes=0-1"})
        assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "100", b"")
        assert sim.bytes_sent == 0


class TestRecords:
    """The simulator remembers."""

    def test_requests_are_recorded_as_received(self, sim: Simulator, http: httpx.Client) -> None:
        """All that a test may want to look at."""
        http.post("/fine-tunes?a=1&b=", content=b'{"x": 1}', headers={"X-Some": "Thing"})
        request = sim.requests[-1]
        assert (request.method, request.path, request.target) == ("POST", "/fine-tunes", "/v1/fine-tunes?a=1&b=")
        assert request.query == {"a": "1", "b": ""}
        assert request.headers["x-some"] == "Thing"
        assert (request.body, request.status, request.sent) == (b'{"x": 1}', 400, 0)

    def test_bytes_are_counted(self, sim: Simulator, http: httpx.Client) -> None:
        """For each request and in all, until it shall be forgotten."""
        http.get("/finetune/download", params=MERGED)
        http.get("/finetune/download", params=MERGED, headers={"Range": "bytes=0-9"})
        assert [(request.status, request.sent) for request in sim.requests] == [(200, 100), (206, 10)]
        assert sim.bytes_sent == 110
        sim.forget()
        assert (sim.requests, sim.bytes_sent) == ([], 0)

    def test_a_wait_for_a_missing_request_ends(self, sim: Simulator) -> None:
        """Ends with an error."""
        with pytest.raises(TimeoutError):
            sim.wait_until(lambda it: it.bytes_sent > 0, timeout=0.01)


class TestFaults:
    """What tests can make go wrong."""

    def test_a_fault_can_replace_the_response(self, sim: Simulator, http: httpx.Client) -> None:
        """Any status, headers and body; then all is well again."""
        sim.script(
            Fault(status=429, headers={"retry-after": "7"}),
            Fault(status=200, body=b"<html>", headers={"content-type": "text/html"}),
            Fault(status=503, times=2),
        )
        answers = [http.get("/finetune/download", params=MERGED) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [429, 200, 503, 503, 200]
        assert answers[0].headers["retry-after"] == "7"
        assert (answers[1].headers["content-type"], answers[1].content) == ("text/html", b"<html>")
        assert answers[4].content == SMALL
        assert all("x-request-id" in answer.headers for answer in answers)

    def test_a_fault_can_replace_the_response_of_another_path(self, sim: Simulator, http: httpx.Client) -> None:
        """A path of one's own, for ever or until it is cleared."""
        sim.script(Fault(status=500, path=f"/fine-tunes/{LORA_JOB}", times=None))
        assert [http.get(f"/fine-tunes/{LORA_JOB}").status_code for _ in range(3)] == [500] * 3
        assert http.get("/fine-tunes").status_code == 200
        sim.faults.clear()
        assert http.get(f"/fine-tunes/{LORA_JOB}").status_code == 200

    def test_a_redirect_elsewhere(self, sim: Simulator, http: httpx.Client) -> None:
        """To any URL."""
        sim.script(Fault(location="http://127.0.0.1:9/elsewhere"))
        answer = http.get("/finetune/download", params=MERGED)
        assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:9/elsewhere")

    def test_a_fault_can_close_the_connection_without_a_response(self, sim: Simulator, http: httpx.Client) -> None:
        """The connection is reset before the status line."""
        sim.script(Fault(drop=True))
        with pytest.raises(httpx.ReadError):
            http.get("/finetune/download", params=MERGED)
        assert http.get("/finetune/download", params=MERGED).status_code == 200

    @pytest.mark.parametrize("cut", [0, 1, 40, 99])
    def test_a_body_that_ends_early(self, sim: Simulator, http: httpx.Client, cut: int) -> None:
        """All was declared; so much comes, and an orderly end."""
        sim.script(Fault(cut=cut))
        got = bytearray()
        with http.stream("GET", "/finetune/download", params=MERGED) as answer:
            assert answer.headers["content-length"] == "100"
            with pytest.raises(httpx.RemoteProtocolError):
                collect(answer, got)
        assert got == SMALL[:cut]
        assert sim.requests[-1].sent == cut

    def test_a_cut_counts_within_the_range(self, sim: Simulator, http: httpx.Client) -> None:
        """Body bytes, not offsets in the archive."""
        sim.script(Fault(cut=5))
        got = bytearray()
        with (
            http.stream("GET", "/finetune/download", params=MERGED, headers={"Range": "bytes=50-"}) as answer,
            pytest.raises(httpx.RemoteProtocolError),
        ):
            collect(answer, got)
        assert got == SMALL[50:55]

    def test_a_reset_in_the_middle(self, sim: Simulator, http: httpx.Client) -> None:
        """An RST, which is another error than an early end."""
        sim.script(Fault(reset=40))
        with (
            http.stream("GET", "/finetune/download", params=MERGED) as answer,
            pytest.raises(httpx.ReadError, match="reset"),
        ):
            answer.read()
        assert sim.requests[-1].sent == 40

    @pytest.mark.parametrize("stall", [0, 40, 100])
    def test_a_silence_that_ends(self, sim: Simulator, http: httpx.Client, stall: int) -> None:
        """The connection stays open; the rest comes when it is released."""
        sim.script(Fault(stall=stall))
        with http.stream("GET", "/finetune/download", params=MERGED) as answer:
            sim.wait_until(lambda it: it.stalled == 1)
            assert sim.requests[-1].sent == stall
            assert not sim.requests[-1].finished
            sim.release()
            assert answer.read() == SMALL
        sim.wait_until(lambda it: it.stalled == 0 and it.requests[-1].finished)

    def test_a_silence_before_the_response(self, sim: Simulator, http: httpx.Client) -> None:
        """Not even the status line."""
        sim.script(Fault(hold=True))
        with pytest.raises(httpx.ReadTimeout):
            http.get("/finetune/download", params=MERGED, timeout=httpx.Timeout(5, read=0.05))
        sim.wait_until(lambda it: it.requests[-1].finished)  # The client has gone, and the server has noticed.
        assert sim.requests[-1].status is None

    def test_a_range_ignored(self, sim: Simulator, http: httpx.Client) -> None:
        """200 with everything."""
        sim.script(Fault(ignore_range=True))
        answer = http.get("/finetune/download", params=MERGED, headers={"Range": "bytes=5-9"})
        assert (answer.status_code, answer.content) == (200, SMALL)
        assert "accept-ranges" not in answer.headers

    @pytest.mark.parametrize(
        ("fault", "told"),
        [
            (Fault(shift=3), "bytes 8-12/100"),
            (Fault(total=99), "bytes 5-9/99"),
            (Fault(headers={"content-range": "bytes 5-9/*"}), "bytes 5-9/*"),
            (Fault(headers={"content-range": None}), None),
        ],
    )
    def test_a_content_range_that_lies(
        self, sim: Simulator, http: httpx.Client, fault: Fault, told: str | None
    ) -> None:
        """About the place, about the size, or not there."""
        sim.script(fault)
        answer = http.get("/finetune/download", params=MERGED, headers={"Range": "bytes=5-9"})
        assert answer.headers.get("content-range") == told
        assert answer.content == SMALL[5:10]

    def test_a_weak_validator(self, sim: Simulator, http: httpx.Client) -> None:
        """It cannot be a condition."""
        sim.script(Fault(weak_etag=True, times=None))
        etag = http.get("/finetune/download", params=MERGED).headers["etag"]
        assert etag.startswith('W/"')
        headers = {"Range": "bytes=0-1", "If-Range": etag}
        assert http.get("/finetune/download", params=MERGED, headers=headers).status_code == 200

    def test_no_validator(self, sim: Simulator, http: httpx.Client) -> None:
        """Neither of the two."""
        sim.script(Fault(no_validator=True))
        assert not {"etag", "last-modified"} & set(http.get("/finetune/download", params=MERGED).headers)

    def test_no_length(self, sim: Simulator, http: httpx.Client) -> None:
        """Chunked."""
        sim.script(Fault(chunked=True))
        answer = http.get("/finetune/download", params=MERGED)
        assert answer.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in answer.headers
        assert answer.content == SMALL

    def test_a_body_encoded_on_the_way(self, sim: Simulator, http: httpx.Client) -> None:
        """Gzip of the requested bytes."""
        sim.script(Fault(gzip=True))
        with http.stream("GET", "/finetune/download", params=MERGED, headers={"Range": "bytes=10-"}) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert gzip.decompress(b"".join(answer.iter_raw())) == SMALL[10:]

    def test_one_byte_gone_wrong(self, sim: Simulator, http: httpx.Client) -> None:
        """Wherever the range begins, and only there."""
        sim.script(Fault(corrupt=50, times=2))
        expected = SMALL[:50] + bytes([SMALL[50] ^ 0xFF]) + SMALL[51:]
        assert http.get("/finetune/download", params=MERGED).content == expected
        answer = http.get("/finetune/download", params=MERGED, headers={"Range": "bytes=40-59"})
        assert answer.content == expected[40:60]

    def test_a_rebuilt_archive(self, sim: Simulator, http: httpx.Client) -> None:
        """New bytes and new validators from that response on, or on request of a test."""
        query = {"ft_id": DPO_JOB, "checkpoint": "adapter"}
        etags = [http.head("/finetune/download", params=query).headers["etag"]]
        sim.script(Fault(replace=True))
        etags += [http.head("/finetune/download", params=query).headers["etag"] for _ in range(2)]
        sim.replace_archives(DPO_JOB)
        etags += [http.head("/finetune/download", params=query).headers["etag"]]
        assert etags[0] != etags[1] == etags[2] != etags[3]
        assert etags[0] != etags[3]

    def test_faults_combine(self, sim: Simulator, http: httpx.Client) -> None:
        """For one request, all that is in one fault."""
        sim.script(Fault(ignore_range=True, chunked=True, weak_etag=True, cut=60))
        with http.stream("GET", "/finetune/download", params=MERGED, headers={"Range": "bytes=5-9"}) as answer:
            assert (answer.status_code, answer.headers["etag"][:2]) == (200, "W/")
            with pytest.raises(httpx.RemoteProtocolError):
                answer.read()

    def test_a_fault_for_some_requests_only(self, sim: Simulator, http: httpx.Client) -> None:
        """The first so many pass, or a condition decides."""
        sim.script(Fault(status=503, skip=1, when=lambda request: request.headers.get("range") == "bytes=9-9"))
        asked = ["bytes=9-9", "bytes=0-0", "bytes=9-9", "bytes=9-9"]
        statuses = [
            http.get("/finetune/download", params=MERGED, headers={"Range": header}).status_code for header in asked
        ]
        assert statuses == [206, 206, 503, 206]


class TestPace:
    """Slow transfers and big ones."""

    def test_a_rate_limit_holds_for_each_download(self, sim: Simulator, http: httpx.Client) -> None:
        """So that there is a middle to interrupt; lifting it lets the rest go."""
        sim.add_archive(LORA_JOB, 100_000)
        sim.rate_limit = 200_000
        began = time.monotonic()
        with http.stream("GET", "/finetune/download", params=MERGED) as answer:
            sim.wait_until(lambda it: it.bytes_sent >= 20_000)
            assert sim.bytes_sent < 100_000
            sim.rate_limit = None
            assert len(answer.read()) == 100_000
        assert time.monotonic() - began > 0.04

    def test_one_connection_crawls(self, sim: Simulator, http: httpx.Client) -> None:
        """While the others do not."""
        sim.add_archive(LORA_JOB, 100_000)
        sim.script(Fault(rate=1_000))
        with http.stream("GET", "/finetune/download", params=MERGED):
            sim.wait_until(lambda it: it.bytes_sent > 0)
            assert len(http.get("/finetune/download", params=MERGED).content) == 100_000
            assert sim.requests[0].sent < 10_000

    def test_a_huge_archive_is_never_held(self, sim: Simulator, http: httpx.Client) -> None:
        """The end of a hundred terabytes can be requested."""
        job = sim.add_job(archive=100 << 40)
        answer = http.get(
            "/finetune/download", params={"ft_id": job, "checkpoint": "merged"}, headers={"Range": "bytes=-3"}
        )
        assert answer.headers["content-range"].endswith(f"/{100 << 40}")
        assert answer.content == sim.archive(job).read((100 << 40) - 3, 100 << 40)

    def test_an_archive_can_be_a_file(self, sim: Simulator, http: httpx.Client, tmp_path: Path) -> None:
        """Bytes, validators and all."""
        path = tmp_path / "weights.tar.zst"
        path.write_bytes(SMALL * 3)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        sim.add_archive(LORA_JOB, path, form="adapter")
        answer = http.get("/finetune/download", params=ADAPTER, headers={"Range": "bytes=100-"})
        assert answer.content == SMALL * 2
        assert answer.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
        assert http.get("/finetune/download", params=MERGED).content == SMALL

    def test_the_most_specific_archive_is_used(self, sim: Simulator, http: httpx.Client) -> None:
        """One for a step and a form before one for all."""
        sim.add_archive(LORA_JOB, BytesArchive(b"step"), step=500)
        sim.add_archive(LORA_JOB, b"both", step=500, form="adapter")
        assert http.get("/finetune/download", params={**ADAPTER, "checkpoint_step": "500"}).content == b"both"
        assert http.get("/finetune/download", params={**MERGED, "checkpoint_step": "500"}).content == b"step"
        assert http.get("/finetune/download", params=MERGED).content == SMALL

    @pytest.mark.parametrize("status", ["completed", "queued", "error", "user_error", "cancelled", "hibernating"])
    def test_a_job_of_any_status_can_be_added(self, sim: Simulator, http: httpx.Client, status: str) -> None:
        """Also an unknown one."""
        job = sim.add_job("ft-mine", status=status, training_type="Full", model_output_name="me/../evil")
        found = http.get(f"/fine-tunes/{job}").json()
        assert (job, found["status"], found["training_type"]) == ("ft-mine", status, {"type": "Full"})

    def test_a_jobs_fields_can_be_anything_or_absent(self, sim: Simulator, http: httpx.Client) -> None:
        """For tests of odd servers."""
        sim.job(LORA_JOB).overrides["training_type"] = {"type": "Novel"}
        sim.job(LORA_JOB).absent.add("status")
        found = http.get(f"/fine-tunes/{LORA_JOB}").json()
        assert found["training_type"] == {"type": "Novel"}
        assert "status" not in found


class TestStorage:
    """The other host."""

    @pytest.fixture(autouse=True)
    def _redirect(self, sim: Simulator) -> None:
        sim.redirect_downloads = True

    def location(self, http: httpx.Client) -> str:
        """Where the API sends us."""
        answer = http.get("/finetune/download", params=MERGED)
        assert answer.status_code == 302
        return str(answer.headers["location"])

    def test_a_signed_url_needs_no_key(self, sim: Simulator, http: httpx.Client) -> None:
        """Another origin, ranges, and a record that the key did not come along."""
        location = self.location(http)
        assert location.startswith(f"{sim.storage.url}{STORAGE_PATH}")
        answer = PLAIN.get(location, headers={"Range": "bytes=10-19"})
        assert (answer.status_code, answer.content) == (206, SMALL[10:20])
        assert "x-request-id" in answer.headers
        (request,) = sim.storage_requests
        assert "authorization" not in request.headers
        assert sim.api_key not in str(request)
        assert (request.sent, sim.bytes_sent, sim.requests[-1].sent) == (10, 10, 0)

    def test_httpx_follows(self, sim: Simulator, http: httpx.Client) -> None:
        """And drops the key itself."""
        answer = http.get("/finetune/download", params=MERGED, follow_redirects=True)
        assert answer.content == SMALL
        assert "authorization" not in sim.storage_requests[0].headers

    def test_the_api_still_checks(self, http: httpx.Client) -> None:
        """Before it signs."""
        assert http.get("/finetune/download", params={"ft_id": LORA_JOB, "checkpoint": "?"}).status_code == 400

    def test_a_key_beside_a_signature_is_refused(self, sim: Simulator, http: httpx.Client) -> None:
        """As object stores do."""
        answer = PLAIN.get(self.location(http), headers=key_of(sim))
        assert answer.status_code == 400
        assert "Only one auth mechanism" in answer.text

    @pytest.mark.parametrize("limit", ["max_uses", "max_bytes"])
    def test_a_url_expires(self, sim: Simulator, http: httpx.Client, limit: str) -> None:
        """After so many uses or bytes; a new one works."""
        setattr(sim.storage, limit, {"max_uses": 2, "max_bytes": 15}[limit])
        location = self.location(http)
        statuses = [PLAIN.get(location, headers={"Range": "bytes=0-9"}).status_code for _ in range(3)]
        assert statuses == [206, 206, 403]
        answer = PLAIN.get(location)
        assert "<Code>AccessDenied</Code>" in answer.text
        assert "Request has expired" in answer.text
        assert answer.headers["content-type"].startswith("application/xml")
        assert PLAIN.get(self.location(http)).content == SMALL

    def test_all_urls_expire_at_once(self, sim: Simulator, http: httpx.Client) -> None:
        """On request of a test."""
        location = self.location(http)
        sim.storage.expire()
        assert PLAIN.get(location).status_code == 403
        assert PLAIN.get(self.location(http)).status_code == 200

    def test_a_made_up_signature(self, http: httpx.Client) -> None:
        """403, and so is a signature for another archive."""
        location = self.location(http)
        assert PLAIN.get(location[:-1] + "x").status_code == 403
        assert PLAIN.get(location.replace("merged", "adapter")).status_code == 403
        assert PLAIN.get(location.partition("?")[0]).status_code == 403

    def test_bytes_are_corrupted_at_the_storage_host(self, sim: Simulator, http: httpx.Client) -> None:
        """A faulty download is sent by the storage host; another response by the API, unless a path is given."""
        sim.script(Fault(cut=5), Fault(status=503), Fault(status=500, path=STORAGE_PATH))
        assert http.get("/finetune/download", params=MERGED).status_code == 503
        location = self.location(http)
        with pytest.raises(httpx.RemoteProtocolError):
            PLAIN.get(location)
        assert [PLAIN.get(location).status_code for _ in range(2)] == [500, 200]

    def test_a_rebuilt_archive_at_a_signed_url(self, sim: Simulator, http: httpx.Client) -> None:
        """The same URL leads to other bytes."""
        query = {"ft_id": DPO_JOB, "checkpoint": "adapter"}
        location = http.get("/finetune/download", params=query).headers["location"]
        sim.script(Fault(replace=True, skip=1))
        etags = [PLAIN.head(location).headers["etag"] for _ in range(3)]
        assert etags[0] != etags[1] == etags[2]

    def test_a_deleted_job_has_no_key(self, http: httpx.Client) -> None:
        """404 as object stores put it."""
        location = self.location(http)
        http.delete(f"/fine-tunes/{LORA_JOB}")
        answer = PLAIN.get(location)
        assert (answer.status_code, "NoSuchKey" in answer.text) == (404, True)


class TestLife:
    """Beginning and end."""

    def test_it_starts_and_ends_at_once(self) -> None:
        """Even with a download that stalls, one that is slow, and an idle connection."""
        began = time.monotonic()
        simulator = Simulator().start()
        simulator.add_archive(LORA_JOB, SyntheticArchive(1 << 30))
        simulator.script(Fault(stall=10), Fault(rate=1000))
        headers = {"Authorization": f"Bearer {simulator.api_key}"}
        with (
            httpx.Client(base_url=simulator.url, headers=headers) as client,
            socket.create_connection(("127.0.0.1", simulator.port)),
            client.stream("GET", "/finetune/download", params=MERGED),
            client.stream("GET", "/finetune/download", params=MERGED),
        ):
            simulator.wait_until(lambda it: it.stalled == 1 and len(it.requests) == 2)
            simulator.close()
        assert time.monotonic() - began < 1
        simulator.close()  # Once more does no harm.
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", simulator.port)).close()

    def test_ending_right_after_the_start(self) -> None:
        """The thread may not have come to life yet."""
        for _ in range(20):
            Simulator().start().close()

    def test_a_port_that_is_taken(self, sim: Simulator) -> None:
        """An error at once, from the caller's own call."""
        with pytest.raises(OSError, match="in use"):
            Simulator(port=sim.port).start()

    def test_a_client_that_hangs_up_ends_its_download(self, sim: Simulator, http: httpx.Client) -> None:
        """No response continues after the client has gone."""
        sim.add_archive(LORA_JOB, 1 << 40)
        with http.stream("GET", "/finetune/download", params=MERGED) as answer:
            next(answer.iter_raw())
        sim.wait_until(lambda it: it.requests[-1].finished)

    def test_connections_share(self, sim: Simulator) -> None:
        """Eight downloads at a time, each whole."""
        archive = sim.add_archive(LORA_JOB, 3_000_000)
        expected = archive.read(0, archive.size)
        results: list[bool] = []

        def fetch() -> None:
            results.append(download(sim, **MERGED).content == expected)

        threads = [threading.Thread(target=fetch) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [True] * 8

    @pytest.mark.parametrize("keep_busy", [False, True])
    def test_in_the_foreground_it_ends_with_ctrl_c(self, *, keep_busy: bool) -> None:
        """In silence, with exit status 0, whatever is under way."""
        program = (
            "from together_ext.simulator import serve\n"
            "serve(rate_limit=1000, started=lambda sim: print(sim.url, sim.api_key, flush=True))\n"
        )
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            url, key = process.stdout.readline().split()
            headers = {"Authorization": f"Bearer {key}"}
            assert PLAIN.get(f"{url}/fine-tunes", headers=headers).status_code == 200
            with httpx.Client(headers=headers) as client:
                if keep_busy:
                    client.send(client.build_request("GET", f"{url}/finetune/download", params=ADAPTER), stream=True)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=5)
        finally:
            process.kill()
        assert (process.returncode, out, err) == (0, "", "")
