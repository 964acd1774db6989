"""From a job's name to its weights on the disk: the rules, the request, the file, the unpacked folder."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from together_generated import models
from together_generated.models import DownloadCheckpoint

from .archive import Layout, Terms, folder_for, unpack_archive
from .archive.base_model import BaseChoice
from .archive.source import StoredArchive
from .checkpoints import (
    CheckpointName,
    CheckpointType,
    archive_stem,
    check_ready,
    parse_checkpoint_name,
    parse_checkpoint_type,
    requested_checkpoint,
)
from .config import download_connections, download_limit_rate
from .destination import check_output, destination
from .errors import (
    ApiError,
    BadRequestError,
    CheckpointNotFoundError,
    CheckpointTypeError,
    NotFoundError,
    RuleError,
    TargetExistsError,
    printable,
)
from .flow import Archive, Fetch, Flow, fetch, local
from .operations import list_checkpoints, retrieve, text
from .transfer import Fetched, Front, Options, ProgressCallback

log = logging.getLogger("together_ext")


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


def archive(
    name: str, checkpoint_step: int | None, checkpoint_type: CheckpointType | str
) -> Flow[tuple[models.FinetuneResponse, CheckpointName, Archive]]:
    """Apply the rules: which job, which checkpoint, and what to ask the API for."""
    wanted = parse_checkpoint_type(checkpoint_type)
    checkpoint = yield from _found_out(parse_checkpoint_name(name, checkpoint_step))
    job = yield from retrieve(checkpoint.job_id)
    form = requested_checkpoint(checkpoint.job_id, wanted, training_type(job))
    check_ready(checkpoint, text(job.status))
    return job, checkpoint, Archive(checkpoint.job_id, checkpoint.step, form)


def _found_out(checkpoint: CheckpointName) -> Flow[CheckpointName]:
    """The checkpoint itself, where its name says that it is the best one."""
    if not checkpoint.best:
        return checkpoint
    from .judging import best_checkpoint  # noqa: PLC0415 -- few ask for it

    found = yield from best_checkpoint(checkpoint.job_id)
    log.info("%s", found.reason)
    return parse_checkpoint_name(found.checkpoint.name)


def content(ft_id: str, checkpoint: str | None, checkpoint_step: int | None) -> Flow[Archive]:
    """What the raw download request asks for; without a `checkpoint` the rules decide."""
    if checkpoint is None:
        _, _, found = yield from archive(ft_id, checkpoint_step, CheckpointType.DEFAULT)
        return found
    name = parse_checkpoint_name(ft_id, checkpoint_step)
    if checkpoint not in set(DownloadCheckpoint):
        forms = ", ".join(DownloadCheckpoint)
        raise CheckpointTypeError(f"there is no checkpoint {checkpoint!r}: choose one of {forms}")
    name = yield from _found_out(name)
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
    fix_base: bool,
    base_model: str | None,
) -> Flow[DownloadResult]:
    """Fetch a checkpoint's archive, and unpack it if that is wanted."""
    check_output(output)
    choice = BaseChoice(fix_base, base_model)
    if base_model is not None and not extract:
        raise RuleError("a base model is given, and the archive is not to be unpacked: unpack it, or leave it out")
    options = Options(
        connections=download_connections(connections),
        limit_rate=download_limit_rate(limit_rate),
        overwrite=overwrite,
        progress=progress,
    )
    job, checkpoint, found = yield from archive(name, checkpoint_step, checkpoint_type)
    adapter = found.checkpoint == DownloadCheckpoint.ADAPTER.value
    if base_model is not None and not adapter:
        raise RuleError(f"{name} is asked for as a model, and has no base model: ask for the adapter, or leave it out")
    step = Fetch(
        found, destination(output, archive_stem(checkpoint, text(job.model_output_name), adapter=adapter)), options
    )
    if not extract:
        return _result(found, (yield from _fetched(step)))
    origin = {"job": found.job_id, "step": found.step, "type": _type(found), "base_model": text(job.model)}
    terms = Terms(choice, overwrite=overwrite, expected=Layout.ADAPTER if adapter else Layout.MODEL)
    return (yield from _unpacked(step, origin, terms, keep_archive=keep_archive))


def _fetched(step: Fetch) -> Flow[Fetched]:
    try:
        return (yield from fetch(step))
    except (NotFoundError, BadRequestError):
        if step.archive.step is not None:
            yield from _check_listed(step.archive.job_id, step.archive.step)
        raise


def _type(found: Archive) -> CheckpointType:
    """What an archive holds, in the words of whoever asks."""
    if found.checkpoint == DownloadCheckpoint.MODEL_OUTPUT_PATH.value:
        return CheckpointType.DEFAULT
    return CheckpointType(found.checkpoint)


