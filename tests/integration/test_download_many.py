"""`download_many`: several downloads at once, in all three worlds, in other processes, and with one that fails."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.waits import PATIENCE
from together_ext import (
    AsyncTogether,
    CheckpointNameError,
    ConfigurationError,
    InternalServerError,
    JobNotReadyError,
    RateLimitError,
    RuleError,
    TargetExistsError,
    Together,
)
from together_ext.bulk import Outcome, Outcomes, all_checkpoints, jobs
from together_ext.config import LEAST_RATE
from together_ext.errors import MissingKeyError
from together_ext.simulator import FAILED_JOB, FULL_JOB, LORA_JOB, Fault, Simulator
from together_ext.simulator.archives import pack
from together_ext.simulator.faults import STORAGE_PATH
from together_ext.simulator.models import adapter_files
from together_ext.transfer import DownloadProgress
from together_ext.transfer.options import DEFAULT_RETRIES

from .conftest import SMALL, Clock, World

TINY = pack({"config.json": b"{}"})


def by_name(outcomes: Iterator[Outcome[Any]]) -> dict[str, Outcome[Any]]:
    """The outcomes by the names that were requested."""
    found = {outcome.name: outcome for outcome in outcomes}
    assert all((outcome.result is None) != (outcome.error is None) for outcome in found.values())
    return found


def test_each_name_is_downloaded_once(client: Together, folder: Path) -> None:
    found = by_name(client.fine_tuning.download_many([LORA_JOB, FULL_JOB, f"{LORA_JOB}:500", LORA_JOB], output="out"))

    assert set(found) == {LORA_JOB, FULL_JOB, f"{LORA_JOB}:500"}
    paths = {Path(outcome.unwrap().filename) for outcome in found.values()}
    assert paths == set((folder / "out").iterdir())
    assert all(path.read_bytes() == SMALL for path in paths)


def test_a_failed_download_does_not_end_the_others(client: Together, folder: Path) -> None:
    found = by_name(client.fine_tuning.download_many([FAILED_JOB, "ft-unknown", LORA_JOB], parallel=2))

    assert isinstance(found[FAILED_JOB].error, JobNotReadyError)
    assert found["ft-unknown"].error is not None
    assert Path(found[LORA_JOB].unwrap().filename).parent == folder


@pytest.mark.parametrize("extract", [False, True])
def test_a_retry_after_for_one_download_holds_for_the_others(
    client: Together, sim: Simulator, waits: list[float], folder: Path, *, extract: bool
) -> None:
    sim.script(Fault(path=f"/fine-tunes/{FULL_JOB}", status=429, headers={"retry-after": "7"}))

    found = by_name(client.fine_tuning.download_many([FULL_JOB, LORA_JOB], parallel=1, extract=extract))

    assert isinstance(found[FULL_JOB].error, RateLimitError)
    assert waits == [7]
    assert [request.path for request in sim.requests][:2] == [f"/fine-tunes/{FULL_JOB}", f"/fine-tunes/{LORA_JOB}"]
    # Other calls of the client are not part of the batch.
    sim.script(Fault(path=f"/fine-tunes/{FULL_JOB}", status=429, headers={"retry-after": "7"}))
    with pytest.raises(RateLimitError):
        client.fine_tuning.retrieve(FULL_JOB)
    client.fine_tuning.retrieve(LORA_JOB)
    assert waits == [7]
    assert folder.is_dir()


@pytest.mark.parametrize("extract", [False, True])
def test_a_retry_after_of_the_storage_host_holds_for_its_requests_alone(
    client: Together, sim: Simulator, waits: list[float], clock: Clock, folder: Path, *, extract: bool
) -> None:
    sim.redirect_downloads = True
    sim.script(Fault(path=STORAGE_PATH, status=503, headers={"retry-after": "7"}, times=DEFAULT_RETRIES + 1))
    asked: list[list[str]] = []
    clock.then = lambda: asked.append([request.path for request in sim.requests])

    found = by_name(client.fine_tuning.download_many([FULL_JOB, LORA_JOB], parallel=1, extract=extract))

    assert isinstance(found[FULL_JOB].error, InternalServerError)
    assert waits == [7] * (DEFAULT_RETRIES + 1)
    assert (list(folder.iterdir()) == []) is extract
    # The API was called for the second download before its wait, and the storage host was not.
    assert asked[-1][-1] == f"/fine-tunes/{LORA_JOB}"


def test_a_low_rate_is_divided_among_fewer_downloads(client: Together, sim: Simulator, folder: Path) -> None:
    names = [LORA_JOB, *(f"{LORA_JOB}:{step}" for step in (250, 500))]
    sim.add_archive(LORA_JOB, TINY)
    found = by_name(client.fine_tuning.download_many(names, limit_rate=2 * LEAST_RATE))
    assert [Path(found[name].unwrap().filename).parent for name in names] == [folder] * 3


def test_every_checkpoint_of_a_job_can_be_selected(client: Together, folder: Path) -> None:
    assert folder.is_dir()
    names = {checkpoint.name for checkpoint in client.fine_tuning.list_checkpoints(LORA_JOB)}
    found = by_name(client.fine_tuning.download_many(all_checkpoints(LORA_JOB)))
    assert set(found) == names
    assert len({outcome.unwrap().filename for outcome in found.values()}) == len(names) > 1


def test_jobs_can_be_selected_by_status(client: Together, sim: Simulator, folder: Path) -> None:
    assert folder.is_dir()
    completed = {job.id for job in client.fine_tuning.list().data if job.status == "completed"}
    for job in completed:
        sim.add_archive(job, SMALL)
    found = by_name(client.fine_tuning.download_many([jobs(), LORA_JOB], checkpoint_type="default"))
    assert set(found) == completed >= {LORA_JOB, FULL_JOB}


def test_no_names_have_no_outcomes(client: Together) -> None:
    assert by_name(client.fine_tuning.download_many([])) == {}


def test_the_same_call_again_downloads_nothing(client: Together, folder: Path) -> None:
    assert folder.is_dir()
    names = [LORA_JOB, FULL_JOB]
    first = by_name(client.fine_tuning.download_many(names))
    again = by_name(client.fine_tuning.download_many(names))
    for name in names:
        result = again[name].unwrap()
        assert result.filename == first[name].unwrap().filename
        assert result.resumed_from == result.size == len(SMALL)


@pytest.mark.parametrize("overwrite", [False, True])
def test_no_download_replaces_the_folder_of_another(
    client: Together, sim: Simulator, folder: Path, *, overwrite: bool
) -> None:
    contents = {job: adapter_files(job) for job in ("ft-a", "ft-b")}
    for job, files in contents.items():
        sim.add_job(job, archive=pack(files), model_output_name="acme/same")

    found = by_name(
        client.fine_tuning.download_many(contents, extract=True, checkpoint_type="adapter", overwrite=overwrite)
    )

    (good,) = (name for name, outcome in found.items() if outcome.error is None)
    (bad,) = (outcome.error for outcome in found.values() if outcome.error is not None)
    assert isinstance(bad, TargetExistsError)
    assert good in str(bad)
    weights = folder / "acme--same-adapter" / "adapter_model.safetensors"
    assert weights.read_bytes() == contents[good]["adapter_model.safetensors"]


@pytest.mark.parametrize("extract", [False, True])
def test_two_names_of_one_archive_share_its_file(
    client: Together, sim: Simulator, folder: Path, *, extract: bool
) -> None:
    sim.add_archive(LORA_JOB, pack(adapter_files("seed")))
    names = [f"{LORA_JOB}:best", f"{LORA_JOB}:750", f"{LORA_JOB}:0750"]
    found = by_name(client.fine_tuning.download_many(names, checkpoint_type="adapter", extract=extract))

    assert set(found) == set(names)
    assert {Path(outcome.unwrap().filename) for outcome in found.values()} == set(folder.iterdir())


def test_a_job_without_an_id_does_not_hide_the_others(client: Together, sim: Simulator, folder: Path) -> None:
    jobs_ = [{"status": "completed"}, {"id": 5, "status": "completed"}, {"id": LORA_JOB, "status": "completed"}]
    sim.script(Fault(path="/fine-tunes", status=200, body=json.dumps({"data": jobs_}).encode()))
    (outcome,) = client.fine_tuning.download_many(jobs())
    assert Path(outcome.unwrap().filename).parent == folder


@pytest.mark.parametrize("overwrite", [False, True])
def test_no_download_replaces_the_file_of_another(
    client: Together, sim: Simulator, folder: Path, *, overwrite: bool
) -> None:
    contents = {"ft-a": SMALL, "ft-b": SMALL[:9] + bytes(91)}
    for job, content in contents.items():
        sim.add_job(job, archive=content, model_output_name="acme/same")

    found = by_name(client.fine_tuning.download_many(contents, overwrite=overwrite))

    (good,) = (name for name, outcome in found.items() if outcome.error is None)
    (bad,) = (outcome.error for outcome in found.values() if outcome.error is not None)
    assert isinstance(bad, TargetExistsError)
    assert good in str(bad)
    assert [path.read_bytes() for path in folder.iterdir()] == [contents[good]]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"names": [LORA_JOB, "nonsense"]}, CheckpointNameError, "'nonsense' is not a job ID"),
        ({"names": "nonsense"}, CheckpointNameError, "'nonsense' is not a job ID"),
        ({"checkpoint_step": 5}, RuleError, "add it to each name"),
        ({"parallel": 0}, ConfigurationError, "parallel is 0"),
        ({"parallel": True}, ConfigurationError, "parallel is True"),
        ({"connections": 0}, ConfigurationError, "connections is 0"),
        ({"output": "ftp://bucket/models"}, ConfigurationError, "ftp"),
        ({"output": __file__}, RuleError, "expected a folder"),
        ({"nonsense": 1}, TypeError, "nonsense"),
    ],
)
def test_bad_input_is_refused_before_any_request(
    client: Together, sim: Simulator, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        client.fine_tuning.download_many(**({"names": [LORA_JOB]} | options))
    assert sim.requests == []


def test_connections_are_a_total(client: Together, sim: Simulator, folder: Path) -> None:
    assert folder.is_dir()
    for number in range(4):
        sim.add_job(f"ft-{number}", archive=20 << 20, model_output_name=f"acme/{number}")
    # Slow enough for reports meanwhile.
    sim.script(Fault(rate=40 << 20, times=None))
    reports: list[DownloadProgress] = []

    found = by_name(
        client.fine_tuning.download_many(
            [f"ft-{number}" for number in range(4)], connections=4, progress=reports.append, extract=False
        )
    )

    assert all(outcome.error is None for outcome in found.values())
    assert {report.name for report in reports} == set(found)
    assert max(report.connections for report in reports) == 1


def bulk_threads() -> list[str]:
    """The downloads that still run."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("together-ext ft-")]


