"""Requests for the metrics and the best checkpoint of a job."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from together_ext.api.flow import Call, Flow, ask
from together_ext.api.lists import MetricList
from together_ext.api.responses import date, items
from together_ext.checkpoints import STEPS, Checkpoint, parse_job_id
from together_ext.errors import Numbers, RuleError
from together_generated import models
from together_generated.api.fine_tuning import list_fine_tune_metrics as endpoint
from together_generated.types import UNSET, Unset

from . import metrics
from .metrics import BestCheckpoint
from .operations import list_checkpoints, list_events, retrieve


@dataclass(frozen=True)
class Range:
    """Limits of the requested metrics, by step, by time and by number; None for no limit."""

    first: int | None = None
    last: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    resolution: int | None = None

    def query(self) -> dict[str, int | datetime]:
        """The limits as the query of the request: servers read them there or in the body."""
        limits = {
            "global_step_from": self.first,
            "global_step_to": self.last,
            "logged_at_from": self.since,
            "logged_at_to": self.until,
            "resolution": self.resolution,
        }
        return {name: value for name, value in limits.items() if value is not None}

    def body(self) -> models.FinetuneMetricsFilter | Unset:
        """The limits as the body of the request."""
        given = {name: it.isoformat() if isinstance(it, datetime) else it for name, it in self.query().items()}
        return models.FinetuneMetricsFilter.from_dict(given) if given else UNSET

    def has(self, item: models.FinetuneMetrics) -> bool:
        """Whether a recorded item is within the limits."""
        steps = (0 if self.first is None else self.first, math.inf if self.last is None else self.last)
        return metrics.within(item.additional_properties, steps, self.since, self.until)


def metric_range(
    global_step_from: int | None = None,
    global_step_to: int | None = None,
    logged_at_from: datetime | str | None = None,
    logged_at_to: datetime | str | None = None,
    resolution: int | None = None,
) -> Range:
    """The range from the keywords of `list_metrics`.

    Raises:
        RuleError: A value is not a step, a time or a number, or a range ends before it begins.
    """
    Numbers(1, whole=True).check_given("resolution", resolution)
    STEPS.check_given("global_step_from", global_step_from)
    STEPS.check_given("global_step_to", global_step_to)
    first, last = global_step_from, global_step_to
    since, until = _time("logged_at_from", logged_at_from), _time("logged_at_to", logged_at_to)
    if first is not None and last is not None and first > last:
        raise RuleError(f"global_step_from is {first}, after global_step_to ({last}): swap them")
    if since is not None and until is not None and since > until:
        raise RuleError(f"logged_at_from is {since}, after logged_at_to ({until}): swap them")
    return Range(first, last, since, until, resolution)


def list_metrics(job_id: str, wanted: Range = Range()) -> Flow[MetricList]:
    """List the metrics that a job has recorded."""
    job_id = parse_job_id(job_id)
    arguments = {"id": job_id, "body": wanted.body(), **wanted.query()}
    response = yield from ask(Call(f"list the metrics of {job_id}", endpoint.sync, endpoint.asyncio, arguments))
    # Filtered here too: some servers and proxies ignore the body of a GET.
    found = [item for item in items(response.metrics, models.FinetuneMetrics) if wanted.has(item)]
    listed = MetricList(sorted(found, key=lambda item: metrics.step_of(item.additional_properties) or 0))
    listed.additional_properties = response.additional_properties
    return listed


def best_checkpoint(job_id: str, metric: str = metrics.EVAL_LOSS, mode: str | None = None) -> Flow[BestCheckpoint]:
    """Determine the best checkpoint of a job."""
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
    """The values of a list of metrics, by step."""
    return metrics.points(item.additional_properties for item in listed.metrics)


def _chosen_by_server(job_id: str, checkpoints: list[Checkpoint]) -> Flow[BestCheckpoint | None]:
    """The checkpoint that early stopping chose, according to the job, or else to its events."""
    job = yield from retrieve(job_id)
    found = metrics.chosen_by_server(checkpoints, job.early_stopping_best_step, job.early_stopping_best_metric)
    if found is None:
        for event in reversed((yield from list_events(job_id)).data):
            found = found or metrics.chosen_by_server(
                checkpoints, event.early_stopping_best_step, event.early_stopping_best_metric_value
            )
    return found


def _time(name: str, value: datetime | str | None) -> datetime | None:
    found = date(value)
    if value is not None and found is None:
        raise RuleError(f"{name} is {value!r}: expected a datetime, or text such as 2026-01-31T12:00:00Z")
    return found
