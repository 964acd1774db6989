"""Byte ranges and validators (RFC 9110), as a strict server parses them. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate

_RANGE = re.compile(r"\s*(?P<first>[0-9]*)\s*-\s*(?P<last>[0-9]*)\s*")


class UnsatisfiableRangeError(ValueError):
    """The range is outside the content: the status of the response is 416."""


@dataclass(frozen=True)
class Span:
    """The bytes from ``start`` up to, not including, ``stop``."""

    start: int
    stop: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.stop - self.start


def requested_span(header: str | None, size: int) -> Span | None:
    """Read a ``Range`` header against content of ``size`` bytes.

    Returns:
        The span to send with status 206, or None to ignore the header and send everything: no header, another unit, a
        malformed one (RFC 9110 14.2), or several ranges, which a server may decline (and storage hosts do).

    Raises:
        UnsatisfiableRangeError: The range is well formed and outside the content.
    """
    unit, _, ranges = (header or "").partition("=")
    match = _RANGE.fullmatch(ranges)
    if unit.strip().lower() != "bytes" or match is None:
        return None
    first, last = match["first"], match["last"]
    if not first:
        return _suffix(last, size)
    start, stop = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise UnsatisfiableRangeError(header)
    return Span(start, stop)


def _suffix(last: str, size: int) -> Span | None:
    """A range of the last bytes, such as ``bytes=-500``."""
    if not last:
        return None
    if int(last) == 0 or size == 0:
        raise UnsatisfiableRangeError(last)
    return Span(max(0, size - int(last)), size)


def if_range_holds(header: str | None, etag: str | None, last_modified: str | None) -> bool:
    """Whether a ``Range`` header may be obeyed in view of ``If-Range``.

    An entity tag is compared strongly (RFC 9110 13.1.5): a weak one never matches. A date has to be the exact one.
    """
    if header is None:
        return True
    if header.startswith(('"', "W/")):
        return not header.startswith("W/") and header == etag
    return header == last_modified


def http_date(modified: float) -> str:
    """A time in seconds since 1970 in the format of HTTP headers."""
    return formatdate(modified, usegmt=True)
