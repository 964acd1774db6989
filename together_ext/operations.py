"""The operations on fine-tuning jobs, each written once for both clients, as a flow of requests and decisions."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field

from together_generated.api.fine_tuning import (
    cancel_fine_tune,
    create_fine_tune,
    delete_fine_tune,
    list_fine_tune_checkpoints,
    list_fine_tune_events,
    list_fine_tunes,
    retrieve_fine_tune,
)
from together_generated.models import (
    DownloadCheckpoint,
    FineTuneCheckpoint,
    FinetuneDeleteResponse,
    FineTuneEvent,
    FinetuneListEvents,
    FinetuneResponse,
    FinetuneResponseTruncated,
    FinetuneTruncatedList,
    FullTrainingType,
    LoRATrainingType,
    UnknownObject,
)
from together_generated.types import Unset

from .archive import Extracted, Layout, folder_for
from .archive import extract as extract_archive
from .checkpoints import (
    Checkpoint,
    CheckpointName,
    CheckpointType,
    archive_stem,
    check_ready,
    checkpoint_name,
    is_step,
    newest_first,
    parse_checkpoint_name,
    parse_checkpoint_type,
    parse_job_id,
    requested_checkpoint,
)
from .config import download_connections, download_limit_rate
from .creation import JobParameters, creation_request, creation_secrets
from .destination import check_output, destination
from .errors import (
    ApiError,
    BadRequestError,
    CheckpointNotFoundError,
    CheckpointTypeError,
    NotFoundError,
    TargetExistsError,
)
from .flow import Archive, Call, Fetch, Flow, ask, fetch, local
from .transfer import Fetched, Options, ProgressCallback

log = logging.getLogger("together_ext")


@define
class JobList(FinetuneTruncatedList):
    """The account's jobs.

    Attributes:
        data: Always a list, newest first.
    """

    data: list[FinetuneResponseTruncated] = field(factory=list)


@define
class EventList(FinetuneListEvents):
    """A job's events.

    Attributes:
        data: Always a list, in the server's order.
    """

    data: list[FineTuneEvent] = field(factory=list)


@dataclass(frozen=True)
class DownloadResult:
    """Weights that lie on the disk.

    Attributes:
        object: Always `"local"`.
        id: The job's ID, without the step.
        checkpoint_step: The step that was asked for; None for the final weights.
        checkpoint_type: What came: `merged` or `adapter` of a LoRA job, `default` of a full one.
        filename: Absolute path of the archive; of the folder that was unpacked, if the archive was not kept.
        size: Bytes of the archive.
        sha256: Its hash in hexadecimal; None unless it was computed.
        extracted_to: The folder it was unpacked to; None if it was not.
        layout: What was unpacked: `adapter`, `model` or `unknown`; None if nothing was.
        files: The paths of what was unpacked, inside the folder, without the receipt.
        resumed_from: Bytes that were there before.
    """

    id: str
    checkpoint_step: int | None
    checkpoint_type: CheckpointType
    filename: str
    size: int
    resumed_from: int
    sha256: str | None = None
    extracted_to: str | None = None
    layout: str | None = None
    files: tuple[str, ...] = ()
    object: str = "local"


# Single requests ------------------------------------------------------------------------------------------------------


def list_jobs() -> Flow[JobList]:
    """All jobs, newest first."""
    answer = yield from ask(_call("list the fine-tuning jobs", list_fine_tunes.sync, list_fine_tunes.asyncio))
    jobs = JobList(sorted(_items(answer.data, FinetuneResponseTruncated, {"id": ""}), key=_age, reverse=True))
    jobs.additional_properties = answer.additional_properties
    return jobs


def retrieve(job_id: str) -> Flow[FinetuneResponse]:
    """One job."""
    job_id = parse_job_id(job_id)
    return (yield from ask(_call(f"retrieve {job_id}", retrieve_fine_tune.sync, retrieve_fine_tune.asyncio, id=job_id)))


def create(parameters: JobParameters) -> Flow[FinetuneResponseTruncated]:
    """A new job."""
    body = creation_request(parameters)
    call = _call("create a fine-tuning job", create_fine_tune.sync, create_fine_tune.asyncio, body=body)
    return (yield from ask(replace(call, secrets=creation_secrets(parameters))))


def cancel(job_id: str) -> Flow[FinetuneResponseTruncated]:
    """The job that is being stopped."""
    job_id = parse_job_id(job_id)
    return (yield from ask(_call(f"cancel {job_id}", cancel_fine_tune.sync, cancel_fine_tune.asyncio, id=job_id)))


def delete(job_id: str) -> Flow[FinetuneDeleteResponse]:
    """What became of it."""
    job_id = parse_job_id(job_id)
    return (yield from ask(_call(f"delete {job_id}", delete_fine_tune.sync, delete_fine_tune.asyncio, id=job_id)))


def list_events(job_id: str) -> Flow[EventList]:
    """A job's events."""
    job_id = parse_job_id(job_id)
    answer = yield from ask(
        _call(f"list the events of {job_id}", list_fine_tune_events.sync, list_fine_tune_events.asyncio, id=job_id)
    )
    events = EventList(_items(answer.data, FineTuneEvent))
    events.additional_properties = answer.additional_properties
    return events


