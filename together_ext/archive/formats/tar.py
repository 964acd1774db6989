"""Read a tar archive in one pass: strictly, in bounded memory, and without copying the content of its files.

The standard library's reader keeps extended headers of any size in memory, and accepts what must be refused here.
The formats: POSIX.1-2017 `pax`, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from together_ext.archive.limits import Limits
from together_ext.errors import ArchiveError

from .sniff import has_checksum

BLOCK: Final = 512
LONGEST_HEADER: Final = 1 << 20
"""Maximum size of an extended header, in bytes; the usual ones have a few hundred."""

RECORD: Final = 64
"""Bytes that are counted for each record in addition to its own: a record has as few as four, and takes more memory."""

_EMPTY: Final = bytes(BLOCK)
_FILES: Final = frozenset({b"0", b"\0", b"7"})
_FOLDER: Final = b"5"
_PAX, _GLOBAL_PAX, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"
_EXTENSIONS: Final = frozenset({_PAX, _GLOBAL_PAX, _LONG_NAME, _LONG_LINK})
_OF_ONE_MEMBER: Final = frozenset({b"path", b"size"})
_LINE_END: Final = ord("\n")
_LONGEST_LENGTH: Final = len(str(LONGEST_HEADER))
_WITHOUT_CONTENT: Final = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
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
        name: The name in the archive.
        size: Bytes of its content; 0 for a folder.
        is_folder: Whether it is a folder; everything else is a regular file.
    """

    name: str
    size: int
    is_folder: bool


@dataclass(frozen=True, slots=True)
class _Extended:
    """The name and size that extended headers state for the next member; None where they state none."""

    name: str | None = None
    size: int | None = None


class TarReader:
    """Yields the members; while a member is current, `content` yields its bytes."""

    def __init__(self, chunks: Iterator[bytes], limits: Limits) -> None:
        """Read an archive.

        Args:
            chunks: The bytes of the uncompressed archive, in order, in pieces of any size.
            limits: The limits of the archive; only `headers` applies here.
        """
        self._chunks = chunks
        self._limit, self._extended = limits.headers, 0
        self._chunk = memoryview(b"")
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[Member]:
        """Yield the members up to the end of the archive; raises `ArchiveError` if anything is invalid."""
        while (found := self._next_header()) is not None:
            yield self._member(*found)

    def _next_header(self) -> tuple[bytes, _Extended] | None:
        """The header of the next member and what the extended headers before it state; None at the end."""
        extended = _Extended()
        while True:
            self._skip_member()
            header = self._take(BLOCK)
            if header == _EMPTY:
                self._expect_end()
                return None
            _check_sum(header)
            kind, length = header[156:157], _number(header[124:136])
            if kind not in _EXTENSIONS:
                return header, extended
            extended = self._merged(extended, kind, self._extension(length))

    def _merged(self, extended: _Extended, kind: bytes, text: bytes) -> _Extended:
        if kind == _LONG_NAME:
            return _Extended(_once(extended.name, _text(text.partition(b"\0")[0])), extended.size)
        if kind == _PAX:
            records = self._records(text)
            return _Extended(_once(extended.name, _pax_name(records)), _once(extended.size, _pax_size(records)))
        if kind == _GLOBAL_PAX and self._records(text).keys() & _OF_ONE_MEMBER:
            raise ArchiveError("the archive sets one name or size for all members; it was not extracted")
        return extended

    def _member(self, header: bytes, extended: _Extended) -> Member:
        kind, length = header[156:157], _number(header[124:136])
        if kind not in _FILES and kind != _FOLDER:
            what = _KINDS.get(kind, f"an entry of type {kind!r}")
            raise ArchiveError(f"the archive contains {what}, {_name(header)[:200]!r}; it was not extracted")
        name = _name(header) if extended.name is None else extended.name
        # Before POSIX a folder was a file whose name ends in a slash.
        is_folder = kind == _FOLDER or name.endswith("/")
        self._left = length if extended.size is None else extended.size
        if is_folder and self._left:
            # Readers disagree on whether content follows, and so on what the archive contains.
            raise ArchiveError(f"the archive has a folder with content, {name[:200]!r}; it was not extracted")
        self._padding = -self._left % BLOCK
        return Member(name, self._left, is_folder)

    def _skip_member(self) -> None:
        for _ in self.content():
            pass
        self._skip(self._padding)
        self._padding = 0

    def content(self) -> Iterator[memoryview]:
        """The remaining bytes of the current member, in pieces; raises `ArchiveError` if the archive is truncated."""
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
            raise ArchiveError("the archive is truncated; download it again")
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
            raise ArchiveError(
                f"the archive has an extended header of {length:,} bytes; the maximum is {LONGEST_HEADER:,}, so it was "
                "not extracted"
            )
        self._charge(BLOCK + length + -length % BLOCK)
        data = self._take(length)
        self._skip(-length % BLOCK)
        return data

    def _records(self, text: bytes) -> dict[bytes, bytes]:
        records, count = _pax(text)
        self._charge(count * RECORD)
        return records

    def _charge(self, count: int) -> None:
        self._extended += count
        if self._extended > self._limit:
            raise ArchiveError(
                f"the archive has more than {self._limit:,} bytes of extended headers; it was not extracted: "
                "to allow more, use --max-headers, in Python Limits(headers=...)"
            )

    def _expect_end(self) -> None:
        # The last record is filled with zeros. Reading them also makes the decompressor compare its checksum.
        rest = self._chunk
        while True:
            if bytes(rest) != bytes(len(rest)):
                raise ArchiveError("the archive has data after its end; it was not extracted")
            rest = memoryview(next(self._chunks, b""))
            if not rest:
                return


