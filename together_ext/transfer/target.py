"""The local file: its path, and whether it already exists."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

from together_ext.errors import IntegrityError, LockTimeoutError, StorageError, TargetExistsError
from together_ext.leases import Lease, Patience
from together_ext.storage import absolute, local_path, storage_errors

from .failures import cut_short
from .journal_file import SCRATCH
from .mark import Mark, find, is_ours
from .partial import JOURNAL, Partial, lock_path
from .plan import Span
from .responses import Content, check_same
from .source import Remote

HEAD: Final = 512
"""Number of bytes at the beginning of a file that determine its format; the length of a tar header."""

SAMPLE: Final = 64 << 10
"""Number of bytes at each end that are compared between two files of the same size."""


Structure = Callable[[Callable[[int, int], bytes], int, Callable[[], object]], bool]
"""Called with a function that reads at an offset, the size in bytes, and a callback that may end the check.

Returns whether the content proves that the file is complete; raises `IntegrityError` if it proves the opposite.
"""


@dataclass(frozen=True)
class Head:
    """The beginning of a remote file.

    Attributes:
        data: The first `HEAD` bytes, or the whole file if it is shorter.
        media_type: The `Content-Type` of the response, without parameters.
    """

    data: bytes
    media_type: str


@dataclass(frozen=True)
class Target:
    """The local path of a file.

    Attributes:
        folder: An absolute folder; created if it does not exist.
        stem: The name without its extension; one path component.
        extension: Determines the extension from the beginning of the file; raises `IntegrityError` to refuse the file.
        extensions: All values that `extension` may return.
        structure: Checks by the content whether the file is complete; None if its format has no such check.
    """

    folder: Path
    stem: str
    extension: Callable[[Head], str]
    extensions: tuple[str, ...]
    structure: Structure | None = None

    @classmethod
    def exactly(
        cls,
        path: str | os.PathLike[str],
        check: Callable[[Head], object] = lambda _: None,
        structure: Structure | None = None,
    ) -> Self:
        """Create a target with a fixed path.

        Args:
            path: The final path.
            check: Called with the beginning of the file; raises `IntegrityError` to refuse it.
            structure: Checks by the content whether the file is complete.

        Returns:
            The target.

        Raises:
            ConfigurationError, RuleError: `path` is a URL, or not a path.
        """

        def extension(head: Head) -> str:
            check(head)
            return ""

        place = absolute(local_path(path, "path"))
        return cls(place.parent, place.name, extension, ("",), structure)

    @property
    def paths(self) -> list[Path]:
        """All possible final paths."""
        return [self.folder / f"{self.stem}{extension}" for extension in self.extensions]

    def path(self, head: Head) -> Path:
        """The final path of a file with this beginning; raises `IntegrityError` if the file is refused."""
        return self.folder / f"{self.stem}{self.extension(head)}"

    def prepare(self) -> None:
        """Create the folder, and check that the file can be written there, before any request.

        Raises:
            StorageError: The folder is not writable, the name is too long, or the path is a folder.
        """
        with storage_errors(self.folder, "write to"):
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                reason = errno.EROFS if os.statvfs(self.folder).f_flag & os.ST_RDONLY else errno.EACCES
                raise OSError(reason, os.strerror(reason))
        with storage_errors(self.folder / self.stem, "write to"):
            # Before any request: a name that is too long, or a folder at the final path.
            for path in self.paths:
                if path.is_dir():
                    raise StorageError(f"{path} is a folder; pass the path of a file in it")
                with suppress(FileNotFoundError):
                    # Not exists(), which hides the error in Python 3.14 and later.
                    os.lstat(path.with_name(path.name + JOURNAL + SCRATCH))

    def exists(self) -> bool:
        """Whether anything exists at a possible final path."""
        return any(map(os.path.lexists, self.paths))

    def marked(self, source: str) -> tuple[Path, Mark] | None:
        """The complete file that an earlier run has downloaded from `source`, if it was not modified since."""
        for path in self.paths:
            mark = find(path)
            # A crash between the last two steps of an earlier run leaves its journal, which is removed after a check.
            if mark is not None and mark.source == source and not Partial(path).exists():
                return path, mark
        return None

    def discard_partials(self) -> None:
        """Remove the partial files of earlier runs, unless a process is writing them."""
        for partial in map(Partial, self.paths):
            if partial.exists():
                with (
                    suppress(LockTimeoutError, OSError),
                    Lease.acquire(lock_path(partial.final), f"downloads {partial.final.name}", Patience(timeout=0)),
                ):
                    partial.discard()

    def was_begun(self) -> bool:
        """Whether an earlier run has left a file or a journal, so that a large first request would be wasteful."""
        return self.exists() or any(os.path.lexists(path.with_name(path.name + JOURNAL)) for path in self.paths)


def check_identical(path: Path, size: int | None, head: bytes, remote: Remote, stop: threading.Event) -> None:
    """Check that the file at the final path is the remote file.

    It is accepted if it has the same size and the same bytes at both ends. The end of an archive contains its checksum,
    so another version with the same ends is not expected. A file that another user owns or can write is compared as a
    whole, because its middle may have been forged.

    Args:
        path: The final path.
        size: Size of the remote file in bytes; None if unknown.
        head: The first bytes of the remote file.
        remote: The remote file, for the request of its last bytes.
        stop: Set to stop the check.

    Raises:
        PassingError: A retry may help.
        TargetExistsError: A different file exists at the path.
        StorageError: The existing file cannot be read.
    """
    with storage_errors(path, "read"):
        if path.is_file() and path.stat().st_size == size:
            with path.open("rb") as file:
                start = max(size - SAMPLE, 0) if is_ours(file.fileno(), path.parent) else 0
                if file.read(len(head)) == head and (size == 0 or _equal_from(start, file, size, remote, stop)):
                    return
    raise TargetExistsError(
        f"{path} exists and differs from the remote file: move it or choose another path, or allow overwriting"
    )


def check_intact(path: Path, structure: Structure | None, look: Callable[[], object]) -> bool:
    """Check by its content that the file at the final path, whose ends are right, has its middle, too.

    The file may be of a tool that allocates a file before it downloads it.

    Args:
        path: The final path.
        structure: The check of the content; None if the format has none.
        look: Called now and then; an exception from it ends the check.

    Returns:
        Whether the content proves that the file is complete.

    Raises:
        TargetExistsError: The file is damaged.
        StorageError: The file cannot be read.
    """
    if structure is None:
        return False
    with storage_errors(path, "read"), path.open("rb") as file:

        def read(offset: int, count: int) -> bytes:
            return os.pread(file.fileno(), count, offset)

        try:
            return structure(read, path.stat().st_size, look)
        except IntegrityError as error:
            raise TargetExistsError(
                f"{path} exists and is damaged: move it or choose another path, or allow overwriting"
            ) from error


def tail_matches(partial: Partial, span: Span, remote: Remote, content: Content, stop: threading.Event) -> bool:
    """Compare the last bytes of a kept span, at most `SAMPLE`, with the remote file.

    Args:
        partial: The partial file.
        span: The span.
        remote: The remote file.
        content: The first response of the transfer.
        stop: Set to stop the check.

    Returns:
        Whether they are equal.

    Raises:
        PassingError: A retry may help.
        RemoteChangeError: The remote file has changed.
    """
    start, end = max(span[0], span[1] - SAMPLE), span[1]
    while start < end:
        with remote.open(start, end, condition=content.validator.condition) as body:
            check_same(content, body.content, start=start)
            # The body of a file made of parts ends with its part.
            wanted = min(end, body.content.stop or end) - start
            data = body.read(wanted, stop)
        if len(data) < wanted:
            raise cut_short(len(data), wanted)
        if data != partial.read(start, wanted):
            return False
        start += wanted
    return True


def _equal_from(start: int, file: BinaryIO, size: int, remote: Remote, stop: threading.Event) -> bool:
    with remote.open(start, size) as body:
        # A server without byte ranges sends the whole file, which is then compared.
        file.seek(start if body.content.partial else 0)
        while data := file.read(SAMPLE):
            if body.read(len(data), stop) != data:
                return False
    return True
