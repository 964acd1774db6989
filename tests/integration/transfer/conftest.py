"""Fixtures for the tests of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from together_ext.simulator import Simulator

from .lab import Lab


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A server of the test's own."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """A client; nothing here speaks TLS, and to load certificates would take most of the time of most tests."""
    with httpx.Client(verify=False, trust_env=False) as found:  # noqa: S501
        yield found


@pytest.fixture
def lab(sim: Simulator, client: httpx.Client, tmp_path: Path) -> Lab:
    """The server, an empty folder, and a clock without real waits."""
    folder = tmp_path / "models"
    folder.mkdir()
    return Lab(sim, folder, client)
