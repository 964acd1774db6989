"""The targets, and whether they are met. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from .figures import Figure, Figures
from .peers import ARIA, CURL, HTTPX, LOOSE, OURS, SDK_1, SDK_3, SYNCED_CURL
from .places import GIB, MIB, shown_size
from .streaming import PIPE, PIPED_CURL, STREAM, STREAMED
from .unpacking import DIRECT, EXTRACT, INTO_TAR, TAR, THEN_TAR, WEIGHTS

CONNECTIONS: Final = 8
CAPPED_SIZE: Final = 400 * MIB
DELAYED_SIZE: Final = 20 * MIB
MOST_MEMORY: Final = 80_000_000
MOST_AGAIN: Final = 0.02


@dataclass(frozen=True)
class Verdict:
    """One target.

    Attributes:
        target: What is to be shown.
        limit: What it must not exceed, as a reader sees it.
        measured: What it is, as a reader sees it; None if it was not measured.
        met: Whether that is within the limit.
    """

    target: str
    limit: str
    measured: str | None
    met: bool


def verdicts(figures: Figures) -> Iterator[Verdict]:
    """All targets, in order."""
    for scenario, name, limit, synced, loose in (("plain", "plain", 1.0, 0.7, 0.85), ("tls", "TLS", 1.1, 0.85, 1.05)):
        yield _ratio(figures, f"1 GiB {name}: wall, against curl", scenario, GIB, CURL, limit)
        yield _ratio(figures, f"1 GiB {name}: wall, against curl, then sync", scenario, GIB, SYNCED_CURL, synced)
        for size in (GIB, 4 * GIB):
            target = f"{shown_size(size)} {name}, --no-durable: wall, against curl"
            yield _ratio(figures, target, scenario, size, CURL, loose, peer=LOOSE)
        yield _ratio(figures, f"1 GiB {name}: wall, against the best peer", scenario, GIB, None, 1.0)
        yield _ratio(figures, f"1 GiB {name}: user + system, against curl", scenario, GIB, CURL, 1.1, _cpu)
        yield _ratio(figures, f"1 GiB {name}: wall, against SDK 3.1.1", scenario, GIB, SDK_3, 0.25)
    yield _ratio(figures, "20 MB/s a connection, 400 MiB: wall, against aria2c -x8", "capped", CAPPED_SIZE, ARIA, 1.1)
    yield _ratio(figures, "50 ms round trip, 20 MiB: wall, against curl", "delayed", DELAYED_SIZE, CURL, 1.3)
    yield _ratio(figures, "the same with TCP's slow start: wall, against curl", "slow start", DELAYED_SIZE, CURL, 1.3)
    yield _memory(figures)
    yield from _killed(figures)
    yield from _streamed(figures)
    yield from _unpacked(figures)
    yield _requests(figures)


def _wall(run: Figure) -> float:
    return run.wall


def _cpu(run: Figure) -> float:
    return run.cpu


def _ratio(  # noqa: PLR0913, PLR0917 -- a row has so many columns
    figures: Figures,
    target: str,
    scenario: str,
    size: int,
    other: str | None,
    limit: float,
    value: Callable[[Figure], float] = _wall,
    *,
    peer: str = OURS,
) -> Verdict:
    """A ratio to another peer; to the one that does best, if none is named."""
    others = [other] if other is not None else [CURL, ARIA, HTTPX, SDK_3, SDK_1]
    ratios = [figures.ratio(scenario, size, peer, each, value) for each in others]
    found = max((ratio.middle for ratio in ratios if ratio is not None), default=None)
    met = found is not None and (found < limit if other is None else found <= limit)
    sign = "<" if other is None else "≤"
    return Verdict(target, f"{sign} {limit:g}", None if found is None else f"{found:.2f}", met)


def _memory(figures: Figures) -> Verdict:
    runs = [run for run in figures.runs if run.peer == OURS and run.scenario != "start"]
    most = max(runs, key=lambda run: run.memory, default=None)
    target = f"peak memory at {CONNECTIONS} connections, any size up to 4 GiB, any run"
    if most is None or max(run.size for run in runs) < 4 * GIB:
        return Verdict(target, "≤ 80 MB", None, met=False)
    return Verdict(target, "≤ 80 MB", f"{most.memory / 1e6:.1f} MB", most.memory <= MOST_MEMORY)


def _killed(figures: Figures) -> Iterator[Verdict]:
    kills = [kill for kill in figures.kills if kill.peer == OURS]
    worst = max((kill.again / kill.size for kill in kills), default=None)
    right = sum(kill.identical and kill.exit == 0 for kill in kills)
    target = f"`kill -9` at a random moment, {len(kills)} times: "
    yield Verdict(
        target + "sent again, maximum",
        "≤ 2 %",
        None if worst is None else f"{100 * worst:.2f} %",
        worst is not None and worst <= MOST_AGAIN,
    )
    yield Verdict(target + "byte-identical", "all", f"{right}" if kills else None, bool(kills) and right == len(kills))


def _streamed(figures: Figures) -> Iterator[Verdict]:
    for scenario, name, limit in (("stream", "plain", 1.0), ("stream, TLS", "TLS", 1.1)):
        scene = (scenario, STREAMED)
        target = f"4 GiB {name}, a stream to nowhere: wall, against curl -o /dev/null"
        yield _ratio(figures, target, *scene, CURL, limit, peer=STREAM)
        target = f"4 GiB {name}, --output - | wc -c: wall, against curl | wc -c"
        yield _ratio(figures, target, *scene, PIPED_CURL, limit, peer=PIPE)


def _unpacked(figures: Figures) -> Iterator[Verdict]:
    scene = ("unpacked", WEIGHTS)
    direct = "direct (--no-spool), from the server to the folder"
    yield _ratio(figures, f"{direct}: wall, against curl, then tar -xf", *scene, THEN_TAR, 0.75, peer=DIRECT)
    yield _ratio(figures, "the same: wall, against curl into tar --zstd -x", *scene, INTO_TAR, 0.7, peer=DIRECT)
    written = max((run.written for run in figures.of(*scene, DIRECT)), default=0)
    yield _verdict(
        "the same: written to the disk beyond the weights, %, any run",
        1.0,
        100 * (written / WEIGHTS - 1) if written else None,
    )
    memory = max((run.memory / 1e6 for run in figures.of(*scene, DIRECT)), default=None)
    yield _verdict("the same: peak memory, MB, any run", 160, memory)
    late = figures.spread("unpacked, capped", WEIGHTS, DIRECT, lambda run: run.late)
    target = "the same at 20 MB/s a connection: seconds from the server's last byte to the folder"
    yield _verdict(target, 0.5, late.middle if late else None)
    yield _ratio(figures, "spooled: wall, against curl, then tar -xf", *scene, THEN_TAR, 0.9)
    pair = figures.ratio(*scene, EXTRACT, TAR, _wall)
    yield _verdict("extract alone: wall, against tar -xf alone", 1.0, pair.middle if pair else None)


def _verdict(target: str, limit: float, found: float | None) -> Verdict:
    measured = None if found is None else f"{found:.2f}"
    return Verdict(target, f"≤ {limit:g}", measured, found is not None and found <= limit)


def _requests(figures: Figures) -> Verdict:
    scenarios = {"plain", "tls", "capped"}
    most = max((run.requests for run in figures.runs if run.peer == OURS and run.scenario in scenarios), default=None)
    target = "requests of a clean download beyond curl's one, including the one for the job, any run"
    measured = None if most is None else f"{most - 1}"
    return Verdict(target, f"≤ {CONNECTIONS + 1}", measured, most is not None and most - 1 <= CONNECTIONS + 1)
