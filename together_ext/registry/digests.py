"""Hashes of downloaded files: the server's, over parts, and SHA-256 for the receipt, in one pass over the file."""

from __future__ import annotations

import hashlib
import os
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


def digests(path: Path, look: Callable[[], object]) -> Digests:
    """Hash a file; `look` is called between two pieces, and may raise."""
    whole, parts = hashlib.sha256(), []
    buffer = memoryview(bytearray(PIECE))
    with storage_errors(path, "read"), path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        for start in range(0, size, PART) or (0,):
            part, left = _md5(), min(PART, size - start)
            while left > 0 and (count := file.readinto(buffer[:left])):
                look()
                whole.update(buffer[:count])
                part.update(buffer[:count])
                left -= count
            parts.append(part.digest())
    return Digests(whole.hexdigest(), tuple(parts))


def digests_of(content: bytes) -> Digests:
    """Hash the content of a file of at most one part."""
    return Digests(hashlib.sha256(content).hexdigest(), (_md5(content).digest(),))


def _md5(data: bytes = b"") -> hashlib._Hash:
    return hashlib.md5(data, usedforsecurity=False)
