"""Leases on paths: one process at a time, and a dead one does not block the others."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest

from tests.threads import no_threads
from tests.waits import PATIENCE
from together_ext.errors import (
    LeaseLostError,
    LockTimeoutError,
    OutOfThreadsError,
    StorageError,
    TransferCancelledError,
)
from together_ext.leases import EXPIRY, REMINDER, Lease, Owner, Patience
from together_ext.storage import storage_errors

HERE = Owner.this_process()


def elsewhere(**facts: str | None) -> Owner:
    """A process of which nothing can be found out here, another one each time: in another container, or on a host."""
    return replace(HERE, host="pod-7f9c", namespace="pid:[1]", pid=17, started=secrets.token_hex(4), **facts)  # type: ignore[arg-type]


@dataclass
class Watcher:
    """A clock that jumps on whenever its owner waits, and what happens then.

    Attributes:
        time: Seconds that have passed.
        then: Called after each wait.
    """

    time: float = 0.0
    then: Callable[[], object] = field(default=lambda: None)

    def pause(self, seconds: float) -> None:
        self.time += seconds
        self.then()

    def patience(self, timeout: float | None = None) -> Patience:
        return Patience(timeout, now=lambda: self.time, pause=self.pause)


def _symbolic(path: Path) -> None:
    path.symlink_to("other")


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "weights.part.lock"


def leave(lock: Path, owner: Owner, *, age: float = 0.0) -> None:
    """A lock file as a process leaves it that is killed."""
    lock.write_text(json.dumps(asdict(owner)))
    if age:
        then = lock.stat().st_mtime - age
        os.utime(lock, (then, then))


@contextmanager
def process(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs Python code."""
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as found:  # noqa: S603
        try:
            yield found
        finally:
            found.kill()


def test_a_lease_is_one_processs_and_gone_afterwards(lock: Path) -> None:
    with Lease.acquire(lock, "writes", Patience()) as lease:
        lease.check()
        owner = json.loads(lock.read_text())
        assert (owner["host"], owner["pid"]) == (socket.gethostname(), os.getpid())
        with pytest.raises(LockTimeoutError, match=f"still writes after 0 s: process {os.getpid()} on "):
            Lease.acquire(lock, "writes", Patience(timeout=0))
    assert list(lock.parent.iterdir()) == []


def test_a_dead_processs_lease_is_taken_over_at_once(lock: Path) -> None:
    """The process ID is not enough: this process has the same one, and another start time."""
    leave(lock, replace(HERE, started="1"))
    watcher = Watcher()
    with Lease.acquire(lock, "writes", watcher.patience()):
        assert watcher.time < 1
    assert list(lock.parent.iterdir()) == []


@pytest.mark.parametrize(
    "owner",
    [elsewhere(), replace(elsewhere(), host=HERE.host), replace(HERE, boot=None)],
    ids=["host", "namespace", "boot"],
)
def test_a_lease_of_another_host_is_taken_over_after_a_minute_without_a_renewal(lock: Path, owner: Owner) -> None:
    leave(lock, owner)
    watcher = Watcher()
    with Lease.acquire(lock, "writes", watcher.patience()):
        assert EXPIRY <= watcher.time < EXPIRY + 2
    assert list(lock.parent.iterdir()) == []


def test_the_second_lease_of_an_ended_process_causes_no_second_wait(lock: Path) -> None:
    gone = elsewhere()
    watcher = Watcher()
    leave(lock, gone)
    with Lease.acquire(lock, "extracts", watcher.patience()):
        assert watcher.time >= EXPIRY
    leave(lock, replace(gone, token="another"), age=EXPIRY - 2)
    before = watcher.time
    with Lease.acquire(lock, "downloads", watcher.patience()):
        assert 1 < watcher.time - before < 4


def test_an_old_lock_file_is_confirmed_for_a_shorter_time(lock: Path) -> None:
    leave(lock, elsewhere(), age=3600)
    watcher = Watcher()
    with Lease.acquire(lock, "writes", watcher.patience()):
        assert 15 < watcher.time < 30


@pytest.mark.parametrize("age", [0.0, 3600.0], ids=["clocks agree", "a clock jumped"])
def test_a_lease_that_is_renewed_is_never_taken_over(lock: Path, age: float) -> None:
    owner = elsewhere()
    leave(lock, owner, age=age)
    watcher = Watcher()
    renewed = 0.0

    def renew() -> None:
        nonlocal renewed
        if watcher.time - renewed >= 10:
            renewed = watcher.time
            # A clock that goes back or stands still is a renewal all the same.
            os.utime(lock, (renewed, renewed))

    watcher.then = renew
    with pytest.raises(LockTimeoutError):
        Lease.acquire(lock, "writes", watcher.patience(timeout=600))
    assert json.loads(lock.read_text())["token"] == owner.token


@pytest.mark.parametrize("content", [b"", b"4711\nhost\n", b'{"pid": []}', b"[" * 3000], ids=repr)
def test_a_lock_file_that_cannot_be_read_expires_too(lock: Path, content: bytes) -> None:
    lock.write_bytes(content[:4000])
    watcher = Watcher()
    with Lease.acquire(lock, "writes", watcher.patience()):
        assert watcher.time >= EXPIRY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("host", None),
        ("since", None),
        ("token", 1),
        ("boot", 1),
        ("pid", float("inf")),
        ("pid", True),
        ("pid", 1 << 99),
    ],
)
def test_a_lock_file_with_a_wrong_field_expires_too(lock: Path, name: str, value: object) -> None:
    """In a shared folder, any user may have written it."""
    lock.write_text(json.dumps({**asdict(HERE), name: value}))
    watcher = Watcher()
    with Lease.acquire(lock, "writes", watcher.patience()):
        assert watcher.time >= EXPIRY


