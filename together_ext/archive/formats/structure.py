"""Check that an archive is complete, by the headers inside it; nothing is decompressed.

A truncated object that a cache serves with a consistent length passes every check of HTTP. The formats: RFC 8878, 3.1
(zstd frames and blocks); POSIX.1-2017 `pax`, "ustar Interchange Format".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from together_ext.errors import ArchiveError, IntegrityError

from .frame import LONGEST, MAGIC, SKIPPABLE, SKIPPABLE_HEADER, FrameHeader, is_skippable, skippable_size
from .sniff import HEAD, ArchiveFormat, sniff
from .tar import BLOCK, header_size

Read = Callable[[int, int], bytes]
"""`read(offset, count)` returns so many bytes at an offset, fewer at the end."""

_PAGE: Final = 4096
"""Bytes that are read at once: more than any header has, and one page of the disk cache."""

_TURN: Final = 4096
"""Number of headers between two calls of `look`."""

_RAW, _REPEATED, _COMPRESSED = 0, 1, 2


def check_structure(read: Read, size: int, look: Callable[[], object]) -> bool:
    """Check that an archive ends where its headers require it.

    Args:
        read: Reads the archive.
        size: Its size in bytes.
        look: Called every few thousand headers; an exception from it ends the check.

    Returns:
        Whether the structure could be checked: True for zstd and plain tar archives, False for gzip and other formats.

    Raises:
        IntegrityError: The archive is truncated or damaged.
    """
    pages = _Pages(read, look)
    match sniff(pages.read(0, HEAD)):
        case ArchiveFormat.TAR_ZST:
            _walk_zstd(pages, size)
            return True
        case ArchiveFormat.TAR:
            return _walk_tar(pages, size)
        case _:
            return False


class _Pages:
    """Reads small pieces in order, a page at a time."""

    def __init__(self, read: Read, look: Callable[[], object]) -> None:
        self._read, self._look = read, look
        self._page, self._start, self._count = b"", 0, 0

    def read(self, offset: int, count: int) -> bytes:
        self._count += 1
        if self._count % _TURN == 0:
            self._look()
        begin = offset - self._start
        if begin < 0 or begin + count > len(self._page):
            self._page, self._start, begin = self._read(offset, max(count, _PAGE)), offset, 0
        return self._page[begin : begin + count]


def _cut(where: str, size: int) -> IntegrityError:
    return IntegrityError(
        f"the archive is truncated: its {size:,} bytes end inside {where}; the server or a cache has an incomplete "
        "copy, so try again later"
    )


def _walk_zstd(pages: _Pages, size: int) -> None:
    position = 0
    while position < size:
        head = pages.read(position, LONGEST)
        if is_skippable(head) and len(head) >= SKIPPABLE_HEADER:
            position += skippable_size(head)
        elif head[:4] == MAGIC:
            position = _frame_end(pages, position, head, size)
        elif MAGIC.startswith(head[:4]) or (len(head) < SKIPPABLE_HEADER and SKIPPABLE.startswith(head[1:4])):
            raise _cut("a frame's header", size)
        else:
            raise IntegrityError(
                f"the archive is damaged: there is no zstd frame at byte {position:,} of {size:,}; "
                "try again later, or report it to the server's support"
            )
    if position != size:
        raise _cut("a skippable frame", size)


def _frame_end(pages: _Pages, position: int, head: bytes, size: int) -> int:
    frame = FrameHeader.parse(head)
    if frame is None:
        raise _cut("a frame's header", size)
    position += frame.length
    last = False
    while not last:
        block = pages.read(position, 3)
        if len(block) < 3:  # noqa: PLR2004 -- a block header
            raise _cut("a zstd frame", size)
        header = int.from_bytes(block, "little")
        last, kind, length = bool(header & 1), header >> 1 & 3, header >> 3
        if kind not in {_RAW, _REPEATED, _COMPRESSED}:
            raise IntegrityError(f"the archive is damaged: a zstd block of an unknown type at byte {position:,}")
        position += 3 + (1 if kind == _REPEATED else length)
    position += 4 if frame.checksum else 0
    if position > size:
        raise _cut("a zstd frame", size)
    return position


def _walk_tar(pages: _Pages, size: int) -> bool:
    """Go from header to header; an archive with an unsupported header cannot be checked."""
    position, announced = 0, None
    while True:
        header = pages.read(position, BLOCK)
        if len(header) < BLOCK:
            raise _cut("a tar member" if position else "its first header", size)
        if not any(header):
            _check_nothing_follows(pages, position, size)
            return True
        try:
            content, announced = header_size(header, announced, partial(_whole, pages, position + BLOCK, size))
        except ArchiveError:
            return False
        position += BLOCK + content + -content % BLOCK
        if position > size:
            raise _cut("a tar member", size)


def _check_nothing_follows(pages: _Pages, position: int, size: int) -> None:
    for page in range(position, size, _PAGE):
        if any(pages.read(page, min(_PAGE, size - page))):
            raise IntegrityError(
                f"the archive is damaged: it ends at byte {position:,} of {size:,}, and data follows; "
                "try again later, or report it to the server's support"
            )


def _whole(pages: _Pages, position: int, size: int, count: int) -> bytes:
    data = pages.read(position, count)
    if len(data) < count:
        raise _cut("an extended header", size)
    return data
