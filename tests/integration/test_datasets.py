"""Tokenized training data: the preview of a file, and the archive of a job, whose file name the server chooses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from together_ext import (
    ApiResponseError,
    NotFoundError,
    RuleError,
    TargetExistsError,
    Together,
    TransferInterruptedError,
)
from together_ext.simulator import (
    FAILED_JOB,
    LORA_JOB,
    MODEL,
    PARTS_PATH,
    TRAINING_FILE,
    BytesArchive,
    Fault,
    Simulator,
)

from .conftest import Outcome

Command = Callable[..., Outcome]
LOCATE = f"/fine-tunes/{LORA_JOB}/download-tokenized-dataset"
NAME = f"{LORA_JOB}-tokenized-dataset.tar.zst"


class TestPreview:
    def test_examples_are_tokenized(self, client: Together, command: Command) -> None:
        found = client.fine_tuning.preview(model=MODEL, training_file=TRAINING_FILE, top_k=2)
        assert [getattr(row, "num_trained_tokens", None) for row in found.rows or []] == [6, 6]
        shown = command("ft", "preview", "-t", TRAINING_FILE, "-M", MODEL, "--top-k", "1", "--train-on-inputs")
        assert shown.out.split()[-5:] == ["1", "12", "12", "false", "Hello?Hello!"]

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            ({"training_file": "train.jsonl"}, "begins with 'file-'"),
            ({"model": ""}, "expected the name of a base model"),
            ({"top_k": 0}, "top_k is 0: expected a whole number from 1"),
        ],
    )
    def test_invalid_arguments_are_refused_before_any_request(
        self, client: Together, sim: Simulator, wrong: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(RuleError, match=sentence):
            client.fine_tuning.preview(**{"model": MODEL, "training_file": TRAINING_FILE, **wrong})
        assert sim.requests == []


class TestDataset:
    def test_the_archive_is_downloaded_once_and_its_host_gets_no_key(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        found = client.fine_tuning.download_tokenized_dataset(LORA_JOB, output=tmp_path)
        assert (found.path, found.size) == (tmp_path / NAME, (tmp_path / NAME).stat().st_size)
        assert not [request for request in sim.storage_requests if "authorization" in request.headers]
        again = client.fine_tuning.download_tokenized_dataset(LORA_JOB, output=f"{tmp_path}/")
        assert again.found
        (tmp_path / NAME).write_bytes(b"mine")
        with pytest.raises(TargetExistsError):
            client.fine_tuning.download_tokenized_dataset(LORA_JOB, output=tmp_path)
        client.fine_tuning.download_tokenized_dataset(LORA_JOB, output=tmp_path, overwrite=True)
        assert [path.name for path in tmp_path.iterdir()] == [NAME]

    @pytest.mark.parametrize(
        ("filename", "saved"),
        [
            ("../../evil.tar", "evil.tar"),
            ("C:\\evil.tar", "evil.tar"),
            (".bashrc", "bashrc"),
            ("..", f"{LORA_JOB}-tokenized-dataset"),
            (7, f"{LORA_JOB}-tokenized-dataset"),
        ],
    )
    def test_the_name_of_the_server_chooses_no_folder(
        self, client: Together, sim: Simulator, tmp_path: Path, filename: object, saved: str
    ) -> None:
        url = sim._sign("dataset", BytesArchive(b"content"))
        document = {"url": url, "filename": filename, "size": 7}
        sim.script(Fault(path=LOCATE, status=200, body=json.dumps(document).encode()))
        found = client.fine_tuning.download_tokenized_dataset(LORA_JOB, output=f"{tmp_path}/in/")
        assert found.path.name == saved
        assert found.path.read_bytes() == b"content"

    def test_a_response_without_size_or_address_is_an_error(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        for document, sentence in (
            ({"url": "https://127.0.0.1/x", "size": "many"}, "its size is 'many': expected a number of bytes"),
            ({"url": "file:///etc/passwd", "size": 7}, "no http or https address"),
            ({"url": "http://", "size": 7}, "no http or https address"),
        ):
            sim.script(Fault(path=LOCATE, status=200, body=json.dumps(document).encode()))
            with pytest.raises(ApiResponseError, match=sentence):
                client.fine_tuning.download_tokenized_dataset(LORA_JOB, output=tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_url_that_has_expired_is_renewed_up_to_twice(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        sim.script(Fault(path=PARTS_PATH, status=403, times=2))
        assert client.fine_tuning.download_tokenized_dataset(LORA_JOB, output=tmp_path / "a").size
        sim.script(Fault(path=PARTS_PATH, status=403, times=3))
        with pytest.raises(TransferInterruptedError, match="responds with 403 to its URL, 3 times in a row"):
            client.fine_tuning.download_tokenized_dataset(LORA_JOB, output=tmp_path / "b")

    def test_a_job_without_one_is_not_found(self, client: Together, tmp_path: Path) -> None:
        with pytest.raises(NotFoundError):
            client.fine_tuning.download_tokenized_dataset(FAILED_JOB, output=tmp_path)

    def test_the_command_prints_the_path(self, command: Command, tmp_path: Path) -> None:
        done = command("ft", "download-tokenized-dataset", LORA_JOB, "-o", str(tmp_path / "datasets"), "--quiet")
        assert done.out == f"{tmp_path}/datasets/{NAME}\n"
