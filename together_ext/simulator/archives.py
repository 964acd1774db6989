"""The archives that downloads serve: packed model files, a file on the disk, or synthetic bytes."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tarfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MODIFIED = 1767225600
"""The modification time of all generated archives: the first second of 2026."""


class Archive(Protocol):
    """Bytes that can be read at any position."""

    @property
    def size(self) -> int:
        """The size in bytes."""

    @property
    def etag(self) -> str:
        """The strong validator, quotes included."""

    @property
    def modified(self) -> float:
        """The modification time, in seconds since 1970."""

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to, not including, ``stop``."""


class BytesArchive:
    """An archive in memory; its ETag is its sha256."""

    def __init__(self, content: bytes, modified: float = MODIFIED) -> None:
        self.content = content
        self.size = len(content)
        self.modified = modified

    @cached_property
    def sha256(self) -> str:
        """The digest of the content, in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def etag(self) -> str:
        """The digest, quoted."""
        return f'"{self.sha256}"'

    def read(self, start: int, stop: int) -> bytes:
        """A slice of the content."""
        return self.content[start:stop]


class FileArchive:
    """A file on the disk; its ETag is made of its size and time, as in web servers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        status = path.stat()
        self.size = status.st_size
        self.modified = status.st_mtime
        self.etag = f'"{status.st_mtime_ns:x}-{status.st_size:x}"'

    def read(self, start: int, stop: int) -> bytes:
        """A piece of the file."""
        with self.path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), stop - start, start)


class SyntheticArchive:
    """Incompressible bytes of any size, computed on demand: skippable zstd frames, without any content to extract.

    A frame of random bytes is repeated; the last frame has the remaining length. The length of a frame is a prime, so
    that any two pieces that a downloader could confuse are different.
    """

    BLOCK = 1_048_573

    def __init__(self, size: int, seed: str = "") -> None:
        noise = hashlib.shake_128(f"synthetic/{seed}".encode()).digest(self.BLOCK - _FRAME_HEADER)
        self._block = _skippable(len(noise)) + noise
        self.size = size
        self.modified = float(MODIFIED)
        self.etag = f'"synthetic-{size}-{hashlib.sha256(self._block).hexdigest()[:16]}"'
        # A rest that is too small for a frame header extends the frame before.
        left = size % self.BLOCK
        last = left if left >= _FRAME_HEADER or size < self.BLOCK else left + self.BLOCK
        self._last = size - last
        self._end = _skippable(last - _FRAME_HEADER)[:size] if last >= _FRAME_HEADER else b""

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of all bytes, in hexadecimal; takes one to two seconds for each GiB."""
        digest = hashlib.sha256()
        for start in range(0, self.size, self.BLOCK):
            digest.update(self.read(start, min(self.size, start + self.BLOCK)))
        return digest.hexdigest()

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to, not including, ``stop``."""
        offset = start % self.BLOCK
        piece = self._block[offset : offset + stop - start]
        if (left := stop - start - len(piece)) > 0:
            blocks, rest = divmod(left, self.BLOCK)
            piece = b"".join([piece, *[self._block] * blocks, self._block[:rest]])
        first, last = max(start, self._last), min(stop, self._last + len(self._end))
        if first >= last:
            return piece
        return piece[: first - start] + self._end[first - self._last : last - self._last] + piece[last - start :]


_FRAME_HEADER = 8


Content = Archive | Path | bytes | int
"""What is served as an archive: one, a file on the disk, bytes, or a number of synthetic bytes."""


def served(content: Content, seed: str) -> Archive:
    """The archive of this content; `seed` determines synthetic bytes."""
    match content:
        case Path():
            return FileArchive(content)
        case bytes():
            return BytesArchive(content)
        case int():
            return SyntheticArchive(content, seed)
        case _:
            return content


def _skippable(size: int) -> bytes:
    """The header of a zstd frame that decoders skip (RFC 8878, 3.1.2)."""
    return b"\x50\x2a\x4d\x18" + size.to_bytes(4, "little")


def pack(files: Mapping[str, bytes], *, root: str = "") -> bytes:
    """A ``.tar.zst`` of ``files``, inside the folder ``root`` if there is one; the same files give the same bytes."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        if root:
            archive.addfile(_member(root, tarfile.DIRTYPE, 0o755))
        for name, content in files.items():
            member = _member(f"{root}/{name}" if root else name, tarfile.REGTYPE, 0o644)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return zstd.compress(tar.getvalue(), options={zstd.CompressionParameter.checksum_flag: 1})


def _member(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.mtime = kind, mode, MODIFIED
    return member
