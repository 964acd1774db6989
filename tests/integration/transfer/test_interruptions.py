"""However a transfer is stopped, nothing incomplete is ever at the final path, and the next run resumes."""

from __future__ import annotations

import re
import signal
import threading
from pathlib import Path

import pytest

from tests.waits import PATIENCE
from together_ext.errors import TransferCancelledError
from together_ext.simulator import LORA_JOB, Fault
from together_ext.transfer import DownloadProgress
from together_ext.transfer.board import LEAST_HELP
from together_ext.transfer.session import FIRST

from .lab import LARGE, MIB, SMALL, FakeClock, Job, Lab, TickingClock, beginning_at, child, wait_for_file

HUGE = 96 * MIB
"""So large that a tenth of it is more than what a crash may lose."""

STATUS = Path("/proc/self/status")


class TestKilledProcess:
    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
    def test_the_next_run_resumes(self, lab: Lab, number: signal.Signals) -> None:
        lab.serve(HUGE)
        lab.connections = 2
        # Both connections come to a stop, 60 of 96 MiB are there, and nothing more is on its way.
        lab.sim.script(
            Fault(stall=22 * MIB, when=beginning_at(8 * MIB)), Fault(stall=30 * MIB, when=beginning_at(48 * MIB))
        )
        with child(lab) as process:
            assert process.stdout is not None
            assert any(line == f"at {60 * MIB}\n" for line in process.stdout)
            process.send_signal(number)
            process.communicate(timeout=PATIENCE)
        assert process.returncode == -number
        assert not lab.path.exists()
        assert {lab.part.name, lab.journal.name} <= lab.left()
        fetched = lab.fetch(connections=1)
        lab.assert_whole()
        # What the connections had in memory, and what was not in the journal yet.
        assert fetched.resumed_from >= 60 * MIB - 2 * (256 << 10)
        assert lab.sim.bytes_sent < 1.1 * HUGE

    def test_a_dead_owners_lock_is_taken_over(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(stall=100_000))
        with child(lab) as process:
            wait_for_file(lab.journal)
            process.kill()
            process.communicate(timeout=PATIENCE)
        assert lab.lock.exists()
        lab.fetch()
        lab.assert_whole()

    def test_ctrl_c_ends_a_download_even_if_the_server_is_silent(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=MIB, times=None))
        with child(lab) as process:
            lab.sim.wait_until(lambda sim: sim.stalled >= lab.connections)
            assert process.stdout is not None
            arrived = lab.connections * MIB // 2
            assert any(int(line.removeprefix("at ")) >= arrived for line in process.stdout)
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=PATIENCE)
        assert stderr.rstrip().endswith("KeyboardInterrupt")
        lab.assert_partial()
        lab.sim.faults.clear()
        assert lab.fetch().resumed_from >= arrived
        lab.assert_whole()


class StopHereError(Exception):
    """What a callback raises."""


class TestProgressThatRaises:
    def test_an_exception_stops_the_transfer_and_keeps_the_partial_file(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=5 * MIB, times=None))

        def progress(seen: DownloadProgress) -> None:
            if seen.done >= 10 * MIB:
                raise StopHereError

        with pytest.raises(StopHereError):
            lab.fetch(progress=progress, clock=TickingClock())
        lab.assert_partial()
        lab.assert_no_threads()
        lab.sim.faults.clear()
        assert lab.fetch().resumed_from >= 10 * MIB
        lab.assert_whole()

    def test_connections_without_work_end_too(self, lab: Lab) -> None:
        """One waits for its last bytes, and the other for something to do."""
        # The second one has too little for the first one to take over half of it, however slow it is.
        size = FIRST + LEAST_HELP - MIB
        lab.serve(size)
        lab.sim.script(Fault(stall=size - FIRST - MIB, when=beginning_at(FIRST)))

        def progress(seen: DownloadProgress) -> None:
            if seen.done >= size - MIB:
                raise StopHereError

        with pytest.raises(StopHereError):
            lab.fetch(progress=progress, connections=2, clock=TickingClock())
        lab.assert_no_threads()
        lab.assert_partial()

    def test_a_stream_that_is_stopped_leaves_nothing(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(ignore_range=True, stall=MIB))  # What is not stopped waits for ten minutes.

        def progress(_: DownloadProgress) -> None:
            raise StopHereError

        job = Job(lambda: lab.fetch(progress=progress, clock=TickingClock()))
        assert isinstance(job.outcome(), StopHereError)
        lab.assert_nothing()

    def test_raising_at_the_very_end_leaves_the_file(self, lab: Lab) -> None:
        lab.serve(SMALL)

        def progress(seen: DownloadProgress) -> None:
            if seen.done == seen.total and seen.connections == 0:
                raise StopHereError

        with pytest.raises(StopHereError):
            lab.fetch(progress=progress)
        lab.assert_whole()


