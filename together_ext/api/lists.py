"""Responses that contain a list, which is never absent."""

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
        data: The jobs, newest first: a sequence, each of which becomes an object when it is accessed.
    """

    data: LazyList[models.FinetuneResponseTruncated] = field()  # type: ignore[assignment]  # a sequence like a list

    def documents(self) -> Iterator[dict[str, Any]]:
        """The jobs as dictionaries, one after the other, without creating objects."""
        return self.data.documents()

    def to_dict(self) -> dict[str, Any]:
        """The response as a dictionary."""
        return {**self.additional_properties, "data": list(self.documents())}


@define
class MetricList(models.FinetuneListMetrics):
    """The metrics that a job has recorded.

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
    """The hardware that endpoints can run on.

    Attributes:
        data: Always a list.
    """

    data: list[models.Hardware] = field(factory=list)


@define
class ModelList(models.RegistryModelList):
    """The models of a project.

    Attributes:
        data: Always a list, of all pages.
    """

    data: list[models.RegistryModel] = field(factory=list)


@define
class RevisionList(models.RevisionList):
    """The revisions of a model.

    Attributes:
        data: Always a list, of all pages, newest first.
    """

    data: list[models.Revision] = field(factory=list)


@define
class RevisionFileList(models.RevisionFileList):
    """The files of a revision.

    Attributes:
        data: Always a list, of all pages.
    """

    data: list[models.RevisionFile] = field(factory=list)
