"""The operations on tokenized training data: the preview of a file, and the archive of a job. A byte is a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .account import Account
from .answers import ApiError, Operation, json_object
from .archives import Archive, BytesArchive, pack
from .files import Files, StoredFile
from .payloads import timestamp
from .request_fields import PREVIEW, check_fields
from .validation import validate

PREVIEWED = 5
"""Number of examples in a preview, unless the request names another."""
LENGTH = 8192
"""Maximum number of tokens of an example."""
NAMES = {"CONVERSATION": "conversation", "INSTRUCTION": "instruction", "GENERAL": "general"}
LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class DatasetOperations:
    """The operations on tokenized training data.

    Attributes:
        account: The jobs.
        files: The training files.
        sign: Signs the URL of an archive, from its file name and content.
        clock: Returns the time.
    """

    account: Account
    files: Files
    sign: Callable[[str, Archive], str]
    clock: Callable[[], datetime]

    def operations(self) -> list[tuple[str, Operation, str]]:
        """The path, handler and method of each operation."""
        return [
            ("/fine-tunes/preview", self.preview, "POST"),
            ("/fine-tunes/{id}/download-tokenized-dataset", self.tokenized_dataset, "GET"),
        ]

    async def preview(self, request: Request) -> Response:
        """Tokenize the first examples of a training file."""
        wanted = await json_object(request)
        check_fields(wanted, PREVIEW)
        for name in ("model", "training_file"):
            if not wanted.get(name):
                raise ApiError(400, f"{name} is required", param=name)
        if wanted["model"] not in self.account.base_models():
            raise ApiError(404, f"Model {wanted['model']} not found", param="model")
        file = self._file(str(wanted["training_file"]))
        kind, inputs = _format(file), bool(wanted.get("train_on_inputs"))
        rows = _rows(file, wanted.get("top_k") or PREVIEWED, inputs=inputs)
        return JSONResponse(
            {
                "model": wanted["model"],
                "dataset_format": kind,
                "max_seq_length": LENGTH,
                "train_on_inputs": inputs,
                "rows": rows,
            }
        )

    async def tokenized_dataset(self, request: Request) -> Response:
        """Sign the URL of the archive of a job's tokenized training data."""
        job = self.account.get(request.path_params["id"])
        if job is None or job.status != "completed":
            raise ApiError(404, f"No tokenized dataset for {request.path_params['id']}", param="id")
        file = self._file(str(job.settings["training_file"]))
        _format(file)
        rows = _rows(file, PREVIEWED, inputs=False)
        content = pack({"tokenized.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows).encode()})
        name = f"{job.id}-tokenized-dataset.tar.zst"
        return JSONResponse(
            {
                "url": self.sign(name, BytesArchive(content)),
                "filename": name,
                "size": len(content),
                "content_type": "application/zstd",
                "expires_at": timestamp(self.clock() + LIFETIME),
            }
        )

    def _file(self, file_id: str) -> StoredFile:
        file = self.files.get(file_id)
        if file is None:
            raise ApiError(404, f"File {file_id} not found", param="training_file")
        return file


def _format(file: StoredFile) -> str:
    """The format of a training file; raises `ApiError` if it cannot be tokenized."""
    report = validate(file.content, file.type, file.purpose) or {}
    kind = NAMES.get(str(report.get("dataset_format")))
    if kind is None:
        raise ApiError(400, f"File {file.id} cannot be tokenized", param="training_file")
    return kind


def _rows(file: StoredFile, count: int, *, inputs: bool) -> list[dict[str, object]]:
    return [_row(json.loads(line), inputs=inputs) for line in file.content.splitlines()[:count]]


def _row(example: dict[str, Any], *, inputs: bool) -> dict[str, object]:
    """An example as tokens; what the model is to say counts for the loss, and with ``inputs`` everything."""
    tokens: list[int] = []
    spans: list[list[int]] = []
    for text, counts in _texts(example):
        start = len(tokens)
        tokens += text.encode(errors="replace")[: LENGTH - start]
        if (counts or inputs) and len(tokens) > start:
            spans.append([start, len(tokens)])
    trained = {at for start, stop in spans for at in range(start, stop)}
    return {
        "input_ids": tokens,
        "tokens": [chr(token) for token in tokens],
        "labels": [token if at in trained else -100 for at, token in enumerate(tokens)],
        "trained_spans": spans,
        "num_tokens": len(tokens),
        "num_trained_tokens": len(trained),
        "truncated": len(tokens) == LENGTH,
    }


def _texts(example: dict[str, Any]) -> list[tuple[str, bool]]:
    """The texts of an example, and whether each counts for the loss."""
    if "messages" in example:
        return [(str(one.get("content") or ""), one.get("role") == "assistant") for one in example["messages"]]
    if "prompt" in example:
        return [(str(example["prompt"]), False), (str(example["completion"]), True)]
    return [(str(example["text"]), True)]
