"""The progress of a transfer, when it is reported, and its rate."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from together_ext.clock import Clock

from .interruptible import TICK
from .retry import Retry

WINDOW: Final = 10.0
"""Seconds over which the rate is averaged."""

QUIET: Final = 0.5
"""Seconds of the first connection attempt without a report: most servers respond sooner."""

State = Literal["connecting", "transferring", "retrying", "waiting_for_lock"]


@dataclass(frozen=True)
class DownloadProgress:
    """The progress of a transfer.

    Attributes:
        done: Number of downloaded bytes, including those of earlier runs.
        total: Size of the file in bytes; None if unknown.
        resumed: Number of bytes that earlier runs had downloaded.
        rate: Bytes per second over the last ten seconds; 0 without measurements. It falls while nothing arrives.
        seconds_left: Seconds to the end at that rate; None if unknown.
        connections: Number of connections that are downloading.
        resumable: Whether a rerun after an interruption resumes from the downloaded bytes.
        state: `connecting` (no response yet), `transferring`, `retrying` (nothing arrives before the next attempt), or
            `waiting_for_lock` (another process writes to the same path).
        reason: The failure before the retry, or the other process; None in the other states.
        retry: Number of the next consecutive retry, from 1; None in the other states.
        retries: Maximum number of consecutive retries for such a failure; None in the other states.
        retry_in: Seconds until the retry; None in the other states.
        silent: Seconds since the last byte arrived, while `transferring`; 0 in the other states.
        file: Name of the file or folder at the destination; None until it is known.
        name: What was requested, in `download_many`; None for a single download.
    """

    done: int
    total: int | None
    resumed: int
    rate: float
    seconds_left: float | None
    connections: int
    resumable: bool = False
    state: State = "transferring"
    reason: str | None = None
    retry: int | None = None
    retries: int | None = None
    retry_in: float | None = None
    silent: float = 0.0
    file: str | None = None
    name: str | None = None

    @property
    def fraction(self) -> float | None:
        """Downloaded part of the file, from 0 to 1; None if its size is unknown."""
        if self.total is None:
            return None
        return min(self.done / self.total, 1.0) if self.total else 1.0


ProgressCallback = Callable[[DownloadProgress], object]
"""Called at each change of state and about ten times a second, also while nothing arrives, in the thread that called
the transfer; raising from it stops the transfer. The last call, with all bytes and no connections, is made when the
file has its final name."""


@dataclass(frozen=True)
class Standing:
    """The state of a transfer at one moment.

    Attributes:
        done, total, resumed, connections, resumable: As in `DownloadProgress`.
        retry: The pending retry; None if there is none.
        holder: The process that holds the lock; None if it is not waited for.
    """

    done: int = 0
    total: int | None = None
    resumed: int = 0
    connections: int = 0
    resumable: bool = False
    retry: Retry | None = None
    holder: str | None = None

    @property
    def state(self) -> State:
        """The state, as in `DownloadProgress`."""
        if self.holder is not None:
            return "waiting_for_lock"
        if self.connections:
            return "transferring"  # A retry of one connection is not shown while others deliver bytes.
        if self.retry is not None:
            return "retrying"
        return "transferring" if self.done == self.total else "connecting"


class Reporter:
    """Calls the progress callback at each change of state and every `TICK` seconds.

    Attributes:
        file: Name of the file or folder at the destination, once it is known.
    """

    def __init__(self, callback: ProgressCallback | None, clock: Clock) -> None:
        """Report to a callback; None for no reports."""
        self._callback, self._clock = callback, clock
        self._meter = RateMeter()
        self._began = clock.now()
        self.file: str | None = None
        self._shown: tuple[State, int | None] | None = None
        self._reported = -math.inf

    def report(self, now: Standing, *, last: bool = False) -> None:
        """Call the callback if a report is due; `last` forces it."""
        if self._callback is None:
            return
        time, state = self._clock.now(), now.state
        if state == "transferring" and not now.connections and not last:
            return  # All bytes have arrived, and the file does not have its final name yet.
        if self._shown is None and now == Standing() and abs(time - self._began) < QUIET:
            return
        shown = state, None if now.retry is None else now.retry.number
        if shown == self._shown and abs(time - self._reported) < TICK and not last:
            return
        self._shown, self._reported = shown, time
        self._callback(self._progress(now, state, time))

    def _progress(self, now: Standing, state: State, time: float) -> DownloadProgress:
        # Bytes of earlier runs do not count for the rate.
        rate = self._meter.rate(time, now.done - now.resumed)
        retry = now.retry if state == "retrying" else None
        return DownloadProgress(
            done=now.done,
            total=now.total,
            resumed=now.resumed,
            rate=rate,
            seconds_left=(now.total - now.done) / rate if now.total is not None and rate > 0 else None,
            connections=now.connections,
            resumable=now.resumable,
            state=state,
            reason=now.holder if retry is None else retry.reason,
            retry=None if retry is None else retry.number,
            retries=None if retry is None else retry.most,
            retry_in=None if retry is None else retry.seconds,
            silent=self._meter.silent(time) if now.connections and state == "transferring" else 0.0,
            file=self.file,
        )


class RateMeter:
    """The rate over a sliding window of `WINDOW` seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        self._moved = -math.inf

    def rate(self, now: float, done: int) -> float:
        """Record that `done` bytes have arrived at the time `now`; returns the rate in bytes per second."""
        if not self._samples or done != self._samples[-1][1]:
            self._moved = now
        if self._samples and done < self._samples[-1][1]:
            self._samples.clear()  # The transfer restarted.
        self._samples.append((now, done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= WINDOW:  # noqa: PLR2004 -- a rate needs two
            self._samples.popleft()
        then, before = self._samples[0]
        return (done - before) / (now - then) if now > then else 0.0

    def silent(self, now: float) -> float:
        """Seconds since the last byte arrived."""
        return max(now - self._moved, 0.0) if self._samples else 0.0
