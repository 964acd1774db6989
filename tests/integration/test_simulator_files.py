"""Uploads, models, streams and older clients against the simulator, as any HTTP client sees them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from together_ext.simulator import FULL_JOB, LORA_JOB, MODEL, TRAINING_FILE, Fault, Simulator
from together_ext.simulator.validation import validate

LINE = b'{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}\n'
FORM = {"purpose": "fine-tune", "file_name": "train.jsonl", "file_type": "jsonl"}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def http(sim: Simulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sim.api_key}"}
    with httpx.Client(base_url=sim.url, headers=headers, verify=False) as client:  # noqa: S501 -- no TLS at all
        yield client


def begun(http: httpx.Client, **fields: str) -> tuple[str, str]:
    """The ID of a new file, and the URL for its content."""
    answer = http.post("/files", data=FORM | fields)
    assert answer.status_code == 302
    return answer.headers["x-together-file-id"], answer.headers["location"]


def uploaded(http: httpx.Client, content: bytes) -> Any:  # noqa: ANN401 -- JSON
    file_id, url = begun(http)
    httpx.put(url, content=content).raise_for_status()
    return http.post(f"/files/{file_id}/preprocess").json()


class TestUploadsInSteps:
    def test_a_file_is_processed_after_its_content_has_arrived(self, http: httpx.Client) -> None:
        file_id, url = begun(http)
        assert http.get(f"/files/{file_id}").json()["processing_status"] == "PENDING"
        assert http.post(f"/files/{file_id}/preprocess").status_code == 400
        sent = httpx.put(url, content=LINE)
        assert sent.headers["etag"] == f'"{hashlib.md5(LINE, usedforsecurity=False).hexdigest()}"'
        file = http.post(f"/files/{file_id}/preprocess").json()
        assert (file["bytes"], file["processing_status"], file["LineCount"]) == (len(LINE), "COMPLETED", 1)
        assert file["validation_report"]["dataset_format"] == "CONVERSATION"
        assert http.get(f"/files/{file_id}/content").content == LINE

    def test_the_same_content_is_refused_with_the_id_of_the_existing_file(self, http: httpx.Client) -> None:
        existing = uploaded(http, LINE)["id"]
        answer = http.post("/files", data=FORM | {"checksum": hashlib.sha256(LINE).hexdigest()})
        assert (answer.status_code, answer.json()["file_id"]) == (409, existing)
        begun(http, checksum=hashlib.sha256(b"another").hexdigest())

    @pytest.mark.parametrize("name", FORM)
    def test_every_field_is_required(self, http: httpx.Client, name: str) -> None:
        answer = http.post("/files", data={field: value for field, value in FORM.items() if field != name})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)

    def test_a_url_with_another_signature_is_refused(self, sim: Simulator, http: httpx.Client) -> None:
        _, url = begun(http)
        assert httpx.put(f"{url}0", content=LINE).status_code == 403
        assert [request.status for request in sim.storage_requests] == [403]

    def test_a_fault_of_downloads_spares_uploads(self, sim: Simulator, http: httpx.Client) -> None:
        sim.script(Fault(cut=0))
        assert uploaded(http, LINE)["bytes"] == len(LINE)
        assert len(sim.faults) == 1

    def test_a_deleted_file_is_not_filled(self, sim: Simulator, http: httpx.Client) -> None:
        file_id, url = begun(http)
        http.delete(f"/files/{file_id}")
        assert httpx.put(url, content=LINE).status_code == 200
        assert file_id not in [file.id for file in sim._files.all()]


class TestUploadsInParts:
    def begin(self, http: httpx.Client, count: object) -> httpx.Response:
        return http.post("/files/multipart/initiate", json={**FORM, "file_size": 100, "num_parts": count})

    def test_the_parts_are_joined_in_their_order(self, http: httpx.Client) -> None:
        upload = self.begin(http, 2).json()
        urls = {part["PartNumber"]: part["URL"] for part in upload["parts"]}
        tags = {number: httpx.put(urls[number], content=LINE * number).headers["etag"].strip('"') for number in (2, 1)}
        parts = [{"part_number": number, "etag": tags[number]} for number in (1, 2)]
        ids = {name: upload[name] for name in ("upload_id", "file_id")}
        assert http.post("/files/multipart/complete", json=ids | {"parts": parts[:1]}).status_code == 400
        file = http.post("/files/multipart/complete", json=ids | {"parts": parts}).json()["file"]
        assert (file["bytes"], file["processing_status"]) == (3 * len(LINE), "COMPLETED")
        assert http.post("/files/multipart/complete", json=ids | {"parts": parts}).status_code == 404

    def test_an_aborted_upload_leaves_nothing(self, http: httpx.Client) -> None:
        upload = self.begin(http, 1).json()
        ids = {name: upload[name] for name in ("upload_id", "file_id")}
        assert http.post("/files/multipart/abort", json=ids).status_code == 200
        assert httpx.put(upload["parts"][0]["URL"], content=LINE).status_code == 403
        assert http.get(f"/files/{upload['file_id']}").status_code == 404

    @pytest.mark.parametrize("count", [0, 251, "2", None])
    def test_the_number_of_parts_is_checked(self, http: httpx.Client, count: object) -> None:
        assert self.begin(http, count).status_code == 400


class TestValidation:
    @pytest.mark.parametrize(
        ("content", "error"),
        [
            (b"", "the file is empty"),
            (b"{}\n", "line 1 has none of the known formats"),
            (LINE + b"[]\n", "line 2 is not a JSON object"),
            (LINE + b"{\n", "line 2 is not valid JSON"),
            (LINE + b'{"text": "a"}\n', "the lines have different formats: ['CONVERSATION', 'GENERAL']"),
        ],
    )
    def test_an_invalid_file_is_reported_and_cannot_be_trained_on(
        self, http: httpx.Client, content: bytes, error: str
    ) -> None:
        file = uploaded(http, content)
        assert (file["processing_status"], file["validation_report"]["error"]) == ("INVALID_FORMAT", error)
        answer = http.post("/fine-tunes", json={"training_file": file["id"], "model": MODEL})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "training_file")
        assert error in answer.json()["error"]["message"]

    def test_a_file_that_was_not_processed_cannot_be_trained_on(self, http: httpx.Client) -> None:
        file_id, _ = begun(http)
        answer = http.post("/fine-tunes", json={"training_file": file_id, "model": MODEL})
        assert (answer.status_code, "not been processed" in answer.json()["error"]["message"]) == (400, True)

    def test_only_training_data_in_lines_is_validated(self) -> None:
        assert validate(b"anything", "parquet", "fine-tune") is None
        assert validate(b"anything", "jsonl", "batch-api") is None


class TestModels:
    def test_models_are_a_plain_array(self, http: httpx.Client) -> None:
        listed = http.get("/models").json()
        assert MODEL in [model["id"] for model in listed]
        assert {model["name"] for model in http.get("/autoscale/models").json()} == {model["id"] for model in listed}

    def test_the_catalog_is_searched_and_paged(self, http: httpx.Client) -> None:
        names = [model["name"] for model in http.get("/v2/supported-models").json()["data"]]
        pages: list[str] = []
        after = None
        while len(pages) < len(names):
            page = http.get("/v2/supported-models", params={"limit": 1} | ({"after": after} if after else {})).json()
            pages += [model["name"] for model in page["data"]]
            after = page["next_cursor"]
        assert (pages, after) == (names, None)
        (found,) = http.get("/v2/supported-models", params={"search": "qwen"}).json()["data"]
        assert found["publisher"] == "Qwen"
        assert http.get("/v2/supported-models", params={"after": "ml_unknown"}).json()["data"] == []

    def test_a_model_of_the_catalog_has_an_id_and_a_name(self, http: httpx.Client) -> None:
        found = http.get(f"/v2/supported-models/{MODEL}").json()
        assert http.get(f"/v2/supported-models/{found['id']}").json() == found
        assert http.get("/v2/supported-models/ml_unknown").status_code == 404

    def test_endpoints_have_a_newer_format_too(self, http: httpx.Client) -> None:
        wanted = {"model": MODEL, "hardware": "1x_nvidia_h100_80gb_sxm", "autoscaling": {"min_replicas": 1}}
        name = http.post("/endpoints", json=wanted).json()["name"]
        (found,) = http.get("/v2/projects/project-acme/endpoints").json()["data"]
        assert (found["name"], found["deployments"][0]["hardware"]) == (name, wanted["hardware"])
        assert http.get("/v2/projects/another/endpoints").status_code == 404


def test_a_streamed_completion_is_the_whole_one_in_pieces(http: httpx.Client) -> None:
    wanted = {"model": MODEL, "messages": [{"role": "user", "content": "a b"}]}
    whole = http.post("/chat/completions", json=wanted).json()
    with http.stream("POST", "/chat/completions", json={**wanted, "stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line.removeprefix("data: ") for line in response.iter_lines() if line]
    *events, end = lines
    chunks = [json.loads(event) for event in events]
    assert end == "[DONE]"
    assert (
        "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks)
        == whole["choices"][0]["message"]["content"]
    )
    assert (chunks[-1]["choices"][0]["finish_reason"], chunks[-1]["usage"]) == ("stop", whole["usage"])


class TestClients:
    """The same two lines configure both versions of the official client."""

    def test_version_1_gets_the_fields_that_it_reads(self, http: httpx.Client) -> None:
        old = {"User-Agent": "Together/v1 PythonBindings/1.5.35"}
        for path in ("/fine-tunes", f"/fine-tunes/{LORA_JOB}"):
            found = http.get(path, headers=old).json()
            job = found["data"][-1] if "data" in found else found
            assert (type(job["total_price"]), job["batch_size"]) == (int, 32)
        (first, *_) = http.get(f"/fine-tunes/{LORA_JOB}/events", headers=old).json()["data"]
        assert (first["type"], first["level"]) == ("JOB_PENDING", None)
        (first, *_) = http.get(f"/fine-tunes/{LORA_JOB}/events").json()["data"]
        assert (first["type"], first["level"]) == ("job_pending", "info")

    def test_version_3_adds_a_prefix_of_its_own(self, sim: Simulator, http: httpx.Client) -> None:
        assert http.get("/v1/fine-tunes").status_code == 200
        assert sim.requests[-1].path == "/fine-tunes"
        assert http.get("/v1/v1/fine-tunes").status_code == 404

    def test_the_metrics_of_an_older_server_name_the_step_for_version_3_too(self, http: httpx.Client) -> None:
        (first, *_) = http.get(f"/fine-tunes/{FULL_JOB}/metrics").json()["metrics"]
        assert first["train/global_step"] == first["global_step"]

    def test_a_deleted_file_is_named_as_one(self, http: httpx.Client) -> None:
        assert http.delete(f"/files/{TRAINING_FILE}").json() == {
            "id": TRAINING_FILE,
            "object": "file",
            "deleted": True,
        }
