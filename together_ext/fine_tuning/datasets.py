"""Tokenized training data: the preview of a file, and the archive of a job."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import httpx

from together_ext.api.exchange import USER_AGENT
from together_ext.api.flow import Flow, Line, ask, call, transfers
from together_ext.api.identifiers import checked_id
from together_ext.api.responses import text, whole
from together_ext.checkpoints import parse_job_id
from together_ext.config import download_connections
from together_ext.destinations.local import check_output
from together_ext.errors import ApiResponseError, Numbers, RuleError, TransferInterruptedError
from together_ext.storage import absolute
from together_ext.text import file_name, printable
from together_ext.transfer import DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT, Fetched, Options, ProgressCallback, Target
from together_ext.transfer.engine import transfer
from together_ext.transfer.parts import ExpiredError, Part, PartedRemote
from together_generated import models
from together_generated.api.fine_tuning import preview_fine_tune as preview_endpoint
from together_generated.api.fine_tuning import retrieve_tokenized_dataset as dataset_endpoint
from together_generated.types import UNSET

if TYPE_CHECKING:
    from pathlib import Path

MOST_URLS: Final = 3
"""Maximum number of presigned URLs of one download."""


def preview(
    model: str, training_file: str, top_k: int | None, *, train_on_inputs: bool | None
) -> Flow[models.FinetunePreview]:
    """Tokenize the first examples of a training file."""
    training_file = checked_id(training_file, "file-")
    if not isinstance(model, str) or not model.strip():
        raise RuleError(f"model is {model!r}: expected the name of a base model")
    Numbers(1, whole=True).check_given("top_k", top_k)
    body = models.FinetunePreviewRequest(
        model,
        training_file,
        UNSET if top_k is None else top_k,
        UNSET if train_on_inputs is None else train_on_inputs,
    )
    return (
        yield from ask(call(f"preview {training_file}", preview_endpoint.sync, preview_endpoint.asyncio, body=body))
    )


@dataclass(frozen=True)
class _Located:
    """The archive of a job's tokenized training data at the server.

    Attributes:
        job_id: The job.
        url: Its presigned URL.
        size: Its size in bytes.
        name: The name that the server proposes, made safe.
    """

    job_id: str
    url: httpx.URL
    size: int
    name: str


def download_tokenized_dataset(
    job_id: str,
    output: str | os.PathLike[str] | None,
    *,
    overwrite: bool,
    progress: ProgressCallback | None,
) -> Flow[Fetched]:
    """Download the archive of a job's tokenized training data."""
    job_id = parse_job_id(job_id)
    place = check_output(output)
    options = Options(
        connections=download_connections(None, DEFAULT_CONNECTIONS), overwrite=overwrite, progress=progress
    )
    left = MOST_URLS
    while True:
        found = yield from _located(job_id)
        left -= 1
        fetched = yield from transfers(partial(_transferred, found, _path(place, found.name), options))
        if isinstance(fetched, Fetched):
            return fetched
        if not left:
            raise TransferInterruptedError(
                f"{fetched}, {MOST_URLS} times in a row, although it was new: try again later"
            ) from fetched


def _located(job_id: str) -> Flow[_Located]:
    action = f"locate the tokenized dataset of {job_id}"
    answer = yield from ask(call(action, dataset_endpoint.sync, dataset_endpoint.asyncio, id=job_id))
    size = whole(answer.size)
    if size is None or size < 1:
        shown = printable(repr(answer.size), 40)
        raise ApiResponseError(action, f"its size is {shown}: expected a number of bytes from 1")
    try:
        url = httpx.URL(text(answer.url) or "")
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ApiResponseError(action, "it has no http or https address: try again later")
    # Only the last component of a path counts, and nothing of it may hide the file or lead elsewhere.
    name = file_name((text(answer.filename) or "").replace("\\", "/").rpartition("/")[2])
    return _Located(job_id, url, size, name or f"{job_id}-tokenized-dataset")


def _path(place: str | None, name: str) -> Path:
    """The path of the archive: in a folder under its own name, or the path that was given."""
    inside = place is None or place.endswith(os.sep) or os.path.isdir(place)  # noqa: PTH112 -- pathlib raises for long names
    return absolute(place or ".") / name if inside else absolute(place or ".")


def _transferred(found: _Located, path: Path, options: Options, line: Line) -> Fetched | ExpiredError:
    """Download the archive; returns the error if its URL has expired."""
    options = replace(options, cancel=line.cancel, clock=line.clock or options.clock)
    # Of the client's headers and cookies none are sent to the host of the URL.
    remote = PartedRemote(
        line.sender,
        httpx.URL(line.home),
        [Part(0, found.size, str(found.url))],
        version=f"tokenized-{found.size}",
        agent=USER_AGENT,
        timeout=DEFAULT_TIMEOUT,
        action=f"download the tokenized dataset of {found.job_id}",
    )
    try:
        return transfer(remote, Target.exactly(path), {"tokenized dataset": found.job_id}, options)
    except ExpiredError as error:
        return error
