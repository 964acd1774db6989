"""When to try again, and when to give up; no test waits for real."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.clock import SystemClock
from together_ext.errors import InternalServerError, TransferCancelledError, TransferInterruptedError
from together_ext.transfer.failures import PassingError
from together_ext.transfer.options import Conduct
from together_ext.transfer.persistence import Persistence
from together_ext.transfer.retry import Budget, Gate, backoff
from together_ext.transfer.throttle import BURST, Throttle


@dataclass
class FakeClock:
    """Time that passes during a wait, and records its length."""

    time: float = 1000.0
    waits: list[float] = field(default_factory=list)
    stops_after: int | None = None
    """Waits after which the stop is set, as if somebody had cancelled meanwhile."""

    def now(self) -> float:
        return self.time

    def wait(self, stop: threading.Event, seconds: float) -> None:
        self.waits.append(seconds)
        if self.stops_after == len(self.waits):
            stop.set()
        else:
            self.time += seconds


class TestBackoff:
    def test_it_doubles_up_to_half_a_minute(self) -> None:
        waits = [backoff(attempt, retry_after=None, jitter=1.0) for attempt in range(1, 10)]
        assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]

    @given(attempt=st.integers(1, 10**9), jitter=st.floats(0, 1))
    def test_it_is_spread_over_its_upper_half(self, attempt: int, jitter: float) -> None:
        full = backoff(attempt, retry_after=None, jitter=1.0)
        assert full / 2 <= backoff(attempt, retry_after=None, jitter=jitter) <= full <= 30.0

    @given(attempt=st.integers(1, 100), jitter=st.floats(0, 1), said=st.floats(0, 600))
    def test_retry_after_is_obeyed_exactly(self, attempt: int, jitter: float, said: float) -> None:
        assert backoff(attempt, retry_after=said, jitter=jitter) == said


class TestBudget:
    @given(retries=st.integers(0, 20))
    def test_consecutive_failures_are_tolerated_up_to_the_limit(self, retries: int) -> None:
        budget = Budget(retries)
        assert [budget.failed(0, enough=1) for _ in range(retries)] == list(range(1, retries + 1))
        assert budget.failed(0, enough=1) is None

    def test_progress_resets_the_budget(self) -> None:
        budget = Budget(2)
        assert [budget.failed(done, enough=100) for done in (0, 0, 100, 100)] == [1, 2, 1, 2]
        assert budget.failed(199, enough=100) is None

    @given(done=st.lists(st.integers(0, 10), min_size=4, max_size=40).map(sorted))
    def test_a_trickle_is_not_progress(self, done: list[int]) -> None:
        """A server that sends a byte for each request cannot keep us forever."""
        budget = Budget(3)
        assert [budget.failed(count, enough=11) for count in done][3] is None

    def test_bytes_that_were_lost_again_count_once(self) -> None:
        budget = Budget(1)
        assert budget.failed(500, enough=100) == 1
        assert budget.failed(0, enough=100) is None


class TestGate:
    def test_the_gate_is_open_at_first(self) -> None:
        clock = FakeClock()
        Gate(clock, threading.Event()).pass_through()
        assert clock.waits == []

    def test_every_connection_waits_until_the_gate_opens(self) -> None:
        clock = FakeClock()
        gate = Gate(clock, threading.Event())
        gate.close_for(7)
        clock.time += 3
        gate.pass_through()
        gate.pass_through()
        assert clock.waits == [4]

    @given(closings=st.lists(st.floats(0, 600), min_size=1, max_size=5))
    def test_the_gate_never_opens_before_the_latest_announced_time(self, closings: list[float]) -> None:
        clock = FakeClock(time=0.0)
        gate = Gate(clock, threading.Event())
        for seconds in closings:
            gate.close_for(seconds)
        gate.pass_through()
        assert clock.time == pytest.approx(max(closings))

    def test_closing_it_meanwhile_prolongs_the_wait(self) -> None:
        clock = FakeClock()
        gate = Gate(clock, threading.Event())
        gate.close_for(5)

        class Meanwhile(FakeClock):
            def wait(self, stop: threading.Event, seconds: float) -> None:
                if not self.waits:
                    gate.close_for(20)
                super().wait(stop, seconds)

        gate._clock = meanwhile = Meanwhile()
        gate.pass_through()
        assert meanwhile.waits == [5, 15]

    def test_a_stop_ends_the_wait(self) -> None:
        stop = threading.Event()
        gate = Gate(FakeClock(stops_after=1), stop)
        gate.close_for(7)
        with pytest.raises(TransferCancelledError):
            gate.pass_through()

    def test_no_connection_passes_after_a_stop(self) -> None:
        stop = threading.Event()
        stop.set()
        clock = FakeClock()
        with pytest.raises(TransferCancelledError):
            Gate(clock, stop).pass_through()
        assert clock.waits == []


class TestPersistence:
    def conduct(self, clock: FakeClock, retries: int = 2) -> Conduct:
        return Conduct(retries=retries, jitter=lambda: 1.0, clock=clock)

    def persistence(self, clock: FakeClock, retries: int = 2) -> Persistence:
        return Persistence(self.conduct(clock, retries), threading.Event(), "fetch it", keeps=True)

    def test_waits_grow_with_failures_in_a_row(self) -> None:
        clock = FakeClock()
        persistence, budget = self.persistence(clock, retries=4), Budget(4)
        for done in (0, 0, 1 << 20, 1 << 20):
            persistence.tolerate(PassingError("broken"), budget, done=done)
            persistence.gate.pass_through()
        assert clock.waits == [0.5, 1.0, 0.5, 1.0]

    def test_the_final_error_reports_what_was_kept(self) -> None:
        persistence, budget = self.persistence(FakeClock(), retries=0), Budget(0)
        with pytest.raises(TransferInterruptedError, match=r"broken, 1 times in a row; .* \(1,234 bytes are kept"):
            persistence.tolerate(PassingError("broken"), budget, done=1234)

    def test_an_error_status_is_raised_unchanged(self) -> None:
        persistence, budget = self.persistence(FakeClock(), retries=0), Budget(0)
        refusal = InternalServerError("fetch it", status=503)
        with pytest.raises(InternalServerError) as raised:
            persistence.tolerate(PassingError("no", refusal=refusal), budget, done=0)
        assert raised.value is refusal

    def test_connections_that_break_together_are_one_failure(self) -> None:
        clock = FakeClock()
        persistence, budget = self.persistence(clock, retries=2), Budget(2)
        for _ in range(2):
            for _ in range(8):
                persistence.tolerate(PassingError("broken"), budget, done=0)
            persistence.gate.pass_through()
        assert clock.waits == [0.5, 1.0]
        with pytest.raises(TransferInterruptedError):
            persistence.tolerate(PassingError("broken"), budget, done=0)

    def test_a_retry_after_for_one_connection_holds_for_all(self) -> None:
        clock = FakeClock()
        persistence, budget = self.persistence(clock), Budget(2)
        persistence.tolerate(PassingError("broken"), budget, done=0)
        persistence.tolerate(PassingError("busy", retry_after=7), budget, done=0)
        persistence.gate.pass_through()
        assert clock.waits == [7]

    def test_a_retry_after_holds_for_the_other_transfers_with_that_host(self) -> None:
        clock = FakeClock()
        conduct, stop = self.conduct(clock), threading.Event()
        busy, other = httpx.URL("https://busy.example/1"), httpx.URL("https://other.example/1")
        first, same, elsewhere, unknown = (
            Persistence(conduct, stop, "fetch it", place=lambda place=place: place)  # type: ignore[misc]
            for place in (busy, busy.copy_with(path="/2"), other, None)
        )
        first.tolerate(PassingError("busy", retry_after=7, url=busy), Budget(2), done=0)

        assert [one.gate.left for one in (first, same, elsewhere, unknown)] == [7, 7, 0, 7]
        assert same.retry is not None
        assert (same.retry.seconds, elsewhere.retry) == (7, None)
        # The failure of another transfer is still counted.
        budget = Budget(0)
        with pytest.raises(TransferInterruptedError):
            same.tolerate(PassingError("busy", retry_after=3, url=busy), budget, done=0)
        same.gate.pass_through()
        assert clock.waits == [7]

    def test_a_backoff_is_that_of_one_transfer(self) -> None:
        conduct, stop = self.conduct(FakeClock()), threading.Event()
        url = httpx.URL("https://busy.example/1")
        first, second = (Persistence(conduct, stop, "fetch it", place=lambda: url) for _ in range(2))
        first.tolerate(PassingError("broken", url=url), Budget(2), done=0)
        assert (first.gate.left, second.gate.left) == (0.5, 0)

    def test_after_a_stop_no_failure_is_tolerated(self) -> None:
        stop = threading.Event()
        stop.set()
        with pytest.raises(TransferCancelledError):
            Persistence(self.conduct(FakeClock()), stop, "fetch it").tolerate(PassingError("broken"), Budget(2), done=0)


class TestThrottle:
    def test_without_a_limit_there_is_no_wait(self) -> None:
        clock = FakeClock()
        throttle = Throttle(None, clock, threading.Event())
        throttle.take(1 << 40)
        assert throttle.portion is None
        assert clock.waits == []

    @given(limit=st.floats(1, 1e9), counts=st.lists(st.integers(1, 1 << 20), min_size=1, max_size=20))
    def test_the_rate_is_kept(self, limit: float, counts: list[int]) -> None:
        clock = FakeClock(time=0.0)
        throttle = Throttle(limit, clock, threading.Event())
        for count in counts:
            throttle.take(count)
        assert clock.time == pytest.approx(sum(counts) / limit)

    def test_a_pause_does_not_allow_a_burst(self) -> None:
        clock = FakeClock()
        throttle = Throttle(100, clock, threading.Event())
        throttle.take(100)
        clock.time += 50
        throttle.take(100)
        assert clock.waits == pytest.approx([1.0, 1.0])

    def test_connections_share_one_rate(self) -> None:
        """The next connection waits for the earlier ones too, even if no time has passed."""
        clock = FakeClock()
        throttle = Throttle(100, clock, threading.Event())
        throttle.take(100)
        clock.time -= 1.0  # as another thread sees it that was here at the same moment
        throttle.take(100)
        assert clock.waits == pytest.approx([1.0, 2.0])

    @pytest.mark.parametrize(("limit", "portion"), [(1 << 20, int((1 << 20) * BURST)), (10.0, 1 << 10)])
    def test_bytes_are_taken_in_portions(self, limit: float, portion: int) -> None:
        assert Throttle(limit, FakeClock(), threading.Event()).portion == portion


class TestSystemClock:
    def test_a_throttle_continues(self) -> None:
        clock = SystemClock()
        assert clock.now() <= clock.now()

    def test_a_stop_ends_its_wait_at_once(self) -> None:
        stop = threading.Event()
        stop.set()
        SystemClock().wait(stop, 3600)
