"""What the tests of the simulator share: requests to it."""

from __future__ import annotations

import httpx

from tests.waits import PATIENCE
from together_ext.simulator import (
    LORA_JOB,
    Simulator,
)
from together_generated import AuthenticatedClient

ADAPTER = {"ft_id": LORA_JOB, "checkpoint": "adapter"}
MERGED = {"ft_id": LORA_JOB, "checkpoint": "merged"}
SMALL = b"\x28\xb5\x2f\xfd\x20\x5b\xd9\x02\x00" + bytes(range(91))


def generated(sim: Simulator) -> AuthenticatedClient:
    """A generated client that raises what it does not know."""
    return AuthenticatedClient(sim.url, sim.api_key, raise_on_unexpected_status=True, verify_ssl=False)


# Nothing here speaks TLS, and loading the certificates for it would take most of the time of most tests.
PLAIN = httpx.Client(timeout=PATIENCE, verify=False)  # noqa: S501


def key_of(sim: Simulator) -> dict[str, str]:
    """The header that opens the door."""
    return {"Authorization": f"Bearer {sim.api_key}"}


def download(sim: Simulator, **query: object) -> httpx.Response:
    """One download."""
    params = {name: str(value) for name, value in query.items()}
    return PLAIN.get(f"{sim.url}/finetune/download", params=params, headers=key_of(sim))


def collect(answer: httpx.Response, got: bytearray) -> None:
    """Keep what arrives, however it ends."""
    for piece in answer.iter_raw():
        got += piece
