"""The rules of checkpoints: names, types, states and archive names. Pure: no I/O.

The rules are those of the official client's documentation, and for what it leaves open those in docs/rules.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Final, TypeGuard

from .errors import (
    CheckpointNameError,
    CheckpointTypeError,
    JobNotReadyError,
    Numbers,
    UnknownTrainingTypeError,
    shown_value,
)
from .text import file_name, printable

# Not limited to hexadecimal: the documentation's own example ID has letters past `f`. The value of a step is limited
# below (`MAX_STEP`), so that a step out of range gets a message that says so.
_NAME: Final = re.compile(r"(?P<job>ft-[^:/\s]+)(?::(?P<step>[0-9]+|best))?")

BEST: Final = "best"
"""Stands for a step in a name."""

MAX_STEP: Final = 2**63 - 1
"""The largest step: what fits a signed 64-bit integer."""

STEPS: Final = Numbers(0, MAX_STEP, whole=True)
"""The training steps."""

UNFINISHED: Final = frozenset({"pending", "queued", "running", "compressing", "uploading", "cancel_requested"})
"""Known states in which final weights are still to come, or never will be."""

FAILED: Final = frozenset({"cancelled", "error", "user_error"})
"""Known states in which a job has ended without final weights."""


class CheckpointType(StrEnum):
    """Which form of the weights: the job's own, a LoRA job's merged model, or its adapter alone."""

    DEFAULT = "default"
    MERGED = "merged"
    ADAPTER = "adapter"


DownloadCheckpointType = CheckpointType
"""The official SDK's name for `CheckpointType`."""


class TrainingKind(Enum):
    """How a job was trained, as far as the download rules care."""

    FULL = "Full"
    LORA = "Lora"


