"""The answers that are lists, with the list always there."""

from __future__ import annotations

from attrs import define, field

from together_generated import models


@define
class JobList(models.FinetuneTruncatedList):
    """The account's jobs.

    Attributes:
        data: Always a list, newest first.
    """

    data: list[models.FinetuneResponseTruncated] = field(factory=list)


@define
class MetricList(models.FinetuneListMetrics):
    """What a job has recorded.

    Attributes:
        metrics: Always a list, by training step.
    """

    metrics: list[models.FinetuneMetrics] = field(factory=list)


@define
class EventList(models.FinetuneListEvents):
    """A job's events.

    Attributes:
        data: Always a list, in the server's order.
    """

    data: list[models.FineTuneEvent] = field(factory=list)


@define
class FileList(models.FileList):
    """The account's files.

    Attributes:
        data: Always a list.
    """

    data: list[models.FileObject] = field(factory=list)


@define
class EndpointList(models.EndpointList):
    """Endpoints.

    Attributes:
        data: Always a list.
    """

    data: list[models.Endpoint] = field(factory=list)


@define
class HardwareList(models.HardwareList):
    """What endpoints can run on.

    Attributes:
        data: Always a list.
    """

    data: list[models.Hardware] = field(factory=list)
