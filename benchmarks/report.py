"""RESULTS.md: what a user wants to compare, then every figure, then how they were measured, then the targets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from .figures import Figures, Killed, Spread
from .peers import ARIA, CURL, OURS, SDK_1, SDK_3
from .places import GIB, shown_size
from .relay import FIRST_WINDOW, ROUND_TRIP, WINDOW
from .server import CAP
from .targets import CAPPED_SIZE, DELAYED_SIZE, Verdict, verdicts
from .unpacking import SDK_THEN_TAR, THEN_TAR, WEIGHTS

TITLES: Final = {
    "plain": "Plain HTTP",
    "tls": "TLS",
    "capped": f"{CAP // 1_000_000} MB/s for each connection",
    "delayed": f"{ROUND_TRIP * 1000:.0f} ms round trip",
    "slow start": f"{ROUND_TRIP * 1000:.0f} ms round trip, with TCP's slow start",
    "stream": "A stream, without a file",
    "stream, TLS": "A stream with TLS",
    "unpacked": "Download and extract",
    "unpacked, capped": f"Download and extract, {CAP // 1_000_000} MB/s for each connection",
    "unpacked, delayed": f"Download and extract, {ROUND_TRIP * 1000:.0f} ms round trip",
}

INTRODUCTION: Final = """\
# Benchmarks

together-ext beside the official SDKs, curl and aria2c, in the same run on the same machine.

![Wall times of together-ext and others](../docs/images/benchmarks.svg)

`make bench` measures everything again, writes this page and draws the plot from it. Do not edit it by hand."""

TARGETS: Final = "What development aims at, with what is not met. A ratio below 1 is faster than the peer.\n\n"

METHOD: Final = f"""\
- The server is nginx on this machine's loopback, with `sendfile` and as many workers as there are cores. It serves the
  API and its storage: one completed LoRA job for each file, with ranges and an entity tag. Server and client share the
  cores, as they would not in production: a client that uses less of them leaves more to the server.
- The two SDKs and together-ext request the job first, as their users do; curl, aria2c and the httpx loop get the file's
  address. Each is a separate process, and its start is part of the wall time. All Python is the same interpreter; each
  SDK has its own environment, and so has together-ext, which the httpx loop shares.
- Every file is a zstd frame of random bytes, not compressed. All files are in the page cache, so that the server's
  disk has no effect. Output goes to the disk, is compared byte by byte, and removed; then `sync`, so that no run pays
  for the one before it. None of that is in the times.
- together-ext flushes its bytes to the disk before the file gets its name, and its times include that. None of the
  others waits for the disk; the row `curl, then sync` shows what that costs curl.
- aria2c runs with `-x8 -s8 --file-allocation=none`, so that it writes nothing ahead; curl with its defaults.
- All peers run once in each round, one after another, in another order each time; before each table the first one runs
  once more, uncounted. The tables have the median and in brackets the minimum and the maximum; a ratio is the median of
  the ratios within each round. Times and peak memory are from `wait4`, for the whole process, started by a parent of
  9 MB, which is the smallest value that can be seen.
- A virtual machine gets memory from its host when it is first used, and returns it when it is idle; a process that
  touches new pages waits for them. So before each run as much memory is allocated and freed as the file needs.
- The number of requests is from nginx's access log.
- The {ROUND_TRIP * 1000:.0f} ms round trip is a relay (`relay.py`), since this kernel has no `netem`: it delivers every
  chunk {ROUND_TRIP * 500:.0f} ms later, in each direction, holds a connection's first bytes for one round trip more, as
  a handshake would, and has at most {WINDOW >> 20} MiB in flight for each connection. With slow start, the window
  begins with {FIRST_WINDOW:,} bytes and doubles with each round trip, as it does on real networks. No loss, no shared
  bottleneck.
- A stream is read in order and touches no disk: to `/dev/null` (curl), to nowhere (together-ext), or through a pipe to
  `wc -c`. Each peer reports how many bytes have come.
