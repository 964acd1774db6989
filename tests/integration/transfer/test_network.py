"""What goes wrong between us and the server: the file comes out right, or a clear error does."""

from __future__ import annotations

import random
import threading
import time
from itertools import pairwise

import pytest

from together_ext.errors import (
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    TransferInterruptedError,
)
from together_ext.simulator import LORA_JOB, Fault
from together_ext.transfer import DownloadProgress

from .lab import LARGE, MIB, SMALL, FakeClock, Job, Lab, TickingClock, beginning_at


class TestWithoutTrouble:
    @pytest.mark.parametrize("size", [1, 511, 512, 513, SMALL, 8 * MIB, 8 * MIB + 1, 16 * MIB - 1, 16 * MIB, LARGE])
    def test_a_file_of_any_size_comes_whole(self, lab: Lab, size: int) -> None:
        lab.serve(size)
        fetched = lab.fetch()
        lab.assert_whole()
        assert (fetched.path, fetched.size, fetched.resumed_from) == (lab.path, size, 0)
        assert fetched.etag == lab.sim.archive(LORA_JOB).etag
        assert lab.clock.waits == []

    @pytest.mark.parametrize("connections", [1, 2, 3, 8, 64])
    def test_any_number_of_connections_brings_the_same(self, lab: Lab, connections: int) -> None:
        lab.serve(LARGE)
        lab.fetch(connections=connections)
        lab.assert_whole()

    def test_a_small_file_takes_one_request(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.fetch()
        assert lab.ranges() == ["bytes=0-8388607"]
        assert lab.sim.bytes_sent == SMALL

    def test_each_byte_of_a_large_file_is_asked_for_once(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.connections = 2
        lab.fetch()
        assert lab.sim.bytes_sent <= LARGE * 1.02

    def test_an_empty_file_is_a_file(self, lab: Lab) -> None:
        lab.serve(0)
        assert lab.fetch().size == 0
        lab.assert_whole()

    def test_a_missing_folder_is_made(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.folder /= "a/b"
        lab.fetch()
        lab.assert_whole()


class TestBrokenConnections:
    @pytest.mark.parametrize("size", [SMALL, LARGE])
    @pytest.mark.parametrize(
        "fault",
        [
            Fault(cut=0),
            Fault(cut=100),
            Fault(cut=200_001),
            Fault(reset=0),
            Fault(reset=200_001),
            Fault(drop=True),
            Fault(drop=True, times=3),
            Fault(reset=200_001, chunked=True),
            Fault(cut=200_001, chunked=True),
        ],
    )
    def test_a_broken_connection_is_replaced(self, lab: Lab, size: int, fault: Fault) -> None:
        lab.serve(size)
        lab.sim.script(fault)
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits

    def test_what_came_before_a_cut_is_not_asked_for_again(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(cut=200_000))
        lab.fetch()
        assert lab.ranges() == ["bytes=0-8388607", f"bytes=200000-{SMALL - 1}"]
        assert lab.sim.bytes_sent == SMALL

    def test_a_connection_that_breaks_every_tenth_of_the_way_arrives(self, lab: Lab) -> None:
        """More failures than the budget has retries: progress gives it back."""
        lab.serve(10 * MIB)
        lab.sim.script(Fault(reset=MIB, times=None))
        lab.fetch(connections=1, retries=2)
        lab.assert_whole()
        assert len(lab.sim.requests) >= 10
        assert set(lab.clock.waits) == {0.5}

    def test_all_connections_may_break_at_once(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(reset=MIB, times=4))
        lab.fetch()
        lab.assert_whole()

    def test_every_connection_may_break_again_and_again(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=3 * MIB, times=None))
        lab.fetch()
        lab.assert_whole()

    def test_silence_is_broken_off_and_asked_again(self, lab: Lab) -> None:
        lab.timeout = 0.3
        lab.serve(SMALL)
        lab.sim.script(Fault(stall=100_000))
        Job(lab.fetch).outcome()
        lab.assert_whole()
        assert lab.clock.waits == [0.5]

    def test_silence_before_the_answer_is_broken_off_too(self, lab: Lab) -> None:
        lab.timeout = 0.3
        lab.serve(SMALL)
        lab.sim.script(Fault(hold=True))
        Job(lab.fetch).outcome()
        lab.assert_whole()

    def test_nobody_there_is_said_so(self, lab: Lab) -> None:
        lab.sim.close()
        with pytest.raises(
            TransferInterruptedError, match="could not fetch the weights: no connection, 3 times in a row"
        ):
            lab.fetch(retries=2)
        lab.assert_nothing()
        assert lab.clock.waits == [0.5, 1.0]


class TestRefusals:
    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
    @pytest.mark.parametrize("skip", [0, 1])
    def test_a_refusal_that_passes_is_waited_for(self, lab: Lab, status: int, skip: int) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(status=status, skip=skip, times=2))
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits

    def test_retry_after_is_obeyed(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(status=429, headers={"retry-after": "7"}))
        lab.fetch()
        lab.assert_whole()
        assert lab.clock.waits == [7.0]

    def test_all_connections_keep_away_for_as_long_as_one_was_told(self, lab: Lab) -> None:
        """One connection is told to wait; another, which breaks meanwhile, does not come back earlier."""
        lab.serve(LARGE)
        held = HeldClock()
        second = LARGE // 2 + 1
        lab.sim.script(
            Fault(stall=MIB, cut=MIB, when=beginning_at(0)),
            Fault(status=429, headers={"retry-after": "7"}, when=beginning_at(second)),
        )
        job = Job(lambda: lab.fetch(connections=2, clock=held))
        held.wait_for_waits(1)
        lab.sim.wait_until(lambda sim: sim.stalled == 1)
        lab.sim.release()
        held.wait_for_waits(2)
        assert held.waits == [7.0, 7.0]
        held.release()
        assert not isinstance(job.outcome(), BaseException)
        lab.assert_whole()

    @pytest.mark.parametrize(
        ("status", "kind"),
        [(429, RateLimitError), (500, InternalServerError), (503, InternalServerError)],
    )
    def test_a_server_that_keeps_refusing_is_quoted(self, lab: Lab, status: int, kind: type[Exception]) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(status=status, body=b'{"error": {"message": "too busy"}}', times=None))
        with pytest.raises(kind, match="too busy"):
            lab.fetch(retries=3)
        lab.assert_nothing()
        assert lab.clock.waits == [0.5, 1.0, 2.0]

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422])
    def test_what_does_not_pass_is_not_tried_again(self, lab: Lab, status: int) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(status=status, times=None))
        with pytest.raises(Exception, match=f"the server answered {status}"):
            lab.fetch()
        lab.assert_nothing()
        assert len(lab.sim.requests) == 1

    def test_a_refusal_in_the_middle_ends_it_and_keeps_what_came(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(status=403, times=None, skip=1))
        with pytest.raises(PermissionDeniedError):
            lab.fetch()
        lab.assert_partial()
        lab.sim.faults.clear()
        assert lab.fetch().resumed_from > 0
        lab.assert_whole()

    def test_the_key_is_not_repeated_to_the_user(self, lab: Lab) -> None:
        body = f"no such file for key {lab.sim.api_key}".encode()
        lab.sim.script(Fault(status=404, body=body))
        with pytest.raises(NotFoundError) as raised:
            lab.fetch()
        assert lab.sim.api_key not in str(raised.value) + raised.value.body


