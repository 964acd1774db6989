"""What a job has recorded while it trained, and which checkpoint is the best by it. Values in, values out.

Servers have two vocabularies: `train/loss` and `train/global_step`, or `train_loss` and `global_step`. Here a slash is
an underscore, and the step is `global_step` whoever counts it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from .checkpoints import Checkpoint, is_step
from .errors import NoBestCheckpointError, RuleError, printable
from .operations import date

EVAL_LOSS: Final = "eval_loss"
STEP: Final = "global_step"
TIME: Final = "logged_at"

_LATEST: Final = 1 << 33
"""Seconds since 1970, in the year 2242: whatever is beyond that counts something else."""

_STEPS: Final = ("global_step", "train_global_step", "eval_global_step", "step")
"""Names of the step; of several the first counts."""

# What is better when there is less of it, and when there is more.
_LOWER: Final = ("loss", "perplexity", "error", "rejected")
_HIGHER: Final = ("accurac", "reward", "win_rate", "f1", "bleu", "rouge", "margin")


@dataclass(frozen=True)
class Point:
    """What was recorded at a training step, at once or one after the other.

    Attributes:
        step: The training step.
        values: The numbers by the names of the metrics.
        at: When it was recorded; None if the server does not say.
    """

    step: int
    values: Mapping[str, float]
    at: datetime | None = None


@dataclass(frozen=True)
class BestCheckpoint:
    """The checkpoint to take.

    Attributes:
        checkpoint: Which; its `name` is what `download` takes.
        metric: By what it was judged.
        value: What that was; None if only the server knows.
        step: The training step that was judged.
        reason: Why this one, in a sentence.
    """

    checkpoint: Checkpoint
    metric: str
    value: float | None
    step: int
    reason: str


def metric_name(name: str) -> str:
    """A metric's name in the one vocabulary: `eval/loss` is `eval_loss`."""
    return name.strip().replace("/", "_").lower()


def step_of(recorded: Mapping[str, Any]) -> int | None:
    """The training step of what was recorded; None if it does not say one."""
    said = {metric_name(name): value for name, value in recorded.items()}
    for name in _STEPS:
        value = said.get(name)
        if _is_number(value) and is_step(whole := int(value)) and whole == value:
            return whole
    return None


def time_of(recorded: Mapping[str, Any]) -> datetime | None:
    """When it was recorded: the server says it as text, or in seconds since 1970; None if it does not."""
    value = next((value for name, value in recorded.items() if metric_name(name) == TIME), None)
    if _is_number(value):
        return datetime.fromtimestamp(value, UTC) if 0 <= value < _LATEST else None
    return date(value)


def points(recorded: Iterable[Mapping[str, Any]]) -> list[Point]:
    """What can be drawn and compared: finite numbers, one point for each step; what has no step is left out.

    Training and evaluation may be recorded one after the other at one step, and a step again after the training was
    resumed: the last value counts.
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
    """The metrics that there are, in the order of their coming."""
    return list(dict.fromkeys(name for point in recorded for name in point.values))


def within(
    recorded: Mapping[str, Any], steps: tuple[float, float], since: datetime | None, until: datetime | None
) -> bool:
    """Whether what was recorded lies between two steps and two times; what does not say when is taken for inside.

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
    """Whether less of a metric is better.

    Args:
        metric: Its name.
        mode: `min` or `max`, where the name does not tell.

    Raises:
        RuleError: It cannot be told, or there is no such mode.
    """
    if mode is not None:
        if mode not in ("min", "max"):
            raise RuleError(f"there is no mode {mode!r}: choose min or max, or leave it out")
        return mode == "min"
    plain = metric_name(metric)
    if any(word in plain for word in _LOWER):
        return True
    if any(word in plain for word in _HIGHER):
        return False
    raise RuleError(
        f"it cannot be told whether less or more of {printable(metric, 80)!r} is better: say mode='min' or 'max'"
    )


def best(
    checkpoints: Sequence[Checkpoint], recorded: Sequence[Point], metric: str, mode: str | None
) -> BestCheckpoint | None:
    """The checkpoint with the best value of a metric; None if no checkpoint has a value.

    A checkpoint is judged by what was recorded at its step, or else by the last value since the checkpoint before it:
    evaluations need not fall on the steps at which weights are saved. Of two that are as good, the earlier one.

    Args:
        checkpoints: The job's checkpoints.
        recorded: What it has recorded, one point for each step, in their order.
        metric: The metric's name, in either vocabulary.
        mode: `min` or `max`, where the name does not tell.

    Raises:
        RuleError: It cannot be told what is better.
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
    _, checkpoint, step, value = min(judged, key=lambda one: one[0])
    at = "" if step == checkpoint.step else f", recorded at step {step}"
    which = "lowest" if lower else "highest"
    among = f"of the {len(judged)} checkpoints that were judged" if len(judged) > 1 else "the only one that was judged"
    reason = f"{checkpoint.name} has the {which} {plain}, {value:.6g}{at}, {among}"
    return BestCheckpoint(checkpoint, plain, value, step, reason)


def one_for_each_step(checkpoints: Iterable[Checkpoint]) -> list[Checkpoint]:
    """The checkpoints by step; of two at one step the final one, which stays when the others are cleared away.

    A checkpoint without a label is named like the final one. If there are later ones it is not, and goes by its step:
    its name is to fetch the weights that were judged.
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
    """Why there is no best checkpoint, and what to do."""
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
    another = ", or judge by another metric" if there else ""
    return NoBestCheckpointError(job_id, metric, f"{reason}; name a step ({job_id}:<step>){another}")
