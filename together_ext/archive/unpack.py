"""Unpack an archive into a folder that appears only when all of it is right."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import SoftFileLock
from filelock import Timeout as LockTimeout

from together_ext.disk import flush_folder
from together_ext.errors import (
    ArchiveError,
    NotEnoughSpaceError,
    StorageError,
    TargetExistsError,
    TransferCancelledError,
    printable,
)

from .names import Names, checked
from .source import ArchiveSource
from .stream import uncompressed
from .tar import Member, TarReader

log = logging.getLogger("together_ext.archive")

RECEIPT: Final = "together-ext.json"

SCRATCH: Final = ".unpacking"
"""Behind the folder's name, and a dot before it: the folder that is being made; with `.lock`, who is at it."""

FLUSHED: Final = 64 << 20
"""Bytes of a file after which a thread begins to flush it: the disk is then never far behind at the end."""

FREE_EXPANSION: Final = 1 << 30
"""Bytes that any archive may hold, however small it is."""


@dataclass(frozen=True)
class Limits:
    """What an archive may ask for.

    Attributes:
        members: Files and folders.
        ratio: Bytes unpacked for each byte of the archive; the first GiB is free.
        size: Bytes of all files; None for what the disk has free.
    """

    members: int = 100_000
    ratio: float = 100.0
    size: int | None = None


@dataclass(frozen=True)
class UnpackedFile:
    """A file that was unpacked.

    Attributes:
        path: Inside the folder, with `/` between its parts.
        size: Its bytes.
        sha256: Their hash in hexadecimal.
    """

    path: str
    size: int
    sha256: str


@contextmanager
def unpacked(  # noqa: PLR0913 -- what, from where, to where, and how
    archive: Path, source: ArchiveSource, folder: Path, limits: Limits, *, overwrite: bool, cancel: threading.Event
) -> Iterator[tuple[Path, list[UnpackedFile]]]:
    """Unpack, hand out the new folder for the last touches, then let it take its place by one rename.

    Call it with the folder `locked`.

    Args:
        archive: The path of a zstd, gzip or plain tar archive, for errors.
        source: Its bytes.
        folder: The place; its parent is there.
        limits: What the archive may ask for.
        overwrite: Whether a folder that is there may be replaced.
        cancel: Set from anywhere, it ends the work.

    Yields:
        The folder under its temporary name, and the files in it, sorted by path.

    Raises:
        ArchiveError: The archive is damaged or holds what it must not.
        TargetExistsError: Something is at the place.
        TransferCancelledError: `cancel` was set.
        StorageError: The disk or its permissions do not allow it.
    """
    scratch = folder.with_name(f".{folder.name}{SCRATCH}")
    with _storage_errors(folder, again(archive)), _named(archive):
        check_place(folder, overwrite=overwrite)
        # What a killed run has left.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            files = sorted(_files(archive, source, scratch, limits, cancel), key=lambda file: file.path)
            root, files = _flattened(scratch, files)
            yield root, files
            _put(root, folder, overwrite=overwrite)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def locked(
    folder: Path, cancel: threading.Event, *, wayout: str = "choose a folder that you may write to"
) -> Iterator[None]:
    """Keep others from making the same folder; a missing parent is made.

    Args:
        folder: The place.
        cancel: Set from anywhere, it ends the wait for another process.
        wayout: What to do if the folder cannot be made.

    Raises:
        TransferCancelledError: `cancel` was set while another process was at it.
        StorageError: The disk or its permissions do not allow it.
    """
    path = folder.with_name(f".{folder.name}{SCRATCH}.lock")
    lock = SoftFileLock(path, thread_local=False)
    with _storage_errors(folder, wayout):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except LockTimeout:
            log.warning("waiting for another process that unpacks to %s (it holds %s)", folder, path)
            try:
                lock.acquire(cancel_check=cancel.is_set)
            except LockTimeout:
                raise TransferCancelledError from None
    try:
        yield
    finally:
        lock.release()


def again(archive: Path) -> str:
    """What to do when the disk does not allow an archive to be unpacked."""
    return f"make room, or choose another folder, then unpack {archive} again: it is kept"


@contextmanager
def _named(archive: Path) -> Iterator[None]:
    """Let whoever is told of a refused archive know where it is."""
    try:
        yield
    except ArchiveError as error:
        said = str(error)
        raise ArchiveError(said if str(archive) in said else f"{said} ({archive} is kept)") from error


@contextmanager
def _storage_errors(folder: Path, wayout: str) -> Iterator[None]:
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raised = StorageError(f"could not unpack to {folder}: {(error.strerror or str(error)).lower()}; {wayout}")
        raised.errno = error.errno
        raise raised from error


