"""What the connections of a transfer share."""

from __future__ import annotations

from pathlib import Path

import httpx
from hypothesis import given
from hypothesis import strategies as st

from together_ext.transfer.board import AT_RISK, LEAST_PORTION, Board
from together_ext.transfer.network.headers import Validator
from together_ext.transfer.options import Conduct
from together_ext.transfer.partial import Partial
from together_ext.transfer.plan import Plan
from together_ext.transfer.responses import Content
from together_ext.transfer.session import Session
from together_ext.transfer.sink import BUFFER, FileSink
from together_ext.transfer.source import Remote
from together_ext.transfer.throttle import BURST

MIB = 1 << 20


def board(size: int, connections: int, limit_rate: float | None = None) -> Board:
    """A board on which so many connections have something to do."""
    content = Content(0, size, size, Validator(), partial=True, encoded=False, media_type="")
    with httpx.Client(verify=False) as client:  # noqa: S501 -- nothing is sent
        remote = Remote(client, "http://storage.example", headers={}, timeout=1, action="download it")
    plan = Plan(size, connections=connections, smallest=1)
    session = Session(remote, Conduct(limit_rate=limit_rate), keeps=True)
    found = Board(plan, lambda: FileSink(Partial(Path("/nowhere/file"))), session, content)
    found.opening()
    return found


class TestPortion:
    @given(size=st.integers(1, 1 << 42), connections=st.integers(1, 64))
    def test_a_kill_loses_a_small_part_of_what_is_in_memory(self, size: int, connections: int) -> None:
        found = board(size, connections).portion
        assert LEAST_PORTION <= found <= BUFFER
        assert found == LEAST_PORTION or found * min(connections, size) <= size / AT_RISK

    def test_few_connections_to_a_large_file_use_the_whole_buffer(self) -> None:
        assert board(2048 * MIB, 2).portion == BUFFER

    def test_a_limit_on_the_rate_takes_smaller_ones(self) -> None:
        assert board(2048 * MIB, 2, limit_rate=100_000.0).portion == int(100_000 * BURST)
