"""From a job's name to its weights on the disk: the rules, the request, the file, the extracted folder."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from together_ext.api.flow import Archive, Fetch, Flow, Open, fetch, opened
from together_ext.api.requests import FORMS
from together_ext.api.responses import text
from together_ext.checkpoints import CheckpointName, CheckpointType, parse_checkpoint_name
from together_ext.config import download_connections, download_limit_rate
from together_ext.destinations.local import check_output, destination
from together_ext.destinations.urls import Location
from together_ext.errors import CheckpointTypeError
from together_ext.transfer import DEFAULT_CONNECTIONS, Options, StreamOptions

from .download_options import DownloadRequest, StreamRequest
from .download_result import DownloadResult, result_of
from .metrics import BestCheckpoint
from .operations import retrieve
from .prepared import Prepared, archive, check_job_ready, prepared, registry_of, resolved, saving_of, stem_of
from .refusals import explained

if TYPE_CHECKING:
    from together_ext.registry.project import Project
    from together_ext.transfer import OrderedStream


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
    if checkpoint not in list(FORMS):
        raise CheckpointTypeError(f"invalid checkpoint {checkpoint!r}: choose one of {', '.join(FORMS)}")
    name, best = yield from resolved(name)
    return Archive(name.job_id, name.step, str(checkpoint)), best


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
        from .to_objects import saved

        result = yield from saved(saving_of(wanted, of), extraction, wanted)
    elif extraction is not None:
        from .extraction import extracted

        result = yield from extracted(Fetch(of.archive, of.place, of.options), extraction)
    else:
        step = Fetch(of.archive, of.place, of.options)
        result = result_of(of.archive, (yield from explained(of.archive, fetch(step))))
    return replace(result, best=of.best)


def download_form(
    ft_id: str, checkpoint: str, *, checkpoint_step: int | None, output: str | os.PathLike[str] | None
) -> Flow[DownloadResult]:
    """Download the form that is given, as the API names it; the server decides whether the job has it."""
    check_output(output)
    found, best = yield from _form(ft_id, checkpoint, checkpoint_step)
    job = yield from retrieve(found.job_id)
    yield from check_job_ready(CheckpointName(found.job_id, found.step), text(job.status))
    options = Options(connections=download_connections(None, DEFAULT_CONNECTIONS), limit_rate=download_limit_rate(None))
    target = destination(output, stem_of(found, job))
    result = result_of(found, (yield from explained(found, fetch(Fetch(found, target, options)))))
    return replace(result, best=best)


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
