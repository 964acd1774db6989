"""The files of a revision, made equal to the server's: large ones one after the other, small ones several at once.

A file that has arrived is hashed in another thread while the next one arrives. A hash that does not match means that a
part is bad: parts are requested again, one at a time, until the hash is right.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from together_ext.clock import awaited, submitted
from together_ext.errors import NotEnoughSpaceError
from together_ext.storage import create_own, storage_errors
from together_ext.transfer import DownloadProgress, Target
from together_ext.transfer.engine import transfer

from .crowd import Crowd
from .digests import Digests, digests
from .folder import PartialFolder
from .located import LocatedFile, blocks_of
from .reading import TRIES, Connection, Reading, stays_bad
from .taking import Arrived, Taking
from .threads import Threads

SMALL: Final = 1 << 20
"""Maximum number of bytes of a file that is downloaded in one request, beside others."""


class Fetching(Taking):
    """Downloads the files of a revision into a folder.

    Attributes:
        folder: The partial folder.
        identity: What identifies the revision in the journal of a partial file.
        received_large: Number of bytes of large files that hosts have sent.
        needed: Number of connections to start with.
    """

    def __init__(self, folder: PartialFolder, identity: Mapping[str, str]) -> None:
        super().__init__()
        self.folder, self.identity = folder, identity
        self.received_large = 0
        # Connections that an earlier file turned out to need: the next one starts with them.
        self.needed = 0

    @property
    def received(self) -> int:
        """Number of bytes that hosts have sent."""
        return self.received_large + super().received

    def prepare(self, files: Sequence[LocatedFile]) -> None:
        """Make the partial folder, or take that of an earlier run.

        Raises:
            NotEnoughSpaceError: The disk has no room for what is missing.
            StorageError: The disk refuses.
        """
        folder = self.folder
        unverifiable = [file.path for file in files if not file.verifiable]
        folder.prepare([file.path for file in files], unverifiable, self.identity)
        there = sum(path.lstat().st_blocks * 512 for path in folder.inside.rglob("*") if not path.is_dir())
        needed, free = sum(file.size for file in files) - there, shutil.disk_usage(folder.inside).free
        if needed > free:
            raise NotEnoughSpaceError(str(folder.final.parent), needed=needed, free=free)

    def run(self, files: Sequence[LocatedFile], connection: Connection) -> None:
        """Download what is not there yet."""
        _Run(self, files, connection).download(files)


class _Run:
    """The requests with one set of URLs.

    Args:
        fetching: What all runs share.
        files: All files.
        connection: How the parts are requested.
    """

    def __init__(self, fetching: Fetching, files: Sequence[LocatedFile], connection: Connection) -> None:
        self._all, self._options = fetching, connection.options
        self._read = Reading(connection)
        fetching.readings.append(self._read)
        self._caller = threading.current_thread()
        self._lock = threading.Lock()
        self._total = sum(file.size for file in files)
        self._done = sum(one.file.size for one in fetching.arrived.values())
        self._beside: list[Future[None]] = []

    def download(self, files: Sequence[LocatedFile]) -> None:
        """Download what is not there yet."""
        left = self._all.left(files)
        with (
            Threads(2, "hash") as hashing,
            Threads(self._options.connections, "small") as pool,
        ):
            small = [file for file in left if file.size <= SMALL]
            crowd = Crowd(small, self._small, self._options.connections, self._read.stop)
            self._beside = [crowd.done]
            try:
                crowd.start(pool)
                for file in _large_first(left):
                    self._large(file)
                    self._beside.append(submitted(hashing, self._verify, file))
                for work in self._beside:
                    awaited(work, self._look)
            except BaseException:
                self._read.stop.set()
                raise
        self._report(last=True)

    def _look(self) -> None:
        """Report the progress; raise the failure of a small file or of a hash while a large file still arrives."""
        self._check()
        self._report()

    def _check(self) -> None:
        self._read.look()
        for work in self._beside:
            if work.done():
                work.result()

    # One file ---------------------------------------------------------------------------------------------------------

    def _large(self, file: LocatedFile) -> None:
        path = self._all.folder.place(file.path)
        if _has_size(path, file):
            self._count(file, kept=file.size)  # of an earlier run; it is hashed next
            return
        path.unlink(missing_ok=True)
        before = self._done
        options = replace(
            self._options,
            overwrite=True,
            eager=max(self._options.eager, self._all.needed),
            progress=partial(self._passed_on, before, self._all.received_large),
        )
        fetched = transfer(
            self._read.remote(file), Target.exactly(path), {**self._all.identity, "path": file.path}, options
        )
        self._count(file, kept=fetched.resumed_from)

    def _small(self, file: LocatedFile) -> float | None:
        """Download a file in one request; returns the least number of seconds that a response took, if there was one.

        The file is written in its place, and not flushed: a rerun hashes it again, and all files are flushed together
        at the end.
        """
        path = self._all.folder.place(file.path)
        if _has_size(path, file) and self._is_right(file):
            self._count(file, kept=file.size)
            return None
        content, found = self._read.whole(file)
        with storage_errors(path, "write to"), os.fdopen(create_own(path, os.O_WRONLY, 0o666), "wb") as written:
            written.write(content)
        self._keep(file, found)
        self._count(file)
        return self._read.nearest if content else None

    # Verification -----------------------------------------------------------------------------------------------------

    def _is_right(self, file: LocatedFile) -> bool:
        found = digests(self._all.folder.place(file.path), self._read.look)
        if not found.match(file):
            return False
        self._keep(file, found)
        return True

    def _verify(self, file: LocatedFile) -> None:
        """Hash a file; request its parts again until its hash is right.

        Raises:
            IntegrityError: A part stays bad.
        """
        path = self._all.folder.place(file.path)
        found = digests(path, self._read.look)
        if file.verifiable and not found.match(file):
            found = self._repaired(path, file, found)
        self._keep(file, found)

    def _keep(self, file: LocatedFile, found: Digests) -> None:
        with self._lock:
            self._all.arrived[file.path] = Arrived(file, found.sha256)

    def _repaired(self, path: Path, file: LocatedFile, found: Digests) -> Digests:
        """The hashes of the file once they are right: each part is requested again, and replaced where it differs."""
        parts = list(file.parts)
        suspect = 1
        for _ in range(TRIES):
            for number, part in enumerate(parts, 1):
                replaced = [self._replaced(path, file, *block) for block in blocks_of(part)]
                if not any(replaced):
                    continue
                suspect = number
                found = digests(path, self._read.look)
                if found.match(file):
                    return found
        path.unlink(missing_ok=True)
        raise stays_bad(file, f"part {suspect} of {len(parts)}", found)

    def _replaced(self, path: Path, file: LocatedFile, start: int, stop: int) -> bool:
        """Request bytes again, and replace those on the disk; returns whether they differ."""
        content = self._read.bytes_of(file, start, stop)
        with storage_errors(path, "write to"), path.open("r+b", buffering=0) as written:
            if os.pread(written.fileno(), len(content), start) == content:
                return False
            os.pwrite(written.fileno(), content, start)
        return True

    # Progress ---------------------------------------------------------------------------------------------------------

    def _count(self, file: LocatedFile, *, kept: int = 0) -> None:
        with self._lock:
            self._done += file.size
            self._all.done = max(self._all.done, self._done)
            self._all.kept += kept
        self._report()

    def _passed_on(self, before: int, received: int, one: DownloadProgress) -> None:
        self._check()
        self._all.received_large = received + one.done - one.resumed
        self._all.done = max(self._all.done, before + one.done)
        self._all.needed = max(self._all.needed, one.connections)
        self._tell(replace(one, done=before + one.done, total=self._total, seconds_left=None))

    def _report(self, *, last: bool = False) -> None:
        if last or threading.current_thread() is self._caller:
            self._tell(DownloadProgress(self._done, self._total, 0, 0.0, None, 0, resumable=True))

    def _tell(self, progress: DownloadProgress) -> None:
        if self._options.progress is not None:
            self._options.progress(replace(progress, file=self._all.folder.final.name))


def _has_size(path: Path, file: LocatedFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size


def _large_first(files: Sequence[LocatedFile]) -> list[LocatedFile]:
    """The files that are not small, the largest first, so that the last one to be hashed is the smallest."""
    return sorted((file for file in files if file.size > SMALL), key=lambda file: -file.size)
