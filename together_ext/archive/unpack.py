"""Extract an archive to a folder that appears only when extraction is complete."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from together_ext.errors import ArchiveError
from together_ext.leases import Lease
from together_ext.storage import outsiders, storage_errors

from .folders import (
    SCRATCH,
    FolderPlace,
    PrivateFolder,
    check_place,
    flush_all,
    left_by_earlier_runs,
    put,
)
from .formats.source import ArchiveSource
from .limits import Limits
from .receipt import strangers
from .terms import UnpackedFile
from .tree import name_of
from .writing import FolderWriting, Room, write_files

log = logging.getLogger("together_ext.archive")


@contextmanager
def unpacked(  # noqa: PLR0913 -- what, from where, to where, and how
    archive: Path | str,
    source: ArchiveSource,
    folder: Path,
    limits: Limits,
    lease: Lease,
    *,
    overwrite: bool,
    durable: bool,
    cancel: threading.Event,
) -> Iterator[tuple[FolderPlace, list[UnpackedFile]]]:
    """Extract to a temporary folder, yield it for final changes, then rename it to its final path.

    Args:
        archive: The path of the archive, for errors; the name of one that is not stored.
        source: The bytes of a zstd, gzip or plain tar archive.
        folder: The absolute path of the folder to make; its parent exists.
        limits: The limits of the archive.
        lease: The lease from `locked` for this folder.
        overwrite: Whether an existing folder may be replaced.
        durable: Whether everything is flushed to the disk before the folder gets its final path.
        cancel: When set, from any thread, extraction ends.

    Yields:
        The temporary folder, and the files in it, sorted by path.

    Raises:
        ArchiveError: The archive is damaged or contains what is refused.
        TargetExistsError: The path exists and may not be replaced.
        TransferCancelledError: `cancel` was set.
        LeaseLostError: Another process took over while this one was stopped.
        NotEnoughSpaceError: The disk does not have enough free space.
        StorageError: The disk or its permissions prevent it.
        OutOfMemoryError: There is not enough memory.
    """
    with storage_errors(folder, "extract to", again(archive)), _named(archive):
        check_place(folder, overwrite=overwrite)
        lease.check()  # The temporary folders that are removed next could be those of the process that took over.
        with _scratch(folder) as scratch:
            inside = scratch.inside
            room = Room(inside, folder.parent, str(archive) if isinstance(archive, Path) else None)
            with FolderWriting(inside, room, durable=durable) as writing:
                files = write_files(str(archive), source, writing, limits, cancel)
            root, files = _flattened(inside, sorted(files, key=lambda file: file.path))
            yield FolderPlace(root), files
            if durable:
                flush_all(root, cancel)
            lease.check()  # The flush may have taken long.
            _put(scratch, root, folder, overwrite=overwrite, durable=durable)


@contextmanager
def _scratch(folder: Path) -> Iterator[PrivateFolder]:
    """A private folder beside the final one, removed at the end; those that killed runs left are removed first."""
    for left in left_by_earlier_runs(folder, SCRATCH):
        # In a shared folder, another user may have given such a name to any folder of this one.
        status = left.lstat()
        if not status.st_mode & outsiders(status, left.parent) or strangers(left) == []:
            _remove_scratch(left)
    path = Path(tempfile.mkdtemp(prefix=f".{folder.name}{SCRATCH}-", dir=folder.parent))
    found = PrivateFolder.open(path)
    try:
        found.check()
        yield found
    finally:
        os.close(found.fd)
        _remove_scratch(path)


def _remove_scratch(path: Path) -> None:
    """Remove as much of a temporary folder as possible, if it is still there; log a warning if anything is left."""
    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        log.warning("could not remove the temporary folder %s; remove it by hand", path)


def again(archive: Path | str) -> str:
    """What to do once the disk no longer prevents extraction."""
    return "run it again" if isinstance(archive, str) else f"extract {archive} again: it is kept"


@contextmanager
def _named(archive: Path | str) -> Iterator[None]:
    """Add the path of a stored archive to an error about it."""
    try:
        yield
    except ArchiveError as error:
        if isinstance(archive, str):
            raise
        message = str(error)
        raise ArchiveError(message if str(archive) in message else f"{message} ({archive} is kept)") from error


def _flattened(scratch: Path, files: list[UnpackedFile]) -> tuple[Path, list[UnpackedFile]]:
    """Leave out a single top-level folder."""
    inside = list(scratch.iterdir())
    if len(inside) != 1 or not inside[0].is_dir():
        return scratch, files
    prefix = name_of(inside[0].name) + "/"
    return inside[0], [UnpackedFile(file.path.removeprefix(prefix), file.size, file.sha256) for file in files]


def _put(scratch: PrivateFolder, root: Path, folder: Path, *, overwrite: bool, durable: bool) -> None:
    """Give the folder its final path, if it is still the one that was written."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        scratch.check()
        put(root if root != scratch.inside else scratch.path, fd, folder, overwrite=overwrite, durable=durable)
    finally:
        os.close(fd)
