"""What is reported of a transfer, and when."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.transfer.interruptible import TICK
from together_ext.transfer.progress import QUIET, DownloadProgress, Reporter, Standing, State
from together_ext.transfer.retry import Retry

BROKEN = Retry("connection lost (storage.example)", 3, 8, 6.0)


@dataclass
class HandClock:
    """Time that advances on request of the test."""

    time: float = 0.0

    def now(self) -> float:
        return self.time

    def wait(self, stop: threading.Event, seconds: float) -> None:
        raise NotImplementedError


class Watched:
    """A reporter and what it has reported."""

    def __init__(self) -> None:
        self.clock, self.seen = HandClock(), list[DownloadProgress]()
        self._reporter = Reporter(self.seen.append, self.clock)

    def at(self, time: float, standing: Standing, *, last: bool = False) -> DownloadProgress | None:
        """What is reported of a standing at a time; None if nothing is."""
        self.clock.time = time
        count = len(self.seen)
        self._reporter.report(standing, last=last)
        return self.seen[-1] if len(self.seen) > count else None


class TestStates:
    @pytest.mark.parametrize(
        ("standing", "state"),
        [
            (Standing(), "connecting"),
            (Standing(5, 100, 5), "connecting"),
            (Standing(5, 100, connections=1), "transferring"),
            (Standing(5, None, connections=1), "transferring"),
            (Standing(100, 100), "transferring"),
            (Standing(0, 0), "transferring"),
            (Standing(retry=BROKEN), "retrying"),
            (Standing(5, 100, retry=BROKEN), "retrying"),
            (Standing(100, 100, 100, retry=BROKEN), "retrying"),
            # One connection of several that waits is no news.
            (Standing(5, 100, connections=7, retry=BROKEN), "transferring"),
            (Standing(holder="process 7 on pod-1"), "waiting_for_lock"),
        ],
    )
    def test_the_facts_decide(self, standing: Standing, state: State) -> None:
        assert standing.state == state

    def test_a_retry_comes_with_its_reason_its_number_and_its_time(self) -> None:
        seen = Watched().at(1.0, Standing(5, 100, retry=BROKEN))
        assert seen is not None
        assert (seen.reason, seen.retry, seen.retries, seen.retry_in) == (BROKEN.reason, 3, 8, 6.0)

    def test_a_wait_comes_with_the_process(self) -> None:
        seen = Watched().at(1.0, Standing(holder="process 7 on pod-1"))
        assert seen is not None
        assert (seen.state, seen.reason, seen.retry) == ("waiting_for_lock", "process 7 on pod-1", None)

    @pytest.mark.parametrize("standing", [Standing(5, 100), Standing(5, 100, connections=1, retry=BROKEN)])
    def test_the_other_states_have_neither(self, standing: Standing) -> None:
        seen = Watched().at(1.0, standing)
        assert seen is not None
        assert (seen.reason, seen.retry, seen.retries, seen.retry_in) == (None, None, None, None)


class TestWhen:
    def test_the_first_attempt_to_connect_is_news_when_it_takes_its_time(self) -> None:
        watched = Watched()
        assert watched.at(QUIET - 0.01, Standing()) is None
        assert watched.at(QUIET, Standing()) is not None

    def test_a_change_of_state_is_reported_at_once(self) -> None:
        watched = Watched()
        standings = [
            Standing(5, 100, connections=1),
            Standing(5, 100, retry=BROKEN),
            Standing(5, 100, retry=Retry("no data", 4, 8, 6.0)),
            Standing(5, 100),
            Standing(5, 100, connections=1),
        ]
        assert all(watched.at(1.0, standing) for standing in standings)

    def test_what_stays_the_same_is_reported_every_tick(self) -> None:
        watched = Watched()
        for tenth in range(101):
            watched.at(1.0 + tenth * TICK / 10, Standing(5, 100, retry=BROKEN))
        assert 10 <= len(watched.seen) <= 11

    def test_the_end_is_reported_once_and_at_any_rate(self) -> None:
        watched = Watched()
        watched.at(1.0, Standing(99, 100, connections=1))
        assert watched.at(1.0, Standing(100, 100)) is None
        assert watched.at(9.0, Standing(100, 100)) is None
        assert watched.at(9.0, Standing(100, 100), last=True) is not None

    def test_progress_callbacks_are_optional(self) -> None:
        Reporter(None, HandClock()).report(Standing(), last=True)


class TestRate:
    def test_it_falls_while_nothing_arrives(self) -> None:
        watched = Watched()
        for second in range(11):
            watched.at(second, Standing(1000 * second, 10**6, connections=4))
        rates = [watched.at(10 + second, Standing(10_000, 10**6, connections=4)) for second in range(1, 12)]
        found = [seen.rate for seen in rates if seen is not None]
        assert len(found) == 11
        assert found == sorted(found, reverse=True)
        assert found[0] < 1000
        assert found[-1] == 0

    def test_silence_is_counted(self) -> None:
        watched = Watched()
        watched.at(0.0, Standing(0, 100, connections=1))
        watched.at(1.0, Standing(50, 100, connections=1))
        seen = [watched.at(1.0 + second, Standing(50, 100, connections=1)) for second in (1, 5)]
        assert [now and now.silent for now in seen] == [1.0, 5.0]
        again = watched.at(7.0, Standing(51, 100, connections=1))
        assert again is not None
        assert again.silent == 0.0

    def test_existing_bytes_do_not_count_for_the_rate(self) -> None:
        watched = Watched()
        watched.at(1.0, Standing())
        seen = watched.at(2.0, Standing(10**9 + 50, 10**10, 10**9, connections=1))
        assert seen is not None
        assert seen.rate == 50.0


class TestFraction:
    @pytest.mark.parametrize(
        ("done", "total", "fraction"), [(0, 10, 0.0), (5, 10, 0.5), (10, 10, 1.0), (0, 0, 1.0), (5, None, None)]
    )
    def test_it_is_the_part_that_is_there(self, done: int, total: int | None, fraction: float | None) -> None:
        assert DownloadProgress(done, total, 0, 0.0, None, 1).fraction == fraction

    @given(done=st.integers(0, 1 << 60), total=st.none() | st.integers(0, 1 << 60))
    def test_it_is_never_out_of_bounds(self, done: int, total: int | None) -> None:
        fraction = DownloadProgress(done, total, 0, 0.0, None, 1).fraction
        assert fraction is None or 0.0 <= fraction <= 1.0
