"""A reader that follows a transfer: it gets the bytes of the file, or an error."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial

import pytest

from tests.waits import PATIENCE, wait_until
from together_ext.errors import NotEnoughSpaceError, TransferError
from together_ext.simulator import Fault
from together_ext.transfer import Fetched
from together_ext.transfer.front import Front, FrontLostError

from .lab import Lab

SIZE = 20_000_000


@contextmanager
def followed(front: Front) -> Iterator[Future[bytes]]:
    """Read a growing file to its end in another thread."""

    def reading() -> bytes:
        read = bytearray()
        with front.open() as file:
            while piece := file.read(100_000):
                read += piece
        return bytes(read)

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(reading)


def _has_failed(reading: Future[bytes], _: Fetched) -> bool:
    """Whether a reader failed; until it has ended, the file is not renamed, and can be opened."""
    return reading.exception(PATIENCE) is not None


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [Fault(cut=3_000_000, times=4)],
        [Fault(ignore_range=True, times=None)],
        [Fault(no_validator=True, times=None)],
    ],
    ids=["segments", "broken segments", "one stream", "one stream without validator"],
)
def test_a_reader_gets_the_bytes(lab: Lab, faults: list[Fault]) -> None:
    content, front = lab.serve(SIZE), Front()
    lab.sim.faults.append(*faults)
    with followed(front) as reading:
        lab.fetch(front=front, consume=partial(_has_failed, reading))
        assert reading.result(PATIENCE) == content
    lab.assert_whole()


def test_a_reader_does_not_wait_for_existing_bytes(lab: Lab) -> None:
    """One segment stands still; all before it can be read meanwhile."""
    content, front = lab.serve(SIZE), Front()
    lab.sim.faults.append(
        Fault(when=lambda request: not request.headers.get("range", "").startswith("bytes=0-"), stall=0, times=None)
    )
    with followed(front) as whole, ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(lambda: lab.fetch(front=front, connections=2))
        with front.open() as file:
            assert file.read(8 << 20) == content[: 8 << 20]
        assert not whole.done()
        lab.sim.faults.clear()

        def done() -> bool:
            # It releases the responses that stall now, and some may be just about to.
            lab.sim.release()
            return fetching.done()

        wait_until(done)
        assert whole.result(PATIENCE) == content


def test_a_resumed_run_begins_with_the_existing_bytes(lab: Lab) -> None:
    content = lab.serve(SIZE)
    lab.sim.faults.append(Fault(cut=2_000_000, times=None))
    with pytest.raises(TransferError):
        lab.fetch(retries=0)
    lab.sim.faults.clear()
    front = Front()
    with followed(front) as reading:
        assert lab.fetch(front=front, consume=partial(_has_failed, reading)).resumed_from > 0
        assert reading.result(PATIENCE) == content


def test_a_file_that_changes_in_the_middle_is_never_mixed(lab: Lab) -> None:
    lab.serve(SIZE)
    lab.sim.faults.append(Fault(replace=True, skip=2))
    front = Front()
    with followed(front) as reading:
        lab.fetch(front=front)
        with suppress(FrontLostError):
            assert reading.result(PATIENCE) == lab.path.read_bytes()


def test_a_broken_single_stream_is_an_error(lab: Lab) -> None:
    lab.serve(SIZE)
    lab.sim.faults.append(Fault(ignore_range=True, times=None, cut=5_000_000, skip=0))
    front = Front()
    with followed(front) as reading:
        with pytest.raises(TransferError):
            lab.fetch(front=front, retries=1)
        with pytest.raises(FrontLostError):
            reading.result(PATIENCE)


def test_an_existing_file_does_not_grow(lab: Lab) -> None:
    lab.serve(SIZE)
    lab.fetch()
    front = Front()
    with followed(front) as reading:
        lab.fetch(front=front)
        with pytest.raises(FrontLostError):
            reading.result(PATIENCE)


def test_a_failed_transfer_ends_its_reader(lab: Lab) -> None:
    front = Front()
    lab.sim.faults.append(Fault(status=404, times=None))
    with followed(front) as reading:
        with pytest.raises(Exception, match="404"):
            lab.fetch(front=front)
        with pytest.raises(FrontLostError):
            reading.result(PATIENCE)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_consumed_file_leaves_nothing(lab: Lab, *, ranges: bool) -> None:
    content = lab.serve(SIZE)
    lab.sim.faults.append(*([] if ranges else [Fault(ignore_range=True, times=None)]))
    read: list[bytes] = []

    def consume(fetched: Fetched) -> bool:
        assert fetched.size == SIZE
        read.append(lab.part.read_bytes())
        return True

    lab.fetch(consume=consume)
    assert read == [content]
    lab.assert_nothing()


def test_a_file_that_was_not_consumed_gets_its_name(lab: Lab) -> None:
    lab.serve(SIZE)
    lab.fetch(consume=lambda _: False)
    lab.assert_whole()


def test_all_bytes_are_kept_when_their_use_is_stopped(lab: Lab) -> None:
    lab.serve(SIZE)

    def consume(_: Fetched) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.fetch(consume=consume)
    lab.assert_partial()
    assert lab.fetch().resumed_from == SIZE
    lab.assert_whole()


@pytest.mark.parametrize("ranges", [True, False])
def test_space_for_the_result_is_checked_first(lab: Lab, *, ranges: bool) -> None:
    lab.serve(SIZE)
    lab.sim.faults.append(*([] if ranges else [Fault(ignore_range=True, times=None)]))
    with pytest.raises(NotEnoughSpaceError) as raised:
        lab.fetch(room=2.0**30)
    assert raised.value.needed > SIZE * 2**30
    lab.assert_nothing()
