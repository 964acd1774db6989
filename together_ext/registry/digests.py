"""Hashes of downloaded files: the server's, over parts, and SHA-256 for the receipt, in one pass over the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from together_ext.storage import storage_errors

from .located import PART, LocatedFile

PIECE: Final = 1 << 20


@dataclass(frozen=True)
class Digests:
    """The hashes of a file on the disk.

    Attributes:
        sha256: Of its whole content, in hexadecimal.
        parts: The MD5 of each part of `PART` bytes; one of an empty file.
    """

    sha256: str
    parts: tuple[bytes, ...]

    @property
    def tag(self) -> str:
        """The hash as the server computes it."""
        if len(self.parts) == 1:
            return self.parts[0].hex()
        return f"{_md5(b''.join(self.parts)).hexdigest()}-{len(self.parts)}"

    def match(self, file: LocatedFile) -> bool:
        """Whether the server's hash is that of this content; False if it has another form."""
        alone = file.hash.removesuffix("-0").removesuffix("-1")
        return file.verifiable and self.tag in {file.hash, alone}


class Hashing:
    """Computes the hashes of a file whose content comes in order."""

    def __init__(self) -> None:
        self._whole, self._part = hashlib.sha256(), _md5()
        self._left = PART
        self._parts: list[bytes] = []

    def update(self, content: memoryview) -> None:
        """Add the next bytes."""
        self._whole.update(content)
        while content:
            if not self._left:
                self._parts.append(self._part.digest())
                self._part, self._left = _md5(), PART
            piece, content = content[: self._left], content[self._left :]
            self._part.update(piece)
            self._left -= len(piece)

    def digests(self) -> Digests:
        """The hashes of all bytes so far."""
        return Digests(self._whole.hexdigest(), (*self._parts, self._part.digest()))


def digests(path: Path, look: Callable[[], object]) -> Digests:
    """Hash a file; `look` is called between two pieces, and may raise."""
    hashing, buffer = Hashing(), memoryview(bytearray(PIECE))
    with storage_errors(path, "read"), path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            look()
            hashing.update(buffer[:count])
    return hashing.digests()


def digests_of(content: bytes | bytearray) -> Digests:
    """Hash the content of a file of at most one part."""
    return Digests(hashlib.sha256(content).hexdigest(), (_md5(content).digest(),))


def _md5(data: bytes | bytearray = b"") -> hashlib._Hash:
    return hashlib.md5(data, usedforsecurity=False)
