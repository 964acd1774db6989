"""The clients: settings, the API behind them, and their resources."""

from __future__ import annotations

import threading
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import httpx

from .api import AsyncSeam, Seam
from .config import DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, Settings
from .fine_tuning import AsyncFineTuning, FineTuning
from .flow import Call, Fetch, Flow, Local, Pause, Read, Step, arun, run
from .transfer import DEFAULT_TIMEOUT as TRANSFER_TIMEOUT
from .transfer import Fetched, transfer

T = TypeVar("T")

if TYPE_CHECKING:
    from .chat import AsyncChat, Chat
    from .endpoints import AsyncEndpoints, Endpoints
    from .files import AsyncFiles, Files


class Together:
    """A client of Together's fine-tuning API.

    Attributes:
        fine_tuning: Jobs, their events and checkpoints, and their weights.
        files: Training and validation data.
        chat: Answers of models.
        endpoints: Models on hardware of their own.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx.Client | None = None,
    ) -> None:
        """Set up a client; nothing is sent, and no connection made.

        Args:
            api_key: The bearer key; else `TOGETHER_API_KEY`. Without one the first call raises.
            base_url: The API's address, with or without `/v1`; else `TOGETHER_BASE_URL`, else the public one.
            timeout: Seconds that a connection may be silent.
            max_retries: How often a call is repeated after a failure that may pass. Downloads have a budget of their
                own, which progress renews.
            http_client: A client of your own, for its proxy, CA or transport; it is not closed.

        Raises:
            ConfigurationError: A setting that cannot be right.
        """
        self._settings = Settings.resolve(api_key, base_url, timeout, max_retries)
        self._seam = Seam(self._settings, http_client)
        self.fine_tuning = FineTuning(self._run, self._seam.stream)

    # Loaded when they are first used: a download does without them.

    @cached_property
    def files(self) -> Files:
        """Training and validation data."""
        from .files import Files

        return Files(self._run)

    @cached_property
    def chat(self) -> Chat:
        """Answers of models."""
        from .chat import Chat

        return Chat(self._run)

    @cached_property
    def endpoints(self) -> Endpoints:
        """Models on hardware of their own."""
        from .endpoints import Endpoints

        return Endpoints(self._run)

    def _run(self, flow: Flow[T]) -> T:
        with self._seam.discreetly():
            return run(flow, self._do)

    def _do(self, step: Step) -> object:
        if isinstance(step, Call):
            return self._seam.call(step)
        if isinstance(step, Read):
            return self._seam.read(step)
        if isinstance(step, Local):
            return step.work(threading.Event())
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return time.monotonic()
        return self._fetch(step)

    def _fetch(self, step: Fetch) -> Fetched:
        remote = self._seam.remote(self._seam.transfer_client, step.archive, timeout=TRANSFER_TIMEOUT)
        return transfer(remote, step.target, step.archive.identity, step.options)

    def __repr__(self) -> str:
        return f"Together(base_url={self._settings.base_url!r})"

    def close(self) -> None:
        """Close the connections; a client of your own stays open."""
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
        chat: Answers of models.
        endpoints: Models on hardware of their own.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx.AsyncClient | None = None,
    ) -> None:
        """Set up a client, with the parameters of `Together`; `http_client` is an async one here."""
        self._settings = Settings.resolve(api_key, base_url, timeout, max_retries)
        self._seam = AsyncSeam(self._settings, http_client)
        self._own_client = http_client is None
        self.fine_tuning = AsyncFineTuning(self._run, self._seam.stream)

    @cached_property
    def files(self) -> AsyncFiles:
        """Training and validation data."""
        from .files import AsyncFiles

        return AsyncFiles(self._run)

    @cached_property
    def chat(self) -> AsyncChat:
        """Answers of models."""
        from .chat import AsyncChat

        return AsyncChat(self._run)

    @cached_property
    def endpoints(self) -> AsyncEndpoints:
        """Models on hardware of their own."""
        from .endpoints import AsyncEndpoints

        return AsyncEndpoints(self._run)

    async def _run(self, flow: Flow[T]) -> T:
        with self._seam.discreetly():
            return await arun(flow, self._do)

    async def _do(self, step: Step) -> object:
        if isinstance(step, Call):
            return await self._seam.call(step)
        if isinstance(step, Read):
            return await self._seam.read(step)
        if isinstance(step, Local):
            from . import bridge

            cancel = threading.Event()
            return await bridge.beside(partial(step.work, cancel), cancel)
        if isinstance(step, Pause):
            import anyio

            await anyio.sleep(step.seconds)
            return time.monotonic()
        return await self._fetch(step)

    async def _fetch(self, step: Fetch) -> Fetched:
        # Here, since it costs the sync client a tenth of its start-up.
        from . import bridge

        options = step.options
        if options.progress is not None:
            options = replace(options, progress=bridge.in_loop(options.progress))
        async with AsyncExitStack() as stack:
            if self._own_client:
                # The engine's threads are faster on sockets of their own than through the event loop.
                client = stack.enter_context(httpx.Client(verify=self._seam.trust, timeout=self._settings.timeout))
            else:
                client = await bridge.sync_view(stack, self._seam.client)
            remote = self._seam.remote(client, step.archive, timeout=TRANSFER_TIMEOUT)
            return await bridge.beside(
                partial(transfer, remote, step.target, step.archive.identity, options), options.cancel
            )

    def __repr__(self) -> str:
        return f"AsyncTogether(base_url={self._settings.base_url!r})"

    async def aclose(self) -> None:
        """Close the connections; a client of your own stays open."""
        await self._seam.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
