"""What a download would do, by the rules: which archive, from where, to where, and how."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from together_ext.api.flow import Archive, Flow
from together_ext.api.responses import text
from together_ext.archive.terms import Terms
from together_ext.archive.weights.base_model import BaseChoice
from together_ext.archive.weights.layout import Layout
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
from together_ext.destinations import urls
from together_ext.destinations.local import check_output, destination
from together_ext.destinations.urls import SUPPORTED, Location, is_object_url, location_of
from together_ext.errors import ApiError, ConfigurationError, JobNotReadyError, RuleError
from together_ext.text import NOTICE, printable
from together_ext.transfer import DEFAULT_CONNECTIONS, Options, Target
from together_generated import models

from .download_options import DownloadRequest
from .job import training_type
from .operations import list_checkpoints, retrieve

if TYPE_CHECKING:
    from together_ext.registry.project import Project

    from .metrics import BestCheckpoint
    from .registry_source import RegistrySource

log = logging.getLogger("together_ext")


def archive(
    name: str, checkpoint_step: int | None, checkpoint_type: CheckpointType | str
) -> Flow[tuple[models.FinetuneResponse, Archive, BestCheckpoint | None]]:
    """Apply the rules: which job, what to request from the API, and why this checkpoint if it is the best one."""
    wanted = parse_checkpoint_type(checkpoint_type)
    checkpoint, best = yield from resolved(parse_checkpoint_name(name, checkpoint_step))
    job = yield from retrieve(checkpoint.job_id)
    form = requested_checkpoint(checkpoint, wanted, training_type(job))
    yield from check_job_ready(checkpoint, text(job.status))
    return job, Archive(checkpoint.job_id, checkpoint.step, form), best


def check_job_ready(checkpoint: CheckpointName, status: str | None) -> Flow[None]:
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


def resolved(checkpoint: CheckpointName) -> Flow[tuple[CheckpointName, BestCheckpoint | None]]:
    """The checkpoint itself, and why this one, where the name requests the best."""
    if not checkpoint.best:
        return checkpoint, None
    from .best_checkpoint import best_checkpoint

    found = yield from best_checkpoint(checkpoint.job_id)
    log.log(NOTICE, "%s", found.reason)
    return parse_checkpoint_name(found.checkpoint.name), found


@dataclass(frozen=True)
class Extraction:
    """How to extract a download.

    Attributes:
        origin: The receipt's entries about the weights.
        terms: The options of the extraction.
        spool: Whether the archive is written to the disk; None decides by its size and the free space.
        keep_archive: Whether the archive is kept.
        registry: The registry, if it is preferred to the archive.
    """

    origin: Mapping[str, Any]
    terms: Terms
    spool: bool | None
    keep_archive: bool
    registry: RegistrySource | None = None

    def entries(self, name: str, size: int, etag: str | None) -> Mapping[str, Any]:
        """The receipt's entries about the weights and their archive."""
        return {**self.origin, "source": "archive", "archive": {"name": name, "size": size, "validator": etag}}


@dataclass(frozen=True)
class Saving:
    """A download to an object store.

    Attributes:
        archive: What.
        url: Where to: a prefix to save in, or the path itself.
        stem: The name, where the URL does not have it.
        storage: Settings of the store.
        options: The options of the download.
    """

    archive: Archive
    url: str
    stem: str
    storage: Mapping[str, str] | None = field(repr=False)
    options: Options

    def location(self, name: str) -> Location:
        """The location of what is saved, which has this name where the URL does not have one."""
        return location_of(self.url, name)


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
    from .registry_source import RegistrySource

    connections = download_connections(wanted.connections, REGISTRY_CONNECTIONS)
    return RegistrySource(project, of.job, source == "registry", of.extraction.origin, of.extraction.terms, connections)


def saving_of(wanted: DownloadRequest, of: Prepared) -> Saving:
    """A download to an object store."""
    return Saving(of.archive, str(wanted.output), stem_of(of.archive, of.job), wanted.storage_options, of.options)


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


def object_url(wanted: DownloadRequest) -> str | None:
    """The URL of the object store that a download goes to; None for a local path.

    Raises:
        RuleError: The URL is invalid, or an option does not fit.
    """
    url = urls.object_url(wanted.output, wanted.storage_options)
    if url is None:
        return None
    for keyword, given in (("keep_archive", wanted.keep_archive), ("spool", wanted.spool)):
        if given:
            option = f"--{keyword.replace('_', '-')}"
            raise RuleError(
                f"{keyword} ({option}) needs a local folder, and output is {printable(url, 200)!r}: "
                "omit it, or name a folder"
            )
    return url


def place_of(output: str | os.PathLike[str] | None, found: Archive, job: models.FinetuneResponse) -> Target | Location:
    """Where an archive is saved; in an object store without its extension."""
    stem = stem_of(found, job)
    return location_of(str(output), stem) if is_object_url(output) else destination(output, stem)


def stem_of(found: Archive, job: models.FinetuneResponse) -> str:
    """The name of an archive without its extension."""
    name, adapter = CheckpointName(found.job_id, found.step), type_of(found.checkpoint) is CheckpointType.ADAPTER
    return archive_stem(name, text(job.model_output_name), adapter=adapter)


def expected_layout(found: Archive) -> Layout | None:
    """The expected layout of an archive; None where the server chose its form."""
    if found.checkpoint is None:
        return None
    return Layout.ADAPTER if type_of(found.checkpoint) is CheckpointType.ADAPTER else Layout.MODEL
