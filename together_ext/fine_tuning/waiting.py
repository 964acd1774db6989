"""Waiting for a job, and following its events: when to poll, what ends a wait, which errors are retried."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from together_ext.api.flow import Flow, pause
from together_ext.api.responses import date, number, text
from together_ext.checkpoints import FAILED, parse_job_id
from together_ext.errors import (
    ApiConnectionError,
    ApiError,
    ApiResponseError,
    InternalServerError,
    JobFailedError,
    Numbers,
    RateLimitError,
    WaitTimeoutError,
)
from together_generated import models

from .operations import list_events, retrieve

POLL_INTERVAL: Final = 30.0
"""Default maximum number of seconds between two polls."""

SOONEST: Final = 1.0
"""Minimum number of seconds between two polls."""

GROWTH: Final = 1.5
"""Factor by which each pause is longer than the previous one."""

PATIENCE: Final = 600.0
"""Maximum number of seconds of consecutive failures, each of which is a call after its own retries."""

_MAY_PASS: Final = (ApiConnectionError, ApiResponseError, InternalServerError, RateLimitError)

_ENDED: Final = FAILED | {"completed"}


class Polls:
    """When to poll.

    Args:
        interval: Maximum number of seconds between two polls.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next = min(SOONEST, interval)
        self._failing_since: float | None = None

    def pause(self, job: models.FinetuneResponse | None) -> float:
        """Seconds until the next poll: growing slowly, or when the server expects the job to change.

        Args:
            job: The last known state of the job; None if there is none.
        """
        seconds, self._next = self._next, min(self._next * GROWTH, self._interval)
        expected = None if job is None else seconds_left(job)
        # The server's expectation is an estimate, so it never delays a poll beyond the interval.
        return seconds if expected is None else min(self._interval, max(SOONEST, expected))

    def tolerates_for(self, error: ApiError, now: float) -> bool:
        """Whether to poll again after a failure.

        Args:
            error: The failure.
            now: The time in seconds.
        """
        if not isinstance(error, _MAY_PASS):
            return False
        if self._failing_since is None:
            self._failing_since = now
        return now - self._failing_since < PATIENCE

    def responded(self) -> None:
        """Record a response."""
        self._failing_since = None


def seconds_left(job: models.FinetuneResponse) -> float | None:
    """Seconds to the job's next state, as the server expects it; None without a valid estimate."""
    progress = job.progress
    if not isinstance(progress, models.FineTuneProgress) or progress.estimate_available is not True:
        return None
    seconds = number(progress.seconds_remaining)
    return seconds if seconds is not None and seconds > 0 else None


def status_of(job: models.FinetuneResponse) -> str:
    """The status in lower case; empty if the server sends none."""
    return (text(job.status) or "").lower()


class Wait:
    """The state of a wait for a job: what to do after each poll; pure.

    Args:
        job_id: The job.
        timeout: Maximum number of seconds to wait; None for no limit.
        poll_interval: Maximum number of seconds between two polls.
        started: The time at the start of the wait, in seconds.
    """

    def __init__(self, job_id: str, timeout: float | None, poll_interval: float, started: float) -> None:
        self._job_id, self._timeout = job_id, timeout
        self._deadline = math.inf if timeout is None else started + timeout
        self._polls = Polls(poll_interval)
        self._job: models.FinetuneResponse | None = None

    def within(self, now: float) -> float | None:
        """Maximum number of seconds for the next poll. One request is made even if no time is left."""
        return None if self._timeout is None else max(self._deadline - now, SOONEST)

    def received(self, job: models.FinetuneResponse) -> bool:
        """Record the job; returns whether its status or its date has changed."""
        self._polls.responded()
        before, self._job = self._job, job
        return before is None or (status_of(before), before.updated_at) != (status_of(job), job.updated_at)

    def tolerates(self, error: ApiError, now: float) -> bool:
        """Whether to poll again after a failure. Without a job, the error is raised when the time limit is exceeded."""
        return self._polls.tolerates_for(error, now) and (self._job is not None or now < self._deadline)

    def pause(self, now: float) -> float:
        """Seconds until the next poll.

        Raises:
            WaitTimeoutError: The time limit is exceeded.
        """
        if now >= self._deadline and self._job is not None:
            status = status_of(self._job) or "in an unknown state"
            raise WaitTimeoutError(self._job_id, status, self._timeout or 0, job=self._job)
        return min(self._polls.pause(self._job), max(self._deadline - now, 0))


