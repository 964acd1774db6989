"""From a job's name to its weights on the disk: the rules, the request, the file, the extracted folder."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from together_ext.api.flow import Archive, Fetch, Flow, Open, fetch, opened
from together_ext.api.responses import text
from together_ext.archive import Layout, Terms
from together_ext.archive.weights.base_model import BaseChoice
from together_ext.checkpoints import (
    CheckpointName,
    CheckpointType,
    archive_stem,
    check_ready,
    parse_checkpoint_name,
    parse_checkpoint_type,
    requested_checkpoint,
    type_of,
)
from together_ext.config import (
    REGISTRY_CONNECTIONS,
    Source,
    download_connections,
    download_limit_rate,
    download_lock_timeout,
    download_source,
)
from together_ext.destinations.local import check_output, destination
from together_ext.destinations.urls import SUPPORTED, Location, is_object_url, location_of
from together_ext.errors import (
    ApiError,
    CheckpointTypeError,
    ConfigurationError,
    JobNotReadyError,
    RuleError,
)
from together_ext.text import NOTICE
from together_ext.transfer import DEFAULT_CONNECTIONS, Options, StreamOptions, Target
from together_generated import models
from together_generated.models import DownloadCheckpoint

from .download_options import DownloadRequest, StreamRequest
from .download_result import DownloadResult, FinetuneDownloadResult, result_of
from .extraction import Extraction, extracted
from .job import training_type
from .operations import list_checkpoints, retrieve
from .refusals import explained
from .to_objects import Saving, object_url, saved

__all__ = [
    "DownloadResult",
    "FinetuneDownloadResult",
    "archive",
    "content",
    "download",
    "download_form",
    "open_stream",
    "place_of",
]


if TYPE_CHECKING:
    from together_ext.registry.project import Project
    from together_ext.transfer import OrderedStream

    from .metrics import BestCheckpoint
    from .registry_source import RegistrySource

log = logging.getLogger("together_ext")


def archive(
    name: str, checkpoint_step: int | None, checkpoint_type: CheckpointType | str
) -> Flow[tuple[models.FinetuneResponse, Archive, BestCheckpoint | None]]:
    """Apply the rules: which job, what to request from the API, and why this checkpoint if it is the best one."""
    wanted = parse_checkpoint_type(checkpoint_type)
    checkpoint, best = yield from _resolved(parse_checkpoint_name(name, checkpoint_step))
    job = yield from retrieve(checkpoint.job_id)
    form = requested_checkpoint(checkpoint, wanted, training_type(job))
    yield from _check_ready(checkpoint, text(job.status))
    return job, Archive(checkpoint.job_id, checkpoint.step, form), best


def _check_ready(checkpoint: CheckpointName, status: str | None) -> Flow[None]:
    """Refuse final weights that cannot exist; of a job that has failed, with the checkpoints that it has saved."""
    try:
        check_ready(checkpoint, status)
    except JobNotReadyError as error:
        if not error.ended:
            raise
        try:
            listed = yield from list_checkpoints(checkpoint.job_id)
        except ApiError:
            raise error from None
        # Once, also where the server lists each form of the weights.
        names = list(dict.fromkeys(found.name for found in listed if found.name != checkpoint.job_id))
        raise JobNotReadyError(error.job_id, error.status, ended=True, available=names) from None


def _resolved(checkpoint: CheckpointName) -> Flow[tuple[CheckpointName, BestCheckpoint | None]]:
    """The checkpoint itself, and why this one, where the name requests the best."""
    if not checkpoint.best:
        return checkpoint, None
    from .best_checkpoint import best_checkpoint  # noqa: PLC0415 -- rarely needed

    found = yield from best_checkpoint(checkpoint.job_id)
    log.log(NOTICE, "%s", found.reason)
    return parse_checkpoint_name(found.checkpoint.name), found


def content(ft_id: str, checkpoint: str | None, checkpoint_step: int | None) -> Flow[Archive]:
    """The archive that the raw download request names; without a `checkpoint` the rules decide."""
    found, _ = yield from _form(ft_id, checkpoint, checkpoint_step)
    return found


def _form(
    ft_id: str, checkpoint: str | None, checkpoint_step: int | None
) -> Flow[tuple[Archive, BestCheckpoint | None]]:
    if checkpoint is None:
        _, found, best = yield from archive(ft_id, checkpoint_step, CheckpointType.DEFAULT)
        return found, best
    name = parse_checkpoint_name(ft_id, checkpoint_step)
    if checkpoint not in list(DownloadCheckpoint):
        forms = ", ".join(DownloadCheckpoint)
        raise CheckpointTypeError(f"invalid checkpoint {checkpoint!r}: choose one of {forms}")
    name, best = yield from _resolved(name)
    return Archive(name.job_id, name.step, str(checkpoint)), best


@dataclass(frozen=True)
class Prepared:
    """A download that follows the rules, and has not begun.

    Attributes:
        job: The job.
        archive: What to request from the API.
        best: Why this checkpoint, if the best one was requested.
        place: The path or the URL of the archive.
        options: The options of the download engine.
        extraction: How to extract it, if it is extracted; from the archive.
    """

    job: models.FinetuneResponse
    archive: Archive
    best: BestCheckpoint | None
    place: Target | Location
    options: Options
    extraction: Extraction


def prepared(name: str, wanted: DownloadRequest) -> Flow[Prepared]:
    """Apply the rules to the download of a checkpoint."""
    if object_url(wanted) is None:
        check_output(wanted.output, SUPPORTED)
    check_source(wanted)
    choice = BaseChoice(wanted.fix_base, wanted.base_model)
    _check_extraction(wanted)
    options = Options(
        connections=download_connections(wanted.connections, DEFAULT_CONNECTIONS),
        limit_rate=download_limit_rate(wanted.limit_rate),
        overwrite=wanted.overwrite,
        durable=wanted.durable,
        lock_timeout=download_lock_timeout(wanted.lock_timeout),
        progress=wanted.progress,
    )
    job, found, best = yield from archive(name, wanted.checkpoint_step, wanted.checkpoint_type)
    if wanted.base_model is not None and type_of(found.checkpoint) is not CheckpointType.ADAPTER:
        raise RuleError(
            f"base_model is given, and {name} is downloaded as a whole model: request the adapter, or remove base_model"
        )
    origin = {"job": found.job_id, "step": found.step, "type": type_of(found.checkpoint), "base_model": text(job.model)}
    origin |= {} if best is None else {"best": best.reason}
    terms = Terms(choice, wanted.limits, wanted.overwrite, expected_layout(found), wanted.durable)
    extraction = Extraction(origin, terms, wanted.spool, wanted.keep_archive)
    return Prepared(job, found, best, place_of(wanted.output, found, job), options, extraction)


def registry_of(project: Project, wanted: DownloadRequest, of: Prepared) -> RegistrySource | None:
    """The registry as the source of a download; None if only the archive is."""
    source = check_source(wanted)
    if source == "archive" or not wanted.extract or wanted.keep_archive:
        return None
    from .registry_source import RegistrySource  # noqa: PLC0415 -- rarely needed

    connections = download_connections(wanted.connections, REGISTRY_CONNECTIONS)
    return RegistrySource(project, of.job, source == "registry", of.extraction.origin, of.extraction.terms, connections)


def saving_of(wanted: DownloadRequest, of: Prepared) -> Saving:
    """A download to an object store."""
    return Saving(of.archive, str(wanted.output), _stem(of.archive, of.job), wanted.storage_options, of.options)


def download(project: Project, name: str, wanted: DownloadRequest) -> Flow[DownloadResult]:
    """Download the weights of a checkpoint.

    Args:
        project: The project whose registry may have them.
        name: The job or checkpoint.
        wanted: How.
    """
    return (yield from downloaded(project, wanted, (yield from prepared(name, wanted))))


def downloaded(project: Project, wanted: DownloadRequest, of: Prepared) -> Flow[DownloadResult]:
    """Do a download that was prepared."""
    extraction = replace(of.extraction, registry=registry_of(project, wanted, of)) if wanted.extract else None
    if isinstance(of.place, Location):
        result = yield from saved(saving_of(wanted, of), extraction, wanted)
    else:
        step = Fetch(of.archive, of.place, of.options)
        if extraction is not None:
            result = yield from extracted(step, extraction)
        else:
            result = result_of(of.archive, (yield from explained(of.archive, fetch(step))))
    return replace(result, best=of.best)


def check_source(wanted: DownloadRequest) -> Source:
    """The source of the weights.

    Raises:
        ConfigurationError: It does not exist.
        RuleError: It is the registry, and a keyword is for archives alone.
    """
    source = download_source(wanted.source)
    if source == "registry" and not wanted.extract:
        raise RuleError(
            "source is 'registry' without extract=True: the registry has files, and no archive: add extract=True "
            "(--extract), or use source='archive' (--source archive)"
        )
    for keyword, given in (
        ("keep_archive", wanted.keep_archive),
        ("spool", wanted.spool is not None),
        ("limits", wanted.limits is not None),
    ):
        if source == "registry" and given:
            raise RuleError(
                f"{keyword} is for archives, and source is 'registry': omit {keyword}, or use source='archive' "
                "(--source archive)"
            )
    return source


def _check_extraction(wanted: DownloadRequest) -> None:
    """Check that options of an extraction fit; raises `RuleError` and `ConfigurationError`."""
    for keyword, value in (("base_model", wanted.base_model), ("limits", wanted.limits), ("spool", wanted.spool)):
        if value is not None and not wanted.extract:
            raise RuleError(f"{keyword} is given without extract=True: add it, or remove {keyword}")
    if wanted.keep_archive and wanted.spool is False:
        raise ConfigurationError("keep_archive needs the archive on the disk, and spool is False: omit one of them")


def download_form(
    ft_id: str, checkpoint: str, *, checkpoint_step: int | None, output: str | os.PathLike[str] | None
) -> Flow[DownloadResult]:
    """Download the form that is given, as the API names it; the server decides whether the job has it."""
    check_output(output)
    found, best = yield from _form(ft_id, checkpoint, checkpoint_step)
    job = yield from retrieve(found.job_id)
    yield from _check_ready(CheckpointName(found.job_id, found.step), text(job.status))
    options = Options(connections=download_connections(None, DEFAULT_CONNECTIONS), limit_rate=download_limit_rate(None))
    target = destination(output, _stem(found, job))
    result = result_of(found, (yield from explained(found, fetch(Fetch(found, target, options)))))
    return replace(result, best=best)


def place_of(output: str | os.PathLike[str] | None, found: Archive, job: models.FinetuneResponse) -> Target | Location:
    """Where an archive is saved; in an object store without its extension."""
    stem = _stem(found, job)
    return location_of(str(output), stem) if is_object_url(output) else destination(output, stem)


def _stem(found: Archive, job: models.FinetuneResponse) -> str:
    """The name of an archive without its extension."""
    name, adapter = CheckpointName(found.job_id, found.step), type_of(found.checkpoint) is CheckpointType.ADAPTER
    return archive_stem(name, text(job.model_output_name), adapter=adapter)


def expected_layout(found: Archive) -> Layout | None:
    """The expected layout of an archive; None where the server chose its form."""
    if found.checkpoint is None:
        return None
    return Layout.ADAPTER if type_of(found.checkpoint) is CheckpointType.ADAPTER else Layout.MODEL


def open_stream(name: str, wanted: StreamRequest) -> Flow[OrderedStream]:
    """Open a checkpoint's archive as a stream."""
    options = StreamOptions(
        connections=download_connections(wanted.connections, DEFAULT_CONNECTIONS),
        limit_rate=download_limit_rate(wanted.limit_rate),
        window=wanted.window,
        progress=wanted.progress,
    )
    _, found, _ = yield from archive(name, wanted.checkpoint_step, wanted.checkpoint_type)
    return (yield from explained(found, opened(Open(found, options))))