- The weights are numbers like those of trained models (bf16; few values in the upper byte, any in the lower), in a tar
  archive packed by `zstd -3`. The output is compared with the input. `tar -xf` calls the `zstd` program; only
  together-ext waits for the disk (without `--no-durable`) and hashes what it writes, and with `--no-spool` the archive,
  too. "Alone" reads an existing archive. "Written" is what Linux charged to the process (`ru_oublock`).
- `kill -9` is sent when a random share of the file has been written; the same command then runs to its end. "Sent
  again" is what nginx sent in both runs beyond the file's size. It includes what nginx had put into the socket buffers
  of the killed connections, which no client can save: on the loopback these are megabytes for each connection.
"""

ROWS: Final = (
    ("plain", GIB, "1 GiB, plain HTTP, same machine"),
    ("tls", GIB, "1 GiB, TLS, same machine"),
    ("capped", CAPPED_SIZE, f"400 MiB, {CAP // 1_000_000} MB/s for each connection"),
    ("delayed", DELAYED_SIZE, f"20 MiB, {ROUND_TRIP * 1000:.0f} ms round trip"),
    ("slow start", DELAYED_SIZE, f"20 MiB, {ROUND_TRIP * 1000:.0f} ms round trip, slow start"),
    ("unpacked", WEIGHTS, "1600 MiB of weights, downloaded and extracted"),
)
"""The rows of the comparison: scenario, size, and what it is."""

COLUMNS: Final[Mapping[str, tuple[str, str | None]]] = {
    OURS: (OURS, OURS),
    "official SDK 3.1.1": (SDK_3, SDK_THEN_TAR),
    "official SDK 1.5.35": (SDK_1, None),
    "curl": (CURL, THEN_TAR),
    "aria2c": (ARIA, None),
}
"""Its columns: who downloads, and who downloads and extracts."""


@dataclass(frozen=True)
class Setting:
    """What is reported beside the figures.

    Attributes:
        date: When it was run.
        rounds: How many rounds.
        machine: The machine.
        versions: The peers' versions.
        load: How busy the machine was before and after.
    """

    date: str
    rounds: Mapping[str, int]
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    load: tuple[str, str]


def rendered(figures: Figures, setting: Setting) -> str:
    """The whole document."""
    parts = [f"{INTRODUCTION}\n", "## Comparison\n\n" + _comparison(figures)]
    if figures.kills:
        parts.append("## Resume after `kill -9`\n\n" + _kills(figures))
    for scenario, title in TITLES.items():
        if sizes := figures.sizes(scenario):
            of = " of bf16 weights, packed to 3/4" if scenario.startswith("unpacked") else ""
            tables = "\n".join(f"### {shown_size(size)}{of}\n\n" + _runs(figures, scenario, size) for size in sizes)
            parts.append(f"## {title}\n\n" + tables)
    if figures.sizes("start"):
        parts.append("## Start-up\n\n" + _starts(figures))
    parts.append("## Machine and versions\n\n" + _setting(setting))
    parts.append("## Method\n\n" + METHOD)
    parts.append("## Targets, for developers\n\n" + TARGETS + _targets(figures))
    return "\n".join(parts)


def _comparison(figures: Figures) -> str:
    rows = [
        (f"{what}, s", *(_wall(figures, scenario, size, column) for column in COLUMNS)) for scenario, size, what in ROWS
    ]
    memory = [
        max((run.memory for run in figures.runs if run.peer in COLUMNS[column]), default=None) for column in COLUMNS
    ]
    again = [
        max((kill.again / kill.size for kill in figures.kills if kill.peer in COLUMNS[column]), default=None)
        for column in COLUMNS
    ]
    rows.append(("peak memory in any run, MB", *("-" if most is None else f"{most / 1e6:.0f}" for most in memory)))
    rows.append(
        ("sent again after `kill -9`, at most", *("-" if most is None else f"{100 * most:.2f} %" for most in again))
    )
    return table(("", *COLUMNS), rows, numbers=True)


def _wall(figures: Figures, scenario: str, size: int, column: str) -> str:
    peer = COLUMNS[column][scenario == "unpacked"]
    spread = None if peer is None else figures.spread(scenario, size, peer, lambda run: run.wall)
    return "-" if spread is None else f"{spread.middle:.2f}"


def _targets(figures: Figures) -> str:
    rows = [(each.target, each.limit, each.measured or "not measured", _verdict(each)) for each in verdicts(figures)]
    return table(("target", "limit", "measured", ""), rows)


def _verdict(each: Verdict) -> str:
    if each.measured is None:
        return "-"
    return "met" if each.met else "**not met**"


def _runs(figures: Figures, scenario: str, size: int) -> str:
    times = ("wall, s", "against curl", "user, s", "system, s", "CPU against curl")
    columns = ("", *times, "memory, MB", "written, MB", "requests")
    return table(columns, _run_rows(figures, scenario, size), numbers=True)


def _run_rows(figures: Figures, scenario: str, size: int) -> Iterator[Sequence[str]]:
    for peer in figures.peers(scenario, size):
        runs = figures.of(scenario, size, peer)
        wall = figures.ratio(scenario, size, peer, CURL, lambda run: run.wall)
        cpu = figures.ratio(scenario, size, peer, CURL, lambda run: run.cpu)
        yield (
            f"**{peer}**" if peer == OURS else peer,
            _spread(Spread.of(run.wall for run in runs), 2),
            _spread(wall, 2),
            _spread(Spread.of(run.user for run in runs), 2),
            _spread(Spread.of(run.system for run in runs), 2),
            _spread(cpu, 2),
            _spread(Spread.of(run.memory / 1e6 for run in runs), 0),
            _spread(Spread.of(run.written / 1e6 for run in runs), 0),
            _spread(Spread.of(run.requests for run in runs), 0),
        )


def _starts(figures: Figures) -> str:
    words = (
        "The time to start and do nothing: `curl --version`, `aria2c --version`, and for the others the interpreter "
        "and the import that a download needs.\n\n"
    )
    rows = []
    for peer in figures.peers("start", 0):
        runs = figures.of("start", 0, peer)
        values = (Spread.of(1000 * run.wall for run in runs), Spread.of(1000 * run.cpu for run in runs))
        memory = Spread.of(run.memory / 1e6 for run in runs)
        rows.append((peer, *(_spread(value, 0) for value in values), _spread(memory, 0)))
    return words + table(("", "wall, ms", "CPU, ms", "memory, MB"), rows, numbers=True)


def _kills(figures: Figures) -> str:
    groups: dict[tuple[str, int], list[Killed]] = {}
    for kill in figures.kills:
        groups.setdefault((kill.peer, kill.size), []).append(kill)
    rows = [(peer, shown_size(size), *_kill_row(kills)) for (peer, size), kills in groups.items()]
    columns = ("", "file", "killed at, %", "times", "sent again, %", "95th percentile, %", "byte-identical")
    return table(columns, rows, numbers=True)


def _kill_row(kills: Sequence[Killed]) -> tuple[str, ...]:
    again = sorted(100 * kill.again / kill.size for kill in kills)
    there = [100 * kill.there for kill in kills]
    right = sum(kill.identical and kill.exit == 0 for kill in kills)
    moment = f"{median(there):.0f} ({min(there):.0f} to {max(there):.0f})"
    rare = again[max(int(len(again) * 0.95) - 1, 0)]
    return moment, str(len(kills)), _spread(Spread.of(again), 2), f"{rare:.2f}", f"{right} of {len(kills)}"


def _setting(setting: Setting) -> str:
    rounds = ", ".join(f"{count} of {name}" for name, count in setting.rounds.items())
    facts = {"Date": setting.date, "Rounds": rounds, **setting.machine}
    facts["Load before and after"] = " and ".join(setting.load)
    return table(("", ""), [*facts.items(), *setting.versions.items()])


def _spread(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return "-"
    middle, least, most = (f"{value:.{digits}f}" for value in (spread.middle, spread.least, spread.most))
    return middle if least == most else f"{middle} ({least} to {most})"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False) -> str:
    """A table; with `numbers`, all columns but the first lean to the right."""
    rule = ["---", *("---:" if numbers else "---" for _ in columns[1:])]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (columns, rule, *rows)]
    return "\n".join(lines) + "\n"
