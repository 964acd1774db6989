"""The metrics of a job: falling losses, and an evaluation loss that rises again before the end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from .jobs import Job

_RECORDS = 20
"""Number of records of a complete training."""

_LENGTH = timedelta(minutes=30)


def chosen(job: Job, wanted: Mapping[str, object]) -> list[object]:
    """The requested metrics of a job up to now, with the names that its server uses.

    Args:
        job: The job.
        wanted: `global_step_from`, `global_step_to`, `logged_at_from`, `logged_at_to`; and `resolution`, the
            maximum number of training records; evaluations are never omitted.

    Raises:
        ValueError: A filter is invalid.
    """
    steps = (_whole(wanted, "global_step_from"), _whole(wanted, "global_step_to"))
    times = (_time(wanted, "logged_at_from"), _time(wanted, "logged_at_to"))
    resolution = _whole(wanted, "resolution")
    found = [item for item in _recorded(job) if _between(steps, _step_of(item))]
    if times != (None, None):
        found = [item for item in found if _between(times, _logged_at(job, item))]
    return found if resolution is None else _thinned(found, resolution)


def _recorded(job: Job) -> Sequence[object]:
    if job.metrics is not None:
        return job.metrics
    return [_named(job, step, values) for step, values in sorted(_values(job).items())]


def _whole(wanted: Mapping[str, object], name: str) -> int | None:
    value = wanted.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{name} has to be an integer")


def _time(wanted: Mapping[str, object], name: str) -> float | None:
    value = wanted.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{name} has to be a date as in ISO 8601") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _between(bounds: tuple[float | None, float | None], value: float | None) -> bool:
    first, last = bounds
    return value is None or ((first is None or first <= value) and (last is None or value <= last))


def _step_of(item: object) -> int | None:
    """The training step of a record; None if it has none, since a test may list any value as a record."""
    step = item.get("global_step", item.get("train/global_step")) if isinstance(item, dict) else None
    return step if isinstance(step, int) else None


def _logged_at(job: Job, item: object) -> float | None:
    """The time of a record, in seconds since 1970; if it has none, the time of its step."""
    said, step = item.get("logged_at") if isinstance(item, dict) else None, _step_of(item)
    if isinstance(said, int | float):
        return said
    return None if step is None else _at(job, step).timestamp()


def _thinned(items: Sequence[object], resolution: int) -> list[object]:
    trained = [
        at for at, item in enumerate(items) if not (isinstance(item, dict) and any("eval" in name for name in item))
    ]
    count = min(resolution, len(trained))
    left_out = set(trained) - {trained[len(trained) * number // count] for number in range(count)}
    return [item for at, item in enumerate(items) if at not in left_out]


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
        # The model is overfitted towards the end.
        loss = 0.62 + 1.1 * math.exp(-4 * share) + 1.5 * max(0.0, share - 0.7) ** 2
        found.setdefault(step, {})["eval/loss"] = round(loss, 5)
    return {step: values for step, values in found.items() if step <= job.trained}


def _evenly(count: int, last: int) -> Iterator[int]:
    return (round(last * number / count) for number in range(1, count + 1))


def _named(job: Job, step: int, values: dict[str, float]) -> dict[str, object]:
    if job.old_server:
        plain = {name.replace("/", "_"): value for name, value in values.items()}
        # The official client 3.1 reads the step under its newer name alone.
        return {**plain, "global_step": step, "train/global_step": step, "logged_at": _at(job, step).timestamp()}
    return {**values, "train/global_step": step}


def _at(job: Job, step: int) -> datetime:
    return (job.started_at or job.created_at) + _LENGTH * (step / job.steps[-1])