@pytest.fixture
def stalled(sim: Simulator) -> str:
    """A job whose archive stalls after some bytes."""
    sim.add_job("ft-slow", archive=8 << 20, model_output_name="acme/slow")
    sim.script(Fault(stall=1 << 20, times=None, when=lambda request: "slow" in str(request)))
    return "ft-slow"


@pytest.mark.parametrize("extract", [False, True])
def test_closing_ends_all_downloads(world: World, sim: Simulator, folder: Path, stalled: str, *, extract: bool) -> None:
    sim.add_archive(LORA_JOB, pack(adapter_files("seed")))
    client: Any = world.client()
    # Not what the server has sent: a client that has read none of it yet keeps none of it.
    arrived = threading.Event()

    def watch(now: DownloadProgress) -> None:
        if now.name == stalled and now.done:
            arrived.set()

    def under_way() -> None:
        sim.wait_until(lambda found: found.stalled > 0)
        # A stream counts whole blocks, and keeps nothing.
        assert extract or arrived.wait(PATIENCE)

    options: Any = {"names": [LORA_JOB, stalled], "extract": extract, "progress": watch}

    async def first_of_async() -> Outcome[Any]:
        outcomes: AsyncGenerator[Outcome[Any]] = client._client.fine_tuning.download_many(**options)
        async for outcome in outcomes:
            await anyio.to_thread.run_sync(under_way)
            await outcomes.aclose()
            return outcome
        raise AssertionError

    def first() -> Outcome[Any]:
        outcomes: Outcomes[Any] = client.fine_tuning.download_many(**options)
        for outcome in outcomes:
            under_way()
            outcomes.close()
            return outcome
        raise AssertionError

    outcome: Outcome[Any] = world.run(first if world.name == "sync" else first_of_async)

    assert outcome.name == LORA_JOB
    assert bulk_threads() == []
    assert extract != any(path.name.endswith(".part") for path in folder.iterdir())


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_task_ends_all_downloads(backend: str, sim: Simulator, folder: Path, stalled: str) -> None:
    assert folder.is_dir()

    async def main() -> None:
        async with AsyncTogether(api_key=sim.api_key, base_url=sim.url) as client, anyio.create_task_group() as tasks:

            async def download() -> None:
                async for outcome in client.fine_tuning.download_many([stalled]):
                    raise AssertionError(outcome)

            tasks.start_soon(download)
            await anyio.to_thread.run_sync(sim.wait_until, lambda found: found.stalled > 0)
            tasks.cancel_scope.cancel()

    anyio.run(main, backend=backend)
    assert bulk_threads() == []


