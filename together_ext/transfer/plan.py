"""Which bytes are still to be fetched, and by whom. Values in, values out: no clock, no socket, no lock.

A span is a pair of offsets, `start` up to, not including, `stop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

Span = tuple[int, int]
Spans = tuple[Span, ...]

SMALLEST_SHARE: Final = 4 << 20
"""Bytes below which a further connection does not pay: opening one costs two round trips."""


STRIDES: Final = 2
"""Segments for each connection that what is left is counted in, where the front is wanted first."""

LONGEST_STRIDE: Final = 64 << 20
"""Bytes of the longest segment there: several are under way at once, and whoever reads has to wait for the first."""


def merged(spans: Iterable[Span]) -> Spans:
    """The same bytes as sorted spans that neither touch nor overlap."""
    joined: list[Span] = []
    for start, stop in sorted(spans):
        if start >= stop:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return tuple(joined)


def gaps(spans: Iterable[Span], size: int) -> Spans:
    """The bytes of a file of `size` bytes that no span covers."""
    edges = [0, *(edge for span in merged(spans) for edge in span), size]
    return tuple((start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True) if start < stop)


def covered(spans: Iterable[Span]) -> int:
    """How many bytes the spans cover."""
    return sum(stop - start for start, stop in merged(spans))


def divided(spans: Iterable[Span], parts: int, smallest: int) -> Spans:
    """Cut the largest spans until there are `parts` of them, or none is worth cutting.

    Args:
        spans: Disjoint spans.
        parts: How many are wanted.
        smallest: Bytes that each piece must at least have.
    """
    pieces = list(merged(spans))
    # An even share of it all, so that seven parts come out alike and not as one large and six small ones.
    share = max(-(-covered(pieces) // parts), smallest)
    while pieces and len(pieces) < parts:
        start, stop = largest = max(pieces, key=lambda span: span[1] - span[0])
        if stop - start < 2 * smallest:
            break
        cut = start + min(share, stop - start - smallest)
        pieces.remove(largest)
        pieces += [(start, cut), (cut, stop)]
    return tuple(sorted(pieces))


@dataclass(eq=False)
class Segment:
    """A span that one connection fetches from its front to its end.

    Attributes:
        position: Offset of the next byte to fetch; all before it, from `start`, have arrived.
        stop: Offset behind the last byte; moves to the front when another connection takes over the rear.
    """

    start: int
    stop: int
    position: int = field(init=False)

    def __post_init__(self) -> None:
        self.position = self.start

    @property
    def left(self) -> int:
        """Bytes still to fetch."""
        return max(self.stop - self.position, 0)


class Plan:
    """The state of a segmented transfer: what has arrived, what is being fetched, what waits.

    Not thread-safe: whoever shares it holds a lock around each call, and does the work after it.
    """

    def __init__(
        self, size: int, *, arrived: Spans = (), connections: int = 1, smallest: int = SMALLEST_SHARE, front: int = 0
    ) -> None:
        """Plan a transfer.

        Args:
            size: Bytes of the whole file.
            arrived: What is there already.
            connections: Into how many segments to divide the rest at first.
            smallest: Bytes of the least segment worth a connection of its own.
            front: Bytes at the front that an open answer brings.
        """
        self.size = size
        self.smallest = smallest
        self._arrived = merged(arrived)
        self._waiting = list(divided(gaps(arrived, size), connections, smallest))
        if connections > 1 and self._waiting and self._waiting[0][1] < front < size:
            # Its connection is ahead of the others, which are still to be opened: it keeps all that it brings anyway.
            self._waiting = [(0, front), *divided([(front, size)], connections - 1, smallest)]
        self._active: list[Segment] = []

    @property
    def arrived(self) -> Spans:
        """The bytes that have arrived."""
        return merged([*self._arrived, *((segment.start, segment.position) for segment in self._active)])

    @property
    def done(self) -> int:
        """How many bytes have arrived."""
        return covered(self._arrived) + sum(segment.position - segment.start for segment in self._active)

    @property
    def complete(self) -> bool:
        """Whether every byte has arrived."""
        return not self._waiting and not any(segment.left for segment in self._active)

    @property
    def active(self) -> int:
        """How many segments are being fetched."""
        return len(self._active)

    @property
    def front(self) -> int:
        """How many bytes at the front have arrived without a gap."""
        first = self.arrived[:1]
        return first[0][1] if first and first[0][0] == 0 else 0

    @property
    def waiting(self) -> int:
        """How many segments wait to be claimed."""
        return len(self._waiting)

    def claim(self, least: Callable[[Segment], float] | None = None) -> Segment | None:
        """Hand out a segment: the first that waits, else the rear half of the largest remainder.

        Args:
            least: Bytes that a segment must have left for its rear half to be worth a connection; by default twice
                the smallest share.

        Returns:
            The segment, or None if nothing waits and nothing is worth dividing.
        """
        if self._waiting:
            segment = Segment(*self._next())
        else:
            worth = [
                each for each in self._active if each.left >= (2 * self.smallest if least is None else least(each))
            ]
            victim = max(worth, key=lambda each: each.left, default=None)
            if victim is None or victim.left < 2:  # noqa: PLR2004 -- one byte has no half
                return None
            middle = victim.position + (victim.left + 1) // 2
            segment = Segment(middle, victim.stop)
            victim.stop = middle
        self._active.append(segment)
        return segment

    def _next(self) -> Span:
        return self._waiting.pop(0)

    def spread(self, connections: int) -> None:
        """Divide what is left of the active segments evenly, so that each of so many connections can have one.

        Halving alone would give those that join one after the other a half, a quarter, an eighth.
        """
        for segment in self._active:
            parts = max(connections // len(self._active), 1)
            pieces = divided([(segment.position, segment.stop)], parts, self.smallest)
            if len(pieces) > 1:
                segment.stop = pieces[0][1]
                self._waiting += pieces[1:]
        self._waiting.sort()

    def advance(self, segment: Segment, count: int) -> int:
        """Note that `count` more bytes at the segment's position have arrived; returns how many were still wanted."""
        wanted = min(count, segment.left)
        segment.position += wanted
        return wanted

    def release(self, segment: Segment) -> None:
        """Take a segment back: what arrived of it stays, the rest waits for the next claim."""
        self._active.remove(segment)
        self._arrived = merged([*self._arrived, (segment.start, segment.position)])
        if segment.left:
            self._waiting.append((segment.position, segment.stop))
            self._waiting.sort()


