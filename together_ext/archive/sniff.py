"""Tell an archive's format from its first bytes; a server's word for it is often wrong."""

from __future__ import annotations

from codecs import BOM_UTF8
from enum import StrEnum
from typing import Final


class ArchiveFormat(StrEnum):
    """The formats of fine-tuned weights, by their usual extension."""

    TAR_ZST = ".tar.zst"
    TAR_GZ = ".tar.gz"
    TAR = ".tar"


_ZSTD: Final = b"\x28\xb5\x2f\xfd"
# RFC 8878, 3.1.2: a skippable frame may come first; the low half of its first byte is free.
_ZSTD_SKIPPABLE: Final = b"\x2a\x4d\x18"
_GZIP: Final = b"\x1f\x8b"
_USTAR: Final = (257, b"ustar")


def sniff(head: bytes) -> ArchiveFormat | None:
    """The format of a file that begins with these bytes, of which 262 tell everything; None if it is none of them."""
    if head.startswith(_ZSTD) or (head[1:4] == _ZSTD_SKIPPABLE and head[0] >> 4 == 0x5):  # noqa: PLR2004
        return ArchiveFormat.TAR_ZST
    if head.startswith(_GZIP):
        return ArchiveFormat.TAR_GZ
    offset, magic = _USTAR
    return ArchiveFormat.TAR if head[offset : offset + len(magic)] == magic else None


def looks_like_text(head: bytes) -> bool:
    """Whether it is a page or a message rather than a file of weights."""
    start = head.removeprefix(BOM_UTF8).lstrip()[:1]
    return start in {b"<", b"{", b"["} and b"\x00" not in head
