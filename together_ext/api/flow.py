"""Operations of several steps, written once for both clients: generators that yield steps, and their drivers."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from .whole import DOCUMENT_LIMIT

if TYPE_CHECKING:
    from together_ext.clock import AsyncClock
    from together_ext.transfer import Fetched, Options, OrderedStream, StreamOptions, Target
    from together_ext.transfer.network.pauses import Pauses
    from together_ext.transfer.source import Sender
    from together_ext.transfer.survey import Surveyed

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request to the API.

    Attributes:
        action: What the request does, to follow "could not" in messages.
        sync: The generated function for it.
        asyncio: The generated coroutine function for it.
        arguments: Their arguments, without the client.
        secrets: Arguments that must not appear in an error, even if the server repeats them.
        doubt: What an error adds if the request may have had an effect, where repeating it would cost something.
        success: The status that the generated function expects; any other 2xx is passed to it as this one.
        limit: Maximum number of bytes in the response; None for no limit.
        is_file: Whether the response is a file, and not a document.
        within: Time limit in seconds, if it is shorter than that of every call.
        pauses: The `Retry-After` of each host; shared with the other downloads of a batch.
    """

    action: str
    sync: Callable[..., T | None]
    asyncio: Callable[..., Awaitable[T | None]]
    arguments: Mapping[str, Any] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    doubt: str = ""
    success: int = 200
    limit: int | None = DOCUMENT_LIMIT
    is_file: bool = False
    within: float | None = None
    pauses: Pauses | None = None


@dataclass(frozen=True)
class Archive:
    """An archive of weights at the API.

    Attributes:
        job_id: The job.
        step: The step of a checkpoint; None for the final weights.
        checkpoint: The form, as the API names it; None leaves the choice to the server.
    """

    job_id: str
    step: int | None
    checkpoint: str | None

    def __str__(self) -> str:
        return self.job_id if self.step is None else f"{self.job_id}:{self.step}"

    @property
    def identity(self) -> dict[str, str]:
        """What identifies the remote file in the journal of a partial file."""
        step = "" if self.step is None else str(self.step)
        return {"job": self.job_id, "step": step, "checkpoint": self.checkpoint or ""}


@dataclass(frozen=True)
class StoredFile:
    """The content of an uploaded file at the API."""

    file_id: str

    def __str__(self) -> str:
        return self.file_id

    @property
    def identity(self) -> dict[str, str]:
        """What identifies the remote file in the journal of a partial file."""
        return {"file": self.file_id}


@dataclass(frozen=True)
class Streaming:
    """A request whose response is read while the server makes it.

    Attributes:
        action: What the request does, to follow "could not" in messages.
        request: The request, as keywords of `httpx.Client.build_request`.
    """

    action: str
    request: Mapping[str, Any] = field(repr=False)


F = TypeVar("F", bound=Archive | StoredFile)


@dataclass(frozen=True)
class Fetch(Generic[F]):
    """A file to download.

    Attributes:
        archive: The remote file.
        target: The local file.
        options: The options of the download engine.
    """

    archive: F
    target: Target
    options: Options


@dataclass(frozen=True)
class Survey(Generic[F]):
    """A file whose download is planned: its size and local path are determined, and what exists of it.

    Attributes:
        archive: The remote file.
        target: The local file; None for an object store.
        options: The options of the download engine.
    """

    archive: F
    target: Target | None
    options: Options


@dataclass(frozen=True)
class Open:
    """An archive to open as a stream, and how."""

    archive: Archive
    options: StreamOptions


@dataclass(frozen=True)
class Streamed(Generic[F]):
    """A file to read in order while it is downloaded.

    Attributes:
        archive: What.
        work: Reads it, in a thread; its result is that of the step.
        options: How.
    """

    archive: F
    work: Callable[[OrderedStream], object]
    options: StreamOptions


@dataclass(frozen=True)
class Local:
    """Slow work on the local disk.

    Attributes:
        work: The function; it ends soon after its event is set.
    """

    work: Callable[[threading.Event], object]


class Reader(Protocol):
    """Reads the body of a response piece by piece."""

    def feed(self, data: bytes, /) -> None:
        """Read the next bytes; raises `ValueError` for invalid data, `LimitError` if a limit is exceeded."""

    def close(self) -> None:
        """Finish at the end of the body; raises `ValueError` or `TypeError` if the body is invalid."""


R = TypeVar("R", bound=Reader)


@dataclass(frozen=True)
class Read(Generic[R]):
    """A request whose response is read piece by piece; its result is the reader.

    Attributes:
        action: What the request does, to follow "could not" in messages.
        request: The request, as keywords of `httpx.Client.build_request`.
        reader: Creates the reader of the response, once for each attempt.
        pauses: As those of `Call`.
    """

    action: str
    request: Mapping[str, Any]
    reader: Callable[[], R]
    pauses: Pauses | None = None


