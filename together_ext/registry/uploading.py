"""The files of a revision, uploaded to an object store through memory: nothing appears there before its hash is right.

Parts are requested ahead and uploaded in order. A small file is compared with its hash before any byte of it is
uploaded. The hash of a large one is made of those of its parts, so it is known at its end: the object appears only if
it is right; else the upload is aborted, and the file is requested again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from together_ext.clock import awaited, submitted
from together_ext.destinations.store import PART as AT_ONCE
from together_ext.transfer.progress import Reporter, Standing

from .digests import Digests, Hashing
from .located import PART, LocatedFile
from .reading import TRIES, Connection, Reading, stays_bad
from .taking import Arrived, Taking
from .threads import Threads

if TYPE_CHECKING:
    from together_ext.destinations.objects import ObjectPlace
    from together_ext.destinations.store import Upload

T = TypeVar("T")

WINDOW: Final = 3 * PART
"""Maximum number of bytes that are requested ahead and not uploaded yet, if they are of several parts."""

PIECE: Final = 1 << 20
"""Number of bytes that are handed to the store at once."""

Block = tuple[bytearray, Digests | None]
"""Bytes of a file, and their hashes if they are the whole file and right."""


@dataclass
class Begun:
    """A large file that is being uploaded.

    Attributes:
        file: The file.
        upload: Its upload; None before its first block.
        hashing: The hashes of what is uploaded.
        done: Number of its blocks that are uploaded.
        tries: Number of times that it was uploaded, and was wrong.
    """

    file: LocatedFile
    upload: Upload | None = None
    hashing: Hashing = field(default_factory=Hashing)
    done: int = 0
    tries: int = 0


class Uploading(Taking):
    """Uploads the files of a revision.

    Attributes:
        place: Where the files are uploaded.
        name: The name in progress reports.
        begun: The large file that is being uploaded; None if there is none.
    """

    def __init__(self, place: ObjectPlace, name: str, start: Callable[[], object]) -> None:
        """Prepare; nothing is written.

        Args:
            place: Where to.
            name: The name in progress reports.
            start: Called before the first file is written.
        """
        super().__init__()
        self.place, self.name, self._start = place, name, start
        self._started = False
        self.begun: Begun | None = None

    def prepare(self, files: Sequence[LocatedFile]) -> None:
        """Take what an earlier run has uploaded."""
        for file in files:
            known = self.place.known.get(file.path)
            if known is not None and known.size == file.size:
                self.place.add_file(file.path, file.size, iter(()))
                self.keep(file, known.sha256)
                self.kept += file.size
                self.done += file.size

    def run(self, files: Sequence[LocatedFile], connection: Connection) -> None:
        """Upload what is not there yet."""
        _Run(self, files, connection).upload(files)

    def start(self) -> None:
        """Call `start`, once."""
        if not self._started:
            self._started = True
            self._start()

    def keep(self, file: LocatedFile, sha256: str) -> None:
        """Record a file that is uploaded, or about to be."""
        self.arrived[file.path] = Arrived(file, sha256)
        self.place.hashed(self.arrived[file.path].unpacked)

    def abandon(self) -> None:
        """Abort the upload of a file that was begun."""
        if self.begun is not None and self.begun.upload is not None:
            self.place.discard(self.begun.upload)
        self.begun = None


class _Run:
    """The requests with one set of URLs.

    Args:
        uploading: What all runs share.
        files: All files.
        connection: How the parts are requested.
    """

    def __init__(self, uploading: Uploading, files: Sequence[LocatedFile], connection: Connection) -> None:
        self._all, self._with = uploading, connection
        self._reading, self._consumed = Reading(connection), 0
        self._reporter = Reporter(connection.options.progress, connection.options.clock)
        self._reporter.file = uploading.name
        self._total = sum(file.size for file in files)

    def upload(self, files: Sequence[LocatedFile]) -> None:
        """Upload what is not there yet."""
        while left := self._all.left(files):
            if self._all.begun is not None:
                # The one whose URLs have expired in the middle comes first.
                left.sort(key=lambda file: file.path != self._all.begun.file.path)  # type: ignore[union-attr]
            self._uploaded(left)
        self._report(last=True)

    def _uploaded(self, files: Sequence[LocatedFile]) -> None:
        """Upload files in order, up to the first one that is wrong."""
        self._reading, self._consumed = Reading(self._with), 0
        self._all.readings.append(self._reading)
        blocks = [(file, number, span) for file in files for number, span in self._missing(file)]
        calls = ((span[1] - span[0], partial(self._block, file, span)) for file, _, span in blocks)
        with Threads(self._with.options.connections, "part") as pool:
            try:
                with closing(ahead(calls, pool, self._await)) as found:
                    for file, number, span in blocks:
                        if not self._take(file, number, span, next(found)):
                            return
            finally:
                self._reading.stop.set()

    def _missing(self, file: LocatedFile) -> list[tuple[int, tuple[int, int]]]:
        """The blocks of a file that are to be uploaded, with their numbers."""
        done = self._all.begun.done if self._all.begun is not None and self._all.begun.file.path == file.path else 0
        return list(enumerate(blocks_of(file)))[done:]

    def _block(self, file: LocatedFile, span: tuple[int, int]) -> Block:
        if span == (0, file.size):
            return self._reading.whole(file)
        return self._reading.bytes_of(file, *span), None

    def _await(self, future: Future[T]) -> T:
        def look() -> None:
            self._reading.look()
            self._report()

        return awaited(future, look)

    # Uploads ----------------------------------------------------------------------------------------------------------

    def _take(self, file: LocatedFile, number: int, span: tuple[int, int], block: Block) -> bool:
        """Upload a block; False if the file turns out to be wrong, and is to be requested again."""
        content, found = block
        self._consumed += len(content)
        self._all.start()
        if found is not None and file.size <= AT_ONCE:  # it is right
            self._all.place.add_file(file.path, file.size, iter([memoryview(content)]))
            self._count(file, found)
            return True
        begun = self._all.begun = self._all.begun or Begun(file)
        if begun.upload is None:
            begun.upload = self._all.place.begun(file.path, file.size)
        view = memoryview(content)
        for start in range(0, len(view), PIECE):
            self._reading.look()
            begun.upload.write(bytes(view[start : start + PIECE]))
            self._report()
        if found is None:
            begun.hashing.update(view)
        begun.done, self._all.done = number + 1, self._all.done + len(content)
        if span[1] == file.size:
            return self._ended(begun, found or begun.hashing.digests())
        return True

    def _ended(self, begun: Begun, found: Digests) -> bool:
        file, upload = begun.file, begun.upload
        assert upload is not None  # noqa: S101 -- a block was uploaded
        self._all.done -= file.size
        if found.match(file) or not file.verifiable:
            self._all.begun = None
            self._all.place.ended(file.path, file.size, upload)
            self._count(file, found)
            return True
        self._all.place.discard(upload)
        if begun.tries == TRIES:
            self._all.begun = None
            raise stays_bad(file, f"one of {len(blocks_of(file))} parts", found)
        self._all.begun = Begun(file, tries=begun.tries + 1)
        return False

    def _count(self, file: LocatedFile, found: Digests) -> None:
        self._all.done += file.size
        self._all.keep(file, found.sha256)
        self._report()

    def _report(self, *, last: bool = False) -> None:
        # With what has arrived and waits for its turn.
        done = min(self._all.done + max(self._reading.received - self._consumed, 0), self._total)
        standing = Standing(done, self._total, self._all.kept, 0 if last else 1, resumable=True)
        self._reporter.report(standing, last=last)


def blocks_of(file: LocatedFile) -> list[tuple[int, int]]:
    """The spans in which a file is requested: the whole file if it is small, else its parts, in pieces of `PART`."""
    if file.size <= AT_ONCE:
        return [(0, file.size)]
    return file.blocks


def ahead(
    calls: Iterable[tuple[int, Callable[[], T]]], pool: Executor, result: Callable[[Future[T]], T]
) -> Generator[T]:
    """The results of calls in order, while those that follow run already.

    Args:
        calls: Each with the number of bytes that its result has; at most `WINDOW` of them are in memory.
        pool: Runs them.
        result: Waits for one.
    """
    pending: deque[tuple[int, Future[T]]] = deque()
    coming = deque(calls)
    held = 0
    try:
        while coming or pending:
            while coming and (not pending or held + coming[0][0] <= WINDOW):
                size, call = coming.popleft()
                pending.append((size, submitted(pool, call)))
                held += size
            # No name refers to a result once the next one is wanted: its memory is free then.
            yield result(pending[0][1])
            held -= pending.popleft()[0]
    finally:
        for _, future in pending:
            future.cancel()
