"""From a model's name to a folder with its files: the revision, the selection, the files, the receipt."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx

from together_ext.api.exchange import USER_AGENT
from together_ext.api.flow import Call, Flow, Line, ask, local, transfers
from together_ext.api.responses import text
from together_ext.archive import receipt
from together_ext.archive.receipt import RECEIPT, UnpackedFile
from together_ext.archive.unpack import check_place, locked
from together_ext.archive.weights.layout import layout_of
from together_ext.config import download_connections, download_limit_rate, download_lock_timeout
from together_ext.errors import (
    IntegrityError,
    NotEnoughSpaceError,
    RuleError,
    TargetExistsError,
    TransferInterruptedError,
)
from together_ext.storage import absolute, local_path
from together_ext.text import file_name, printable
from together_ext.transfer import DEFAULT_CONNECTIONS, DEFAULT_TIMEOUT, Options
from together_ext.transfer.parts import ExpiredError
from together_generated import models

from . import operations
from .fetching import Arrived, Connection, Fetching
from .folder import PartialFolder
from .located import LocatedFile, located

if TYPE_CHECKING:
    from together_ext.transfer import ProgressCallback

    from .project import Project

MOST_RENEWALS: Final = 3
"""Maximum number of times in a row that URLs expire before a file is complete."""

BAD: Final = frozenset({"REVISION_VALIDATION_STATUS_FAILED", "REVISION_VALIDATION_STATUS_ERROR"})
"""Statuses of a revision that is downloaded only if it is named."""


@dataclass(frozen=True)
class ModelDownload:
    """A downloaded model.

    Attributes:
        object_id: Its ID in the registry.
        name: Its name there; None if it has none.
        revision_id: The revision.
        folder: Absolute path of the folder.
        files: The paths of its files, relative to the folder, without the receipt.
        size: Bytes of all files.
        layout: What the files are: `adapter`, `model` or `unknown`.
        verified: What was compared: `hash` (every file with the server's hash, or an existing folder with its receipt)
            or `size` (some hashes have an unknown form).
        source: Always `registry`.
    """

    object_id: str
    name: str | None
    revision_id: str
    folder: str
    files: tuple[str, ...]
    size: int
    layout: str
    verified: Literal["hash", "size"]
    source: Literal["registry"] = "registry"


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """What `download` was called with."""

    output: str | os.PathLike[str] | None = None
    revision: str | None = None
    files: Sequence[str] | None = None
    include: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    overwrite: bool = False
    connections: int | None = None
    limit_rate: float | None = None
    progress: ProgressCallback | None = None
    lock_timeout: float | None = None
    durable: bool = True


def download(project: Project, model: str, wanted: ModelRequest) -> Flow[ModelDownload]:
    """Download the files of a revision into a folder."""
    options = _options(wanted)
    _check_selection(wanted)
    output = None if wanted.output is None else local_path(wanted.output, "output")
    absolute(output or ".")
    found = yield from operations.retrieve(project, model)
    named = yield from _revision(project, found.id, wanted.revision)
    listed = yield from operations.list_files(project, found.id, named)
    paths = selected([text(file.path) or "" for file in listed.data], wanted, found.id)
    revision = text(listed.revision_id) or named
    if revision is None:
        raise IntegrityError(f"the server does not name the revision of {found.id}: pass revision, such as rv_...")
    fetch = _Fetch(project, found.id, revision, paths, len(paths) == len(listed.data))
    folder = place(output, text(found.name) or found.id)
    origin = {"source": "registry", "object": found.id, "name": text(found.name), "revision": revision}
    with ExitStack() as stack:
        lock = partial(locked, folder, timeout=options.lock_timeout)
        lease = yield from local(lambda cancel: stack.enter_context(lock(cancel)))
        there = yield from local(lambda cancel: _existing(folder, origin, paths, cancel, overwrite=wanted.overwrite))
        if there is not None:
            return there
        arrived = yield from fetch.run(PartialFolder(folder), options)
        said = {**origin, **_said(arrived)}
        files = [UnpackedFile(one.file.path, one.file.size, one.sha256) for one in arrived]
        finish = partial(PartialFolder(folder).finish, files, said, overwrite=wanted.overwrite, guard=lease.check)
        yield from local(lambda _: finish())
    verified: Literal["hash", "size"] = "hash" if all(one.file.verifiable for one in arrived) else "size"
    return _result(folder, origin, files, said["layout"], verified)


def _options(wanted: ModelRequest) -> Options:
    return Options(
        connections=download_connections(wanted.connections, DEFAULT_CONNECTIONS),
        limit_rate=download_limit_rate(wanted.limit_rate),
        progress=wanted.progress,
        durable=wanted.durable,
        lock_timeout=download_lock_timeout(wanted.lock_timeout),
    )


def _said(arrived: Sequence[Arrived]) -> dict[str, Any]:
    """What the receipt says of the files beside their own hashes."""
    names = [one.file.path.rpartition("/")[2] for one in arrived]
    return {
        "hashes": {one.file.path: one.file.hash for one in arrived if one.file.hash},
        "layout": layout_of(names).value,
    }


@dataclass(frozen=True)
class _Fetch:
    """The files of one revision, with URLs that are renewed as often as they expire."""

    project: Project
    object_id: str
    revision: str
    paths: Sequence[str]
    whole: bool

    def run(self, folder: PartialFolder, options: Options) -> Flow[list[Arrived]]:
        fetching = Fetching(folder, {"object": self.object_id, "revision": self.revision})
        files = yield from self._located()
        yield from local(partial(_prepare, folder, files))
        failures = 0
        while True:
            before = len(fetching.arrived)
            expired = yield from transfers(partial(_transferred, fetching, files, options))
            if expired is None:
                return [fetching.arrived[file.path] for file in files]
            failures = failures + 1 if len(fetching.arrived) == before else 1
            if failures > MOST_RENEWALS:
                raise TransferInterruptedError(
                    f"{expired}, {failures} times in a row, although it was new"
                ) from expired
            files = yield from self._located()

    def _located(self) -> Flow[list[LocatedFile]]:
        from together_generated.api.registry import download_model as endpoint

        body = models.ModelDownloadRequest(self.object_id, self.revision, [] if self.whole else list(self.paths))
        arguments = {"project_id": (yield from self.project.id()), "body": body}
        action = f"locate the files of {self.object_id}"
        answer = yield from ask(Call(action, endpoint.sync, endpoint.asyncio, arguments))
        if (text(answer.revision_id) or self.revision) != self.revision:
            raise IntegrityError(
                f"the server located revision {printable(str(answer.revision_id), 60)} of {self.object_id}: "
                f"expected {self.revision}"
            )
        files = located(answer, self.object_id)
        if sorted(file.path for file in files) != sorted(self.paths):
            missing = sorted({*self.paths} ^ {file.path for file in files})
            names = printable(", ".join(missing), 200)
            raise IntegrityError(f"the server lists other files of {self.object_id} than it locates ({names})")
        return files


def _transferred(fetching: Fetching, files: Sequence[LocatedFile], options: Options, line: Line) -> ExpiredError | None:
    """Download the files that are not there yet; returns the error if their URLs have expired."""
    options = replace(options, cancel=line.cancel, clock=line.clock or options.clock)
    try:
        fetching.run(files, Connection(line.sender, httpx.URL(line.home), USER_AGENT, DEFAULT_TIMEOUT, options))
    except ExpiredError as error:
        return error
    return None


def _prepare(folder: PartialFolder, files: Sequence[LocatedFile], _cancel: threading.Event) -> None:
    folder.prepare([file.path for file in files])
    there = sum(path.lstat().st_blocks * 512 for path in folder.path.rglob("*") if not path.is_dir())
    needed, free = sum(file.size for file in files) - there, shutil.disk_usage(folder.path).free
    if needed > free:
        raise NotEnoughSpaceError(str(folder.final.parent), needed=needed, free=free, unpacked=0)


def _revision(project: Project, object_id: str, named: str | None) -> Flow[str | None]:
    """The revision that was named, else the latest one if it is valid.

    Raises:
        RuleError: The latest revision failed its validation.
    """
    if named is not None:
        return named
    revisions = (yield from operations.list_revisions(project, object_id)).data
    if not revisions:
        return None
    latest = revisions[0]
    if latest.validation_status in BAD:
        errors = latest.validation_errors if isinstance(latest.validation_errors, list) else []
        reasons = [text(getattr(error, "message", None)) for error in errors]
        reason = printable("; ".join(filter(None, reasons)) or "no reason was given", 200)
        raise RuleError(
            f"revision {latest.revision_id} of {object_id} failed its validation ({reason}): name it to download it "
            f"anyway, or another one (revision=..., --revision)"
        )
    return text(latest.revision_id)


def _check_selection(wanted: ModelRequest) -> None:
    for name in ("files", "include", "exclude"):
        given = getattr(wanted, name)
        if given is not None and (isinstance(given, str) or not all(isinstance(one, str) for one in given)):
            raise RuleError(f"{name} is {printable(repr(given), 80)}: expected a list of texts")


def selected(paths: Sequence[str], wanted: ModelRequest, model: str) -> list[str]:
    """The files to download.

    Args:
        paths: All files of the revision.
        wanted: `files` by their paths, `include` and `exclude` as patterns.
        model: The model, for errors.

    Raises:
        RuleError: A file does not exist, or nothing is left.
    """
    named = {*paths} if wanted.files is None else {*wanted.files}
    if absent := sorted(named - {*paths}):
        raise RuleError(f"{model} has no file {printable(repr(absent[0]), 120)}: its files are {_few(paths)}")
    include, exclude = ["*"] if wanted.include is None else wanted.include, wanted.exclude or ()
    found = [path for path in paths if path in named and _matches(path, include) and not _matches(path, exclude)]
    if not found:
        raise RuleError(f"no file of {model} is selected: its files are {_few(paths)}")
    return found


def _matches(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _few(paths: Sequence[str]) -> str:
    return printable(", ".join(paths[:10]) + (", ..." if len(paths) > 10 else "") or "none", 400)  # noqa: PLR2004 -- enough to see which


def place(output: str | None, name: str) -> Path:
    """The folder that is made.

    Args:
        output: An existing folder without a receipt, or a path that ends in a separator: the folder is made in it,
            under the model's name. Any other path is that of the folder itself.
        name: The model's name.
    """
    is_inside = output is None or output.endswith(os.sep) or os.path.isdir(output)  # noqa: PTH112 -- pathlib raises for long names
    if output is not None and is_inside and os.path.lexists(os.path.join(output, RECEIPT)):  # noqa: PTH118 -- a text
        is_inside = output.endswith(os.sep)
    return absolute(output or ".") / (file_name(name) or "model") if is_inside else absolute(output or ".")


def _existing(
    folder: Path, origin: Mapping[str, Any], paths: Sequence[str], cancel: threading.Event, *, overwrite: bool
) -> ModelDownload | None:
    """The folder if it is complete already; None if it must be downloaded.

    Raises:
        TargetExistsError: The folder has something else, or was changed.
    """
    said = {} if overwrite or not folder.is_dir() else receipt.origin(folder)
    if not said or any(said.get(name) != origin[name] for name in ("source", "object", "revision")):
        check_place(folder, overwrite=overwrite)
        return None
    if sorted(file["path"] for file in said["files"]) != sorted(paths):
        raise TargetExistsError(
            f"{folder} has other files of the same revision: choose another folder, or allow overwriting"
        )
    if not receipt.verify(folder, cancel=cancel).good:
        raise TargetExistsError(
            f"{folder} was downloaded before, and has changed since: choose another folder, or allow overwriting"
        )
    files = [UnpackedFile(file["path"], file["size"], file["sha256"]) for file in said["files"]]
    return _result(folder, origin, files, str(said.get("layout", "unknown")), "hash")


def _result(
    folder: Path,
    origin: Mapping[str, Any],
    files: Sequence[UnpackedFile],
    layout: str,
    verified: Literal["hash", "size"],
) -> ModelDownload:
    return ModelDownload(
        object_id=str(origin["object"]),
        name=origin["name"],
        revision_id=str(origin["revision"]),
        folder=str(folder),
        files=tuple(file.path for file in files),
        size=sum(file.size for file in files),
        layout=layout,
        verified=verified,
    )
