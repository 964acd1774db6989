"""The folder that is made: one process at a time, only where nothing of the user is, and on the disk before it appears.

Loads no decompressor: downloads from the model registry use it, too.
"""

from __future__ import annotations

import errno
import glob
import logging
import os
import re
import secrets
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from together_ext.clock import all_awaited, submitted
from together_ext.errors import (
    StorageError,
    TargetExistsError,
    TransferCancelledError,
)
from together_ext.leases import Lease, Patience, Waiting
from together_ext.storage import flush_folder, is_at, is_own, not_private, publish_mode, storage_errors
from together_ext.text import some_of

from .receipt import RECEIPT, strangers, write
from .terms import UnpackedFile
from .tree import entries, folders

SCRATCH: Final = ".unpacking"
"""The temporary folder is `.<folder>.unpacking-` and random letters; the lease is `.<folder>.unpacking.lock`."""

PARTIAL: Final = ".registry-part"
"""The folder of files that arrive one by one is `.<folder>.registry-part`, so that a rerun finds it."""

REPLACED: Final = ".replaced"
"""A folder that is being replaced is `.<folder>.replaced-` and random letters."""

_TEMPORARY: Final = re.compile(
    rf"\..+({re.escape(SCRATCH)}-|{re.escape(PARTIAL)}$|{re.escape(REPLACED)}-).*", re.DOTALL
)

log = logging.getLogger("together_ext.archive")

FLUSHES: Final = 16
"""Number of files that are flushed at the same time at the end."""


