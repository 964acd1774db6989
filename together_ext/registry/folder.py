"""The folder that is being made of a revision: a rerun hashes the files that it finds in it.

It is beside the final folder under a fixed name, so that a rerun finds it, and gets its final name at the end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from together_ext.archive import receipt
from together_ext.archive.folders import PARTIAL, PrivateFolder, flush_all, put
from together_ext.archive.formats.source import open_regular
from together_ext.archive.receipt import RECEIPT
from together_ext.archive.terms import UnpackedFile
from together_ext.errors import ArchiveError, StorageError
from together_ext.storage import create_own, storage_errors

BESIDE: Final = re.compile(r"\.part")
"""Begins the ends of the names of partial files."""

LARGEST_IDENTITY: Final = 10_000
"""Maximum number of bytes that identify a revision."""


@dataclass(frozen=True)
class Finish:
    """How a folder gets its final name.

    Attributes:
        guard: Raises an error if another process has taken over.
        overwrite: Whether an existing folder that was downloaded before may be replaced.
        durable: Whether everything is flushed to the disk before.
    """

    guard: Callable[[], object]
    overwrite: bool
    durable: bool


def _files_of(path: str) -> list[str]:
    """The files that a path may belong to: as the file itself, or as one of its partial files."""
    return [path, *(path[: found.start()] for found in BESIDE.finditer(path))]


class PartialFolder:
    """The folder that is being made; its caller holds the lease of the final one.

    Attributes:
        path: Its path.
        final: The path that it gets at the end.
    """

    def __init__(self, final: Path) -> None:
        self.final = final
        self.path = final.with_name(f".{final.name}{PARTIAL}")
        self._opened: PrivateFolder | None = None

    @property
    def inside(self) -> Path:
        """A path of the folder that another user cannot divert, once it is prepared."""
        return self.path if self._opened is None else self._opened.inside

    def prepare(self, files: Sequence[str], unverifiable: Sequence[str], identity: Mapping[str, str]) -> None:
        """Make the folder, or take that of an earlier run; remove files that are not among these.

        Args:
            files: The paths of all files.
            unverifiable: Those whose content cannot be verified: they are kept only if they are of this revision.
            identity: What identifies the revision.

        Raises:
            StorageError: The disk refuses, or another user can write to the folder.
        """
        with storage_errors(self.path, "write to"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                self.path.mkdir(mode=0o700)
            self._open()
            known = self._revision() == identity
            self._remove_others(set(files))
            if not known:
                for file in unverifiable:
                    self.place(file).unlink(missing_ok=True)
            with os.fdopen(create_own(self.place(RECEIPT), os.O_WRONLY), "w", encoding="utf-8") as written:
                json.dump(identity, written)
            for folder in {self.place(file).parent for file in files}:
                folder.mkdir(parents=True, exist_ok=True)

    def _open(self) -> None:
        with suppress(NotADirectoryError):  # also for a symbolic link
            self._opened = PrivateFolder.open(self.path)
            weakref.finalize(self, os.close, self._opened.fd)
        if self._opened is None or not self._opened.is_private():
            raise StorageError(f"{self.path} is not a private folder of this user: remove it, and run it again")

    def _revision(self) -> object:
        """What identifies the revision that the files in it are of; it has the name of the receipt, as no file does."""
        try:
            with open_regular(self.place(RECEIPT), follow=False) as file:
                return json.loads(file.read(LARGEST_IDENTITY) or b"")
        except (OSError, ValueError, RecursionError, ArchiveError):
            return None

    def _remove_others(self, files: set[str]) -> None:
        for parent, folders, names in os.walk(self.inside, topdown=False):
            for name in names:
                found = Path(parent, name)
                path = found.relative_to(self.inside).as_posix()
                if found.is_symlink() or not any(of in files for of in _files_of(path)):
                    found.unlink()
            for name in folders:
                found = Path(parent, name)
                if found.is_symlink():
                    found.unlink()
                elif not any(found.iterdir()):
                    found.rmdir()

    def place(self, file: str) -> Path:
        """The path of a file in it."""
        return self.inside / file

    def present(self, sizes: Mapping[str, int]) -> int:
        """Number of bytes of the files in it that have the right size.

        Args:
            sizes: The size of each file, by path.
        """
        present = 0
        for file, size in sizes.items():
            with suppress(OSError):
                present += size if self.place(file).lstat().st_size == size else 0
        return present

    def finish(
        self, files: Sequence[UnpackedFile], origin: Mapping[str, Any], finish: Finish, cancel: threading.Event
    ) -> None:
        """Write the receipt, flush everything, and give the folder its final name.

        Raises:
            TargetExistsError: Something else is at the final path.
            TransferCancelledError: `cancel` was set.
            StorageError: The disk refuses.
        """
        with storage_errors(self.final, "write to"):
            self.place(RECEIPT).unlink(missing_ok=True)
            receipt.write(self.inside, files, origin)
            if finish.durable:
                flush_all(self.inside, cancel)
            finish.guard()
            assert self._opened is not None  # noqa: S101 -- see `prepare`
            self._opened.check()
            put(self.path, self._opened.fd, self.final, overwrite=finish.overwrite, durable=finish.durable)

    def discard(self) -> None:
        """Remove the folder, if it exists."""
        shutil.rmtree(self.path, ignore_errors=True)
