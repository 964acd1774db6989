"""The content of each file of a folder or an archive, read once, from start to end, in pieces."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final, Protocol

from together_ext.errors import ArchiveError, TransferCancelledError
from together_ext.text import printable

from .formats.source import NotRegularError, StoredArchive, kind_of, open_regular
from .formats.stream import bounded, uncompressed
from .formats.tar import TarReader
from .limits import FREE_EXPANSION, Limits
from .members import allowed
from .tree import entries

PIECE: Final = 1 << 20


class Content(Protocol):
    """The remaining bytes of a file."""

    def pieces(self, count: int) -> Iterator[bytes | memoryview]:
        """The next `count` bytes, fewer at the end; each piece is valid until the next one is requested."""

    def skip(self, count: int) -> None:
        """Skip the next `count` bytes."""


@dataclass(frozen=True)
class File:
    """A file of a folder or an archive.

    Attributes:
        name: Its path inside.
        size: Its size in bytes.
        content: Its content.
    """

    name: str
    size: int
    content: Content


@dataclass(frozen=True)
class Special:
    """An entry of a folder that is neither a file nor a folder, and is not opened.

    Attributes:
        name: Its path inside.
        kind: Its type, such as `a FIFO`.
    """

    name: str
    kind: str


def contents(place: Path, limits: Limits, cancel: threading.Event) -> Generator[File | Special]:
    """The files of a folder or an archive, each of which can be read until the next one is requested.

    Args:
        place: The absolute path of the folder or archive.
        limits: The limits of an archive.
        cancel: When set, from any thread, reading ends with `TransferCancelledError`.

    Raises:
        ArchiveError: The path is neither a folder nor an archive that can be read.
        TransferCancelledError: `cancel` was set.
        OSError: A file cannot be read.
    """
    if stat.S_ISDIR(place.stat().st_mode):
        yield from _of_folder(place, cancel)
    else:
        yield from _of_archive(place, limits, cancel)


def _of_folder(place: Path, cancel: threading.Event) -> Iterator[File | Special]:
    for entry in entries(place):
        if cancel.is_set():
            raise TransferCancelledError
        if not stat.S_ISREG(entry.mode):
            yield Special(entry.name, kind_of(entry.mode))
            continue
        try:
            file = open_regular(entry.path, follow=False)
        except NotRegularError as error:
            yield Special(entry.name, error.kind)
            continue
        with file:
            yield File(entry.name, os.fstat(file.fileno()).st_size, _File(file, cancel))


def _of_archive(place: Path, limits: Limits, cancel: threading.Event) -> Iterator[File]:
    total, empty = 0, True
    with uncompressed(StoredArchive(place), str(place), limits, cancel) as (size, chunks):
        most = max(int(size * limits.ratio), FREE_EXPANSION)
        reader = TarReader(bounded(chunks, size, limits), limits)
        for member in allowed(reader, limits):
            total += member.size
            if total > most:
                raise ArchiveError(
                    f"{printable(str(place), 200)} expands to more than {limits.ratio:g} times its size: if that is "
                    "expected, extract it and inspect the folder"
                )
            if not member.is_folder:
                empty = False
                yield File(member.path, member.size, _Stream(reader.content()))
    if empty:
        raise ArchiveError(f"{place} contains no files; download it again")


class _File:
    def __init__(self, file: FileIO, cancel: threading.Event) -> None:
        self._file, self._cancel = file, cancel

    def pieces(self, count: int) -> Iterator[bytes]:
        while count and (piece := self._file.read(min(count, PIECE))):
            if self._cancel.is_set():
                raise TransferCancelledError
            count -= len(piece)
            yield piece

    def skip(self, count: int) -> None:
        self._file.seek(count, os.SEEK_CUR)


class _Stream:
    def __init__(self, pieces: Iterator[memoryview]) -> None:
        self._pieces, self._piece = pieces, memoryview(b"")

    def pieces(self, count: int) -> Iterator[memoryview]:
        while count and (self._piece or self._next()):
            piece = self._piece[:count]
            self._piece = self._piece[len(piece) :]
            count -= len(piece)
            yield piece

    def skip(self, count: int) -> None:
        for _ in self.pieces(count):
            pass

    def _next(self) -> memoryview:
        self._piece = next(self._pieces, memoryview(b""))
        return self._piece