def list_checkpoints(job_id: str) -> Flow[list[Checkpoint]]:
    """A job's checkpoints, newest first."""
    job_id = parse_job_id(job_id)
    answer = yield from ask(
        _call(
            f"list the checkpoints of {job_id}",
            list_fine_tune_checkpoints.sync,
            list_fine_tune_checkpoints.asyncio,
            id=job_id,
        )
    )
    return newest_first(list(_checkpoints(job_id, _items(answer.data, FineTuneCheckpoint))))


# Weights --------------------------------------------------------------------------------------------------------------


def archive(
    name: str, checkpoint_step: int | None, checkpoint_type: CheckpointType | str
) -> Flow[tuple[FinetuneResponse, CheckpointName, Archive]]:
    """Apply the rules: which job, which checkpoint, and what to ask the API for."""
    wanted = parse_checkpoint_type(checkpoint_type)
    checkpoint = parse_checkpoint_name(name, checkpoint_step)
    job = yield from retrieve(checkpoint.job_id)
    form = requested_checkpoint(checkpoint.job_id, wanted, training_type(job))
    check_ready(checkpoint, _text(job.status))
    return job, checkpoint, Archive(checkpoint.job_id, checkpoint.step, form)


def content(ft_id: str, checkpoint: str | None, checkpoint_step: int | None) -> Flow[Archive]:
    """What the raw download request asks for; without a `checkpoint` the rules decide."""
    if checkpoint is None:
        _, _, found = yield from archive(ft_id, checkpoint_step, CheckpointType.DEFAULT)
        return found
    name = parse_checkpoint_name(ft_id, checkpoint_step)
    if checkpoint not in set(DownloadCheckpoint):
        forms = ", ".join(DownloadCheckpoint)
        raise CheckpointTypeError(f"there is no checkpoint {checkpoint!r}: choose one of {forms}")
    return Archive(name.job_id, name.step, str(checkpoint))


def download(  # noqa: PLR0913 -- the public method's keywords
    name: str,
    *,
    output: str | os.PathLike[str] | None,
    checkpoint_step: int | None,
    checkpoint_type: CheckpointType | str,
    overwrite: bool,
    connections: int | None,
    limit_rate: float | None,
    progress: ProgressCallback | None,
    extract: bool,
    keep_archive: bool,
) -> Flow[DownloadResult]:
    """Fetch a checkpoint's archive, and unpack it if that is wanted."""
    check_output(output)
    options = Options(
        connections=download_connections(connections),
        limit_rate=download_limit_rate(limit_rate),
        overwrite=overwrite,
        progress=progress,
    )
    job, checkpoint, found = yield from archive(name, checkpoint_step, checkpoint_type)
    adapter = found.checkpoint == DownloadCheckpoint.ADAPTER.value
    stem = archive_stem(checkpoint, _text(job.model_output_name), adapter=adapter)
    step = Fetch(found, destination(output, stem), options)
    form = CheckpointType.DEFAULT if found.checkpoint == DownloadCheckpoint.MODEL_OUTPUT_PATH.value else None
    origin = {"job": checkpoint.job_id, "step": checkpoint.step, "type": form or found.checkpoint}
    folder = folder_for(step.target.folder / f"{step.target.stem}{step.target.extensions[0]}")
    if extract:
        there = yield from local(lambda _: _unpacked_before(folder, origin, overwrite=overwrite))
        if there is not None:
            size = there["archive"]["size"]
            kind = form or CheckpointType(found.checkpoint)
            place = str(folder)
            done = DownloadResult(checkpoint.job_id, checkpoint.step, kind, place, size, size, extracted_to=place)
            files = tuple(file["path"] for file in there["files"])
            return replace(done, layout=str(there.get("layout", Layout.UNKNOWN)), files=files)
    try:
        fetched = yield from fetch(step)
    except (NotFoundError, BadRequestError):
        if checkpoint.step is not None:
            yield from _check_listed(checkpoint.job_id, checkpoint.step)
        raise
    result = DownloadResult(
        id=checkpoint.job_id,
        checkpoint_step=checkpoint.step,
        checkpoint_type=form or CheckpointType(found.checkpoint),
        filename=str(fetched.path),
        size=fetched.size,
        resumed_from=fetched.resumed_from,
    )
    if not extract:
        return result
    said = {**origin, "base_model": _text(job.model), "archive": _described(fetched)}

    expected = Layout.ADAPTER if adapter else Layout.MODEL

    def unpack(cancel: threading.Event) -> Extracted:
        return extract_archive(fetched.path, overwrite=overwrite, origin=said, expected=expected, cancel=cancel)

    made = yield from local(unpack)
    files = tuple(file.path for file in made.files)
    result = replace(result, extracted_to=made.folder, layout=made.layout.value, files=files)
    if keep_archive:
        return result
    fetched.path.unlink(missing_ok=True)
    return replace(result, filename=made.folder)


