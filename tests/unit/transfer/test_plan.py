"""The planner: every byte is downloaded once, however connections start, end and share work."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from together_ext.transfer.plan import (
    LONGEST_STRIDE,
    SMALLEST_SHARE,
    FrontFirstPlan,
    Plan,
    Segment,
    Span,
    Spans,
    covered,
    divided,
    gaps,
    is_disjoint,
    merged,
    without,
)

SMALL = 200

sizes = st.integers(0, 2**40) | st.integers(0, SMALL)
connections = st.integers(1, 64)
shares = st.integers(1, 2**30) | st.integers(1, 20)


@st.composite
def spans_within(draw: st.DrawFn, size: int) -> Spans:
    """Any spans in a file of that size: overlapping, empty, in no order."""
    edges = st.integers(0, size)
    return tuple(
        (min(one, other), max(one, other)) for one, other in draw(st.lists(st.tuples(edges, edges), max_size=8))
    )


small_spans = spans_within(SMALL)


def bytes_in(spans: Spans) -> list[int]:
    """Every offset, as often as it occurs."""
    return sorted(offset for start, stop in spans for offset in range(start, stop))


class TestSpans:
    @given(spans=small_spans, others=small_spans)
    def test_spans_without_others_hold_what_only_they_cover(self, spans: Spans, others: Spans) -> None:
        assert set(bytes_in(without(merged(spans), others))) == set(bytes_in(spans)) - set(bytes_in(others))

    @given(spans=small_spans)
    def test_merged_spans_hold_the_same_bytes_and_neither_touch_nor_overlap(self, spans: Spans) -> None:
        found = merged(spans)
        assert bytes_in(found) == sorted(set(bytes_in(spans)))
        assert all(start < stop for start, stop in found)
        assert all(left[1] < right[0] for left, right in pairwise(found))
        assert merged(found) == found

    @given(spans=small_spans)
    def test_gaps_are_what_is_left(self, spans: Spans) -> None:
        found = gaps(spans, SMALL)
        assert bytes_in(found) == sorted(set(range(SMALL)) - set(bytes_in(spans)))
        assert merged(found) == found

    @given(spans=small_spans)
    def test_covered_counts_each_byte_once(self, spans: Spans) -> None:
        assert covered(spans) == len(set(bytes_in(spans)))

    @given(spans=small_spans)
    def test_only_sorted_spans_apart_and_inside_are_disjoint(self, spans: Spans) -> None:
        good = (
            all(start < stop for start, stop in spans)
            and list(spans) == sorted(spans)
            and len(bytes_in(spans)) == len(set(bytes_in(spans)))
        )
        assert is_disjoint(spans, SMALL) == good

    @pytest.mark.parametrize(
        "spans", [((-1, 2),), ((0, 11),), ((5, 5),), ((5, 4),), ((4, 6), (0, 2)), ((0, 4), (3, 6))]
    )
    def test_impossible_spans_are_detected(self, spans: Spans) -> None:
        assert not is_disjoint(spans, 10)


class TestDivided:
    @given(spans=small_spans, parts=connections, smallest=st.integers(1, 50))
    def test_division_loses_and_doubles_nothing(self, spans: Spans, parts: int, smallest: int) -> None:
        found = divided(spans, parts, smallest)
        assert bytes_in(found) == bytes_in(merged(spans))
        assert all(left[1] <= right[0] for left, right in pairwise(found))

    @given(spans=sizes.flatmap(spans_within), parts=connections, smallest=shares)
    def test_no_piece_is_smaller_than_the_smallest(self, spans: Spans, parts: int, smallest: int) -> None:
        whole = set(merged(spans))
        assert all(
            stop - start >= smallest for start, stop in divided(spans, parts, smallest) if (start, stop) not in whole
        )

    @given(spans=sizes.flatmap(spans_within), parts=connections, smallest=shares)
    def test_there_are_no_more_pieces_than_requested(self, spans: Spans, parts: int, smallest: int) -> None:
        assert len(divided(spans, parts, smallest)) <= max(parts, len(merged(spans)))

    @given(size=st.integers(1, 2**40), parts=connections)
    def test_a_large_file_is_cut_into_even_parts(self, size: int, parts: int) -> None:
        found = divided([(0, size)], parts, 1)
        assert len(found) == min(parts, size)
        assert max(stop - start for start, stop in found) <= -(-size // parts)

    @pytest.mark.parametrize(
        ("size", "wanted", "expected"),
        [
            (0, 8, ()),
            (1, 8, ((0, 1),)),
            (SMALLEST_SHARE * 2 - 1, 8, ((0, SMALLEST_SHARE * 2 - 1),)),
            (SMALLEST_SHARE * 2, 8, ((0, SMALLEST_SHARE), (SMALLEST_SHARE, SMALLEST_SHARE * 2))),
            (SMALLEST_SHARE * 2, 1, ((0, SMALLEST_SHARE * 2),)),
        ],
    )
    def test_a_small_file_is_left_in_one_piece(self, size: int, wanted: int, expected: Spans) -> None:
        assert divided(gaps((), size), wanted, SMALLEST_SHARE) == expected


class TestPlan:
    @given(data=st.data(), size=sizes, wanted=connections, smallest=shares)
    def test_claims_without_progress_cover_every_missing_byte_once(
        self, data: st.DataObject, size: int, wanted: int, smallest: int
    ) -> None:
        arrived = data.draw(spans_within(size))
        plan = Plan(size, arrived=arrived, connections=wanted, smallest=smallest)
        claimed: list[Span] = []
        for _ in range(plan.waiting):
            segment = plan.claim()
            assert segment is not None
            claimed.append((segment.start, segment.stop))
        assert merged(claimed) == gaps(arrived, size)
        assert all(left[1] <= right[0] for left, right in pairwise(sorted(claimed)))

    @given(
        st.integers(1, 10_000),
        st.lists(st.integers(0, 3_000), min_size=1, max_size=4),
        st.integers(1, 9),
        st.integers(1, 50),
    )
    def test_spread_work_is_still_every_missing_byte_once(
        self, size: int, progress: list[int], connections: int, smallest: int
    ) -> None:
        plan = Plan(size, connections=len(progress), smallest=smallest)
        active = [plan.claim() for _ in range(plan.waiting)]
        for segment, count in zip(active, progress, strict=False):
            assert segment is not None
            plan.advance(segment, count)
        plan.spread(connections)
        waiting = [plan.claim() for _ in range(plan.waiting)]
        spans = [(each.start, each.stop) for each in (*active, *waiting) if each is not None]
        assert covered(spans) == sum(stop - start for start, stop in spans) == size
        assert plan.active <= max(connections, len(active))

    def test_work_is_spread_evenly(self) -> None:
        plan = Plan(800, connections=2, smallest=10)
        first, second = plan.claim(), plan.claim()
        plan.spread(8)
        shares = [first, second, *(plan.claim() for _ in range(plan.waiting))]
        assert [each.left for each in shares if each is not None] == [100] * 8

    def test_a_front_that_comes_anyway_is_one_segment(self) -> None:
        plan = Plan(1000, connections=8, smallest=10, front=300)
        segments = [plan.claim() for _ in range(plan.waiting)]
        assert [(each.start, each.stop) for each in segments if each] == [
            (0, 300),
            *((300 + 100 * index, 400 + 100 * index) for index in range(7)),
        ]

    @pytest.mark.parametrize(("size", "connections", "front"), [(8000, 8, 300), (1000, 1, 300), (300, 8, 300)])
    def test_an_even_share_that_is_larger_than_the_front_stays_even(
        self, size: int, connections: int, front: int
    ) -> None:
        plan, even = (Plan(size, connections=connections, smallest=10, front=each) for each in (front, 0))
        shares = [[each.claim() for _ in range(each.waiting)] for each in (plan, even)]
        if size > front:
            assert [each and each.stop for each in shares[0]] == [each and each.stop for each in shares[1]]
        assert covered((each.start, each.stop) for each in shares[0] if each) == size

    def test_a_finished_connection_takes_the_rear_half_of_the_largest_remainder(self) -> None:
        plan = Plan(100, connections=2, smallest=10)
        first, second = plan.claim(), plan.claim()
        assert first is not None
        assert second is not None
        assert ((first.start, first.stop), (second.start, second.stop)) == ((0, 50), (50, 100))
        plan.advance(first, 50)
        plan.release(first)
        plan.advance(second, 10)
        third = plan.claim()
        assert third is not None
        assert (third.start, third.stop) == (80, 100)
        assert second.stop == 80

    def test_a_remainder_that_is_too_small_is_not_shared(self) -> None:
        plan = Plan(100, connections=1, smallest=10)
        only = plan.claim()
        assert only is not None
        plan.advance(only, 81)
        assert plan.claim() is None

    def test_only_what_is_worth_it_is_shared(self) -> None:
        """The caller can set for each segment the minimum that must be left."""
        plan = Plan(300, connections=2, smallest=100)
        first, second = plan.claim(), plan.claim()
        assert first is not None
        assert second is not None
        plan.advance(first, 100)

        def least(segment: Segment) -> float:
            return 1000 if segment is second else 50

        third = plan.claim(least)
        assert third is not None
        assert (first.position, first.stop, third.start, third.stop) == (100, 125, 125, 150)

    def test_a_single_byte_is_never_shared(self) -> None:
        plan = Plan(1, connections=1)
        assert plan.claim() is not None
        assert plan.claim(lambda _: 0) is None

    def test_bytes_after_the_end_of_a_segment_are_not_counted(self) -> None:
        plan = Plan(100, connections=1, smallest=10)
        victim = plan.claim()
        assert victim is not None
        thief = plan.claim()
        assert thief is not None
        # What the victim's connection still brings belongs to the thief now.
        assert plan.advance(victim, 80) == 50
        assert plan.done == 50
        assert not plan.complete

    def test_an_empty_file_is_complete_from_the_start(self) -> None:
        plan = Plan(0, connections=8)
        assert plan.complete
        assert plan.claim() is None


class TestFrontFirst:
    def test_segments_come_in_order_and_grow_shorter_towards_the_end(self) -> None:
        plan = FrontFirstPlan(100_000, connections=4, smallest=100)
        spans = []
        while (segment := plan.claim(lambda _: math.inf)) is not None:
            spans.append((segment.start, segment.stop))
        assert spans[0][0] == 0
        assert spans[-1][1] == 100_000
        assert all(left[1] == right[0] for left, right in pairwise(spans))
        lengths = [stop - start for start, stop in spans]
        # An eighth of what is left each time: when the last bytes come, little else is still on its way.
        assert lengths[:3] == [12_500, 10_937, 9_570]
        assert max(lengths[-4:]) < 250

    def test_it_begins_with_as_many_connections_as_are_wanted(self) -> None:
        assert FrontFirstPlan(100_000, connections=4, smallest=100).waiting == 4
        assert FrontFirstPlan(250, connections=4, smallest=100).waiting == 3
        assert FrontFirstPlan(0, connections=4, smallest=100).waiting == 0

    def test_no_segment_is_so_long_that_the_reader_waits_for_it(self) -> None:
        plan = FrontFirstPlan(2**40, connections=2)
        segment = plan.claim()
        assert segment is not None
        assert segment.left == LONGEST_STRIDE

    def test_a_front_that_comes_anyway_is_the_first_segment(self) -> None:
        plan = FrontFirstPlan(100_000, connections=4, smallest=100, front=30_000)
        first, second = plan.claim(), plan.claim()
        assert first is not None
        assert second is not None
        assert (first.start, first.stop, second.start) == (0, 30_000, 30_000)

    def test_the_front_ends_at_the_first_gap(self) -> None:
        plan = FrontFirstPlan(100_000, connections=4, smallest=100)
        first, second = plan.claim(), plan.claim()
        assert first is not None
        assert second is not None
        plan.advance(second, 50)
        assert plan.front == 0
        plan.advance(first, first.left)
        assert plan.front == second.start + 50


class Transfer(RuleBasedStateMachine):
    """Connections that claim, bring bytes, break, and take from one another, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self.plan = Plan(0)
        self.at_first: Spans = ()
        self.active: list[Segment] = []
        self.fetched: list[Span] = []

    @initialize(
        data=st.data(),
        kind=st.sampled_from([Plan, FrontFirstPlan]),
        size=sizes,
        wanted=connections,
        smallest=shares,
        front=st.integers(0, 2**20),
    )
    def begin(  # what a plan takes
        self, data: st.DataObject, kind: type[Plan], size: int, wanted: int, smallest: int, front: int
    ) -> None:
        self.size = size
        self.at_first = merged(data.draw(spans_within(size)))
        front = 0 if self.at_first else front
        self.plan = kind(size, arrived=self.at_first, connections=wanted, smallest=smallest, front=front)

    @rule(connections=st.integers(1, 16))
    def spread(self, connections: int) -> None:
        """Further connections join."""
        self.plan.spread(connections)

    @rule(least=st.none() | st.floats(0, 2**41))
    def claim(self, least: float | None) -> None:
        waited = self.plan.waiting
        segment = self.plan.claim(None if least is None else lambda _: least)
        if segment is None:
            assert not waited
            return
        assert segment.left > 0
        self.active.append(segment)

    @rule(index=st.integers(0, 63), share=st.floats(0, 2))
    def advance(self, index: int, share: float) -> None:
        """A connection brings bytes, perhaps more than are wanted of it by now."""
        if self.active:
            segment = self.active[index % len(self.active)]
            position, count = segment.position, int(segment.left * share) + 1
            wanted = self.plan.advance(segment, count)
            assert wanted <= count
            if wanted:
                self.fetched.append((position, position + wanted))

    @rule(index=st.integers(0, 63))
    def release(self, index: int) -> None:
        """A connection ends its segment, or breaks."""
        if self.active:
            self.plan.release(self.active.pop(index % len(self.active)))

    @invariant()
    def no_byte_comes_twice(self) -> None:
        assert sum(stop - start for start, stop in self.fetched) == covered(self.fetched)
        assert covered([*self.at_first, *self.fetched]) == covered(self.at_first) + covered(self.fetched)

    @invariant()
    def done_arrived_and_complete_agree(self) -> None:
        assert self.plan.arrived == merged([*self.at_first, *self.fetched])
        assert self.plan.done == covered(self.plan.arrived)
        assert self.plan.complete == (self.plan.done == self.size)
        assert self.plan.active == len(self.active)
        assert self.plan.front == next((stop for start, stop in self.plan.arrived if start == 0), 0)

    @invariant()
    def connections_never_share_a_byte(self) -> None:
        ahead = sorted((segment.position, segment.stop) for segment in self.active if segment.left)
        assert all(left[1] <= right[0] for left, right in pairwise(ahead))
        assert covered([*ahead, *self.plan.arrived]) == covered(ahead) + self.plan.done

    def teardown(self) -> None:
        """In any state, the rest can be downloaded, and then the file is complete."""
        for segment in self.active:
            self.plan.release(segment)
        while (segment_left := self.plan.claim()) is not None:
            start, count = segment_left.position, segment_left.left
            assert self.plan.advance(segment_left, count) == count
            self.fetched.append((start, start + count))
            self.plan.release(segment_left)
        assert self.plan.complete
        assert merged(self.fetched) == gaps(self.at_first, self.size)
        assert sum(stop - start for start, stop in self.fetched) == self.size - covered(self.at_first)


TestTransfer = Transfer.TestCase
TestTransfer.settings = settings(max_examples=50, stateful_step_count=40)