def check_place(folder: Path, *, overwrite: bool) -> None:
    """See that a folder may be made there.

    Only what came out of an archive may be replaced: a folder with a receipt, and no file in it that the receipt does
    not name. Anything else is somebody's own, and is not ours to remove.

    Raises:
        TargetExistsError: It may not.
    """
    from .receipt import strangers  # noqa: PLC0415 -- which needs this module

    if not os.path.lexists(folder) or _is_empty_folder(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise TargetExistsError(f"{folder} is no folder: choose another one, or move it away", replaceable=False)
    own = strangers(folder)
    if own is None:
        raise TargetExistsError(
            f"{folder} has no {RECEIPT} that can be read, so it was not unpacked here and is not replaced: choose "
            "another folder, or move it away",
            replaceable=False,
        )
    if own:
        shown = ", ".join(printable(path, 100) for path in own[:3]) + (", ..." if len(own) > 3 else "")  # noqa: PLR2004 -- enough to see which
        raise TargetExistsError(
            f"{folder} has {len(own):,} files that did not come out of an archive ({shown}), and is not replaced: "
            "move them away first",
            replaceable=False,
        )
    if not overwrite:
        raise TargetExistsError(f"{folder} is there already: choose another folder, or allow it to be replaced")


def _is_empty_folder(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def _files(
    archive: Path, source: ArchiveSource, scratch: Path, limits: Limits, cancel: threading.Event
) -> Iterator[UnpackedFile]:
    names, count, total = Names(), 0, 0
    with _flusher() as flush, uncompressed(source, str(archive)) as (size, pieces):
        reader = TarReader(_bounded(pieces, int(max(size * limits.ratio, FREE_EXPANSION)), limits, cancel))
        for member in reader:
            count, total = count + 1, total + member.size
            path = checked(member.name)
            if not path and not member.is_folder:
                raise ArchiveError(f"the archive has a file without a name: {member.name!r}; it was not unpacked")
            if path:
                (names.add_folder if member.is_folder else names.add_file)(path)
            # A file's name brings up to 500 folders with it, and a folder may be named any number of times.
            _check_amounts(archive, scratch, max(count, len(names)), total, member, limits)
            if member.is_folder:
                (scratch / path).mkdir(parents=True, exist_ok=True)
            else:
                (scratch / path).parent.mkdir(parents=True, exist_ok=True)
                yield UnpackedFile(path, member.size, _write(scratch / path, reader.content(), flush))


def _bounded(pieces: Iterator[bytes], most: int, limits: Limits, cancel: threading.Event) -> Iterator[bytes]:
    seen = 0
    for piece in pieces:
        if cancel.is_set():
            raise TransferCancelledError
        seen += len(piece)
        if seen > most:
            raise ArchiveError(
                f"the archive expands to more than {limits.ratio:g} times its size ({most:,} bytes); it was not "
                "unpacked: allow a larger ratio if that is meant to be"
            )
        yield piece


def _check_amounts(  # noqa: PLR0913, PLR0917 -- the archive, the place, and what has been counted
    archive: Path, scratch: Path, count: int, total: int, member: Member, limits: Limits
) -> None:
    if count > limits.members:
        raise ArchiveError(
            f"the archive has more than {limits.members:,} members, folders included; it was not unpacked: "
            "allow more if that is meant to be"
        )
    if limits.size is not None and total > limits.size:
        raise ArchiveError(f"the archive holds more than the {limits.size:,} bytes allowed; it was not unpacked")
    free = shutil.disk_usage(scratch).free
    if member.size > free:
        raise NotEnoughSpaceError(str(scratch.parent), needed=member.size, free=free, kept=str(archive))


@contextmanager
def _flusher() -> Iterator[Callable[[Path], object]]:
    """Flush files in a thread, while others are written; at the end, raise what the disk had to say."""
    flushed: list[Future[None]] = []
    with ThreadPoolExecutor(1) as pool:
        yield lambda path: flushed.append(pool.submit(_flush, path))
    for each in flushed:
        # It says so once: the last flush of all would not hear of it.
        each.result()


def _write(path: Path, content: Iterator[memoryview], flush: Callable[[Path], object]) -> str:
    digest, size = hashlib.sha256(), 0
    with path.open("xb", buffering=0) as file:
        for piece in content:
            digest.update(piece)
            while piece:
                count = file.write(piece)
                if (size + count) // FLUSHED > size // FLUSHED:
                    flush(path)
                piece, size = piece[count:], size + count  # noqa: PLW2901 -- what is left of it
    return digest.hexdigest()


def _flattened(scratch: Path, files: list[UnpackedFile]) -> tuple[Path, list[UnpackedFile]]:
    """Step into the one folder that is around everything, if there is one."""
    entries = list(scratch.iterdir())
    if len(entries) != 1 or not entries[0].is_dir():
        return scratch, files
    prefix = entries[0].name + "/"
    return entries[0], [UnpackedFile(file.path.removeprefix(prefix), file.size, file.sha256) for file in files]


def _put(root: Path, folder: Path, *, overwrite: bool) -> None:
    """Flush everything, then give the folder its name."""
    for parent, _, names in os.walk(root):
        for name in names:
            _flush(Path(parent) / name)
        flush_folder(Path(parent))
    aside = None
    if os.path.lexists(folder) and not _is_empty_folder(folder):
        # Once more: unpacking takes its time, and somebody may have put something there meanwhile.
        check_place(folder, overwrite=overwrite)
        aside = folder.with_name(f".{folder.name}.replaced-{secrets.token_hex(4)}")
        folder.rename(aside)
    try:
        root.rename(folder)
    except OSError:
        if aside is not None:
            aside.rename(folder)
        raise
    flush_folder(folder.parent)
    if aside is not None:
        shutil.rmtree(aside, ignore_errors=True)


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
