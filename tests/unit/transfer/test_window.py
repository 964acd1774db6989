"""The plan of an ordered stream: any interleaving hands out every byte once, in order, and stays within the window."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from together_ext.transfer.plan import Segment
from together_ext.transfer.window import BLOCK, LONGEST_RUN, WindowPlan

MIB = 1 << 20


def claimed(plan: WindowPlan) -> list[Segment]:
    """All that can be claimed at once."""
    found = []
    while (segment := plan.claim(lambda _: math.inf)) is not None:
        found.append(segment)
    return found


class TestWindow:
    def test_every_connection_has_a_segment_in_the_window(self) -> None:
        found = claimed(WindowPlan(1 << 40, window=64 * MIB, connections=8))
        assert [(each.start, each.stop) for each in found] == [
            (8 * MIB * number, 8 * MIB * (number + 1)) for number in range(8)
        ]

    def test_segments_are_no_longer_than_needed_to_hide_a_request(self) -> None:
        found = claimed(WindowPlan(1 << 40, window=1 << 30, connections=2))
        assert {each.left for each in found} == {LONGEST_RUN}

    def test_nothing_is_claimed_that_does_not_fit(self) -> None:
        plan = WindowPlan(100 * MIB, window=4 * MIB, connections=2)
        first, second = claimed(plan)
        assert (second.start, second.stop) == (2 * MIB, 4 * MIB)
        plan.advance(first, 2 * MIB)
        plan.release(first)
        assert claimed(plan) == []
        plan.take(2 * MIB - 1)
        # The reader has not taken the second block completely.
        assert claimed(plan) == []
        plan.take(2 * MIB)
        (third,) = claimed(plan)
        assert (third.start, third.stop) == (4 * MIB, 6 * MIB)

    def test_a_broken_segment_is_claimed_first(self) -> None:
        plan = WindowPlan(100 * MIB, window=4 * MIB, connections=2)
        first, _ = claimed(plan)
        plan.advance(first, 1000)
        plan.release(first)
        (again,) = claimed(plan)
        assert (again.start, again.stop) == (1000, 2 * MIB)

    def test_more_connections_make_shorter_segments(self) -> None:
        plan = WindowPlan(1 << 40, window=64 * MIB, connections=2)
        assert [each.left for each in claimed(plan)] == [16 * MIB] * 4
        plan.take(16 * MIB)
        plan.spread(8)
        assert [each.left for each in claimed(plan)] == [8 * MIB] * 2

    def test_a_segment_is_divided_outside_of_the_block_that_is_written_to(self) -> None:
        plan = WindowPlan(64 * MIB, window=64 * MIB, connections=1)
        segment = plan.claim()
        assert segment is not None
        plan.advance(segment, 12 * MIB + 5)
        half = plan.claim(lambda _: 0)
        assert half is not None
        assert (half.start, half.stop) == (16 * MIB, 32 * MIB)
        plan.advance(segment, 3 * MIB)
        assert claimed(plan)

    @given(size=st.integers(0, 1 << 43), window=st.integers(1, 1 << 33), connections=st.integers(1, 100))
    def test_a_stream_can_begin_whatever_its_size(self, size: int, window: int, connections: int) -> None:
        plan = WindowPlan(size, window=window, connections=connections)
        found = [plan.claim(lambda _: math.inf) for _ in range(plan.waiting)]
        segments = [each for each in found if each is not None]
        assert bool(segments) == bool(size)
        assert sum(each.left for each in segments) <= max(window, BLOCK)


class Stream(RuleBasedStateMachine):
    """Connections that claim, deliver, break and divide, and one reader, in any order."""

    size = 0
    read = 0

    @initialize(
        size=st.integers(0, 400),
        window=st.integers(1, 120),
        connections=st.integers(1, 8),
        smallest=st.integers(1, 60),
        front=st.integers(0, 200),
        block=st.integers(1, 12),
    )
    def begin(  # what a plan takes
        self, size: int, window: int, connections: int, smallest: int, front: int, block: int
    ) -> None:
        self.size, self.block = size, block
        self.plan = WindowPlan(
            size, window=window, connections=connections, smallest=smallest, front=min(front, size), block=block
        )
        self.active: list[Segment] = []
        self.written: set[int] = set()

    @rule(least=st.integers(0, 100) | st.just(math.inf))
    def claim(self, least: float) -> None:
        before = {id(each): each.stop for each in self.active}
        segment = self.plan.claim(lambda _: least)
        if segment is None:
            return
        assert segment.left > 0
        assert segment.stop % self.block == 0 or segment.stop == self.size
        for victim in self.active:
            if victim.stop != before[id(victim)]:
                # Not even the block that its connection fills at this moment is shared.
                assert victim.stop >= (victim.position // self.block + 1) * self.block
        self.active.append(segment)

    @rule(data=st.data(), count=st.integers(1, 40))
    def deliver(self, data: st.DataObject, count: int) -> None:
        if self.active:
            segment = data.draw(st.sampled_from(self.active))
            start = segment.position
            self.plan.advance(segment, count)
            fresh = set(range(start, segment.position))
            assert not fresh & self.written
            self.written |= fresh

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """A connection is done, or broken."""
        if self.active:
            segment = data.draw(st.sampled_from(self.active))
            self.active.remove(segment)
            self.plan.release(segment)

    @rule(connections=st.integers(1, 16))
    def spread(self, connections: int) -> None:
        self.plan.spread(connections)

    @rule(count=st.integers(1, 60))
    def take(self, count: int) -> None:
        self.read = min(self.read + count, self.plan.front)
        self.plan.take(self.read)

    @precondition(lambda self: not self.active)
    @rule()
    def something_can_be_done(self) -> None:
        """No deadlock: without a connection at work, the reader has everything or another one finds work."""
        self.read = self.plan.front
        self.plan.take(self.read)
        if self.plan.complete:
            assert self.read == self.size
        else:
            self.claim(math.inf)
            assert self.active

    @invariant()
    def what_can_be_read_is_the_beginning(self) -> None:
        if self.size or self.written:
            assert set(range(self.plan.front)) <= self.written
            assert self.plan.front not in self.written

    @invariant()
    def the_memory_is_the_window(self) -> None:
        if self.size:
            held = [*self.written, *(offset for each in self.active for offset in (each.start, each.stop - 1))]
            first = self.read // self.block
            blocks = {offset // self.block - first for offset in held}
            assert max(blocks, default=0) < self.plan.window // self.block

    @invariant()
    def connections_have_blocks_of_their_own(self) -> None:
        if self.size:
            spans = sorted((each.position, each.stop) for each in self.active if each.left)
            assert all((left[1] - 1) // self.block < right[0] // self.block for left, right in pairwise(spans))


TestStream = Stream.TestCase
