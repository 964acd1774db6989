"""Calls in a separate thread: in order, bounded, and ended with the block."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.behind import Behind


def fail(error: Exception) -> None:
    """Raise it."""
    raise error


@given(count=st.integers(0, 50), ahead=st.integers(1, 5))
def test_calls_run_in_order_and_the_caller_is_never_too_far_ahead(count: int, ahead: int) -> None:
    handed: list[int] = []
    done: list[int] = []
    leads: list[int] = []

    def call(number: int) -> None:
        leads.append(len(handed) - number)
        done.append(number)

    with Behind(ahead) as behind:
        for number in range(count):
            behind.run(partial(call, number))
            handed.append(number)
        behind.finish()
        assert done == list(range(count))
    assert max(leads, default=0) <= ahead + 1


def test_the_first_error_is_raised_and_no_later_call_runs() -> None:
    done: list[int] = []
    with Behind(2) as behind:
        behind.run(partial(done.append, 1))
        with pytest.raises(OSError, match="first"):
            run_until_it_fails(behind, partial(done.append, 2))
        with pytest.raises(OSError, match="first"):
            behind.finish()
    assert done == [1]


def run_until_it_fails(behind: Behind, call: partial[None]) -> None:
    """Run a call that fails, then others."""
    behind.run(partial(fail, OSError("first")))
    while True:
        behind.run(call)


def test_the_thread_has_ended_after_a_block_that_fails() -> None:
    before = set(threading.enumerate())
    done: list[int] = []

    with pytest.raises(OSError, match="of the caller"):
        hand_over_and_fail(done)

    count = len(done)
    assert [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()] == []
    assert done == list(range(count))


def hand_over_and_fail(done: list[int]) -> None:
    """Leave the block in the middle."""
    with Behind(3) as behind:
        for number in range(3):
            behind.run(partial(done.append, number))
        fail(OSError("of the caller"))