class TestGivingUp:
    def test_what_has_arrived_is_kept_and_not_fetched_again(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB, times=4), Fault(drop=True, times=None))
        with pytest.raises(
            TransferInterruptedError, match=r"4 times in a row; run it again .* \(20,971,520 bytes are kept"
        ):
            lab.fetch(retries=3, connections=1)
        lab.assert_partial()
        lab.sim.faults.clear()
        fetched = lab.fetch()
        lab.assert_whole()
        assert fetched.resumed_from == 20 * MIB
        assert lab.sim.bytes_sent < 1.1 * LARGE

    def test_refusals_in_the_end_are_quoted_and_what_has_arrived_is_kept(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB, times=4), Fault(status=503, times=None))
        with pytest.raises(InternalServerError, match="503"):
            lab.fetch(retries=3, connections=1)
        lab.assert_partial()
        lab.sim.faults.clear()
        assert lab.fetch().resumed_from == 20 * MIB
        lab.assert_whole()
        assert lab.sim.bytes_sent < 1.1 * LARGE

    @pytest.mark.parametrize("connections", [1, 8])
    def test_a_server_that_sends_a_trickle_with_each_answer_is_given_up(self, lab: Lab, connections: int) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(cut=1000, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=5, connections=connections)
        # Where there are others, one that had nothing to do may still begin what the last one gave back.
        assert len(lab.sim.requests) in ({6} if connections == 1 else {6, 7})

    def test_without_retries_the_first_failure_is_the_last(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(cut=1000))
        with pytest.raises(TransferInterruptedError, match="1 times in a row"):
            lab.fetch(retries=0)
        assert lab.fetch(retries=0).resumed_from == 1000
        lab.assert_whole()


