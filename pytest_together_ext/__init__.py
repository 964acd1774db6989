"""The pytest plugin of together-ext: fixtures with a local simulator of the API.

Imports nothing of `together_ext` until a test requests a fixture, so that the plugin costs other test runs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from together_ext import Together
    from together_ext.simulator import Simulator

__all__ = ["together_client", "together_simulator"]

_FOREIGN = ("TOGETHER_PROJECT_ID", "TOGETHER_CUSTOM_HEADERS")
"""Settings of the user's own account, which are unset during a test."""

_MARKER = "together_simulator(**options): keyword arguments of together_ext.simulator.Simulator for this test"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def together_simulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A new simulator for this test; `TOGETHER_BASE_URL` and `TOGETHER_API_KEY` lead to it.

    The marker `@pytest.mark.together_simulator(pace=1)` sets keyword arguments of `Simulator`.
    """
    from together_ext.simulator import Simulator  # noqa: PLC0415 - only when it is used

    marker = request.node.get_closest_marker("together_simulator")
    with Simulator(**({} if marker is None else marker.kwargs)) as simulator:
        monkeypatch.setenv("TOGETHER_BASE_URL", simulator.url)
        monkeypatch.setenv("TOGETHER_API_KEY", simulator.api_key)
        for name in _FOREIGN:
            monkeypatch.delenv(name, raising=False)
        # A proxy of the environment cannot reach this machine.
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1", prepend=",")
        yield simulator


@pytest.fixture
def together_client(together_simulator: Simulator) -> Iterator[Together]:
    """A client of `together_simulator`, closed after the test."""
    from together_ext import Together  # noqa: PLC0415 - only when it is used

    with Together(api_key=together_simulator.api_key, base_url=together_simulator.url) as client:
        yield client
