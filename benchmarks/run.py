"""Run the peers in turn, several rounds, and write down what each run took."""

from __future__ import annotations

import logging
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .certificate import Certificate
from .figures import Figure, Killed
from .peers import Peer, Request, environment
from .places import OUTPUT, SCRATCH, emptied
from .server import Server
from .source import Source

log = logging.getLogger("benchmarks")

METER: Final = Path(__file__).with_name("meter.py")
SEED: Final = 20250101
"""Of orders and moments: the same in every run of the benchmarks."""

LONGEST_RUN: Final = 600.0
"""Seconds after which a run counts as failed."""


SPARE: Final = 256 << 20
"""Bytes of memory that a process may need beside the file it writes."""


class RunError(Exception):
    """A peer failed, or made a wrong file: there is no figure then."""


@dataclass(frozen=True)
class Usage:
    """What one process took, as `Figure` has it.

    Attributes:
        wall, user, system, memory, written: As there.
        ended: When it ended, in seconds of the system's clock.
    """

    wall: float
    user: float
    system: float
    memory: int
    ended: float
    written: int


@dataclass(frozen=True)
class Course:
    """Where runs take place.

    Attributes:
        scenario: Its name.
        base: The server's address, as clients see it.
        source: The file.
    """

    scenario: str
    base: str
    source: Source

    def request(self) -> Request:
        """The download, into a folder that is empty now."""
        return Request(self.base, self.source.job, emptied(OUTPUT) / "model.tar.zst")

    def check(self, peer: Peer, output: Path) -> None:
        """See that a peer made the file byte by byte; raises `RunError` if not."""
        if not _same(output, self.source.path):
            raise RunError(f"{peer.name} made a wrong file")


@dataclass(frozen=True)
class Bench:
    """The machinery of all runs."""

    server: Server
    certificate: Certificate

    def rounds(self, course: Course, peers: Sequence[Peer], count: int) -> Iterator[Figure]:
        """Let all peers run once in each round, in another order each time; the first of them once more, uncounted.

        Raises:
            RunError: One of them failed.
        """
        # The first run after something else finds other memory and another disk than those that follow.
        self.run(course, peers[0])
        order = random.Random(SEED)  # noqa: S311 -- nothing is kept secret by it
        for number in range(count):
            # Who comes after whom has an influence too, so that changes.
            for peer in order.sample(peers, len(peers)):
                figure = self.run(course, peer, number)
                log.info(
                    "%-9s %-9s round %d  %-16s %7.3f s  cpu %6.3f s  %4.0f MB",
                    *(course.scenario, course.source.job.removeprefix("ft-bench-"), number + 1, peer.name),
                    *(figure.wall, figure.cpu, figure.memory / 1e6),
                )
                yield figure

    def run(self, course: Course, peer: Peer, number: int = 0) -> Figure:
        """One download by one peer, checked byte by byte."""
        request, mark = course.request(), self.server.mark()
        _settle(course.source.size)
        usage = self._measured(peer.command(request), peer, request)
        answers = self.server.answers(mark)
        course.check(peer, request.output)
        sent = sum(answer.body for answer in answers)
        late = usage.ended - max((answer.ended for answer in answers), default=usage.ended)
        emptied(OUTPUT)
        size = course.source.size
        return Figure(
            course.scenario,
            size,
            peer.name,
            number,
            usage.wall,
            usage.user,
            usage.system,
            usage.memory,
            len(answers),
            sent,
            late,
            usage.written,
        )

    def starts(self, peers: Sequence[Peer], count: int) -> Iterator[Figure]:
        """What it costs to start each of them and do nothing."""
        for number in range(count):
            for peer in peers:
                usage = self._measured(peer.idle, peer, None)
                yield Figure("start", 0, peer.name, number, usage.wall, usage.user, usage.system, usage.memory, 0, 0)

    def _measured(self, command: Sequence[str], peer: Peer, request: Request | None) -> Usage:
        words = SCRATCH / "words"
        meter = [sys.executable, "-I", "-S", str(METER), str(words), *command]
        done = subprocess.run(  # noqa: S603 -- our own command
            meter,
            env=dict(environment(peer, request, self.certificate)),
            cwd=OUTPUT,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
            timeout=LONGEST_RUN,
        )
        if done.returncode != 0:
            raise RunError(f"{peer.name} failed:\n{words.read_text(errors='replace')[-2000:]}")
        wall, user, system, memory, ended, written = done.stdout.split()
        return Usage(float(wall), float(user), float(system), int(memory), float(ended), int(written))

    # Killed -----------------------------------------------------------------------------------------------------------

    def killed(self, course: Course, peer: Peer, share: float) -> Killed | None:
        """Kill a download when a share of the file is there, and run it again to its end.

        Returns:
            What came of it; None if it was over before it could be killed.
        """
        request, mark = course.request(), self.server.mark()
        _settle(course.source.size)
        wanted = int(course.source.size * share)
        with self._running(peer, request) as process:
            while process.poll() is None and _written(OUTPUT) < wanted:
                time.sleep(0.001)
            if process.poll() is not None:
                return None
            process.send_signal(signal.SIGKILL)
        there = _written(OUTPUT) / course.source.size
        with self._running(peer, request) as process, suppress(subprocess.TimeoutExpired):
            process.wait(LONGEST_RUN)
        again = sum(answer.body for answer in self.server.answers(mark) if "download" in answer.target)
        identical = _same(request.output, course.source.path)
        emptied(OUTPUT)
        size = course.source.size
        return Killed(peer.name, size, there, again - size, identical, process.returncode or 0)

    @contextmanager
    def _running(self, peer: Peer, request: Request) -> Iterator[subprocess.Popen[bytes]]:
        with (SCRATCH / "words").open("wb") as words:
            process = subprocess.Popen(  # noqa: S603 -- our own command
                peer.command(request),
                env=dict(environment(peer, request, self.certificate)),
                cwd=OUTPUT,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait()

    def kills(self, course: Course, peer: Peer, count: int) -> Iterator[Killed]:
        """Kill downloads at random moments, until that has been done so many times."""
        moments = random.Random(SEED)  # noqa: S311 -- nothing is kept secret by it
        done = 0
        while done < count:
            killed = self.killed(course, peer, moments.random())
            if killed is None:
                continue
            done += 1
            log.info(
                "kill %3d  at %5.1f %%: %5.2f %% sent again, %s",
                *(done, 100 * killed.there, 100 * killed.again / killed.size),
                "identical" if killed.identical else "DIFFERENT",
            )
            yield killed


def _settle(size: int) -> None:
    """Flush what the previous run has written, and allocate as much memory as the next file needs.

    A virtual machine returns unused memory to its host, and the next process that touches it waits for it: seconds for
    each GiB, for a random peer.
    """
    os.sync()
    memory = mmap.mmap(-1, 2 * size + SPARE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # In large pages, since those who write large pieces to a file get such.
    memory.madvise(mmap.MADV_HUGEPAGE)
    for offset in range(0, len(memory), mmap.PAGESIZE):
        memory[offset] = 1
    memory.close()


def _written(folder: Path) -> int:
    """Bytes of the files in a folder that have been written: holes do not count."""
    total = 0
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            total += path.stat().st_blocks * 512
    return total


def _same(left: Path, right: Path) -> bool:
    compare = shutil.which("cmp") or "cmp"
    done = subprocess.run([compare, "-s", str(left), str(right)], check=False)  # noqa: S603 -- our own command
    return done.returncode == 0