class TestSlowConnections:
    def test_a_connection_that_crawls_is_replaced(self, lab: Lab) -> None:
        """Time runs fast here, so that the watchdog's ten seconds are short."""
        lab.serve(64 * MIB)
        lab.sim.script(Fault(rate=20_000, when=beginning_at(16 * MIB)), Fault(rate=40 * MIB, times=None))
        Job(lambda: lab.fetch(clock=FastClock())).outcome()
        lab.assert_whole()
        (crawling,) = (request for request in lab.sim.requests if beginning_at(16 * MIB)(request))
        assert crawling.sent < 200_000

    def test_a_limit_on_the_rate_is_kept_by_all_connections_together(self, lab: Lab) -> None:
        lab.serve(LARGE)
        began = lab.clock.now()
        lab.fetch(limit_rate=float(MIB))
        lab.assert_whole()
        assert lab.clock.now() - began >= 33.0


class JumpingClock(FakeClock):
    """Time that is an hour later, or earlier, whenever somebody looks: a machine that sleeps, or is set."""

    def now(self) -> float:
        """Seconds."""
        return self.time + random.choice([-3600.0, 0.0, 3600.0])  # noqa: S311 -- no secret


class TestClocks:
    def test_a_clock_that_jumps_does_no_harm(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=3 * MIB, times=3), Fault(status=503, headers={"retry-after": "1"}))
        lab.fetch(clock=JumpingClock(), limit_rate=1e9, progress=lambda _: None)
        lab.assert_whole()


class TestProgress:
    def test_it_grows_and_ends_with_everything(self, lab: Lab) -> None:
        lab.serve(LARGE)
        seen: list[DownloadProgress] = []
        lab.sim.script(Fault(cut=2 * MIB, times=3))
        lab.fetch(progress=seen.append, clock=TickingClock())
        assert all(left.done <= right.done for left, right in pairwise(seen))
        assert {progress.total for progress in seen} == {LARGE}
        assert (seen[-1].done, seen[-1].connections) == (LARGE, 0)

    def test_it_begins_with_what_was_there(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=0)
        lab.sim.faults.clear()
        seen: list[DownloadProgress] = []
        fetched = lab.fetch(progress=seen.append, clock=TickingClock())
        assert fetched.resumed_from > 0
        assert {progress.resumed for progress in seen} == {fetched.resumed_from}
        assert all(progress.done >= fetched.resumed_from for progress in seen)


class FastClock(FakeClock):
    """A clock that shows a minute for each second."""

    def now(self) -> float:
        return time.monotonic() * 60


class HeldClock(FakeClock):
    """A clock at which everybody who waits is held until the test lets them go."""

    def __init__(self) -> None:
        super().__init__()
        self._change = threading.Condition()
        self._open = False

    def wait(self, stop: threading.Event, seconds: float) -> None:
        del stop
        with self._change:
            self.waits.append(seconds)
            self._change.notify_all()
            self._change.wait_for(lambda: self._open, 10)
            self.time += seconds

    def wait_for_waits(self, count: int) -> None:
        with self._change:
            assert self._change.wait_for(lambda: len(self.waits) >= count, 10)

    def release(self) -> None:
        with self._change:
            self._open = True
            self._change.notify_all()
