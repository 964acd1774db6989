"""The names and IDs of a job's weights in the model registry."""

from __future__ import annotations

import hashlib

from .jobs import Job
from .models import Form


def object_name(job: Job, step: int, form: Form) -> str:
    """The name of a job's weights."""
    name = job.model_output_name + ("" if step == job.steps[-1] else f"-step-{step}")
    return f"{name}-adapter" if form == "adapter" else name


def object_id(name: str) -> str:
    """The ID of a model."""
    return f"ml_{_digits(name)[:16]}"


def revision_id(name: str, number: int = 1) -> str:
    """The ID of a revision."""
    return f"rv_{_digits(f'{name} {number}')[:16]}"


def object_fields(job: Job) -> dict[str, object]:
    """The fields of a completed job on a newer server that name its weights in the registry."""
    found: dict[str, object] = {}
    for step, form in weights_of(job):
        if step == job.steps[-1]:
            kind, name = "adapter" if form == "adapter" else "model", object_name(job, step, form)
            found |= {
                f"{kind}_object_id": object_id(name),
                f"{kind}_object_name": name,
                f"{kind}_object_revision_id": revision_id(name),
            }
    return found


def checkpoint_fields(job: Job, step: int, form: Form) -> dict[str, object]:
    """The fields of a checkpoint on a newer server that name one form of its weights in the registry."""
    name = object_name(job, step, form)
    return {
        "checkpoint": "adapter" if form == "adapter" else "model",
        "object_id": object_id(name),
        "object_name": name,
        "object_revision_id": revision_id(name),
    }


def weights_of(job: Job) -> list[tuple[int, Form]]:
    """The step and form of all weights of a job that are in the registry."""
    if not job.new_server:
        return []
    return [(checkpoint.step, form) for checkpoint in job.checkpoints for form in job.forms]


def _digits(text: str) -> str:
    return hashlib.sha256(f"registry {text}".encode()).hexdigest()
