"""The journal beside a partial file: which of its bytes can be trusted, and what they are bytes of.

Two claims are kept. *Flushed* spans were on the disk before the journal said so: they hold after a power cut.
*Written* spans were handed to the kernel: they hold for as long as this machine has not been restarted, which is
all that a killed process needs. The second claim costs no flush, so it can be renewed often.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .plan import Spans, is_disjoint, merged

FORMAT: Final = "together-ext partial download"
VERSION: Final = 1

SCRATCH: Final = ".new"
"""Stands behind the name of a journal that is being written."""


class JournalError(Exception):
    """The journal cannot be used; the message says why, and the partial file is worth nothing without it."""


@dataclass(frozen=True)
class Journal:
    """What is known of a partial file.

    Attributes:
        identity: What was asked for, in the caller's words; another request must not go on from here.
        size: Bytes of the whole file.
        condition: The strong validator of the version that the bytes are of.
        flushed: Spans that are on the disk.
        written: Spans that the kernel has.
        boot: Names the machine's run in which `written` holds; None where the system has no such name.
    """

    identity: Mapping[str, str]
    size: int
    condition: str
    flushed: Spans = ()
    written: Spans = ()
    boot: str | None = None

    def trusted(self, boot: str | None) -> Spans:
        """The spans that can be relied on in this run of the machine."""
        return merged([*self.flushed, *self.written]) if boot is not None and boot == self.boot else self.flushed


def encode(journal: Journal) -> bytes:
    """Write a journal as text with a checksum of its own."""
    fields = {
        "format": FORMAT,
        "version": VERSION,
        "identity": dict(sorted(journal.identity.items())),
        "size": journal.size,
        "validator": journal.condition,
        "flushed": journal.flushed,
        "written": journal.written,
        "boot": journal.boot,
    }
    return (json.dumps(fields | {"checksum": _checksum(fields)}) + "\n").encode()


def decode(data: bytes) -> Journal:
    """Read a journal.

    Raises:
        JournalError: It is damaged, of another version, or not a journal.
    """
    try:
        fields: Any = json.loads(data)
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise JournalError("it is not a journal")
        if fields.get("version") != VERSION:
            raise JournalError(f"it is of version {str(fields.get('version'))[:20]}, and this is version {VERSION}")
        checksum = fields.pop("checksum", None)
        if checksum != _checksum(fields):
            raise JournalError("its checksum is wrong")
        journal = Journal(
            identity={str(key): str(value) for key, value in fields["identity"].items()},
            size=int(fields["size"]),
            condition=str(fields["validator"]),
            flushed=tuple((int(start), int(stop)) for start, stop in fields["flushed"]),
            written=tuple((int(start), int(stop)) for start, stop in fields["written"]),
            boot=None if fields["boot"] is None else str(fields["boot"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise JournalError("it is damaged") from error
    if not (is_disjoint(journal.flushed, journal.size) and is_disjoint(journal.written, journal.size)):
        raise JournalError("its spans are impossible")
    return journal


def load(path: Path) -> Journal | None:
    """Read the journal at a path; None if there is none.

    Raises:
        JournalError: There is one, and it cannot be used.
    """
    try:
        with path.open("rb") as file:
            # A journal has a few spans for each connection; something longer is none of ours.
            return decode(file.read(1 << 20))
    except FileNotFoundError:
        return None


def save(path: Path, journal: Journal, *, durable: bool) -> None:
    """Replace the journal at a path by one that is whole at every moment.

    Args:
        path: Where it lies.
        journal: The new state.
        durable: Whether to wait until the disk has it.
    """
    scratch = path.with_name(path.name + SCRATCH)
    # A link at this name is not ours: following it would write somewhere else.
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(scratch, flags, 0o666), "wb") as file:  # noqa: PTH123 -- of a descriptor
        file.write(encode(journal))
        if durable:
            file.flush()
            os.fsync(file.fileno())
    scratch.replace(path)


def boot_id() -> str | None:
    """A name for this run of the machine: what the kernel has in memory is there for as long as it stays the same."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() or None
    except OSError:
        return None


def _checksum(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
