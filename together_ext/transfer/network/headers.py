"""Parsing of HTTP header fields: byte ranges, validators, `Retry-After`. No I/O; invalid values are None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# 18 digits exceed the size of any file and are below 2**63; more digits would let a server waste time in int().
_CONTENT_RANGE: Final = re.compile(
    r"\s*bytes\s+(?:([0-9]{1,18})\s*-\s*([0-9]{1,18})|\*)\s*/\s*([0-9]{1,18}|\*)\s*", re.IGNORECASE
)
_ETAG: Final = re.compile(r'(?P<weak>W/)?"[\x21\x23-\x7e\x80-\xff]*"')

_FRAMING: Final = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)

SETTLED: Final = 60.0
"""Minimum number of seconds between `Last-Modified` and `Date` for a strong validator (RFC 9110, 8.8.2.2)."""

LONGEST_WAIT: Final = 600.0
"""Maximum number of seconds of a `Retry-After`; a longer one is shortened to this."""

UNDELIMITED: Final = (
    "the server sends neither the length nor the end of the file, so a truncated file would not be noticed"
)


@dataclass(frozen=True)
class ContentRange:
    """A valid `Content-Range`.

    Attributes:
        start: Offset of the first byte of the body.
        stop: Offset after its last byte.
        size: Size of the whole file in bytes; None if the server does not send it.
    """

    start: int
    stop: int
    size: int | None


def range_header(start: int, stop: int | None) -> str:
    """The value of `Range` for the bytes from `start` to `stop`, without `stop`; None for all that follow."""
    return f"bytes={start}-{'' if stop is None else stop - 1}"


def parse_content_range(value: str | None) -> ContentRange | None:
    """Parse the `Content-Range` of a response with status 206 (RFC 9110, 14.4); None if it is absent or invalid."""
    match = _CONTENT_RANGE.fullmatch(value or "")
    if match is None or match[1] is None:
        return None
    start, stop = int(match[1]), int(match[2]) + 1
    size = None if match[3] == "*" else int(match[3])
    return ContentRange(start, stop, size) if start < stop and (size is None or stop <= size) else None


def parse_unsatisfied_size(value: str | None) -> int | None:
    """Parse the size in the `Content-Range: bytes */N` of a response with status 416 (RFC 9110, 15.5.17)."""
    match = _CONTENT_RANGE.fullmatch(value or "")
    return None if match is None or match[1] is not None or match[3] == "*" else int(match[3])


def parse_length(value: str | None) -> int | None:
    """Parse a `Content-Length` in bytes; None if it is absent or invalid."""
    return int(value) if value is not None and re.fullmatch(r"[0-9]{1,18}", value) else None


def without_framing(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that a server names for a request, without those that say where a message ends and where it goes."""
    return {name: value for name, value in headers.items() if name.lower() not in _FRAMING}


def is_delimited(headers: Mapping[str, str]) -> bool:
    """Whether the end of a body is marked (RFC 9112, 6.3); if not, the end of the connection is that of the body."""
    chunked = headers.get("transfer-encoding", "").strip().lower() == "chunked"
    return chunked or parse_length(headers.get("content-length")) is not None


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Parse a `Retry-After` in seconds or as a date (RFC 9110, 10.2.3); returns 0 to `LONGEST_WAIT` seconds."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,9})?", value.strip()):
        return min(float(value), LONGEST_WAIT)
    date = _date(value)
    return None if date is None else min(max((date - now).total_seconds(), 0.0), LONGEST_WAIT)


@dataclass(frozen=True)
class Validator:
    """What identifies a version of a remote file.

    Attributes:
        etag: The `ETag` as sent, including quotes and `W/`; None if there is none.
        last_modified: The `Last-Modified` as sent; None if there is none.
        condition: The strong validator for `If-Range`; None if there is none (RFC 9110, 13.1.5).
    """

    etag: str | None = None
    last_modified: str | None = None
    condition: str | None = None

    @property
    def strong(self) -> bool:
        """Whether it proves that two responses contain the same bytes."""
        return self.condition is not None

    def contradicts(self, other: Validator) -> bool:
        """Whether the two belong to different versions; values that one of them lacks are not compared."""
        if self.etag is not None and other.etag is not None:
            return self.etag != other.etag
        return None not in (self.last_modified, other.last_modified) and self.last_modified != other.last_modified


def validator_of(headers: Mapping[str, str]) -> Validator:
    """Parse the validators of a response (RFC 9110, 8.8).

    Args:
        headers: The headers, in a mapping that ignores case or has names in lower case.

    Returns:
        The validators.
    """
    raw = headers.get("etag", "").strip()
    match = _ETAG.fullmatch(raw)
    etag = raw if match else None
    modified = headers.get("last-modified")
    # A value that is not ASCII may have any encoding, so it cannot be sent back unchanged.
    if match is not None and match["weak"] is None and raw.isascii():
        return Validator(etag, modified, etag)
    # RFC 9110, 8.8.2.2: a date is strong if the response is at least a minute younger, so that a second change within
    # the same second would be visible. With a weak tag it is weak, too.
    changed, sent = _date(modified), _date(headers.get("date"))
    settled = changed is not None and sent is not None and (sent - changed).total_seconds() >= SETTLED
    condition = modified if settled and match is None and modified is not None and modified.isascii() else None
    return Validator(etag, modified, condition)


def _date(value: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(value or "")
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
