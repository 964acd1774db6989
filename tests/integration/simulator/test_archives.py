"""The weights that are served, and parts of them."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

import httpx
import numpy as np
import pytest
import safetensors
from safetensors.numpy import load

from together_ext.simulator import (
    DPO_JOB,
    FULL_JOB,
    LORA_JOB,
    RUNNING_JOB,
    Simulator,
)

from .asking import ADAPTER, MERGED, SMALL, download

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def unpack(content: bytes) -> dict[str, bytes]:
    """The regular files of a ``.tar.zst``."""
    with tarfile.open(fileobj=io.BytesIO(zstd.decompress(content))) as archive:
        return {member.name: file.read() for member in archive if (file := archive.extractfile(member)) is not None}


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
