"""The files that are downloaded: a zstd frame of random bytes in raw blocks, so that nothing can be compressed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .places import MIB, SOURCES, shown_size

FRAME: Final = b"\x28\xb5\x2f\xfd\x00\x38"
"""The header of a zstd frame without a size, with a window of 128 KiB (RFC 8878, 3.1.1.1)."""

BLOCK: Final = 128 << 10
HEADER: Final = 3
"""Bytes of a block's header (RFC 8878, 3.1.1.2)."""


@dataclass(frozen=True)
class Source:
    """A file on the server.

    Attributes:
        size: Its bytes.
    """

    size: int

    @property
    def job(self) -> str:
        """The fine-tuning job whose weights it plays."""
        return "ft-bench-" + shown_size(self.size).replace(" ", "").lower()

    @property
    def path(self) -> Path:
        """Where the server has it; every byte of it allocated on the disk."""
        return SOURCES / f"{self.job}.tar.zst"

    def prepare(self) -> None:
        """Make the file, and read it once, so that it comes from memory and the server's disk has no part in it."""
        SOURCES.mkdir(parents=True, exist_ok=True)
        if not self._is_made():
            with self.path.open("wb") as file:
                file.write(FRAME)
                left = self.size - len(FRAME)
                while left:
                    count = min(left - HEADER, BLOCK)
                    if 0 < left - HEADER - count <= HEADER:
                        count -= HEADER + 1  # what is left needs a header, too
                    left -= HEADER + count
                    file.write((count << 3 | (not left)).to_bytes(HEADER, "little") + os.urandom(count))
                file.flush()
                os.fsync(file.fileno())
        buffer = bytearray(MIB)
        with self.path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass

    def _is_made(self) -> bool:
        if not self.path.exists() or self.path.stat().st_size != self.size:
            return False
        with self.path.open("rb") as file:
            return file.read(len(FRAME)) == FRAME
