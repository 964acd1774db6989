"""What is in a file of a folder or of an archive, read once, from its front, in pieces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, Protocol

from together_ext.errors import ArchiveError, printable

from .source import StoredArchive
from .stream import uncompressed
from .tar import TarReader
from .unpack import FREE_EXPANSION, Limits

PIECE: Final = 1 << 20


class Content(Protocol):
    """What is left of a file."""

    def pieces(self, count: int) -> Iterator[bytes | memoryview]:
        """The next bytes, fewer at the end; each piece is good until the next one is asked for."""

    def skip(self, count: int) -> None:
        """Pass over the next bytes."""


def members(place: Path) -> Iterator[tuple[str, int, Content]]:
    """Each file of a folder or of an archive: its path inside, its bytes, and its content.

    Raises:
        ArchiveError: It is no folder, and no archive that can be read.
        OSError: It cannot be read.
    """
    if place.is_dir():
        yield from _of_folder(place)
    else:
        yield from _of_archive(place)


def _of_folder(place: Path) -> Iterator[tuple[str, int, Content]]:
    for parent, _, names in sorted(os.walk(place)):
        for name in sorted(names):
            path = Path(parent) / name
            if path.is_file() and not path.is_symlink():
                with path.open("rb", buffering=0) as file:
                    yield path.relative_to(place).as_posix(), path.stat().st_size, _File(file)


def _of_archive(place: Path) -> Iterator[tuple[str, int, Content]]:
    limits, total = Limits(), 0
    with uncompressed(StoredArchive(place), str(place)) as (size, chunks):
        most = max(int(size * limits.ratio), FREE_EXPANSION)
        reader = TarReader(chunks)
        for count, member in enumerate(reader, 1):
            total += member.size
            if total > most or count > limits.members:
                raise ArchiveError(
                    f"{printable(str(place), 200)} holds more than {limits.members:,} files, or more than "
                    f"{limits.ratio:g} times its size: unpack it, if that is meant to be, and inspect the folder"
                )
            if not member.is_folder:
                yield member.name.removeprefix("./"), member.size, _Stream(reader.content())


class _File:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def pieces(self, count: int) -> Iterator[bytes]:
        while count and (piece := self._file.read(min(count, PIECE))):
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
