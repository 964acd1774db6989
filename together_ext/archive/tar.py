"""Read a tar archive in one pass: strictly, in bounded memory, and without copying what is in its files.

The standard library's reader takes extended headers of any size into memory, and passes on what we would refuse anyway.
The formats: POSIX.1-2017 `pax`, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from together_ext.errors import ArchiveError

BLOCK: Final = 512
LONGEST_HEADER: Final = 1 << 20
"""Bytes of an extended header; the usual ones have a few hundred."""

_EMPTY: Final = bytes(BLOCK)
_FILES: Final = frozenset({b"0", b"\0", b"7"})
_FOLDER: Final = b"5"
_PAX, _GLOBAL_PAX, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"
_OF_ONE_MEMBER: Final = frozenset({b"path", b"size"})
_LONGEST_LENGTH: Final = len(str(LONGEST_HEADER))
_KINDS: Final = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a FIFO",
    b"S": "a sparse file",
}


@dataclass(frozen=True)
class Member:
    """An entry of an archive.

    Attributes:
        name: As the archive has it.
        size: Bytes of its content; 0 for a folder.
        is_folder: Whether it is one; everything else is a regular file.
    """

    name: str
    size: int
    is_folder: bool


class TarReader:
    """Yields the members; between one and the next, `content` yields what the member holds."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        """Read from the pieces of an uncompressed archive, in order."""
        self._chunks = chunks
        self._chunk = memoryview(b"")
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[Member]:
        """Yield the members up to the archive's end; raises `ArchiveError` for whatever is not right."""
        name: str | None = None
        size: int | None = None
        while True:
            for _ in self.content():
                pass
            self._skip(self._padding)
            self._padding = 0
            header = self._take(BLOCK)
            if header == _EMPTY:
                self._expect_nothing_more()
                return
            _check_sum(header)
            kind, length = header[156:157], _number(header[124:136])
            if kind in {_PAX, _GLOBAL_PAX, _LONG_NAME, _LONG_LINK}:
                text = self._extension(length)
                if kind == _LONG_NAME:
                    name = _once(name, _text(text.partition(b"\0")[0]))
                elif kind == _PAX:
                    records = _pax(text)
                    name, size = _once(name, _pax_name(records)), _once(size, _pax_size(records))
                elif kind == _GLOBAL_PAX and _pax(text).keys() & _OF_ONE_MEMBER:
                    raise ArchiveError("the archive gives all members one name or size; it was not unpacked")
                continue
            if kind not in _FILES and kind != _FOLDER:
                what = _KINDS.get(kind, f"an entry of type {kind!r}")
                raise ArchiveError(f"the archive holds {what}, {_name(header)[:200]!r}; it was not unpacked")
            found = name if name is not None else _name(header)
            # Before POSIX a folder was a file whose name ends in a slash.
            is_folder = kind == _FOLDER or found.endswith("/")
            self._left = length if size is None else size
            if is_folder and self._left:
                # Readers disagree on whether content follows, and so on what the archive holds.
                raise ArchiveError(f"the archive has a folder with content, {found[:200]!r}; it was not unpacked")
            self._padding = -self._left % BLOCK
            yield Member(found, self._left, is_folder)
            name = size = None

    def content(self) -> Iterator[memoryview]:
        """What is left of the current member, in pieces."""
        while self._left:
            yield self._piece()

    def _piece(self) -> memoryview:
        if not self._chunk:
            self._next_chunk()
        piece = self._chunk[: self._left]
        self._chunk = self._chunk[len(piece) :]
        self._left -= len(piece)
        return piece

    def _next_chunk(self) -> None:
        chunk = next(self._chunks, b"")
        if not chunk:
            raise ArchiveError("the archive ends in the middle; fetch it again")
        self._chunk = memoryview(chunk)

    def _take(self, count: int) -> bytes:
        self._left, taken = count, bytearray()
        while self._left:
            taken += self._piece()
        return bytes(taken)

    def _skip(self, count: int) -> None:
        self._left = count
        while self._left:
            self._piece()

    def _extension(self, length: int) -> bytes:
        if length > LONGEST_HEADER:
            raise ArchiveError(f"the archive has an extended header of {length:,} bytes; it was not unpacked")
        data = self._take(length)
        self._skip(-length % BLOCK)
        return data

    def _expect_nothing_more(self) -> None:
        # Zeros fill up the last record. To read them also means that the compression's checksum has been compared.
        rest = self._chunk
        while True:
            if any(rest) if len(rest) < BLOCK else bytes(rest).strip(b"\0"):
                raise ArchiveError("the archive goes on behind its end; it was not unpacked")
            rest = memoryview(next(self._chunks, b""))
            if not rest:
                return


def _check_sum(header: bytes) -> None:
    wanted = _number(header[148:156])
    if sum(header) - sum(header[148:156]) + 8 * ord(" ") != wanted:
        raise ArchiveError("the archive has a header whose checksum is wrong: it is damaged, or no tar archive")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        # GNU's form for what is too large for octal digits; the sign is in the next bit.
        if field[0] & 0x40:
            raise ArchiveError("the archive has a negative size in a header; it was not unpacked")
        return int.from_bytes(bytes([field[0] & 0x3F]) + field[1:])
    # Digits behind a NUL are not taken for any: readers that stop there find another number.
    digits = field.lstrip(b" ").rstrip(b" \0")
    if not all(byte in b"01234567" for byte in digits):
        raise ArchiveError("the archive has a header with a number that is none: it is damaged, or no tar archive")
    return int(digits or b"0", 8)


def _name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    # GNU's older form has other things where the prefix would be.
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ArchiveError(f"the archive has a name that is not UTF-8: {data[:200]!r}; it was not unpacked") from None


def _pax(data: bytes) -> dict[bytes, bytes]:
    r"""The records `LENGTH KEY=VALUE\n` of an extended header."""
    records: dict[bytes, bytes] = {}
    # By position: to copy what is left at each step took six seconds for one header of many tiny records.
    data, start = data.rstrip(b"\0"), 0
    while start < len(data):
        digits, blank, _ = data[start : start + _LONGEST_LENGTH + 1].partition(b" ")
        length = int(digits) if blank and digits.isdigit() else 0
        record = data[start + len(digits) + 1 : start + length]
        key, equals, value = record.partition(b"=")
        if not equals or start + length > len(data) or not record.endswith(b"\n"):
            raise ArchiveError("the archive has an extended header that cannot be read: it is damaged")
        if key.startswith(b"GNU.sparse."):
            raise ArchiveError("the archive holds a sparse file; it was not unpacked")
        records[key] = value[:-1]
        start += length
    return records


T = TypeVar("T", str, int)


def _once(said: T | None, more: T | None) -> T | None:
    """What extended headers say of a member, if only one of them says it: readers disagree on which one counts."""
    if said is not None and more is not None:
        raise ArchiveError("the archive gives a member two names or sizes; it was not unpacked")
    return said if more is None else more


def _pax_name(records: dict[bytes, bytes]) -> str | None:
    return _text(records[b"path"]) if b"path" in records else None


def _pax_size(records: dict[bytes, bytes]) -> int | None:
    if b"size" not in records:
        return None
    digits = records[b"size"]
    if not digits.isdigit() or len(digits) > 20:  # noqa: PLR2004 -- more than any disk has
        raise ArchiveError("the archive has a size in a header that is none; it was not unpacked")
    return int(digits)
