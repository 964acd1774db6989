"""Damage parts of downloads from the model registry, and kill downloads at random moments; each file must be right.

    python -m tools.registry_trials flips 100
    python -m tools.registry_trials kills 50

A changed byte in any part has to be noticed and replaced. After a kill, a rerun has to make the right folder, and may
have little sent again.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from together_ext import Together, verify
from together_ext.simulator import PARTS_PATH, Fault, Simulator
from together_ext.simulator.records import Request
from together_ext.simulator.registry import PART

SIZES: Final = {"a.safetensors": 2 * PART + 12_345, "b.safetensors": 3 << 20, "c.json": 10_000}
"""Bytes of the files whose parts are damaged: of three parts, of one, and small."""

KILLED: Final = {f"model-{number}.safetensors": 256 << 20 for number in range(4)}
"""Bytes of the files of the downloads that are killed."""

RATE: Final = 4 << 20
"""Bytes a second of each connection: there is a middle to be killed in, and little is on its way at that moment."""

AT_ONCE: Final = 2
MOST_AGAIN: Final = 0.02


def flips(count: int) -> int:
    """Damage a random byte of a random part in each download; returns the exit status."""
    chance = random.Random(0)  # noqa: S311 -- the same trials each time
    contents = {path: chance.randbytes(size) for path, size in SIZES.items()}
    parts = [(path, number) for path, size in SIZES.items() for number in range(-(-size // PART))]
    wrong, again = 0, []
    with Simulator() as sim, Together(sim.api_key, sim.url) as client, tempfile.TemporaryDirectory() as place:
        model = sim.registry.add("flips", contents).id
        for trial in range(count):
            path, number = chance.choice(parts)
            at = chance.randrange(min(PART, SIZES[path] - number * PART))
            sim.forget()
            sim.script(Fault(path=f"{PARTS_PATH}{path}.part{number + 1}", corrupt=at, when=_Covers(at)))
            folder = Path(place) / str(trial)
            found = client.models.download(model, output=folder)
            right = all((folder / path).read_bytes() == content for path, content in contents.items())
            damaged = sum(fault.times or 0 for fault in sim.faults) == 0
            extra = sim.bytes_sent - sum(SIZES.values())
            again.append((path, extra))
            if not (right and found.verified == "hash" and damaged and extra > 0):
                wrong += 1
                print(f"trial {trial}: byte {at} of part {number + 1} of {path}: right={right}, sent again={extra:,}")
    print(f"{count} damaged parts: {wrong} not noticed or not replaced")
    for path, size in SIZES.items():
        extras = [extra for name, extra in again if name == path] or [0]
        print(f"{path} ({size:,} bytes): {len(extras)} trials, sent again {sum(extras) / len(extras):,.0f} on average")
    return 1 if wrong else 0


@dataclass(frozen=True)
class _Covers:
    """Whether a request includes a byte of a part."""

    at: int

    def __call__(self, request: Request) -> bool:
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        return span is None or int(span[1]) <= self.at <= int(span[2])


@dataclass(frozen=True)
class Kill:
    """One kill and its rerun.

    Attributes:
        after: Seconds after the first byte.
        again: Bytes that were sent again, for each byte of the model.
        wrong: What was wrong with the outcome; empty if nothing was.
    """

    after: float
    again: float
    wrong: str


def killed(count: int) -> list[Kill]:
    """Kill downloads at random moments, and run them again."""
    contents = {path: os.urandom(size) for path, size in KILLED.items()}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda number: _kill(number, contents), range(count)))


def kills(count: int) -> int:
    """Report such downloads; returns the exit status."""
    trials = killed(count)
    bad = [trial for trial in trials if trial.wrong or trial.again > MOST_AGAIN]
    for trial in bad:
        print(trial)
    again = sorted(trial.again for trial in trials)
    print(f"{count} kills: {sum(bool(trial.wrong) for trial in trials)} wrong")
    print(f"sent again: median {again[len(again) // 2]:.2%}, most {again[-1]:.2%}")
    return 1 if bad else 0


def _kill(number: int, contents: dict[str, bytes]) -> Kill:
    after = random.Random(number).uniform(0.0, 7.0)  # noqa: S311 -- the same trials each time
    with tempfile.TemporaryDirectory() as place, Simulator(rate_limit=RATE) as sim:
        model = sim.registry.add("killed", contents).id
        folder = Path(place) / "model"
        command = [sys.executable, "-m", "together_ext", "models", "download", model, "--output", str(folder)]
        environment = {**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url}
        with subprocess.Popen(  # noqa: S603 -- our own program
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as process:
            while not sim.bytes_sent and process.poll() is None:
                time.sleep(0.01)
            time.sleep(after)
            os.killpg(process.pid, signal.SIGKILL)
        rerun = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 -- the same
        again = sim.bytes_sent / sum(map(len, contents.values())) - 1
        return Kill(after, again, rerun.stderr.strip()[-300:] if rerun.returncode else _wrong(folder, contents))


def _wrong(folder: Path, contents: dict[str, bytes]) -> str:
    if not verify(folder).good:
        return "the folder is not what its receipt says"
    if any((folder / path).read_bytes() != content for path, content in contents.items()):
        return "a file is another one"
    found = {path.name for path in folder.parent.iterdir()} - {folder.name}
    return f"litter: {sorted(found)}" if found else ""


TRIALS: Final = {"flips": flips, "kills": kills}

if __name__ == "__main__":
    sys.exit(TRIALS[sys.argv[1]](int(sys.argv[2])))