def _result(found: Archive, fetched: Fetched) -> DownloadResult:
    return DownloadResult(
        id=found.job_id,
        checkpoint_step=found.step,
        checkpoint_type=_type(found),
        filename=str(fetched.path),
        size=fetched.size,
        resumed_from=fetched.resumed_from,
    )


# Folders --------------------------------------------------------------------------------------------------------------


def _unpacked(step: Fetch, origin: Mapping[str, Any], terms: Terms, *, keep_archive: bool) -> Flow[DownloadResult]:
    """Fetch an archive while it is unpacked beside its place."""
    # The decompressor comes with it.
    from .archive.follow import Follower  # noqa: PLC0415
    from .archive.unpack import locked  # noqa: PLC0415

    folder = folder_for(step.target.folder / f"{step.target.stem}{step.target.extensions[0]}")
    front = Front()
    with ExitStack() as stack:
        # Two processes that want the same folder take turns from here on: the second finds it done.
        yield from local(lambda cancel: stack.enter_context(locked(folder, cancel)))
        there = yield from local(lambda _: _unpacked_before(folder, origin, terms))
        if there is not None:
            if keep_archive:
                fetched = yield from _fetched(step)
                unpacked = _found(step.archive, folder, there)
                return replace(
                    unpacked, filename=str(fetched.path), size=fetched.size, resumed_from=fetched.resumed_from
                )
            # A process that was killed just after it had made the folder leaves its partial file.
            step.target.discard_partials()
            return _found(step.archive, folder, there)
        # One that has its name already is not ours to remove.
        there_before = step.target.is_there()
        follower = Follower(front, folder, terms)
        stack.callback(follower.abandon)

        def said(fetched: Fetched) -> Mapping[str, Any]:
            return {**origin, "archive": {"name": fetched.path.name, "size": fetched.size, "validator": fetched.etag}}

        def consume(fetched: Fetched) -> bool:
            return follower.finish(said(fetched), step.options.cancel) is not None

        # At least as much comes out of an archive as is in it.
        options = replace(
            step.options, front=front, consume=None if keep_archive or there_before else consume, room=1.0
        )
        fetched = yield from _fetched(replace(step, options=options))
        made = yield from local(lambda cancel: follower.finish(said(fetched), cancel))
        if made is None:
            again = partial(unpack_archive, fetched.path, StoredArchive(fetched.path), folder, terms)
            made = yield from local(lambda cancel: again(origin=lambda: said(fetched), cancel=cancel))
    files = tuple(file.path for file in made.files)
    result = replace(_result(step.archive, fetched), extracted_to=made.folder, layout=made.layout.value, files=files)
    if keep_archive:
        return result
    if there_before or fetched.found:
        log.warning("%s was there before, and stays", fetched.path)
        return result
    if follower.made is None:
        fetched.path.unlink(missing_ok=True)
    return replace(result, filename=made.folder)


def _found(archive: Archive, folder: Path, receipt: Mapping[str, Any]) -> DownloadResult:
    """A folder that was there already."""
    size, place = receipt["archive"]["size"], str(folder)
    files = tuple(file["path"] for file in receipt["files"])
    layout = str(receipt.get("layout", Layout.UNKNOWN))
    found = _result(archive, Fetched(folder, size, size, None))
    return replace(found, extracted_to=place, layout=layout, files=files)


def _unpacked_before(folder: Path, origin: Mapping[str, Any], terms: Terms) -> Mapping[str, Any] | None:
    """The receipt of these very weights, if the folder has them whole; None if they are still to be fetched.

    Raises:
        TargetExistsError: The folder has something else.
    """
    # The decompressor comes with it.
    from .archive import receipt, unpack  # noqa: PLC0415

    if terms.overwrite:
        unpack.check_place(folder, overwrite=True)
        return None
    said = receipt.origin(folder)
    if not said or any(said.get(name) != origin[name] for name in ("job", "step", "type")):
        unpack.check_place(folder, overwrite=False)
        return None
    found = receipt.verify(folder)
    size = said["archive"].get("size") if isinstance(said.get("archive"), dict) else None
    if not found.good or not isinstance(size, int):
        raise TargetExistsError(
            f"{folder} was unpacked before, and has changed since: choose another folder, or allow it to be replaced"
        )
    base = said.get("base_model")
    if terms.base.of(text(said.get("base_model_alias")) or text(base)) != base:
        raise TargetExistsError(
            f"{folder} was unpacked before, with the base model {printable(str(base), 200)}: choose another folder, "
            "or allow it to be replaced"
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


def training_type(job: models.FinetuneResponse) -> str | None:
    """The server's word for how a job was trained; None if it has none."""
    found = job.training_type
    if isinstance(found, models.FullTrainingType | models.LoRATrainingType):
        return found.type_.value
    if isinstance(found, models.UnknownObject):
        return text(found.additional_properties.get("type"))
    return text(found)
