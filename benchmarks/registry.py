"""Download 1.6 GB in 5 files from the model registry with 20 MB/s a connection: wall time and peak memory.

    python -m benchmarks.registry [RUNS] [ENVIRONMENT]

Each run is one of ours and one of the official SDK 3.1.1 (`models download`), after one another, from the simulator in
another process. ENVIRONMENT is one with that SDK; without it, one is made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from together_ext.simulator import Simulator
from together_ext.simulator.owner import PROJECT

from .peers import OURS, SDK_3, peer_environment

RATE: Final = 20e6
"""Bytes a second of each connection."""

FILES: Final = {f"model-{number}.safetensors": 320_000_000 for number in range(5)}


@dataclass(frozen=True)
class Measurement:
    """One download.

    Attributes:
        seconds: Its wall time.
        memory: Its peak memory in bytes.
        status: Its exit status.
    """

    seconds: float
    memory: int
    status: int


def main(runs: int, place: Path) -> int:
    """Measure, and print a line for each download."""
    ratios = []
    with Simulator(rate_limit=RATE) as sim, tempfile.TemporaryDirectory() as scratch:
        model = sim.registry.add("benchmark", FILES)
        for file in model.revisions[0].files().values():
            assert file.hash  # noqa: S101 -- computed now, not while it is measured
        commands = {
            OURS: [sys.executable, "-m", "together_ext", "models", "download", model.id, "--output"],
            SDK_3: [str(place / "bin" / "tg"), "models", "download", model.id],
        }
        variables = {"API_KEY": sim.api_key, "BASE_URL": sim.url, "PROJECT_ID": str(PROJECT["id"])}
        for run in range(runs):
            found = {}
            for name in sorted(commands, reverse=bool(run % 2)):
                folder = Path(scratch) / "out"
                found[name] = _measured([*commands[name], str(folder)], variables)
                shutil.rmtree(folder, ignore_errors=True)
                one = found[name]
                _say(f"{name}: {one.seconds:.1f} s, {one.memory / 1e6:.0f} MB, exit {one.status}")
            ratios.append(found[OURS].seconds / found[SDK_3].seconds)
    _say(f"wall, together-ext / SDK: {', '.join(f'{ratio:.2f}' for ratio in ratios)}; load {os.getloadavg()[0]:.1f}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _measured(command: list[str], variables: dict[str, str]) -> Measurement:
    given = {**os.environ, **{f"TOGETHER_{name}": value for name, value in variables.items()}}
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 -- our own commands
        command, env=given, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    return Measurement(time.monotonic() - began, usage.ru_maxrss << 10, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    _, *arguments = [*sys.argv, "1"][: max(len(sys.argv), 2)]
    made = Path(arguments[1]) if arguments[1:] else Path(peer_environment("3.1.1", "together==3.1.1")).parent.parent
    sys.exit(main(int(arguments[0]), made))
