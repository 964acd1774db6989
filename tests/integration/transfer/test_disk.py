"""The local side: existing files, missing space, and other processes."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.waits import PATIENCE, wait_until
from together_ext.errors import (
    LeaseLostError,
    NotEnoughSpaceError,
    StorageError,
    TargetExistsError,
    TransferCancelledError,
    TransferInterruptedError,
)
from together_ext.leases import EXPIRY
from together_ext.simulator import LORA_JOB, Fault
from together_ext.transfer import DownloadProgress, Fetched, Remote, Target, mark, transfer
from together_ext.transfer.journal import decode, encode
from together_ext.transfer.session import FIRST
from together_ext.transfer.target import SAMPLE

from .lab import LARGE, MIB, SMALL, Job, Lab, TickingClock, child, noise, wait_for_file


class TestTargetThatExists:
    @pytest.mark.parametrize("size", [1, 1000, SMALL, LARGE])
    def test_the_same_file_is_not_downloaded_again(self, lab: Lab, size: int) -> None:
        lab.serve(size)
        lab.fetch()
        lab.unmark()
        lab.sim.forget()
        fetched = lab.fetch()
        assert (fetched.path, fetched.size, fetched.resumed_from) == (lab.path, size, size)
        lab.assert_whole()
        assert lab.sim.bytes_sent <= 2 * SAMPLE
        assert lab.ranges() == [f"bytes=0-{SAMPLE - 1}", f"bytes={max(size - SAMPLE, 0)}-{size - 1}"]

    def test_one_byte_shows_that_a_marked_file_is_current(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.fetch()
        lab.sim.forget()
        assert lab.fetch().resumed_from == LARGE
        assert lab.ranges() == ["bytes=0-0"]

    @pytest.mark.parametrize("change", ["local", "remote", "address"])
    def test_a_mark_proves_nothing_of_another_version(self, lab: Lab, change: str) -> None:
        """The middle differs, and both ends are equal: without a mark, only the ends are compared."""
        content = lab.serve(LARGE)
        lab.fetch()
        before = lab.path.stat()
        with lab.path.open("r+b") as file:
            file.seek(LARGE - 1)
            file.write(bytes([content[-1] ^ 1]))
        if change != "local":
            # As a tool that restores the time, which leaves the mark in force.
            os.utime(lab.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        if change == "remote":
            lab.serve(LARGE, "other")
        url = f"{lab.url}&version=2" if change == "address" else lab.url
        with pytest.raises(TargetExistsError, match="differs from the remote file"):
            lab.fetch(url=url)

    def test_a_file_that_others_can_write_is_compared_completely(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.fetch()
        lab.path.chmod(0o666)
        assert lab.fetch().resumed_from == LARGE
        with lab.path.open("r+b") as file:
            file.seek(LARGE // 2)
            file.write(b"forged")
        with pytest.raises(TargetExistsError, match="differs from the remote file"):
            lab.fetch()

    @pytest.mark.parametrize("weakness", ["group", "link", "infinite"])
    def test_a_mark_that_others_may_have_forged_is_not_used(self, lab: Lab, weakness: str) -> None:
        """The bytes are compared instead, as without a mark."""
        lab.serve(LARGE)
        lab.fetch()
        if weakness == "group":
            lab.path.chmod(0o664)
        elif weakness == "link":
            os.link(lab.path, lab.path.with_name("other"))
        else:
            os.setxattr(lab.path, mark.NAME, b'{"source": "", "size": 1e999, "validator": ""}')
        lab.sim.forget()
        assert lab.fetch().resumed_from == LARGE
        assert lab.ranges() == [f"bytes=0-{SAMPLE - 1}", f"bytes={LARGE - SAMPLE}-{LARGE - 1}"]

    def test_an_empty_file_is_not_downloaded_again(self, lab: Lab) -> None:
        lab.serve(0)
        lab.fetch()
        assert lab.fetch().size == 0
        lab.assert_whole()

    def test_the_same_file_is_recognized_despite_network_errors(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.fetch()
        lab.unmark()
        lab.sim.script(Fault(skip=1, status=503), Fault(skip=2, cut=100), Fault(skip=3, drop=True))
        assert lab.fetch().resumed_from == LARGE
        lab.assert_whole()

    def test_the_same_file_is_recognized_without_ranges(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.fetch()
        lab.unmark()
        lab.sim.script(Fault(ignore_range=True, times=None))
        before = lab.path.stat().st_mtime_ns
        assert lab.fetch().resumed_from == SMALL
        assert lab.path.stat().st_mtime_ns == before
        lab.assert_whole()

    def test_the_same_file_is_recognized_with_one_connection(self, lab: Lab) -> None:
        """A client of the user's own may allow one only."""
        lab.serve(LARGE)
        lab.fetch()
        lab.unmark()
        with httpx.Client(trust_env=False, verify=False, limits=httpx.Limits(max_connections=1)) as lab.client:  # noqa: S501
            assert lab.fetch(retries=0).resumed_from == LARGE

    @pytest.mark.parametrize(
        "change",
        [
            lambda content: content[:-1],
            lambda content: content + b"x",
            lambda content: b"x" + content[1:],
            lambda content: content[:-1] + bytes([content[-1] ^ 1]),
            lambda _: b"",
            lambda content: noise(len(content), "other"),
        ],
    )
    def test_a_different_file_is_unchanged(self, lab: Lab, change: Callable[[bytes], bytes]) -> None:
        other = change(lab.serve(SMALL))
        lab.path.write_bytes(other)
        with pytest.raises(TargetExistsError, match="exists and differs from the remote file: move it"):
            lab.fetch()
        assert lab.path.read_bytes() == other
        assert lab.left() == {lab.path.name}
        assert lab.sim.bytes_sent <= 2 * SAMPLE

    def test_a_dangling_link_is_unchanged(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.path.symlink_to("nowhere")
        with pytest.raises(TargetExistsError):
            lab.fetch()
        assert lab.path.is_symlink()

    @pytest.mark.parametrize("fault", [Fault(), Fault(ignore_range=True, times=None)])
    def test_a_different_file_is_replaced_if_allowed(self, lab: Lab, fault: Fault) -> None:
        lab.serve(SMALL)
        lab.path.write_bytes(b"other")
        lab.sim.script(fault)
        lab.fetch(overwrite=True)
        lab.assert_whole()

    def test_the_old_file_exists_until_the_new_one_is_complete(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.path.write_bytes(b"other")
        lab.sim.script(Fault(cut=1000, times=None))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(overwrite=True, retries=0)
        assert lab.path.read_bytes() == b"other"

    def test_a_link_is_replaced_and_not_followed(self, lab: Lab) -> None:
        lab.serve(SMALL)
        victim = lab.folder.parent / "victim"
        victim.write_bytes(b"precious")
        lab.path.symlink_to(victim)
        lab.fetch(overwrite=True)
        lab.assert_whole()
        assert not lab.path.is_symlink()
        assert victim.read_bytes() == b"precious"

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_a_folder_is_refused_before_any_request(self, lab: Lab, *, overwrite: bool) -> None:
        lab.path.mkdir()
        with pytest.raises(StorageError, match="is a folder"):
            lab.fetch(overwrite=overwrite)
        assert lab.sim.requests == []

    def test_a_journal_of_a_crash_after_the_rename_is_removed(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.fetch()
        lab.journal.write_bytes(b"{}")
        lab.fetch()
        lab.assert_whole()


class TestWhatAnEarlierRunLeft:
    def interrupt(self, lab: Lab) -> None:
        """Leave a partial file with two spans."""
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=5 * MIB, times=2))
        cancel = threading.Event()

        def progress(seen: DownloadProgress) -> None:
            if seen.done == 10 * MIB:
                cancel.set()

        with pytest.raises(TransferCancelledError):
            lab.fetch(connections=2, cancel=cancel, progress=progress, clock=TickingClock())
        lab.assert_partial()
        lab.sim.faults.clear()
        lab.sim.forget()

    def test_a_partial_file_is_resumed(self, lab: Lab) -> None:
        self.interrupt(lab)
        fetched = lab.fetch()
        lab.assert_whole()
        assert fetched.resumed_from == 10 * MIB
        assert lab.sim.bytes_sent <= LARGE - 10 * MIB + 3 * MIB

    def test_any_number_of_connections_can_resume(self, lab: Lab) -> None:
        self.interrupt(lab)
        assert lab.fetch(connections=1).resumed_from == 10 * MIB
        lab.assert_whole()

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            (lambda data: data[: data.index(b"\n") // 2], "damaged"),
            (lambda _: b"", "damaged"),
            (lambda data: data.replace(b"flushed", b"flushes"), "checksum"),
            (lambda _: b'{"gid": 1}', "not a journal"),
            (
                lambda data: data.replace(b'"version": 2', b'"version": 3'),
                "its version is 3; the supported version is 2",
            ),
            (lambda data: data.replace(b"127.0.0.1", b"127.0.0.2"), "checksum"),
        ],
    )
    def test_a_journal_that_cannot_be_used_means_a_clean_start(
        self, lab: Lab, damage: Callable[[bytes], bytes], reason: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.interrupt(lab)
        lab.journal.write_bytes(damage(lab.journal.read_bytes()))
        with caplog.at_level(logging.INFO, "together_ext"):
            caplog.clear()
            assert lab.fetch().resumed_from == 0
        lab.assert_whole()
        (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("together_ext")]
        assert line.startswith("restarting weights.tar.zst: its journal cannot be used: ")
        assert reason in line

    def test_a_partial_file_shorter_than_its_journal_says_means_a_clean_start(self, lab: Lab) -> None:
        self.interrupt(lab)
        os.truncate(lab.part, 4 * MIB)
        assert lab.fetch().resumed_from == 0
        lab.assert_whole()

    def test_a_partial_file_that_has_grown_means_a_clean_start(self, lab: Lab) -> None:
        self.interrupt(lab)
        os.truncate(lab.part, LARGE + 1)
        assert lab.fetch().resumed_from == 0
        lab.assert_whole()

    def test_a_journal_alone_means_a_clean_start(self, lab: Lab) -> None:
        self.interrupt(lab)
        lab.part.unlink()
        assert lab.fetch().resumed_from == 0
        lab.assert_whole()

    def test_a_partial_file_alone_means_a_clean_start(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.part.write_bytes(b"whose is this?" * 100_000)
        assert lab.fetch().resumed_from == 0
        lab.assert_whole()

    def test_another_request_starts_clean(self, lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
        self.interrupt(lab)
        lab.identity = {"job": LORA_JOB, "step": "100"}
        assert lab.fetch().resumed_from == 0
        lab.assert_whole()
        assert "it belongs to another request" in caplog.text

    def test_a_complete_partial_file_needs_no_more_bytes(self, lab: Lab) -> None:
        """As after a crash just before the rename."""
        self.interrupt(lab)
        lab.part.write_bytes(lab.content)
        known = decode(lab.journal.read_bytes())
        lab.journal.write_bytes(encode(replace(known, flushed=((0, LARGE),))))
        assert lab.fetch().resumed_from == LARGE
        lab.assert_whole()
        assert lab.sim.bytes_sent <= 3 * MIB

    @pytest.mark.parametrize("wrong", ["zeros", "another version"])
    def test_a_span_whose_last_bytes_differ_is_downloaded_again(
        self, lab: Lab, caplog: pytest.LogCaptureFixture, wrong: str
    ) -> None:
        """A disk that lost flushed data, or a file that changed without a new validator."""
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=5 * MIB))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(connections=1, retries=0)
        with lab.part.open("r+b") as file:
            file.seek(5 * MIB - 1000)
            file.write(bytes(1000) if wrong == "zeros" else noise(1000, "another"))

        fetched = lab.fetch()

        lab.assert_whole()
        assert fetched.resumed_from == 0
        assert "1 kept spans differ from the remote file" in caplog.text

    def test_a_link_in_its_place_is_replaced_and_not_followed(self, lab: Lab) -> None:
        lab.serve(SMALL)
        victim = lab.folder.parent / "victim"
        victim.write_bytes(b"precious")
        lab.part.symlink_to(victim)
        lab.fetch()
        lab.assert_whole()
        assert victim.read_bytes() == b"precious"
        assert not lab.path.is_symlink()


class TestFinalName:
    """What is at the names of the file just before it gets the final one."""

    def finish(self, lab: Lab, happens: Callable[[], object]) -> Fetched:
        """Fetch the file; something happens once every byte has arrived."""

        def structure(*_: object) -> bool:
            happens()
            return True

        remote = Remote(lab.client, lab.url, headers=lab.headers, timeout=600, action="fetch")
        target = Target.exactly(lab.path, structure=structure)
        return transfer(remote, target, lab.identity, lab.options())

    @pytest.mark.parametrize("size", [SMALL, LARGE])
    def test_a_file_in_place_of_the_partial_file_never_gets_it(self, lab: Lab, size: int) -> None:
        """Of another user, in a shared folder."""
        lab.serve(size)

        def exchange() -> None:
            lab.part.rename(lab.folder / "moved")
            lab.part.write_bytes(noise(size, "forged"))

        with pytest.raises(StorageError, match="was replaced by another process"):
            self.finish(lab, exchange)
        assert not lab.path.exists()

    def test_bytes_are_kept_for_a_rerun_if_the_name_is_taken(self, lab: Lab) -> None:
        """Also if the umask lets others write to new files: they cannot write to the partial file."""
        lab.serve(LARGE)
        before = os.umask(0)
        try:
            with pytest.raises(StorageError, match="could not finish"):
                self.finish(lab, lab.path.mkdir)
            lab.path.rmdir()
            assert lab.part.stat().st_mode & 0o777 == 0o600
            assert lab.fetch().resumed_from == LARGE
        finally:
            os.umask(before)
        assert lab.path.stat().st_mode & 0o777 == 0o666
        lab.assert_whole()


@pytest.fixture
def small_disk(lab: Lab) -> Iterator[Path]:
    """A file system of 48 MiB, in the lab's folder."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "together-ext-test", str(lab.folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:  # noqa: S603
        pytest.skip("mounting is not permitted")
    try:
        yield lab.folder
    finally:
        subprocess.run(["umount", "-l", str(lab.folder)], check=True)  # noqa: S603, S607


class TestSpace:
    def test_a_file_that_does_not_fit_is_refused_before_the_download(self, lab: Lab) -> None:
        size = 1 << 50
        lab.sim.add_archive(LORA_JOB, size)
        with pytest.raises(
            NotEnoughSpaceError, match="bytes free and 1,125,899,906,842,624 are needed: make room"
        ) as raised:
            lab.fetch()
        assert raised.value.needed == size
        assert lab.sim.bytes_sent <= FIRST
        assert len(lab.sim.requests) == 1
        assert not lab.path.exists()

    def test_a_stream_that_does_not_fit_is_refused_too(self, lab: Lab, small_disk: Path) -> None:
        lab.sim.add_archive(LORA_JOB, 64 * MIB)
        lab.sim.script(Fault(ignore_range=True))
        with pytest.raises(NotEnoughSpaceError):
            lab.fetch()
        assert list(small_disk.iterdir()) == []
        assert lab.sim.bytes_sent < 32 * MIB

    def test_existing_bytes_need_no_space(self, lab: Lab, small_disk: Path) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(cut=20 * MIB, skip=1))
        with pytest.raises(TransferInterruptedError):
            lab.fetch(retries=0, connections=1)
        assert lab.fetch().resumed_from == FIRST + 20 * MIB
        assert list(small_disk.iterdir()) == [lab.path]
        assert lab.path.read_bytes() == lab.content

    @pytest.mark.parametrize("fault", [Fault(stall=MIB), Fault(stall=MIB, ignore_range=True)])
    def test_a_disk_that_fills_up_is_an_error_and_leaves_no_file(
        self, lab: Lab, small_disk: Path, fault: Fault
    ) -> None:
        lab.serve(LARGE)
        lab.sim.script(fault)
        job = Job(lambda: lab.fetch(connections=1))
        lab.sim.wait_until(lambda sim: sim.stalled == 1)
        # Once there are bytes in it, nobody asks any more whether the rest will fit.
        wait_for_file(lab.part, 1)
        (small_disk / "filler").write_bytes(bytes(30 * MIB))
        lab.sim.release()
        error = job.outcome()
        assert isinstance(error, StorageError)
        assert error.errno == errno.ENOSPC
        assert "no space left on device; make room, then run it again" in str(error)
        assert not lab.path.exists()

        # And when there is room, it goes on.
        (small_disk / "filler").unlink()
        fetched = lab.fetch()
        assert fetched.resumed_from > 0 or fault.ignore_range
        assert list(small_disk.iterdir()) == [lab.path]
        assert lab.path.read_bytes() == lab.content

    def test_a_disk_without_space_for_the_journal_is_an_error_and_leaves_no_file(
        self, lab: Lab, small_disk: Path
    ) -> None:
        lab.serve(4096)
        with (small_disk / "filler").open("wb") as file:
            with pytest.raises(OSError, match="No space"):
                file.write(bytes(49 * MIB))
            file.truncate(48 * MIB - 4096)
        with pytest.raises(StorageError, match=r"no space left|bytes free"):
            lab.fetch()
        assert not lab.path.exists()


class Waiting(logging.Handler):
    """Set when a download waits for another one."""

    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if "waiting for another" in record.getMessage():
            self.event.set()


@pytest.fixture
def waiting() -> Iterator[threading.Event]:
    """Set when a transfer waits for another one."""
    handler, log = Waiting(), logging.getLogger("together_ext")
    log.addHandler(handler)
    yield handler.event
    log.removeHandler(handler)


class TestTwoAtOnce:
    def test_a_second_thread_waits_and_finds_the_file_complete(self, lab: Lab, waiting: threading.Event) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=MIB, when=lambda request: "if-range" not in request.headers))
        first = Job(lab.fetch)
        wait_for_file(lab.journal)
        second = Job(lab.fetch)
        assert waiting.wait(PATIENCE)
        lab.sim.wait_until(lambda sim: sim.stalled == 1)
        lab.sim.release()
        outcomes = [first.outcome(), second.outcome()]
        lab.assert_whole()
        resumed = [0 if isinstance(outcome, BaseException) else outcome.resumed_from for outcome in outcomes]
        assert resumed == [0, LARGE]
        assert lab.sim.bytes_sent < 1.5 * LARGE

    def test_a_waiting_download_can_be_stopped(self, lab: Lab, waiting: threading.Event) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=MIB))
        first, cancel = Job(lab.fetch), threading.Event()
        wait_for_file(lab.journal)
        second = Job(lambda: lab.fetch(cancel=cancel))
        assert waiting.wait(PATIENCE)
        cancel.set()
        assert "stopped" in str(second.outcome())
        lab.sim.wait_until(lambda sim: sim.stalled == 1)
        lab.sim.release()
        assert not isinstance(first.outcome(), BaseException)
        lab.assert_whole()

    def test_after_a_failure_of_the_first_the_second_continues(self, lab: Lab, waiting: threading.Event) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=5 * MIB, cut=5 * MIB))
        first = Job(lambda: lab.fetch(connections=1, retries=0))
        wait_for_file(lab.journal)
        second = Job(lab.fetch)
        assert waiting.wait(PATIENCE)
        lab.sim.wait_until(lambda sim: sim.stalled == 1)
        lab.sim.release()
        assert isinstance(first.outcome(), TransferInterruptedError)
        outcome = second.outcome()
        assert not isinstance(outcome, BaseException)
        assert outcome.resumed_from == 5 * MIB
        lab.assert_whole()

    def test_a_second_process_waits_and_finds_the_file_complete(self, lab: Lab) -> None:
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=MIB, when=lambda request: "if-range" not in request.headers))
        with child(lab) as first:
            wait_for_file(lab.journal)
            with child(lab) as second:
                assert second.stderr is not None
                assert any("waiting for another process" in line for line in second.stderr)
                lab.sim.wait_until(lambda sim: sim.stalled == 1)
                lab.sim.release()
                said = [process.communicate(timeout=PATIENCE)[0].splitlines()[-1] for process in (first, second)]
        assert said == ["resumed from 0", f"resumed from {LARGE}"]
        lab.assert_whole()
        assert lab.sim.bytes_sent < 1.5 * LARGE

    @pytest.mark.parametrize(
        "rest", [Fault(), Fault(replace=True)], ids=["it continues", "the remote file has changed"]
    )
    def test_an_owner_that_was_paused_for_too_long_writes_nothing_more(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch, rest: Fault
    ) -> None:
        """As after `SIGSTOP`: another process has taken over, and its files have the same names."""
        lab.serve(LARGE)
        lab.sim.script(Fault(stall=2 * MIB, cut=2 * MIB, times=4), replace(rest, times=None))
        job = Job(lab.fetch)
        lab.sim.wait_until(lambda sim: sim.stalled == 4)
        files = {path: path.name.encode() for path in (lab.lock, lab.part, lab.journal)}
        lab.lock.unlink()
        lab.lock.write_bytes(files[lab.lock])
        later, clock_gettime = EXPIRY + 1, time.clock_gettime
        monkeypatch.setattr(time, "clock_gettime", lambda clock: clock_gettime(clock) + later)
        wait_until(lambda: lab.left() == {path.name for path in files})  # a journal may be half-way through
        for path, content in files.items():
            path.unlink()
            path.write_bytes(content)
        lab.sim.release()
        assert isinstance(job.outcome(), LeaseLostError)
        assert {path: path.read_bytes() for path in lab.folder.iterdir()} == files

    def test_a_lock_that_cannot_be_taken_is_an_error(self, lab: Lab) -> None:
        lab.serve(SMALL)
        lab.lock.mkdir()
        with pytest.raises(StorageError, match="could not lock"):
            lab.fetch()
        assert not lab.path.exists()
