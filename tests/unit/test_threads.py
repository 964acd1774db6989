"""Threads that do calls, and are not waited for at the end."""

from __future__ import annotations

import threading

import pytest

from tests.threads import no_threads
from tests.waits import PATIENCE
from together_ext import OutOfThreadsError
from together_ext.registry.threads import Threads


def running(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_calls_have_results_and_errors() -> None:
    with Threads(2, "test") as pool:
        found, failed = pool.submit(divmod, 7, 2), pool.submit(divmod, 7, 0)
        assert found.result(PATIENCE) == (3, 1)
        assert isinstance(failed.exception(PATIENCE), ZeroDivisionError)


def test_no_more_threads_run_than_allowed() -> None:
    over = threading.Event()
    with Threads(2, "of this test") as pool:
        calls = [pool.submit(over.wait, PATIENCE) for _ in range(5)]
        assert len(running("of this test")) == 2
        over.set()
        assert all(call.result(PATIENCE) for call in calls)


def test_the_end_waits_for_no_call_that_waits_and_cancels_those_that_follow() -> None:
    over = threading.Event()
    with Threads(1, "test") as pool:
        waits, follows = pool.submit(over.wait, PATIENCE), pool.submit(abs, -1)
    assert not waits.done()
    assert follows.cancelled()
    over.set()
    assert waits.result(PATIENCE)


def test_the_threads_end() -> None:
    with Threads(3, "of this test") as pool:
        for future in [pool.submit(abs, number) for number in range(10)]:
            future.result(PATIENCE)
    assert not running("of this test")


def test_a_thread_that_cannot_be_started_is_an_error() -> None:
    with Threads(1, "test") as pool, no_threads(), pytest.raises(OutOfThreadsError):
        pool.submit(abs, -1)
