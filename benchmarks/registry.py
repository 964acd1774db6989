"""Measure downloads from the model registry, and print the figures as rows of a table in Markdown.

    python -m benchmarks.registry [--runs N] [--kills N] [--only ROW ...] [--peer ENVIRONMENT]

Rows: `wall` (1.6 GB in 5 files with 20 MB/s a connection, beside the official SDK 3.1.1), `memory` (1.4 GB in a file),
`small` (1,000 files of 10 KB) and `kills` (`tools.registry_trials`). The server is the simulator in another process.
ENVIRONMENT is one with that SDK; without it, one is made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Final

from together_ext.simulator import Simulator
from together_ext.simulator.owner import PROJECT
from tools import registry_trials

from .entry import begin
from .peers import peer_environment
from .places import ROOT, SCRATCH
from .report import table

RATE: Final = 20e6
"""Bytes a second of each connection."""

WEIGHTS: Final = {f"model-{number}.safetensors": 320_000_000 for number in range(5)}
LARGE: Final = {"model.safetensors": 1_400_000_000}
SMALL: Final = {f"{number % 10}/{number:04}.json": 10_000 for number in range(1000)}

COLUMNS: Final = ("registry", "limit", "median (least to most)", "CPU, s", "memory, MB", "met")


@dataclass(frozen=True)
class Measurement:
    """One download.

    Attributes:
        seconds: Its wall time.
        cpu: Its processor time in seconds, in its own code and in the kernel.
        memory: Its peak memory in bytes.
    """

    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Command:
    """A program to compare.

    Attributes:
        before: The words before the model.
        after: The words between the model and the folder.
    """

    before: Sequence[str]
    after: Sequence[str] = ()


@dataclass(frozen=True)
class Peers:
    """The programs to compare."""

    ours: Command
    sdk: Command


@dataclass(frozen=True)
class Wanted:
    """What to measure.

    Attributes:
        peers: The programs to compare.
        runs: Number of downloads of each.
        kills: Number of downloads that are killed.
    """

    peers: Peers
    runs: int
    kills: int


Row = tuple[str, ...]


def wall(wanted: Wanted) -> Iterator[Row]:
    """1.6 GB in 5 files with a limit for each connection, one peer after the other."""
    what = "1.6 GB in 5 files, 20 MB/s a connection"
    ours, sdk = zip(*_downloads((wanted.peers.ours, wanted.peers.sdk), WEIGHTS, wanted.runs, rate=RATE), strict=True)
    ratios = [mine.seconds / theirs.seconds for mine, theirs in zip(ours, sdk, strict=True)]
    yield _row(f"{what}: wall, s", "", ours)
    yield _row(f"{what}: wall of SDK 3.1.1, s", "", sdk)
    yield f"{what}: wall, against SDK 3.1.1", "≤ 1.0", _spread(ratios), "", "", _met(median(ratios) <= 1)


def memory(wanted: Wanted) -> Iterator[Row]:
    """1.4 GB in one file, as fast as this machine can."""
    found = [one for (one,) in _downloads((wanted.peers.ours,), LARGE, wanted.runs)]
    most = max(one.memory for one in found) / 1e6
    yield _row("1.4 GB in one file: wall, s", "memory ≤ 120 MB", found, met=most <= 120)  # noqa: PLR2004 -- the limit


def small(wanted: Wanted) -> Iterator[Row]:
    """1,000 files of 10 KB, as fast as this machine can."""
    found = [one for (one,) in _downloads((wanted.peers.ours,), SMALL, wanted.runs)]
    middle = median(one.seconds for one in found)
    yield _row("1,000 files of 10 KB: wall, s", "≤ 2 s", found, met=middle <= 2)  # noqa: PLR2004 -- the limit


def kills(wanted: Wanted) -> Iterator[Row]:
    """Downloads that are killed at random moments, and run again."""
    trials = registry_trials.killed(wanted.kills)
    again = [trial.again for trial in trials]
    right = sum(not trial.wrong for trial in trials)
    what = f"`kill -9` at a random moment, {wanted.kills} times"
    few = max(again) <= registry_trials.MOST_AGAIN
    yield f"{what}: sent again, %", "≤ 2", _spread([100 * share for share in again]), "", "", _met(few)
    yield f"{what}: right folder", "all", f"{right} of {len(trials)}", "", "", _met(right == len(trials))


MEASURES: Final[Mapping[str, Callable[[Wanted], Iterator[Row]]]] = {
    "wall": wall,
    "memory": memory,
    "small": small,
    "kills": kills,
}


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.registry",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=5, help="downloads for each row (default: 5)")
    parser.add_argument("--kills", type=int, default=50, help="downloads to kill (default: 50)")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES), help="rows to measure")
    parser.add_argument("--peer", type=Path, help="environment with the official SDK 3.1.1 (default: one is made)")
    given = begin(parser)
    SCRATCH.mkdir(exist_ok=True)
    # Not the environment of development, whose packages httpx imports where it finds them.
    own = peer_environment("together-ext", "--editable", str(ROOT))
    sdk = Command([_sdk(given.peer) if "wall" in given.only else "", "models", "download"])
    peers = Peers(Command([own, "-m", "together_ext", "models", "download"], ["--output"]), sdk)
    rows: list[Row] = []
    for name in given.only:
        for row in MEASURES[name](Wanted(peers, max(given.runs, 1), max(given.kills, 1))):
            sys.stderr.write(" | ".join(row) + "\n")
            rows.append(row)
    sys.stdout.write(table(COLUMNS, rows))
    sys.stdout.write(f"\nRounds: {given.runs}. Load at the end: {os.getloadavg()[0]:.1f}.\n")
    return 0


def _sdk(environment: Path | None) -> str:
    python = (
        Path(peer_environment("3.1.1", "together==3.1.1")) if environment is None else environment / "bin" / "python"
    )
    return str(python.parent / "tg")


def _downloads(
    commands: Sequence[Command], files: Mapping[str, int], runs: int, *, rate: float | None = None
) -> list[tuple[Measurement, ...]]:
    """The downloads of each run, in the order of the commands; they take turns to be the first."""
    found = []
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        ours, theirs = get_context("spawn").Pipe()
        server = get_context("spawn").Process(target=_serve, args=(theirs, files, rate))
        server.start()
        try:
            model, variables = ours.recv()
            for run in range(-1, runs):  # the first run warms up
                order = sorted(range(len(commands)), reverse=bool(run % 2))
                if run < 0:
                    order = order[:1]
                done = {number: _measured(commands[number], model, variables, scratch) for number in order}
                if run >= 0:
                    found.append(tuple(done[number] for number in range(len(commands))))
        finally:
            ours.send(None)
            server.join()
    return found


def _serve(channel: Connection, files: Mapping[str, int], rate: float | None) -> None:
    with Simulator(rate_limit=rate) as sim:
        model = sim.registry.add("benchmark", files)
        for file in model.revisions[0].files().values():
            assert file.hash  # noqa: S101 -- computed now, not while it is measured
        variables = {"API_KEY": sim.api_key, "BASE_URL": sim.url, "PROJECT_ID": str(PROJECT["id"])}
        channel.send((model.id, {f"TOGETHER_{name}": value for name, value in variables.items()}))
        channel.recv()


def _measured(command: Command, model: str, variables: Mapping[str, str], scratch: str) -> Measurement:
    folder = Path(scratch) / "out"
    words = [*command.before, model, *command.after, str(folder)]
    os.sync()  # no run pays for the one before it
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 -- our own commands
        words,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    code = process.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(folder, ignore_errors=True)
    if code:
        raise SystemExit(f"{' '.join(words)} ended with status {code}")
    return Measurement(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)


def _row(what: str, limit: str, found: Sequence[Measurement], *, met: bool | None = None) -> Row:
    most = max(one.memory for one in found) / 1e6
    cpu = median(one.cpu for one in found)
    verdict = "" if met is None else _met(met)
    return what, limit, _spread([one.seconds for one in found]), f"{cpu:.2f}", f"{most:.0f}", verdict


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _met(met: bool) -> str:  # noqa: FBT001 -- the verdict itself
    return "yes" if met else "no"


if __name__ == "__main__":
    sys.exit(main())
