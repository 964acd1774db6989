"""A remote file made of parts: whose `Retry-After` holds its requests."""

from __future__ import annotations

import httpx

from together_ext.transfer.network.pauses import Pauses
from together_ext.transfer.parts import Part, PartedRemote

HOME = httpx.URL("https://api.example/v1/")


def test_a_pause_of_the_api_does_not_hold_the_hosts_of_the_parts() -> None:
    part = Part(0, 10, url="https://storage.example/part?signature=x", headers={})
    with httpx.Client() as client:
        remote = PartedRemote(client, HOME, [part], version="1", agent="test", timeout=1, action="download x")
        pauses = Pauses()
        pauses.hold(HOME, 600.0)
        assert pauses.left(remote.place, 0.0) == 0.0

        pauses.hold(httpx.URL(part.url), 30.0)
        assert pauses.left(remote.place, 0.0) == 30.0
