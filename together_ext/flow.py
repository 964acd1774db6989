"""Operations of several steps, written once: generators that yield what is to be done, driven in both worlds."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

from .transfer import Fetched, Options, Target

T = TypeVar("T")


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request to the API.

    Attributes:
        action: What it does, to go on from "could not".
        sync: The generated function for it.
        asyncio: The generated coroutine function for it.
        arguments: Their arguments, without the client.
        secrets: What of the arguments must not be shown, even if the server repeats it.
        doubt: What to say if no answer came although it was sent, where doing it twice would cost something.
    """

    action: str
    sync: Callable[..., T | None]
    asyncio: Callable[..., Awaitable[T | None]]
    arguments: Mapping[str, Any] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    doubt: str = ""


@dataclass(frozen=True)
class Archive:
    """An archive of weights at the API: a job, perhaps a step, and the form in the API's words."""

    job_id: str
    step: int | None
    checkpoint: str

    def __str__(self) -> str:
        return self.job_id if self.step is None else f"{self.job_id}:{self.step}"

    @property
    def identity(self) -> dict[str, str]:
        """What a partial file of it is a part of."""
        return {"job": self.job_id, "step": "" if self.step is None else str(self.step), "checkpoint": self.checkpoint}


@dataclass(frozen=True)
class Fetch:
    """A file to fetch.

    Attributes:
        archive: What.
        target: Where it goes.
        options: How.
    """

    archive: Archive
    target: Target
    options: Options


@dataclass(frozen=True)
class Local:
    """Work on this machine's disk that takes its time.

    Attributes:
        work: Does it, and ends soon after the event that it gets was set.
    """

    work: Callable[[threading.Event], object]


class Reader(Protocol):
    """Takes an answer's body in pieces."""

    def feed(self, data: bytes, /) -> None:
        """Take the next bytes; raises `ValueError` for what cannot be right."""

    def close(self) -> None:
        """Note that this was all; raises `ValueError` or `TypeError` if it was not what it should be."""


R = TypeVar("R", bound=Reader)


@dataclass(frozen=True)
class Read(Generic[R]):
    """A request whose answer is read piece by piece; its outcome is the reader.

    Attributes:
        action: What it does, to go on from "could not".
        request: The request, in the words of `httpx.Client.build_request`.
        reader: What reads the answer.
    """

    action: str
    request: Mapping[str, Any]
    reader: R


@dataclass(frozen=True)
class Pause:
    """Time to let pass; its outcome is the time afterwards, in seconds of a clock that never goes back.

    Attributes:
        seconds: How long; 0 only asks for the time.
    """

    seconds: float


Step = Call[Any] | Fetch | Local | Pause | Read[Any]
Flow = Generator[Step, Any, T]


class Runner(Protocol):
    """Drives a flow to its end, as a client does."""

    def __call__(self, flow: Flow[T], /) -> T:
        """Drive it."""


class AsyncRunner(Protocol):
    """Drives a flow to its end in async code."""

    async def __call__(self, flow: Flow[T], /) -> T:
        """Drive it."""


def ask(call: Call[T]) -> Flow[T]:
    """Yield a call; gives its answer its type."""
    return cast("T", (yield call))


def fetch(step: Fetch) -> Flow[Fetched]:
    """Yield a fetch; gives its outcome its type."""
    return cast("Fetched", (yield step))


def local(work: Callable[[threading.Event], T]) -> Flow[T]:
    """Yield work on the disk; gives its outcome its type."""
    return cast("T", (yield Local(work)))


def read(step: Read[R]) -> Flow[R]:
    """Yield a request that is read piece by piece; gives its reader its type."""
    return cast("R", (yield step))


def pause(seconds: float) -> Flow[float]:
    """Yield a pause; gives its outcome its type."""
    return cast("float", (yield Pause(seconds)))


def run(flow: Flow[T], do: Callable[[Step], object]) -> T:
    """Drive a flow: `do` each step, hand its outcome or its exception back in."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = do(step)
            except BaseException as error:  # noqa: BLE001 -- the flow decides what becomes of it
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        return cast("T", end.value)


async def arun(flow: Flow[T], do: Callable[[Step], Awaitable[object]]) -> T:
    """Drive a flow in async code."""
    try:
        step = next(flow)
        while True:
            try:
                outcome = await do(step)
            except BaseException as error:  # noqa: BLE001 -- the flow decides what becomes of it
                step = flow.throw(error)
            else:
                step = flow.send(outcome)
    except StopIteration as end:
        return cast("T", end.value)