class TestCancelling:
    """`Options.cancel`, set from another thread, ends it within about a second, whatever the server does."""

    @pytest.mark.parametrize(
        ("fault", "waiting", "arrived"),
        [
            # In the middle of all bodies, and before the later answers.
            (Fault(stall=2 * MIB, times=None), 2, MIB),
            (Fault(hold=True, skip=1, times=None), 1, MIB),
            # In the middle of one stream.
            (Fault(stall=2 * MIB, ignore_range=True), 1, MIB),
            (Fault(stall=2 * MIB + 9, ignore_range=True, chunked=True), 1, 2 * MIB),
            # Before the first answer, and before the file's front.
            (Fault(hold=True), 1, None),
            (Fault(stall=0), 1, None),
        ],
    )
    def test_a_silent_server_does_not_delay_it(self, lab: Lab, fault: Fault, waiting: int, arrived: int | None) -> None:
        lab.timeout = 600.0
        lab.serve(LARGE)
        lab.sim.script(fault)
        cancel = threading.Event()
        job = Job(lambda: lab.fetch(cancel=cancel))
        lab.sim.wait_until(lambda sim: sim.stalled >= waiting)
        if arrived is not None:
            wait_for_file(lab.part, arrived)
        cancel.set()
        assert isinstance(job.outcome(), TransferCancelledError)
        assert not lab.path.exists()
        lab.sim.faults.clear()
        lab.sim.release()
        lab.fetch()
        lab.assert_whole()

    def test_waiting_for_the_server_ends_too(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.sim.script(Fault(status=503, headers={"retry-after": "600"}, times=None))
        cancel = threading.Event()

        class CancelledClock(FakeClock):
            def wait(self, stop: threading.Event, seconds: float) -> None:
                cancel.set()
                assert stop.wait(seconds)

        with pytest.raises(TransferCancelledError):
            lab.fetch(cancel=cancel, clock=CancelledClock())
        lab.assert_nothing()

    def test_downloaded_bytes_are_kept(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=5 * MIB, times=None))
        cancel = threading.Event()

        def progress(seen: DownloadProgress) -> None:
            if seen.done == 20 * MIB:
                cancel.set()

        with pytest.raises(TransferCancelledError, match="what has arrived is kept"):
            lab.fetch(cancel=cancel, progress=progress, clock=TickingClock())
        lab.assert_partial()
        lab.sim.faults.clear()
        assert lab.fetch().resumed_from == 20 * MIB
        lab.assert_whole()

    def test_a_transfer_that_was_cancelled_before_does_not_begin(self, lab: Lab) -> None:
        lab.serve(SMALL)
        cancel = threading.Event()
        cancel.set()
        with pytest.raises(TransferCancelledError):
            lab.fetch(cancel=cancel)
        lab.assert_nothing()


class TestFinalName:
    def test_the_final_name_never_has_a_part_of_the_file(self, lab: Lab) -> None:
        lab.serve(LARGE)
        ended, seen = threading.Event(), list[int]()

        def look() -> None:
            while not ended.is_set():
                try:
                    seen.append(lab.path.stat().st_size)
                except FileNotFoundError:
                    continue

        watcher = threading.Thread(target=look)
        watcher.start()
        lab.sim.script(Fault(cut=MIB, times=4), Fault(status=503))
        try:
            lab.fetch()
        finally:
            ended.set()
            watcher.join()
        assert set(seen) <= {LARGE}
        lab.assert_whole()

    @pytest.mark.parametrize("size", [SMALL, LARGE])
    def test_the_final_name_does_not_exist_while_bytes_are_missing(self, lab: Lab, size: int) -> None:
        lab.serve(size)
        lab.sim.script(Fault(stall=size - 1, times=None))
        there: list[bool] = []

        def progress(seen: DownloadProgress) -> None:
            there.append(lab.path.exists())
            if seen.connections:
                lab.sim.release()

        lab.fetch(progress=progress, connections=1, clock=TickingClock())
        assert not any(there[:-1])
        assert there[-1]
        lab.assert_whole()


class TestMemory:
    PROGRAM = """
import sys
import httpx
from together_ext.transfer import fetch
url, path, key, connections = sys.argv[1:]
with httpx.Client(verify=False, trust_env=False) as client:
    fetch(url, path, headers={"Authorization": key}, client=client, connections=int(connections))
print(open("/proc/self/status").read())
"""

    @pytest.mark.skipif(not STATUS.exists(), reason="the system does not tell how much was used")
    def test_a_large_file_needs_no_more_memory_than_a_small_one(self, lab: Lab) -> None:
        lab.connections = 8
        peaks = [self.peak(lab, size) for size in (10 * MIB, 1 << 30)]
        assert peaks[1] - peaks[0] < 30 << 10

    def peak(self, lab: Lab, size: int) -> int:
        """Peak memory in KiB of a process that downloads so many bytes."""
        lab.sim.add_archive(LORA_JOB, size)
        with child(lab, self.PROGRAM) as process:
            stdout, stderr = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, stderr
        assert lab.path.stat().st_size == size
        lab.path.unlink()
        # Not getrusage(), whose peak a process inherits from the one that started it.
        found = re.search(r"VmHWM:\s+([0-9]+) kB", stdout)
        assert found is not None
        return int(found[1])