class FrontFirstPlan(Plan):
    """A plan for a file that is read from its front while it is fetched.

    Segments are handed out in order, a part of what is left for each connection: shorter ones towards the end, so that
    the front is never far behind, and least when the last byte comes.
    """

    def __init__(
        self, size: int, *, arrived: Spans = (), connections: int = 1, smallest: int = SMALLEST_SHARE, front: int = 0
    ) -> None:
        """Plan a transfer; the arguments are those of `Plan`."""
        super().__init__(size, arrived=arrived, smallest=smallest)
        self._connections, self._whole = connections, front
        if not self._arrived and 0 < front < size:
            self._waiting = [(0, front), (front, size)]

    @property
    def waiting(self) -> int:
        """How many connections to begin with."""
        left = covered(self._waiting)
        return min(self._connections, max(-(-left // self.smallest), len(self._waiting[:1])))

    def _next(self) -> Span:
        start, stop = self._waiting[0]
        share = covered(self._waiting) // (self._connections * STRIDES)
        cut = start + min(max(share, self.smallest), LONGEST_STRIDE)
        # A rest that would be worth no connection of its own goes along, and a front that comes anyway stays whole.
        if stop <= self._whole or stop - cut < self.smallest:
            return self._waiting.pop(0)
        self._waiting[0] = (cut, stop)
        return start, cut

    def spread(self, connections: int) -> None:
        """Let so many connections share what waits, or else what is being fetched."""
        self._connections = connections
        if not self._waiting:
            super().spread(connections)


def is_disjoint(spans: Spans, size: int) -> bool:
    """Whether spans read from elsewhere are sorted, non-empty, apart, and inside a file of `size` bytes."""
    inside = all(0 <= start < stop <= size for start, stop in spans)
    return inside and all(left[1] <= right[0] for left, right in pairwise(spans))
