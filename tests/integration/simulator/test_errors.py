"""Requests that are refused, and how."""

from __future__ import annotations

import json

import httpx
import pytest

from together_ext.simulator import (
    DPO_JOB,
    FAILED_JOB,
    FULL_JOB,
    LORA_JOB,
    RUNNING_JOB,
    Simulator,
)
from together_ext.simulator.catalog import MODEL, TRAINING_FILE
from together_ext.simulator.models import Form, adapter_files

from .asking import MERGED, PLAIN, download


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
            ("/fine-tunes", "hf_model_revision", {}),
            ("/fine-tunes", "n_epochs", True),
            ("/endpoints", "inactive_timeout", "soon"),
        ],
    )
    def test_a_field_of_another_type_is_refused(self, http: httpx.Client, path: str, field: str, value: object) -> None:
        """It would be part of later responses."""
        answer = http.post(path, json={"training_file": TRAINING_FILE, "model": MODEL, field: value})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)

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
