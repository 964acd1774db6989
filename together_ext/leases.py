"""Leases: one process at a time writes at a path, also across hosts, containers and crashes."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import json
import logging
import os
import secrets
import socket
import stat
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from .clock import boot_id, started, uptime
from .errors import LeaseLostError, LockTimeoutError, TransferCancelledError
from .storage import OPENING, PRIVATE, is_at
from .text import printable

log = logging.getLogger("together_ext")

RENEWAL: Final = 10.0
"""Seconds between two renewals of a lease."""

EXPIRY: Final = 60.0
"""Seconds without a renewal after which a waiting process takes over a lease."""

CONFIRMATION: Final = 2 * RENEWAL
"""Seconds to wait if the lock file is already older than `EXPIRY`. Not 0: a clock that jumped has the same effect."""

DOUBT: Final = 45.0
"""Seconds since its last renewal after which an owner checks its lease before it writes."""

SETTLING: Final = 0.1
"""Seconds after a takeover until it is confirmed: another process may take over at the same time."""

LOOK: Final = 0.1
"""Seconds between two checks of a lease that another process holds."""

REMINDER: Final = 60.0
"""Seconds between two log messages of a waiting process."""

_LARGEST: Final = 4096
"""Maximum number of bytes of a lock file that are read."""


@dataclass(frozen=True)
class Owner:
    """The process that holds a lease, according to the lock file.

    Attributes:
        host: The host's name.
        pid: The process ID, in its own PID namespace.
        started: Start time of the process in ticks since the machine started; None if unknown.
        boot: ID of the machine's current run (`boot_id`); None if unknown.
        namespace: ID of the PID namespace; None if unknown.
        since: When the lease was acquired (ISO 8601, UTC).
        token: A random value, so that two leases of one process differ.
    """

    host: str
    pid: int
    started: str | None
    boot: str | None
    namespace: str | None
    since: str
    token: str

    @classmethod
    def this_process(cls) -> Self:
        """The owner of a lease that this process acquires now."""
        since = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(
            socket.gethostname(), os.getpid(), _started("self"), boot_id(), _namespace(), since, secrets.token_hex(8)
        )

    @property
    def process(self) -> tuple[object, ...]:
        """What identifies the process, without the lease."""
        return self.host, self.pid, self.started, self.boot, self.namespace

    def is_dead(self) -> bool:
        """Whether the process has certainly ended; False if it runs on another kernel or in another PID namespace."""
        here = (boot_id(), _namespace())
        if None in here or here != (self.boot, self.namespace) or self.started is None:
            return False
        return _started(str(self.pid)) != self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {printable(self.host, 80)} since {printable(self.since, 40)}"


def _namespace() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return None


def _started(pid: str) -> str | None:
    """Start time of a process in ticks since the machine started; None if it has ended (also as a zombie)."""
    try:
        # proc_pid_stat(5): the second field may contain any character, so fields are counted from its closing bracket.
        state, *fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return None if state in {"Z", "X"} else fields[18]
    except (OSError, IndexError, ValueError):
        return None


@dataclass(frozen=True)
class Waiting:
    """A wait for another process.

    Attributes:
        purpose: What the other process does, such as "downloads model.tar".
        holder: The process ID, the host and the start of the lease, or "an unknown process".
        path: The lock file.
    """

    purpose: str
    holder: str
    path: Path

    def __str__(self) -> str:
        return f"waiting for another process that {self.purpose}: {self.holder} ({self.path})"


@dataclass(frozen=True)
class Patience:
    """How to wait for a lease that another process holds.

    Attributes:
        timeout: Maximum number of seconds to wait; None for no limit while the owner renews the lease.
        stopped: Returns whether the caller wants to stop waiting.
        now: Seconds on a monotonic clock.
        pause: Sleeps for a number of seconds.
        waiting: Called at each check during a wait.
    """

    timeout: float | None = None
    stopped: Callable[[], bool] = lambda: False
    now: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep
    waiting: Callable[[Waiting], object] = lambda _: None


class Lease:
    """The right to write at a path, held by one process at a time and renewed meanwhile; a context manager.

    The lease is a lock file that is created exclusively, which also works where `flock` admits everyone (Lustre, some
    NFS). The owner renews it by updating its modification time. A waiting process takes it over at once if the owner is
    certainly dead, else after a minute without a renewal by its own clock, whatever the owner's host or clock.
    """

    def __init__(self, path: Path, fd: int) -> None:
        """Hold a lock file; use `acquire` instead."""
        self._path, self._fd = path, fd
        self._renewed, self._lost, self._ended = uptime(), False, threading.Event()
        try:
            self._thread = started(threading.Thread(target=self._keep_renewing, daemon=True))
        except BaseException:
            self._remove()
            raise

    @classmethod
    def acquire(cls, path: Path, purpose: str, patience: Patience) -> Self:
        """Acquire the lease at a path, if necessary after another process.

        Args:
            path: The lock file.
            purpose: What the owner does, to follow "waiting for another process that" in messages.
            patience: How to wait for another owner.

        Returns:
            The lease; leaving its context, or `release`, ends it.

        Raises:
            LockTimeoutError: Another process still holds the lease after `patience.timeout` seconds.
            TransferCancelledError: The caller stopped the wait.
            OSError: The lock file cannot be created.
        """
        return cls(path, _acquired(path, purpose, Owner.this_process(), patience))

    def check(self) -> None:
        """Check that this process still holds the lease; cheap enough to be called before every write.

        Raises:
            LeaseLostError: Another process has taken it over.
        """
        # After a pause (SIGSTOP, a suspended machine) another process may hold it.
        if not self._lost and uptime() - self._renewed > DOUBT:
            self._renew()
        if self._lost or uptime() - self._renewed > EXPIRY:
            raise LeaseLostError(str(self._path))

    def release(self) -> None:
        """End the lease, and remove the lock file unless it belongs to another process by now."""
        self._ended.set()
        self._thread.join()
        self._remove()

    def _remove(self) -> None:
        if self._fd >= 0:
            with suppress(OSError):
                if is_at(self._path, self._fd):
                    self._path.unlink()
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _renew(self) -> None:
        try:
            if is_at(self._path, self._fd):
                os.utime(self._fd)
                self._renewed = uptime()
            else:
                self._lost = True
        except OSError as error:  # a network file system that is unavailable; `check` raises if it stays so
            log.debug("could not renew %s: %s", self._path, error)

    def _keep_renewing(self) -> None:
        while not self._lost and not self._ended.wait(RENEWAL):
            self._renew()


def _created(path: Path, owner: Owner) -> int:
    """Create a file that names its owner. One that cannot be written is removed: others would wait for its expiry."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | OPENING, 0o644)
    try:
        os.write(fd, json.dumps(asdict(owner)).encode())
    except BaseException:
        path.unlink()
        os.close(fd)
        raise
    return fd