@dataclass(frozen=True)
class Raw:
    """A request that the specification does not describe; its outcome is a `Reply`.

    Attributes:
        action: What the request does, to follow "could not" in messages.
        request: The request, as keywords of `httpx.Client.build_request`.
        statuses: Statuses other than 2xx that are no errors.
        doubt: What an error adds if the request may have had an effect.
        pauses: As those of `Call`.
    """

    action: str
    request: Mapping[str, Any] = field(repr=False)
    statuses: frozenset[int] = frozenset()
    doubt: str = ""
    pauses: Pauses | None = None


@dataclass(frozen=True)
class Reply:
    """A response to a `Raw` request.

    Attributes:
        status: Its status.
        headers: Its headers; names in any letter case.
        content: Its body.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Line:
    """What work over the network needs of its client.

    Attributes:
        sender: Sends requests, without the client's credentials.
        home: The address of the API.
        clock: The clock of a client that was given one; else None.
        cancel: Set when the work must end.
    """

    sender: Sender
    home: str
    clock: AsyncClock | None
    cancel: threading.Event


@dataclass(frozen=True)
class Transfers:
    """Work over the network that takes its time.

    Attributes:
        work: Does it, in the calling thread and in its own ones.
    """

    work: Callable[[Line], object]


@dataclass(frozen=True)
class Pause:
    """A pause; its outcome is the time afterwards, in seconds on a monotonic clock.

    Attributes:
        seconds: The duration; 0 only reads the clock.
    """

    seconds: float


Step = Call[Any] | Fetch[Any] | Local | Open | Pause | Raw | Read[Any] | Streamed[Any] | Survey[Any] | Transfers
Flow = Generator[Step, Any, T]


class Runner(Protocol):
    """Runs a flow to its end, as a client does."""

    def __call__(self, flow: Flow[T], /) -> T:
        """Run the flow; returns its result."""


class AsyncRunner(Protocol):
    """Runs a flow to its end in async code."""

    async def __call__(self, flow: Flow[T], /) -> T:
        """Run the flow; returns its result."""


def call(
    action: str, sync: Callable[..., T | None], asyncio: Callable[..., Awaitable[T | None]], **arguments: object
) -> Call[T]:
    """Prepare a request; the parameters are the first attributes of `Call`."""
    return Call(action, sync, asyncio, arguments)


def ask(call: Call[T]) -> Flow[T]:
    """Yield a call; typed with its response."""
    return cast("T", (yield call))


def fetch(step: Fetch[Any]) -> Flow[Fetched]:
    """Yield a fetch; typed with its result."""
    return cast("Fetched", (yield step))


def surveyed(step: Survey[Any]) -> Flow[Surveyed]:
    """Yield a survey; typed with its result."""
    return cast("Surveyed", (yield step))


def opened(step: Open) -> Flow[OrderedStream]:
    """Yield an archive to open; typed with its stream."""
    return cast("OrderedStream", (yield step))


def streamed(step: Streamed[Any]) -> Flow[Any]:
    """Yield a file to read; its result is that of its work."""
    return (yield step)


def local(work: Callable[[threading.Event], T]) -> Flow[T]:
    """Yield work on the disk; typed with its result."""
    return cast("T", (yield Local(work)))


def transfers(work: Callable[[Line], T]) -> Flow[T]:
    """Yield work over the network; typed with its result."""
    return cast("T", (yield Transfers(work)))


def read(step: Read[R]) -> Flow[R]:
    """Yield a request that is read piece by piece; typed with its reader."""
    return cast("R", (yield step))


def raw(step: Raw) -> Flow[Reply]:
    """Yield a request that the specification does not describe; typed with its response."""
    return cast("Reply", (yield step))


def pause(seconds: float) -> Flow[float]:
    """Yield a pause; typed with its result."""
    return cast("float", (yield Pause(seconds)))


def run(flow: Generator[S, Any, T], do: Callable[[S], object]) -> T:
    """Run a flow: `do` executes each step, and its outcome or exception goes back into the flow."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = do(step)
            except BaseException as error:  # noqa: BLE001 -- the flow handles it
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        return cast("T", end.value)


def changed(flow: Flow[T], change: Callable[[Step], Step]) -> Flow[T]:
    """A flow with each of its steps changed; an exception of `change` is that of the step."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = yield change(step)
            except BaseException as error:  # noqa: BLE001 -- the flow decides what becomes of it
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        return cast("T", end.value)


async def arun(flow: Generator[S, Any, T], do: Callable[[S], Awaitable[object]]) -> T:
    """Run a flow in async code."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = await do(step)
            except BaseException as error:  # noqa: BLE001 -- the flow handles it
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        return cast("T", end.value)
