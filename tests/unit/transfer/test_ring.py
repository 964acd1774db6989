"""The memory of an ordered stream: what was received is read once, in order, in no more than the window."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.waits import PATIENCE
from together_ext.errors import IntegrityError, TransferCancelledError
from together_ext.transfer.ring import Ring
from together_ext.transfer.window import BLOCK

LIMIT = PATIENCE


def fill(ring: Ring, offset: int, data: bytes) -> None:
    """Receive bytes at an offset."""
    buffer = ring.buffer(offset, len(data))
    buffer[: len(data)] = data


def read(ring: Ring, offset: int) -> bytes | None:
    """What can be read at an offset now; None if it has not arrived."""
    view = ring.view(offset, 0)
    return None if view is None else bytes(view)


def test_the_reader_gets_what_has_arrived() -> None:
    ring = Ring(2)
    fill(ring, 0, b"weights")
    assert read(ring, 0) is None
    ring.reach(7)
    assert read(ring, 0) == b"weights"
    assert read(ring, 3) == b"ghts"
    assert read(ring, 7) is None


def test_a_buffer_ends_with_its_block() -> None:
    ring = Ring(2)
    assert len(ring.buffer(BLOCK - 3, 100)) == 3
    assert len(ring.buffer(BLOCK, 100)) == 100


def test_a_view_cannot_be_written_to() -> None:
    ring = Ring(1)
    fill(ring, 0, b"x")
    ring.reach(1)
    view = ring.view(0, 0)
    assert view is not None
    assert view.readonly


def test_a_block_that_was_read_in_part_stays() -> None:
    ring = Ring(1)
    fill(ring, 0, b"weights")
    ring.reach(7)
    ring.release(3)
    assert read(ring, 3) == b"ghts"


def test_memory_is_used_again() -> None:
    ring = Ring(2)
    for index in range(6):
        fill(ring, index * BLOCK, bytes([index]) * BLOCK)
        ring.reach((index + 1) * BLOCK)
        view = ring.view(index * BLOCK, 0)
        assert view is not None
        assert bytes(view) == bytes([index]) * BLOCK
        ring.release((index + 1) * BLOCK)
    assert len(ring._free) == 1


def test_a_connection_waits_for_room() -> None:
    ring = Ring(1)
    ring.buffer(0, BLOCK)
    ring.reach(BLOCK)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ring.buffer, BLOCK, BLOCK)
        assert not waiting.done()
        ring.release(BLOCK)
        assert len(waiting.result(LIMIT)) == BLOCK


def test_closing_wakes_up_a_connection_and_the_reader() -> None:
    ring = Ring(1)
    with ThreadPoolExecutor(2) as pool:
        connection, reader = pool.submit(ring.buffer, BLOCK, 1), pool.submit(ring.view, 0, LIMIT)
        ring.close()
        assert isinstance(connection.exception(LIMIT), TransferCancelledError)
        assert isinstance(reader.exception(LIMIT), ValueError)


def test_a_connection_that_comes_too_late_gets_no_memory() -> None:
    ring = Ring(2)
    ring.buffer(0, BLOCK)
    ring.reach(BLOCK)
    ring.release(BLOCK)
    with pytest.raises(TransferCancelledError):
        ring.buffer(0, 1)


def test_the_end_is_an_empty_view() -> None:
    ring = Ring(1)
    fill(ring, 0, b"x")
    ring.reach(1)
    ring.end(None)
    assert read(ring, 0) == b"x"
    assert read(ring, 1) == b""


def test_a_failure_is_raised_at_each_attempt_to_read() -> None:
    ring = Ring(1)
    ring.end(IntegrityError("broken"))
    for _ in range(2):
        with pytest.raises(IntegrityError, match="broken"):
            ring.view(0, 0)


def test_a_closed_ring_has_no_later_failure() -> None:
    ring = Ring(1)
    ring.close()
    ring.end(IntegrityError("broken"))
    with pytest.raises(ValueError, match="closed"):
        ring.view(0, 0)


def test_a_reader_whose_ring_is_closed_by_another_thread_gets_the_error_of_a_closed_stream() -> None:
    ring = Ring(1)
    fill(ring, 0, bytes(BLOCK))
    ring.reach(BLOCK)
    ring.close()
    ring.release(BLOCK)
    with pytest.raises(ValueError, match="closed"):
        ring.view(BLOCK, 0)
