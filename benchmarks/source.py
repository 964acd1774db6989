"""The files that are downloaded: the front of a zstd frame, then random bytes, so that nothing can be compressed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .places import MIB, SOURCES, shown_size

ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"


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
        if not self.path.exists() or self.path.stat().st_size != self.size:
            with self.path.open("wb") as file:
                file.write(ZSTD_MAGIC)
                left = self.size - len(ZSTD_MAGIC)
                while left:
                    left -= file.write(os.urandom(min(left, MIB)))
                file.flush()
                os.fsync(file.fileno())
        buffer = bytearray(MIB)
        with self.path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
