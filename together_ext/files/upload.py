"""A file on this machine on its way up: what it may be, and that it stays as it was seen."""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from together_ext.errors import MissingPathError, RuleError, StorageError, TransferCancelledError
from together_ext.storage import local_path
from together_ext.text import printable

from .training_data import LONGEST, check_lines

_LINES: Final = 1000
"""Lines between two looks at whether the work was cancelled."""

State = tuple[int, int]
"""By what a file is known to have stayed as it was: its size, and when it was written to."""


def path_of(file: str | os.PathLike[str]) -> Path:
    """The path of a file, with `~` for the home folder.

    Raises:
        ConfigurationError: It is a URL.
        RuleError: It is empty, or not a path.
    """
    return Path(local_path(file, "file"))


def look(path: Path, cancel: threading.Event, *, lines: bool) -> State:
    """Refuse an invalid file.

    Args:
        path: The file.
        cancel: Ends the work when it is set.
        lines: Whether its lines are looked at, as those of training data.

    Returns:
        The state that it was seen in.

    Raises:
        RuleError: There is nothing in it, or a line that cannot be trained on.
        StorageError: It is not there, or cannot be read.
    """
    with opened(path) as content:
        try:
            seen = _state(content)
            if not seen[0]:
                raise RuleError(f"{_shown(path)} is empty: there is nothing to upload")
        except OSError as error:
            _cannot_read(path, error)
        if lines:
            _check(content, path, cancel)
        return seen


def count_lines(path: Path, cancel: threading.Event) -> int:
    """Check the lines of training data; returns how many there are.

    Raises:
        TrainingFileError: A line cannot be trained on.
        StorageError: The file cannot be read.
    """
    with opened(path) as content:
        return _check(content, path, cancel)


def _check(content: BinaryIO, path: Path, cancel: threading.Event) -> int:
    try:
        return check_lines(str(path), _until(iter(partial(content.readline, LONGEST + 1), b""), cancel))
    except OSError as error:
        _cannot_read(path, error)


def _until(lines: Iterable[bytes], cancel: threading.Event) -> Iterator[bytes]:
    for number, line in enumerate(lines):
        if number % _LINES == 0 and cancel.is_set():
            raise TransferCancelledError
        yield line


def opened(path: Path) -> BinaryIO:
    """The file, open.

    Raises:
        RuleError: It is a folder, a pipe or a device.
        StorageError: It is not there, or cannot be read.
    """
    try:
        # Checked first: opening a pipe waits for the process that writes into it.
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise RuleError(f"{_shown(path)} is a folder: name a file")
        if not stat.S_ISREG(mode):
            raise RuleError(f"{_shown(path)} is a pipe or a device: name a file")
        return path.open("rb")
    except FileNotFoundError:
        raise MissingPathError(str(path)) from None
    except OSError as error:
        _cannot_read(path, error)


def _shown(path: Path) -> str:
    return printable(str(path), 200)


def _cannot_read(path: Path, error: OSError) -> NoReturn:
    reason = (error.strerror or "").lower()
    raise StorageError(f"could not read {_shown(path)}: {reason}; check its permissions") from error


def _state(content: io.IOBase | BinaryIO) -> State:
    found = os.fstat(content.fileno())
    return found.st_size, found.st_mtime_ns


class Steady(io.FileIO):
    """An open file that can be read as long as it stays as it was seen, so that what was checked is what is sent.

    Without this, one that shrinks or grows would break the request below everything that knows of files.
    """

    def __init__(self, content: BinaryIO, path: Path, seen: State) -> None:
        super().__init__(content.fileno(), closefd=False)
        self._path, self._seen = path, seen

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes.

        Raises:
            StorageError: The file changed, or cannot be read.
        """
        try:
            data = super().read(size) or b""
            now = _state(self)
        except OSError as error:
            _cannot_read(self._path, error)
        if now != self._seen:
            raise StorageError(
                f"{_shown(self._path)} changed before all of it was sent: upload it when nothing writes to it any more"
            )
        return data
