"""A local file to upload: which files are accepted, and that the content does not change after its check."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from together_ext.errors import RuleError, StorageError, TransferCancelledError
from together_ext.storage import local_path, reading
from together_ext.text import printable

from .training_data import LONGEST, check_lines

_LINES: Final = 1000
"""Number of lines between two checks for cancellation."""

PIECE: Final = 1 << 18
"""Bytes that are read and sent at once."""


@dataclass(frozen=True)
class Seen:
    """The state of a file when it was checked.

    Attributes:
        size: Its size in bytes.
        modified: The time of its last modification, in nanoseconds since 1970.
        sha256: The SHA-256 of its content, in hexadecimal.
        lines: Number of examples in it; None if its lines were not checked.
    """

    size: int
    modified: int
    sha256: str
    lines: int | None


def path_of(file: str | os.PathLike[str]) -> Path:
    """The path of a file, with `~` for the home folder.

    Raises:
        ConfigurationError: It is a URL.
        RuleError: It is empty, or not a path.
    """
    return Path(local_path(file, "file"))


def look(path: Path, cancel: threading.Event, *, lines: bool, most: int | None = None) -> Seen:
    """Read a file once: hash it, and refuse it if it is invalid.

    Args:
        path: The file.
        cancel: Ends the work when it is set.
        lines: Whether its lines are checked, as those of training data.
        most: Maximum number of bytes; None for no limit.

    Returns:
        Its state.

    Raises:
        RuleError: The file is empty or too large, or not a regular file.
        TrainingFileError: A line is invalid.
        MissingPathError: The file does not exist.
        StorageError: The file cannot be read.
        TransferCancelledError: `cancel` was set.
    """
    with opened(path) as content, reading(path):
        size, modified = _state(content)
        if not size:
            raise RuleError(f"{_quoted(path)} is empty: there is nothing to upload")
        if most is not None and size > most:
            raise RuleError(
                f"{_quoted(path)} has {size:,} bytes; the maximum is {most:,} ({most / (1 << 30):.1f} GiB): "
                "split it, or convert it to .parquet"
            )
        digest = hashlib.sha256()
        count = None
        if lines:
            read = _hashed(iter(partial(content.readline, LONGEST + 1), b""), digest.update)
            count = check_lines(str(path), _until(read, cancel))
        else:
            for _ in _hashed(iter(partial(content.read, PIECE), b""), digest.update):
                if cancel.is_set():
                    raise TransferCancelledError
    return Seen(size, modified, digest.hexdigest(), count)


def _hashed(pieces: Iterable[bytes], update: Callable[[bytes], object]) -> Iterator[bytes]:
    for piece in pieces:
        update(piece)
        yield piece


def _until(lines: Iterable[bytes], cancel: threading.Event) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        if number % _LINES == 0 and cancel.is_set():
            raise TransferCancelledError
        yield line


def opened(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        RuleError: It is a folder, a pipe or a device.
        MissingPathError: It does not exist.
        StorageError: It cannot be read.
    """
    with reading(path):
        # Checked first: opening a pipe waits for the process that writes into it.
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise RuleError(f"{_quoted(path)} is a folder: name a file")
        if not stat.S_ISREG(mode):
            raise RuleError(f"{_quoted(path)} is a pipe or a device: name a file")
        return path.open("rb")


def _shown(path: Path) -> str:
    return printable(str(path), 200)


def _quoted(path: Path) -> str:
    """A path at the start of a message, where a plain word would be the name of a keyword."""
    return printable(repr(str(path)), 200)


def _state(content: io.IOBase | BinaryIO) -> tuple[int, int]:
    """The size and the modification time of a file: while both are the same, so is its content."""
    found = os.fstat(content.fileno())
    return found.st_size, found.st_mtime_ns


class Steady(io.FileIO):
    """An open file that cannot be read after it has changed, so that what was checked is what is sent.

    Without this check, the failure of a file that shrinks or grows would be one of HTTP, in the middle of a request.
    `pieces` is thread-safe; no thread reads after `close`.

    Args:
        content: The open file; stays open.
        path: Its path, for errors.
        seen: Its state when it was checked.
        moved: Called with the offset after each `read`.
    """

    def __init__(
        self, content: BinaryIO, path: Path, seen: Seen, moved: Callable[[int], object] = lambda _: None
    ) -> None:
        self._lock = threading.RLock()
        super().__init__(content.fileno(), closefd=False)
        self._path, self._seen, self._moved = path, (seen.size, seen.modified), moved

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes.

        Raises:
            StorageError: The file changed, or cannot be read.
        """
        with reading(self._path):
            data = super().read(size) or b""
            now = _state(self)
        if now != self._seen:
            raise StorageError(
                f"{_shown(self._path)} changed during the upload: upload it again when no program writes to it"
            )
        self._moved(self.tell())
        return data

    def pieces(self, start: int, stop: int, going: Callable[[int], object]) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`.

        Args:
            start: Offset of the first byte.
            stop: Offset after the last byte.
            going: Called with the number of bytes that were sent so far; raising from it ends the iteration.

        Raises:
            StorageError: The file changed, or cannot be read.
            TransferCancelledError: It was closed.
        """
        sent = start
        going(0)
        while sent < stop:
            with self._lock:
                if self.closed:
                    raise TransferCancelledError
                self.seek(sent)
                data = self.read(min(PIECE, stop - sent))
            if not data:  # its size is the same, so this is not its end
                raise StorageError(f"could not read {_shown(self._path)}: it ends at byte {sent:,}; check the disk")
            yield data
            sent += len(data)
            going(sent - start)

    def close(self) -> None:
        """Close this view; the file itself stays open."""
        with self._lock:
            super().close()
