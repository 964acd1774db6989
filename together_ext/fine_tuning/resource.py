"""The fine-tuning resource of `Together`. Each method runs a flow of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Literal, Unpack

from together_ext.api import keywords
from together_ext.api.flow import Archive, Runner
from together_ext.checkpoints import Checkpoint, CheckpointType

from . import operations, waiting
from .download_options import DEFAULT_PARALLEL, DEFAULTS, DownloadOptions, StreamRequest, download_request
from .parameters import JobParameters
from .waiting import POLL_INTERVAL

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from datetime import datetime

    import httpx

    from together_ext.api.lists import EventList, JobList, MetricList
    from together_ext.bulk import Outcome
    from together_ext.transfer import OrderedStream, ProgressCallback
    from together_generated import models

    from .download import DownloadResult
    from .download_many import Connect
    from .download_many import Names as ManyNames
    from .download_options import CheckpointForm
    from .metrics import BestCheckpoint, Mode

# Inside the classes below `list` is a method.
Checkpoints = list[Checkpoint]
Names = list[str]


class FineTuning:
    """Fine-tuning jobs, their checkpoints and weights.

    Every method may raise `ApiError` (no response, or an error status) and, before any request, `RuleError` for an
    invalid argument.
    """

    def __init__(
        self,
        run: Runner,
        stream: Callable[[Archive], AbstractContextManager[httpx.Response]],
        connect: Connect | None,
    ) -> None:
        self._run, self._stream, self._connect = run, stream, connect
        self.with_streaming_response = StreamingResponses(run, stream)

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

    def list_metrics(
        self,
        id: str,
        *,
        global_step_from: int | None = None,
        global_step_to: int | None = None,
        logged_at_from: datetime | str | None = None,
        logged_at_to: datetime | str | None = None,
    ) -> MetricList:
        """List the metrics that a job has recorded.

        Args:
            id: The job's ID, `ft-...`.
            global_step_from: The first training step.
            global_step_to: The last training step.
            logged_at_from: The earliest time of recording; a datetime without a zone is UTC.
            logged_at_to: The latest time of recording.

        Returns:
            The metrics in `.metrics`, by training step, each a flat mapping with the server's names, as in
            `item["train/loss"]`; `together_ext.fine_tuning.metrics.points` reads both spellings.
        """
        from . import best_checkpoint as judging

        wanted = judging.metric_range(global_step_from, global_step_to, logged_at_from, logged_at_to)
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

    @keywords.shows(DownloadOptions, DEFAULTS)
    def download(self, id: str, **options: Unpack[DownloadOptions]) -> DownloadResult:
        """Download the archive of a job's weights; the same call again resumes, unless `spool` keeps it off the disk.

        Args:
            id: A job's ID for its final weights, `ft-...:<step>` for a checkpoint, `ft-...:best` for the best one.
            **options: The keywords of `DownloadOptions`, all optional.

        Returns:
            The path of the archive, its size, the bytes that were resumed, and the extracted folder.

        Raises:
            RuleError: The request does not fit the job (`JobNotReadyError`, `CheckpointTypeError`, ...), or the job has
                no such checkpoint.
            ApiError: The server refused the request or did not respond.
            TransferError: The network, the content or the disk; the final path is unchanged. An archive that cannot be
                extracted (`ArchiveError`) is kept if it was written to the disk.
        """
        from .download import download

        return self._run(download(id, download_request(options)))

    @keywords.shows(DownloadOptions, DEFAULTS)
    def download_many(
        self,
        names: ManyNames,
        *,
        parallel: int = DEFAULT_PARALLEL,
        executor: Executor | None = None,
        **options: Unpack[DownloadOptions],
    ) -> Iterator[Outcome[DownloadResult]]:
        """Download many archives, several at once. One failure never ends the others; the same call again resumes.

        Close the iterator, or interrupt it, to end all downloads; what was written to the disk is kept.

        Args:
            names: Names as `download` takes them, and selections: `together_ext.bulk.all_checkpoints("ft-...")`,
                `together_ext.bulk.jobs(suffix=...)`. Each is downloaded once.
            parallel: Maximum number of downloads at once.
            executor: Where the downloads run, such as a process pool or `dask.distributed.Client.get_executor()`
                (default: threads of this process). Its processes read the key from their own environment, and must
                reach the folder by the same path.
            **options: The keywords of `download`, without `checkpoint_step`. `output` is a folder; `connections` and
                `limit_rate` are totals, divided among the downloads that run at once.

        Returns:
            An iterator over the outcomes, each as its download ends.

        Raises:
            RuleError: A name or an option is invalid; nothing was requested.
            ApiError: A selection could not be listed.
        """
        from .download_many import many

        found = many(names, options, parallel=parallel, executor=executor, connect=self._connect)
        return found.outcomes(self._run)

    def open(  # noqa: PLR0913 -- keywords, each with a default
        self,
        name: str,
        *,
        checkpoint_type: CheckpointType | Literal["default", "merged", "adapter"] = CheckpointType.DEFAULT,
        checkpoint_step: int | None = None,
        connections: int | None = None,
        window: int = 64 << 20,
        limit_rate: float | None = None,
        progress: ProgressCallback | None = None,
    ) -> OrderedStream:
        """Open the archive of a job's weights as a readable file: its bytes in order, without a file on the disk.

        Args:
            name: A job's ID for its final weights, `ft-...:<step>` for a checkpoint, `ft-...:best` for the best one.
            checkpoint_type: `merged` or `adapter` for a LoRA job (`default` is `merged`); a full training job has only
                `default`.
            checkpoint_step: The step, if `name` does not name one.
            connections: Maximum number of connections (default: `TOGETHER_EXT_CONNECTIONS`, else 8).
            window: Maximum number of bytes in memory (default: 64 MiB; minimum: 1 MiB).
            limit_rate: Maximum number of bytes a second, for all connections together (default: no limit).
            progress: Called with a `DownloadProgress` about ten times a second by the thread that reads, while it
                reads; `done` counts the bytes that were read.

        Returns:
            The stream: use it in a `with` statement, and before the client is closed. It cannot be resumed.

        Raises:
            RuleError: The request does not fit the job, or the job has no such checkpoint.
            ApiError: The server refused the request or did not respond.
            TransferError: The network, or the content; also raised by the stream while it is read.
        """
        from .download import open_stream

        wanted = StreamRequest(
            checkpoint_type=checkpoint_type,
            checkpoint_step=checkpoint_step,
            connections=connections,
            window=window,
            limit_rate=limit_rate,
            progress=progress,
        )
        return self._run(open_stream(name, wanted))

    def content(
        self,
        ft_id: str,
        *,
        checkpoint: CheckpointForm | None = None,
        checkpoint_step: int | None = None,
    ) -> httpx.Response:
        """Load an archive into memory. For large ones use `download`, or `with_streaming_response.content`.

        Args:
            ft_id: A job's ID, or `ft-...:<step>`.
            checkpoint: `merged`, `adapter` or `model_output_path`; by default the one that `download` requests.
            checkpoint_step: The step, if `ft_id` does not name one.

        Returns:
            The whole response; its bytes are in `.content`.
        """
        with self.with_streaming_response.content(ft_id, checkpoint=checkpoint, checkpoint_step=checkpoint_step) as got:
            got.read()
            return got


class StreamingResponses:
    """The raw download as an open response, whose body the caller reads."""

    def __init__(self, run: Runner, stream: Callable[[Archive], AbstractContextManager[httpx.Response]]) -> None:
        self._run, self._stream = run, stream

    @contextmanager
    def content(
        self,
        ft_id: str,
        *,
        checkpoint: CheckpointForm | None = None,
        checkpoint_step: int | None = None,
    ) -> Iterator[httpx.Response]:
        """The archive as an open response: `iter_bytes()`, `iter_lines()`, `read()`. Arguments as in `content`."""
        from .download import content

        archive = self._run(content(ft_id, checkpoint, checkpoint_step))
        with self._stream(archive) as response:
            yield response
