"""The journal beside a partial file: which of its bytes can be trusted, and what they are bytes of.

Two claims are kept. *Flushed* spans were on the disk before the journal said so: they hold after a power cut.
*Written* spans were handed to the kernel: they hold for as long as this machine has not been restarted, which is
all that a killed process needs. The second claim costs no flush, so it is renewed often: by a line behind the first
one, each with a checksum of its own. The last line that can be read holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from .plan import Spans, is_disjoint, merged

FORMAT: Final = "together-ext partial download"
VERSION: Final = 2


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
    """Write a journal as a line with a checksum of its own."""
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
    return _signed(fields)


def renewal(written: Spans) -> bytes:
    """The line that renews the claim of what is written."""
    return _signed({"written": written})


def decode(data: bytes) -> Journal:
    """Read a journal and its renewals.

    Raises:
        JournalError: It is damaged, of another version, or not a journal.
    """
    first, *renewals = data.split(b"\n")
    try:
        fields: Any = json.loads(first)
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise JournalError("it is not a journal")
        if fields.get("version") != VERSION:
            raise JournalError(f"it is of version {str(fields.get('version'))[:20]}, and this is version {VERSION}")
        if fields.pop("checksum", None) != _checksum(fields):
            raise JournalError("its checksum is wrong")
        journal = Journal(
            identity={str(key): str(value) for key, value in fields["identity"].items()},
            size=int(fields["size"]),
            condition=str(fields["validator"]),
            flushed=_spans(fields["flushed"]),
            written=_spans(fields["written"]),
            boot=None if fields["boot"] is None else str(fields["boot"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise JournalError("it is damaged") from error
    if not (is_disjoint(journal.flushed, journal.size) and is_disjoint(journal.written, journal.size)):
        raise JournalError("its spans are impossible")
    for line in reversed(renewals):
        # A crash may cut the last line, a power cut any of them: the one before it holds then.
        written = _renewed(line, journal.size)
        if written is not None:
            return replace(journal, written=written)
    return journal


def _renewed(line: bytes, size: int) -> Spans | None:
    try:
        fields: Any = json.loads(line)
        if fields.pop("checksum", None) != _checksum(fields):
            return None
        written = _spans(fields["written"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return written if is_disjoint(written, size) else None


def _spans(value: Any) -> Spans:  # noqa: ANN401 -- whatever was in the file
    return tuple((int(start), int(stop)) for start, stop in value)


def boot_id() -> str | None:
    """A name for this run of the machine: what the kernel has in memory is there for as long as it stays the same."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() or None
    except OSError:
        return None


def _signed(fields: Mapping[str, object]) -> bytes:
    return (json.dumps({**fields, "checksum": _checksum(fields)}) + "\n").encode()


def _checksum(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