@dataclass(frozen=True)
class CheckpointName:
    """A checkpoint of a job, by name.

    Attributes:
        job_id: The job's ID, `ft-` and more.
        step: The training step of a checkpoint; None for the final weights.
        best: Whether it is the job's best checkpoint, whose step must be determined.
    """

    job_id: str
    step: int | None = None
    best: bool = False

    def __str__(self) -> str:
        step = BEST if self.best else self.step
        return self.job_id if step is None else f"{self.job_id}:{step}"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that a job has saved.

    Attributes:
        step: The training step.
        type: The server's label, such as `Intermediate` or `Final`.
        name: What `download` takes: `ft-...:500` for an intermediate checkpoint, the job's ID for the final one.
        created_at: When it was saved; None where the server's date cannot be read.
        timestamp: The server's date as it was sent.
        path: Its path on the server.
        object_id: ID of the weights in the model registry, `ml_...`; None on servers without one.
        revision_id: ID of the weights' revision there, `rv_...`, or None.
        object_kind: What the weights are there, `model` or `adapter`, or None.
    """

    step: int
    type: str
    name: str
    created_at: datetime | None
    timestamp: str
    path: str
    object_id: str | None = None
    revision_id: str | None = None
    object_kind: str | None = None


def parse_job_id(job_id: str) -> str:
    """Check an ID that must not carry a step.

    Raises:
        CheckpointNameError: It does not start with `ft-`, or has a colon, a slash or a space in it.
    """
    name = parse_checkpoint_name(job_id)
    if name.step is not None or name.best:
        raise CheckpointNameError(f"{job_id!r} names a checkpoint: expected the job's ID alone, {name.job_id}")
    return name.job_id


def parse_checkpoint_name(name: str, step: int | None = None) -> CheckpointName:
    """Take `ft-...`, `ft-...:500` or `ft-...:best` apart.

    Args:
        name: A job ID, with or without a step.
        step: The step, if it was given separately.

    Raises:
        CheckpointNameError: The name has another form, the step is not a whole number from 0, or both give a step.
    """
    if not isinstance(name, str):
        raise CheckpointNameError(f"the job ID is {name!r}: expected text such as 'ft-...' or 'ft-...:500'")
    match = _NAME.fullmatch(name)
    if match is None or not name.isprintable():
        raise CheckpointNameError(
            f"{printable(name, 120)!r} is not a job ID: expected 'ft-...', 'ft-...:<step>' or 'ft-...:best'"
        )
    if step is not None and not is_step(step):
        raise CheckpointNameError(f"checkpoint_step is {shown_value(step)}: expected {STEPS}")
    if match["step"] is None:
        return CheckpointName(match["job"], step)
    if step is not None:
        raise CheckpointNameError(
            f"{name!r} contains a step, and checkpoint_step is {step}: give it once, in the ID or as checkpoint_step"
        )
    if match["step"] == BEST:
        return CheckpointName(match["job"], best=True)
    # Without its leading zeros: Python refuses to read an integer of more than 4300 digits.
    digits = match["step"].lstrip("0") or "0"
    if len(digits) > len(str(MAX_STEP)) or int(digits) > MAX_STEP:
        raise CheckpointNameError(f"the step in {printable(name, 120)!r} is too large: expected at most {MAX_STEP:,}")
    return CheckpointName(match["job"], int(digits))


def is_step(value: object) -> TypeGuard[int]:
    """Whether it is a training step: a whole number from 0 to `MAX_STEP`."""
    return value in STEPS


def parse_checkpoint_type(value: CheckpointType | str) -> CheckpointType:
    """A type by its name in any letter case, or by an enum whose value is such a name (also another package's).

    Raises:
        CheckpointTypeError: There is no such type.
    """
    text: object = value.value if isinstance(value, Enum) else value
    try:
        return CheckpointType(text.lower() if isinstance(text, str) else "")
    except ValueError:
        names = ", ".join(kind.value for kind in CheckpointType)
        raise CheckpointTypeError(f"invalid checkpoint type {text!r}: choose one of {names}") from None


def training_kind(name: str | None) -> TrainingKind | None:
    """How a job was trained, by the server's label; None for no label or an unknown one."""
    return next((kind for kind in TrainingKind if name is not None and kind.value.lower() == name.lower()), None)


def training_label(name: str | None) -> str | None:
    """The label of a training type for people: `LoRA`, `full`, or the server's label of another type."""
    kind = training_kind(name)
    return name if kind is None else {TrainingKind.LORA: "LoRA", TrainingKind.FULL: "full"}[kind]


def requested_checkpoint(name: CheckpointName, wanted: CheckpointType, training_type: str | None) -> str | None:
    """Choose the `checkpoint` of the download request.

    Args:
        name: The job, and the step if one was requested.
        wanted: The type that the caller requested.
        training_type: How the job was trained, as the server labels it; None if the server sends no label.

    Returns:
        `model_output_path` for a full job, `merged` or `adapter` for a LoRA job. None where the request is to carry
        `checkpoint_step` alone: the default type of a step, when the training type is absent or unknown.

    Raises:
        CheckpointTypeError: A full training job has only its own form.
        UnknownTrainingTypeError: The training type is absent or unknown, and neither a type nor a step is given.
    """
    job_id = name.job_id
    kind = training_kind(training_type)
    if kind is TrainingKind.FULL:
        if wanted is not CheckpointType.DEFAULT:
            raise CheckpointTypeError(
                f"{job_id} is a full training job and has no {wanted} weights: only the type 'default' is allowed"
            )
        return "model_output_path"
    if wanted is not CheckpointType.DEFAULT:
        return wanted.value
    if kind is TrainingKind.LORA:
        return CheckpointType.MERGED.value
    if name.step is not None:
        return None
    raise UnknownTrainingTypeError(job_id, training_type)


def type_of(checkpoint: str | None) -> CheckpointType:
    """The type that the `checkpoint` of a download request names: the inverse of `requested_checkpoint`."""
    return CheckpointType(checkpoint) if checkpoint in list(CheckpointType) else CheckpointType.DEFAULT


def check_ready(name: CheckpointName, status: str | None) -> None:
    """Refuse final weights that cannot be there; a state that is absent or unknown lets the server decide.

    Raises:
        JobNotReadyError: The job is in a known unfinished or failed state, and no step was requested.
    """
    known = (status or "").lower()
    if name.step is None and known in UNFINISHED | FAILED:
        raise JobNotReadyError(name.job_id, known, ended=known in FAILED)


def archive_stem(name: CheckpointName, model_output_name: str | None, *, adapter: bool) -> str:
    """The archive's file name without its extension: one path component, whatever the server's string holds.

    Args:
        name: The checkpoint; its job ID serves where the model has no usable name.
        model_output_name: The server's name for the model, `account/Model-Name-suffix-hash`.
        adapter: Whether only the adapter was requested.
    """
    stem = file_name(model_output_name or "") or file_name(name.job_id) or "model"
    step = "" if name.step is None else f"-checkpoint-{name.step}"
    return f"{stem}{step}{'-adapter' if adapter else ''}"


def checkpoint_name(job_id: str, step: int, label: str) -> str:
    """What `download` takes for a listed checkpoint: the official client's rule, by the server's label."""
    return str(CheckpointName(job_id, step if "intermediate" in label.lower() else None))


def newest_first(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """Sorted by date; those without a readable one by their step, after the others."""
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(checkpoints, key=lambda found: (found.created_at or oldest, found.step), reverse=True)
