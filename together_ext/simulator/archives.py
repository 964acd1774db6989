"""What a download serves: packed model files, a file on the disk, or a flood of cheap bytes."""

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
"""When everything made here was last modified: the first second of 2026."""

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Archive(Protocol):
    """Bytes that can be read at any position."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    @property
    def etag(self) -> str:
        """The strong validator, quotes included."""

    @property
    def modified(self) -> float:
        """When they last changed, in Unix time."""

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
    """An archive that is a file; its ETag is made of its size and time, as web servers do."""

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
    """As many noisy bytes as wanted, computed when asked for; a sniffer takes them for zstd, a decoder does not.

    One block of noise repeats. Its length is a prime, so that no two pieces which a downloader could mix up are equal.
    """

    BLOCK = 1_048_573

    def __init__(self, size: int, seed: str = "") -> None:
        noise = hashlib.shake_128(f"synthetic/{seed}".encode()).digest(self.BLOCK - len(ZSTD_MAGIC))
        self._block = ZSTD_MAGIC + noise
        self.size = size
        self.modified = float(MODIFIED)
        self.etag = f'"synthetic-{size}-{hashlib.sha256(self._block).hexdigest()[:16]}"'

    @cached_property
    def sha256(self) -> str:
        """The digest of all the bytes, in hex; takes a second or two for each GiB."""
        digest = hashlib.sha256()
        for start in range(0, self.size, self.BLOCK):
            digest.update(self.read(start, min(self.size, start + self.BLOCK)))
        return digest.hexdigest()

    def read(self, start: int, stop: int) -> bytes:
        """A piece of the endless repetition."""
        offset = start % self.BLOCK
        piece = self._block[offset : offset + stop - start]
        while len(piece) < stop - start:
            piece += self._block[: stop - start - len(piece)]
        return piece


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
