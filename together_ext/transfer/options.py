"""The options of a transfer, and its result."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from together_ext.clock import Clock, SystemClock
from together_ext.errors import SECONDS, Numbers

from .front import Front
from .network.pauses import Pauses
from .progress import ProgressCallback
from .window import BLOCK

EAGER: Final = max(os.cpu_count() or 1, 2)
"""Number of connections to start with: on a fast network a few keep the machine busy, and more are slower."""

DEFAULT_CONNECTIONS: Final = 8
DEFAULT_RETRIES: Final = 8
DEFAULT_TIMEOUT: Final = 30.0
DEFAULT_WINDOW: Final = 64 << 20


@dataclass(frozen=True)
class Fetched:
    """A complete file.

    Attributes:
        path: Its absolute path.
        size: Its size in bytes.
        resumed_from: Number of bytes that an earlier run had downloaded.
        etag: The entity tag of the remote file; None if it has none.
        found: Whether the file existed at its final path before the transfer.
        verified: What proves that it is complete: `structure` (its own content) or `size`.
    """

    path: Path
    size: int
    resumed_from: int
    etag: str | None
    found: bool = False
    verified: Literal["structure", "size"] = "size"


@dataclass(frozen=True)
class Conduct:
    """How to transfer a file or a stream.

    Attributes:
        connections: Maximum number of connections.
        eager: Number of connections to start with if the server is near; the others follow if each of these is slow.
        retries: Maximum number of consecutive failures, without progress between them, that are retried.
        limit_rate: Maximum rate of all connections together in bytes per second; None for no limit.
        progress: Called at each change of state and about ten times a second.
        cancel: Ends the transfer when it is set, from any thread.
        clock: The clock.
        jitter: Returns random numbers from 0 to 1.
        pauses: The `Retry-After` of each host; shared with the other downloads of a batch.

    Raises:
        RuleError: A number is out of range.
    """

    connections: int = DEFAULT_CONNECTIONS
    eager: int = EAGER
    retries: int = DEFAULT_RETRIES
    limit_rate: float | None = None
    progress: ProgressCallback | None = None
    cancel: threading.Event = field(default_factory=threading.Event)
    clock: Clock = field(default_factory=SystemClock)
    jitter: Callable[[], float] = random.random
    pauses: Pauses = field(default_factory=Pauses)

    def __post_init__(self) -> None:
        Numbers(1, whole=True).check("connections", self.connections)
        Numbers(1, whole=True).check("eager", self.eager)
        Numbers(0, whole=True).check("retries", self.retries)
        Numbers(1, unit="bytes per second").check_given("limit_rate", self.limit_rate)


@dataclass(frozen=True)
class Options(Conduct):
    """How to transfer a file.

    Attributes:
        overwrite: Whether to replace a different file at the final path.
        front: Receives how much of the beginning has arrived; the segments are then planned front first.
        consume: Called when all bytes have arrived, before they are flushed; returns whether the caller has read the
            file through `front` and does not need it. No file is left then.
        room: Bytes that must be free on the disk for each byte of the file, in addition to the file itself.
        durable: Whether the file gets its final name only after it is on the disk.
        lock_timeout: Seconds to wait for another process that downloads the same file; None for no limit while that
            process is alive.
    """

    overwrite: bool = False
    front: Front | None = None
    consume: Callable[[Fetched], bool] | None = None
    room: float = 0.0
    durable: bool = True
    lock_timeout: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        Numbers(0).check("room", self.room)
        SECONDS.check_given("lock_timeout", self.lock_timeout)


@dataclass(frozen=True)
class StreamOptions(Conduct):
    """How to transfer a stream.

    Attributes:
        window: Maximum number of bytes in memory, at least 1 MiB.
    """

    window: int = DEFAULT_WINDOW

    def __post_init__(self) -> None:
        super().__post_init__()
        Numbers(BLOCK, whole=True, unit="bytes").check("window", self.window)
