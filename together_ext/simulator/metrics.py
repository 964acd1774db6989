"""What a job records while it trains: losses that fall, and an evaluation loss that rises again before the end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from together_ext.simulator.jobs import Job

_RECORDS = 20
"""Times that a whole training is recorded."""

_LENGTH = timedelta(minutes=30)


def recorded(job: Job) -> list[dict[str, object]]:
    """What the job has recorded so far, in the vocabulary of its server."""
    if job.metrics is not None:
        return job.metrics
    return [_named(job, step, values) for step, values in sorted(_values(job).items())]


def step_of(item: dict[str, object]) -> int:
    """The training step of something recorded; 0 if it does not say."""
    step = item.get("global_step", item.get("train/global_step"))
    return step if isinstance(step, int) else 0


def _values(job: Job) -> dict[int, dict[str, float]]:
    last = job.steps[-1]
    found: dict[int, dict[str, float]] = {}
    for step in _evenly(_RECORDS, last):
        share = step / last
        loss = 0.35 + 1.6 * math.exp(-4 * share) + 0.02 * math.sin(step)
        found[step] = {"train/loss": round(loss, 5), "train/learning_rate": round(1e-5 * (1 - 0.9 * share), 9)}
    evaluations = job.settings.get("n_evals")
    for step in _evenly(evaluations if isinstance(evaluations, int) else 0, last):
        share = step / last
        # It learns its examples by heart towards the end.
        loss = 0.62 + 1.1 * math.exp(-4 * share) + 1.5 * max(0.0, share - 0.7) ** 2
        found.setdefault(step, {})["eval/loss"] = round(loss, 5)
    return {step: values for step, values in found.items() if step <= job.trained}


def _evenly(count: int, last: int) -> Iterator[int]:
    return (round(last * number / count) for number in range(1, count + 1))


def _named(job: Job, step: int, values: dict[str, float]) -> dict[str, object]:
    at = (job.started_at or job.created_at) + _LENGTH * (step / job.steps[-1])
    if job.old_server:
        plain = {name.replace("/", "_"): value for name, value in values.items()}
        return {**plain, "global_step": step, "logged_at": at.timestamp()}
    return {**values, "train/global_step": step}
