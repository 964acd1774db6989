"""A fine-tuning job's life: its states, events and checkpoints, one step at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from together_ext.simulator.models import Form

FLOW = ("pending", "queued", "running", "compressing", "uploading", "completed")
"""The states of a job that goes well; the cancelled one takes ``cancel_requested`` and ``cancelled``."""

_OLD_NAMES = {"model_compressing": "COMPRESSING_MODEL"}
"""Events whose older names differ in more than their case."""

ENDED = frozenset({"completed", "error", "user_error", "cancelled"})


@dataclass(frozen=True)
class Event:
    """Something that happened to a job."""

    type: str
    message: str
    at: datetime
    level: str | None = "info"
    step: int = 0
    path: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """Weights that a job has saved."""

    step: int
    at: datetime
    path: str
    final: bool


@dataclass(eq=False)
class Job:
    """A fine-tuning job.

    ``settings`` are what it was created with, by the names of the API. ``steps`` are the training steps at which it
    saves, the last one being the final weights. A test may set ``status`` to anything, put ``overrides`` over the
    fields of both payloads, and name fields in ``absent`` that shall be left out of them.
    """

    id: str
    settings: Mapping[str, object]
    steps: tuple[int, ...]
    created_at: datetime
    model_output_name: str
    archive_root: str = ""
    """The folder inside the archives, if there is one."""
    old_server: bool = False
    """Writes event types in upper case, knows no events' levels, and has only integers for prices and batches."""
    new_server: bool = False
    """Adds the newer fields to checkpoints."""
    status: str = "pending"
    trained: int = 0
    """The training step that has been reached."""
    seconds_left: float | None = None
    """Until the next state, where it is the pace that moves the job."""
    updated_at: datetime = field(init=False)
    started_at: datetime | None = None
    events: list[Event] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    overrides: dict[str, object] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    metrics: Sequence[object] | None = None
    """What is listed as metrics, be it none, in place of what the training would have recorded."""

    def __post_init__(self) -> None:
        self.updated_at = self.created_at
        self._happens("job_pending", "Fine tune request created", self.created_at)

    @property
    def is_lora(self) -> bool:
        """Whether an adapter is trained, which is what the server does unless told otherwise."""
        training_type = self.settings.get("training_type")
        return not (isinstance(training_type, Mapping) and training_type.get("type") == "Full")

    @property
    def forms(self) -> tuple[Form, ...]:
        """In which forms the weights can be had, the default first."""
        return ("merged", "adapter") if self.is_lora else ("model_output_path",)

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ENDED

    @property
    def output_path(self) -> str:
        """Where the final weights lie on the server."""
        return f"s3://simulated-finetunes/{self.id}/final"

    def has_step(self, step: int) -> bool:
        """Whether weights of that step were saved."""
        return any(checkpoint.step == step for checkpoint in self.checkpoints)

    def advance(self, now: datetime) -> str:
        """Go on to the next state, with the events and checkpoints that belong to it; returns the new state."""
        if self.status == "cancel_requested":
            self._enter("cancelled", now)
            self._happens("job_stopped", "Job was cancelled by the user", now)
        elif self.status in FLOW[:-1]:
            self._enter(FLOW[FLOW.index(self.status) + 1], now)
            getattr(self, f"_on_{self.status}")(now)
        return self.status

    def train(self, share: float, now: datetime) -> None:
        """Go on within the running state, up to a share of all steps, and save the checkpoints on the way."""
        self._reach(max(self.trained, int(self.steps[-1] * share)), now)

    def cancel(self, now: datetime) -> None:
        """Note the wish; the next step grants it."""
        if self.status != "cancel_requested":
            self._enter("cancel_requested", now)
            self._happens("cancel_requested", "Cancel requested", now)

    def fail(self, now: datetime, message: str, status: str = "error") -> None:
        """End badly."""
        self._enter(status, now)
        self._happens("job_error", message, now, level="error")

    def _enter(self, status: str, now: datetime) -> None:
        self.status, self.updated_at = status, now

    def _on_queued(self, now: datetime) -> None:
        """Nothing happens while a job waits."""

    def _on_running(self, now: datetime) -> None:
        self.started_at = now
        self._happens("job_start", "Job started", now)
        self._happens("model_downloading", f"Downloading model {self.settings.get('model')}", now)
        self._happens("model_download_complete", "Model download complete", now)
        self._happens("training_data_downloading", "Downloading training data", now)
        self._happens("training_data_download_complete", "Training data download complete", now)
        self._happens("training_start", "Training started", now)
        self._reach(self.steps[0] if len(self.steps) > 1 else 0, now)

    def _on_compressing(self, now: datetime) -> None:
        self._reach(self.steps[-1], now)
        self._happens("epoch_complete", "Epoch completed", now, step=self.steps[-1])
        self._happens("training_complete", "Training completed", now, step=self.steps[-1])
        self._happens("model_compressing", "Compressing output model", now)

    def _on_uploading(self, now: datetime) -> None:
        self._happens("model_compression_complete", "Model compression complete", now)
        self._happens("model_uploading", "Uploading output model", now)

    def _on_completed(self, now: datetime) -> None:
        self.checkpoints.append(Checkpoint(self.steps[-1], now, self.output_path, final=True))
        self._happens("model_upload_complete", "Model upload complete", now, path=self.output_path)
        self._happens("job_complete", "Job finished", now)

    def _reach(self, step: int, now: datetime) -> None:
        for saved in self.steps[:-1]:
            if saved <= step and not self.has_step(saved):
                self._save(saved, now)
        self.trained = step

    def _save(self, step: int, now: datetime) -> None:
        path = f"s3://simulated-finetunes/{self.id}/checkpoints/step-{step}"
        self.checkpoints.append(Checkpoint(step, now, path, final=False))
        self._happens("checkpoint_save", f"Checkpoint saved at step {step}", now, step=step, path=path)

    def _happens(  # noqa: PLR0913 - an event is all of these
        self, kind: str, message: str, at: datetime, *, level: str = "info", step: int = 0, path: str = ""
    ) -> None:
        known_level = None if self.old_server else level
        name = _OLD_NAMES.get(kind, kind.upper()) if self.old_server else kind
        self.events.append(Event(name, message, at, known_level, step, path))


def identifier(seed: str) -> str:
    """A job ID of the usual look."""
    digits = hashlib.sha256(seed.encode()).hexdigest()
    return f"ft-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
