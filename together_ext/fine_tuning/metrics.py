"""The metrics of a job, and the best checkpoint by them; pure.

Servers have two vocabularies: `train/loss` and `train/global_step`, or `train_loss` and `global_step`. Here a slash is
an underscore, and the step is always `global_step`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeGuard

from together_ext.api.responses import date
from together_ext.checkpoints import Checkpoint, is_step
from together_ext.errors import NoBestCheckpointError, RuleError
from together_ext.text import printable

Mode = Literal["min", "max"]
"""Which values of a metric are best: the lowest or the highest."""

EVAL_LOSS: Final = "eval_loss"
STEP: Final = "global_step"
TIME: Final = "logged_at"

_LATEST: Final = 1 << 33
"""Maximum of a time in seconds since 1970, in the year 2242: a larger number has another unit."""

_STEPS: Final = ("global_step", "train_global_step", "eval_global_step", "step")
"""Names of the step; the first one that exists is used."""

# Parts of the names of metrics of which lower, or higher, values are better.
_LOWER: Final = ("loss", "perplexity", "error", "rejected")
_HIGHER: Final = ("accurac", "reward", "win_rate", "f1", "bleu", "rouge", "margin")


@dataclass(frozen=True)
class Point:
    """The values that were recorded at a training step.

    Attributes:
        step: The training step.
        values: The values by the names of the metrics.
        at: When they were recorded; None if unknown.
    """

    step: int
    values: Mapping[str, float]
    at: datetime | None = None


@dataclass(frozen=True)
class BestCheckpoint:
    """The best checkpoint by a metric.

    Attributes:
        checkpoint: The checkpoint; pass its `name` to `download`.
        metric: The metric.
        value: The value of the metric; None if the server did not send it.
        step: The training step at which the value was recorded.
        reason: Why it is the best one, in a sentence.
    """

    checkpoint: Checkpoint
    metric: str
    value: float | None
    step: int
    reason: str


def metric_name(name: str) -> str:
    """Normalize the name of a metric: `eval/loss` becomes `eval_loss`."""
    return name.strip().replace("/", "_").lower()


def step_of(recorded: Mapping[str, Any]) -> int | None:
    """The training step of recorded values; None if it is missing."""
    values = {metric_name(name): value for name, value in recorded.items()}
    for name in _STEPS:
        value = values.get(name)
        if _is_number(value) and is_step(whole := int(value)) and whole == value:
            return whole
    return None


def time_of(recorded: Mapping[str, Any]) -> datetime | None:
    """The time of recorded values, sent as text or in seconds since 1970; None if it is missing."""
    value = next((value for name, value in recorded.items() if metric_name(name) == TIME), None)
    if _is_number(value):
        return datetime.fromtimestamp(value, UTC) if 0 <= value < _LATEST else None
    return date(value)


def points(recorded: Iterable[Mapping[str, Any]]) -> list[Point]:
    """Group finite numbers by step; items without a step are left out.

    A step may be recorded several times, for example for training and evaluation, or after the training was resumed:
    the last value of each metric is used.
    """
    values: dict[int, dict[str, float]] = {}
    times: dict[int, datetime | None] = {}
    for item in recorded:
        step = step_of(item)
        if step is not None:
            values.setdefault(step, {}).update(_numbers(item))
            times[step] = time_of(item) or times.get(step)
    return [Point(step, values[step], times[step]) for step in sorted(values)]


def _numbers(item: Mapping[str, Any]) -> Iterable[tuple[str, float]]:
    for name, value in item.items():
        plain = metric_name(name)
        if _is_number(value) and plain not in _STEPS and plain != TIME:
            with suppress(OverflowError):
                yield plain, float(value)


def _is_number(value: object) -> TypeGuard[float]:
    # A comparison, since an integer of any size is finite, and too large for isfinite.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def names(recorded: Iterable[Point]) -> list[str]:
    """The names of the recorded metrics, in the order of their first appearance."""
    return list(dict.fromkeys(name for point in recorded for name in point.values))


def within(
    recorded: Mapping[str, Any], steps: tuple[float, float], since: datetime | None, until: datetime | None
) -> bool:
    """Whether recorded values are between two steps and two times; a missing step or time is accepted.

    Args:
        recorded: Names and values.
        steps: The first and the last step.
        since: The earliest time; None for any.
        until: The latest time; None for any.
    """
    step = step_of(recorded)
    if step is not None and not steps[0] <= step <= steps[1]:
        return False
    if since is None and until is None:
        return True
    at = time_of(recorded)
    return at is None or ((since is None or since <= at) and (until is None or at <= until))


# The best -------------------------------------------------------------------------------------------------------------


def is_better_lower(metric: str, mode: str | None) -> bool:
    """Whether lower values of a metric are better.

    Args:
        metric: The name of the metric.
        mode: `min` or `max`, where the name does not determine it.

    Raises:
        RuleError: It cannot be determined, or the mode is invalid.
    """
    if mode is not None:
        if mode not in ("min", "max"):
            raise RuleError(f"invalid mode {mode!r}: choose min or max")
        return mode == "min"
    plain = metric_name(metric)
    if any(word in plain for word in _LOWER):
        return True
    if any(word in plain for word in _HIGHER):
        return False
    raise RuleError(
        f"cannot determine whether a lower or a higher {printable(metric, 80)!r} is better: pass mode='min' or 'max'"
    )


def best(
    checkpoints: Sequence[Checkpoint], recorded: Sequence[Point], metric: str, mode: str | None
) -> BestCheckpoint | None:
    """The checkpoint with the best value of a metric; None if no checkpoint has a value.

    The value of a checkpoint is the one at its step, or else the last one since the previous checkpoint: evaluations
    may be at other steps than checkpoints. Of two checkpoints with the same value, the earlier one is returned.

    Args:
        checkpoints: The job's checkpoints.
        recorded: The recorded values, one point for each step, in order.
        metric: The name of the metric, with a slash or an underscore.
        mode: `min` or `max`, where the name does not determine it.

    Raises:
        RuleError: The name does not determine whether lower or higher is better.
    """
    lower, plain = is_better_lower(metric, mode), metric_name(metric)
    evaluated = [point for point in recorded if plain in point.values]
    steps = [point.step for point in evaluated]
    judged: list[tuple[float, Checkpoint, int, float]] = []
    before = -1
    for checkpoint in one_for_each_step(checkpoints):
        last = bisect_right(steps, checkpoint.step) - 1
        if last >= 0 and steps[last] > before:
            value = evaluated[last].values[plain]
            judged.append((value if lower else -value, checkpoint, steps[last], value))
        before = checkpoint.step
    if not judged:
        return None
    _, checkpoint, step, value = min(judged, key=lambda found: found[0])
    at = "" if step == checkpoint.step else f", recorded at step {step}"
    which = "lowest" if lower else "highest"
    among = f"of the {len(judged)} evaluated checkpoints" if len(judged) > 1 else "the only evaluated one"
    reason = f"{checkpoint.name} has the {which} {plain}, {value:.6g}{at}, {among}"
    return BestCheckpoint(checkpoint, plain, value, step, reason)


def one_for_each_step(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """One checkpoint for each step, in order; of two at one step the final one, which is kept when others are deleted.

    A checkpoint without a label has the name of the final one. If there are later checkpoints, it is named by its step,
    so that its name downloads the weights that were evaluated.
    """
    by_step: dict[int, Checkpoint] = {}
    for found in checkpoints:
        if found.step not in by_step or _is_final(found):
            by_step[found.step] = found
    ordered = [by_step[step] for step in sorted(by_step)]
    return [
        replace(found, name=f"{found.name}:{found.step}") if _is_final(found) and not found.type else found
        for found in ordered[:-1]
    ] + ordered[-1:]


def _is_final(checkpoint: Checkpoint) -> bool:
    return ":" not in checkpoint.name


def chosen_by_server(checkpoints: Iterable[Checkpoint], step: object, value: object) -> BestCheckpoint | None:
    """The checkpoint that early stopping chose; None if it has chosen none, or one that is not listed.

    Args:
        checkpoints: The job's checkpoints.
        step: The step that the server names.
        value: The evaluation loss there. Without one, the step is only where the training ended.
    """
    if not _is_number(value):
        return None
    for checkpoint in one_for_each_step(checkpoints):
        if checkpoint.step == step:
            reason = f"{checkpoint.name} is what the server's early stopping chose, with an eval_loss of {value:.6g}"
            return BestCheckpoint(checkpoint, EVAL_LOSS, float(value), checkpoint.step, reason)
    return None


def nothing_to_judge_by(
    job_id: str, metric: str, checkpoints: Sequence[Checkpoint], recorded: Sequence[Point]
) -> NoBestCheckpointError:
    """The error that explains why there is no best checkpoint."""
    if not checkpoints:
        return NoBestCheckpointError(job_id, metric, "it has no checkpoints yet")
    plain, there = metric_name(metric), names(recorded)
    shown = ", ".join(printable(name, 60) for name in there[:10])
    reason = f"it has recorded {shown}" if shown else "it has recorded no metrics"
    if plain in there:
        first = next(point.step for point in recorded if plain in point.values)
        reason = f"it was first recorded at step {first}, after all checkpoints"
    elif plain == EVAL_LOSS:
        reason += "; a job needs a validation file and n_evals to be evaluated"
    another = ", or choose another metric" if there else ""
    return NoBestCheckpointError(job_id, metric, f"{reason}; name a step ({job_id}:<step>){another}")
