"""`python -m benchmarks.many`: many downloads beside curl, again when all are complete, and on a Dask cluster.

The server is the simulator, for all of them. The cluster is from `make test-cluster`'s environment, if that is there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from together_ext.simulator import Simulator

from .entry import begin

ADAPTERS: Final = 20
ADAPTER: Final = 50_000_000
RATE: Final = 20_000_000
"""Bytes per second of each connection."""

FINISHED: Final = 200
SMALL: Final = 1 << 20
DASK: Final = 40
WORKERS: Final = 4
ROUNDS: Final = 3
CLUSTER: Final = Path(".venv-cluster/bin/python")

PROGRAM: Final = (sys.executable, "-m", "together_ext", "ft", "download", "--from", "-", "-q", "-o")

ON_DASK: Final = """
import sys, tempfile, time
from distributed import Client, LocalCluster
from together_ext import Together

def spent(executor):
    with tempfile.TemporaryDirectory() as folder, Together() as client:
        begin = time.perf_counter()
        outcomes = client.fine_tuning.download_many(sys.argv[2:], output=folder, executor=executor, parallel=workers)
        assert all(outcome.error is None for outcome in outcomes)
        return time.perf_counter() - begin

if __name__ == "__main__":
    workers = int(sys.argv[1])
    begin = time.perf_counter()
    local = LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None)
    with local as cluster, Client(cluster) as dask:
        dask.wait_for_workers(workers)
        started = time.perf_counter() - begin
        first = spent(dask.get_executor())
        rounds = [(spent(dask.get_executor()), spent(None)) for _ in range(3)]
    cluster, one = (min(times) for times in zip(*rounds))
    print(f"start {started:.2f} s, first round (imports) {first:.2f} s; then {cluster:.2f} s, "
          f"one process {one:.2f} s: ratio {cluster / one:.2f}")
"""


def spent(command: Sequence[str], names: Sequence[str], **environment: str) -> float:
    """Seconds that a command takes, with names on its standard input."""
    began = time.perf_counter()
    subprocess.run(  # noqa: S603 -- our own commands
        command,
        input="".join(f"{name}\n" for name in names),
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return time.perf_counter() - began


def beside_curl(sim: Simulator, names: Sequence[str]) -> None:
    """Adapters from a server that limits each connection."""
    url = f"{sim.url}/finetune/download?checkpoint=adapter&ft_id="
    curl = f"xargs -P 8 -I NAME curl -sf -H 'Authorization: Bearer {sim.api_key}' -o NAME.tar.zst '{url}NAME'"
    rounds: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            theirs = spent(["sh", "-c", f"cd {first} && {curl}"], names)
            rounds.append((spent([*PROGRAM, second, "-c", "adapter"], names), theirs))
    ours, theirs = (min(times) for times in zip(*rounds, strict=True))
    print(f"{len(names)} adapters of {ADAPTER / 1e6:.0f} MB: {ours:.2f} s, curl {theirs:.2f} s: {ours / theirs:.2f}")


def again(sim: Simulator, names: Sequence[str]) -> None:
    """The same command, when all files are complete."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*PROGRAM, folder, "-c", "adapter"]
        first = spent(command, names)
        sim.forget()
        seconds = spent(command, names)
        bodies = sum(request.sent for request in sim.requests)
        count = len(sim.requests)
        print(
            f"{len(names)} finished downloads: {seconds:.2f} s, {count} requests, {bodies} bytes; first {first:.2f} s"
        )


def main() -> None:
    """Serve, and download."""
    begin(argparse.ArgumentParser(prog="python -m benchmarks.many", description=__doc__))
    with Simulator(rate_limit=RATE) as sim:
        os.environ |= {"TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url}
        adapters = [f"ft-adapter-{number}" for number in range(ADAPTERS)]
        small = [f"ft-small-{number}" for number in range(FINISHED)]
        for names, size in ((adapters, ADAPTER), (small, SMALL)):
            for name in names:
                sim.add_job(name, archive=size, model_output_name=f"acme/{name}")
        beside_curl(sim, adapters)
        again(sim, small)
        if CLUSTER.exists():
            with tempfile.TemporaryDirectory() as folder:
                script = Path(folder, "on_dask.py")
                script.write_text(ON_DASK)
                command = [str(CLUSTER), str(script), str(WORKERS), *small[:DASK]]
                done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 -- our own
                print(f"{DASK} downloads of 1 MiB on {WORKERS} workers of Dask: {done.stdout}", end="")


if __name__ == "__main__":
    main()
