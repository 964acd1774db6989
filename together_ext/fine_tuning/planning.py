"""The plan of many downloads: what each would do, by its rules and the first bytes of its archive."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from together_ext.api.flow import Archive, Fetch, Flow, Survey, changed, local, surveyed
from together_ext.archive import folder_for
from together_ext.bulk import DownloadPlan, Outcomes, PlannedDownload
from together_ext.bulk.running import Tasks
from together_ext.clock import SYSTEM
from together_ext.destinations.urls import Location
from together_ext.errors import RuleError, TargetExistsError, TogetherExtError
from together_ext.storage import storage_errors
from together_ext.text import printable
from together_ext.transfer import Options, Target
from together_ext.transfer.survey import Surveyed

from .download import download
from .download_many import Claims, Many, guarded
from .download_options import DownloadRequest
from .download_result import type_of
from .extraction import goes_directly
from .refusals import explained
from .to_objects import object_url

if TYPE_CHECKING:
    from together_ext.registry.project import Project


class _PreparedError(Exception):
    """A download has followed the rules, and would begin with this step."""

    def __init__(self, step: Fetch[Archive]) -> None:
        self.step = step
        super().__init__(str(step.archive))


def _raise(archive: Archive, place: Target | Location, options: Options) -> Options:
    assert isinstance(place, Target)  # noqa: S101 -- see `Planning.plan`
    raise _PreparedError(Fetch(archive, place, options))


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
            RuleError: The output is the URL of an object store.
            ApiError: A selection could not be listed.
            StorageError: The free space of the disk cannot be determined.
        """
        if (url := object_url(self.many.request)) is not None:
            raise RuleError(
                f"output is {printable(url, 200)}, and a plan (--dry-run) is for local folders: pass a local output, "
                "or download without a plan"
            )
        names = self.many.names_of(self.run)
        free = _free(Path(str(self.many.request.output)))
        tasks = Tasks(names, partial(self._planned, Claims(), free), max(min(self.many.parallel, len(names)), 1))
        with Outcomes(lambda: tasks, cancel=self.many.cancel, clock=SYSTEM) as outcomes:
            found = {outcome.name: outcome for outcome in outcomes}
        return DownloadPlan(tuple(self._entry(name, found[name].result, found[name].error) for name in names), free)

    def _planned(self, claims: Claims, free: int, name: str) -> PlannedDownload:
        flow = planned(self.many.project, name, self.many.request, claims, free)
        result: PlannedDownload = self.run(changed(flow, partial(guarded, self.many.cancel)))
        return result

    def _entry(self, name: str, result: PlannedDownload | None, error: BaseException | None) -> PlannedDownload:
        if result is not None:
            return result
        if not isinstance(error, TogetherExtError):
            assert error is not None  # noqa: S101 -- one of the two is given
            raise error
        return PlannedDownload(name, self.many.request.source or "archive", "refused", error=error)


def _free(folder: Path) -> int:
    """Free bytes of the disk of a folder that may not exist yet."""
    with storage_errors(folder, "look at"):
        return shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free


def planned(project: Project, name: str, request: DownloadRequest, claims: Claims, free: int) -> Flow[PlannedDownload]:
    """Apply the rules to a download, and look at what exists of it."""
    try:
        yield from download(project, name, request, _raise)
    except _PreparedError as prepared:
        step = prepared.step
    claims.claim(name, step.archive, step.target)
    if request.extract:
        there = yield from local(lambda _: _extracted_before(name, request, step))
        if there is not None:
            return there
    if request.source == "registry":
        return PlannedDownload(name, "registry", "missing", str(_folder(step)))
    found = yield from explained(step.archive, surveyed(Survey(step.archive, step.target, step.options)))
    return _extracted(name, request, step, found, free) if request.extract else _archived(name, found)


def _archived(name: str, found: Surveyed) -> PlannedDownload:
    if found.state == "different":
        error = TargetExistsError(
            f"{found.path} exists and differs from the remote file: move it, choose another path, or allow overwriting"
        )
        return PlannedDownload(name, "archive", "refused", str(found.path), found.size, error=error)
    needed = (found.size or 0) - found.kept if found.state in {"missing", "partial"} else 0
    return PlannedDownload(name, "archive", found.state, str(found.path), found.size, found.kept, needed)


def _extracted_before(name: str, request: DownloadRequest, step: Fetch[Archive]) -> PlannedDownload | None:
    """The plan for a folder with these weights; None if they would be extracted to it.

    Raises:
        TargetExistsError: The folder has something else.
    """
    from together_ext.archive import receipt, unpack  # noqa: PLC0415 -- the decompressor comes with it

    folder, archive = _folder(step), step.archive
    said = {} if request.overwrite else receipt.origin(folder)
    expected = {"job": archive.job_id, "step": archive.step, "type": type_of(archive)}
    if not said or any(said.get(key) != value for key, value in expected.items()):
        unpack.check_place(folder, overwrite=request.overwrite)
        return None
    if not receipt.sizes_match(folder):
        raise TargetExistsError(
            f"{folder} was extracted before, and has changed since: choose another folder, or allow it to be replaced"
        )
    size = said["archive"]["size"] if isinstance(said.get("archive"), dict) else None
    return PlannedDownload(name, request.source or "archive", "complete", str(folder), size, size or 0)


def _folder(step: Fetch[Archive]) -> Path:
    return folder_for(step.target.folder / f"{step.target.stem}{step.target.extensions[0]}")


def _extracted(
    name: str, request: DownloadRequest, step: Fetch[Archive], found: Surveyed, free: int
) -> PlannedDownload:
    """The plan for a folder that does not exist: the space depends on whether the archive is written, too."""
    size = found.size or 0
    present = size if found.state in {"complete", "unverified"} else found.kept
    spool = True if request.spool is None and (request.keep_archive or step.target.anything_there()) else request.spool
    entry = PlannedDownload(name, request.source or "archive", "missing", str(_folder(step)), found.size)
    if goes_directly(size, free, spool=spool):
        return replace(entry, needed=size)
    return replace(entry, state="partial" if present else "missing", present=present, needed=2 * size - present)
