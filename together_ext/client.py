"""The clients: settings, the API behind them, and their resources."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, assert_never

from .api.flow import (
    Call,
    Fetch,
    Flow,
    Line,
    Local,
    Open,
    Pause,
    Raw,
    Read,
    Step,
    Streamed,
    Survey,
    Transfers,
    arun,
    run,
)
from .api.moving import moved, timed
from .clock import SYSTEM, AsyncClock, pause
from .config import DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, Settings

T = TypeVar("T")

if TYPE_CHECKING:
    import httpx

    from .api.flow import Archive, StoredFile
    from .files.resource import AsyncFiles, Files
    from .fine_tuning.async_resource import AsyncFineTuning
    from .fine_tuning.resource import FineTuning
    from .inference.chat import AsyncChat, Chat
    from .inference.endpoints import AsyncEndpoints, Endpoints
    from .registry.project import Project, WhoAmI
    from .registry.resource import AsyncModels, Models
    from .transfer import AsyncOrderedStream, OrderedStream, Remote
    from .transfer.source import Sender


class Together:
    """A client of Together's fine-tuning API.

    Attributes:
        fine_tuning: Jobs, their events and checkpoints, and their weights.
        files: Training and validation data.
        chat: Chat completions.
        endpoints: Models on dedicated hardware.
        models: Models in the registry of a project.
    """

    def __init__(  # noqa: PLR0913 -- keywords
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx.Client | None = None,
        *,
        call_timeout: float | None = None,
        project: str | None = None,
        clock: AsyncClock = SYSTEM,
    ) -> None:
        """Set up a client; nothing is sent, and no connection made.

        Args:
            api_key: The bearer key (default: `TOGETHER_API_KEY`). Without one the first call raises an error.
            base_url: The API's address, with or without `/v1` (default: `TOGETHER_BASE_URL`, else the public one).
            timeout: Maximum number of seconds without data on a connection (default: 60).
            max_retries: Maximum number of retries of a call (default: 2). Downloads have a separate budget, which
                progress renews.
            http_client: Your own client, for its proxy, CA or transport; it is not closed.
            call_timeout: Maximum number of seconds for a call with its retries (default: `TOGETHER_EXT_CALL_TIMEOUT`,
                else 600); each 64 KiB that it sends or receives adds one second. Downloads have no such limit.
            project: ID of the project whose models in the registry are meant (default: `TOGETHER_PROJECT_ID`, else the
                project of the API key).
            clock: The time, for tests.

        Raises:
            ConfigurationError: A setting is invalid.
        """
        self._settings = Settings.resolve(
            api_key, base_url, timeout, max_retries, call_timeout=call_timeout, project=project
        )
        self._clock = clock
        from .api.connection import Seam  # loads httpx, which is slow

        self._seam = Seam(self._settings, http_client, clock)
        self._connect = _connect(self._settings) if self._seam.private else None

    # Loaded when they are first used: a download needs few of them, and a call does not need the engine.

    @cached_property
    def fine_tuning(self) -> FineTuning:
        """Jobs, their events and checkpoints, and their weights."""
        from .fine_tuning.resource import FineTuning

        return FineTuning(self._run, self._seam.stream, self._connect, self._project)

    @cached_property
    def files(self) -> Files:
        """Training and validation data."""
        from .files.resource import Files

        return Files(self._run, self._seam.stream)

    @cached_property
    def chat(self) -> Chat:
        """Chat completions."""
        from .inference.chat import Chat

        return Chat(self._run, self._seam.stream)

    @cached_property
    def endpoints(self) -> Endpoints:
        """Models on dedicated hardware."""
        from .inference.endpoints import Endpoints

        return Endpoints(self._run)

    @cached_property
    def models(self) -> Models:
        """Models in the registry of a project."""
        from .registry.resource import Models

        return Models(self._run, self._project)

    @cached_property
    def _project(self) -> Project:
        from .registry.project import Project

        return Project(self._settings.project)

    def whoami(self) -> WhoAmI:
        """Identify the API key: its kind, its organization, and its project, which keys of an organization lack.

        Raises:
            ApiError: There was no response, or none that is a result.
        """
        from .registry.project import whoami

        return self._run(whoami())

    def _run(self, flow: Flow[T]) -> T:
        with self._seam.discreetly():
            return run(flow, self._do)

    def _do(self, step: Step) -> object:  # noqa: PLR0911 -- one for each kind of step
        match step:
            case Call():
                return self._seam.call(step)
            case Read():
                return self._seam.read(step)
            case Raw():
                return self._seam.raw(step)
            case Local(work):
                return work(threading.Event())
            case Pause(seconds):
                if seconds > 0:
                    pause(self._clock, seconds)
                return self._clock.now()
            case Fetch() | Streamed() | Survey():
                return moved(step, self._remote(step.archive), self._clock)
            case Open():
                return self._open(step)
            case Transfers(work):
                return work(_line(self._seam.transfer_client, self._settings, self._clock))
            case _:
                assert_never(step)

    def _open(self, step: Open) -> OrderedStream:
        from .transfer.stream import begin

        return begin(self._remote(step.archive), timed(step.options, self._clock))

    def _remote(self, archive: Archive | StoredFile) -> Remote:
        """An archive as the engine sees it."""
        return self._seam.remote(self._seam.transfer_client, archive)

    def __repr__(self) -> str:
        return f"Together(base_url={self._settings.base_url!r})"

    def close(self) -> None:
        """Close the connections; your own client stays open."""
        self._seam.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncTogether:
    """The same client for async code, under asyncio and trio.

    Attributes:
        fine_tuning: Jobs, their events and checkpoints, and their weights; every method is awaited.
        files: Training and validation data.
        chat: Chat completions.
        endpoints: Models on dedicated hardware.
        models: Models in the registry of a project.
    """

    def __init__(  # noqa: PLR0913 -- keywords
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx.AsyncClient | None = None,
        *,
        call_timeout: float | None = None,
        project: str | None = None,
        clock: AsyncClock = SYSTEM,
    ) -> None:
        """Set up a client, with the parameters of `Together`; `http_client` is an async one here."""
        self._settings = Settings.resolve(
            api_key, base_url, timeout, max_retries, call_timeout=call_timeout, project=project
        )
        self._clock = clock
        from .api.connection import AsyncSeam

        self._seam = AsyncSeam(self._settings, http_client, clock)
        self._connect = _connect(self._settings) if self._seam.private else None

    @cached_property
    def fine_tuning(self) -> AsyncFineTuning:
        """Jobs, their events and checkpoints, and their weights."""
        from .fine_tuning.async_resource import AsyncFineTuning

        return AsyncFineTuning(self._run, self._seam.stream, self._connect, self._project)

    @cached_property
    def files(self) -> AsyncFiles:
        """Training and validation data."""
        from .files.resource import AsyncFiles

        return AsyncFiles(self._run, self._seam.stream)

    @cached_property
    def chat(self) -> AsyncChat:
        """Chat completions."""
        from .inference.chat import AsyncChat

        return AsyncChat(self._run, self._seam.stream)

    @cached_property
    def endpoints(self) -> AsyncEndpoints:
        """Models on dedicated hardware."""
        from .inference.endpoints import AsyncEndpoints

        return AsyncEndpoints(self._run)

    @cached_property
    def models(self) -> AsyncModels:
        """Models in the registry of a project."""
        from .registry.resource import AsyncModels

        return AsyncModels(self._run, self._project)

    @cached_property
    def _project(self) -> Project:
        from .registry.project import Project

        return Project(self._settings.project)

    async def whoami(self) -> WhoAmI:
        """Identify the API key: its kind, its organization, and its project, which keys of an organization lack.

        Raises:
            ApiError: There was no response, or none that is a result.
        """
        from .registry.project import whoami

        return await self._run(whoami())

    async def _run(self, flow: Flow[T]) -> T:
        with self._seam.discreetly():
            return await arun(flow, self._do)

    async def _do(self, step: Step) -> object:  # noqa: PLR0911 -- the same
        match step:
            case Call():
                return await self._seam.call(step)
            case Read():
                return await self._seam.read(step)
            case Raw():
                return await self._seam.raw(step)
            case Local(work):
                cancel = threading.Event()
                return await _beside(partial(work, cancel), cancel)
            case Pause(seconds):
                if seconds > 0:
                    await self._clock.sleep(seconds)
                return self._clock.now()
            case Fetch() | Streamed() | Survey():
                return await self._move(step)
            case Open():
                return await self._open(step)
            case Transfers(work):
                return await self._transfers(work)
            case _:
                assert_never(step)

    async def _open(self, step: Open) -> AsyncOrderedStream:
        from .transfer.async_stream import AsyncOrderedStream
        from .transfer.stream import begin

        async with AsyncExitStack() as stack:
            remote = await self._remote(stack, step.archive)
            options = timed(step.options, self._clock)
            stream = await _beside(partial(begin, remote, options), options.cancel)
            return AsyncOrderedStream(stream, options.cancel, stack.pop_all())

    async def _move(self, step: Fetch[Any] | Streamed[Any] | Survey[Any]) -> object:
        async with AsyncExitStack() as stack:
            remote = await self._remote(stack, step.archive)
            return await _beside(partial(moved, step, remote, self._clock), step.options.cancel)

    async def _transfers(self, work: Callable[[Line], T]) -> T:
        async with AsyncExitStack() as stack:
            line = _line(await self._seam.transfer_client(stack), self._settings, self._clock)
            return await _beside(partial(work, line), line.cancel)

    async def _remote(self, stack: AsyncExitStack, archive: Archive | StoredFile) -> Remote:
        """An archive as the engine's threads see it; the stack closes what they send through."""
        return self._seam.remote(await self._seam.transfer_client(stack), archive)

    def __repr__(self) -> str:
        return f"AsyncTogether(base_url={self._settings.base_url!r})"

    async def aclose(self) -> None:
        """Close the connections; your own client stays open."""
        await self._seam.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _connect(settings: Settings) -> Callable[[], Together]:
    """Creates an equal client in another process, where the key is that of its environment; can be pickled."""
    return partial(
        Together,
        base_url=settings.base_url,
        timeout=settings.timeout,
        max_retries=settings.max_retries,
        call_timeout=settings.call_timeout,
        project=settings.project,
    )


async def _beside(work: Callable[[], T], cancel: threading.Event) -> T:
    """Do blocking work in a thread."""
    from .transfer.beside import beside

    return await beside(work, cancel)


def _line(sender: Sender, settings: Settings, clock: AsyncClock) -> Line:
    return Line(sender, settings.base_url, None if clock is SYSTEM else clock, threading.Event())
