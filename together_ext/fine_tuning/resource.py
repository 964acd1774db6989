"""The fine-tuning resource of `Together`. Each method runs a flow of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Unpack

from together_ext.api import keywords
from together_ext.checkpoints import Checkpoint

from . import operations, waiting
from .parameters import JobParameters
from .waiting import POLL_INTERVAL
from .weights_resource import Weights

if TYPE_CHECKING:
    from datetime import datetime

    from together_ext.api.lists import EventList, JobList, MetricList
    from together_generated import models

    from .metrics import BestCheckpoint, Mode

# Inside the classes below `list` is a method.
Checkpoints = list[Checkpoint]
Names = list[str]


class FineTuning(Weights):
    """Fine-tuning jobs, their checkpoints and weights.

    Every method may raise `ApiError` (no response, or an error status) and, before any request, `RuleError` for an
    invalid argument.
    """

    def list(self) -> JobList:
        """List all jobs of the account.

        Returns:
            The jobs in `.data`, newest first, each in its short form.
        """
        return self._run(operations.list_jobs())

    def retrieve(self, id: str) -> models.FinetuneResponse:
        """Retrieve the details of a job.

        Args:
            id: The job's ID, `ft-...`.
        """
        return self._run(operations.retrieve(id))

    @keywords.shows(JobParameters)
    def create(self, **parameters: Unpack[JobParameters]) -> models.FinetuneResponseTruncated:
        """Create a job.

        Invalid parameters are refused before any request. If a parameter is given that the base model limits, its
        limits are requested first; if that fails, the server decides.

        Args:
            **parameters: The keywords of `JobParameters`. `training_file` is required, and `model` or
                `from_checkpoint`; the others have the server's defaults.

        Returns:
            The new job. The request is retried only when the server has done nothing.

        Raises:
            RuleError: Parameters are invalid, or contradict each other.
            ModelLimitError: The base model does not allow it.
        """
        from . import create as new_job

        return self._run(new_job.create(parameters))

    @keywords.shows(JobParameters)
    def estimate_price(self, **parameters: Unpack[JobParameters]) -> models.FinetunePriceEstimate:
        """Estimate the price of a job.

        Args:
            **parameters: The keywords of `create`; those that do not affect the price are checked and not sent.

        Returns:
            The price in `estimated_total_price`, in US dollars; `allowed_to_proceed` is whether the account may
            start it. If `estimation_available` is False, there is no price, and `unavailable_reason` is the reason.

        Raises:
            RuleError: Parameters are invalid, or contradict each other.
        """
        from . import create as new_job

        return self._run(new_job.estimate_price(parameters))

    def preview(
        self, *, model: str, training_file: str, top_k: int | None = None, train_on_inputs: bool | None = None
    ) -> models.FinetunePreview:
        """Preview training data: the first examples of a file, tokenized, and which tokens count for the loss.

        Args:
            model: The base model, whose tokenizer and chat template are used.
            training_file: ID of the training file, `file-...`.
            top_k: Maximum number of examples, from the first (default: the server's).
            train_on_inputs: Whether prompts count for the loss (default: the server's).

        Returns:
            The examples in `.rows`.
        """
        from . import datasets

        return self._run(datasets.preview(model, training_file, top_k, train_on_inputs=train_on_inputs))

    def list_models(self) -> Names:
        """List the names of the base models that can be fine-tuned, in the server's order."""
        return self._run(operations.list_models())

    def model_limits(self, model_name: str) -> models.FinetuneModelLimits:
        """Retrieve the limits of a base model for fine-tuning.

        Args:
            model_name: The base model's name.
        """
        return self._run(operations.model_limits(model_name))

    def cancel(self, id: str) -> models.FinetuneResponseTruncated:
        """Cancel a job.

        Args:
            id: The job's ID, `ft-...`.
        """
        return self._run(operations.cancel(id))

    def delete(self, id: str) -> models.FinetuneDeleteResponse:
        """Delete a job from the account.

        Args:
            id: The job's ID, `ft-...`.
        """
        return self._run(operations.delete(id))

    def list_events(self, id: str) -> EventList:
        """List the events of a job.

        Args:
            id: The job's ID, `ft-...`.

        Returns:
            The events in `.data`, in the server's order.
        """
        return self._run(operations.list_events(id))

    def follow_events(self, id: str, *, poll_interval: float = POLL_INTERVAL) -> Iterator[models.FineTuneEvent]:
        """Yield the events of a job as they happen, each once, until the job has ended.

        Network errors are retried for up to ten minutes.

        Args:
            id: The job's ID, `ft-...`.
            poll_interval: Maximum number of seconds between two polls, at least 1.

        Returns:
            The events, the oldest first, beginning with existing ones.
        """
        followed = waiting.Followed(id, poll_interval)

        def events() -> Iterator[models.FineTuneEvent]:
            while (batch := self._run(followed.batch())) is not None:
                yield from batch

        return events()

    def wait(
        self,
        id: str,
        timeout: float | None = None,
        poll_interval: float = POLL_INTERVAL,
        on_update: Callable[[models.FinetuneResponse], object] | None = None,
    ) -> models.FinetuneResponse:
        """Wait until a job is completed.

        Pauses between polls grow slowly, and are shorter when the server expects the job to end. Network errors are
        retried for up to ten minutes. An unknown status does not end the wait.

        Args:
            id: The job's ID, `ft-...`.
            timeout: Maximum number of seconds to wait; 0 polls once (default: no limit).
            poll_interval: Maximum number of seconds between two polls, at least 1.
            on_update: Called with the job after the first poll, and whenever it has changed.

        Returns:
            The completed job.

        Raises:
            JobFailedError: It has ended with `error`, `user_error` or `cancelled`; carries the job and its last error.
            WaitTimeoutError: It has not ended in time; carries the job, which continues on the server.
        """
        return self._run(waiting.wait(id, timeout, poll_interval, on_update))

    def list_checkpoints(self, id: str) -> Checkpoints:
        """List the checkpoints of a job.

        Args:
            id: The job's ID, `ft-...`.

        Returns:
            The checkpoints, newest first; the `name` of each can be passed to `download`.
        """
        return self._run(operations.list_checkpoints(id))

    def list_metrics(  # noqa: PLR0913 -- keywords
        self,
        id: str,
        *,
        global_step_from: int | None = None,
        global_step_to: int | None = None,
        logged_at_from: datetime | str | None = None,
        logged_at_to: datetime | str | None = None,
        resolution: int | None = None,
    ) -> MetricList:
        """List the metrics that a job has recorded.

        Args:
            id: The job's ID, `ft-...`.
            global_step_from: The first training step.
            global_step_to: The last training step.
            logged_at_from: The earliest time of recording; a datetime without a zone is UTC.
            logged_at_to: The latest time of recording.
            resolution: Maximum number of training points, evenly sampled (default: all); older servers ignore it.

        Returns:
            The metrics in `.metrics`, by training step, each a flat mapping with the server's names, as in
            `item["train/loss"]`; `together_ext.fine_tuning.metrics.points` reads both spellings.
        """
        from . import best_checkpoint as judging

        wanted = judging.metric_range(global_step_from, global_step_to, logged_at_from, logged_at_to, resolution)
        return self._run(judging.list_metrics(id, wanted))

    def best_checkpoint(self, id: str, metric: str = "eval_loss", *, mode: Mode | None = None) -> BestCheckpoint:
        """Determine the checkpoint with the best value of a metric.

        The value of a checkpoint is that at its step, or else the last one since the previous checkpoint. If nothing
        was recorded, the checkpoint that the server's early stopping chose is returned.

        Args:
            id: The job's ID, `ft-...`.
            metric: The metric's name, with a slash or an underscore.
            mode: `min` or `max` (default: `min` for losses, `max` for accuracies, rewards and the like).

        Returns:
            The checkpoint, the value, and the reason. `download("ft-...:best")` downloads the best one by the default
            metric.

        Raises:
            NoBestCheckpointError: No checkpoint has a value.
        """
        from . import best_checkpoint as judging

        return self._run(judging.best_checkpoint(id, metric, mode))
