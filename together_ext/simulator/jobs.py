"""The lifecycle of a fine-tuning job: states, events and checkpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .models import Form

FLOW = ("pending", "queued", "running", "compressing", "uploading", "completed")
"""The states of a successful job; a cancelled job enters ``cancel_requested`` and then ``cancelled``."""

ENDED = frozenset({"completed", "error", "user_error", "cancelled"})


@dataclass(frozen=True)
class Event:
    """An event of a job."""

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

    ``settings`` are the parameters of its creation, by their names in the API. ``steps`` are the training steps at
    which it saves checkpoints; the last one is the final weights. A test may set ``status`` to any value, replace
    fields of both payloads with ``overrides``, and omit the fields named in ``absent``.
    """

    id: str
    settings: Mapping[str, object]
    steps: tuple[int, ...]
    created_at: datetime
    model_output_name: str
    archive_root: str = ""
    """The folder inside the archives, if there is one."""
    old_server: bool = False
    """Event types are in upper case, events have no level, and prices and batch sizes are integers."""
    new_server: bool = False
    """Adds the newer fields to checkpoints."""
    status: str = "pending"
    trained: int = 0
    """The training step that has been reached."""
    seconds_left: float | None = None
    """Seconds until the next state, if the pace moves the job."""
    updated_at: datetime = field(init=False)
    started_at: datetime | None = None
    events: list[Event] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    overrides: dict[str, object] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    metrics: Sequence[object] | None = None
    """The metrics that are listed, possibly empty, in place of those of the training."""

    def __post_init__(self) -> None:
        self.updated_at = self.created_at
        self._happens("job_pending", "Fine tune request created", self.created_at)

    @property
    def is_lora(self) -> bool:
        """Whether an adapter is trained, which is the default of the service."""
        training_type = self.settings.get("training_type")
        return not (isinstance(training_type, Mapping) and training_type.get("type") == "Full")

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms in which the weights can be downloaded, the default first."""
        return ("merged", "adapter") if self.is_lora else ("model_output_path",)

    @property
    def ended(self) -> bool:
        """Whether the job is in a final state."""
        return self.status in ENDED

    @property
    def output_path(self) -> str:
        """The path of the final weights on the server."""
        return f"s3://simulated-finetunes/{self.id}/final"

    def has_step(self, step: int) -> bool:
        """Whether there is a checkpoint at this step."""
        return any(checkpoint.step == step for checkpoint in self.checkpoints)

    def advance(self, now: datetime) -> str:
        """Enter the next state, with its events and checkpoints; returns that state."""
        if self.status == "cancel_requested":
            self._enter("cancelled", now)
            self._happens("job_stopped", "Job was cancelled by the user", now)
        elif self.status in FLOW[:-1]:
            self._enter(FLOW[FLOW.index(self.status) + 1], now)
            getattr(self, f"_on_{self.status}")(now)
        return self.status

    def train(self, share: float, now: datetime) -> None:
        """Train up to a share (0 to 1) of all steps within the running state, and save the checkpoints in between."""
        self._reach(max(self.trained, int(self.steps[-1] * share)), now)

    def cancel(self, now: datetime) -> None:
        """Record the request to cancel; `advance` carries it out."""
        if self.status != "cancel_requested":
            self._enter("cancel_requested", now)
            self._happens("cancel_requested", "Cancel requested", now)

    def fail(self, now: datetime, message: str, status: str = "error") -> None:
        """Enter a state of failure."""
        self._enter(status, now)
        self._happens("job_error", message, now, level="error")

    def _enter(self, status: str, now: datetime) -> None:
        self.status, self.updated_at = status, now

    def _on_queued(self, now: datetime) -> None:
        """Do nothing: a queued job has no events."""

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
        self.events.append(Event(kind, message, at, level, step, path))


def identifier(seed: str) -> str:
    """A job ID in the usual format."""
    return numbered_id("ft", seed)


def numbered_id(kind: str, seed: str) -> str:
    """An ID in the usual format: the kind of object, and 32 hexadecimal digits in groups."""
    digits = hashlib.sha256(seed.encode()).hexdigest()
    return f"{kind}-{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
