"""RESULTS.md: the figures as tables, and how they were come by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from .figures import Figures, Killed, Spread
from .peers import CURL, OURS
from .places import shown_size
from .relay import FIRST_WINDOW, ROUND_TRIP, WINDOW
from .server import CAP
from .targets import Verdict, verdicts

TITLES: Final = {
    "plain": "Plain HTTP",
    "tls": "TLS",
    "capped": f"{CAP // 1_000_000} MB/s for each connection",
    "delayed": f"{ROUND_TRIP * 1000:.0f} ms round trip",
    "slow start": f"{ROUND_TRIP * 1000:.0f} ms round trip, with TCP's slow start",
    "unpacked": "From the server to a folder of weights",
    "unpacked, capped": f"The same with {CAP // 1_000_000} MB/s for each connection",
}

METHOD: Final = f"""\
- The server is nginx on this machine's loopback, with `sendfile` and as many workers as there are cores. It plays the
  API and its storage: it knows one finished LoRA job for each file, and sends the file with ranges and an entity tag.
  Server and client share the cores, as they would not in real life: who leaves more of them to the server is faster.
- The two SDKs and together-ext ask for the job first, as their users do; curl, aria2c and the httpx loop are given the
  file's address. Everyone is a process of its own, and its start is part of the wall time. All Python is the same
  interpreter; each SDK has an environment with itself and what it needs, and so has together-ext, which the httpx loop
  shares.
- Every file begins like a zstd frame, then come random bytes. All were read before, so that the server's disk has no
  part. Output goes to the disk, is compared byte by byte, and removed; then `sync`, so that nobody pays for the
  former run. None of that is in the times.
- together-ext has its bytes on the disk before the file gets its name, and the time for that is in its times. None of
  the others waits for the disk; the row `curl, then sync` says what that costs curl.
- aria2c runs with `-x8 -s8 --file-allocation=none`, so that it writes nothing ahead; curl with its defaults.
- All peers run once in each round, one after another, in another order each time; before each table the first one runs
  once more, uncounted. The tables have the median and in brackets the least and the most; a ratio is the median of the
  ratios within each round. Times and peak memory are what `wait4` says of the whole process, started by a parent of
  9 MB, which is the least that can be seen.
- A virtual machine gets memory from its host when it is first used, and gives it back when it lies idle; whoever meets
  fresh pages waits for them, by chance. So before each run as much memory is taken and let go as the file needs.
- The number of requests comes from nginx's access log.
- The {ROUND_TRIP * 1000:.0f} ms are a relay of our own (`relay.py`), since this kernel has no `netem`: it hands every
  chunk on {ROUND_TRIP * 500:.0f} ms later, in each direction, holds a connection's first bytes for one round trip more,
  as a handshake would, and lets at most {WINDOW >> 20} MiB be on their way for each connection. With slow start, the
  window begins with {FIRST_WINDOW:,} bytes and doubles with each round trip, as it does on real networks. No loss, no
  shared bottleneck.
- The weights are numbers as trained models have them (bf16; few values in the upper byte, any in the lower), in a tar
  archive packed by `zstd -3`. What comes out is compared with what went in. `tar -xf` calls the `zstd` program; nobody
  but together-ext waits for the disk or hashes what it writes. "Alone" reads an archive that is there already.
- `kill -9` is sent when a random share of the file has been written; the same command then runs to its end. "Sent
  again" is what nginx sent in both runs beyond the file's size. It counts what nginx had put into the socket buffers of
  the killed connections, which no client can save: on the loopback these are megabytes for each connection.
"""


@dataclass(frozen=True)
class Setting:
    """What is told beside the figures.

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
    parts = ["# Benchmarks\n\nWritten by `make bench`; not to be edited by hand.\n"]
    parts.append("## What was to be shown\n\n" + _targets(figures))
    for scenario, title in TITLES.items():
        if sizes := figures.sizes(scenario):
            of = " of bf16 weights, packed to 3/4" if scenario.startswith("unpacked") else ""
            tables = "\n".join(f"### {shown_size(size)}{of}\n\n" + _runs(figures, scenario, size) for size in sizes)
            parts.append(f"## {title}\n\n" + tables)
    if figures.sizes("start"):
        parts.append("## Starting\n\n" + _starts(figures))
    if figures.kills:
        parts.append("## Killed and run again\n\n" + _kills(figures))
    parts.append("## The machine, and who took part\n\n" + _setting(setting))
    parts.append("## How it is measured\n\n" + METHOD)
    return "\n".join(parts)


def _targets(figures: Figures) -> str:
    rows = [(each.target, each.limit, each.measured or "not measured", _verdict(each)) for each in verdicts(figures)]
    return table(("target", "limit", "measured", ""), rows)


def _verdict(each: Verdict) -> str:
    if each.measured is None:
        return "-"
    return "met" if each.met else "**not met**"


def _runs(figures: Figures, scenario: str, size: int) -> str:
    columns = ("", "wall, s", "against curl", "user, s", "system, s", "CPU against curl", "memory, MB", "requests")
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
            _spread(Spread.of(run.requests for run in runs), 0),
        )


def _starts(figures: Figures) -> str:
    words = (
        "What it costs to start and do nothing: `curl --version`, `aria2c --version`, and for the rest the interpreter "
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
    columns = ("", "file", "killed at, %", "times", "sent again, %", "95 of 100 below, %", "right in the end")
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
    lines = ["| " + " | ".join(row) + " |" for row in (columns, rule, *rows)]
    return "\n".join(lines) + "\n"
