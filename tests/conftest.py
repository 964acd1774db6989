"""What holds for every test: it leaves the process as it found it."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A loaded machine is slow, and slow is no fault.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Other examples in every run; to choose one takes longer than to try it. `make fuzz` takes the time.
settings.register_profile("brief", unhurried, max_examples=25)
settings.register_profile("thorough", unhurried, max_examples=1000)
settings.load_profile("brief")

# glibc has a heap for each of the first threads, and keeps what is freed there: a gigabyte after ten thousand tests.
_MOST_HEAPS = -8  # M_ARENA_MAX
with suppress(AttributeError):  # another C library
    ctypes.CDLL(None).mallopt(_MOST_HEAPS, 1)

# A quarter of a million objects of ten thousand tests, which all stay: nothing to look for among them.
gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later garbage collection."""
    gc.freeze()
    gc.enable()


ROOT = Path(__file__).parent.parent
BUILT = frozenset({"build", "demo", "dist", "site"})
"""What `make` puts into the repository, perhaps while the tests run."""


def _environment() -> dict[str, str]:
    found = os.environ.copy()
    found.pop("PYTEST_CURRENT_TEST", None)
    return found


def _any_missing() -> bool:
    return None in sys.modules.values()  # half the time of a loop, for a thousand modules


def _process() -> dict[str, object]:
    """State that a test could leave for the next one."""
    ours = logging.getLogger("together_ext")
    return {
        "current folder": os.getcwd(),  # noqa: PTH109 -- a third of the time
        "files in the repository": {name for name in os.listdir(ROOT) if name[0] != "." and name not in BUILT},  # noqa: PTH208
        "environment": _environment(),
        "import path": list(sys.path),
        "missing modules": [name for name, module in sys.modules.items() if module is None] if _any_missing() else [],
        "standard streams": (sys.__stdin__, sys.__stdout__, sys.__stderr__),
        "log": (ours.level, list(ours.handlers), ours.propagate, logging.root.level),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
    }


@pytest.fixture(autouse=True)
def nothing_outlives_a_test() -> Iterator[None]:
    """Fail the test that leaves state, instead of a later one."""
    before = _process()
    yield
    after = _process()
    left = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert not left, f"this test left something behind (before, after): {left}"