def header_size(header: bytes, announced: int | None, follow: Callable[[int], bytes]) -> tuple[int, int | None]:
    """The size of the content after a header, for a reader that skips it.

    Args:
        header: The 512 bytes of the header.
        announced: The size that an extended header before it states, in bytes; None if there is none.
        follow: Reads so many bytes after the header.

    Returns:
        The size of the content in bytes, and the size that this header states for the next member.

    Raises:
        ArchiveError: The header is invalid, or of a type whose content has no known size.
    """
    _check_sum(header)
    kind, length = header[156:157], _number(header[124:136])
    if kind == _PAX:
        return length, _pax_size(_pax(follow(length))[0]) if length <= LONGEST_HEADER else None
    if kind in {_GLOBAL_PAX, _LONG_NAME, _LONG_LINK}:
        return length, announced
    if kind in _FILES:
        return length if announced is None else announced, None
    if kind in _WITHOUT_CONTENT:
        return 0, None
    raise ArchiveError(f"the archive contains an entry of type {kind!r}")


def _check_sum(header: bytes) -> None:
    if not has_checksum(header, _number(header[148:156])):
        raise ArchiveError("the archive has a header with a wrong checksum: it is damaged or not a tar archive")


def _number(field: bytes) -> int:
    if field[0] & 0x80:
        # GNU tar: base 256 for numbers that are too large for octal digits; the next bit is the sign.
        if field[0] & 0x40:
            raise ArchiveError("the archive has a header with a negative number; it was not extracted")
        return int.from_bytes(bytes([field[0] & 0x3F]) + field[1:])
    # Digits after a NUL are refused: readers that stop at the NUL find another number.
    digits = field.lstrip(b" ").rstrip(b" \0")
    if not all(byte in b"01234567" for byte in digits):
        raise ArchiveError("the archive has a header with an invalid number: it is damaged or not a tar archive")
    return int(digits or b"0", 8)


def _name(header: bytes) -> str:
    name = header[:100].partition(b"\0")[0]
    # GNU tar's older format has other fields in place of the prefix.
    prefix = header[345:500].partition(b"\0")[0] if header[257:263] == b"ustar\0" else b""
    return _text(prefix + b"/" + name if prefix else name)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ArchiveError(f"the archive has a name that is not UTF-8: {data[:200]!r}; it was not extracted") from None


def _pax(data: bytes) -> tuple[dict[bytes, bytes], int]:
    r"""Parse the records `LENGTH KEY=VALUE\n` of an extended header (POSIX.1-2017 `pax`, "pax Extended Header").

    Returns:
        The records that state a member's name or size, and the number of all records.
    """
    records: dict[bytes, bytes] = {}
    count = 0
    # By position: copying the rest at each step took six seconds for one header of many tiny records.
    data, start = data.rstrip(b"\0"), 0
    while start < len(data):
        blank = data.find(b" ", start, start + _LONGEST_LENGTH + 1)
        digits = data[start:blank] if blank > start else b""
        stop = start + int(digits) if digits.isdigit() else start
        equals = data.find(b"=", blank, stop)
        if equals < 0 or stop > len(data) or data[stop - 1] != _LINE_END:
            raise ArchiveError("the archive has an invalid extended header: it is damaged")
        key = data[blank + 1 : equals]
        if key.startswith(b"GNU.sparse."):
            raise ArchiveError("the archive contains a sparse file; it was not extracted")
        if key in _OF_ONE_MEMBER:
            records[key] = data[equals + 1 : stop - 1]
        start, count = stop, count + 1
    return records, count


T = TypeVar("T", str, int)


def _once(stated: T | None, more: T | None) -> T | None:
    """A name or size that at most one extended header may state: readers disagree on which of two counts."""
    if stated is not None and more is not None:
        raise ArchiveError("the archive states two names or sizes for one member; it was not extracted")
    return stated if more is None else more


def _pax_name(records: dict[bytes, bytes]) -> str | None:
    return _text(records[b"path"]) if b"path" in records else None


def _pax_size(records: dict[bytes, bytes]) -> int | None:
    if b"size" not in records:
        return None
    digits = records[b"size"]
    if not digits.isdigit() or len(digits) > 20:  # noqa: PLR2004 -- more than any disk has
        raise ArchiveError("the archive has an extended header with an invalid size; it was not extracted")
    return int(digits)
