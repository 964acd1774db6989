"""The limits of an archive, which protect disk and memory from archives that were made to exhaust them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from together_ext.errors import Numbers

FREE_EXPANSION: Final = 1 << 30
"""Bytes to which any archive may expand, however small it is."""


@dataclass(frozen=True)
class Limits:
    """The maximum values of an archive.

    Attributes:
        members: Number of files and folders.
        ratio: Extracted bytes for each byte of the archive, beyond the first GiB.
        size: Bytes of all files (default: the free space of the disk).
        window: Bytes of the window of a zstd frame, which is the memory that decompression needs.
        headers: Bytes of all extended headers (PAX records and long names), with 512 for each header and 64 for each
            record.
    """

    members: int = 100_000
    ratio: float = 100.0
    size: int | None = None
    window: int = 128 << 20
    headers: int = 128 << 20

    def __post_init__(self) -> None:
        Numbers(1, whole=True).check("members", self.members)
        Numbers(0).check("ratio", self.ratio)
        Numbers(0, whole=True, unit="bytes").check_given("size", self.size)
        Numbers(1, whole=True, unit="bytes").check("window", self.window)
        Numbers(0, whole=True, unit="bytes").check("headers", self.headers)
