"""Write the files of an archive: a thread decompresses them, one writes them, one hashes them, one flushes them."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from together_ext.errors import NotEnoughSpaceError

from .behind import Behind
from .folders import flush
from .formats.source import ArchiveSource
from .formats.stream import bounded, uncompressed
from .formats.tar import TarReader
from .limits import Limits
from .members import Allowed, allowed
from .places import Pieces, Writing
from .terms import UnpackedFile
from .tree import path_of

FLUSHED: Final = 64 << 20
"""A file is flushed by a thread after each so many bytes, so that little is left to flush at the end."""

UNFLUSHED: Final = 2
"""Maximum number of flushes that wait for their turn. A flush cannot be interrupted: it must not have much to write."""

UNHASHED: Final = 4
"""Maximum number of pieces that are written and not yet hashed."""

SMALL: Final = 64 << 10
"""Files up to this size in bytes are hashed at once: handing them over takes longer."""

Run = Callable[[Callable[[], object]], object]


def write_files(
    name: str, source: ArchiveSource, writing: Writing, limits: Limits, cancel: threading.Event
) -> list[UnpackedFile]:
    """Write the files of an archive.

    Args:
        name: The name of the archive in errors.
        source: The bytes of a zstd, gzip or plain tar archive.
        writing: Where to.
        limits: The limits of the archive.
        cancel: When set, from any thread, extraction ends.

    Returns:
        The files, in the order of the archive.

    Raises:
        ArchiveError: The archive is damaged or contains what is refused.
        TransferCancelledError: `cancel` was set.
        NotEnoughSpaceError: The disk does not have enough free space.
        OSError: The disk or its permissions prevent it.
        OutOfMemoryError: There is not enough memory.
    """
    files: list[UnpackedFile] = []
    with Behind(UNHASHED) as hashing, uncompressed(source, name, limits, cancel) as (size, pieces):
        reader = TarReader(bounded(pieces, size, limits), limits)
        for member in allowed(reader, limits):
            for new in member.folders:
                writing.add_folder(new)
            if not member.is_folder:
                run, digest = hashing.run if member.size > SMALL else _run, hashlib.sha256()
                content = _passed_on(reader.content(), digest.update, run)
                writing.add_file(member.path, member.size, content)
                run(partial(_add, files, writing, member, digest))
        hashing.finish()
        writing.finish()
    return files


def _run(call: Callable[[], object]) -> None:
    call()


def _passed_on(content: Pieces, update: Callable[[memoryview], object], run: Run) -> Pieces:
    for piece in content:
        run(partial(update, piece))
        yield piece


def _add(files: list[UnpackedFile], writing: Writing, member: Allowed, digest: hashlib._Hash) -> None:
    file = UnpackedFile(member.path, member.size, digest.hexdigest())
    files.append(file)
    writing.hashed(file)


class FolderWriting:
    """Writes files to an empty folder; a context manager."""

    def __init__(self, folder: Path, room: Room, *, durable: bool) -> None:
        """Start.

        Args:
            folder: The folder.
            room: The free space of its disk.
            durable: Whether files are flushed while others are written, so that `flush_all` has little left to flush.
        """
        self._folder, self._room, self._durable = folder, room, durable
        self._flushing = Behind(UNFLUSHED)

    def add_folder(self, path: str) -> None:
        """Make a folder."""
        os.mkdir(path_of(self._folder, path))  # noqa: PTH102 -- a string

    def add_file(self, path: str, size: int, content: Pieces) -> None:
        """Write a file; raises `NotEnoughSpaceError` if it does not fit."""
        self._room.take(size)
        _write(path_of(self._folder, path), content, self._flushing if self._durable else None)

    def hashed(self, file: UnpackedFile) -> None:
        """Do nothing: the receipt has the hash."""

    def finish(self) -> None:
        """Wait for the flushes."""
        self._flushing.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._flushing.__exit__(kind, error, traceback)


def _write(path: str, content: Pieces, flushing: Behind | None) -> None:
    size = 0
    with open(path, "xb", buffering=0) as file:  # noqa: PTH123 -- a string
        for piece in content:
            while piece:
                count = file.write(piece)
                if flushing and (size + count) // FLUSHED > size // FLUSHED:
                    # An error of this flush is raised: Linux reports it once, not to the flush at the end.
                    flushing.run(partial(flush, path))
                piece, size = piece[count:], size + count  # noqa: PLW2901 -- what is left of it


class Room:
    """The free space of a disk, which is looked up again only when the last figure is used up."""

    def __init__(self, folder: Path, shown: Path, kept: str | None = None) -> None:
        """Look at a disk.

        Args:
            folder: A folder on it.
            shown: The folder that an error names.
            kept: The archive that an error says is kept.
        """
        self._folder, self._shown, self._kept = folder, shown, kept
        self._left = 0

    def take(self, size: int) -> None:
        """Reserve so many bytes; raises `NotEnoughSpaceError` if they do not fit."""
        if size > self._left:
            self._left = shutil.disk_usage(self._folder).free
        if size > self._left:
            raise NotEnoughSpaceError(str(self._shown), needed=size, free=self._left, kept=self._kept)
        self._left -= size
