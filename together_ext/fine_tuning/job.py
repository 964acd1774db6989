"""A job as one type, whichever operation returned it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from together_ext.api.responses import date, number, text, whole
from together_ext.checkpoints import FAILED
from together_generated import models


@dataclass(frozen=True)
class Job:
    """The main fields of a job, from the response of `create`, `retrieve`, `wait` or `cancel`, or an item of `list`.

    The generated models of those responses distinguish a field that is null from one that the server has left out
    (`UNSET`). Here both are None.

    Attributes:
        id: The job's ID, `ft-` and more.
        status: The status in lower case, such as `running` or `completed`; None if the server sends none.
        model: The base model.
        model_output_name: The fine-tuned model's name, `account/Model-Name-suffix-hash`.
        training_file: ID of the training file.
        validation_file: ID of the validation file.
        training_type: The server's label, such as `Full` or `Lora`.
        from_checkpoint: The checkpoint that the job continues.
        n_epochs: Passes over the training file.
        n_checkpoints: Checkpoints to save while training.
        token_count: Tokens processed.
        total_price: Price of the job.
        created_at: When the job was created.
        started_at: When the current stage began.
        updated_at: When the job last changed.
    """

    id: str
    status: str | None = None
    model: str | None = None
    model_output_name: str | None = None
    training_file: str | None = None
    validation_file: str | None = None
    training_type: str | None = None
    from_checkpoint: str | None = None
    n_epochs: int | None = None
    n_checkpoints: int | None = None
    token_count: int | None = None
    total_price: float | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    updated_at: datetime | None = None

    @classmethod
    def of(cls, response: models.FinetuneResponse | models.FinetuneResponseTruncated) -> Job:
        """The job of a response.

        Args:
            response: What `create`, `retrieve`, `wait` or `cancel` returned, or an item of `list().data`.
        """
        status = text(response.status)
        return cls(
            id=response.id,
            status=None if status is None else str(status).lower(),
            model=text(response.model),
            model_output_name=text(response.model_output_name),
            training_file=text(response.training_file),
            validation_file=text(response.validation_file),
            training_type=training_type(response),
            from_checkpoint=text(response.from_checkpoint),
            n_epochs=whole(response.n_epochs),
            n_checkpoints=whole(response.n_checkpoints),
            token_count=whole(response.token_count),
            total_price=number(response.total_price),
            created_at=date(response.created_at),
            started_at=date(response.started_at),
            updated_at=date(response.updated_at),
        )

    @property
    def ended(self) -> bool:
        """Whether the job is completed, cancelled or failed."""
        return self.status in FAILED | {"completed"}


def training_type(job: models.FinetuneResponse | models.FinetuneResponseTruncated) -> str | None:
    """The server's label for how a job is trained; None if there is none."""
    found = job.training_type
    if isinstance(found, models.FullTrainingType | models.LoRATrainingType):
        return found.type_.value
    if isinstance(found, models.UnknownObject):
        return text(found.additional_properties.get("type"))
    return text(found)
