"""Where a file goes, and whether it is there already."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from together_ext.errors import StorageError, TargetExistsError

from .journal_file import SCRATCH
from .partial import JOURNAL, LOCK, Partial, storage_errors
from .source import Remote

HEAD: Final = 512
"""Bytes at a file's front that its format can be told from; a tar header is as long."""

SAMPLE: Final = 64 << 10
"""Bytes at each end that two files of the same size are compared by."""


@dataclass(frozen=True)
class Head:
    """The front of a remote file.

    Attributes:
        data: Its first bytes; at least `HEAD` of them, if the file has as many.
        media_type: What the server calls it.
    """

    data: bytes
    media_type: str


@dataclass(frozen=True)
class Target:
    """Where a file goes.

    Attributes:
        folder: An absolute folder; made if it is missing.
        stem: The name without its extension: one path component.
        extension: Tells the extension from the file's front; raises `IntegrityError` for what must not be kept.
        extensions: All that `extension` may return.
    """

    folder: Path
    stem: str
    extension: Callable[[Head], str]
    extensions: tuple[str, ...]

    @classmethod
    def exactly(cls, path: str | os.PathLike[str], check: Callable[[Head], object] = lambda _: None) -> Self:
        """A target with a fixed name; `check` may refuse the file by its front."""

        def extension(head: Head) -> str:
            check(head)
            return ""

        absolute = Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow links, which is not asked for
        return cls(absolute.parent, absolute.name, extension, ("",))

    def path(self, head: Head) -> Path:
        """The final path, now that the file's front is known."""
        return self.folder / f"{self.stem}{self.extension(head)}"

    def prepare(self) -> None:
        """Make the folder, and see that a file can be written there.

        Raises:
            StorageError: It cannot.
        """
        with storage_errors(self.folder, "write to"):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise PermissionError(13, "permission denied")
        with storage_errors(self.folder / self.stem, "write to"):
            # A name that is too long, or a folder at the file's place, is found out before a byte is asked for.
            for extension in self.extensions:
                path = self.folder / f"{self.stem}{extension}"
                if path.is_dir():
                    raise StorageError(f"{path} is a folder: name the file in it")
                with suppress(FileNotFoundError):
                    # Not exists(), which hides the reason from Python 3.14 on.
                    os.lstat(path.with_name(path.name + JOURNAL + SCRATCH))

    def is_there(self) -> bool:
        """Whether a file has the final name already, whatever it is."""
        return any(os.path.lexists(self.folder / f"{self.stem}{extension}") for extension in self.extensions)

    def discard_partials(self) -> None:
        """Remove what earlier runs left of a file that is not wanted any more, unless somebody is at it."""
        for extension in self.extensions:
            partial = Partial(self.folder / f"{self.stem}{extension}")
            if not os.path.lexists(partial.final.with_name(partial.final.name + LOCK)):
                partial.discard()

    def anything_there(self) -> bool:
        """Whether an earlier run has left something to compare with, so that a large first request would be waste."""
        paths = [self.folder / f"{self.stem}{extension}" for extension in self.extensions]
        return any(os.path.lexists(found) for path in paths for found in (path, path.with_name(path.name + JOURNAL)))


def check_complete(path: Path, size: int | None, head: bytes, remote: Remote, stop: threading.Event) -> None:
    """See that what is at the final path is the remote file.

    It counts as the same file if it has the same size and the same bytes at both ends. An archive's end holds its
    checksum, so that another version with the same ends is not to be expected.

    Args:
        path: The final path.
        size: Bytes of the remote file; None if unknown.
        head: The first bytes of the remote file.
        remote: Asked for the last bytes.
        stop: Set to end it.

    Raises:
        PassingError: Asking again may help.
        TargetExistsError: There is something else, and it must not be replaced.
    """
    with storage_errors(path, "read"):
        if path.is_file() and path.stat().st_size == size:
            with path.open("rb") as file:
                if file.read(len(head)) == head and (size == 0 or _ends_alike(file, size, remote, stop)):
                    return
    raise TargetExistsError(
        f"{path} is there already and is another file: move it away, choose another place, or allow overwriting"
    )


def _ends_alike(file: BinaryIO, size: int, remote: Remote, stop: threading.Event) -> bool:
    start = max(size - SAMPLE, 0)
    with remote.open(start, size) as body:
        # A server without ranges sends all of it, and all of it is compared.
        file.seek(start if body.content.partial else 0)
        while data := file.read(SAMPLE):
            if body.read(len(data), stop) != data:
                return False
    return True
