"""Many tasks: a few at a time, one outcome each, and what was selected."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.threads import no_threads
from tests.waits import PATIENCE
from together_ext import CheckpointNameError, OutOfThreadsError, RuleError
from together_ext.bulk import AllCheckpoints, Jobs, Outcome, all_checkpoints, jobs
from together_ext.bulk.running import Outcomes, Remote, Tasks
from together_ext.clock import SYSTEM


def run(names: list[str], task: Callable[[str], Any], *, parallel: int) -> Outcomes[Any]:
    return Outcomes(lambda: Tasks(names, task, parallel), cancel=threading.Event(), clock=SYSTEM)


@pytest.mark.parametrize("parallel", [1, 2, 7, 50])
def test_each_task_has_one_outcome_and_no_more_run_at_once_than_allowed(parallel: int) -> None:
    names = [f"task {number}" for number in range(20)]
    lock, running, most = threading.Lock(), 0, 0

    def task(name: str) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.001)
        with lock:
            running -= 1
        return name.upper()

    found = list(run(names, task, parallel=parallel))

    assert sorted(outcome.name for outcome in found) == sorted(names)
    assert all(outcome.unwrap() == outcome.name.upper() for outcome in found)
    assert all(outcome.seconds >= 0 for outcome in found)
    assert most <= parallel


def test_tasks_start_in_order() -> None:
    started: list[str] = []
    list(run(list("abcdef"), started.append, parallel=1))
    assert started == list("abcdef")


def test_an_outcome_is_handed_out_while_other_tasks_run() -> None:
    go = threading.Event()

    def task(name: str) -> str:
        if name == "slow":
            assert go.wait(PATIENCE)
        return name

    found = run(["slow", "fast"], task, parallel=2)
    assert next(found).name == "fast"
    go.set()
    assert [outcome.name for outcome in found] == ["slow"]


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
def test_one_failure_does_not_end_the_others(kind: type[BaseException]) -> None:
    def task(name: str) -> str:
        if name == "bad":
            raise kind("no")
        return name

    found = {outcome.name: outcome for outcome in run(["a", "bad", "c"], task, parallel=2)}

    assert found["a"].result == "a"
    assert found["c"].result == "c"
    assert isinstance(found["bad"].error, kind)
    with pytest.raises(kind):
        found["bad"].unwrap()


def test_a_task_whose_thread_cannot_be_started_is_an_outcome() -> None:
    found = run(["a", "b", "c"], str.upper, parallel=1)
    assert next(found).result == "A"
    with no_threads():
        failed = next(found)
    assert (failed.name, type(failed.error)) == ("b", OutOfThreadsError)
    assert [outcome.result for outcome in found] == ["C"]


def test_nothing_to_do_has_no_outcomes() -> None:
    assert list(run([], str, parallel=3)) == []


def test_a_closed_iteration_ends_its_tasks_and_starts_no_more() -> None:
    cancel = threading.Event()
    started: list[str] = []

    def task(name: str) -> str:
        started.append(name)
        if name != "first":
            assert cancel.wait(PATIENCE)
        return name

    tasks = Tasks(["first", "second", "third", "fourth"], task, 2)
    found = Outcomes(lambda: tasks, cancel=cancel, clock=SYSTEM)
    assert next(found).name == "first"
    found.close()

    assert cancel.is_set()
    assert started in (["first", "second"], ["first", "second", "third"])
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("together-ext ")]


def test_an_iteration_can_be_closed_from_another_thread_while_it_waits() -> None:
    cancel, waits = threading.Event(), threading.Event()

    def task(name: str) -> str:
        waits.set()
        assert cancel.wait(PATIENCE)
        return name

    found = Outcomes(lambda: Tasks(["a", "b"], task, 1), cancel=cancel, clock=SYSTEM)

    def close() -> None:
        assert waits.wait(PATIENCE)
        found.close()

    closing = threading.Thread(target=close)
    closing.start()
    # Nothing is handed out after that: at most the outcome that the closing has made.
    assert [outcome.name for outcome in found] in ([], ["a"])
    closing.join(PATIENCE)
    assert list(found) == []


def test_a_dropped_iteration_ends_its_tasks() -> None:
    cancel = threading.Event()

    def task(name: str) -> str:
        if name != "first":
            assert cancel.wait(PATIENCE)
        return name

    for outcome in Outcomes(lambda: Tasks(["first", "second"], task, 2), cancel=cancel, clock=SYSTEM):
        assert outcome.name == "first"
        break
    gc.collect()
    assert cancel.is_set()


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_the_rest_of_a_task_runs_on_the_executor(pool: Executor) -> None:
    def task(name: str) -> str | Remote[str]:
        return Remote(pool, partial(_where, name))

    found: dict[str, Outcome[str]] = {outcome.name: outcome for outcome in run(["a", "bad", "c"], task, parallel=3)}

    assert found["a"].unwrap().startswith("ThreadPoolExecutor")
    assert isinstance(found["bad"].error, ValueError)


def _where(name: str) -> str:
    if name == "bad":
        raise ValueError(name)
    return threading.current_thread().name


class _Full(Executor):
    """Takes work, and never begins it."""

    def __init__(self) -> None:
        self.futures: list[Future[object]] = []
        self.submitted = threading.Semaphore(0)

    def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
        self.futures.append(Future())
        self.submitted.release()
        return self.futures[-1]


def test_a_closed_iteration_withdraws_what_an_executor_has_not_begun() -> None:
    full = _Full()

    def task(name: str) -> str | Remote[str]:
        if name == "first":
            assert full.submitted.acquire(timeout=PATIENCE)
            return name
        return Remote(full, partial(_where, name))

    found = run(["first", "second"], task, parallel=2)
    assert next(found).name == "first"
    found.close()

    assert [future.cancelled() for future in full.futures] == [True]


def test_an_executor_that_takes_no_work_is_an_outcome(pool: Executor) -> None:
    def task(name: str) -> str | Remote[str]:
        return Remote(pool, partial(_where, name))

    pool.shutdown()
    (found,) = run(["a"], task, parallel=1)
    assert isinstance(found.error, RuntimeError)


# Selections -----------------------------------------------------------------------------------------------------------


def test_selections_are_checked_when_they_are_made() -> None:
    assert all_checkpoints("ft-1") == AllCheckpoints("ft-1")
    with pytest.raises(CheckpointNameError, match="ft-1:500"):
        all_checkpoints("ft-1:500")
    with pytest.raises(RuleError, match="suffix is ''"):
        jobs(suffix="")
    with pytest.raises(RuleError, match="status is ' '"):
        jobs(status=["completed", " "])


@pytest.mark.parametrize(
    ("selection", "matching"),
    [
        (jobs(), "ac"),
        (jobs(suffix="x"), "a"),
        (jobs(status="Running"), "b"),
        (jobs(status=["running", "completed"]), "abc"),
        (jobs(status=[], suffix="x"), "ab"),
        (Jobs(), "abcd"),
    ],
)
def test_jobs_are_selected_by_status_and_suffix(selection: Jobs, matching: str) -> None:
    listed: list[dict[str, object]] = [
        {"id": "a", "status": "completed", "suffix": "x"},
        {"id": "b", "status": "running", "suffix": "x"},
        {"id": "c", "status": "COMPLETED"},
        {"id": "d"},
    ]
    assert "".join(str(job["id"]) for job in listed if selection.matches(job)) == matching


def test_an_outcome_shows_what_became_of_it() -> None:
    assert Outcome("ft-1", 5, None, 1.0).unwrap() == 5
