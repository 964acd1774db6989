"""The partial file: `<file>.part` and its journal `<file>.part.json`, until one rename makes them the file."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from together_ext.disk import flush_folder
from together_ext.errors import NotEnoughSpaceError, StorageError

from . import journal_file
from .journal import Journal, JournalError, boot_id
from .plan import Spans, covered, merged

log = logging.getLogger("together_ext.transfer")

PART: Final = ".part"
JOURNAL: Final = ".part.json"
LOCK: Final = ".part.lock"

# Where the system has it, the cheaper flush that leaves out the file's times.
_flush_data: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)


@contextmanager
def storage_errors(path: Path, action: str) -> Iterator[None]:
    """Raise what the operating system says of a disk as an error that names the path and the way out."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        wayout = {
            errno.ENOSPC: "make room, then run it again",
            errno.EDQUOT: "make room within the quota, then run it again",
            errno.EACCES: "choose a folder that you may write to",
            errno.EPERM: "choose a folder that you may write to",
            errno.EROFS: "choose a folder that you may write to",
            errno.ENAMETOOLONG: "choose a shorter name",
            errno.ENOTDIR: "choose a path whose parents are folders",
            errno.EEXIST: "choose a path whose parents are folders",
        }.get(error.errno or 0, "check the disk, then run it again")
        raised = StorageError(f"could not {action} {path}: {(error.strerror or str(error)).lower()}; {wayout}")
        raised.errno = error.errno
        raise raised from error


class Partial:
    """A file that is being put together. One owner; writing is safe from several threads at once."""

    def __init__(self, final: Path, *, lasting: bool = True) -> None:
        """Name the files; nothing is touched yet.

        Args:
            final: The file.
            lasting: Whether it is likely to stay: then it is worth it that the disk begins with it early.
        """
        self.final, self.lasting = final, lasting
        self.path = final.with_name(final.name + PART)
        self.journal_path = final.with_name(final.name + JOURNAL)
        # The second one is left by a crash, or by a disk that is full.
        self._notes = (self.journal_path, final.with_name(final.name + JOURNAL + journal_file.SCRATCH))
        self._fd = -1

    def resume(self, identity: Mapping[str, str], size: int, condition: str) -> Journal:
        """Open the partial file and say which of its bytes can be kept; a clean start if none can.

        Args:
            identity: What is being asked for.
            size: Bytes of the remote file.
            condition: The strong validator of the remote file.

        Returns:
            The journal to go on with: what it says is written is kept, what it says is flushed is on the disk.
        """
        journal = Journal(identity, size, condition, boot=boot_id())
        with storage_errors(self.path, "open"):
            try:
                found = journal_file.load(self.journal_path)
                if found is not None:
                    kept = self._usable(found, identity, size, condition)
                    # What was written by a process that was killed may not be on the disk yet.
                    journal = replace(journal, flushed=found.flushed, written=kept)
            except JournalError as error:
                log.warning("starting %s anew: its journal cannot be used: %s", self.final.name, error)
            self._open(keep=bool(journal.written))
        return journal

    def start(self) -> None:
        """Open an empty partial file that no later run can go on from."""
        with storage_errors(self.path, "open"):
            self.journal_path.unlink(missing_ok=True)
            self._open(keep=False)

    def _usable(self, found: Journal, identity: Mapping[str, str], size: int, condition: str) -> Spans:
        if dict(found.identity) != dict(identity):
            raise JournalError("it is of another request")
        if (found.size, found.condition) != (size, condition):
            raise JournalError("the remote file has changed since")
        kept = found.trusted(boot_id())
        try:
            there = self.path.lstat().st_size
        except FileNotFoundError:
            raise JournalError("the partial file is gone") from None
        if kept and there < kept[-1][1]:
            raise JournalError("the partial file is shorter than it says")
        if there > size:
            raise JournalError("the partial file is longer than the remote one")
        return kept

    def _open(self, *, keep: bool) -> None:
        self.close()
        # A link at this name is not ours: following it would write somewhere else.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | (0 if keep else os.O_TRUNC)
        self._fd = os.open(self.path, flags, 0o666)

    def write(self, data: memoryview, offset: int) -> None:
        """Put bytes at an offset; returns when the kernel has all of them."""
        with storage_errors(self.path, "write to"):
            while data:
                count = os.pwrite(self._fd, data, offset)
                data, offset = data[count:], offset + count

    def read(self, count: int) -> bytes:
        """The first bytes."""
        with storage_errors(self.path, "read"):
            return os.pread(self._fd, count, 0)

    def truncate(self) -> None:
        """Forget all bytes."""
        with storage_errors(self.path, "write to"):
            os.ftruncate(self._fd, 0)

    def flush(self) -> None:
        """Return when the disk has all bytes that were written before."""
        with storage_errors(self.path, "write to"):
            _flush_data(self._fd)

    def finish(self, size: int) -> None:
        """Make it the file: flushed, of the right size, by one rename; the journal goes."""
        with storage_errors(self.path, "finish"):
            there = os.fstat(self._fd).st_size
            if there != size:
                raise OSError(errno.EIO, f"it has {there:,} bytes where {size:,} were written")
            _flush_data(self._fd)
            self.close()
            self.path.replace(self.final)
            for path in self._notes:
                path.unlink(missing_ok=True)
            flush_folder(self.final.parent)

    def discard(self) -> None:
        """Remove every trace."""
        self.close()
        for path in (*self._notes, self.path):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file; what is on the disk stays."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def abandon(self) -> None:
        """Let go of the file without closing it, since a thread that cannot be waited for still holds it."""
        self._fd = -1

    def check_space(self, size: int, kept: Spans, *, room: float = 0.0) -> None:
        """Refuse a file that would not fit.

        Args:
            size: Its bytes.
            kept: What of them is there already.
            room: Bytes wanted besides for each of its bytes.

        Raises:
            NotEnoughSpaceError: What is still to come is more than the disk has free.
        """
        needed = size - covered(merged(kept)) + int(size * room)
        free = shutil.disk_usage(self.final.parent).free
        if needed > free:
            raise NotEnoughSpaceError(str(self.final.parent), needed=needed, free=free)
