"""The partial file `<file>.part` and its journal `<file>.part.json`, until one rename gives the file its final name."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from together_ext.clock import boot_id
from together_ext.errors import LeaseLostError, NotEnoughSpaceError, StorageError
from together_ext.storage import (
    PRIVATE,
    UntrustedFileError,
    create_own,
    flush_folder,
    is_at,
    named,
    open_own,
    publish_mode,
    storage_errors,
)

from . import journal_file
from .journal import Journal, JournalError
from .mark import Mark, leave
from .plan import Spans, covered, merged

log = logging.getLogger("together_ext.transfer")

PART: Final = ".part"
JOURNAL: Final = ".part.json"
LOCK: Final = ".part.lock"

# fdatasync is cheaper, because it does not flush the timestamps; macOS lacks it.
_flush_data: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)


def lock_path(final: Path) -> Path:
    """The lock file of the process that downloads the file `final`."""
    return final.with_name(final.name + LOCK)


class Partial:
    """A file that is being assembled by one process; `write` is thread-safe."""

    def __init__(
        self, final: Path, *, lasting: bool = True, durable: bool = True, guard: Callable[[], object] = lambda: None
    ) -> None:
        """Set the paths; no file is opened yet.

        Args:
            final: The final path.
            lasting: Whether the complete file will be flushed, so that this begins early.
            durable: Whether the complete file is flushed before it gets its final name.
            guard: Called before each write; raises if another process has taken over.
        """
        self.final, self.lasting, self._durable, self.guard = final, lasting, durable, guard
        self.path = final.with_name(final.name + PART)
        self.journal_path = final.with_name(final.name + JOURNAL)
        # The second one remains after a crash, or if the disk is full.
        self._notes = (self.journal_path, final.with_name(final.name + JOURNAL + journal_file.SCRATCH))
        self._fd = -1

    def resume(self, identity: Mapping[str, str], size: int, condition: str) -> Journal:
        """Open the partial file and determine which of its bytes are kept; create an empty one if none are.

        Args:
            identity: What identifies the request.
            size: Size of the remote file in bytes.
            condition: The strong validator of the remote file.

        Returns:
            The journal to continue with: written spans are kept, flushed spans are on the disk.

        Raises:
            StorageError: The file cannot be opened or created.
        """
        journal = Journal(identity, size, condition, boot=boot_id())
        with storage_errors(self.path, "open"):
            try:
                found = journal_file.load(self.journal_path)
                if found is not None:
                    kept = self._reopened(found, identity, size, condition)
                    # Bytes written by a killed process may not be on the disk yet.
                    journal = replace(journal, flushed=found.flushed, written=kept)
            except JournalError as error:
                log.warning("restarting %s: its journal cannot be used: %s", self.final.name, error)
            except UntrustedFileError as error:
                log.warning("restarting %s: its partial file or journal is not trusted: %s", self.final.name, error)
            if not journal.written:
                self._create()
        return journal

    def kept(self, identity: Mapping[str, str], size: int, condition: str) -> int:
        """Number of bytes that `resume` would keep; changes nothing."""
        try:
            found = journal_file.load(self.journal_path)
            return 0 if found is None else covered(self._reopened(found, identity, size, condition))
        except (JournalError, UntrustedFileError, OSError):
            return 0
        finally:
            self.close()

    def start(self) -> None:
        """Create an empty partial file that cannot be resumed."""
        with storage_errors(self.path, "open"):
            self.journal_path.unlink(missing_ok=True)
            self._create()

    def _reopened(self, found: Journal, identity: Mapping[str, str], size: int, condition: str) -> Spans:
        if dict(found.identity) != dict(identity):
            raise JournalError("it belongs to another request")
        if (found.size, found.condition) != (size, condition):
            raise JournalError("the remote file has changed")
        kept = found.trusted(boot_id())
        if not kept:
            return kept
        self.close()
        try:
            self._fd = open_own(self.path, os.O_RDWR)
        except FileNotFoundError:
            raise JournalError("the partial file is missing") from None
        there = os.fstat(self._fd).st_size
        if there < kept[-1][1]:
            raise JournalError("the partial file is shorter than recorded")
        if there > size:
            raise JournalError("the partial file is longer than the remote one")
        return kept

    def _create(self) -> None:
        # Never an existing file: another process may have it open, and could read or change private weights.
        self.close()
        self._fd = create_own(self.path, os.O_RDWR)

    def write(self, data: memoryview, offset: int) -> None:
        """Write bytes at an offset; raises `StorageError`."""
        self.guard()
        with storage_errors(self.path, "write to"):
            while data:
                count = os.pwrite(self._fd, data, offset)
                data, offset = data[count:], offset + count

    def read(self, offset: int, count: int) -> bytes:
        """Read `count` bytes at an offset, fewer at the end; raises `StorageError`."""
        with storage_errors(self.path, "read"):
            return os.pread(self._fd, count, offset)

    def truncate(self) -> None:
        """Remove all bytes."""
        with storage_errors(self.path, "write to"):
            os.ftruncate(self._fd, 0)

    def flush(self) -> None:
        """Flush all written bytes to the disk; raises `StorageError`."""
        with storage_errors(self.path, "write to"):
            _flush_data(self._fd)

    def finish(self, size: int, mark: Mark | None = None) -> None:
        """Check the size, flush if the file is durable, and rename to the final path; removes the journal.

        Args:
            size: Expected size in bytes.
            mark: What the file is; None if that is not certain.

        Raises:
            LeaseLostError: Another process has taken over.
            StorageError: The size differs, or the disk failed.
        """
        self.guard()
        with storage_errors(self.path, "finish"):
            there = os.fstat(self._fd).st_size
            if there != size:
                raise OSError(errno.EIO, f"its size is {there:,} bytes; {size:,} bytes were written")
            if mark is not None:
                leave(self._fd, mark, lasting=self._durable)
            if self._durable:
                _flush_data(self._fd)
            self.guard()  # The flush may have taken long.
            self._rename()
            self.close()
            for path in self._notes:
                path.unlink(missing_ok=True)
            if self._durable:
                flush_folder(self.final.parent)

    def _rename(self) -> None:
        """Give this very file its final name, and the permissions of any new file."""
        self._check_at(self.path)
        # Last: a partial file that others may write to would not be resumed after `kill -9`.
        publish_mode(self._fd)
        try:
            self.path.replace(self.final)
        except OSError:
            os.fchmod(self._fd, PRIVATE)
            raise
        self._check_at(self.final)

    def _check_at(self, path: Path) -> None:
        if not is_at(path, self._fd):
            raise StorageError(
                f"{named(path)} was replaced by another process during the download: remove it, and choose a folder "
                "that no other user may write to"
            )

    def exists(self) -> bool:
        """Whether an earlier run has left any of the files."""
        return any(map(os.path.lexists, (*self._notes, self.path)))

    def discard(self) -> None:
        """Remove the partial file and its journal, unless another process has taken over."""
        self.close()
        with suppress(LeaseLostError):
            self.guard()
            for path in (*self._notes, self.path):
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; it is kept on the disk."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def abandon(self) -> None:
        """Stop using the file without closing it, because a thread that cannot be awaited still uses it."""
        self._fd = -1

    def check_space(self, size: int, kept: Spans, *, room: float = 0.0) -> None:
        """Check that the disk has enough free space.

        Args:
            size: Size of the complete file in bytes.
            kept: Spans that are on the disk already.
            room: Additional bytes needed for each byte of the file.

        Raises:
            NotEnoughSpaceError: The disk has less free space than needed.
        """
        besides = int(size * room)
        needed = size - covered(merged(kept)) + besides
        free = shutil.disk_usage(self.final.parent).free
        if needed > free:
            raise NotEnoughSpaceError(named(self.final.parent), needed=needed, free=free, unpacked=besides)
