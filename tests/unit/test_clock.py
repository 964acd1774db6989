"""When a call is over, and threads that cannot be started."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.threads import no_threads
from together_ext.clock import RATE, Deadline, all_awaited, started, submitted, thread_errors
from together_ext.errors import OutOfThreadsError


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def wait(self, stop: threading.Event, seconds: float) -> None:
        del stop
        self.time += seconds


def test_a_call_ends_at_its_deadline() -> None:
    clock = Clock()
    deadline = Deadline(clock, 600)
    assert deadline.left() == 600
    clock.time += 601
    assert deadline.left() == -1


def test_progress_extends_the_deadline_and_a_trickle_does_not() -> None:
    clock = Clock()
    deadline = Deadline(clock, 600)
    for _ in range(1000):
        clock.time += 1
        deadline.moved(2 * RATE)
    assert deadline.left() == 600 + 1000
    slow = Deadline(clock, 600)
    while slow.left() > 0:
        clock.time += 1
        slow.moved(1)
    assert clock.time == 1000 + 1000 + 601


def test_the_limit_of_a_wait_is_not_extended_by_progress() -> None:
    clock = Clock()
    deadline = Deadline(clock, 600, within=3)
    deadline.moved(100 * RATE)
    assert deadline.left() == 3
    assert deadline.seconds == 3
    assert Deadline(clock, 2, within=3).left() == 2


@pytest.mark.parametrize(
    "start",
    [lambda: started(threading.Thread(target=print)), lambda: submitted(ThreadPoolExecutor(1), print)],
    ids=["thread", "pool"],
)
def test_a_thread_that_cannot_be_started_is_an_error_that_names_the_limits(start: Callable[[], object]) -> None:
    with no_threads(), pytest.raises(OutOfThreadsError, match=r"ulimit -u.*; raise it, or use fewer connections"):
        start()


def test_another_error_of_a_thread_is_raised_unchanged() -> None:
    with pytest.raises(RuntimeError, match=r"^another$"), thread_errors():
        raise RuntimeError("another")


def test_the_first_failure_of_several_calls_is_raised_while_an_earlier_one_runs() -> None:
    runs, fails, dropped = Future[int](), Future[int](), Future[int]()
    dropped.cancel()
    fails.set_exception(ValueError("failed"))
    with pytest.raises(ValueError, match=r"^failed$"):
        all_awaited([runs, dropped, fails])


def test_the_results_of_several_calls_are_in_their_order() -> None:
    with ThreadPoolExecutor(2) as pool:
        assert all_awaited([submitted(pool, abs, number) for number in (-3, 2, -1)]) == [3, 2, 1]
