"""Downloads on a real Dask cluster: two worker processes, and a scheduler that is reached by TCP."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from together_ext import Together
from together_ext.bulk.dask import executors_by_host
from together_ext.cli import main
from together_ext.simulator import Fault, Simulator

SIZE = 4 << 20
STALL = 1 << 20
KEY = "key-of-a-test"
JOBS = [f"ft-{number}" for number in range(6)]


@pytest.fixture
def sim(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator, whose address is in the environment of this process."""
    with Simulator(api_key=KEY) as simulator:
        for job in JOBS:
            simulator.add_job(job, archive=SIZE, model_output_name=f"acme/{job}")
        monkeypatch.setenv("TOGETHER_BASE_URL", simulator.url)
        yield simulator


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """Two workers, each a process with one thread, which inherit the key."""
    with (
        pytest.MonkeyPatch.context() as environment,
        LocalCluster(n_workers=0, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
    ):
        environment.setenv("TOGETHER_API_KEY", KEY)
        cluster.scale(2)
        yield cluster


@pytest.fixture
def workers(cluster: LocalCluster) -> Iterator[Client]:
    """A client of the cluster."""
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


def assert_whole(folder: Path, sim: Simulator) -> None:
    """Each archive is there once, and nothing else."""
    names = {f"acme--{job}.tar.zst": job for job in JOBS}
    assert {path.name for path in folder.iterdir()} == names.keys()
    for path in folder.iterdir():
        archive = sim.archive(names[path.name])
        assert path.read_bytes() == archive.read(0, archive.size)


@pytest.mark.usefixtures("workers")
def test_the_command_downloads_on_the_workers_of_a_scheduler(
    cluster: LocalCluster, sim: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["ft", "download", *JOBS, "-o", str(tmp_path), "--dask", cluster.scheduler_address])

    out = capsys.readouterr().out
    assert code == 0
    assert {line.split("\t")[1] for line in out.splitlines()} == set(JOBS)
    assert_whole(tmp_path, sim)


def test_each_host_gets_its_copy(
    workers: Client, cluster: LocalCluster, sim: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one machine, both workers are one host."""
    (host,) = executors_by_host(workers)
    code = main(["ft", "download", *JOBS, "-o", str(tmp_path), "--dask", cluster.scheduler_address, "--once-per-host"])

    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert [row[3] for row in rows] == [host] * len(JOBS)
    assert_whole(tmp_path, sim)


def test_two_hosts_with_one_folder_download_each_file_once(workers: Client, sim: Simulator, tmp_path: Path) -> None:
    hosts: dict[str, Executor] = {
        name: workers.get_executor(workers=[address], allow_other_workers=False)
        for name, address in zip(["one", "two"], workers.nthreads(), strict=True)
    }
    outcomes = list(Together().fine_tuning.download_many(JOBS, output=tmp_path, executor=hosts))

    assert sorted((outcome.name, str(outcome.host)) for outcome in outcomes) == sorted(
        (job, host) for job in JOBS for host in hosts
    )
    assert all(outcome.unwrap().size == SIZE for outcome in outcomes)
    assert_whole(tmp_path, sim)
    assert sum(outcome.unwrap().resumed_from == SIZE for outcome in outcomes) == len(JOBS)


def test_a_worker_without_a_key_says_so_by_name(workers: Client, sim: Simulator, tmp_path: Path) -> None:
    # Lambdas, since workers cannot import this module.
    workers.run(lambda: os.environ.pop("TOGETHER_API_KEY"))
    try:
        (outcome,) = Together().fine_tuning.download_many(JOBS[0], output=tmp_path, executor=workers.get_executor())
    finally:
        key = KEY
        workers.run(lambda: os.environ.update(TOGETHER_API_KEY=key))

    pids = workers.run(os.getpid).values()
    assert any(f"process {pid} on " in str(outcome.error) for pid in pids)
    assert "TOGETHER_API_KEY" in str(outcome.error)
    assert KEY not in str(outcome.error)
    assert sim.bytes_sent == 0


def test_downloads_of_a_killed_worker_are_resumed_by_another(workers: Client, sim: Simulator, tmp_path: Path) -> None:
    sim.script(Fault(stall=STALL, times=2))
    pids = workers.run(os.getpid)
    outcomes = Together().fine_tuning.download_many(JOBS, output=tmp_path, executor=workers.get_executor())
    with ThreadPoolExecutor(1) as thread:
        ended = thread.submit(list, outcomes)
        sim.wait_until(lambda found: found.stalled == 2, timeout=60)

        os.kill(next(iter(pids.values())), signal.SIGKILL)
        sim.release()

        found = ended.result(60)
    assert sorted(outcome.name for outcome in found) == JOBS
    assert [outcome.error for outcome in found] == [None] * len(JOBS)
    assert_whole(tmp_path, sim)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "127.0.0.1:1", "tcp://127.0.0.1:port", "nonsense://x"])
def test_a_scheduler_that_does_not_respond_is_one_sentence(
    address: str, sim: Simulator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", KEY)
    assert main(["ft", "download", JOBS[0], "--dask", address]) == 1
    err = capfd.readouterr().err
    assert err.startswith(f"error: the Dask scheduler {address} does not respond: check the address")
    assert "Traceback" not in err
    assert sim.requests == []
