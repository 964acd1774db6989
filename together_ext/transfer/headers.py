"""HTTP header fields as values: byte ranges, validators, `Retry-After`. No I/O; what cannot be read is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# 18 digits are far above any file and below 2**63; int() of more would cost time that a server should not control.
_CONTENT_RANGE: Final = re.compile(
    r"\s*bytes\s+(?:([0-9]{1,18})\s*-\s*([0-9]{1,18})|\*)\s*/\s*([0-9]{1,18}|\*)\s*", re.IGNORECASE
)
_ETAG: Final = re.compile(r'(?P<weak>W/)?"[\x21\x23-\x7e\x80-\xff]*"')

LONGEST_WAIT: Final = 600.0
"""Seconds of a `Retry-After` that are obeyed; a server that asks for more gets asked again then."""


@dataclass(frozen=True)
class ContentRange:
    """Where a partial answer belongs.

    Attributes:
        start: Offset of its first byte.
        stop: Offset behind its last byte.
        size: Bytes of the whole file; None if the server does not know.
    """

    start: int
    stop: int
    size: int | None


def range_header(start: int, stop: int | None) -> str:
    """The `Range` value for the bytes from `start` up to, not including, `stop`; None for all that follow."""
    return f"bytes={start}-{'' if stop is None else stop - 1}"


def parse_content_range(value: str | None) -> ContentRange | None:
    """Read the `Content-Range` of a 206 (RFC 9110, 14.4); None if it is absent or makes no sense."""
    match = _CONTENT_RANGE.fullmatch(value or "")
    if match is None or match[1] is None:
        return None
    start, stop = int(match[1]), int(match[2]) + 1
    size = None if match[3] == "*" else int(match[3])
    return ContentRange(start, stop, size) if start < stop and (size is None or stop <= size) else None


def parse_unsatisfied_size(value: str | None) -> int | None:
    """Read the size out of the `Content-Range: bytes */N` of a 416."""
    match = _CONTENT_RANGE.fullmatch(value or "")
    return None if match is None or match[1] is not None or match[3] == "*" else int(match[3])


def parse_length(value: str | None) -> int | None:
    """Read a `Content-Length`."""
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,18}", value) else None


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds to wait by a `Retry-After`, given in seconds or as a date; from 0 to `LONGEST_WAIT`."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,9})?", value.strip()):
        return min(float(value), LONGEST_WAIT)
    date = _date(value)
    return None if date is None else min(max((date - now).total_seconds(), 0.0), LONGEST_WAIT)


@dataclass(frozen=True)
class Validator:
    """What tells one version of a remote file from another.

    Attributes:
        etag: The entity tag as sent, quotes and `W/` included; None if there is none.
        last_modified: The date of the last change as sent; None if there is none.
        condition: What may stand in `If-Range`; None if nothing is strong enough (RFC 9110, 13.1.5).
    """

    etag: str | None = None
    last_modified: str | None = None
    condition: str | None = None

    @property
    def strong(self) -> bool:
        """Whether it proves that two answers are of the same bytes."""
        return self.condition is not None

    def contradicts(self, other: Validator) -> bool:
        """Whether the two cannot be of the same version; what either of them lacks says nothing."""
        if self.etag is not None and other.etag is not None:
            return self.etag != other.etag
        return None not in (self.last_modified, other.last_modified) and self.last_modified != other.last_modified


def validator_of(headers: Mapping[str, str]) -> Validator:
    """Read the validators of an answer.

    Args:
        headers: The answer's headers; a mapping that ignores case, or one with names in lower case.
    """
    raw = headers.get("etag", "").strip()
    match = _ETAG.fullmatch(raw)
    etag = raw if match else None
    modified = headers.get("last-modified")
    if match is not None and match["weak"] is None:
        return Validator(etag, modified, etag)
    # RFC 9110, 8.8.2.2: a date is strong if the answer is at least a minute younger, so that a second change within
    # the same second would have been seen. Beside a weak tag it is no better than the tag.
    changed, sent = _date(modified), _date(headers.get("date"))
    settled = match is None and None not in (changed, sent) and (sent - changed).total_seconds() >= 60  # type: ignore[operator]  # noqa: PLR2004 -- the RFC's minute
    return Validator(etag, modified, modified if settled else None)


def _date(value: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(value or "")
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
