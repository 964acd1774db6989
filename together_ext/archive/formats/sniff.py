"""Detect the format of an archive by its first bytes; the media types of servers are often wrong."""

from __future__ import annotations

from codecs import BOM_UTF8
from enum import StrEnum
from typing import Final

from .frame import MAGIC, is_skippable

HEAD: Final = 512
"""Number of bytes with which every format is recognized."""


class ArchiveFormat(StrEnum):
    """The supported formats; the values are their extensions."""

    TAR_ZST = ".tar.zst"
    TAR_GZ = ".tar.gz"
    TAR = ".tar"


ENDINGS: Final = (*ArchiveFormat, ".tzst", ".tgz", ".bin")
"""The extensions of archives that others have named, too."""

_GZIP: Final = b"\x1f\x8b"
_USTAR: Final = (257, b"ustar")
_CHECKSUM: Final = slice(148, 156)


def sniff(head: bytes) -> ArchiveFormat | None:
    """The format of a file that starts with these bytes; None if it is not a supported one.

    262 bytes are enough for every format except pre-POSIX tar archives, which have no magic bytes: these are recognized
    by a header of 512 bytes with a correct checksum.
    """
    if head.startswith(MAGIC) or is_skippable(head):
        return ArchiveFormat.TAR_ZST
    if head.startswith(_GZIP):
        return ArchiveFormat.TAR_GZ
    offset, magic = _USTAR
    if head[offset : offset + len(magic)] == magic or _is_old_header(head[:HEAD]):
        return ArchiveFormat.TAR
    return None


def has_checksum(header: bytes, checksum: int) -> bool:
    """Whether the checksum of a tar header is correct: the sum of its bytes, which some old programs add as signed."""
    total = sum(header) - sum(header[_CHECKSUM]) + 8 * ord(" ")
    if total == checksum:
        return True
    other = header[: _CHECKSUM.start] + header[_CHECKSUM.stop :]
    return total - 256 * sum(byte > 0x7F for byte in other) == checksum  # noqa: PLR2004 -- the sign


def _is_old_header(header: bytes) -> bool:
    digits = header[_CHECKSUM].strip(b" \0")
    return (
        len(header) == HEAD
        and header[0] != 0
        and digits.isdigit()
        and not digits.strip(b"01234567")
        and has_checksum(header, int(digits, 8))
    )


def looks_like_text(head: bytes) -> bool:
    """Whether a file that starts with these bytes is a web page or a message in JSON, not an archive."""
    start = head.removeprefix(BOM_UTF8).lstrip()[:1]
    return start in {b"<", b"{", b"["} and b"\x00" not in head
