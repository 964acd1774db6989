"""Verify and inspect weights in an object store: their hashes, or their headers by byte ranges."""

from __future__ import annotations

import errno
import hashlib
import threading
from collections.abc import Iterator, Mapping
from typing import Final

from together_ext.archive.content import File
from together_ext.archive.inspect import Inspection, inspect_files
from together_ext.archive.receipt import RECEIPT, Verification
from together_ext.archive.terms import UnpackedFile
from together_ext.errors import ArchiveError, MissingPathError, StorageError

from .object_state import OWN, PARTIAL, Found, look
from .parallel import each
from .store import PART, Store
from .urls import parse_url

AHEAD: Final = 64 << 10
"""Minimum number of bytes of a request: a header is not read in pieces."""


def verify_objects(
    url: str,
    *,
    storage_options: Mapping[str, str] | None = None,
    quick: bool = False,
    cancel: threading.Event | None = None,
) -> Verification:
    """Compare extracted weights in an object store with their receipt.

    Args:
        url: The prefix, such as `s3://bucket/models/name`.
        storage_options: As those of `download`.
        quick: Whether only sizes and entity tags are compared, so that nothing is read.
        cancel: When set, from any thread, the comparison ends.

    Returns:
        The files that are missing, changed or extra.

    Raises:
        RuleError: The URL is invalid.
        MissingExtraError: obstore is not installed.
        ArchiveError: There is no receipt, or it cannot be read.
        StorageError: The store refuses.
        TransferInterruptedError: The store does not respond.
        TransferCancelledError: `cancel` was set.
    """
    cancel = cancel or threading.Event()
    store = Store(parse_url(url, "url"), storage_options).until(cancel)
    found = look(store)
    if not found.complete:
        raise _without_receipt(found, store)
    good = found.uploaded()
    if not quick:
        good = _with_their_hashes(store, good)
    there = found.files.keys() & found.objects.keys()
    return Verification(
        str(store.location),
        len(found.files),
        tuple(sorted(found.files.keys() - there)),
        tuple(sorted(there - good.keys())),
        tuple(sorted(found.objects.keys() - found.files.keys() - OWN)),
    )


def _without_receipt(found: Found, store: Store) -> ArchiveError | MissingPathError:
    if not found.objects:
        return MissingPathError(str(store.location))
    if PARTIAL in found.objects:
        return ArchiveError(f"{store.location} is incomplete: its upload was interrupted; download it again to resume")
    return ArchiveError(f"{store.location} has no valid {RECEIPT}: only what together-ext extracted can be verified")


def _with_their_hashes(store: Store, files: Mapping[str, UnpackedFile]) -> dict[str, UnpackedFile]:
    """Those files whose objects have the right hash."""

    def has_hash(store: Store, name: str) -> bool:
        digest = hashlib.sha256()
        for piece in store.pieces(name, files[name].size):
            digest.update(piece)
        return digest.hexdigest() == files[name].sha256

    same = each(store, files, has_hash)
    return {name: file for name, file in files.items() if same[name]}


def inspect_objects(url: str, *, storage_options: Mapping[str, str] | None = None) -> Inspection:
    """Identify weights in an object store by the headers of their files, which are read by byte ranges.

    Args:
        url: The prefix, such as `s3://bucket/models/name`.
        storage_options: As those of `download`.

    Returns:
        As `inspect`.

    Raises:
        RuleError: The URL is invalid.
        MissingExtraError: obstore is not installed.
        MissingPathError: Nothing is stored there.
        StorageError: The store refuses.
        TransferInterruptedError: The store does not respond.
    """
    store = Store(parse_url(url, "url"), storage_options)
    stored = store.list()
    if not stored:
        raise MissingPathError(str(store.location))
    names = sorted(stored.keys() - OWN)
    files = (File(name, stored[name].size, _Content(store, name, stored[name].size)) for name in names)
    return inspect_files(files, store.location.path.rpartition("/")[2])


class _Content:
    """The remaining bytes of an object."""

    def __init__(self, store: Store, name: str, size: int) -> None:
        self._store, self._name, self._size = store, name, size
        self._offset = self._start = 0
        self._data = b""

    def pieces(self, count: int) -> Iterator[bytes]:
        """The next bytes; each request reads a little ahead."""
        count = min(count, self._size - self._offset)
        while count > 0:
            at = self._offset - self._start
            if not 0 <= at < len(self._data):
                stop = min(self._offset + min(max(count, AHEAD), PART), self._size)
                self._start, at = self._offset, 0
                self._data = self._store.read(self._name, self._offset, stop)
                if len(self._data) != stop - self._offset:
                    # Nothing at all, without end, if it were requested again.
                    raise StorageError(
                        f"could not read {self._store.location / self._name}: it has fewer bytes than its store lists; "
                        "check the endpoint, or upload it again",
                        errno.EPROTO,
                    )
            piece = self._data[at : at + count]
            self._offset += len(piece)
            count -= len(piece)
            yield piece

    def skip(self, count: int) -> None:
        """Skip bytes; they are not requested."""
        self._offset += count
