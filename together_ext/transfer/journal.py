"""The journal of a partial file: which of its bytes are valid, and of which version of the remote file.

The journal lists two kinds of spans. *Flushed* spans were on the disk before the journal listed them: they are valid
after a power failure. *Written* spans were passed to the kernel: they are valid until the machine restarts, which is
enough after a killed process. The second list needs no flush, so it is renewed often, by a line that is appended after
the first one. Each line has its own checksum; the last readable line is valid.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .plan import Spans, is_disjoint, merged

FORMAT: Final = "together-ext partial download"
VERSION: Final = 2


class JournalError(Exception):
    """The journal, and so the partial file, cannot be used; the message has the reason."""


@dataclass(frozen=True)
class Journal:
    """The state of a partial file.

    Attributes:
        identity: What identifies the request; another request must not resume from this file.
        size: Size of the complete file in bytes.
        condition: The strong validator of the remote file's version.
        flushed: Spans that are on the disk.
        written: Spans that were passed to the kernel.
        boot: ID of the machine's run in which `written` is valid; None if the system has no such ID.
    """

    identity: Mapping[str, str]
    size: int
    condition: str
    flushed: Spans = ()
    written: Spans = ()
    boot: str | None = None

    def trusted(self, boot: str | None) -> Spans:
        """The valid spans in the machine's run with the ID `boot`."""
        return merged([*self.flushed, *self.written]) if boot is not None and boot == self.boot else self.flushed


def encode(journal: Journal) -> bytes:
    """Encode a journal as one line with a checksum."""
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
    """Encode a line that renews the list of written spans."""
    return _signed({"written": written})


def decode(data: bytes) -> Journal:
    """Decode a journal and its renewals.

    Args:
        data: The content of the file.

    Returns:
        The journal, with the written spans of the last readable renewal.

    Raises:
        JournalError: It is damaged, of another version, or not a journal.
    """
    first, *renewals = data.split(b"\n")
    try:
        fields: Any = json.loads(first)
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise JournalError("it is not a journal")
        if fields.get("version") != VERSION:
            raise JournalError(f"its version is {str(fields.get('version'))[:20]}; the supported version is {VERSION}")
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
        raise JournalError("its spans are invalid")
    for line in reversed(renewals):
        # A crash may truncate the last line, a power failure any line: the line before it is valid then.
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


def _spans(value: Any) -> Spans:  # noqa: ANN401 -- unchecked content of the file
    return tuple((int(start), int(stop)) for start, stop in value)


def _signed(fields: Mapping[str, object]) -> bytes:
    return (json.dumps({**fields, "checksum": _checksum(fields)}) + "\n").encode()


def _checksum(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
