"""The operations on fine-tuning jobs, each written once for both clients, as a flow of requests and decisions.

Each loads its endpoint, and the models with it, when it is called: nobody pays for the others.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from together_generated import models
from together_generated.types import Unset

from .checkpoints import Checkpoint, checkpoint_name, is_step, newest_first, parse_job_id
from .flow import Call, Flow, ask

if TYPE_CHECKING:
    from .creation import JobParameters
    from .lists import EventList, JobList

log = logging.getLogger("together_ext")


def list_jobs() -> Flow[JobList]:
    """All jobs, newest first."""
    from together_generated.api.fine_tuning import list_fine_tunes as endpoint

    from .lists import JobList

    answer = yield from ask(_call("list the fine-tuning jobs", endpoint.sync, endpoint.asyncio))
    jobs = JobList(sorted(items(answer.data, models.FinetuneResponseTruncated, {"id": ""}), key=_age, reverse=True))
    jobs.additional_properties = answer.additional_properties
    return jobs


def retrieve(job_id: str) -> Flow[models.FinetuneResponse]:
    """One job."""
    from together_generated.api.fine_tuning import retrieve_fine_tune as endpoint

    job_id = parse_job_id(job_id)
    return (yield from ask(_call(f"retrieve {job_id}", endpoint.sync, endpoint.asyncio, id=job_id)))


def create(parameters: JobParameters) -> Flow[models.FinetuneResponseTruncated]:
    """A new job."""
    from together_generated.api.fine_tuning import create_fine_tune as endpoint

    from .creation import creation_request, creation_secrets

    body = creation_request(parameters)
    call = _call("create a fine-tuning job", endpoint.sync, endpoint.asyncio, body=body)
    return (yield from ask(replace(call, secrets=creation_secrets(parameters))))


def cancel(job_id: str) -> Flow[models.FinetuneResponseTruncated]:
    """The job that is being stopped."""
    from together_generated.api.fine_tuning import cancel_fine_tune as endpoint

    job_id = parse_job_id(job_id)
    return (yield from ask(_call(f"cancel {job_id}", endpoint.sync, endpoint.asyncio, id=job_id)))


def delete(job_id: str) -> Flow[models.FinetuneDeleteResponse]:
    """What became of it."""
    from together_generated.api.fine_tuning import delete_fine_tune as endpoint

    job_id = parse_job_id(job_id)
    return (yield from ask(_call(f"delete {job_id}", endpoint.sync, endpoint.asyncio, id=job_id)))


def list_events(job_id: str) -> Flow[EventList]:
    """A job's events."""
    from together_generated.api.fine_tuning import list_fine_tune_events as endpoint

    from .lists import EventList

    job_id = parse_job_id(job_id)
    answer = yield from ask(_call(f"list the events of {job_id}", endpoint.sync, endpoint.asyncio, id=job_id))
    events = EventList(items(answer.data, models.FineTuneEvent))
    events.additional_properties = answer.additional_properties
    return events


def list_checkpoints(job_id: str) -> Flow[list[Checkpoint]]:
    """A job's checkpoints, newest first."""
    from together_generated.api.fine_tuning import list_fine_tune_checkpoints as endpoint

    job_id = parse_job_id(job_id)
    answer = yield from ask(_call(f"list the checkpoints of {job_id}", endpoint.sync, endpoint.asyncio, id=job_id))
    return newest_first(list(_checkpoints(job_id, items(answer.data, models.FineTuneCheckpoint))))


# The server's answers -------------------------------------------------------------------------------------------------

T = TypeVar("T")


class Model(Protocol):
    """A model that can be read from JSON."""

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """Read it."""


M = TypeVar("M", bound=Model)


def _call(
    action: str, sync: Callable[..., T | None], asyncio: Callable[..., Awaitable[T | None]], **arguments: object
) -> Call[T]:
    return Call(action, sync, asyncio, arguments)


def items(data: object, model: type[M], fallback: Mapping[str, str] | None = None) -> list[M]:
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


def _checkpoints(job_id: str, items: list[models.FineTuneCheckpoint]) -> Iterator[Checkpoint]:
    """What the server lists; without a usable step nothing can be asked for, so that one is left out and told."""
    for found in items:
        if not is_step(found.step):
            log.warning("the server sent a checkpoint of %s without a usable step; it is left out", job_id)
            continue
        label = text(found.checkpoint_type) or ""
        timestamp = text(found.created_at) or ""
        yield Checkpoint(
            step=found.step,
            type=label,
            name=checkpoint_name(job_id, found.step, label),
            created_at=date(timestamp),
            timestamp=timestamp,
            path=text(found.path) or "",
        )


def text(value: object) -> str | None:
    """A string of the server, or None for whatever else is there."""
    return value if isinstance(value, str) else None


def date(value: object) -> datetime | None:
    """A date of the server, aware; None for whatever else is there."""
    if isinstance(value, str):
        from dateutil.parser import isoparse

        try:
            value = isoparse(value)
        except (ValueError, OverflowError):
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def _age(job: models.FinetuneResponseTruncated) -> datetime:
    return date(None if isinstance(job.created_at, Unset) else job.created_at) or datetime.min.replace(tzinfo=UTC)