@dataclass(frozen=True)
class FolderPlace:
    """The files of an archive in a folder."""

    path: Path

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder at a path."""
        return (self.path / path).is_dir()

    def remove(self, path: str) -> None:
        """Remove a file, if it exists."""
        (self.path / path).unlink(missing_ok=True)

    def read(self, path: str, most: int) -> bytes:
        """The first bytes of a file."""
        with (self.path / path).open("rb") as file:
            return file.read(most)

    def write(self, path: str, data: bytes) -> None:
        """Replace the content of a file."""
        (self.path / path).write_bytes(data)

    def seal(self, files: Sequence[UnpackedFile], entries: Mapping[str, Any]) -> None:
        """Write the receipt."""
        write(self.path, files, entries)


@dataclass(frozen=True)
class PrivateFolder:
    """A temporary folder, in which only this user may write.

    Attributes:
        path: Its path, unless another process has moved it.
        inside: A path through its descriptor where the system has such paths, so that a link that another user puts in
            its place in a shared folder diverts nothing.
        fd: Its descriptor; the caller closes it.
    """

    path: Path
    inside: Path
    fd: int

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an existing folder; raises `OSError` if the path is anything else."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        anchored = Path(f"/proc/self/fd/{fd}")
        return cls(path, anchored if anchored.is_dir() else path, fd)

    def is_private(self) -> bool:
        """Whether it belongs to this user, and no other user can write to it."""
        return not not_private(os.fstat(self.fd), self.path.parent)

    def check(self) -> None:
        """Check that it is still private and at its path; raises `StorageError` if not."""
        if not (self.is_private() and is_at(self.path, self.fd)):
            raise StorageError(
                f"{self.path} was replaced by another process during extraction: "
                "choose a folder that no other user may write to"
            )


@contextmanager
def locked(
    folder: Path,
    cancel: threading.Event,
    *,
    timeout: float | None = None,
    then: str | None = None,
    waiting: Callable[[Waiting], object] = lambda _: None,
) -> Iterator[Lease]:
    """Keep other processes from making the same folder; a missing parent is made.

    Args:
        folder: The absolute path of the folder to make.
        cancel: When set, from any thread, the wait for another process ends.
        timeout: Maximum seconds to wait for another process (default: as long as it runs).
        then: What an extraction is to do once the reason of an error is removed; None for another use of the folder.
        waiting: Called repeatedly while another process is waited for.

    Yields:
        The lease, which is renewed until the end.

    Raises:
        LockTimeoutError: Another process is still extracting to the folder after `timeout` seconds.
        TransferCancelledError: `cancel` was set during the wait.
        LeaseLostError: Another process took over while this one was stopped.
        StorageError: The disk or its permissions prevent it.
    """
    patience = Patience(timeout, cancel.is_set, pause=cancel.wait, waiting=waiting)
    errors = partial(storage_errors, folder, *(("extract to", then) if then else ("lock",)))
    with errors():
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_name(f".{folder.name}{SCRATCH}.lock")
        lease = Lease.acquire(lock, f"extracts to {folder}", patience)
    with lease:
        try:
            with errors():
                _complete_replacement(folder)
            yield lease
        except OSError:
            # The process that took over has removed the temporary folder of this one.
            lease.check()
            raise


def is_temporary(name: str) -> bool:
    """Whether a folder of this name is being made or replaced, or was when its process was killed."""
    return _TEMPORARY.fullmatch(name) is not None


def left_by_earlier_runs(folder: Path, kind: str) -> list[Path]:
    """The folders `.<folder><kind>-...` of this user."""
    found = []
    for path in folder.parent.glob(glob.escape(f".{folder.name}{kind}-") + "*"):
        with suppress(FileNotFoundError):
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode) and is_own(status, folder.parent):
                found.append(path)
    return found


def put(source: Path, fd: int, folder: Path, *, overwrite: bool, durable: bool) -> None:
    """Rename a complete folder to its final path, with the permissions of any new folder.

    Args:
        source: The complete folder.
        fd: Its descriptor.
        folder: The final path.
        overwrite: Whether an existing folder that was extracted before may be replaced.
        durable: Whether the rename is flushed.

    Raises:
        TargetExistsError: The path exists and may not be replaced.
        StorageError: Another process has replaced the folder.
        OSError: The disk refuses; the path is unchanged.
    """
    aside = folder.with_name(f".{folder.name}{REPLACED}-{secrets.token_hex(4)}")
    # Again, because something may have been put there meanwhile.
    check_place(folder, overwrite=overwrite)
    publish_mode(fd, 0o777)
    try:
        if os.path.lexists(folder) and not is_empty_folder(folder):
            _move_aside(folder, aside)
        source.rename(folder)
    except BaseException:
        if os.path.lexists(aside) and not os.path.lexists(folder):
            aside.rename(folder)
        raise
    if not is_at(folder, fd):
        raise StorageError(
            f"{folder} was replaced by another process: remove it, and choose a folder that no other user may write to"
        )
    if durable:
        flush_folder(folder.parent)
    if os.path.lexists(aside):
        _remove(aside)


def _move_aside(folder: Path, aside: Path) -> None:
    try:
        folder.rename(aside)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # A folder in a lower layer of overlayfs, such as one in the image of a container, cannot be renamed.
        remove(folder)


def _complete_replacement(folder: Path) -> None:
    """Complete what a process was killed at: the folder that was being replaced is removed, or gets its path back."""
    for aside in left_by_earlier_runs(folder, REPLACED):
        if strangers(aside) == []:
            if os.path.lexists(folder):
                _remove(aside)
            else:
                aside.rename(folder)


def _remove(folder: Path) -> None:
    try:
        remove(folder)
    except OSError as error:
        log.warning("could not remove %s, the folder that was replaced: %s; remove it by hand", folder, error.strerror)


def remove(folder: Path) -> None:
    """Remove a folder, not a link. Its receipt is removed last, so that an interrupted removal can be repeated.

    Raises:
        OSError: The disk refuses.
    """
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with os.scandir(fd) as listed:
            inside = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in listed]
        for name, is_folder in sorted(inside, key=lambda each: (each[0] == RECEIPT, each)):
            if is_folder:
                shutil.rmtree(name, dir_fd=fd)
            else:
                os.unlink(name, dir_fd=fd)
    finally:
        os.close(fd)
    folder.rmdir()


def check_place(folder: Path, *, overwrite: bool) -> None:
    """Check that a folder may be made at a path.

    Only the content of an archive is ever replaced: a folder with a receipt, and without any file that the receipt does
    not name. Everything else belongs to the user.

    Args:
        folder: The path.
        overwrite: Whether a folder that was extracted before may be replaced.

    Raises:
        TargetExistsError: The path exists and may not be replaced.
    """
    if folder.is_mount():
        raise TargetExistsError(
            f"{folder} is a mount point, which cannot be replaced: choose a folder in it", replaceable=False
        )
    if not os.path.lexists(folder) or is_empty_folder(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise TargetExistsError(f"{folder} is not a folder: choose another path, or move it away", replaceable=False)
    own = strangers(folder)
    if own is None:
        raise TargetExistsError(
            f"{folder} has no valid {RECEIPT}, so it is not replaced: choose another folder, or move it away",
            replaceable=False,
        )
    if own:
        raise TargetExistsError(
            f"{folder} has {len(own):,} files that its receipt does not name ({some_of(own)}), so it is not replaced: "
            "move them away first",
            replaceable=False,
        )
    if not overwrite:
        raise TargetExistsError(f"{folder} already exists: choose another folder, or allow it to be replaced")


def is_empty_folder(folder: Path) -> bool:
    """Whether a path is a folder, not a link, without any entry."""
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


def flush_all(root: Path, cancel: threading.Event) -> None:
    """Flush every file, then every folder; several at a time, since the disk flushes a dozen as fast as one.

    Args:
        root: The folder.
        cancel: When set, from any thread, the rest is not flushed.

    Raises:
        TransferCancelledError: `cancel` was set.
        OSError: The disk failed.
    """

    def each(call: Callable[[str], object], path: str) -> None:
        if cancel.is_set():
            raise TransferCancelledError
        call(path)

    pool = ThreadPoolExecutor(FLUSHES)
    try:
        all_awaited([submitted(pool, each, flush, entry.path) for entry in entries(root)])
        all_awaited([submitted(pool, each, _flush_folder_at, path) for path in folders(root)])
    finally:
        pool.shutdown(cancel_futures=True)


def _flush_folder_at(path: str) -> None:
    flush_folder(Path(path))


def flush(path: str) -> None:
    """Flush a file."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
