"""The operations on fine-tuning jobs, each written once for both clients, as a flow of requests and decisions.

Each imports its endpoint when it is called: importing all of them takes longer than most calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from together_ext.api.flow import Flow, Read, ask, call, read
from together_ext.api.long_lists import LazyList, ListReader
from together_ext.api.responses import date, items, text, warn_of_skipped
from together_ext.checkpoints import Checkpoint, checkpoint_name, is_step, newest_first, parse_job_id
from together_ext.errors import RuleError
from together_ext.text import printable
from together_generated import models

if TYPE_CHECKING:
    from together_ext.api.lists import EventList, JobList


def list_jobs() -> Flow[JobList]:
    """List all jobs, newest first; each becomes an object only when it is accessed, since there may be very many."""
    from together_ext.api.lists import JobList
    from together_generated.api.fine_tuning import list_fine_tunes as endpoint

    request = endpoint._get_kwargs()  # noqa: SLF001 -- as in `api`
    reader = yield from read(Read("list the fine-tuning jobs", request, lambda: ListReader("data", _age)))
    # By the date alone, so that jobs of the same date keep their order.
    raw = [item for _, item in sorted(reader.items, key=lambda found: found[0], reverse=True)]
    warn_of_skipped(reader.left_out, "job")
    jobs = JobList(LazyList(raw, _job))
    reader.rest.pop("data", None)
    jobs.additional_properties = reader.rest
    return jobs


def _job(document: Mapping[str, Any]) -> models.FinetuneResponseTruncated:
    return models.FinetuneResponseTruncated.from_dict({"id": "", **document})


def _age(document: object) -> datetime | None:
    """When a job was created; None if it is not a job."""
    if not isinstance(document, dict):
        return None
    return date(document.get("created_at")) or datetime.min.replace(tzinfo=UTC)


def retrieve(job_id: str, within: float | None = None) -> Flow[models.FinetuneResponse]:
    """Retrieve a job; `within` is a time limit in seconds, if it is shorter than that of every call."""
    from together_generated.api.fine_tuning import retrieve_fine_tune as endpoint

    job_id = parse_job_id(job_id)
    prepared = call(f"retrieve {job_id}", endpoint.sync, endpoint.asyncio, id=job_id)
    return (yield from ask(replace(prepared, within=within)))


def list_models() -> Flow[list[str]]:
    """List the base models that can be fine-tuned."""
    from together_generated.api.fine_tuning import list_fine_tune_models as endpoint

    response = yield from ask(call("list the base models", endpoint.sync, endpoint.asyncio))
    return [name for name in response.models if isinstance(name, str)] if isinstance(response.models, list) else []


def model_limits(model_name: str) -> Flow[models.FinetuneModelLimits]:
    """Retrieve the limits of a base model."""
    from together_generated.api.fine_tuning import retrieve_fine_tune_model_limits as endpoint

    if not isinstance(model_name, str) or not model_name.strip():
        raise RuleError(f"the model is {model_name!r}: expected its name")
    action = f"retrieve the limits of {printable(model_name, 100)}"
    return (yield from ask(call(action, endpoint.sync, endpoint.asyncio, model_name=model_name)))


def cancel(job_id: str) -> Flow[models.FinetuneResponseTruncated]:
    """Cancel a job."""
    from together_generated.api.fine_tuning import cancel_fine_tune as endpoint

    job_id = parse_job_id(job_id)
    return (yield from ask(call(f"cancel {job_id}", endpoint.sync, endpoint.asyncio, id=job_id)))


def delete(job_id: str) -> Flow[models.FinetuneDeleteResponse]:
    """Delete a job."""
    from together_generated.api.fine_tuning import delete_fine_tune as endpoint

    job_id = parse_job_id(job_id)
    return (yield from ask(call(f"delete {job_id}", endpoint.sync, endpoint.asyncio, id=job_id)))


def list_events(job_id: str, within: float | None = None) -> Flow[EventList]:
    """List the events of a job; `within` as in `retrieve`."""
    from together_ext.api.lists import EventList
    from together_generated.api.fine_tuning import list_fine_tune_events as endpoint

    job_id = parse_job_id(job_id)
    prepared = call(f"list the events of {job_id}", endpoint.sync, endpoint.asyncio, id=job_id)
    response = yield from ask(replace(prepared, within=within))
    events = EventList(items(response.data, models.FineTuneEvent))
    events.additional_properties = response.additional_properties
    return events


def list_checkpoints(job_id: str) -> Flow[list[Checkpoint]]:
    """List the checkpoints of a job, newest first."""
    from together_generated.api.fine_tuning import list_fine_tune_checkpoints as endpoint

    job_id = parse_job_id(job_id)
    response = yield from ask(call(f"list the checkpoints of {job_id}", endpoint.sync, endpoint.asyncio, id=job_id))
    return newest_first(list(_checkpoints(job_id, items(response.data, models.FineTuneCheckpoint))))


def _checkpoints(job_id: str, items: list[models.FineTuneCheckpoint]) -> Iterator[Checkpoint]:
    """The checkpoints of a response; one warning for those without a valid step."""
    usable = [found for found in items if is_step(found.step)]
    warn_of_skipped(len(items) - len(usable), f"checkpoint of {job_id} with a step")
    for found in usable:
        label = text(found.checkpoint_type) or ""
        timestamp = text(found.created_at) or ""
        yield Checkpoint(
            step=found.step,
            type=label,
            name=checkpoint_name(job_id, found.step, label),
            created_at=date(timestamp),
            timestamp=timestamp,
            path=text(found.path) or "",
            object_id=text(found.object_id),
            revision_id=text(found.object_revision_id),
            object_kind=text(found.checkpoint),
        )
