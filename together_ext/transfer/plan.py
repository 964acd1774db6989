"""Which bytes are still to be downloaded, and over which connection. No I/O, no clock, no lock.

A span is a pair of offsets: `start` to `stop`, without `stop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

Span = tuple[int, int]
Spans = tuple[Span, ...]

SMALLEST_SHARE: Final = 4 << 20
"""Minimum number of bytes for a further connection: opening one costs two round trips."""

STRIDES: Final = 2
"""Number of segments per connection that the remainder is divided into, if the front is needed first."""

LONGEST_STRIDE: Final = 64 << 20
"""Maximum number of bytes of such a segment: several are downloaded at once, and the reader waits for the first."""


def merged(spans: Iterable[Span]) -> Spans:
    """Merge spans into sorted spans that neither touch nor overlap."""
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


def without(spans: Spans, others: Iterable[Span]) -> Spans:
    """The bytes of `spans` that none of the others covers."""
    size = max((stop for _, stop in spans), default=0)
    within = ((min(start, size), min(stop, size)) for start, stop in others)
    return gaps((*gaps(spans, size), *within), size)


def covered(spans: Iterable[Span]) -> int:
    """Number of bytes that the spans cover."""
    return sum(stop - start for start, stop in merged(spans))


def divided(spans: Iterable[Span], parts: int, smallest: int) -> Spans:
    """Divide the largest spans until there are `parts` of them, or none is large enough.

    Args:
        spans: Disjoint spans.
        parts: Number of spans wanted.
        smallest: Minimum number of bytes of each part.

    Returns:
        The spans, sorted.
    """
    pieces = list(merged(spans))
    # An equal share of everything, so that seven parts have about the same size, not one large and six small ones.
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
    """A span that one connection downloads from its start to its end.

    Attributes:
        start: Offset of the first byte.
        position: Offset of the next byte; the bytes from `start` to `position` have arrived.
        stop: Offset after the last byte; decreases when another connection takes over the second half.
    """

    start: int
    stop: int
    position: int = field(init=False)

    def __post_init__(self) -> None:
        self.position = self.start

    @property
    def left(self) -> int:
        """Number of bytes still to download."""
        return max(self.stop - self.position, 0)


class Plan:
    """The state of a segmented transfer: arrived, active and waiting bytes.

    Not thread-safe: callers hold a lock during each call.

    Attributes:
        size: Size of the file in bytes.
        smallest: Minimum number of bytes of a segment.
        done: Number of bytes that have arrived.
    """

    def __init__(
        self, size: int, *, arrived: Spans = (), connections: int = 1, smallest: int = SMALLEST_SHARE, front: int = 0
    ) -> None:
        """Plan a transfer.

        Args:
            size: Size of the file in bytes.
            arrived: Spans that have already arrived.
            connections: Number of segments to divide the remainder into at first.
            smallest: Minimum number of bytes of a segment.
            front: Number of bytes at the beginning that an open response delivers.
        """
        self.size = size
        self.smallest = smallest
        self._arrived = merged(arrived)
        self.done = covered(arrived)
        self._waiting = list(divided(gaps(arrived, size), connections, smallest))
        if connections > 1 and self._waiting and self._waiting[0][1] < front < size:
            # The open connection is ahead of those still to be opened: it keeps all bytes that it delivers anyway.
            self._waiting = [(0, front), *divided([(front, size)], connections - 1, smallest)]
        self._active: list[Segment] = []

    @property
    def arrived(self) -> Spans:
        """The bytes that have arrived."""
        return merged([*self._arrived, *((segment.start, segment.position) for segment in self._active)])

    @property
    def complete(self) -> bool:
        """Whether every byte has arrived."""
        return not self._waiting and not any(segment.left for segment in self._active)

    @property
    def active(self) -> int:
        """Number of segments that are being downloaded."""
        return len(self._active)

    @property
    def front(self) -> int:
        """Number of bytes at the beginning that have arrived without a gap."""
        reached = 0
        for start, stop in sorted([*self._arrived, *((each.start, each.position) for each in self._active)]):
            if start > reached:
                break
            reached = max(reached, stop)
        return reached

    @property
    def waiting(self) -> int:
        """Number of segments that wait to be claimed."""
        return len(self._waiting)

    def claim(self, least: Callable[[Segment], float] | None = None) -> Segment | None:
        """Claim a segment: the first waiting one, else the second half of the largest remainder.

        Args:
            least: Returns the minimum number of bytes that a segment must have left to be divided (default: twice the
                smallest share).

        Returns:
            The segment; None if nothing waits and no remainder is large enough.
        """
        span = self._next() or self._half(least)
        if span is None:
            return None
        segment = Segment(*span)
        self._active.append(segment)
        return segment

    def _next(self) -> Span | None:
        return self._waiting.pop(0) if self._waiting else None

    def _half(self, least: Callable[[Segment], float] | None) -> Span | None:
        worth = [each for each in self._active if each.left >= (2 * self.smallest if least is None else least(each))]
        victim = max(worth, key=lambda each: each.left, default=None)
        middle = None if victim is None else self._middle(victim)
        if victim is None or middle is None:
            return None
        half = middle, victim.stop
        victim.stop = middle
        return half

    def _middle(self, segment: Segment) -> int | None:
        """Where the remainder of a segment is divided; None if that is not possible."""
        middle = segment.position + (segment.left + 1) // 2
        return middle if middle < segment.stop else None

    def spread(self, connections: int) -> None:
        """Divide the remainders of the active segments evenly among a number of connections.

        Repeated halving would give the next connections a half, a quarter, an eighth.
        """
        for segment in self._active:
            parts = max(connections // len(self._active), 1)
            pieces = divided([(segment.position, segment.stop)], parts, self.smallest)
            if len(pieces) > 1:
                segment.stop = pieces[0][1]
                self._waiting += pieces[1:]
        self._waiting.sort()

    def advance(self, segment: Segment, count: int) -> int:
        """Record that `count` more bytes of a segment have arrived; returns how many of them belong to it."""
        wanted = min(count, segment.left)
        segment.position += wanted
        self.done += wanted
        return wanted

    def release(self, segment: Segment) -> None:
        """Return a segment: its arrived bytes are kept, its remainder waits to be claimed."""
        self._active.remove(segment)
        self._arrived = merged([*self._arrived, (segment.start, segment.position)])
        if segment.left:
            self._waiting.append((segment.position, segment.stop))
            self._waiting.sort()


class FrontFirstPlan(Plan):
    """A plan for a file that is read from its beginning during the download.

    Segments are claimed in order. Each is a fraction of the remainder, so that segments get shorter towards the end and
    the reader is close to the last byte when it arrives.
    """

    def __init__(
        self, size: int, *, arrived: Spans = (), connections: int = 1, smallest: int = SMALLEST_SHARE, front: int = 0
    ) -> None:
        """Plan a transfer; the parameters are those of `Plan`."""
        super().__init__(size, arrived=arrived, smallest=smallest)
        self._connections, self._whole = connections, front
        if not self._arrived and 0 < front < size:
            self._waiting = [(0, front), (front, size)]

    @property
    def waiting(self) -> int:
        """Number of connections to start with."""
        left = covered(self._waiting)
        return min(self._connections, max(-(-left // self.smallest), len(self._waiting[:1])))

    @property
    def _share(self) -> int:
        return covered(self._waiting) // (self._connections * STRIDES)

    def _next(self) -> Span | None:
        if not self._waiting:
            return None
        start, stop = self._waiting[0]
        cut = start + min(max(self._share, self.smallest), LONGEST_STRIDE)
        # A remainder below the minimum is included, and the beginning that an open response delivers is not divided.
        if stop <= self._whole or stop - cut < self.smallest:
            return self._waiting.pop(0)
        self._waiting[0] = (cut, stop)
        return start, cut

    def spread(self, connections: int) -> None:
        """Divide the waiting bytes, or else the active ones, among a number of connections."""
        self._connections = connections
        if not self._waiting:
            super().spread(connections)


def is_disjoint(spans: Spans, size: int) -> bool:
    """Whether untrusted spans are sorted, non-empty, disjoint, and inside a file of `size` bytes."""
    inside = all(0 <= start < stop <= size for start, stop in spans)
    return inside and all(left[1] <= right[0] for left, right in pairwise(spans))
