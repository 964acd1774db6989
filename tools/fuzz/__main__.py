"""Run the targets for a number of seconds, guided by code coverage: `python -m tools.fuzz SECONDS`.

An input that breaks a promise is saved in `.fuzz/`; to run it again:
`python -m tools.fuzz.worker archive .fuzz/archive-crash-...`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .targets import TARGETS

FOUND = Path(".fuzz")
LONGEST = 10
"""Maximum number of seconds for one input."""


def main(seconds: int) -> int:
    """Run each target for its share of the time; returns the number of targets that broke a promise."""
    FOUND.mkdir(exist_ok=True)
    # In memory, since extraction flushes to the disk, which is not tested here.
    memory = Path("/dev/shm")  # noqa: S108 -- a place to make temporary folders in
    environment = {**os.environ, **({"TMPDIR": str(memory)} if memory.is_dir() else {})}
    broken = 0
    for name, target in TARGETS.items():
        with tempfile.TemporaryDirectory() as corpus:
            for number, seed in enumerate(target.seeds()):
                (Path(corpus) / str(number)).write_bytes(seed)
            limits = [f"-timeout={LONGEST}", "-rss_limit_mb=2048", "-max_len=8192"]
            length = f"-max_total_time={max(round(seconds * target.share), 1)}"
            where = f"-artifact_prefix={FOUND}/{name}-"
            print(f"{name}: {length.rpartition('=')[2]} seconds", flush=True)
            command = [sys.executable, "-m", "tools.fuzz.worker", name, corpus, *limits, length, where]
            broken += subprocess.run([*command, "-print_final_stats=1"], env=environment, check=False).returncode != 0  # noqa: S603 -- our own program
    print(f"{broken} of {len(TARGETS)} targets broke a promise")
    return broken


sys.exit(main(int(sys.argv[1])))
