"""The answers that are lists, with the list always there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import define, field

from together_generated import models

from .long_lists import LazyList


@define
class JobList(models.FinetuneTruncatedList):
    """The account's jobs.

    Attributes:
        data: The jobs, newest first: a sequence, each of which is made into an object when it is asked for.
    """

    data: LazyList[models.FinetuneResponseTruncated] = field()  # type: ignore[assignment]  # as good as a list to read

    def documents(self) -> Iterator[dict[str, Any]]:
        """The jobs as dictionaries, one after the other, for whoever goes through all of them."""
        return self.data.documents()

    def to_dict(self) -> dict[str, Any]:
        """The answer as a dictionary."""
        return {**self.additional_properties, "data": list(self.documents())}


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
