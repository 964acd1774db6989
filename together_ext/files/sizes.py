"""How large an upload may be, and how it is divided into parts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Sizes:
    """The limits of uploads, in bytes.

    Attributes:
        most: Maximum size of a file.
        single: Maximum size of a file that is sent as a whole.
        part: Size of a part, unless there would be more than `parts` of them.
        parts: Maximum number of parts.
    """

    # Those of the official SDK 3.1.1, whose 50.1 GB are GiB.
    most: int = 501 * (1 << 30) // 10
    single: int = 5 << 30
    part: int = 250 << 20
    parts: int = 250


SIZES: Final = Sizes()
"""The limits of the service."""


def spans(size: int, sizes: Sizes) -> list[tuple[int, int]]:
    """The parts of a file: of equal size but for the last one, which may be smaller.

    Args:
        size: Size of the file, at least 1.
        sizes: The limits.

    Returns:
        The start and the stop of each part, in order and without gaps; one part for a file that is sent as a whole.
    """
    if size <= sizes.single:
        return [(0, size)]
    count = min(sizes.parts, -(-size // sizes.part))
    each = -(-size // count)
    return [(start, min(start + each, size)) for start in range(0, size, each)]