def _described(fetched: Fetched) -> dict[str, Any]:
    return {"name": fetched.path.name, "size": fetched.size, "validator": fetched.etag}


def _unpacked_before(folder: Path, origin: Mapping[str, Any], *, overwrite: bool) -> Mapping[str, Any] | None:
    """The receipt of these very weights, if the folder has them whole; None if they are still to be fetched.

    Raises:
        TargetExistsError: The folder has something else.
    """
    # The decompressor comes with it.
    from .archive import receipt, unpack  # noqa: PLC0415

    if overwrite:
        return None
    said = receipt.origin(folder)
    if not said or any(said.get(name) != value for name, value in origin.items()):
        unpack.check_place(folder, overwrite=False)
        return None
    found = receipt.verify(folder)
    size = said["archive"].get("size") if isinstance(said.get("archive"), dict) else None
    if not found.good or not isinstance(size, int):
        raise TargetExistsError(
            f"{folder} was unpacked before, and has changed since: choose another folder, or allow it to be replaced"
        )
    return said


def _check_listed(job_id: str, step: int) -> Flow[None]:
    """Say better than the server which steps there are; if that cannot be found out, its own word has to do."""
    try:
        listed = yield from list_checkpoints(job_id)
    except ApiError:
        return
    steps = sorted({found.step for found in listed})
    if step not in steps:
        raise CheckpointNotFoundError(job_id, step, steps)


def training_type(job: FinetuneResponse) -> str | None:
    """The server's word for how a job was trained; None if it has none."""
    found = job.training_type
    if isinstance(found, FullTrainingType | LoRATrainingType):
        return found.type_.value
    if isinstance(found, UnknownObject):
        return _text(found.additional_properties.get("type"))
    return _text(found)


# The server's answers -------------------------------------------------------------------------------------------------

T = TypeVar("T")
M = TypeVar("M", FinetuneResponseTruncated, FineTuneEvent, FineTuneCheckpoint)


def _call(
    action: str, sync: Callable[..., T | None], asyncio: Callable[..., Awaitable[T | None]], **arguments: object
) -> Call[T]:
    return Call(action, sync, asyncio, arguments)


def _items(data: object, model: type[M], fallback: Mapping[str, str] | None = None) -> list[M]:
    """The items of a list that can be used, an odd one with what it lacks made up; the rest is left out and told."""
    found: list[M] = []
    for item in data if isinstance(data, list) else []:
        if isinstance(item, model):
            found.append(item)
            continue
        try:
            found.append(model.from_dict({**(fallback or {}), **item}))
        except (TypeError, ValueError, KeyError, AttributeError):
            log.warning("the server sent something that is no %s; it is left out", model.__name__)
    return found


def _checkpoints(job_id: str, items: list[FineTuneCheckpoint]) -> Iterator[Checkpoint]:
    """What the server lists; without a usable step nothing can be asked for, so that one is left out and told."""
    for found in items:
        if not is_step(found.step):
            log.warning("the server sent a checkpoint of %s without a usable step; it is left out", job_id)
            continue
        label = _text(found.checkpoint_type) or ""
        timestamp = _text(found.created_at) or ""
        yield Checkpoint(
            step=found.step,
            type=label,
            name=checkpoint_name(job_id, found.step, label),
            created_at=_date(timestamp),
            timestamp=timestamp,
            path=_text(found.path) or "",
        )


def _text(value: object) -> str | None:
    """A string of the server, or None for whatever else is there."""
    return value if isinstance(value, str) else None


def _date(value: object) -> datetime | None:
    if isinstance(value, str):
        # Here, since a download never needs it.
        from dateutil.parser import isoparse  # noqa: PLC0415

        try:
            value = isoparse(value)
        except (ValueError, OverflowError):
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _age(job: FinetuneResponseTruncated) -> datetime:
    return _date(None if isinstance(job.created_at, Unset) else job.created_at) or datetime.min.replace(tzinfo=UTC)
