"""Requests for archives that the server refuses: the error names the checkpoints that exist."""

from __future__ import annotations

from typing import TypeVar

from together_ext.api.flow import Archive, Flow
from together_ext.errors import ApiError, BadRequestError, CheckpointNotFoundError, NotFoundError

from .operations import list_checkpoints

T = TypeVar("T")


def explained(archive: Archive, requested: Flow[T]) -> Flow[T]:
    """Request an archive; if the server refuses a step, list the steps that exist.

    Args:
        archive: The archive.
        requested: The request.

    Raises:
        CheckpointNotFoundError: The job has no such step.
    """
    try:
        return (yield from requested)
    except (NotFoundError, BadRequestError):
        if archive.step is not None:
            yield from _check_listed(archive.job_id, archive.step)
        raise


def _check_listed(job_id: str, step: int) -> Flow[None]:
    """Report which steps exist; if they cannot be listed, the server's error remains."""
    try:
        listed = yield from list_checkpoints(job_id)
    except ApiError:
        return
    steps = sorted({found.step for found in listed})
    if step not in steps:
        raise CheckpointNotFoundError(job_id, step, steps)
