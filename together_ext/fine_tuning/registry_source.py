"""The model registry as the source of a job's weights: which object is meant, and the folder of its files.

The rules (official SDK 3.1.1): a job names its final model and, of a LoRA job, its final adapter; a checkpoint names
its weights in `object_id`, and in `checkpoint` whether they are a `model` or an `adapter`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from together_ext.api.flow import Archive, Flow, local
from together_ext.api.responses import text
from together_ext.archive.places import Place
from together_ext.archive.terms import Terms, UnpackedFile
from together_ext.archive.weights.adapter_config import set_base_model
from together_ext.archive.weights.layout import check_layout
from together_ext.checkpoints import Checkpoint, CheckpointType, type_of
from together_ext.config import REGISTRY_CONNECTIONS
from together_ext.errors import (
    ApiError,
    IntegrityError,
    LeaseLostError,
    NotFoundError,
    NotInRegistryError,
    RuleError,
    StorageError,
    TransferCancelledError,
    TransferError,
)
from together_ext.registry.revision import Revision, revision_of, said_of
from together_ext.registry.taking import verification
from together_ext.text import printable
from together_generated import models

from .download_result import DownloadResult
from .operations import list_checkpoints

if TYPE_CHECKING:
    from together_ext.registry.making import Making
    from together_ext.registry.project import Project
    from together_ext.transfer import Options

log = logging.getLogger("together_ext")

FINAL: Final = (StorageError, TransferCancelledError, LeaseLostError)
"""Errors that the archive would not avoid."""

REFUSED: Final = (ApiError, RuleError, TransferError)
"""Errors after which the archive may still be downloaded."""


@dataclass(frozen=True)
class RegistryObject:
    """Weights in the registry.

    Attributes:
        id: The ID of the model.
        revision: The ID of its revision; None for the latest.
    """

    id: str
    revision: str | None


@dataclass(frozen=True)
class RegistrySource:
    """The registry as the source of a download.

    Attributes:
        project: The project of the client.
        job: The job.
        only: Whether the archive is no alternative.
        origin: The receipt's entries about the weights.
        terms: The options of the folder.
        connections: Maximum number of connections.
    """

    project: Project
    job: models.FinetuneResponse
    only: bool
    origin: Mapping[str, Any]
    terms: Terms
    connections: int = REGISTRY_CONNECTIONS

    def or_archive(
        self, step: Archive, making: Making, options: Options, archived: Flow[DownloadResult]
    ) -> Flow[tuple[DownloadResult, bool]]:
        """Download the files in the registry; the archive, if the registry refuses and may be passed over.

        Args:
            step: What to download.
            making: What is made of the files.
            options: How to transfer.
            archived: Downloads the archive instead.

        Returns:
            The result, and whether it is of the registry.

        Raises:
            NotInRegistryError: The registry does not have the weights, and the archive is no alternative.
        """
        try:
            return (yield from self._made(step, making, options)), True
        except FINAL:
            raise
        except REFUSED as error:
            if making.received:
                raise
            self._refuse(step, error)
            reason = error.reason if isinstance(error, NotInRegistryError) else str(error)
            log.warning("%s: downloading the archive, not from the registry: %s", step, printable(reason, 300))
        result = yield from archived
        making.discard()
        return result, False

    def _refuse(self, wanted: Archive, error: Exception) -> None:
        """Raise the error, if the archive is no alternative."""
        if self.only and isinstance(error, NotFoundError):
            raise NotInRegistryError(str(wanted), printable(str(error), 300)) from error
        if self.only:
            raise error

    def planned(self, wanted: Archive) -> Flow[Revision | None]:
        """The revision that would be downloaded; None if the archive would be, since the registry refuses.

        Raises:
            NotInRegistryError: The registry does not have the weights, and the archive is no alternative.
        """
        try:
            return (yield from self.revision(wanted))
        except FINAL:
            raise
        except REFUSED as error:
            self._refuse(wanted, error)
            return None

    def revision(self, wanted: Archive) -> Flow[Revision]:
        """The revision that has these weights.

        Raises:
            NotInRegistryError: The registry does not have them.
            IntegrityError: Its files are none, or have another layout.
        """
        found = yield from _object(self.job, wanted)
        revision = yield from revision_of(self.project, found.id, found.revision, lambda paths: paths)
        if not revision.paths:
            raise IntegrityError(f"{found.id} has no files in the registry, so there are no weights of {wanted}")
        check_layout(revision.layout, self.terms.expected, f"{found.id} in the registry")
        return revision

    def _made(self, wanted: Archive, making: Making, options: Options) -> Flow[DownloadResult]:
        terms = self.terms
        revision = yield from self.revision(wanted)
        arrived = yield from making.download(revision, replace(options, connections=self.connections))
        base = self.origin.get("base_model")

        def change(place: Place, files: Sequence[UnpackedFile]) -> tuple[Sequence[UnpackedFile], Mapping[str, Any]]:
            return set_base_model(place, files, revision.layout, terms.base, base)

        origin = {**self.origin, **said_of(revision, arrived), "layout": revision.layout.value}
        there = sorted((one.unpacked for one in arrived), key=lambda file: file.path)
        files = yield from local(partial(making.finish, there, origin, change))
        return DownloadResult(
            id=wanted.job_id,
            checkpoint_step=wanted.step,
            checkpoint_type=type_of(wanted.checkpoint),
            filename=making.where,
            size=sum(one.file.size for one in arrived),
            resumed_from=making.kept,
            extracted_to=making.where,
            layout=revision.layout.value,
            files=tuple(file.path for file in files),
            source="registry",
            verified=verification(arrived),
        )


def _object(job: models.FinetuneResponse, wanted: Archive) -> Flow[RegistryObject]:
    if wanted.step is None:
        found = object_of_job(job, wanted)
    else:
        found = object_of_step(job, wanted, (yield from list_checkpoints(wanted.job_id)))
    if found is None:
        entry = f"the job has no {_kind(wanted)}_object_id"
        if wanted.step is not None:
            entry = f"the checkpoint has no object_id for the {_kind(wanted)}"
        raise NotInRegistryError(str(wanted), entry)
    return found


def object_of_job(job: models.FinetuneResponse, wanted: Archive) -> RegistryObject | None:
    """The final weights of a job; None if it does not name them."""
    kind = _kind(wanted)
    found = text(getattr(job, f"{kind}_object_id"))
    return RegistryObject(found, text(getattr(job, f"{kind}_object_revision_id"))) if found else None


def object_of_step(
    job: models.FinetuneResponse, wanted: Archive, listed: Iterable[Checkpoint]
) -> RegistryObject | None:
    """The weights of a checkpoint; None if the server does not name them in the form that is wanted.

    The step of the final checkpoint is that of the job's final weights.
    """
    of_step = [one for one in listed if one.step == wanted.step]
    for one in of_step:
        # A checkpoint of which the server does not name the form has only one: the layout of its files is compared.
        if one.object_id and (one.object_kind in {None, _kind(wanted)} or wanted.checkpoint is None):
            return RegistryObject(one.object_id, one.revision_id)
    is_final = any(one.name == wanted.job_id for one in of_step)
    return object_of_job(job, wanted) if is_final else None


def _kind(wanted: Archive) -> str:
    return "adapter" if type_of(wanted.checkpoint) is CheckpointType.ADAPTER else "model"
