"""Extract an archive below a prefix of an object store: an object for each file, and the receipt last."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from together_ext.archive.formats.source import ArchiveSource
from together_ext.archive.limits import Limits
from together_ext.archive.places import Pieces
from together_ext.archive.receipt import LARGEST, RECEIPT, written
from together_ext.archive.terms import UnpackedFile
from together_ext.archive.weights.adapter_config import SETTINGS
from together_ext.archive.writing import write_files
from together_ext.errors import ArchiveError, IntegrityError, RemoteChangedError, TogetherExtError
from together_ext.text import some_of

from .object_names import ObjectNames
from .object_state import OWN, PARTIAL, Found
from .partial_receipt import PartialReceipt
from .store import GRACE, PART, Store, Upload
from .uploads import Batch, Uploads

log = logging.getLogger("together_ext")

HELD: Final = frozenset({RECEIPT, SETTINGS})
"""Files that are kept in memory until the archive is complete: one is dropped, the other one may be changed."""

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
        self._prefix, self._store = prefix, prefix.store.until(cancel)
        self._ending = prefix.store.until(cancel, GRACE)
        self._known = prefix.found.resumable(prefix.entries)
        self._partial = PartialReceipt(self._store, prefix.entries, prefix.found)
        self._partial.write(self._known)
        self._names = ObjectNames(strip=prefix.strip)
        self._uploads = Uploads(self._store, self._ending, self._partial.mark, cancel)
        self._batch = Batch()
        self._held: dict[str, bytes] = {}
        self._hashes: dict[str, UnpackedFile] = {}
        self._unsaved = 0

    @property
    def known(self) -> Mapping[str, UnpackedFile]:
        """What an earlier run has uploaded, by name; of the same weights."""
        return {name: file for name, file in self._known.items() if name not in HELD}

    # Writing ----------------------------------------------------------------------------------------------------------

    def add_folder(self, path: str) -> None:
        """Note a folder: stores have none."""
        self._add(path, folder=True)

    def add_file(self, path: str, size: int, content: Pieces) -> None:
        """Upload a file, unless an earlier run has; its hash is then compared at the end."""
        name = self._add(path)
        if name in OWN - HELD:
            raise ArchiveError(f"the archive has a file {name}, a name that is reserved; it was not extracted")
        if name in HELD:
            if size > LARGEST:
                raise ArchiveError(f"{name} has {size:,} bytes; the maximum is {LARGEST:,}: download it to a folder")
            self._held[path] = b"".join(content)
        elif (known := self._known.get(name)) is not None and known.size == size:
            for _ in content:
                pass
            self._uploads.skip(path)
        elif size > PART:
            self._upload(path, size, content)
        elif self._batch.add(path, b"".join(content)):
            self._write_batch()

    def _upload(self, path: str, size: int, content: Pieces) -> None:
        upload = self.begun(path, size)
        try:
            for piece in content:
                upload.write(bytes(piece))
        except BaseException:
            self.discard(upload)
            raise
        self.ended(path, size, upload)

    def begun(self, path: str, size: int) -> Upload:
        """Begin a large file, whose content the caller writes."""
        name = self._add(path)
        self._write_batch(name)
        return self._uploads.begin(name, size)

    def ended(self, path: str, size: int, upload: Upload) -> None:
        """Complete a file that was begun; it is uploaded in the background."""
        self._uploads.end(path, upload, lambda: self._partial.check([self._names.of(path)]))
        self._unsaved += size
        if self._unsaved >= SAVED:
            self._unsaved = 0
            self._save()

    def discard(self, upload: Upload) -> None:
        """Discard a file that was begun; raises nothing."""
        self._uploads.discard(upload)

    def hashed(self, file: UnpackedFile) -> None:
        """Note the hash of a file."""
        self._hashes[file.path] = file

    def finish(self) -> None:
        """Wait for all uploads; compare the hashes of what an earlier run has uploaded."""
        self._write_batch()
        self._uploads.wait()
        for path in self._uploads.skipped:
            name = self._names.of(path)
            if self._known[name].sha256 != self._hashes[path].sha256:
                del self._known[name]
                self._save()
                raise RemoteChangedError(
                    f"{name} differs from the one that an earlier run has uploaded to {self._store.location}: "
                    "run it again to replace it"
                )

    def _write_batch(self, *more: str) -> None:
        """Write the small files that wait; their names are claimed together with more names."""
        files = self._batch.take()
        self._claim(*map(self._names.of, files), *more)
        for path, data in files.items():
            self._uploads.put(path, self._names.of(path), data)

    def _claim(self, *names: str) -> None:
        """Note in the partial receipt that objects will be written; raises `TargetExistsError` if one exists."""
        if names and self._partial.claim(names):
            self._save()

    def _save(self, store: Store | None = None) -> None:
        """Write the partial receipt; with a store, within its limits of time."""
        # Another thread adds hashes: they are not iterated.
        done = [self._hashes[path] for path in self._uploads.complete if path in self._hashes]
        self._partial.write({**self._known, **{file.path: file for file in self.named(done)}}, store)

    # Names ------------------------------------------------------------------------------------------------------------

    def _add(self, path: str, *, folder: bool = False) -> str:
        """Note a path; returns its name. If it is not in the top-level folder, all objects get the name of theirs."""
        if not self._names.add(path, folder=folder):
            self._uploads.wait()
            old = {path: self._names.of(path) for path in self._uploads.paths}
            self._names.keep_all()
            self._claim(*old)
            for new, name in old.items():
                self._store.rename(name, new)
                self._partial.drop(name)
                if name in self._known:
                    self._known[new] = replace(self._known.pop(name), path=new)
            log.debug("%d objects renamed: the archive has more than one top-level folder", len(old))
        return self._names.of(path)

    def named(self, files: Sequence[UnpackedFile]) -> list[UnpackedFile]:
        """The files by their final names, sorted."""
        return sorted((replace(file, path=self._names.of(file.path)) for file in files), key=lambda file: file.path)

    # Place ------------------------------------------------------------------------------------------------------------

    def has_folder(self, path: str) -> bool:
        """Whether the archive has a folder at a path."""
        return self._names.has_folder(path)

    def remove(self, path: str) -> None:
        """Drop a file that is held."""
        self._held.pop(self._names.path(path), None)

    def read(self, path: str, most: int) -> bytes:
        """The first bytes of a file that is held."""
        return self._held.get(self._names.path(path), b"")[:most]

    def write(self, path: str, data: bytes) -> None:
        """Replace the content of a file that is held."""
        self._held[self._names.path(path)] = data

    def seal(self, files: Sequence[UnpackedFile], entries: Mapping[str, Any]) -> None:
        """Upload what is held, compare the sizes of all objects, remove those of earlier weights, write the receipt."""
        self._claim(*map(self._names.of, self._held))
        for path, data in self._held.items():
            self._store.put(self._names.of(path), data, self._partial.mark)
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
                "%s has %d objects that do not belong to these weights (%s): another program has added them",
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

    def stop(self, *, keep: bool) -> None:
        """End an upload that has failed: note what is uploaded, or remove it; never raises."""
        if not self._uploads.settle() or self._partial.lost:
            # The store is too slow: the partial receipt names all objects, though not all that are complete. Or the
            # partial receipt is that of another run.
            return
        # Removing many objects takes longer.
        store = self._prefix.store.within(GRACE) if keep else self._ending
        try:
            if keep:
                self._save(store)
                return
            names = {self._names.of(path) for path in [*self._uploads.paths, *self._held]} & self._partial.claims
            store.remove(sorted(names))
            if left := self._prefix.found.replaceable - names:
                # What was to be replaced still is, by the next run.
                self._partial.keep(left)
                self._partial.write({}, store)
            else:
                store.remove([PARTIAL])
        except TogetherExtError as error:
            log.warning("could not clean up after the failure: %s", error)

    def close(self) -> None:
        """End the threads."""
        self._uploads.close()