# Other processes ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pool(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    """Two processes that have the key."""
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_other_processes_download(client: Together, folder: Path, pool: Executor) -> None:
    names = [LORA_JOB, FULL_JOB, FAILED_JOB]
    found = by_name(client.fine_tuning.download_many(names, output="out", executor=pool))

    assert {Path(found[name].unwrap().filename).parent for name in (LORA_JOB, FULL_JOB)} == {folder / "out"}
    assert isinstance(found[FAILED_JOB].error, JobNotReadyError)


def test_a_process_without_a_key_says_so_by_name(
    client: Together, sim: Simulator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.is_dir()
    monkeypatch.delenv("TOGETHER_API_KEY", raising=False)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        (outcome,) = client.fine_tuning.download_many([LORA_JOB], executor=pool)
    assert isinstance(outcome.error, MissingKeyError)
    assert "process " in str(outcome.error)
    assert "TOGETHER_API_KEY" in str(outcome.error)
    assert sim.api_key not in str(outcome.error)


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_an_outcome(client: Together, folder: Path, pool: Executor) -> None:
    assert folder.is_dir()
    pool.submit(_end_process).exception(30)
    (outcome,) = client.fine_tuning.download_many([LORA_JOB], executor=pool)
    assert isinstance(outcome.error, BrokenProcessPool)


@pytest.mark.parametrize("given", ["http_client", "progress"])
def test_what_another_process_cannot_have_is_refused(world: World, pool: Executor, sim: Simulator, given: str) -> None:
    settings = {"http_client": world.http_client()} if given == "http_client" else {}
    options: dict[str, Callable[..., object]] = {} if settings else {"progress": print}
    with pytest.raises(RuleError, match=given):
        world.client(**settings).fine_tuning.download_many([LORA_JOB], executor=pool, **options)  # type: ignore[arg-type]
    assert sim.requests == []
