"""The threads of the registry's small files: how many there are, and that each task is done once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.waits import PATIENCE
from together_ext.registry.crowd import FAR, FEW, WORK, Crowd, wanted

MOST = 8
MANY = 100


class Work:
    """Records how often each task is done, and the threads."""

    def __init__(self, delay: float | None) -> None:
        self.delay, self.done = delay, Counter[int]()
        self.threads: set[int] = set()
        self._lock = threading.Lock()

    def __call__(self, task: int) -> float | None:
        with self._lock:
            self.threads.add(threading.get_ident())
            self.done[task] += 1
        return self.delay


def worked(tasks: int, do: Callable[[int], float | None], stop: threading.Event | None = None) -> None:
    with ThreadPoolExecutor(MOST) as pool:
        crowd = Crowd(range(tasks), do, MOST, stop or threading.Event())
        crowd.start(pool)
        crowd.done.result(PATIENCE)


@pytest.mark.parametrize(("delay", "threads"), [(0.0, FEW), (WORK * 3.5, FEW + 3), (10.0, MOST)])
def test_the_number_of_threads_follows_the_delay(delay: float, threads: int) -> None:
    assert wanted(delay, MOST) == threads


@pytest.mark.parametrize(
    ("tasks", "delay", "threads"),
    [(MANY, 0.0, FEW), (MANY, None, FEW), (MANY, FAR, MOST), (MOST, 0.0, MOST), (1, FAR, 1)],
    ids=["near", "nothing requested", "far", "few tasks", "one task"],
)
def test_each_task_is_done_once_by_as_many_threads_as_are_useful(tasks: int, delay: float | None, threads: int) -> None:
    work = Work(delay)
    worked(tasks, work)
    assert work.done == Counter(range(tasks))
    assert len(work.threads) <= threads


def test_all_threads_start_after_the_first_response_of_a_far_server() -> None:
    threads, all_there, lock = set[int](), threading.Event(), threading.Lock()

    def do(task: int) -> float:
        if task >= FEW:  # the first ones do not wait for the others
            with lock:
                threads.add(threading.get_ident())
            if len(threads) == MOST:
                all_there.set()
            assert all_there.wait(PATIENCE)
        return FAR

    worked(MANY, do)


def test_one_fast_response_shows_that_a_server_is_near() -> None:
    """The others are late because the machine is busy."""
    responses, lock, threads = Counter[int](), threading.Lock(), set[int]()
    fast = iter([0.0])

    def do(_: int) -> float:
        ident = threading.get_ident()
        with lock:
            threads.add(ident)
            responses[ident] += 1
            return FAR / 2 if responses[ident] == 1 else next(fast, FAR / 2)

    worked(MANY, do)
    assert len(threads) <= FEW


def test_a_server_that_is_slow_each_time_gets_more_threads() -> None:
    threads, more, lock = set[int](), threading.Event(), threading.Lock()

    def do(task: int) -> float:
        with lock:
            threads.add(threading.get_ident())
            if len(threads) > FEW:
                more.set()
        if task >= MANY - MOST:
            assert more.wait(PATIENCE)
        return FAR / 2

    worked(MANY, do)


def test_nothing_to_do_is_done_at_once() -> None:
    worked(0, Work(None))


def test_a_failure_ends_the_work() -> None:
    done = []

    def do(task: int) -> None:
        done.append(task)
        if task == MOST:
            raise ValueError(task)

    with pytest.raises(ValueError, match=str(MOST)):
        worked(10_000, do)
    assert len(done) < 10_000


def test_a_stop_ends_the_work() -> None:
    stop, done = threading.Event(), []

    def do(task: int) -> None:
        done.append(task)
        stop.set()

    worked(MANY, do, stop)
    assert len(done) <= FEW
