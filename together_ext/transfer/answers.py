"""What an HTTP answer to a request for bytes really is. A verdict without I/O: nothing is trusted before it.

The rules are those of RFC 9110, sections 13 to 15, read by somebody who expects the server to be wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from together_ext.errors import IntegrityError, TransferError, printable

from .headers import ContentRange, Validator, parse_content_range, parse_length, parse_unsatisfied_size, validator_of

RETRYABLE: Final = frozenset({408, 425, 429})
"""Refusals that pass; so do those of 500 and above."""

UNENCODED: Final = frozenset({"", "identity", "aws-chunked"})
"""Content codings that leave the bytes as they are; the last one only says how an object was uploaded."""

EXPIRED: Final = frozenset({401, 403, 404, 410})
"""What a storage host says of a signed URL whose time is over."""


class RemoteChangeError(TransferError):
    """The answer is of another version of the file: what has arrived is of no use any more."""


class RangesIgnoredError(TransferError):
    """The server sends the whole file to a request for its rear: it has to be fetched in one go."""


@dataclass(frozen=True)
class Content:
    """A body that was announced, and checked as far as headers go.

    Attributes:
        start: Offset in the file of the body's first byte.
        stop: Offset behind its last byte; None if the server does not say how long it is.
        size: Bytes of the whole file; None if the server does not say.
        validator: The version of the file.
        partial: Whether the server honoured the range.
        encoded: Whether the body is compressed on its way and must be decoded.
        media_type: The `Content-Type` without parameters, in lower case.
    """

    start: int
    stop: int | None
    size: int | None
    validator: Validator
    partial: bool
    encoded: bool
    media_type: str


def is_retryable(status: int) -> bool:
    """Whether asking again later may help."""
    return status in RETRYABLE or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def announced(status: int, headers: Mapping[str, str], *, start: int, stop: int | None) -> Content:
    """Read the head of an answer.

    Args:
        status: A status below 300, or 416.
        headers: The answer's headers; a mapping that ignores case, or one with names in lower case.
        start: Offset of the first byte that was asked for.
        stop: Offset behind the last one; None for all that follow.

    Raises:
        IntegrityError: The answer contradicts itself or the request.
        RemoteChangeError: The file has become shorter than `start`.
    """
    validator = validator_of(headers)
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    encoded = headers.get("content-encoding", "identity").strip().lower() not in UNENCODED
    if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        if start > 0:
            raise RemoteChangeError(f"there is nothing from byte {start} on any more")
        if parse_unsatisfied_size(headers.get("content-range")) != 0:
            raise IntegrityError("the server refuses a range that starts at 0 (416): the file cannot be fetched")
        return Content(0, 0, 0, validator, partial=False, encoded=False, media_type=media_type)
    if status == HTTPStatus.PARTIAL_CONTENT:
        if encoded:
            raise IntegrityError("a part of a compressed form of the file was sent: its bytes have no place")
        found = _content_range(headers, start=start, stop=stop)
        return Content(
            found.start, found.stop, found.size, validator, partial=True, encoded=False, media_type=media_type
        )
    if status != HTTPStatus.OK:
        raise IntegrityError(f"the server answered {status} without a file in it")
    length = parse_length(headers.get("content-length"))
    if length is None and headers.get("transfer-encoding", "").strip().lower() != "chunked":
        raise IntegrityError("the server says neither how long the file is nor where it ends: a cut would go unnoticed")
    # Of a compressed body the length is that of the compressed form, so the file's own is unknown.
    size = None if encoded else length
    return Content(0, size, size, validator, partial=False, encoded=encoded, media_type=media_type)


def _content_range(headers: Mapping[str, str], *, start: int, stop: int | None) -> ContentRange:
    found = parse_content_range(headers.get("content-range"))
    if found is None:
        said = printable(headers.get("content-range", "none"), 80)
        raise IntegrityError(f"a partial answer (206) without a usable Content-Range ({said}) was sent")
    # What was asked for without an end can only be sent up to the file's own.
    fits = found.stop == found.size if stop is None else found.stop <= stop
    if found.start != start or not fits:
        asked = f"{start}-{'' if stop is None else stop - 1}"
        raise IntegrityError(f"bytes {asked} were asked for, and {found.start}-{found.stop - 1} were sent")
    length = parse_length(headers.get("content-length"))
    if length is not None and length != found.stop - found.start:
        raise IntegrityError(f"a partial answer of {length} bytes claims to hold bytes {found.start}-{found.stop - 1}")
    return found


def check_same(expected: Content, found: Content, *, start: int) -> None:
    """Refuse bytes of another version of the file than the first answer's.

    Args:
        expected: The first answer of this transfer.
        found: A later one.
        start: Offset that the later one was asked to begin at.

    Raises:
        RemoteChangeError: Another validator or another size.
        RangesIgnoredError: The same file, and all of it instead of its rear.
    """
    if expected.validator.contradicts(found.validator):
        raise RemoteChangeError("the remote file has another validator now")
    if None not in (expected.size, found.size) and expected.size != found.size:
        raise RemoteChangeError(f"the remote file has {found.size} bytes now, and had {expected.size}")
    if not found.partial and start > 0:
        if expected.validator.strong and found.validator.condition != expected.validator.condition:
            # The condition failed: that is what a 200 to If-Range means.
            raise RemoteChangeError("the remote file has no comparable validator any more")
        raise RangesIgnoredError("the server ignores ranges")
