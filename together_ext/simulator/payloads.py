"""Jobs, events and checkpoints in the JSON format of the API."""

from __future__ import annotations

import hashlib
from datetime import datetime

from .base_models import TOKENS
from .jobs import Checkpoint, Event, Job
from .registry_fields import checkpoint_fields, object_fields

DEFAULTS: dict[str, object] = {
    "training_file": None,
    "validation_file": "",
    "model": None,
    "suffix": "",
    "packing": True,
    "max_seq_length": 8192,
    "n_epochs": 3,
    "n_evals": 0,
    "n_checkpoints": 1,
    "batch_size": "max",
    "learning_rate": 1e-05,
    "lr_scheduler": {"lr_scheduler_type": "cosine", "lr_scheduler_args": {"min_lr_ratio": 0.1, "num_cycles": 0.5}},
    "warmup_ratio": 0.0,
    "max_grad_norm": 1.0,
    "weight_decay": 0.0,
    "random_seed": None,
    "training_method": {"method": "sft", "train_on_inputs": "auto"},
    "training_type": {
        "type": "Lora",
        "lora_r": 64,
        "lora_alpha": 16,
        "lora_dropout": 0.0,
        "lora_trainable_modules": "all-linear",
    },
    "wandb_project_name": None,
    "wandb_name": None,
    "from_checkpoint": "",
    "from_hf_model": "",
    "hf_model_revision": "",
}
"""The defaults of the server for parameters that the request omits."""

_BOTH = frozenset(DEFAULTS) - {"suffix", "packing", "max_seq_length", "random_seed", "wandb_name"}
_PRICE = 0.48
_NANO = 1_000_000_000
"""Units of a dollar in prices of older servers."""
_OLD_EVENTS = {"model_compressing": "COMPRESSING_MODEL"}
"""Events whose older names differ in more than their case."""
_BATCH = 32
"""The batch size that older servers return for `max`."""


def truncated(job: Job, *, old: bool = False) -> dict[str, object]:
    """A job in its short form, as list, create and cancel return it; with the fields of older servers on request."""
    owner: dict[str, object] = {"user_id": "661d87fe39e1a8c5", "owner_address": "0x51mu1a70f"}
    return _adjusted(job, _settings(job, frozenset(DEFAULTS)) | _state(job) | owner, old=old or job.old_server)


def full(job: Job, *, old: bool = False) -> dict[str, object]:
    """A job in its full form, as retrieve returns it; with the fields of older servers on request."""
    old = old or job.old_server
    extra: dict[str, object] = {
        "model_output_path": job.output_path if job.status == "completed" else "",
        "trainingfile_numlines": 4_210,
        "trainingfile_size": 6_402_118,
        "eval_steps": 0,
        "train_on_inputs": "auto",
        "multimodal_params": None,
        "job_id": hashlib.sha256(job.id.encode()).hexdigest()[:12],
        "events": [event(item, old=old) for item in job.events],
        "param_count": 8_030_261_248,
        "epochs_completed": job.settings.get("n_epochs", 3) if job.status == "completed" else 0,
        "queue_depth": 2 if job.status in {"pending", "queued"} else 0,
        "wandb_url": "",
        **object_fields(job),
    }
    return _adjusted(job, _settings(job, _BOTH) | _state(job) | extra, old=old)


def event(item: Event, *, old: bool) -> dict[str, object]:
    """An event; fields that do not apply are zero or empty, as in the service.

    Older servers send the type in upper case, and no level.
    """
    kind = _OLD_EVENTS.get(item.type, item.type.upper()) if old else item.type
    text = f"{kind} {item.message} {item.at.isoformat()}"
    return {
        "object": "fine-tune-event",
        "created_at": timestamp(item.at),
        "level": None if old else item.level,
        "message": item.message,
        "type": kind,
        "param_count": 0,
        "token_count": 0,
        "total_steps": 0,
        "wandb_url": "",
        "step": item.step,
        "checkpoint_path": item.path if item.step else "",
        "model_path": "" if item.step else item.path,
        "training_offset": 0,
        "hash": hashlib.sha256(text.encode()).hexdigest()[:16],
    }


def checkpoints(item: Checkpoint, job: Job) -> list[dict[str, object]]:
    """A checkpoint; on a newer server, an entry with the newer fields for each form of its weights."""
    payload: dict[str, object] = {
        "step": item.step,
        "created_at": timestamp(item.at),
        "path": item.path,
        "checkpoint_type": "Final" if item.final else "Intermediate",
    }
    if not job.new_server:
        return [payload]
    return [{**payload, **checkpoint_fields(job, item.step, form)} for form in job.forms]


def timestamp(moment: datetime) -> str:
    """A time in RFC 3339 without trailing zeros of the fraction, as Go's encoder writes it."""
    text = moment.isoformat().replace("+00:00", "")
    return (text.rstrip("0") if "." in text else text) + "Z"


def _settings(job: Job, names: frozenset[str]) -> dict[str, object]:
    return {name: job.settings.get(name, default) for name, default in DEFAULTS.items() if name in names}


def _state(job: Job) -> dict[str, object]:
    """The state of a job, which both forms contain."""
    running = job.status == "running"
    return {
        "id": job.id,
        "status": job.status,
        "created_at": timestamp(job.created_at),
        "updated_at": timestamp(job.updated_at),
        "started_at": None if job.started_at is None else timestamp(job.started_at),
        "model_output_name": job.model_output_name,
        "total_price": _PRICE if job.started_at else 0.0,
        "token_count": TOKENS if job.started_at else 0,
        "progress": {"estimate_available": running, "seconds_remaining": _left(job) if running else 0},
    }


def _left(job: Job) -> float:
    return 1043.5 if job.seconds_left is None else round(job.seconds_left, 3)


def _adjusted(job: Job, payload: dict[str, object], *, old: bool) -> dict[str, object]:
    if old:
        price = payload["total_price"]
        payload["total_price"] = round(price * _NANO) if isinstance(price, float) else price
        payload["batch_size"] = _BATCH if payload["batch_size"] == "max" else payload["batch_size"]
    return {name: value for name, value in (payload | job.overrides).items() if name not in job.absent}
