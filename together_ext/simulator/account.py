"""The jobs of the simulator's only account. Thread-safe."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from . import base_models
from .catalog import catalog
from .jobs import Job, identifier

_TOTAL_STEPS = 1000
_MOST_CHECKPOINTS = 100


class Account:
    """Jobs by ID, the pace of their states, and the base models.

    Args:
        clock: Returns the time of events.
        timer: Returns seconds, from which the next state is determined.
        pace: Seconds that a job spends in each state; None moves jobs only by `advance`.
        old_server: Whether every job has the fields of an older server.
        seed: Changes the IDs of the jobs that are created.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        timer: Callable[[], float],
        pace: float | None,
        *,
        old_server: bool = False,
        seed: str = "",
    ) -> None:
        self._clock, self._timer, self._pace = clock, timer, pace
        self._old_server, self._seed = old_server, seed
        self._lock = threading.RLock()
        self.limits: dict[str, dict[str, Any]] = {}
        self.without_limits: set[str] = set()
        self.price: dict[str, object] | None = None
        self._jobs: dict[str, Job] = {}
        self._moved: dict[str, float] = {}
        self.reset()

    def reset(self) -> None:
        """Restore the jobs and base models of the start."""
        with self._lock:
            self.limits.clear()
            self.limits |= base_models.limits()
            self.without_limits.clear()
            self.price = None
            self.restore(catalog(old_server=self._old_server))

    def restore(self, jobs: Iterable[Job]) -> None:
        """Replace all jobs."""
        with self._lock:
            self._jobs.clear()
            self._moved.clear()
            for job in jobs:
                self.add(job)

    def base_models(self) -> list[str]:
        """The names of the base models that can be trained and served."""
        return [*self.limits, *sorted(self.without_limits - self.limits.keys())]

    def tuned_models(self) -> set[str]:
        """The names of the models that completed jobs have made."""
        return {job.model_output_name for job in self.all() if job.status == "completed"}

    def add(self, job: Job) -> Job:
        """Add a job; returns it."""
        with self._lock:
            self._jobs[job.id] = job
            self._moved[job.id] = self._timer()
        return job

    def all(self) -> list[Job]:
        """Every job, in the order in which they were added."""
        with self._lock:
            for job in self._jobs.values():
                self._settle(job)
            return list(self._jobs.values())

    def get(self, job_id: str) -> Job | None:
        """The job with this ID in its current state; None if there is none."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None:
                self._settle(job)
            return job

    def create(self, settings: Mapping[str, object]) -> Job:
        """Create a job, which is pending."""
        with self._lock:
            job_id = self._new_id()
            model, suffix = str(settings["model"]).rpartition("/")[2], str(settings.get("suffix") or "")
            name = "-".join(filter(None, [f"acme-research/{model}", suffix, job_id[3:11]]))
            steps = planned_steps(settings.get("n_checkpoints"))
            return self.add(Job(job_id, settings, steps, self._clock(), name, old_server=self._old_server))

    def _new_id(self) -> str:
        candidates = (identifier(f"{self._seed}created {number}") for number in itertools.count(1))
        return next(candidate for candidate in candidates if candidate not in self._jobs)

    def advance(self, job_id: str) -> str:
        """Move a job to its next state; returns that state."""
        with self._lock:
            self._moved[job_id] = self._timer()
            return self._jobs[job_id].advance(self._clock())

    def cancel(self, job: Job) -> None:
        """Request that a job stops."""
        with self._lock:
            self._moved[job.id] = self._timer()
            job.cancel(self._clock())

    def fail(self, job_id: str, message: str, status: str) -> None:
        """Make a job fail."""
        with self._lock:
            self._jobs[job_id].fail(self._clock(), message, status)

    def delete(self, job_id: str) -> None:
        """Delete a job."""
        with self._lock:
            del self._jobs[job_id], self._moved[job_id]

    def _settle(self, job: Job) -> None:
        """Apply the states that have become due since the last change; no thread is needed for that."""
        while self._pace is not None and not job.ended and self._timer() - self._moved[job.id] >= self._pace:
            self._moved[job.id] += self._pace
            job.advance(self._clock())
        if self._pace and not job.ended:
            spent = self._timer() - self._moved[job.id]
            job.seconds_left = self._pace - spent
            if job.status == "running":
                job.train(spent / self._pace, self._clock())


def planned_steps(checkpoints: object) -> tuple[int, ...]:
    """The steps at which a job saves this number of checkpoints, evenly spaced; once, if the number is invalid."""
    usable = isinstance(checkpoints, int) and 1 <= checkpoints <= _MOST_CHECKPOINTS
    count = int(str(checkpoints)) if usable else 1
    return tuple(_TOTAL_STEPS * number // count for number in range(1, count + 1))
