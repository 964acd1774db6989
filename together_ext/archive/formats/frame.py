"""The headers of zstd frames (RFC 8878, 3.1). No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LONGEST: Final = 18
"""Maximum size of a frame header, in bytes."""

SKIPPABLE_HEADER: Final = 8

MAGIC: Final = b"\x28\xb5\x2f\xfd"
SKIPPABLE: Final = b"\x2a\x4d\x18"
"""Bytes 1 to 3 of the magic of a skippable frame; the low half of byte 0 may have any value."""


def is_skippable(head: bytes) -> bool:
    """Whether these bytes, at least four, are the start of a skippable frame."""
    return head[1:4] == SKIPPABLE and head[0] >> 4 == 5  # noqa: PLR2004 -- RFC 8878, 3.1.2


def skippable_size(head: bytes) -> int:
    """The size of a skippable frame in bytes, including its header; eight bytes of `head` are needed."""
    return SKIPPABLE_HEADER + int.from_bytes(head[4:SKIPPABLE_HEADER], "little")


@dataclass(frozen=True)
class FrameHeader:
    """The header of a zstd frame.

    Attributes:
        length: Its size in bytes.
        window: The memory that decompression needs, in bytes.
        dictionary: The ID of the dictionary that the frame was compressed with; 0 for none.
        checksum: Whether the frame ends with a checksum.
    """

    length: int
    window: int
    dictionary: int
    checksum: bool

    @classmethod
    def parse(cls, head: bytes) -> FrameHeader | None:
        """Parse the first bytes of a frame; None if they are not those of a frame, or end inside its header."""
        if head[:4] != MAGIC or len(head) < 5:  # noqa: PLR2004 -- the magic and the descriptor
            return None
        descriptor = head[4]
        single = bool(descriptor & 0x20)
        id_size = (0, 1, 2, 4)[descriptor & 3]
        content_size = (1 if single else 0, 2, 4, 8)[descriptor >> 6]
        id_start = 5 if single else 6
        length = id_start + id_size + content_size
        if len(head) < length:
            return None
        if single:
            # The window is the whole content.
            window = int.from_bytes(head[length - content_size : length], "little")
            window += 256 if content_size == 2 else 0  # noqa: PLR2004 -- RFC 8878, 3.1.1.1.4
        else:
            base = 1 << (10 + (head[5] >> 3))
            window = base + base // 8 * (head[5] & 7)
        dictionary = int.from_bytes(head[id_start : id_start + id_size], "little")
        return cls(length, window, dictionary, bool(descriptor & 0x04))
