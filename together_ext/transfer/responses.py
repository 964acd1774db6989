"""Checks the head of a response to a request for bytes. No I/O; nothing of a response is trusted before.

The rules are those of RFC 9110, sections 13 to 15; servers are expected to violate them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from together_ext.errors import IntegrityError, TransferError, TransferInterruptedError
from together_ext.text import printable

from .failures import ViolationError
from .network.headers import (
    ContentRange,
    Validator,
    is_delimited,
    parse_content_range,
    parse_length,
    parse_unsatisfied_size,
    validator_of,
)

RETRYABLE: Final = frozenset({408, 425, 429})
"""Statuses that are retried, besides those of 500 and above."""

DECODED: Final = frozenset({"gzip", "x-gzip", "deflate"})
"""Content codings that a proxy may apply to a whole file although none was requested, and that are decoded.

All others (`br`, `zstd`, `aws-chunked`, `none`, `binary`, ...) describe how an object was uploaded: its bytes are kept.
"""

EXPIRED: Final = frozenset({401, 403, 404, 410})
"""Statuses of a storage host for an expired signed URL."""


class UndelimitedError(IntegrityError):
    """The end of the body cannot be recognized."""


class NotResumableError(TransferInterruptedError):
    """The download broke off, and the server lacks what is needed to resume it: it must start over."""


class RemoteChangeError(TransferError):
    """The response belongs to another version of the file: downloaded bytes are useless."""


class RangesIgnoredError(TransferError):
    """The server responds to a range request with the whole file: it must be downloaded in one request."""


@dataclass(frozen=True)
class Content:
    """What the head of a response says about its body.

    Attributes:
        start: Offset in the file of the first byte of the body.
        stop: Offset after its last byte; None if the server does not send its length.
        size: Size of the whole file in bytes; None if the server does not send it.
        validator: The version of the file.
        partial: Whether the server honoured the range.
        encoded: Whether the body is compressed for the transfer and must be decoded.
        delimited: Whether the end of the body is marked; if not, only the end of the connection marks it.
        media_type: The `Content-Type` without parameters, in lower case.
    """

    start: int
    stop: int | None
    size: int | None
    validator: Validator
    partial: bool
    encoded: bool
    media_type: str
    delimited: bool = True


def is_retryable(status: int) -> bool:
    """Whether a request with this response status may succeed later."""
    return status in RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def announced(status: int, headers: Mapping[str, str], *, start: int, stop: int | None) -> Content:
    """Check the head of a response (RFC 9110, sections 14 and 15).

    Args:
        status: The status: below 300, or 416.
        headers: The headers, in a mapping that ignores case or has names in lower case.
        start: Offset of the first requested byte.
        stop: Offset after the last requested byte; None for all that follow.

    Returns:
        What the head says about the body.

    Raises:
        ViolationError: The response contradicts itself or the request.
        IntegrityError: It contains no file.
        RemoteChangeError: The file has become shorter than `start`.
    """
    validator = validator_of(headers)
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    encoded = headers.get("content-encoding", "").strip().lower() in DECODED
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        if start > 0:
            raise RemoteChangeError(f"the remote file now ends before byte {start}")
        if parse_unsatisfied_size(headers.get("content-range")) != 0:
            raise IntegrityError("the server refuses a range that starts at 0 (status 416)")
        return Content(0, 0, 0, validator, partial=False, encoded=False, media_type=media_type)
    if status == HTTPStatus.PARTIAL_CONTENT:
        # A range applies to the stored object, whatever its content coding; curl does the same.
        found = _content_range(headers, start=start, stop=stop)
        return Content(
            found.start, found.stop, found.size, validator, partial=True, encoded=False, media_type=media_type
        )
    if status != HTTPStatus.OK:
        raise IntegrityError(f"the server responded with status {status}, which contains no file")
    length = parse_length(headers.get("content-length"))
    # The length of a compressed body is that of the compressed form, so the size of the file is unknown.
    size = None if encoded else length
    return Content(
        0, size, size, validator, partial=False, encoded=encoded, media_type=media_type, delimited=is_delimited(headers)
    )


def _content_range(headers: Mapping[str, str], *, start: int, stop: int | None) -> ContentRange:
    found = parse_content_range(headers.get("content-range"))
    if found is None:
        value = printable(headers.get("content-range", "none"), 80)
        raise ViolationError(f"a partial response (206) without a valid Content-Range ({value}) was sent")
    # A range without an end reaches to the end of the file.
    fits = found.stop == found.size if stop is None else found.stop <= stop
    if found.start != start or not fits:
        requested = f"{start}-{'' if stop is None else stop - 1}"
        raise ViolationError(f"bytes {requested} were requested, and {found.start}-{found.stop - 1} were sent")
    length = parse_length(headers.get("content-length"))
    if length is not None and length != found.stop - found.start:
        raise ViolationError(
            f"a partial response of {length} bytes claims to contain bytes {found.start}-{found.stop - 1}"
        )
    return found


def check_same(expected: Content, found: Content, *, start: int) -> None:
    """Check that a response belongs to the same version of the file as the first one (RFC 9110, 13.1.5).

    Args:
        expected: The first response of this transfer.
        found: A later response.
        start: Offset of the first byte that was requested with the later one.

    Raises:
        RemoteChangeError: The validator or the size differs.
        RangesIgnoredError: The same file, but from its beginning.
    """
    if expected.validator.contradicts(found.validator):
        raise RemoteChangeError("the validator of the remote file has changed")
    if None not in (expected.size, found.size) and expected.size != found.size:
        raise RemoteChangeError(f"the size of the remote file has changed from {expected.size} to {found.size} bytes")
    if not found.partial and start > 0:
        if expected.validator.strong and found.validator.condition != expected.validator.condition:
            # A response with status 200 to If-Range means that the condition failed.
            raise RemoteChangeError("the remote file no longer has a comparable validator")
        raise RangesIgnoredError("the server ignores byte ranges")