@dataclass(frozen=True)
class _Seen:
    """The state of a lock file; each renewal changes it."""

    inode: tuple[int, int]
    modified: int
    owner: Owner | None


def _look(path: Path) -> tuple[_Seen, int] | None:
    """The state of the lock file and a descriptor of it (-1 if it cannot be opened); None if it does not exist."""
    fd = -1
    try:
        with suppress(PermissionError):
            fd = os.open(path, os.O_RDONLY | OPENING)
        found = os.lstat(path) if fd < 0 else os.fstat(fd)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        if fd >= 0:
            os.close(fd)
        raise OSError(errno.EEXIST, f"{path.name} is not a regular file")
    owner = owner_in(os.pread(fd, _LARGEST, 0)) if fd >= 0 else None
    return _Seen((found.st_dev, found.st_ino), found.st_mtime_ns, owner), fd


def owner_in(data: bytes) -> Owner | None:
    """The owner in the content of a lock file; None if it is invalid."""
    try:
        fields: Any = json.loads(data)
        owner = Owner(**{field.name: fields[field.name] for field in dataclasses.fields(Owner)})
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    known = isinstance(owner.host, str) and isinstance(owner.since, str) and isinstance(owner.token, str)
    unknown = all(value is None or isinstance(value, str) for value in (owner.started, owner.boot, owner.namespace))
    return owner if known and unknown and type(owner.pid) is int and 0 < owner.pid < 1 << 31 else None


