"""The rules of checkpoints: names, types, states and archive names. Values in, values out; nothing is read or asked.

The rules are those of the official client's documentation, and for what it leaves open those in docs/rules.md.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Final, TypeGuard

from .errors import (
    CheckpointNameError,
    CheckpointTypeError,
    JobNotReadyError,
    UnknownTrainingTypeError,
    printable,
)

# Not limited to hexadecimal: the documentation's own example ID has letters past `f`. Twelve digits keep a step far
# below what JSON carries exactly, and a file name below what file systems take.
_NAME: Final = re.compile(r"(?P<job>ft-[^:/\s]+)(?::(?P<step>[0-9]{1,12}|best))?")

BEST: Final = "best"
"""Stands for a step in a name."""

NAME_BYTES: Final = 200
"""UTF-8 bytes of the model's name that a file name keeps; the rest of the 255 is for suffixes."""

MOST_STEPS: Final = 10**12
"""What a step is below, as the twelve digits say."""

UNFINISHED: Final = frozenset({"pending", "queued", "running", "compressing", "uploading", "cancel_requested"})
"""Known states in which final weights are still to come, or never will be."""

FAILED: Final = frozenset({"cancelled", "error", "user_error"})
"""Known states in which a job has ended without final weights."""


class CheckpointType(StrEnum):
    """Which form of the weights: the job's own, a LoRA job's merged model, or its adapter alone."""

    DEFAULT = "default"
    MERGED = "merged"
    ADAPTER = "adapter"


class TrainingKind(Enum):
    """How a job was trained, as far as the download rules care."""

    FULL = "Full"
    LORA = "Lora"


@dataclass(frozen=True)
class CheckpointName:
    """What to fetch of which job.

    Attributes:
        job_id: The job's ID, `ft-` and more.
        step: The training step of a checkpoint; None for the final weights.
        best: Whether it is the job's best checkpoint, whose step is still to be found out.
    """

    job_id: str
    step: int | None = None
    best: bool = False

    def __str__(self) -> str:
        step = BEST if self.best else self.step
        return self.job_id if step is None else f"{self.job_id}:{step}"


@dataclass(frozen=True)
class Checkpoint:
    """Weights that a job has saved.

    Attributes:
        step: The training step.
        type: The server's label, such as `Intermediate` or `Final`.
        name: What `download` takes: `ft-...:500` for an intermediate checkpoint, the job's ID for the final one.
        created_at: When it was saved; None where the server's date cannot be read.
        timestamp: The server's date as it was sent.
        path: Where it lies on the server.
    """

    step: int
    type: str
    name: str
    created_at: datetime | None
    timestamp: str
    path: str


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
        step: The step, if it was given beside the name.

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
        raise CheckpointNameError(f"checkpoint_step is {_shown(step)}: expected a whole number from 0")
    if match["step"] is None:
        return CheckpointName(match["job"], step)
    if step is not None:
        raise CheckpointNameError(
            f"{name!r} names a step already, and checkpoint_step is {step}: give the step once, in the ID or beside it"
        )
    if match["step"] == BEST:
        return CheckpointName(match["job"], best=True)
    return CheckpointName(match["job"], int(match["step"]))


def is_step(value: object) -> TypeGuard[int]:
    """Whether it is a training step: a whole number from 0, of at most twelve digits."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_STEPS


def _shown(value: object) -> str:
    # Python refuses to write an integer of more than 4300 digits.
    return printable(repr(value), 40) if not isinstance(value, int) or abs(value) < MOST_STEPS**2 else "too large"


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
        raise CheckpointTypeError(f"there is no checkpoint type {text!r}: choose one of {names}") from None


def training_kind(name: str | None) -> TrainingKind | None:
    """How a job was trained, by the server's word for it; None for no word, or one nobody knows yet."""
    return next((kind for kind in TrainingKind if name is not None and kind.value.lower() == name.lower()), None)


def requested_checkpoint(job_id: str, wanted: CheckpointType, training_type: str | None) -> str:
    """What the download request asks for.

    Args:
        job_id: The job, for the message.
        wanted: The type that the caller asked for.
        training_type: The server's word for how the job was trained; None if it gives none.

    Returns:
        `model_output_path` for a full job, `merged` or `adapter` else.

    Raises:
        CheckpointTypeError: A full job has only its own form.
        UnknownTrainingTypeError: There is no default without knowing the training type.
    """
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
    raise UnknownTrainingTypeError(job_id, training_type)


def check_ready(name: CheckpointName, status: str | None) -> None:
    """Refuse final weights that cannot be there; a state that is absent or unknown lets the server decide.

    Raises:
        JobNotReadyError: The job is in a known unfinished or failed state, and no step was asked for.
    """
    known = (status or "").lower()
    if name.step is None and known in UNFINISHED | FAILED:
        raise JobNotReadyError(name.job_id, known, ended=known in FAILED)


def archive_stem(name: CheckpointName, model_output_name: str | None, *, adapter: bool) -> str:
    """The archive's file name without its extension: one path component, whatever the server's string holds.

    Args:
        name: The checkpoint; its job ID serves where the model has no usable name.
        model_output_name: The server's name for the model, `account/Model-Name-suffix-hash`.
        adapter: Whether the adapter alone was asked for.
    """
    stem = _safe(model_output_name or "") or _safe(name.job_id) or "model"
    step = "" if name.step is None else f"-checkpoint-{name.step}"
    return f"{stem}{step}{'-adapter' if adapter else ''}"


def _safe(text: str) -> str:
    text = unicodedata.normalize("NFC", text).replace("/", "--").replace("\\", "--")
    text = "".join(char if char.isalnum() or char in "._-" else "-" for char in text)
    # Neither a hidden file nor something that the next command would take for an option.
    text = text.lstrip(".-")
    return text.encode("utf-8", "ignore")[:NAME_BYTES].decode("utf-8", "ignore")


def checkpoint_name(job_id: str, step: int, label: str) -> str:
    """What `download` takes for a listed checkpoint: the official client's rule, by the server's label."""
    return str(CheckpointName(job_id, step if "intermediate" in label.lower() else None))


def newest_first(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """Sorted by date; those without a readable one by their step, behind the others."""
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(checkpoints, key=lambda found: (found.created_at or oldest, found.step), reverse=True)
