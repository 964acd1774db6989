"""A job's metrics, and its best checkpoint: the requests."""

from __future__ import annotations

import math
from datetime import datetime

from together_generated import models
from together_generated.types import UNSET

from . import metrics
from .checkpoints import Checkpoint, is_step, parse_job_id
from .errors import RuleError
from .flow import Call, Flow, ask
from .lists import MetricList
from .metrics import BestCheckpoint
from .operations import date, items, list_checkpoints, list_events, retrieve


def list_metrics(
    job_id: str,
    *,
    global_step_from: int | None = None,
    global_step_to: int | None = None,
    logged_at_from: datetime | str | None = None,
    logged_at_to: datetime | str | None = None,
) -> Flow[MetricList]:
    """What a job has recorded."""
    from together_generated.api.fine_tuning import list_fine_tune_metrics as endpoint

    job_id = parse_job_id(job_id)
    first, last = _step("global_step_from", global_step_from), _step("global_step_to", global_step_to)
    since, until = _time("logged_at_from", logged_at_from), _time("logged_at_to", logged_at_to)
    if first is not None and last is not None and first > last:
        raise RuleError(f"global_step_from is {first} and global_step_to {last}: expected the first one to be less")
    if since is not None and until is not None and since > until:
        raise RuleError(f"logged_at_from is {since} and logged_at_to {until}: expected the first one to be earlier")
    wanted = {
        "global_step_from": first,
        "global_step_to": last,
        "logged_at_from": since and since.isoformat(),
        "logged_at_to": until and until.isoformat(),
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    body = models.FinetuneMetricsFilter.from_dict(given) if given else UNSET
    call = Call(f"list the metrics of {job_id}", endpoint.sync, endpoint.asyncio, {"id": job_id, "body": body})
    answer = yield from ask(call)
    # Not every server, and not every proxy, passes on the body of a GET.
    steps = (0 if first is None else first, math.inf if last is None else last)
    found = [
        item
        for item in items(answer.metrics, models.FinetuneMetrics)
        if metrics.within(item.additional_properties, steps, since, until)
    ]
    listed = MetricList(sorted(found, key=lambda item: metrics.step_of(item.additional_properties) or 0))
    listed.additional_properties = answer.additional_properties
    return listed


def best_checkpoint(job_id: str, metric: str = metrics.EVAL_LOSS, mode: str | None = None) -> Flow[BestCheckpoint]:
    """The checkpoint to take."""
    job_id = parse_job_id(job_id)
    if not isinstance(metric, str) or not metric.strip():
        raise RuleError(f"the metric is {metric!r}: expected a name such as eval_loss")
    metrics.is_better_lower(metric, mode)
    checkpoints = yield from list_checkpoints(job_id)
    recorded = points_of((yield from list_metrics(job_id)))
    found = metrics.best(checkpoints, recorded, metric, mode)
    if found is None and metrics.metric_name(metric) == metrics.EVAL_LOSS and checkpoints:
        found = yield from _chosen_by_server(job_id, checkpoints)
    if found is None:
        raise metrics.nothing_to_judge_by(job_id, metric, checkpoints, recorded)
    return found


def points_of(listed: MetricList) -> list[metrics.Point]:
    """The numbers of a list of metrics, by step."""
    return metrics.points(item.additional_properties for item in listed.metrics)


def _chosen_by_server(job_id: str, checkpoints: list[Checkpoint]) -> Flow[BestCheckpoint | None]:
    """What early stopping chose: as the job says, or else as its events do."""
    job = yield from retrieve(job_id)
    found = metrics.chosen_by_server(checkpoints, job.early_stopping_best_step, job.early_stopping_best_metric)
    if found is None:
        for event in reversed((yield from list_events(job_id)).data):
            found = found or metrics.chosen_by_server(
                checkpoints, event.early_stopping_best_step, event.early_stopping_best_metric_value
            )
    return found


def _step(name: str, value: int | None) -> int | None:
    if value is not None and not is_step(value):
        raise RuleError(f"{name} is {value!r}: expected a training step, a whole number from 0")
    return value


def _time(name: str, value: datetime | str | None) -> datetime | None:
    found = date(value)
    if value is not None and found is None:
        raise RuleError(f"{name} is {value!r}: expected a datetime, or text such as 2026-01-31T12:00:00Z")
    return found
