"""Which bytes an ordered stream requests, and in which order: a plan that stays within a window. No I/O, clock or lock.

The window begins with the block that the reader has not taken completely, and a segment is claimed only if all of its
bytes fit in the window. So a connection never has to wait in the middle of a response: a reader that pauses leaves no
response open. Segments end at the edges of blocks, so that no two connections write to one block at the same time.
"""

from __future__ import annotations

from typing import Final

from .plan import SMALLEST_SHARE, FrontFirstPlan, Segment, Span

BLOCK: Final = 1 << 20
"""Number of bytes of a block: of one buffer."""

LONGEST_RUN: Final = 16 << 20
"""Maximum number of bytes of a segment: all but the first of those that are downloaded at once are kept in memory."""


class WindowPlan(FrontFirstPlan):
    """The state of an ordered stream.

    Attributes:
        window: Maximum number of bytes between the reader and the end of the last claimed segment.
    """

    def __init__(  # noqa: PLR0913 -- keywords
        self,
        size: int,
        *,
        window: int,
        connections: int = 1,
        smallest: int = SMALLEST_SHARE,
        front: int = 0,
        block: int = BLOCK,
    ) -> None:
        """Plan a stream.

        Args:
            size: Size of the file in bytes.
            window: Maximum number of bytes in memory, at least one block; rounded down to whole blocks.
            connections: Number of connections to start with.
            smallest: Minimum number of bytes of a segment, where the window has room for it.
            front: Number of bytes at the beginning that an open response delivers.
            block: Number of bytes of a block.
        """
        self._block, self._taken = block, 0
        self.window = max(window // block, 1) * block
        super().__init__(
            size,
            connections=min(connections, self.window // block),
            smallest=smallest,
            front=min(front, self.window) // block * block,
        )

    def take(self, count: int) -> None:
        """Record that the reader has taken the first `count` bytes; whole blocks of them make room."""
        self._taken = max(self._taken, count // self._block * self._block)

    def spread(self, connections: int) -> None:
        """Plan the following segments for another number of connections."""
        self._connections = min(connections, self.window // self._block)

    def _next(self) -> Span | None:
        if not self._waiting:
            return None
        start, stop = self._waiting[0]
        cut = stop if stop <= self._whole else min(stop, self._edge(start + self._run()))
        if cut - self._taken > self.window:
            return None
        self._waiting[:1] = [(cut, stop)] if cut < stop else []
        return start, cut

    def _run(self) -> int:
        """Number of bytes of the next segment: all connections fit in the window, and the last ones end together."""
        longest = min(self.window // self._connections, LONGEST_RUN)
        return max(min(max(self._share, self.smallest), longest), self._block)

    def _middle(self, segment: Segment) -> int | None:
        # Not in the block that the connection writes to: its bytes may arrive after the reader has taken the block.
        middle = self._edge(segment.position + (segment.left + 1) // 2 + self._block - 1)
        return middle if middle < segment.stop else None

    def _edge(self, offset: int) -> int:
        return offset // self._block * self._block
