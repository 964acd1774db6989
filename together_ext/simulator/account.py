"""The jobs of the one account that the simulator has, for use from several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from together_ext.simulator import base_models
from together_ext.simulator.catalog import catalog
from together_ext.simulator.jobs import Job, identifier

_TOTAL_STEPS = 1000
_MOST_CHECKPOINTS = 100


class Account:
    """Jobs by ID, the pace at which they live, and the base models.

    ``pace`` is how many seconds a job spends in each state; with None it only moves when told to. ``clock`` tells the
    time of day for what happens, ``timer`` (seconds) when it is due.
    """

    def __init__(
        self, clock: Callable[[], datetime], timer: Callable[[], float], pace: float | None, *, old_server: bool = False
    ) -> None:
        self._clock, self._timer, self._pace = clock, timer, pace
        self._old_server = old_server
        self._lock = threading.RLock()
        self.limits = base_models.limits()
        self.price: dict[str, object] | None = None
        self._created = 0
        self._jobs: dict[str, Job] = {}
        self._moved: dict[str, float] = {}
        for job in catalog(old_server=old_server):
            self.add(job)

    def add(self, job: Job) -> Job:
        """Take a job in."""
        with self._lock:
            self._jobs[job.id] = job
            self._moved[job.id] = self._timer()
        return job

    def all(self) -> list[Job]:
        """Every job, in the order of their coming."""
        with self._lock:
            for job in self._jobs.values():
                self._settle(job)
            return list(self._jobs.values())

    def get(self, job_id: str) -> Job | None:
        """The job of that ID, brought up to date."""
        with self._lock:
            job = self._jobs.get(job_id)
            if job is not None:
                self._settle(job)
            return job

    def create(self, settings: Mapping[str, object]) -> Job:
        """A new job, pending."""
        with self._lock:
            self._created += 1
            job_id = identifier(f"created {self._created}")
            model, suffix = str(settings["model"]).rpartition("/")[2], str(settings.get("suffix") or "")
            name = "-".join(filter(None, [f"acme-research/{model}", suffix, job_id[3:11]]))
            steps = planned_steps(settings.get("n_checkpoints"))
            return self.add(Job(job_id, settings, steps, self._clock(), name, old_server=self._old_server))

    def advance(self, job_id: str) -> str:
        """Move a job on by one state; returns the new one."""
        with self._lock:
            self._moved[job_id] = self._timer()
            return self._jobs[job_id].advance(self._clock())

    def cancel(self, job: Job) -> None:
        """Ask a job to stop."""
        with self._lock:
            self._moved[job.id] = self._timer()
            job.cancel(self._clock())

    def fail(self, job_id: str, message: str, status: str) -> None:
        """Let a job end badly."""
        with self._lock:
            self._jobs[job_id].fail(self._clock(), message, status)

    def delete(self, job_id: str) -> None:
        """Forget a job."""
        with self._lock:
            del self._jobs[job_id], self._moved[job_id]

    def _settle(self, job: Job) -> None:
        """Let happen what has become due since the job last moved; no thread is needed for that."""
        while self._pace is not None and not job.ended and self._timer() - self._moved[job.id] >= self._pace:
            self._moved[job.id] += self._pace
            job.advance(self._clock())
        if self._pace and not job.ended:
            spent = self._timer() - self._moved[job.id]
            job.seconds_left = self._pace - spent
            if job.status == "running":
                job.train(spent / self._pace, self._clock())


def planned_steps(checkpoints: object) -> tuple[int, ...]:
    """When a job saves that wants so many ``checkpoints``, evenly; without a usable number, two."""
    usable = isinstance(checkpoints, int) and 1 <= checkpoints <= _MOST_CHECKPOINTS
    count = int(str(checkpoints)) if usable else 2
    return tuple(_TOTAL_STEPS * number // count for number in range(1, count + 1))
