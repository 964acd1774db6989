"""What is stored below a prefix: nothing, weights with a receipt, or those of a run that was interrupted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from together_ext.archive.receipt import LARGEST, RECEIPT, files_in, parsed
from together_ext.archive.terms import UnpackedFile
from together_ext.errors import ArchiveError, TargetExistsError
from together_ext.text import some_of

from .listing import Stored
from .parallel import each
from .store import WRITE_TEST, Store
from .urls import Location

PARTIAL: Final = ".together-ext.partial.json"
"""The receipt of what an unfinished run has uploaded, in the format of a receipt; `CLAIMS` is its further entry."""

CLAIMS: Final = "objects"
"""The entry of the partial receipt that has the names of all objects of its run, also of those to be uploaded.

Each has the entity tag of the object that may be replaced; null if there was none.
"""

OWN: Final = frozenset({RECEIPT, PARTIAL, WRITE_TEST})
"""The names of objects that are not files of the weights; a killed write test leaves its object."""

IDENTITY: Final = ("job", "step", "type")
"""The entries of a receipt that name the weights."""

REVISION: Final = ("source", "object", "revision")
"""Those that name a revision in the model registry."""


@dataclass(frozen=True)
class Found:
    """What is stored below a prefix.

    Attributes:
        objects: All objects, by name.
        document: The receipt, or else the partial one; empty if there is neither.
        files: The files that it names.
        owned: The objects that `CLAIMS` names and that are proven to be of the run.
        complete: Whether it is the receipt.
    """

    objects: Mapping[str, Stored]
    document: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, UnpackedFile] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    complete: bool = False

    @property
    def replaceable(self) -> frozenset[str]:
        """The names of the objects that are of a receipt: only they may be replaced or removed."""
        named = self.files if self.complete else self.uploaded()
        return frozenset(self.objects.keys() & (named.keys() | self.owned) - OWN)

    @property
    def others(self) -> list[str]:
        """The objects that no receipt names."""
        return sorted(self.objects.keys() - OWN - self.replaceable)

    @property
    def whole(self) -> bool:
        """Whether the objects are those of a receipt, by their sizes and entity tags."""
        return self.complete and not self.others and self.uploaded().keys() == self.files.keys()

    def is_of(self, origin: Mapping[str, Any]) -> bool:
        """Whether the receipt names these weights."""
        names = IDENTITY + (REVISION if "object" in origin else ())
        return bool(self.document) and all(self.document.get(name) == origin.get(name) for name in names)

    def resumable(self, origin: Mapping[str, Any]) -> dict[str, UnpackedFile]:
        """The files of an interrupted run of these weights that need not be uploaded again."""
        return {} if self.complete or not self.is_of(origin) else self.uploaded()

    def uploaded(self) -> dict[str, UnpackedFile]:
        """The files of the receipt whose objects have the right size and, where both are known, entity tag."""
        etags = {entry["path"]: entry.get("etag") for entry in self.document.get("files", [])}
        good = {}
        for name, file in self.files.items():
            stored = self.objects.get(name)
            if stored is not None and stored.size == file.size and etags[name] in (None, stored.etag):
                good[name] = file
        return good


def look(store: Store) -> Found:
    """Read what is stored.

    Raises:
        StorageError: The store refuses.
        TransferInterruptedError: The store does not respond.
    """
    objects = store.list()
    for name in (RECEIPT, PARTIAL):
        if name in objects:
            path = store.location / name
            try:
                document = parsed(store.content(name, LARGEST + 1), path)
                files = files_in(document, path)
                claims = _claims(document, path) if name == PARTIAL else {}
            except ArchiveError:
                continue
            mark = mark_of(document)
            return Found(objects, document, files, owned(store, objects, claims, mark), complete=name == RECEIPT)
    return Found(objects)


def mark_of(entries: Mapping[str, Any]) -> str:
    """What the objects of weights are marked with, from the entries of their receipt."""
    named = [entries.get(name) for name in dict.fromkeys(IDENTITY + REVISION[1:])]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def owned(store: Store, objects: Mapping[str, Stored], claims: Mapping[str, str | None], mark: str) -> frozenset[str]:
    """The objects that are proven to be of a run: by the entity tag that it has noted, or by its mark.

    Args:
        store: The store, at the prefix.
        objects: What it has.
        claims: The names in question, with the entity tags of `CLAIMS`.
        mark: The mark of the run.
    """
    there = {name: objects[name].etag for name in claims if name in objects}
    same = {name for name, etag in there.items() if etag is not None and etag == claims[name]}

    found = looked_up(store, there.keys() - same)
    return frozenset(same | {name for name, stored in found.items() if stored.mark == mark})


def looked_up(store: Store, names: Iterable[str]) -> dict[str, Stored]:
    """Those of the objects that exist, with their marks, by name: a request for each."""
    found = each(store, names, Store.find)
    return {name: stored for name, stored in found.items() if stored is not None}


def existing(store: Store, origin: Mapping[str, Any], *, overwrite: bool) -> tuple[Found, bool]:
    """Read what is stored, and whether it is these weights completely.

    Args:
        store: The store, at the prefix.
        origin: The entries of a receipt that name the weights.
        overwrite: Whether weights that exist are replaced.

    Raises:
        TargetExistsError: It is something else.
        StorageError: The store refuses.
        TransferInterruptedError: The store does not respond.
    """
    found = look(store)
    if not overwrite and found.is_of(origin) and found.whole:
        return found, True
    check_free(store, found, origin, overwrite=overwrite)
    return found, False


def _claims(document: Mapping[str, Any], path: Location) -> dict[str, str | None]:
    """The entry `CLAIMS`; raises `ArchiveError` if it is invalid."""
    claims = document.get(CLAIMS, {})
    if not (isinstance(claims, dict) and all(isinstance(etag, str | None) for etag in claims.values())):
        raise ArchiveError(f"{path} cannot be read: its entry {CLAIMS!r} does not have names and entity tags")
    return {name: etag for name, etag in claims.items() if name not in OWN}


def check_free(store: Store, found: Found, origin: Mapping[str, Any], *, overwrite: bool) -> None:
    """Check that weights may be written below a prefix; as in a folder, only the content of an archive is replaced.

    Raises:
        TargetExistsError: Something else is stored there.
    """
    if found.others:
        raise occupied(store, found.others)
    if overwrite or not found.document or (not found.complete and found.is_of(origin)):
        return
    what = "other weights" if not found.is_of(origin) else "these weights, which have changed since"
    raise TargetExistsError(f"{store.location} has {what}: choose another prefix, or allow it to be replaced")


def occupied(store: Store, names: Sequence[str]) -> TargetExistsError:
    """The error for objects that no receipt names."""
    return TargetExistsError(
        f"{store.location} has {len(names):,} objects that no receipt in it names ({some_of(names)}), so it is not "
        "replaced: choose another prefix, or move them away",
        replaceable=False,
    )
