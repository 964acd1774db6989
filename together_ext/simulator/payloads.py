"""Jobs, events and checkpoints as the API writes them in JSON."""

from __future__ import annotations

import hashlib
from datetime import datetime

from together_ext.simulator.base_models import TOKENS
from together_ext.simulator.jobs import Checkpoint, Event, Job

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
    "warmup_ratio": 0.03,
    "max_grad_norm": 1.0,
    "weight_decay": 0.0,
    "random_seed": None,
    "training_method": {"method": "sft", "train_on_inputs": "auto"},
    "training_type": {
        "type": "Lora",
        "lora_r": 32,
        "lora_alpha": 64,
        "lora_dropout": 0.0,
        "lora_trainable_modules": "all-linear",
    },
    "wandb_project_name": None,
    "wandb_name": None,
    "from_checkpoint": "",
    "from_hf_model": "",
    "hf_model_revision": "",
}
"""What the server fills in for what a job's creator leaves out."""

_BOTH = frozenset(DEFAULTS) - {"suffix", "packing", "max_seq_length", "random_seed", "wandb_name"}
_PRICE = 0.48
_NANO = 1_000_000_000
"""Older servers count a dollar in these."""
_BATCH = 32
"""What the largest batch came to on older servers."""


def truncated(job: Job) -> dict[str, object]:
    """A job the way listing, creating and cancelling answer it."""
    owner: dict[str, object] = {"user_id": "661d87fe39e1a8c5", "owner_address": "0x51mu1a70f"}
    return _adjusted(job, _settings(job, frozenset(DEFAULTS)) | _state(job) | owner)


def full(job: Job) -> dict[str, object]:
    """A job with everything the server knows."""
    extra: dict[str, object] = {
        "model_output_path": job.output_path if job.status == "completed" else "",
        "trainingfile_numlines": 4_210,
        "trainingfile_size": 6_402_118,
        "eval_steps": 0,
        "train_on_inputs": "auto",
        "multimodal_params": None,
        "job_id": hashlib.sha256(job.id.encode()).hexdigest()[:12],
        "events": [event(item) for item in job.events],
        "param_count": 8_030_261_248,
        "epochs_completed": job.settings.get("n_epochs", 3) if job.status == "completed" else 0,
        "queue_depth": 2 if job.status in {"pending", "queued"} else 0,
        "wandb_url": "",
    }
    return _adjusted(job, _settings(job, _BOTH) | _state(job) | extra)


def event(item: Event) -> dict[str, object]:
    """An event; what does not apply is zero or empty, as the real server writes it."""
    text = f"{item.type} {item.message} {item.at.isoformat()}"
    return {
        "object": "fine-tune-event",
        "created_at": timestamp(item.at),
        "level": item.level,
        "message": item.message,
        "type": item.type,
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


def checkpoint(item: Checkpoint, job: Job) -> dict[str, object]:
    """A checkpoint, with the newer fields if the job lives on a newer server."""
    payload: dict[str, object] = {
        "step": item.step,
        "created_at": timestamp(item.at),
        "path": item.path,
        "checkpoint_type": "Final" if item.final else "Intermediate",
    }
    if job.new_server:
        digest = hashlib.sha256(item.path.encode()).hexdigest()
        payload |= {
            "checkpoint": "model",
            "object_id": f"ml-{digest[:12]}",
            "object_name": job.model_output_name if item.final else f"{job.model_output_name}:{item.step}",
            "object_revision_id": f"mlrev-{digest[12:24]}",
        }
    return payload


def timestamp(moment: datetime) -> str:
    """RFC 3339 with as much of a fraction as there is, as Go's encoder does it."""
    text = moment.isoformat().replace("+00:00", "")
    return (text.rstrip("0") if "." in text else text) + "Z"


def _settings(job: Job, names: frozenset[str]) -> dict[str, object]:
    return {name: job.settings.get(name, default) for name, default in DEFAULTS.items() if name in names}


def _state(job: Job) -> dict[str, object]:
    """What both forms say of where the job stands."""
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


def _adjusted(job: Job, payload: dict[str, object]) -> dict[str, object]:
    if job.old_server:
        price = payload["total_price"]
        payload["total_price"] = round(price * _NANO) if isinstance(price, float) else price
        payload["batch_size"] = _BATCH if payload["batch_size"] == "max" else payload["batch_size"]
    return {name: value for name, value in (payload | job.overrides).items() if name not in job.absent}
