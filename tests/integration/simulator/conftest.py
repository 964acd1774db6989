"""Simulators and clients, for the tests of the simulator."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import httpx
import pytest

from tests.waits import PATIENCE
from together_ext.simulator import (
    LORA_JOB,
    Simulator,
)
from together_generated import AuthenticatedClient

from .asking import PLAIN, SMALL, generated, key_of


@pytest.fixture(autouse=True)
def _the_server_has_nothing_to_complain_about(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Its errors are logged in another thread, where they fail no test by themselves."""
    yield
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.WARNING]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A simulator whose LoRA job has small weights, so that tests can look at each byte."""
    with Simulator() as simulator:
        simulator.add_archive(LORA_JOB, SMALL)
        yield simulator


@pytest.fixture(scope="module")
def real() -> Iterator[Simulator]:
    """A simulator as it comes, shared by tests that only read."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def http(sim: Simulator) -> Iterator[httpx.Client]:
    """A client with the key."""
    with httpx.Client(base_url=sim.url, headers=key_of(sim), timeout=PATIENCE, verify=False) as client:  # noqa: S501
        yield client


@pytest.fixture
def api(sim: Simulator) -> Iterator[AuthenticatedClient]:
    """The generated client, as the handwritten layer uses it."""
    with generated(sim) as client:
        yield client


@pytest.fixture(scope="module")
def real_api(real: Simulator) -> Iterator[AuthenticatedClient]:
    """The same for the simulator that is shared."""
    with generated(real) as client:
        yield client


@pytest.fixture(scope="session", autouse=True)
def _plain_is_closed() -> Iterator[None]:
    yield
    PLAIN.close()
