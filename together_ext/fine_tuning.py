"""The fine-tuning resource of both clients. Each method drives a flow of `operations` or `weights`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Unpack

import httpx

from together_generated import models

from . import operations, waiting, weights
from .checkpoints import Checkpoint, CheckpointType
from .flow import Archive, AsyncRunner, Runner
from .transfer import ProgressCallback
from .waiting import POLL_INTERVAL
from .weights import DownloadResult

if TYPE_CHECKING:
    from datetime import datetime

    from .creation import JobParameters
    from .lists import EventList, JobList, MetricList
    from .metrics import BestCheckpoint

# Inside the classes below `list` is a method.
Checkpoints = list[Checkpoint]
Names = list[str]


class FineTuning:
    """Fine-tuning jobs and what they leave behind.

    Every method may raise `ApiError` (no answer, or a refusal) and, before any request, `RuleError` for an argument
    that cannot be right.
    """

    def __init__(self, run: Runner, stream: Callable[[Archive], AbstractContextManager[httpx.Response]]) -> None:
        self._run, self._stream = run, stream
        self.with_streaming_response = StreamingResponses(run, stream)

    def list(self) -> JobList:
        """All jobs of the account.

        Returns:
            The jobs in `.data`, newest first, each in its short form.
        """
        return self._run(operations.list_jobs())

    def retrieve(self, id: str) -> models.FinetuneResponse:
        """Everything the server knows of a job.

        Args:
            id: The job's ID, `ft-...`.
        """
        return self._run(operations.retrieve(id))

    def create(self, **parameters: Unpack[JobParameters]) -> models.FinetuneResponseTruncated:
        """Start a job.

        What cannot be right is refused before any request. If a parameter is given that the base model limits, its
        limits are asked for first; if they cannot be had, the server decides.

        Args:
            **parameters: The keywords of `JobParameters`. `training_file` is needed, and `model` or `from_checkpoint`;
                what is left out takes the server's default.

        Returns:
            The new job. A creation is repeated only when the server said that it had done nothing.

        Raises:
            RuleError: Parameters that cannot be right, or not together.
            ModelLimitError: The base model does not allow it.
        """
        return self._run(operations.create(parameters))

    def estimate_price(self, **parameters: Unpack[JobParameters]) -> models.FinetunePriceEstimate:
        """What a job would cost.

        Args:
            **parameters: Those of `create`; what the price does not depend on is checked, and not sent.

        Returns:
            The price in `estimated_total_price`, in US dollars; `allowed_to_proceed` says whether the account may start
            it. Where `estimation_available` is False, there is none, and `unavailable_reason` says why.

        Raises:
            RuleError: Parameters that cannot be right, or not together.
        """
        return self._run(operations.estimate_price(parameters))

    def list_models(self) -> Names:
        """The names of the base models that can be fine-tuned, in the server's order."""
        return self._run(operations.list_models())

    def model_limits(self, model_name: str) -> models.FinetuneModelLimits:
        """Between which bounds a base model can be fine-tuned.

        Args:
            model_name: The base model's name.
        """
        return self._run(operations.model_limits(model_name))

    def cancel(self, id: str) -> models.FinetuneResponseTruncated:
        """Ask the server to stop a job.

        Args:
            id: The job's ID, `ft-...`.
        """
        return self._run(operations.cancel(id))

    def delete(self, id: str) -> models.FinetuneDeleteResponse:
        """Remove a job from the account.

        Args:
            id: The job's ID, `ft-...`.
        """
        return self._run(operations.delete(id))

    def list_events(self, id: str) -> EventList:
        """What has happened to a job.

        Args:
            id: The job's ID, `ft-...`.

        Returns:
            The events in `.data`, in the server's order.
        """
        return self._run(operations.list_events(id))

    def follow_events(self, id: str, *, poll_interval: float = POLL_INTERVAL) -> Iterator[models.FineTuneEvent]:
        """What happens to a job, as it happens, each event once; ends when the job has ended.

        Trouble of the network is sat out for up to ten minutes.

        Args:
            id: The job's ID, `ft-...`.
            poll_interval: Seconds between two questions at the most, from 1.

        Returns:
            The events, first those that there are already, the oldest first.
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

        The questions come slowly further apart, and sooner when the server expects an end. Trouble of the network is
        sat out for up to ten minutes, and a state that nobody has heard of is one that is not the end.

        Args:
            id: The job's ID, `ft-...`.
            timeout: Seconds to wait at the most; 0 asks once, None waits as long as it takes.
            poll_interval: Seconds between two questions at the most, from 1.
            on_update: Called with the job when it is told first, and whenever it has changed.

        Returns:
            The completed job.

        Raises:
            JobFailedError: It has ended with `error`, `user_error` or `cancelled`; carries the job and its last error.
            WaitTimeoutError: It has not ended in time; carries the job, which goes on by itself.
        """
        return self._run(waiting.wait(id, timeout, poll_interval, on_update))

    def list_checkpoints(self, id: str) -> Checkpoints:
        """The weights that a job has saved.

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
        """What a job has recorded while it trained.

        Args:
            id: The job's ID, `ft-...`.
            global_step_from: The first training step.
            global_step_to: The last training step.
            logged_at_from: The earliest time of recording; a datetime without a zone is UTC.
            logged_at_to: The latest time of recording.

        Returns:
            The metrics in `.metrics`, by training step, each a flat mapping with the server's names, as in
            `item["train/loss"]`; `together_ext.metrics.points` reads both vocabularies.
        """
        from . import judging

        return self._run(
            judging.list_metrics(
                id,
                global_step_from=global_step_from,
                global_step_to=global_step_to,
                logged_at_from=logged_at_from,
                logged_at_to=logged_at_to,
            )
        )

    def best_checkpoint(self, id: str, metric: str = "eval_loss", *, mode: str | None = None) -> BestCheckpoint:
        """The checkpoint with the best value of a metric.

        A checkpoint is judged by what was recorded at its step, or else by the last value since the one before it.
        Where nothing was recorded, the checkpoint that the server's early stopping chose is taken.

        Args:
            id: The job's ID, `ft-...`.
            metric: The metric's name, in either vocabulary.
            mode: `min` or `max`; else losses are best when low, and accuracies, rewards and the like when high.

        Returns:
            The checkpoint, what it was judged by, and why. `download("ft-...:best")` takes that of the default metric.

        Raises:
            NoBestCheckpointError: There is nothing to judge by.
        """
        from . import judging

        return self._run(judging.best_checkpoint(id, metric, mode))

    def download(  # noqa: PLR0913
        self,
        id: str,
        *,
        output: str | os.PathLike[str] | None = None,
        checkpoint_step: int | None = None,
        checkpoint_type: CheckpointType | str = CheckpointType.DEFAULT,
        overwrite: bool = False,
        connections: int | None = None,
        limit_rate: float | None = None,
        progress: ProgressCallback | None = None,
        extract: bool = False,
        keep_archive: bool = False,
        fix_base: bool = True,
        base_model: str | None = None,
    ) -> DownloadResult:
        """Fetch the archive of a job's weights; a rerun after any interruption goes on from what has arrived.

        Args:
            id: A job's ID for its final weights, `ft-...:<step>` for a checkpoint, `ft-...:best` for the best one.
            output: None for the current folder; an existing folder, or a path that ends in a separator, to put the
                archive inside under its own name; anything else is the file itself. Missing folders are made.
            checkpoint_step: The step, if `id` does not name one.
            checkpoint_type: `merged` or `adapter` for a LoRA job (`default` is `merged`); a full job has `default`.
            overwrite: Whether what is at the final path may be replaced. Without it, the same file is not fetched
                again, and a different one is an error.
            connections: Connections at the most; else `TOGETHER_EXT_CONNECTIONS`, else 8.
            limit_rate: Bytes a second at the most, for all connections together.
            progress: Called a few times a second with a `DownloadProgress`; raising from it stops the download.
            extract: Unpack the archive into a folder beside it, named like it without its extension, with a receipt.
                The same weights that were unpacked there before and have not changed are not fetched again.
            keep_archive: Whether the archive stays after it was unpacked.
            fix_base: With `extract`: whether an adapter's base model that only the service can load is replaced by its
                public name, where that is known for certain; the receipt keeps the other one.
            base_model: With `extract`: the base model to write into the adapter instead, `org/name` or a folder.

        Returns:
            Where the archive is, how large, how much of it had been there before, and the unpacked folder.

        Raises:
            RuleError: What was asked for does not fit the job (`JobNotReadyError`, `CheckpointTypeError`, ...), or
                the job has no such checkpoint.
            ApiError: The server refused or did not answer.
            TransferError: The network, the content or the disk; nothing is at the final path that was not there. An
                archive that cannot be unpacked (`ArchiveError`) is kept.
        """
        return self._run(
            weights.download(
                id,
                output=output,
                checkpoint_step=checkpoint_step,
                checkpoint_type=checkpoint_type,
                overwrite=overwrite,
                connections=connections,
                limit_rate=limit_rate,
                progress=progress,
                extract=extract,
                keep_archive=keep_archive,
                fix_base=fix_base,
                base_model=base_model,
            )
        )

    def content(
        self, ft_id: str, *, checkpoint: str | None = None, checkpoint_step: int | None = None
    ) -> httpx.Response:
        """The archive in memory. For anything large use `download`, or `with_streaming_response.content`.

        Args:
            ft_id: A job's ID, or `ft-...:<step>`.
            checkpoint: `merged`, `adapter` or `model_output_path`; without it, what `download` would ask for.
            checkpoint_step: The step, if `ft_id` does not name one.

        Returns:
            The whole answer; its bytes are in `.content`.
        """
        with self.with_streaming_response.content(ft_id, checkpoint=checkpoint, checkpoint_step=checkpoint_step) as got:
            got.read()
            return got


class StreamingResponses:
    """The same raw methods, with the body left to be read by the caller."""

    def __init__(self, run: Runner, stream: Callable[[Archive], AbstractContextManager[httpx.Response]]) -> None:
        self._run, self._stream = run, stream

    @contextmanager
    def content(
        self, ft_id: str, *, checkpoint: str | None = None, checkpoint_step: int | None = None
    ) -> Iterator[httpx.Response]:
        """The archive as an open answer: `iter_bytes()`, `iter_lines()`, `read()`. Takes the arguments of `content`."""
        archive = self._run(weights.content(ft_id, checkpoint, checkpoint_step))
        with self._stream(archive) as response:
            yield response


class AsyncFineTuning:
    """Fine-tuning jobs and what they leave behind: the methods of `FineTuning`, awaited."""

    def __init__(
        self,
        run: AsyncRunner,
        stream: Callable[[Archive], AbstractAsyncContextManager[httpx.Response]],
    ) -> None:
        self._run, self._stream = run, stream
        self.with_streaming_response = AsyncStreamingResponses(run, stream)

    async def list(self) -> JobList:
        """See `FineTuning.list`."""
        return await self._run(operations.list_jobs())

    async def retrieve(self, id: str) -> models.FinetuneResponse:
        """See `FineTuning.retrieve`."""
        return await self._run(operations.retrieve(id))

    async def create(self, **parameters: Unpack[JobParameters]) -> models.FinetuneResponseTruncated:
        """See `FineTuning.create`."""
        return await self._run(operations.create(parameters))

    async def estimate_price(self, **parameters: Unpack[JobParameters]) -> models.FinetunePriceEstimate:
        """See `FineTuning.estimate_price`."""
        return await self._run(operations.estimate_price(parameters))

    async def list_models(self) -> Names:
        """See `FineTuning.list_models`."""
        return await self._run(operations.list_models())

    async def model_limits(self, model_name: str) -> models.FinetuneModelLimits:
        """See `FineTuning.model_limits`."""
        return await self._run(operations.model_limits(model_name))

    async def cancel(self, id: str) -> models.FinetuneResponseTruncated:
        """See `FineTuning.cancel`."""
        return await self._run(operations.cancel(id))

    async def delete(self, id: str) -> models.FinetuneDeleteResponse:
        """See `FineTuning.delete`."""
        return await self._run(operations.delete(id))

    async def list_events(self, id: str) -> EventList:
        """See `FineTuning.list_events`."""
        return await self._run(operations.list_events(id))

    def follow_events(self, id: str, *, poll_interval: float = POLL_INTERVAL) -> AsyncIterator[models.FineTuneEvent]:
        """See `FineTuning.follow_events`; for `async for`."""
        followed = waiting.Followed(id, poll_interval)

        async def events() -> AsyncIterator[models.FineTuneEvent]:
            while (batch := await self._run(followed.batch())) is not None:
                for event in batch:
                    yield event

        return events()

    async def wait(
        self,
        id: str,
        timeout: float | None = None,  # noqa: ASYNC109 -- it raises an error that carries the job
        poll_interval: float = POLL_INTERVAL,
        on_update: Callable[[models.FinetuneResponse], object] | None = None,
    ) -> models.FinetuneResponse:
        """See `FineTuning.wait`; `on_update` runs in the event loop."""
        return await self._run(waiting.wait(id, timeout, poll_interval, on_update))

    async def list_checkpoints(self, id: str) -> Checkpoints:
        """See `FineTuning.list_checkpoints`."""
        return await self._run(operations.list_checkpoints(id))

    async def list_metrics(
        self,
        id: str,
        *,
        global_step_from: int | None = None,
        global_step_to: int | None = None,
        logged_at_from: datetime | str | None = None,
        logged_at_to: datetime | str | None = None,
    ) -> MetricList:
        """See `FineTuning.list_metrics`."""
        from . import judging

        return await self._run(
            judging.list_metrics(
                id,
                global_step_from=global_step_from,
                global_step_to=global_step_to,
                logged_at_from=logged_at_from,
                logged_at_to=logged_at_to,
            )
        )

    async def best_checkpoint(self, id: str, metric: str = "eval_loss", *, mode: str | None = None) -> BestCheckpoint:
        """See `FineTuning.best_checkpoint`."""
        from . import judging

        return await self._run(judging.best_checkpoint(id, metric, mode))

    async def download(  # noqa: PLR0913
        self,
        id: str,
        *,
        output: str | os.PathLike[str] | None = None,
        checkpoint_step: int | None = None,
        checkpoint_type: CheckpointType | str = CheckpointType.DEFAULT,
        overwrite: bool = False,
        connections: int | None = None,
        limit_rate: float | None = None,
        progress: ProgressCallback | None = None,
        extract: bool = False,
        keep_archive: bool = False,
        fix_base: bool = True,
        base_model: str | None = None,
    ) -> DownloadResult:
        """See `FineTuning.download`. The event loop stays free; `progress` runs in it."""
        return await self._run(
            weights.download(
                id,
                output=output,
                checkpoint_step=checkpoint_step,
                checkpoint_type=checkpoint_type,
                overwrite=overwrite,
                connections=connections,
                limit_rate=limit_rate,
                progress=progress,
                extract=extract,
                keep_archive=keep_archive,
                fix_base=fix_base,
                base_model=base_model,
            )
        )

    async def content(
        self, ft_id: str, *, checkpoint: str | None = None, checkpoint_step: int | None = None
    ) -> httpx.Response:
        """See `FineTuning.content`."""
        streamed = self.with_streaming_response.content(ft_id, checkpoint=checkpoint, checkpoint_step=checkpoint_step)
        async with streamed as got:
            await got.aread()
            return got


class AsyncStreamingResponses:
    """The same raw methods, with the body left to be read by the caller."""

    def __init__(
        self,
        run: AsyncRunner,
        stream: Callable[[Archive], AbstractAsyncContextManager[httpx.Response]],
    ) -> None:
        self._run, self._stream = run, stream

    @asynccontextmanager
    async def content(
        self, ft_id: str, *, checkpoint: str | None = None, checkpoint_step: int | None = None
    ) -> AsyncIterator[httpx.Response]:
        """The archive as an open answer: `aiter_bytes()`, `aiter_lines()`, `aread()`."""
        archive = await self._run(weights.content(ft_id, checkpoint, checkpoint_step))
        async with self._stream(archive) as response:
            yield response
