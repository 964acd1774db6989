"""The fine-tuning resource of `AsyncTogether`: the methods of `FineTuning`, awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Unpack, cast

from together_ext.api import keywords
from together_ext.api.flow import Archive, AsyncRunner
from together_ext.checkpoints import Checkpoint, CheckpointType

from . import operations, waiting
from .download_options import DEFAULT_PARALLEL, DEFAULTS, DownloadOptions, StreamRequest, download_request
from .parameters import JobParameters
from .waiting import POLL_INTERVAL

if TYPE_CHECKING:
    import os
    from datetime import datetime

    import httpx

    from together_ext.api.lists import EventList, JobList, MetricList
    from together_ext.bulk import DownloadPlan, Outcome
    from together_ext.registry.project import Project
    from together_ext.transfer import AsyncOrderedStream, Fetched, ProgressCallback
    from together_generated import models

    from .download_many import Connect, Executors
    from .download_many import Names as ManyNames
    from .download_options import CheckpointForm
    from .download_result import DownloadResult
    from .metrics import BestCheckpoint, Mode

# Inside the classes below `list` is a method.
Checkpoints = list[Checkpoint]
Names = list[str]


class AsyncFineTuning:
    """Fine-tuning jobs, their checkpoints and weights: the methods of `FineTuning`, awaited."""

    def __init__(
        self,
        run: AsyncRunner,
        stream: Callable[[Archive], AbstractAsyncContextManager[httpx.Response]],
        connect: Connect | None,
        project: Project,
    ) -> None:
        self._run, self._stream, self._connect, self._project = run, stream, connect, project
        self.with_streaming_response = AsyncStreamingResponses(run, stream)

    async def list(self) -> JobList:
        """See `FineTuning.list`."""
        return await self._run(operations.list_jobs())

    async def retrieve(self, id: str) -> models.FinetuneResponse:
        """See `FineTuning.retrieve`."""
        return await self._run(operations.retrieve(id))

    @keywords.shows(JobParameters)
    async def create(self, **parameters: Unpack[JobParameters]) -> models.FinetuneResponseTruncated:
        """See `FineTuning.create`."""
        from . import create as new_job

        return await self._run(new_job.create(parameters))

    @keywords.shows(JobParameters)
    async def estimate_price(self, **parameters: Unpack[JobParameters]) -> models.FinetunePriceEstimate:
        """See `FineTuning.estimate_price`."""
        from . import create as new_job

        return await self._run(new_job.estimate_price(parameters))

    async def preview(
        self, *, model: str, training_file: str, top_k: int | None = None, train_on_inputs: bool | None = None
    ) -> models.FinetunePreview:
        """See `FineTuning.preview`."""
        from . import datasets

        return await self._run(datasets.preview(model, training_file, top_k, train_on_inputs=train_on_inputs))

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
        timeout: float | None = None,  # noqa: ASYNC109 -- the error that it raises has the job
        poll_interval: float = POLL_INTERVAL,
        on_update: Callable[[models.FinetuneResponse], object] | None = None,
    ) -> models.FinetuneResponse:
        """See `FineTuning.wait`; `on_update` runs in the event loop."""
        return await self._run(waiting.wait(id, timeout, poll_interval, on_update))

    async def list_checkpoints(self, id: str) -> Checkpoints:
        """See `FineTuning.list_checkpoints`."""
        return await self._run(operations.list_checkpoints(id))

    async def list_metrics(  # noqa: PLR0913 -- keywords
        self,
        id: str,
        *,
        global_step_from: int | None = None,
        global_step_to: int | None = None,
        logged_at_from: datetime | str | None = None,
        logged_at_to: datetime | str | None = None,
        resolution: int | None = None,
    ) -> MetricList:
        """See `FineTuning.list_metrics`."""
        from . import best_checkpoint as judging

        wanted = judging.metric_range(global_step_from, global_step_to, logged_at_from, logged_at_to, resolution)
        return await self._run(judging.list_metrics(id, wanted))

    async def best_checkpoint(self, id: str, metric: str = "eval_loss", *, mode: Mode | None = None) -> BestCheckpoint:
        """See `FineTuning.best_checkpoint`."""
        from . import best_checkpoint as judging

        return await self._run(judging.best_checkpoint(id, metric, mode))

    @keywords.shows(DownloadOptions, DEFAULTS)
    async def download(self, id: str, **options: Unpack[DownloadOptions]) -> DownloadResult:
        """See `FineTuning.download`. The event loop stays free; `progress` is called in it."""
        from together_ext.api.bridge import in_loop

        from .download import download

        wanted = download_request(options)
        return await self._run(download(self._project, id, replace(wanted, progress=in_loop(wanted.progress))))

    @keywords.shows(DownloadOptions, DEFAULTS)
    def download_many(
        self,
        names: ManyNames,
        *,
        parallel: int = DEFAULT_PARALLEL,
        executor: Executors | None = None,
        **options: Unpack[DownloadOptions],
    ) -> AsyncIterator[Outcome[DownloadResult]]:
        """See `FineTuning.download_many`; for `async for`. The event loop stays free; `progress` is called in it."""
        from together_ext.api.bridge import in_loop, iterated

        from .download_many import many

        options["progress"] = in_loop(options.get("progress"))
        found = many(names, options, parallel=parallel, executor=executor, connect=self._connect, project=self._project)
        return iterated(found.outcomes, self._run, found.cancel)

    @keywords.shows(DownloadOptions, DEFAULTS)
    async def plan_downloads(
        self, names: ManyNames, *, parallel: int = DEFAULT_PARALLEL, **options: Unpack[DownloadOptions]
    ) -> DownloadPlan:
        """See `FineTuning.plan_downloads`."""
        from together_ext.api.bridge import driven

        from .download_many import many
        from .planning import Planning

        found = many(names, options, parallel=parallel, executor=None, connect=None, project=self._project)
        return await driven(lambda run: Planning(found, run).plan(), self._run, found.cancel)

    @asynccontextmanager
    async def open(  # noqa: PLR0913 -- keywords, each with a default
        self,
        name: str,
        *,
        checkpoint_type: CheckpointType | Literal["default", "merged", "adapter"] = CheckpointType.DEFAULT,
        checkpoint_step: int | None = None,
        connections: int | None = None,
        window: int = 64 << 20,
        limit_rate: float | None = None,
        progress: ProgressCallback | None = None,
    ) -> AsyncIterator[AsyncOrderedStream]:
        """See `FineTuning.open`: use it in `async with`. The event loop stays free; `progress` is called in it."""
        from together_ext.api.bridge import in_loop

        from .download import open_stream

        wanted = StreamRequest(
            checkpoint_type=checkpoint_type,
            checkpoint_step=checkpoint_step,
            connections=connections,
            window=window,
            limit_rate=limit_rate,
            progress=in_loop(progress),
        )
        # The async client opens an async stream.
        stream = cast("AsyncOrderedStream", await self._run(open_stream(name, wanted)))
        async with stream:
            yield stream

    async def download_tokenized_dataset(
        self,
        id: str,
        *,
        output: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
        progress: ProgressCallback | None = None,
    ) -> Fetched:
        """See `FineTuning.download_tokenized_dataset`; `progress` is called in the event loop."""
        from together_ext.api.bridge import in_loop

        from .datasets import download_tokenized_dataset

        return await self._run(download_tokenized_dataset(id, output, overwrite=overwrite, progress=in_loop(progress)))

    async def content(
        self,
        ft_id: str,
        *,
        checkpoint: CheckpointForm | None = None,
        checkpoint_step: int | None = None,
    ) -> httpx.Response:
        """See `FineTuning.content`."""
        streamed = self.with_streaming_response.content(ft_id, checkpoint=checkpoint, checkpoint_step=checkpoint_step)
        async with streamed as got:
            await got.aread()
            return got


class AsyncStreamingResponses:
    """The raw download as an open response, whose body the caller reads."""

    def __init__(
        self,
        run: AsyncRunner,
        stream: Callable[[Archive], AbstractAsyncContextManager[httpx.Response]],
    ) -> None:
        self._run, self._stream = run, stream

    @asynccontextmanager
    async def content(
        self,
        ft_id: str,
        *,
        checkpoint: CheckpointForm | None = None,
        checkpoint_step: int | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """The archive as an open response: `aiter_bytes()`, `aiter_lines()`, `aread()`."""
        from .download import content

        archive = await self._run(content(ft_id, checkpoint, checkpoint_step))
        async with self._stream(archive) as response:
            yield response