def wait(
    job_id: str,
    timeout: float | None,
    poll_interval: float,
    on_update: Callable[[models.FinetuneResponse], object] | None,
) -> Flow[models.FinetuneResponse]:
    """Wait until a job is completed.

    Raises:
        JobFailedError: It has ended with another status.
        WaitTimeoutError: It has not ended in time.
    """
    job_id = parse_job_id(job_id)
    Numbers(0, unit="seconds").check_given("timeout", timeout)
    Numbers(SOONEST, unit="seconds").check("poll_interval", poll_interval)
    now = yield from pause(0)
    state = Wait(job_id, timeout, poll_interval, now)
    while True:
        try:
            job = yield from retrieve(job_id, state.within(now))
        except ApiError as error:
            now = yield from pause(0)
            if not state.tolerates(error, now):
                raise
        else:
            if state.received(job) and on_update is not None:
                on_update(job)
            if status_of(job) in _ENDED:
                return (yield from _ended(job, job_id, state.within(now)))
            # The request has taken its time.
            now = yield from pause(0)
        now = yield from pause(state.pause(now))


def _ended(job: models.FinetuneResponse, job_id: str, within: float | None) -> Flow[models.FinetuneResponse]:
    """Return a job that has ended, if it is completed.

    Raises:
        JobFailedError: It has another status.
    """
    status = status_of(job)
    if status == "completed":
        return job
    event = yield from _last_error(job, job_id, within)
    reason = (text(event.message) if event is not None else None) or ""
    raise JobFailedError(job_id, status, reason, job=job, event=event)


def _last_error(job: models.FinetuneResponse, job_id: str, within: float | None) -> Flow[models.FineTuneEvent | None]:
    """The last event that reports an error; None if there is none, or the events cannot be listed."""
    found = _errors(job.events if isinstance(job.events, list) else [])
    if not found:
        try:
            listed = yield from list_events(job_id, within)
        except ApiError:
            return None
        found = _errors(listed.data)
    return found[-1] if found else None


def _errors(events: Iterable[object]) -> list[models.FineTuneEvent]:
    return [
        event
        for event in events
        if isinstance(event, models.FineTuneEvent)
        and ((text(event.type_) or "").lower() == "job_error" or (text(event.level) or "").lower().endswith("error"))
    ]


# Events ---------------------------------------------------------------------------------------------------------------


class EventLog:
    """The events that were returned; each is returned once, however often and in whatever order it is listed."""

    def __init__(self) -> None:
        self._returned: Counter[str] = Counter()

    def new(self, events: Iterable[models.FineTuneEvent]) -> list[models.FineTuneEvent]:
        """The new events, the oldest first. Two events that are equal in every field are two."""
        found, listed = [], Counter[str]()
        for event in sorted(events, key=_when):
            name = json.dumps(event.to_dict(), sort_keys=True, default=repr)
            listed[name] += 1
            if listed[name] > self._returned[name]:
                self._returned[name] += 1
                found.append(event)
        return found


def _when(event: models.FineTuneEvent) -> datetime:
    return date(event.created_at) or datetime.max.replace(tzinfo=UTC)


class Followed:
    """A job whose events are followed.

    Args:
        job_id: The job.
        poll_interval: Maximum number of seconds between two polls.

    Raises:
        RuleError: One of them is invalid.
    """

    def __init__(self, job_id: str, poll_interval: float) -> None:
        self._job_id = parse_job_id(job_id)
        Numbers(SOONEST, unit="seconds").check("poll_interval", poll_interval)
        self._log, self._polls = EventLog(), Polls(poll_interval)
        self._wait = 0.0
        self._over = False

    def batch(self) -> Flow[list[models.FineTuneEvent] | None]:
        """The next new events, once there are any; None when the job has ended and all were returned."""
        while not self._over:
            now = yield from pause(self._wait)
            job = None
            try:
                # In this order, so that the list includes everything up to the end of the job.
                job = yield from retrieve(self._job_id)
                events = self._log.new((yield from list_events(self._job_id)).data)
            except ApiError as error:
                if not self._polls.tolerates_for(error, now):
                    raise
                events = []
            else:
                self._polls.responded()
                self._over = status_of(job) in _ENDED
            self._wait = self._polls.pause(job)
            if events:
                return events
        return None
