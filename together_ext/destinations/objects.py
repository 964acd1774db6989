"""Extract an archive below a prefix of an object store: an object for each file, and the receipt last."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from together_ext.archive.formats.source import ArchiveSource
from together_ext.archive.limits import Limits
from together_ext.archive.places import Pieces
from together_ext.archive.receipt import LARGEST, RECEIPT, UnpackedFile, written
from together_ext.archive.weights.adapter_config import SETTINGS
from together_ext.archive.writing import write_files
from together_ext.clock import TURN, awaited
from together_ext.errors import (
    ArchiveError,
    IntegrityError,
    RemoteChangedError,
    TogetherExtError,
    TransferCancelledError,
)
from together_ext.text import some_of
from together_ext.transfer.interruptible import TICK

from .object_state import OWN, PARTIAL, Found
from .partial_receipt import PartialReceipt
from .store import GRACE, PART, Store, Upload

log = logging.getLogger("together_ext")

HELD: Final = frozenset({RECEIPT, SETTINGS})
"""Files that are kept in memory until the archive is complete: one is dropped, the other one may be changed."""

UPLOADS: Final = 4
"""Maximum number of uploads that end, or small objects that are written, at once."""

BATCH: Final = 10_000
"""Maximum number of small files whose names are claimed at once."""

SAVED: Final = 256 << 20
"""The partial receipt is written after so many bytes."""


@dataclass(frozen=True)
class Prefix:
    """Where the files of an archive are uploaded.

    Attributes:
        store: The store, at the prefix.
        found: What it has, which may be replaced.
        entries: The entries of the partial receipt.
        strip: Whether a single top-level folder is left out.
    """

    store: Store
    found: Found
    entries: Mapping[str, Any]
    strip: bool = True


@contextmanager
def objects(
    name: str, prefix: Prefix, source: ArchiveSource, limits: Limits, cancel: threading.Event
) -> Iterator[tuple[ObjectPlace, list[UnpackedFile]]]:
    """Write the files of an archive to a store. The objects are complete once the receipt is sealed.

    Args:
        name: The name of the archive in errors.
        prefix: Where to.
        source: The bytes of the archive.
        limits: The limits of the archive.
        cancel: When set, from any thread, extraction ends.

    Yields:
        The place, and the files in it, sorted by path.

    Raises:
        ArchiveError: The archive is damaged or contains what is refused; what was uploaded is removed.
        RemoteChangedError: It differs from the one that an earlier run has uploaded in part.
        LeaseLostError: Another download to the prefix has begun.
        StorageError: The store refuses.
        TransferInterruptedError: The store does not respond; the partial receipt names what is uploaded.
        TransferCancelledError: `cancel` was set; as above.
    """
    place = ObjectPlace(prefix, cancel)
    try:
        files = write_files(name, source, place, limits, cancel)
        yield place, place.named(files)
    except BaseException as error:
        place.stop(keep=not isinstance(error, IntegrityError) or isinstance(error, RemoteChangedError))
        raise
    finally:
        place.close()


class ObjectPlace:
    """The objects of an archive, or of a revision in the model registry."""

    def __init__(self, prefix: Prefix, cancel: threading.Event) -> None:
        """Write the partial receipt, with what an earlier run has uploaded.

        Args:
            prefix: Where to.
            cancel: Ends all calls of the store, and those of uploads soon.
        """
        self._found, self._cancel = prefix.found, cancel
        self._store, self._ending = prefix.store.until(cancel), prefix.store.until(cancel, GRACE)
        self._last, self._responds = prefix.store, True
        self._known = self._found.resumable(prefix.entries)
        self._partial = PartialReceipt(self._store, prefix.entries, self._found)
        self._partial.write(self._known)
        self._top: str | None = None
        self._started = not prefix.strip
        self._folders: set[str] = set()
        self._held: dict[str, bytes] = {}
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._room = threading.Semaphore(UPLOADS)
        self._pending: dict[str, Future[None]] = {}
        self._closing: Future[None] | None = None
        self._hashes: dict[str, UnpackedFile] = {}
        self._lock = threading.Lock()
        self._unsaved = 0
        self._small: dict[str, bytes] = {}
        self._small_size = 0

    @property
    def known(self) -> Mapping[str, UnpackedFile]:
        """What an earlier run has uploaded, by name; of the same weights."""
        return {name: file for name, file in self._known.items() if name not in HELD}

    # Writing ----------------------------------------------------------------------------------------------------------

    def add_folder(self, path: str) -> None:
        """Note a folder: stores have none."""
        self._place(path, folder=True)
        self._folders.add(path)

    def add_file(self, path: str, size: int, content: Pieces) -> None:
        """Upload a file, unless an earlier run has; its hash is then compared at the end."""
        self._place(path, folder=False)
        name = self._name(path)
        if name in OWN - HELD:
            raise ArchiveError(f"the archive has a file {name}, a name that is reserved; it was not extracted")
        if name in HELD:
            if size > LARGEST:
                raise ArchiveError(f"{name} has {size:,} bytes; the maximum is {LARGEST:,}: download it to a folder")
            self._held[path] = b"".join(content)
        elif (known := self._known.get(name)) is not None and known.size == size:
            for _ in content:
                pass
            self._pending[path] = _DONE
        elif size <= PART:
            self._small[path] = b"".join(content)
            self._small_size += size
            if self._small_size >= PART or len(self._small) >= BATCH:
                self._write_small()
        else:
            self._write_small(name)
            self._upload(path, name, size, content)

    def _write_small(self, *also: str) -> None:
        """Write the small files that wait: the names of many are claimed at once, with those of others."""
        self._claim(*map(self._name, self._small), *also)
        for path, data in self._small.items():
            self._later(path, self._ending.put, self._name(path), data, self._partial.mark)
        self._small, self._small_size = {}, 0

    def _claim(self, *names: str) -> None:
        """Note in the partial receipt that objects will be written; raises `TargetExistsError` if one exists."""
        if names and self._partial.claim(names):
            self._write_partial()

    def _upload(self, path: str, name: str, size: int, content: Pieces) -> None:
        upload = self._store.upload(name, size, self._partial.mark, self._ending)
        try:
            for piece in content:
                upload.write(bytes(piece))
        except BaseException:
            self.discard(upload)
            raise
        self.ended(path, size, upload)

    def begun(self, path: str, size: int) -> Upload:
        """Begin a large file, whose content the caller writes."""
        self._place(path, folder=False)
        self._write_small(self._name(path))
        return self._store.upload(self._name(path), size, self._partial.mark, self._ending)

    def ended(self, path: str, size: int, upload: Upload) -> None:
        """Complete a file that was begun; it is uploaded in the background."""
        # One object ends while the next one is uploaded: each holds up to 48 MiB of parts.
        if self._closing is not None:
            while not self._closing.done():
                wait([self._closing], TURN)
        try:
            self._partial.check([self._name(path)])
            self._later(path, upload.close)
        except BaseException:
            self.discard(upload)
            raise
        self._closing = self._pending[path]
        self._save(size)

    def discard(self, upload: Upload) -> None:
        """Discard a file that was begun; raises nothing."""
        self._responds = upload.discard()

    def _later(self, path: str, call: Any, *arguments: object) -> None:  # noqa: ANN401 -- any function
        """Run a call in the pool; raises the error of an earlier one."""
        while not self._room.acquire(timeout=TICK):
            if self._cancel.is_set():
                raise TransferCancelledError
        for future in [future for future in self._pending.values() if future.done()]:
            if future.exception() is not None:
                self._room.release()
                awaited(future)

        def run() -> None:
            try:
                call(*arguments)
            finally:
                self._room.release()

        self._pending[path] = self._pool.submit(run)

    def hashed(self, file: UnpackedFile) -> None:
        """Note the hash of a file."""
        with self._lock:
            self._hashes[file.path] = file

    def finish(self) -> None:
        """Wait for all uploads; compare the hashes of what an earlier run has uploaded."""
        self._write_small()
        for future in self._pending.values():
            awaited(future)
        for path, future in self._pending.items():
            name = self._name(path)
            if future is _DONE and self._known[name].sha256 != self._hashes[path].sha256:
                del self._known[name]
                self._write_partial()
                raise RemoteChangedError(
                    f"{name} differs from the one that an earlier run has uploaded to {self._store.location}: "
                    "run it again to replace it"
                )

    # Names ------------------------------------------------------------------------------------------------------------

    def _place(self, path: str, *, folder: bool) -> None:
        """Leave out the top-level folder, as long as everything is in it."""
        top, _, rest = path.partition("/")
        if not self._started:
            self._started, self._top = True, top if rest or folder else None
        elif self._top is not None and top != self._top:
            self._move_into(self._top)

    def _move_into(self, top: str) -> None:
        """The top-level folder is not the only one: its objects get its name."""
        for future in self._pending.values():
            awaited(future)
        names = {path: self._name(path) for path in self._pending}
        self._top = None
        self._claim(*names)
        for path, name in names.items():
            self._store.rename(name, path)
            self._partial.drop(name)
            if name in self._known:
                self._known[path] = replace(self._known.pop(name), path=path)
        log.debug("%d objects moved below %s/", len(names), top)

    def _name(self, path: str) -> str:
        return path if self._top is None else path.removeprefix(f"{self._top}/")

    def named(self, files: Sequence[UnpackedFile]) -> list[UnpackedFile]:
        """The files by their final names, sorted."""
        return sorted((replace(file, path=self._name(file.path)) for file in files), key=lambda file: file.path)

    # Place ------------------------------------------------------------------------------------------------------------

    def has_folder(self, path: str) -> bool:
        """Whether the archive has a folder at a path."""
        return path in {self._name(folder) for folder in self._folders}

    def _held_at(self, path: str) -> str | None:
        return next((held for held in self._held if self._name(held) == path), None)

    def remove(self, path: str) -> None:
        """Drop a file that is held."""
        if (held := self._held_at(path)) is not None:
            del self._held[held]

    def read(self, path: str, most: int) -> bytes:
        """The first bytes of a file that is held."""
        held = self._held_at(path)
        return b"" if held is None else self._held[held][:most]

    def write(self, path: str, data: bytes) -> None:
        """Replace the content of a file that is held."""
        held = self._held_at(path)
        assert held is not None  # noqa: S101 -- it has been read
        self._held[held] = data

    def seal(self, files: Sequence[UnpackedFile], entries: Mapping[str, Any]) -> None:
        """Upload what is held, compare the sizes of all objects, remove those of earlier weights, write the receipt."""
        self._claim(*map(self._name, self._held))
        for path, data in self._held.items():
            self._store.put(self._name(path), data, self._partial.mark)
        stored = self._partial.listed()
        for file in files:
            size = stored[file.path].size if file.path in stored else None
            if size != file.size:
                raise IntegrityError(
                    f"{self._store.location / file.path} has {'no' if size is None else f'{size:,}'} bytes after the "
                    f"upload; expected {file.size:,}: check whether another program writes there, and run it again"
                )
        more = stored.keys() - {file.path for file in files} - OWN
        if stale := self._partial.owned(stored, more & self._partial.claims):
            self._store.remove(stale)
            stored = self._partial.listed()
        if others := more - stale:
            log.warning(
                "%s has %d objects that are not of these weights (%s): another program has added them",
                self._store.location,
                len(others),
                some_of(sorted(others)),
            )
        documents = [{**asdict(file), "etag": stored[file.path].etag} for file in files]
        self._store.put(RECEIPT, written(documents, entries).encode())
        try:
            self._store.remove([PARTIAL])
        except TogetherExtError as error:
            log.warning("could not remove the partial receipt: %s", error)

    # The end ----------------------------------------------------------------------------------------------------------

    def _save(self, size: int) -> None:
        self._unsaved += size
        if self._unsaved >= SAVED:
            self._unsaved = 0
            self._write_partial()

    def _write_partial(self, store: Store | None = None) -> None:
        with self._lock:
            hashes = dict(self._hashes)
        ended = {path: future for path, future in self._pending.items() if future is not _DONE and future.done()}
        done = {path for path, future in ended.items() if future.exception() is None} & hashes.keys()
        files = {self._name(path): replace(hashes[path], path=self._name(path)) for path in done}
        self._partial.write({**self._known, **files}, store)

    def stop(self, *, keep: bool) -> None:
        """End an upload that has failed: note what is uploaded, or remove it; never raises."""
        errors = [future.exception() for future in self._pending.values()]
        if not self._responds or any(isinstance(error, TransferCancelledError) for error in errors):
            # The store is too slow. The partial receipt names all objects, though not all that are complete.
            return
        if self._partial.lost:
            return
        # Removing many objects takes longer.
        store = self._last.within(GRACE) if keep else self._ending
        try:
            if keep:
                self._write_partial(store)
                return
            names = {self._name(path) for path in [*self._pending, *self._held]} & self._partial.claims
            store.remove(sorted(names))
            if left := self._found.replaceable - names:
                # What was to be replaced still is, by the next run.
                self._partial.keep(left)
                self._partial.write({}, store)
            else:
                store.remove([PARTIAL])
        except TogetherExtError as error:
            log.warning("could not tidy up after the failure: %s", error)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)


_DONE: Final[Future[None]] = Future()
"""The upload of a file that an earlier run has uploaded."""
_DONE.set_result(None)
