"""Waiting for a job, and following its events: when to ask again, what ends it, which trouble is sat out."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from together_generated import models

from .checkpoints import FAILED, parse_job_id
from .errors import (
    ApiConnectionError,
    ApiError,
    ApiResponseError,
    InternalServerError,
    JobFailedError,
    RateLimitError,
    RuleError,
    WaitTimeoutError,
)
from .flow import Flow, pause
from .operations import date, list_events, retrieve, text

POLL_INTERVAL: Final = 30.0
"""Seconds between two questions at the most, unless the caller says otherwise."""

SOONEST: Final = 1.0
"""Seconds between two questions at the least, whatever the server expects."""

GROWTH: Final = 1.5
"""By how much each pause is longer than the one before."""

PATIENCE: Final = 600.0
"""Seconds of nothing but trouble that are sat out. Each question is repeated by itself, before it counts as trouble."""

_MAY_PASS: Final = (ApiConnectionError, ApiResponseError, InternalServerError, RateLimitError)

_ENDED: Final = FAILED | {"completed"}


class Polls:
    """When to ask again.

    Args:
        interval: Seconds between two questions at the most.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._next = min(SOONEST, interval)
        self._trouble_since: float | None = None

    def pause(self, job: models.FinetuneResponse | None) -> float:
        """Seconds until the next question: slowly more, or when the server expects the job to change.

        Args:
            job: The job as it was told last; None if nothing was told.
        """
        seconds, self._next = self._next, min(self._next * GROWTH, self._interval)
        expected = None if job is None else seconds_left(job)
        # What the server expects is a guess, and may be a bad one, so that it never holds up for long.
        return seconds if expected is None else min(self._interval, max(SOONEST, expected))

    def sits_out(self, error: ApiError, now: float) -> bool:
        """Whether to ask again after a failure.

        Args:
            error: The failure.
            now: The time in seconds.
        """
        if not isinstance(error, _MAY_PASS):
            return False
        if self._trouble_since is None:
            self._trouble_since = now
        return now - self._trouble_since < PATIENCE

    def answered(self) -> None:
        """Note that there was an answer."""
        self._trouble_since = None


def seconds_left(job: models.FinetuneResponse) -> float | None:
    """Seconds to the job's next state, as the server expects it; None if it does not, or says nothing of use."""
    progress = job.progress
    if not isinstance(progress, models.FineTuneProgress) or progress.estimate_available is not True:
        return None
    seconds = progress.seconds_remaining
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool) and math.isfinite(seconds)
    return float(seconds) if usable and isinstance(seconds, int | float) and seconds > 0 else None


def status_of(job: models.FinetuneResponse) -> str:
    """Where the job stands, in lower case; empty if the server does not say."""
    return (text(job.status) or "").lower()


def check_seconds(name: str, value: float | None, *, least: float) -> None:
    """Refuse what is no time.

    Raises:
        RuleError: It is no number, or less than the least.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < math.inf:
        raise RuleError(f"{name} is {value!r}: expected seconds, {least:g} or more")


def wait(
    job_id: str,
    timeout: float | None,
    poll_interval: float,
    on_update: Callable[[models.FinetuneResponse], object] | None,
) -> Flow[models.FinetuneResponse]:
    """The job, once it is completed.

    Raises:
        JobFailedError: It has ended otherwise.
        WaitTimeoutError: It has not ended in time.
    """
    job_id = parse_job_id(job_id)
    check_seconds("timeout", timeout, least=0)
    check_seconds("poll_interval", poll_interval, least=SOONEST)
    polls, job, told = Polls(poll_interval), None, None
    now = yield from pause(0)
    deadline = math.inf if timeout is None else now + timeout
    while True:
        try:
            job = yield from retrieve(job_id)
        except ApiError as error:
            now = yield from pause(0)
            # Without a job there is nothing else to tell when the time is over.
            if not polls.sits_out(error, now) or (job is None and now >= deadline):
                raise
        else:
            polls.answered()
            status = status_of(job)
            if on_update is not None and (seen := (status, job.updated_at)) != told:
                told = seen
                on_update(job)
            if status == "completed":
                return job
            if status in FAILED:
                event = yield from _last_error(job, job_id)
                reason = (text(event.message) if event is not None else None) or ""
                raise JobFailedError(job_id, status, reason, job=job, event=event)
        if now >= deadline and job is not None:
            raise WaitTimeoutError(job_id, status_of(job) or "in an unknown state", timeout or 0, job=job)
        now = yield from pause(min(polls.pause(job), max(deadline - now, 0)))


def _last_error(job: models.FinetuneResponse, job_id: str) -> Flow[models.FineTuneEvent | None]:
    """What the server says of a failure; if that cannot be had, the status has to do."""
    found = _errors(job.events if isinstance(job.events, list) else [])
    if not found:
        try:
            listed = yield from list_events(job_id)
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
    """Which events are new: each is told once, however often and in whatever order the server lists it."""

    def __init__(self) -> None:
        self._told: Counter[str] = Counter()

    def new(self, events: Iterable[models.FineTuneEvent]) -> list[models.FineTuneEvent]:
        """The events that were not told yet, the oldest first; two that are the same in everything are two."""
        found, listed = [], Counter[str]()
        for event in sorted(events, key=_when):
            name = json.dumps(event.to_dict(), sort_keys=True, default=repr)
            listed[name] += 1
            if listed[name] > self._told[name]:
                self._told[name] += 1
                found.append(event)
        return found


def _when(event: models.FineTuneEvent) -> datetime:
    return date(event.created_at) or datetime.max.replace(tzinfo=UTC)


class Followed:
    """A job whose events are followed.

    Args:
        job_id: The job.
        poll_interval: Seconds between two questions at the most.

    Raises:
        RuleError: One of them cannot be right.
    """

    def __init__(self, job_id: str, poll_interval: float) -> None:
        self._job_id = parse_job_id(job_id)
        check_seconds("poll_interval", poll_interval, least=SOONEST)
        self._log, self._polls = EventLog(), Polls(poll_interval)
        self._wait = 0.0
        self._over = False

    def batch(self) -> Flow[list[models.FineTuneEvent] | None]:
        """The next new events, once there are any; None when the job has ended and all are told."""
        while not self._over:
            now = yield from pause(self._wait)
            job = None
            try:
                # In this order: what happens after the first question is in the answer to the second.
                job = yield from retrieve(self._job_id)
                events = self._log.new((yield from list_events(self._job_id)).data)
            except ApiError as error:
                if not self._polls.sits_out(error, now):
                    raise
                events = []
            else:
                self._polls.answered()
                self._over = status_of(job) in _ENDED
            self._wait = self._polls.pause(job)
            if events:
                return events
        return None
