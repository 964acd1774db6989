"""Creating a job and estimating its price: checks before the request avoid jobs that fail."""

from __future__ import annotations

import logging
from dataclasses import replace

from together_ext.api.flow import Flow, ask, call
from together_ext.checkpoints import parse_checkpoint_name
from together_ext.errors import ApiError
from together_generated import models
from together_generated.api.fine_tuning import create_fine_tune, estimate_fine_tune_price

from .best_checkpoint import best_checkpoint
from .creation import creation_request, creation_secrets, price_request
from .job_rules import check_limits, fit_rank, needs_limits
from .operations import model_limits
from .parameters import JobParameters

log = logging.getLogger("together_ext")


def create(parameters: JobParameters) -> Flow[models.FinetuneResponseTruncated]:
    """Create a job."""
    body = creation_request(parameters)
    if needs_limits(body) and isinstance(body.model, str):
        yield from _check_limits(
            body, body.model, ranked=bool(parameters.get("lora_r") or parameters.get("training_type"))
        )
    if isinstance(body.from_checkpoint, str):
        body.from_checkpoint = yield from _resolved(body.from_checkpoint)
    prepared = call("create a fine-tuning job", create_fine_tune.sync, create_fine_tune.asyncio, body=body)
    doubt = "the job may have been created, which costs money: list the jobs before you retry"
    return (yield from ask(replace(prepared, secrets=creation_secrets(parameters), doubt=doubt)))


def _check_limits(body: models.FinetuneCreateRequest, model: str, *, ranked: bool) -> Flow[None]:
    """Refuse what the base model does not allow; if its limits cannot be retrieved, the server decides."""
    try:
        limits = yield from model_limits(model)
    except ApiError as error:
        log.warning("the limits of the model are unknown (%s); the server decides", error)
        return
    if not ranked:
        fit_rank(body, limits)
    check_limits(body, limits)


def _resolved(checkpoint: str) -> Flow[str]:
    """The name of a checkpoint, with its step in place of `:best`."""
    if not (checkpoint.startswith("ft-") and parse_checkpoint_name(checkpoint).best):
        return checkpoint
    return (yield from best_checkpoint(parse_checkpoint_name(checkpoint).job_id)).checkpoint.name


def estimate_price(parameters: JobParameters) -> Flow[models.FinetunePriceEstimate]:
    """Estimate the price of a job."""
    body = price_request(parameters)
    prepared = call(
        "estimate the price of a fine-tuning job",
        estimate_fine_tune_price.sync,
        estimate_fine_tune_price.asyncio,
        body=body,
    )
    return (yield from ask(replace(prepared, secrets=creation_secrets(parameters))))
