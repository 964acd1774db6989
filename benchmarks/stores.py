"""`python -m benchmarks.stores [ROUNDS] [--profile]`: from an archive on a server to objects in a store.

nginx has the archive; the store is `rclone serve s3`, from the environment of `make test-cloud`. The peer is curl to
the disk, `tar -xf`, then `rclone copy`. Each runs once in each round. `--profile` prints where the CPU time of
together-ext goes, by cProfile, and measures nothing.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .certificate import make_certificate
from .entry import begin
from .places import OUTPUT, ROOT, SCRATCH, emptied
from .run import METER
from .server import DOWNLOAD, Server, free_ports, running_nginx, wait_for
from .unpacking import Weights

log = logging.getLogger("benchmarks")

RCLONE: Final = ROOT / ".venv-cloud" / "bin" / "rclone"
BUCKET: Final = "weights"
KEY, SECRET = "BENCHMARK", "benchmark-secret"
OURS: Final = "together-ext"
THEIRS: Final = "curl, tar -xf, rclone copy"

COPY: Final = """
set -e
curl -sSf -o model.tar.zst "$1"
mkdir model
tar -xf model.tar.zst -C model
"$2" copy model "bench:$3/model"
"""


@dataclass(frozen=True)
class Spent:
    """What one run took: seconds, bytes of peak memory of the largest process, bytes written to the disk."""

    wall: float
    cpu: float
    memory: float
    written: float


@contextmanager
def store() -> Iterator[tuple[str, Path]]:
    """Run the store. Yields its address and the folder of the bucket.

    Each run gets a separate one: rclone remembers files that another program removes from its folder.
    """
    folder = emptied(SCRATCH / "store")
    (folder / BUCKET).mkdir()
    (port,) = free_ports(1)
    command = [str(RCLONE), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}", str(folder)]
    environment = {**os.environ, "RCLONE_CONFIG": os.devnull}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 -- our own command
    try:
        wait_for(port, process)
        yield f"http://127.0.0.1:{port}", folder / BUCKET
    finally:
        process.terminate()
        process.wait(10)
        emptied(folder)


def variables(server: Server, endpoint: str) -> dict[str, str]:
    """The environment of both peers."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TOGETHER_"))},
        "TOGETHER_API_KEY": "benchmark",
        "TOGETHER_BASE_URL": f"http://127.0.0.1:{server.plain}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_CONFIG_BENCH_TYPE": "s3",
        "RCLONE_CONFIG_BENCH_PROVIDER": "Rclone",
        "RCLONE_CONFIG_BENCH_ENV_AUTH": "true",
        "RCLONE_CONFIG_BENCH_ENDPOINT": endpoint,
    }


def measured(command: Sequence[str], environment: dict[str, str]) -> Spent:
    """Run a peer in an empty folder."""
    words = SCRATCH / "words"
    done = subprocess.run(  # noqa: S603 -- our own commands
        [sys.executable, "-I", "-S", str(METER), str(words), *command],
        env=environment,
        cwd=emptied(OUTPUT),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{words.read_text(errors='replace')[-2000:]}")
    wall, user, system, memory, _, written = map(float, done.stdout.split())
    return Spent(wall, user + system, memory, written)


def check(folder: Path, weights: Weights) -> None:
    """Check that the store has the weights; remove them."""
    (made,) = folder.iterdir()
    compare = ["diff", "-rq", "-x", "together-ext.json", str(made), str(weights.folder)]
    subprocess.run(compare, check=True)  # noqa: S603 -- our own command
    shutil.rmtree(made)
    emptied(OUTPUT)
    os.sync()


def peers(server: Server, weights: Weights) -> dict[str, list[str]]:
    """The commands, by the names of the peers."""
    url = f"http://127.0.0.1:{server.plain}{DOWNLOAD}?ft_id={weights.job}"
    ours = ["ft", "download", weights.job, "--extract", "-q", "-o", f"s3://{BUCKET}/"]
    return {
        OURS: [sys.executable, "-m", "together_ext", *ours],
        THEIRS: ["sh", "-c", COPY, "sh", url, str(RCLONE), BUCKET],
    }


def compared(rounds: int, run: Callable[[str], Spent]) -> None:
    """Run both peers in turn, and print what they took."""
    walls = []
    for number in range(rounds):
        found = {name: run(name) for name in sorted((OURS, THEIRS), reverse=bool(number % 2))}
        for name, spent in found.items():
            log.info(
                "%-28s %6.2f s  cpu %6.2f s  %4.0f MB  written %6.1f MB",
                *(name, spent.wall, spent.cpu, spent.memory / 1e6, spent.written / 1e6),
            )
        walls.append(found[OURS].wall / found[THEIRS].wall)
    log.info("wall, %s / %s: %.2f (%s)", OURS, THEIRS, statistics.median(walls), ", ".join(f"{w:.2f}" for w in walls))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, upload, compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stores", description=__doc__)
    parser.add_argument("rounds", metavar="ROUNDS", nargs="?", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--profile", action="store_true", help="print where the CPU time goes, and measure nothing")
    given = begin(parser, arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if not RCLONE.exists():
        raise SystemExit(f"{RCLONE} does not exist: `make test-cloud` makes it")
    weights = Weights()
    weights.prepare()
    with running_nginx(make_certificate()) as server:
        commands = peers(server, weights)
        if given.profile:
            python, _, _, *words = commands[OURS]
            program = [python, "-m", "cProfile", "-s", "tottime", "-m", "together_ext", *words]
            with store() as (endpoint, _):
                subprocess.run(program, env=variables(server, endpoint), cwd=emptied(OUTPUT), check=True)  # noqa: S603 -- ours
            return 0

        def run(name: str) -> Spent:
            with store() as (endpoint, folder):
                spent = measured(commands[name], variables(server, endpoint))
                check(folder, weights)
            return spent

        compared(given.rounds, run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