def _acquired(path: Path, purpose: str, owner: Owner, patience: Patience) -> int:
    """Create the lock file, if necessary once it is gone or can be taken over; returns its descriptor."""
    watch, wait = _Watch(path, patience), _Wait(path, purpose, patience)
    while True:
        with suppress(FileExistsError):
            return _created(path, owner)
        if patience.stopped():
            raise TransferCancelledError
        if (found := _look(path)) is None:
            continue
        seen, old = found
        try:
            if watch.is_over(seen) and (fd := _taken_over(path, seen, old, owner, patience)) is not None:
                return fd
        finally:
            if old >= 0:
                os.close(old)
        wait.pause("an unknown process" if seen.owner is None else str(seen.owner))


_expired: set[tuple[object, ...]] = set()
"""Processes whose leases this process has taken over."""


class _Watch:
    """Determines by this process's clock whether a lock file is still renewed."""

    def __init__(self, path: Path, patience: Patience) -> None:
        self._path, self._now = path, patience.now
        self._before: _Seen | None = None
        self._changed, self._needed = 0.0, EXPIRY

    def is_over(self, seen: _Seen) -> bool:
        """Whether the owner is dead, or has not renewed the lock file for too long."""
        if seen != self._before:
            age = _age(self._path, seen) if self._before is None else 0.0
            if seen.owner is not None and seen.owner.process in _expired:
                # A minute was already spent on another lease of this process: an extraction has two.
                self._needed = max(EXPIRY - age, 0.0)
            else:
                self._needed = CONFIRMATION if age >= EXPIRY else EXPIRY
            self._before, self._changed = seen, self._now()
        dead = seen.owner is not None and seen.owner.is_dead()
        return dead or self._now() - self._changed >= self._needed


class _Wait:
    """A wait for another process: reported to the caller and the log, up to the caller's time limit."""

    def __init__(self, path: Path, purpose: str, patience: Patience) -> None:
        self._path, self._purpose, self._patience = path, purpose, patience
        self._began = patience.now()
        self._reminded: float | None = None

    def pause(self, holder: str) -> None:
        """Sleep until the next check; raises `LockTimeoutError` after the time limit."""
        now, timeout = self._patience.now(), self._patience.timeout
        waiting = Waiting(self._purpose, holder, self._path)
        if timeout is not None and now - self._began >= timeout:
            raise LockTimeoutError(str(self._path), holder=holder, purpose=self._purpose, seconds=timeout)
        if self._reminded is None or now - self._reminded >= REMINDER:
            self._reminded = now
            # Logged as an error, because `--quiet` must not hide a wait.
            log.error("%s", waiting)
        self._patience.waiting(waiting)
        self._patience.pause(LOOK)


def _age(path: Path, seen: _Seen) -> float:
    """Seconds since the lock file was renewed, by the clock of its file system; 0 if unknown."""
    probe = path.with_name(f".{secrets.token_hex(8)}")
    with suppress(OSError):
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | OPENING, PRIVATE))
        try:
            return (os.lstat(probe).st_mtime_ns - seen.modified) / 1e9
        finally:
            probe.unlink()
    return 0.0


def _is_first(old: int) -> bool:
    """Whether no other process is replacing a lock file, where `flock` works, such as on one host."""
    try:
        # Without waiting: another user may hold it without end.
        fcntl.flock(old, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno != errno.EWOULDBLOCK
    return True


def _taken_over(path: Path, seen: _Seen, old: int, owner: Owner, patience: Patience) -> int | None:
    """Replace an expired lock file; None if it was renewed, or another process was faster."""
    # Not after the name of the lock file, which may have the maximum length.
    mine = path.with_name(f".{owner.token}")
    fd = _created(mine, owner)
    try:
        first, now = _is_first(old), os.lstat(path)
        if first and ((now.st_dev, now.st_ino), now.st_mtime_ns) == (seen.inode, seen.modified):
            mine.replace(path)
            patience.pause(SETTLING)
            if is_at(path, fd):
                if seen.owner is not None:
                    _expired.add(seen.owner.process)
                log.warning("took over %s, which was no longer renewed (%s)", path, seen.owner or "unknown process")
                return fd
    except FileNotFoundError:
        pass
    finally:
        with suppress(FileNotFoundError):
            mine.unlink()
    os.close(fd)
    return None
