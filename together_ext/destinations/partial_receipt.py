"""The partial receipt of an upload: which objects are of its run, and whether another run has begun meanwhile."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Final

from together_ext.archive.receipt import LARGEST, RECEIPT, parsed, written
from together_ext.archive.terms import UnpackedFile
from together_ext.errors import ArchiveError, LeaseLostError, MissingPathError

from .listing import PAGE, Stored
from .object_state import CLAIMS, PARTIAL, REVISION, Found, looked_up, mark_of, occupied, owned
from .parallel import AT_ONCE
from .store import Store

RUN: Final = "run"
"""The entry of the partial receipt that distinguishes runs."""


class PartialReceipt:
    """The partial receipt that a run keeps.

    Attributes:
        entries: The entries about the weights.
        mark: What the objects of the run are marked with.
        lost: Whether another run has begun, so that nothing more may be written or removed.
    """

    def __init__(self, store: Store, entries: Mapping[str, Any], found: Found) -> None:
        """Prepare; nothing is written.

        Args:
            store: The store, at the prefix.
            entries: The entries about the weights.
            found: What is stored, which may be replaced.
        """
        self.entries, self.mark, self.lost = entries, mark_of(entries), False
        self._store, self._run = store, secrets.token_hex(16)
        self._etag: str | None = None
        self._claims: dict[str, str | None] = {name: found.objects[name].etag for name in found.replaceable}

    @property
    def claims(self) -> frozenset[str]:
        """The names of the objects that are of the run, or will be; only they may be replaced or removed."""
        return frozenset(self._claims)

    def keep(self, names: Iterable[str]) -> None:
        """Claim only these of the names that are claimed."""
        self._claims = {name: self._claims[name] for name in names if name in self._claims}

    def drop(self, name: str) -> None:
        """Claim a name no longer."""
        self._claims.pop(name, None)

    def write(self, files: Mapping[str, UnpackedFile], store: Store | None = None) -> None:
        """Write it, by which also the access is tested.

        Args:
            files: What is uploaded.
            store: The same store with other limits of time (default: that of the other calls).
        """
        entries = {**self.entries, RUN: self._run, CLAIMS: dict(sorted(self._claims.items()))}
        text = written([asdict(file) for file in files.values()], entries)
        self._etag = (store or self._store).put(PARTIAL, text.encode())

    def claim(self, names: Iterable[str]) -> bool:
        """Note that objects will be written, after `check`; returns whether the partial receipt must be written."""
        new = {*names}
        self.check(new)
        new -= self._claims.keys()
        self._claims |= dict.fromkeys(new)
        return bool(new)

    def check(self, names: Iterable[str]) -> None:
        """Check that the objects with these names may be written.

        Raises:
            TargetExistsError: Another program has written one.
            LeaseLostError: Another run has begun, or ended.
        """
        wanted = {*names, PARTIAL}
        # Always to list would take requests by the square of the number of objects.
        few = len(wanted) <= max(AT_ONCE, len(self._claims) // PAGE)
        stored = looked_up(self._store, wanted) if few else self._store.list()
        self._check_current(stored)
        taken = stored.keys() & wanted - {PARTIAL}
        if foreign := sorted(taken - self.owned(stored, taken)):
            raise occupied(self._store, foreign)

    def listed(self) -> dict[str, Stored]:
        """List the objects; raises `LeaseLostError` if another run has begun, or ended."""
        stored = self._store.list()
        self._check_current(stored)
        return stored

    def _check_current(self, stored: Mapping[str, Stored]) -> None:
        # A run that ends removes the partial receipt, so the receipt need not be looked up.
        if RECEIPT in stored or not self._is_current(stored.get(PARTIAL)):
            self.lost = True
            place = str(self._store.location)
            raise LeaseLostError(
                place,
                f"another download to {place} has begun since this one, which was stopped: "
                "wait for the other one to end, and run this one again",
            )

    def owned(self, stored: Mapping[str, Stored], names: Iterable[str]) -> frozenset[str]:
        """Those of the objects that are of the run."""
        return owned(self._store, stored, {name: self._claims.get(name) for name in names}, self.mark)

    def _is_current(self, stored: Stored | None) -> bool:
        """Whether the partial receipt in the store is that of this run."""
        if stored is None:
            return False
        if stored.etag is not None and self._etag is not None and stored.etag.strip('"') == self._etag.strip('"'):
            return True
        # A store may list other entity tags than it has responded with.
        try:
            document = parsed(self._store.content(PARTIAL, LARGEST + 1), self._store.location / PARTIAL)
        except (ArchiveError, MissingPathError):
            return False
        return document.get(RUN) == self._run


def prepare(store: Store, found: Found, origin: Mapping[str, Any]) -> None:
    """Write the partial receipt of these weights; what an earlier run has uploaded of them stays known."""
    kept = found.resumable(origin)
    revision = {name: found.document[name] for name in REVISION if kept and name in found.document}
    PartialReceipt(store, {**origin, **revision}, found).write(kept)
