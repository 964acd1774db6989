"""The rate of a transfer, and which of its connections crawl."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.transfer.progress import WINDOW, RateMeter
from together_ext.transfer.watchdog import WINDOW as WATCHED
from together_ext.transfer.watchdog import Watchdog


class TestRateMeter:
    def test_one_sample_makes_no_rate(self) -> None:
        assert RateMeter().rate(5.0, 1000) == 0.0

    def test_bytes_of_earlier_runs_are_not_counted(self) -> None:
        meter = RateMeter()
        meter.rate(5.0, 10**9)
        assert meter.rate(7.0, 10**9 + 100) == 50.0

    def test_only_the_last_seconds_count(self) -> None:
        meter = RateMeter()
        meter.rate(0.0, 0)
        meter.rate(10.0, 10_000)
        meter.rate(20.0, 10_000)
        assert meter.rate(30.0, 10_000) == 0.0

    def test_a_long_silence_is_part_of_the_rate(self) -> None:
        meter = RateMeter()
        meter.rate(0.0, 0)
        assert meter.rate(100.0, 1000) == 10.0

    def test_a_start_from_scratch_makes_no_negative_rate(self) -> None:
        """A stream that broke begins at 0 again."""
        meter = RateMeter()
        meter.rate(0.0, 0)
        meter.rate(1.0, 5000)
        assert meter.rate(2.0, 0) == 0.0
        assert meter.rate(3.0, 700) == 700.0

    @given(
        steps=st.lists(
            st.tuples(st.floats(0.05, 30), st.integers(0, 10**9)),
            min_size=2,
            max_size=60,
        )
    )
    def test_the_rate_lies_between_the_slowest_and_the_fastest_step(self, steps: list[tuple[float, int]]) -> None:
        meter = RateMeter()
        times, counts = list(accumulate(step[0] for step in steps)), list(accumulate(step[1] for step in steps))
        rates = [meter.rate(now, done) for now, done in zip(times, counts, strict=True)]
        slopes = [count / seconds for seconds, count in steps[1:]]
        assert rates[0] == 0.0
        assert all(min(slopes) * 0.999 <= rate <= max(slopes) * 1.001 for rate in rates[1:])

    def test_it_does_not_remember_forever(self) -> None:
        meter = RateMeter()
        for tick in range(10_000):
            meter.rate(tick / 10, tick)
        assert len(meter._samples) <= WINDOW * 10 + 2


class TestWatchdog:
    """`look` is asked with a clock and positions; connections are letters here."""

    def test_no_connection_is_judged_at_once(self) -> None:
        watchdog = Watchdog[str]()
        watchdog.look(0.0, {"a": 0, "b": 0, "c": 0})
        assert watchdog.look(WATCHED - 0.1, {"a": 10**6, "b": 10**6, "c": 0}) == []

    def test_a_connection_far_below_its_siblings_crawls(self) -> None:
        watchdog = Watchdog[str]()
        watchdog.look(0.0, {"a": 0, "b": 0, "c": 0})
        assert watchdog.look(WATCHED, {"a": 8000, "b": 8000, "c": 999}) == ["c"]

    def test_a_slow_one_does_not(self) -> None:
        watchdog = Watchdog[str]()
        watchdog.look(0.0, {"a": 0, "b": 0, "c": 0})
        assert watchdog.look(WATCHED, {"a": 8000, "b": 8000, "c": 1000}) == []

    def test_two_connections_are_too_few_to_compare(self) -> None:
        watchdog = Watchdog[str]()
        watchdog.look(0.0, {"a": 0, "b": 0})
        assert watchdog.look(WATCHED, {"a": 8000, "b": 0}) == []

    def test_what_was_usual_is_remembered_when_most_have_ended(self) -> None:
        watchdog = Watchdog[str]()
        watchdog.look(0.0, {"a": 0, "b": 0, "c": 0})
        assert watchdog.look(WATCHED, {"a": 8000, "b": 8000, "c": 8000}) == []
        assert watchdog.look(2 * WATCHED, {"c": 8100}) == ["c"]

    def test_each_window_is_judged_on_its_own(self) -> None:
        watchdog = Watchdog[str]()
        watchdog.look(0.0, {"a": 0, "b": 0, "c": 0})
        watchdog.look(WATCHED, {"a": 8000, "b": 8000, "c": 8000})
        assert watchdog.look(2 * WATCHED, {"a": 16000, "b": 16000, "c": 8100}) == ["c"]

    def test_a_new_connection_gets_its_time(self) -> None:
        watchdog = Watchdog[str]()
        watchdog.look(0.0, {"a": 0, "b": 0, "c": 0})
        assert watchdog.look(WATCHED, {"a": 8000, "b": 8000, "d": 0}) == []

    @pytest.mark.parametrize("rate", [0, 1, 10**9])
    def test_equal_connections_are_never_too_slow(self, rate: int) -> None:
        watchdog = Watchdog[int]()
        watchdog.look(0.0, dict.fromkeys(range(8), 0))
        assert watchdog.look(WATCHED, dict.fromkeys(range(8), rate)) == []
