"""`python -m benchmarks`: run what is wanted and write the results."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from . import machine
from .certificate import make_certificate
from .entry import begin
from .figures import Figure, Figures, Killed
from .peers import ARIA, CURL, HTTPX, LOOSE, OURS, SDK_1, SDK_3, SYNCED_CURL, MissingProgramError, Peer, all_peers
from .places import GIB, MIB, OUTPUT, SCRATCH, emptied, parse_size, replaced
from .relay import FIRST_WINDOW, running_relay
from .report import Setting, rendered
from .run import Bench, Course, RunError
from .server import free_ports, running_nginx
from .source import Source
from .streaming import STREAMED, StreamCourse, streamers
from .targets import CAPPED_SIZE, DELAYED_SIZE
from .unpacking import DIRECT, INTO_TAR, THEN_TAR, UnpackCourse, Weights, unpackers

log = logging.getLogger("benchmarks")

RESULTS: Final = Path(__file__).with_name("RESULTS.md")
SCENARIOS: Final = ("start", "plain", "tls", "capped", "delayed", "slow start", "unpacked", "stream", "half", "kill")
SIZES: Final = (20 * MIB, GIB, 4 * GIB)
LARGE: Final = 2 * GIB


@dataclass(frozen=True)
class Wanted:
    """What to run.

    Attributes:
        only: The scenarios.
        sizes: Bytes of the files of the plain and the TLS scenario.
        rounds: How many rounds; files above 2 GiB and slow connections take half of them, rounded up, for time's sake.
        tries: How often together-ext is killed.
        kill_size: Bytes of the file of those downloads.
        output: The document to write.
    """

    only: tuple[str, ...]
    sizes: tuple[int, ...]
    rounds: int
    tries: int
    kill_size: int
    output: Path

    @property
    def few(self) -> int:
        """Rounds of what takes long."""
        return (self.rounds + 1) // 2

    @property
    def is_all(self) -> bool:
        """Whether nothing of a full run is left out."""
        return set(self.only) == set(SCENARIOS) and set(SIZES) <= set(self.sizes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks."""
    wanted = _parsed(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    SCRATCH.mkdir(exist_ok=True)
    # As Ctrl-C does: the servers must not outlive this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        peers = all_peers()
        versions = {peer.name: peer.version() for peer in peers.values()}
        before = machine.load()
        figures = _measured(wanted, peers)
    except (MissingProgramError, RunError) as error:
        log.error("%s", error)  # noqa: TRY400 -- told in a sentence
        return 1
    finally:
        emptied(OUTPUT)
    rounds = {"each": wanted.rounds, "4 GiB, slow connections and kills at half": wanted.few}
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    setting = Setting(date, rounds, machine.described(), versions, (before, machine.load()))
    (SCRATCH / "figures.json").write_text(json.dumps(figures.plain(), indent=1))
    replaced(wanted.output, rendered(figures, setting))
    log.info("wrote %s", wanted.output)
    return 0


def _parsed(arguments: Sequence[str] | None) -> Wanted:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each scenario (default: 5)")
    parser.add_argument("--sizes", type=parse_size, nargs="+", default=SIZES, help="of plain and TLS: 20MiB 1GiB 4GiB")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=SCENARIOS, help="scenarios to run")
    parser.add_argument("--tries", type=int, default=100, help="downloads to kill (default: 100)")
    parser.add_argument("--kill-size", type=parse_size, default=GIB, help="file of those downloads (default: 1GiB)")
    parser.add_argument("--quick", action="store_true", help="2 rounds, 20 MiB and 1 GiB, 10 kills")
    parser.add_argument("--output", type=Path, help="the document to write (default: RESULTS.md for a full run)")
    given = begin(parser, arguments)
    if given.quick:
        given.rounds, given.sizes, given.tries = 2, (20 * MIB, GIB), 10
    wanted = Wanted(
        tuple(given.only), tuple(given.sizes), max(given.rounds, 1), given.tries, given.kill_size, given.output
    )
    if wanted.output is None:
        # What was left out would be missing there.
        output = RESULTS if wanted.is_all else SCRATCH / RESULTS.name
        return Wanted(wanted.only, wanted.sizes, wanted.rounds, wanted.tries, wanted.kill_size, output)
    return wanted


