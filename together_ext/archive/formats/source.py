"""The sources of an archive's bytes: a complete file, or one that grows while it is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final, Protocol

from together_ext.errors import ArchiveError

_KINDS: Final = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


class OpenArchive(Protocol):
    """An open archive."""

    @property
    def size(self) -> int:
        """The size of the complete archive in bytes."""

    def read(self, count: int, /) -> bytes:
        """The next `count` bytes; fewer only at the end."""

    def seek(self, offset: int, /) -> int:
        """Continue at another offset, in bytes from the start; returns it."""


class ArchiveSource(Protocol):
    """A source of an archive."""

    def open(self) -> AbstractContextManager[OpenArchive]:
        """Open the archive for reading; raises `ArchiveError` and `OSError`."""

    def interrupt(self) -> None:
        """End any wait for more bytes; can be called from any thread."""


class NotRegularError(ArchiveError):
    """A path is not a regular file."""

    def __init__(self, path: str | os.PathLike[str], mode: int) -> None:
        self.kind = kind_of(mode)
        wayout = "name the archive itself (inspect and verify take folders)" if stat.S_ISDIR(mode) else "name a file"
        super().__init__(f"{os.fspath(path)} is {self.kind}, not a regular file: {wayout}")


def kind_of(mode: int) -> str:
    """The type of a path that is not a regular file, by its mode, such as `a FIFO`."""
    return _KINDS.get(stat.S_IFMT(mode), "a special file")


def open_regular(path: str | os.PathLike[str], *, follow: bool = True) -> FileIO:
    """Open a regular file for reading, without waiting at a FIFO or opening a device.

    Args:
        path: The file.
        follow: Whether symbolic links are followed.

    Returns:
        The unbuffered file.

    Raises:
        NotRegularError: The path is not a regular file.
        OSError: The file cannot be opened.
    """
    found = os.stat(path, follow_symlinks=follow)  # noqa: PTH116 -- also for strings
    if not stat.S_ISREG(found.st_mode):
        raise NotRegularError(path, found.st_mode)
    # The path may have been replaced since.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        raise NotRegularError(path, mode)
    return FileIO(fd)


class _OpenFile:
    """An open file; unlike `FileIO.read`, its `read` returns fewer bytes only at the end."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self.seek, self.size = file.seek, os.fstat(file.fileno()).st_size

    def read(self, count: int, /) -> bytes:
        data = self._file.read(count)
        while 0 < len(data) < count and (more := self._file.read(count - len(data))):
            data += more
        return data


@dataclass(frozen=True)
class StoredArchive:
    """A complete archive on the disk."""

    path: Path

    @contextmanager
    def open(self) -> Iterator[OpenArchive]:
        """Open the file; raises `NotRegularError` and `OSError`."""
        with open_regular(self.path) as file:
            yield _OpenFile(file)

    def interrupt(self) -> None:
        """Do nothing: the archive is complete, so no read waits."""
