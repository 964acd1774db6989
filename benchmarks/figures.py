"""Figures, and statistics of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """What one run of one peer took.

    Attributes:
        scenario: What was done.
        size: Bytes of the file; 0 for a start without one.
        peer: Who did it.
        round: In which round; those of one round ran one after another.
        wall: Seconds from start to end of the process.
        user: Seconds of processor time in its own code.
        system: Seconds of processor time in the kernel for it.
        memory: Bytes of its peak resident memory.
        requests: How many it sent.
        sent: Bytes of bodies that the server handed to the kernel for it.
        late: Seconds from the server's last byte to the end of the process; 0 without a server.
        written: Bytes that it wrote to files on a disk, also to those that it removed again.
    """

    scenario: str
    size: int
    peer: str
    round: int
    wall: float
    user: float
    system: float
    memory: int
    requests: int
    sent: int
    late: float = 0.0
    written: int = 0

    @property
    def cpu(self) -> float:
        """Seconds of processor time in all."""
        return self.user + self.system


@dataclass(frozen=True)
class Killed:
    """One download that was killed and run again.

    Attributes:
        peer: Who did it.
        size: Bytes of the file.
        there: Share of the file that had been written when it was killed.
        again: Bytes that the server sent beyond the file's size, over both runs.
        identical: Whether the file was right in the end.
        exit: Exit status of the second run.
    """

    peer: str
    size: int
    there: float
    again: int
    identical: bool
    exit: int


@dataclass(frozen=True)
class Spread:
    """Several values: the middle one, and how far they lie apart."""

    middle: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """That of some values.

        Raises:
            ValueError: There is none.
        """
        found = sorted(values)
        if not found:
            raise ValueError("no values")
        return cls(median(found), found[0], found[-1])


@dataclass(frozen=True)
class Figures:
    """All that was measured in one go."""

    runs: tuple[Figure, ...] = ()
    kills: tuple[Killed, ...] = ()

    def of(self, scenario: str, size: int, peer: str) -> list[Figure]:
        """The runs of a peer, by round."""
        found = [run for run in self.runs if (run.scenario, run.size, run.peer) == (scenario, size, peer)]
        return sorted(found, key=lambda run: run.round)

    def peers(self, scenario: str, size: int) -> list[str]:
        """Who took part, from the fastest to the slowest."""
        found = {run.peer for run in self.runs if (run.scenario, run.size) == (scenario, size)}
        return sorted(found, key=lambda peer: median(run.wall for run in self.of(scenario, size, peer)))

    def sizes(self, scenario: str) -> list[int]:
        """The files of a scenario, from small to large."""
        return sorted({run.size for run in self.runs if run.scenario == scenario})

    def spread(self, scenario: str, size: int, peer: str, value: Callable[[Figure], float]) -> Spread | None:
        """One value of a peer's runs; None if it did not take part."""
        runs = self.of(scenario, size, peer)
        return Spread.of(map(value, runs)) if runs else None

    def ratio(self, scenario: str, size: int, peer: str, other: str, value: Callable[[Figure], float]) -> Spread | None:
        """A value of one peer as a multiple of another's in the same round; None if they did not both take part."""
        others = {run.round: value(run) for run in self.of(scenario, size, other)}
        pairs = [(value(run), others[run.round]) for run in self.of(scenario, size, peer) if run.round in others]
        ratios = [mine / theirs for mine, theirs in pairs if theirs > 0]
        return Spread.of(ratios) if ratios else None

    def plain(self) -> dict[str, list[dict[str, object]]]:
        """All of it as plain values."""
        return {"runs": [asdict(run) for run in self.runs], "kills": [asdict(kill) for kill in self.kills]}
