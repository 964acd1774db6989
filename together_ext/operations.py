"""The operations on fine-tuning jobs, each written once for both clients, as a flow of requests and decisions.

Each loads its endpoint, and the models with it, when it is called: nobody pays for the others.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from together_generated import models

from .checkpoints import Checkpoint, checkpoint_name, is_step, newest_first, parse_checkpoint_name, parse_job_id
from .errors import ApiError, RuleError, printable
from .flow import Call, Flow, Read, ask, read

if TYPE_CHECKING:
    from .creation import JobParameters
    from .lists import EventList, JobList

log = logging.getLogger("together_ext")


def list_jobs() -> Flow[JobList]:
    """All jobs, newest first; there may be very many, so each is made into an object when it is asked for."""
    from together_generated.api.fine_tuning import list_fine_tunes as endpoint

    from .lists import JobList
    from .long_lists import LazyList, ListReader

    reader = ListReader("data", _age)
    yield from read(Read("list the fine-tuning jobs", endpoint._get_kwargs(), reader))  # noqa: SLF001 -- as in `api`
    # By the date alone: of two of one date, the first comes first.
    raw = [item for _, item in sorted(reader.items, key=lambda found: found[0], reverse=True)]
    jobs = JobList(LazyList(raw, _job))
    reader.rest.pop("data", None)
    jobs.additional_properties = reader.rest
    return jobs


def _job(document: Mapping[str, Any]) -> models.FinetuneResponseTruncated:
    return models.FinetuneResponseTruncated.from_dict({"id": "", **document})


def _age(document: object) -> datetime | None:
    """When a job was created; None for what is no job."""
    if not isinstance(document, dict):
        log.warning("the server sent something that is no job; it is left out")
        return None
    return date(document.get("created_at")) or datetime.min.replace(tzinfo=UTC)


def retrieve(job_id: str) -> Flow[models.FinetuneResponse]:
    """One job."""
    from together_generated.api.fine_tuning import retrieve_fine_tune as endpoint

    job_id = parse_job_id(job_id)
    return (yield from ask(_call(f"retrieve {job_id}", endpoint.sync, endpoint.asyncio, id=job_id)))


def create(parameters: JobParameters) -> Flow[models.FinetuneResponseTruncated]:
    """A new job."""
    from together_generated.api.fine_tuning import create_fine_tune as endpoint

    from .creation import creation_request, creation_secrets
    from .job_rules import needs_limits

    body = creation_request(parameters)
    if needs_limits(body) and isinstance(body.model, str):
        yield from _check_limits(
            body, body.model, ranked=bool(parameters.get("lora_r") or parameters.get("training_type"))
        )
    if isinstance(body.from_checkpoint, str):
        body.from_checkpoint = yield from _found_out(body.from_checkpoint)
    call = _call("create a fine-tuning job", endpoint.sync, endpoint.asyncio, body=body)
    doubt = "it may be there all the same, and cost: list the jobs first"
    return (yield from ask(replace(call, secrets=creation_secrets(parameters), doubt=doubt)))


def _check_limits(body: models.FinetuneCreateRequest, model: str, *, ranked: bool) -> Flow[None]:
    """Refuse what the base model does not allow; if its limits cannot be had, the server decides."""
    from .job_rules import check_limits, fit_rank

    try:
        limits = yield from model_limits(model)
    except ApiError as error:
        log.warning("the limits of the model are not known (%s); the server decides", error)
        return
    if not ranked:
        fit_rank(body, limits)
    check_limits(body, limits)


def _found_out(checkpoint: str) -> Flow[str]:
    """A checkpoint itself, where its name says that it is the best one."""
    if not (checkpoint.startswith("ft-") and parse_checkpoint_name(checkpoint).best):
        return checkpoint
    from .judging import best_checkpoint

    return (yield from best_checkpoint(parse_checkpoint_name(checkpoint).job_id)).checkpoint.name


def estimate_price(parameters: JobParameters) -> Flow[models.FinetunePriceEstimate]:
    """What a job would cost."""
    from together_generated.api.fine_tuning import estimate_fine_tune_price as endpoint

    from .creation import creation_secrets, price_request

    body = price_request(parameters)
    call = _call("estimate the price of a fine-tuning job", endpoint.sync, endpoint.asyncio, body=body)
    return (yield from ask(replace(call, secrets=creation_secrets(parameters))))


def list_models() -> Flow[list[str]]:
    """The base models that can be fine-tuned."""
    from together_generated.api.fine_tuning import list_fine_tune_models as endpoint

    answer = yield from ask(_call("list the base models", endpoint.sync, endpoint.asyncio))
    return [name for name in answer.models if isinstance(name, str)] if isinstance(answer.models, list) else []


def model_limits(model_name: str) -> Flow[models.FinetuneModelLimits]:
    """Between which bounds a base model can be fine-tuned."""
    from together_generated.api.fine_tuning import retrieve_fine_tune_model_limits as endpoint

    if not isinstance(model_name, str) or not model_name.strip():
        raise RuleError(f"the model is {model_name!r}: expected its name")
    action = f"retrieve the limits of {printable(model_name, 100)}"
    return (yield from ask(_call(action, endpoint.sync, endpoint.asyncio, model_name=model_name)))


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


def _read_date(text: str) -> datetime | None:
    # The first reads what servers write, ten times as fast; the second reads more.
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    from dateutil.parser import isoparse

    with suppress(ValueError, OverflowError):
        return isoparse(text)
    return None


def date(value: object) -> datetime | None:
    """A date of the server, aware; None for whatever else is there."""
    if isinstance(value, str):
        value = _read_date(value)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
