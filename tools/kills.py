"""Kill downloads at random moments, half of them inside a PID namespace with another host name, and run them again.

    python -m tools.kills 100

Each rerun has to make the right file or folder, must not wait longer than a lease lasts, and may have little sent
again. Needs root for the namespaces, and `unshare` of util-linux.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from together_ext import verify
from together_ext.simulator import LORA_JOB, BytesArchive, Simulator
from together_ext.simulator.archives import pack

SIZE: Final = 512 << 20
"""Bytes of the archive."""

RATE: Final = 8 << 20
"""Bytes a second of each connection: there is a middle to be killed in, and little is on its way at that moment."""

AT_ONCE: Final = 12
"""Trials at once; most of them wait for the lease of a process in another namespace."""

LONGEST_WAIT: Final = 70.0
MOST_AGAIN: Final = 0.02


@dataclass(frozen=True)
class Trial:
    """One kill and its rerun.

    Attributes:
        elsewhere: Whether the killed process had a PID namespace and a host name of its own.
        extract: Whether the archive was extracted while it came.
        killed: Seconds after its first byte at which it was killed.
        waited: Seconds that the rerun waited for the lease.
        again: Bytes that were sent again, for each byte of the archive.
        wrong: What was wrong with the outcome; empty if nothing was.
    """

    elsewhere: bool
    extract: bool
    killed: float
    waited: float
    again: float
    wrong: str


def main(count: int) -> int:
    """Run the trials and print what came of them; returns the exit status."""
    content = pack({"model.safetensors": os.urandom(SIZE)})
    archive = BytesArchive(content)
    digest = archive.sha256
    with ThreadPoolExecutor(AT_ONCE) as pool:
        trials = list(pool.map(lambda number: _trial(number, archive, digest), range(count)))
    for trial in trials:
        if trial.wrong or trial.waited > LONGEST_WAIT or trial.again > MOST_AGAIN:
            print(trial)
    elsewhere = [trial for trial in trials if trial.elsewhere]
    again = sorted(trial.again for trial in trials)
    print(f"{count} kills, {len(elsewhere)} of them in another namespace: {sum(bool(t.wrong) for t in trials)} wrong")
    print(
        f"longest wait {max(trial.waited for trial in trials):.1f} s; in the same namespace "
        f"{max((trial.waited for trial in trials if not trial.elsewhere), default=0.0):.1f} s"
    )
    print(f"sent again: median {again[len(again) // 2]:.2%}, most {again[-1]:.2%}")
    bad = any(trial.wrong or trial.waited > LONGEST_WAIT or trial.again > MOST_AGAIN for trial in trials)
    return 1 if bad else 0


def _trial(number: int, archive: BytesArchive, digest: str) -> Trial:
    chance = random.Random(number)  # noqa: S311 -- the same trials each time
    elsewhere, extract, after = number % 2 == 1, number % 4 >= 2, chance.uniform(0.0, 6.0)  # noqa: PLR2004 -- quarters
    with tempfile.TemporaryDirectory() as place, Simulator(rate_limit=RATE) as sim:
        sim.add_archive(LORA_JOB, archive)
        target = Path(place) / "model.tar.zst"
        command = [
            sys.executable,
            "-m",
            "together_ext",
            "ft",
            "download",
            LORA_JOB,
            "--output",
            str(target),
            *(["--extract", "--spool"] if extract else []),
        ]
        environment = {**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url}
        _killed(command, environment, target, after, f"pod-{number}" if elsewhere else None)
        waited, error = _rerun(command, environment)
        again = (sim.bytes_sent - archive.size) / archive.size
        return Trial(elsewhere, extract, after, waited, again, error or _wrong(target, digest, extract=extract))


def _killed(command: list[str], environment: dict[str, str], target: Path, after: float, host: str | None) -> None:
    part = target.with_name(target.name + ".part")
    if host is not None:
        inner = 'hostname "$0"; exec "$@"'
        command = [
            "unshare",
            "--pid",
            "--fork",
            "--kill-child",
            "--uts",
            "--mount-proc",
            "sh",
            "-c",
            inner,
            host,
            *command,
        ]
    with subprocess.Popen(  # noqa: S603 -- our own program
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while not part.exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(after)
        if process.poll() is not None:
            raise SystemExit(f"the download ended before it was killed, with exit code {process.returncode}")
        os.killpg(process.pid, signal.SIGKILL)
    if host is not None:
        time.sleep(0.2)  # the namespace's processes end just after its first one


def _rerun(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Run it again; returns how long it waited for a lease, and what it said if it failed."""
    began: float | None = None
    waited, last = 0.0, ""
    with subprocess.Popen(  # noqa: S603 -- our own program
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        timer = threading.Timer(300, process.kill)
        timer.start()
        for line in process.stderr or ():
            last = line.strip()
            if "waiting for another process" in line and began is None:
                began = time.monotonic()
            elif "took over" in line and began is not None:
                waited, began = waited + time.monotonic() - began, None
        timer.cancel()
    return waited, "" if process.returncode == 0 else last or f"exit {process.returncode}"


def _wrong(target: Path, digest: str, *, extract: bool) -> str:
    if extract:
        folder = target.with_name("model")
        if not verify(folder).good:
            return "the folder is not what its receipt says"
        expected = {folder}
    else:
        with target.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                return "the file is another one"
        expected = {target}
    found = set(target.parent.iterdir())
    return "" if found == expected else f"litter: {sorted(path.name for path in found - expected)}"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
