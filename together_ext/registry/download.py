"""From a model's name to a folder with its files: the revision, the selection, the files, the receipt."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from together_ext.api.flow import Flow, local
from together_ext.api.responses import text
from together_ext.archive import receipt
from together_ext.archive.receipt import RECEIPT, UnpackedFile
from together_ext.archive.unpack import check_place, locked
from together_ext.config import download_connections, download_limit_rate, download_lock_timeout
from together_ext.errors import (
    RuleError,
    TargetExistsError,
)
from together_ext.storage import absolute, local_path
from together_ext.text import file_name, printable
from together_ext.transfer import DEFAULT_CONNECTIONS, Options

from . import operations
from .fetching import Fetching, verification
from .folder import Finish, PartialFolder
from .revision import revision_of, said_of

if TYPE_CHECKING:
    from together_ext.transfer import ProgressCallback

    from .project import Project


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
    select = partial(selected, wanted=wanted, model=found.id)
    revision = yield from revision_of(project, found.id, wanted.revision, select)
    folder = place(output, text(found.name) or found.id)
    origin = {"source": "registry", "object": found.id, "name": text(found.name), "revision": revision.id}
    with ExitStack() as stack:
        lock = partial(locked, folder, timeout=options.lock_timeout)
        lease = yield from local(lambda cancel: stack.enter_context(lock(cancel)))
        paths = revision.paths
        there = yield from local(lambda cancel: _existing(folder, origin, paths, cancel, overwrite=wanted.overwrite))
        if there is not None:
            return there
        making = PartialFolder(folder)
        arrived = yield from revision.download(making, Fetching(making, revision.identity), options)
        said = {**origin, **said_of(revision, arrived), "layout": revision.layout.value}
        files = [one.unpacked for one in arrived]
        publish = partial(making.finish, files, said, Finish(lease.check, wanted.overwrite, wanted.durable))
        yield from local(publish)
    return _result(folder, origin, files, said["layout"], verification(arrived))


def _options(wanted: ModelRequest) -> Options:
    return Options(
        connections=download_connections(wanted.connections, DEFAULT_CONNECTIONS),
        limit_rate=download_limit_rate(wanted.limit_rate),
        progress=wanted.progress,
        durable=wanted.durable,
        lock_timeout=download_lock_timeout(wanted.lock_timeout),
    )


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