def _measured(wanted: Wanted, peers: dict[str, Peer]) -> Figures:
    with ExitStack() as stack:
        certificate = make_certificate()
        bench = Bench(stack.enter_context(running_nginx(certificate)), certificate)
        delayed, slow = free_ports(2)
        stack.enter_context(running_relay(delayed, bench.server.plain))
        stack.enter_context(running_relay(slow, bench.server.plain, FIRST_WINDOW))
        bases = {
            "plain": f"http://127.0.0.1:{bench.server.plain}",
            "tls": f"https://127.0.0.1:{bench.server.tls}",
            "capped": f"http://127.0.0.1:{bench.server.capped}",
            "delayed": f"http://127.0.0.1:{delayed}",
            "slow start": f"http://127.0.0.1:{slow}",
        }
        _warm_up(bench, bases["plain"], peers)
        runs = tuple(_runs(wanted, bench, bases, peers))
        kills = tuple(_kills(wanted, bench, bases["plain"], peers))
        return Figures(runs, kills)


def _warm_up(bench: Bench, base: str, peers: dict[str, Peer]) -> None:
    """Run everyone once, so that programs and compiled modules are in memory."""
    source = Source(MIB)
    source.prepare()
    for peer in peers.values():
        bench.run(Course("warm-up", base, source), peer)


def _runs(wanted: Wanted, bench: Bench, bases: dict[str, str], peers: dict[str, Peer]) -> Iterator[Figure]:
    if "start" in wanted.only:
        takers = [peer for peer in peers.values() if peer.name not in {SYNCED_CURL, LOOSE}]
        yield from bench.starts(takers, 2 * wanted.rounds)
    for course, names, rounds in _courses(wanted, bases):
        course.source.prepare()
        yield from bench.rounds(course, [peers[name] for name in names], rounds)
    if "stream" in wanted.only:
        takers = list(streamers(peers))
        for scenario, base in (("stream", bases["plain"]), ("stream, TLS", bases["tls"])):
            course = StreamCourse(scenario, base, Source(STREAMED))
            course.source.prepare()
            yield from bench.rounds(course, takers, wanted.rounds)
    if "unpacked" in wanted.only:
        weights = Weights()
        weights.prepare()
        ours, *others = unpackers(peers)
        yield from bench.rounds(UnpackCourse("unpacked", bases["plain"], weights), [ours, *others], wanted.rounds)
        direct = next(peer for peer in others if peer.name == DIRECT)
        by_curl = [peer for peer in others if peer.name in {THEN_TAR, INTO_TAR}]
        yield from bench.rounds(UnpackCourse("unpacked, capped", bases["capped"], weights), [ours, direct], wanted.few)
        far = UnpackCourse("unpacked, delayed", bases["delayed"], weights)
        yield from bench.rounds(far, [ours, direct, *by_curl], wanted.few)


def _courses(wanted: Wanted, bases: dict[str, str]) -> Iterator[tuple[Course, Sequence[str], int]]:
    everyone = (CURL, SYNCED_CURL, ARIA, HTTPX, SDK_3, SDK_1, OURS, LOOSE)
    for scenario in ("plain", "tls"):
        for size in wanted.sizes if scenario in wanted.only else ():
            rounds = wanted.few if size > LARGE else wanted.rounds
            yield Course(scenario, bases[scenario], Source(size)), everyone, rounds
    if "capped" in wanted.only:
        yield Course("capped", bases["capped"], Source(CAPPED_SIZE)), (CURL, ARIA, SDK_3, OURS), wanted.few
    for scenario in ("delayed", "slow start"):
        if scenario in wanted.only:
            takers = (CURL, ARIA, HTTPX, SDK_3, SDK_1, OURS)
            yield Course(scenario, bases[scenario], Source(DELAYED_SIZE)), takers, wanted.rounds


def _kills(wanted: Wanted, bench: Bench, base: str, peers: dict[str, Peer]) -> Iterator[Killed]:
    course = Course("kill", base, Source(wanted.kill_size))
    course.source.prepare()
    if "half" in wanted.only:
        for _ in range(wanted.few):
            for name in (CURL, ARIA, HTTPX, SDK_3, SDK_1):
                if (killed := bench.killed(course, peers[name], 0.5)) is not None:
                    yield killed
    if "kill" in wanted.only:
        yield from bench.kills(course, peers[OURS], wanted.tries)


if __name__ == "__main__":
    sys.exit(main())
