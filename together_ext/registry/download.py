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
from together_ext.archive.folders import check_place, locked
from together_ext.archive.receipt import RECEIPT
from together_ext.archive.terms import UnpackedFile
from together_ext.archive.weights.layout import Layout
from together_ext.config import REGISTRY_CONNECTIONS, download_connections, download_limit_rate, download_lock_timeout
from together_ext.destinations.urls import location_of, object_url
from together_ext.errors import RuleError, TargetExistsError
from together_ext.storage import absolute, local_path
from together_ext.text import file_name, printable
from together_ext.transfer import Options

from . import operations
from .download_options import ModelRequest
from .folder import Finish
from .making import FolderMaking, Making, ObjectsMaking
from .revision import Revision, revision_of, said_of
from .taking import verification

if TYPE_CHECKING:
    from together_ext.destinations.object_state import Found

    from .project import Project


@dataclass(frozen=True)
class ModelDownload:
    """A downloaded model.

    Attributes:
        object_id: Its ID in the registry.
        name: Its name there; None if it has none.
        revision_id: The revision.
        folder: Absolute path of the folder, or the URL of the prefix in an object store.
        files: The paths of its files, relative to the folder, without the receipt.
        size: Bytes of all files.
        layout: What the files are: `adapter`, `model` or `unknown`.
        verified: What was compared: `hash` (every file with the server's hash, or an existing folder with its receipt)
            or `size` (some hashes have an unknown form, or existing objects with their receipt).
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


def download(project: Project, model: str, wanted: ModelRequest) -> Flow[ModelDownload]:
    """Download the files of a revision into a folder, or to an object store."""
    options = _options(wanted)
    _check_selection(wanted)
    url = object_url(wanted.output, wanted.storage_options)
    output = None if url or wanted.output is None else local_path(wanted.output, "output")
    absolute(output or ".")
    found = yield from operations.retrieve(project, model)
    select = partial(selected, wanted=wanted, model=found.id)
    revision = yield from revision_of(project, found.id, wanted.revision, select)
    name = text(found.name) or found.id
    origin = {"source": "registry", "object": found.id, "name": text(found.name), "revision": revision.id}
    if url is not None:
        return (yield from _to_objects(url, name, revision, origin, wanted))
    folder = place(output, name)
    with ExitStack() as stack:
        lock = partial(locked, folder, timeout=options.lock_timeout)
        lease = yield from local(lambda cancel: stack.enter_context(lock(cancel)))
        paths = revision.paths
        there = yield from local(lambda cancel: _existing(folder, origin, paths, cancel, overwrite=wanted.overwrite))
        if there is not None:
            return there
        making = FolderMaking(folder, Finish(lease.check, wanted.overwrite, wanted.durable))
        return (yield from _made(making, revision, origin, options))


def _made(making: Making, revision: Revision, origin: Mapping[str, Any], options: Options) -> Flow[ModelDownload]:
    arrived = yield from making.download(revision, options)
    said = {**origin, **said_of(revision, arrived), "layout": revision.layout.value}
    files = [one.unpacked for one in arrived]
    yield from local(partial(making.finish, files, said, lambda _place, files: (files, {})))
    return _result(making.where, origin, files, said["layout"], verification(arrived))


def _to_objects(
    url: str, name: str, revision: Revision, origin: Mapping[str, Any], wanted: ModelRequest
) -> Flow[ModelDownload]:
    from together_ext.destinations.object_state import existing  # an extra
    from together_ext.destinations.partial_receipt import prepare
    from together_ext.destinations.store import Store

    store = Store(location_of(url, _folder_name(name)), wanted.storage_options)

    def prepared(cancel: threading.Event) -> tuple[Found, bool]:
        within = store.until(cancel)
        found, complete = existing(within, origin, overwrite=wanted.overwrite)
        if not complete:
            prepare(within, found, origin)
        return found, complete

    found, complete = yield from local(prepared)
    if complete:
        where, said = str(store.location), found.document
        _check_same_files(where, said, revision.paths)
        return _result(where, origin, list(found.files.values()), _layout(said), "size")
    return (yield from _made(ObjectsMaking(store, found, origin), revision, origin, _options(wanted)))


def _options(wanted: ModelRequest) -> Options:
    return Options(
        connections=download_connections(wanted.connections, REGISTRY_CONNECTIONS),
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
        raise RuleError(f"model {model} has no file {printable(repr(absent[0]), 120)}: its files are {_few(paths)}")
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
    return absolute(output or ".") / _folder_name(name) if is_inside else absolute(output or ".")


def _folder_name(name: str) -> str:
    """The name of a model as one component of a path."""
    return file_name(name) or "model"


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
    _check_same_files(str(folder), said, paths)
    if not receipt.verify(folder, cancel=cancel).good:
        raise TargetExistsError(
            f"{folder} was downloaded before, and has changed since: choose another folder, or allow overwriting"
        )
    files = [UnpackedFile(file["path"], file["size"], file["sha256"]) for file in said["files"]]
    return _result(str(folder), origin, files, _layout(said), "hash")


def _layout(said: Mapping[str, Any]) -> str:
    """The layout in a receipt, which may be forged in a bucket."""
    return next((layout.value for layout in Layout if layout.value == said.get("layout")), Layout.UNKNOWN.value)


def _check_same_files(where: str, said: Mapping[str, Any], paths: Sequence[str]) -> None:
    if sorted(file["path"] for file in said["files"]) != sorted(paths):
        raise TargetExistsError(
            f"{where} has other files of the same revision: choose another output, or allow overwriting"
        )


def _result(
    folder: str,
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