def test_a_wait_is_reported_at_once_and_every_minute(lock: Path, caplog: pytest.LogCaptureFixture) -> None:
    leave(lock, elsewhere())
    watcher = Watcher()
    watcher.then = lambda: os.utime(lock, (watcher.time, watcher.time))
    with pytest.raises(LockTimeoutError):
        Lease.acquire(lock, "downloads weights", watcher.patience(timeout=5 * REMINDER - 1))
    said = [record.message for record in caplog.records if "waiting" in record.message]
    assert len(said) == 5
    assert said[0].startswith("waiting for another process that downloads weights: process 17 on pod-7f9c since 20")
    assert str(lock) in said[0]


def test_a_wait_can_be_stopped(lock: Path) -> None:
    leave(lock, elsewhere())
    with pytest.raises(TransferCancelledError):
        Lease.acquire(lock, "writes", Patience(stopped=lambda: True))


@pytest.mark.parametrize("plant", [_symbolic, os.mkfifo, os.mkdir], ids=["link", "fifo", "folder"])
def test_a_path_that_is_not_a_lock_file_is_an_error(lock: Path, plant: Callable[[Path], object]) -> None:
    plant(lock)
    with pytest.raises(StorageError, match="could not lock"), storage_errors(lock, "lock"):
        Lease.acquire(lock, "writes", Patience())


def test_a_lock_that_another_process_keeps_on_the_file_delays_no_wait_without_end(lock: Path) -> None:
    """`flock` belongs to who can open the file: to the attacker in a shared folder, to a stopped process."""
    leave(lock, elsewhere(), age=3600)
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LockTimeoutError):
            Lease.acquire(lock, "writes", Watcher().patience(timeout=2 * EXPIRY))
    with Lease.acquire(lock, "writes", Watcher().patience()):
        pass
    assert list(lock.parent.iterdir()) == []


@pytest.mark.parametrize("age", [0, 3600], ids=["dead", "expired"])
def test_a_lock_file_with_a_name_of_the_maximum_length_is_taken_over(tmp_path: Path, age: float) -> None:
    lock = tmp_path / ("w" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    leave(lock, elsewhere() if age else replace(HERE, started="1"), age=age)
    watcher = Watcher()
    with Lease.acquire(lock, "writes", watcher.patience()):
        assert watcher.time < EXPIRY
    assert list(tmp_path.iterdir()) == []


def test_an_owner_detects_the_loss_of_its_lease_and_does_not_remove_it(lock: Path) -> None:
    with suppress(LeaseLostError), Lease.acquire(lock, "writes", Patience()) as lease:
        lock.unlink()
        leave(lock, elsewhere())
        lease._renewed -= EXPIRY  # as after a pause
        with pytest.raises(LeaseLostError, match="run it again"):
            lease.check()
    assert json.loads(lock.read_text())["token"] == HERE.token


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow, as on a disk without space: it can be created, and nothing can be written to it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("expired", [False, True])
def test_a_lock_file_that_cannot_be_written_is_not_left(lock: Path, expired: bool) -> None:  # noqa: FBT001 -- a parameter
    """Nobody would renew it, and the next run would wait for its expiry."""
    if expired:
        leave(lock, replace(HERE, started="1"))
    before = {*lock.parent.iterdir()}
    with full_disk(), pytest.raises(OSError, match="too large"):
        Lease.acquire(lock, "writes", Patience())
    assert {*lock.parent.iterdir()} == before


def test_a_lock_file_that_cannot_be_renewed_is_not_left(lock: Path) -> None:
    """The process still runs, so that the next run would wait for the expiry."""
    with no_threads(), pytest.raises(OutOfThreadsError):
        Lease.acquire(lock, "writes", Patience())
    assert not lock.exists()


RACE = """
import os, sys, time
from pathlib import Path
from together_ext.leases import Lease, Patience
lock, count = Path(sys.argv[1]), Path(sys.argv[2])
dead, minutes = lock.read_text(), 0

def pause(seconds):
    # The minute of the dead owner passes at once, that of a live one does not.
    global minutes
    try:
        minutes += 2 * (lock.read_text() == dead)
    except FileNotFoundError:
        pass
    time.sleep(seconds)

print("ready", flush=True)
sys.stdin.readline()
with Lease.acquire(lock, "counts", Patience(now=lambda: time.monotonic() + 60 * minutes, pause=pause)):
    seen = int(count.read_text())
    for _ in range(1000):  # time in which no other process may write
        os.sched_yield()
        assert int(count.read_text()) == seen
    count.write_text(str(seen + 1))
"""


def test_only_one_of_many_processes_takes_over(lock: Path) -> None:
    leave(lock, elsewhere())
    count = lock.with_name("count")
    count.write_text("0")
    with ExitStack() as stack:
        racers = [stack.enter_context(process(RACE, str(lock), str(count))) for _ in range(6)]
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        assert [racer.wait(PATIENCE) for racer in racers] == [0] * 6
    assert count.read_text() == "6"
    assert [path.name for path in lock.parent.iterdir()] == ["count"]


HOLD = """
import sys
from pathlib import Path
from together_ext.leases import Lease, Patience
with Lease.acquire(Path(sys.argv[1]), "holds", Patience()):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_the_lease_of_a_killed_process_does_not_block(lock: Path) -> None:
    with process(HOLD, str(lock)) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.send_signal(signal.SIGKILL)
        holder.wait(PATIENCE)
    watcher = Watcher()
    with Lease.acquire(lock, "writes", watcher.patience()):
        assert watcher.time < 1
