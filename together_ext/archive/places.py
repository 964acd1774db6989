"""Where the files of an archive are written: a local folder, or an object store (`destinations`)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from .formats.source import ArchiveSource
from .limits import Limits
from .terms import UnpackedFile

Pieces = Iterator[memoryview]


class Writing(Protocol):
    """Takes the files of an archive, in its order."""

    def add_folder(self, path: str) -> None:
        """Add a folder, whose parent has been added."""

    def add_file(self, path: str, size: int, content: Pieces) -> None:
        """Write a file; each piece of its content is valid until the next one is requested."""

    def hashed(self, file: UnpackedFile) -> None:
        """Note the hash of a file whose content has been read; called by another thread."""

    def finish(self) -> None:
        """Wait until everything is written."""


class Place(Protocol):
    """The files of a whole archive, before they can be used."""

    def has_folder(self, path: str) -> bool:
        """Whether there is a folder at a path."""

    def remove(self, path: str) -> None:
        """Remove a file, if it exists."""

    def read(self, path: str, most: int) -> bytes:
        """The first bytes of a file."""

    def write(self, path: str, data: bytes) -> None:
        """Replace the content of a file."""

    def seal(self, files: Sequence[UnpackedFile], entries: Mapping[str, Any]) -> None:
        """Write the receipt of these files."""


Making = Callable[
    [ArchiveSource, Limits, threading.Event], AbstractContextManager[tuple[Place, Sequence[UnpackedFile]]]
]
"""Writes the files of an archive; yields their place, and them, sorted by path. At the end of the block they appear."""
