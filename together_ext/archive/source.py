"""Where an archive's bytes come from: a file that is whole, or one that grows while it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol


class OpenArchive(Protocol):
    """An archive that can be read from its front."""

    @property
    def size(self) -> int:
        """Bytes of the whole archive."""

    def read(self, count: int, /) -> bytes:
        """The next bytes, as many as that; fewer only at the end."""

    def seek(self, offset: int, /) -> int:
        """Go on from another offset."""


class ArchiveSource(Protocol):
    """Something to unpack."""

    def open(self) -> AbstractContextManager[OpenArchive]:
        """Open it."""

    def interrupt(self) -> None:
        """Make whoever waits for more of it give up: from any thread."""


class _OpenFile:
    def __init__(self, file: IO[bytes], size: int) -> None:
        self.read, self.seek, self.size = file.read, file.seek, size


@dataclass(frozen=True)
class StoredArchive:
    """An archive on the disk."""

    path: Path

    @contextmanager
    def open(self) -> Iterator[OpenArchive]:
        """Open the file; raises `OSError`."""
        with self.path.open("rb") as file:
            yield _OpenFile(file, self.path.stat().st_size)

    def interrupt(self) -> None:
        """Nobody waits: all of it is there."""
