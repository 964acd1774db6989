"""The plan of many downloads: what each would do, by its rules and the first bytes of its archive."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from together_ext.api.flow import Archive, Fetch, Flow, Survey, changed, local, surveyed
from together_ext.archive import folders, receipt
from together_ext.archive.extraction import folder_for
from together_ext.bulk import DownloadPlan, Outcomes, PlannedDownload
from together_ext.bulk.plan import PlanState
from together_ext.bulk.running import Tasks
from together_ext.checkpoints import type_of
from together_ext.clock import SYSTEM
from together_ext.destinations.object_state import existing
from together_ext.destinations.urls import Location, parse_url
from together_ext.errors import TargetExistsError, TogetherExtError
from together_ext.registry.folder import PartialFolder
from together_ext.storage import storage_errors
from together_ext.transfer.survey import Surveyed

from .download_many import Claims, Many
from .download_options import DownloadRequest
from .extraction import goes_directly, size_of
from .prepared import Prepared, object_url, prepared, registry_of, saving_of
from .refusals import explained
from .to_objects import compared, store_at

if TYPE_CHECKING:
    from together_ext.registry.project import Project
    from together_ext.registry.revision import Revision


@dataclass(frozen=True)
class Planning:
    """A plan in the making.

    Attributes:
        many: The downloads.
        run: Drives a flow, from any thread.
    """

    many: Many
    run: Callable[[Flow[Any]], Any]

    def plan(self) -> DownloadPlan:
        """Plan each download; nothing is written.

        Raises:
            ApiError: A selection could not be listed.
            StorageError: The free space of the disk cannot be determined; the object store refuses.
            TransferInterruptedError: The object store does not respond.
        """
        names, url = self.many.names_of(self.run), object_url(self.many.request)
        if url is None:
            free = _free(Path(str(self.many.request.output)))
        else:
            free, store = None, store_at(parse_url(url, "output"), self.many.request.storage_options)
            self.run(changed(local(lambda cancel: store.until(cancel).reach()), self.many.batch.guarded))
        tasks = Tasks(names, partial(self._planned, Claims(), free), max(min(self.many.parallel, len(names)), 1))
        with Outcomes(lambda: tasks, cancel=self.many.cancel, clock=SYSTEM) as outcomes:
            found = {outcome.name: outcome for outcome in outcomes}
        return DownloadPlan(tuple(self._entry(name, found[name].result, found[name].error) for name in names), free)

    def _planned(self, claims: Claims, free: int | None, name: str) -> PlannedDownload:
        flow = planned(self.many, name, claims, free)
        result: PlannedDownload = self.run(changed(flow, self.many.batch.guarded))
        return result

    def _entry(self, name: str, result: PlannedDownload | None, error: BaseException | None) -> PlannedDownload:
        if result is not None:
            return result
        if not isinstance(error, TogetherExtError):
            assert error is not None  # noqa: S101 -- one of the two is given
            raise error
        return _refused(PlannedDownload(name, self.many.request.source or "archive", "new"), error)


def _free(folder: Path) -> int:
    """Free bytes of the disk of a folder that may not exist yet."""
    with storage_errors(folder, "look at"):
        return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free


def planned(many: Many, name: str, claims: Claims, free: int | None) -> Flow[PlannedDownload]:
    """Apply the rules to a download, and look at what exists of it.

    Args:
        many: All downloads.
        name: The job or checkpoint.
        claims: The paths of the other downloads.
        free: The free bytes of the disk; None for an object store.
    """
    request = many.request
    of = yield from prepared(name, request)
    of = replace(of, options=many.batch.conducted(of.options))
    claims.claim(name, of.archive, of.place)
    if isinstance(of.place, Location) or free is None:
        return (yield from _to_objects(many.project, name, request, of))
    step = Fetch(of.archive, of.place, of.options)
    if request.extract:
        there = yield from local(lambda _: _extracted_before(name, request, step))
        if there is not None:
            return there
    revision = yield from _revision(many.project, request, of)
    if revision is not None:
        return _of_registry(PlannedDownload(name, "registry", "new", str(_folder(step))), revision, step)
    found = yield from explained(step.archive, surveyed(Survey(step.archive, step.target, step.options)))
    return _extracted(name, request, step, found, free) if request.extract else _archived(name, found)


def _revision(project: Project, request: DownloadRequest, of: Prepared) -> Flow[Revision | None]:
    """The revision in the registry that would be downloaded; None if the archive would be."""
    registry = registry_of(project, request, of)
    return None if registry is None else (yield from registry.planned(of.archive))


def _with_files(entry: PlannedDownload, revision: Revision, present: int) -> PlannedDownload:
    """The plan for the files of a revision, of which so many bytes exist."""
    known = len(revision.sizes) == len(revision.paths)
    size, files = sum(revision.sizes.values()) if known else None, len(revision.paths)
    state: PlanState = "resumable" if present else "new"
    return replace(entry, source="registry", state=state, size=size, present=present, files=files)


def _complete(entry: PlannedDownload, record: Mapping[str, Any]) -> PlannedDownload:
    """The plan for weights that exist with this receipt."""
    size, of_registry = size_of(record), record.get("source") == "registry"
    entry = replace(entry, state="complete", size=size, present=size or 0)
    return replace(entry, source="registry", files=len(record["files"])) if of_registry else entry


# In an object store ---------------------------------------------------------------------------------------------------


def _to_objects(project: Project, name: str, request: DownloadRequest, of: Prepared) -> Flow[PlannedDownload]:
    """The plan for an object store; nothing is written, so whether it may be written to is not known."""
    source: Literal["archive"] = "archive"
    if request.extract:
        return (yield from _extracted_to_objects(project, PlannedDownload(name, source, "new"), request, of))
    found = yield from compared(saving_of(request, of))
    size, state = found.content.size, "new" if request.overwrite else found.state
    if state == "different":
        return _refused(PlannedDownload(name, source, "new", str(found.place), size), found.error)
    return PlannedDownload(name, source, state, str(found.place), size, 0 if state == "new" else size or 0)


def _extracted_to_objects(
    project: Project, entry: PlannedDownload, request: DownloadRequest, of: Prepared
) -> Flow[PlannedDownload]:
    """The plan for an object for each file."""
    saving, origin = saving_of(request, of), _identity(of.archive)
    store = store_at(saving.location(saving.stem), saving.storage)
    look = partial(existing, origin=origin, overwrite=request.overwrite)
    found, complete = yield from local(lambda cancel: look(store.until(cancel)))
    entry = replace(entry, path=str(store.location))
    if complete:
        return _complete(entry, found.document)
    revision = yield from _revision(project, request, of)
    if revision is not None:
        known = found.resumable({**origin, "source": "registry", **revision.identity})
        return _with_files(entry, revision, sum(file.size for file in known.values()))
    seen = yield from explained(of.archive, surveyed(Survey(of.archive, None, of.options)))
    kept = sum(file.size for file in found.resumable(origin).values())
    return replace(entry, state="resumable" if kept else "new", size=seen.size, present=kept)


# In a folder ----------------------------------------------------------------------------------------------------------


def _of_registry(entry: PlannedDownload, revision: Revision, step: Fetch[Archive]) -> PlannedDownload:
    """The plan for a folder that is made of the files in the registry."""
    entry = _with_files(entry, revision, PartialFolder(_folder(step)).present(revision.sizes))
    return replace(entry, needed=(entry.size or entry.present) - entry.present)


def _refused(entry: PlannedDownload, error: TogetherExtError | None) -> PlannedDownload:
    """A download that would fail."""
    return replace(entry, state="conflicting" if isinstance(error, TargetExistsError) else "refused", error=error)


def _archived(name: str, found: Surveyed) -> PlannedDownload:
    if found.state == "different":
        error = TargetExistsError(
            f"{found.path} exists and differs from the remote file: move it or choose another path, "
            "or allow overwriting"
        )
        return _refused(PlannedDownload(name, "archive", "new", str(found.path), found.size), error)
    needed = (found.size or 0) - found.kept if found.state in {"new", "resumable"} else 0
    return PlannedDownload(name, "archive", found.state, str(found.path), found.size, found.kept, needed)


def _extracted_before(name: str, request: DownloadRequest, step: Fetch[Archive]) -> PlannedDownload | None:
    """The plan for a folder with these weights; None if they would be extracted to it.

    Raises:
        TargetExistsError: The folder has something else.
    """
    folder, archive = _folder(step), step.archive
    said = {} if request.overwrite else receipt.origin(folder)
    expected = _identity(archive)
    if not said or any(said.get(key) != value for key, value in expected.items()):
        folders.check_place(folder, overwrite=request.overwrite)
        return None
    if not receipt.sizes_match(folder):
        raise TargetExistsError(
            f"{folder} was extracted before, and has changed since: choose another folder, or allow it to be replaced"
        )
    return _complete(PlannedDownload(name, "archive", "complete", str(folder)), said)


def _identity(archive: Archive) -> dict[str, Any]:
    """What a receipt has of these weights."""
    return {"job": archive.job_id, "step": archive.step, "type": type_of(archive.checkpoint)}


def _folder(step: Fetch[Archive]) -> Path:
    return folder_for(step.target.folder / f"{step.target.stem}{step.target.extensions[0]}")


def _extracted(
    name: str, request: DownloadRequest, step: Fetch[Archive], found: Surveyed, free: int
) -> PlannedDownload:
    """The plan for a folder that does not exist: the space depends on whether the archive is written, too."""
    size = found.size or 0
    present = size if found.state in {"complete", "unverified"} else found.kept
    spool = True if request.spool is None and (request.keep_archive or step.target.was_begun()) else request.spool
    entry = PlannedDownload(name, "archive", "new", str(_folder(step)), found.size)
    if goes_directly(size, free, spool=spool):
        return replace(entry, needed=size)
    return replace(entry, state="resumable" if present else "new", present=present, needed=2 * size - present)
