"""The front of a growing file: what is read of it is what has arrived, and nothing else."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.waits import PATIENCE
from together_ext.transfer.front import Front, FrontLostError

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def growing(tmp_path: Path) -> Path:
    """A partial file whose last half has not arrived."""
    path = tmp_path / "file.part"
    path.write_bytes(CONTENT[:512] + bytes(512))
    return path


def read(front: Front, *counts: int) -> list[bytes]:
    with front.open() as file:
        return [file.read(count) for count in counts]


def beside(call: Callable[[], list[bytes]]) -> Future[list[bytes]]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(call)
    pool.shutdown(wait=False)
    return future


def test_what_has_arrived_is_read_at_once(growing: Path) -> None:
    front = Front()
    front.begin(growing, 1024)
    front.reach(512)
    assert read(front, 100, 400) == [CONTENT[:100], CONTENT[100:500]]


def test_a_reader_waits_for_the_rest(growing: Path) -> None:
    front = Front()
    reading = beside(lambda: read(front, 300, 300, 4000, 1))
    front.begin(growing, 1024)
    front.reach(512)
    front.reach(300)  # Of a slower thread: nothing that has arrived goes away again.
    with growing.open("r+b") as file:
        file.seek(512)
        file.write(CONTENT[512:])
    assert not reading.done()
    front.reach(1024)
    front.end()
    assert reading.result(PATIENCE) == [CONTENT[:300], CONTENT[300:600], CONTENT[600:], b""]


def test_a_reader_can_go_back(growing: Path) -> None:
    front = Front()
    front.begin(growing, 1024)
    front.reach(512)
    with front.open() as file:
        assert file.read(4) == CONTENT[:4]
        assert file.seek(0) == 0
        assert file.read(8) == CONTENT[:8]
        assert file.size == 1024


@pytest.mark.parametrize(
    "lose",
    [
        lambda front, path: front.begin(path, 2000),
        lambda front, _: front.end(),
        lambda front, _: front.interrupt(),
    ],
    ids=["begun anew", "ended", "interrupted"],
)
def test_a_reader_of_missing_bytes_gets_an_error(growing: Path, lose: Callable[[Front, Path], object]) -> None:
    front, opened = Front(), threading.Event()
    front.begin(growing, 1024)
    front.reach(512)

    def reading() -> list[bytes]:
        with front.open() as file:
            opened.set()
            return [file.read(1000)]

    future = beside(reading)
    assert opened.wait(PATIENCE)
    lose(front, growing)
    with pytest.raises(FrontLostError):
        future.result(PATIENCE)


def test_a_file_opened_before_a_restart_is_not_read(growing: Path) -> None:
    front = Front()
    front.begin(growing, 1024)
    front.reach(1024)
    with front.open() as file:
        front.begin(growing, 1024)
        front.reach(1024)
        with pytest.raises(FrontLostError):
            file.read(1)


def test_a_file_that_never_grows_is_an_error(tmp_path: Path) -> None:
    front = Front()
    reading = beside(lambda: read(front, 1))
    front.end()
    with pytest.raises(FrontLostError):
        reading.result(PATIENCE)
    gone = Front()
    gone.begin(tmp_path / "gone", 1)
    with pytest.raises(FrontLostError):
        read(gone, 1)


def test_a_reader_can_be_interrupted_before_the_file_begins_to_grow(growing: Path) -> None:
    """As if the transfer failed before its first request."""
    front = Front()
    reading = beside(lambda: read(front, 1))
    front.interrupt()
    with pytest.raises(FrontLostError):
        reading.result(PATIENCE)
    front.begin(growing, 1024)
    with pytest.raises(FrontLostError):
        read(front, 1)


def test_a_file_shorter_than_announced_is_detected(growing: Path) -> None:
    front = Front()
    front.begin(growing, 2000)
    front.reach(2000)
    with pytest.raises(FrontLostError):
        read(front, 2000)


@pytest.mark.parametrize("weakness", ["a link", "two names", "others can write"])
def test_a_file_that_others_put_in_its_place_is_not_read(growing: Path, weakness: str) -> None:
    """Others may write to the folder; what is read there becomes the extracted weights."""
    place = growing
    if weakness == "a link":
        place = growing.with_name("link")
        place.symlink_to(growing)
    elif weakness == "two names":
        os.link(growing, growing.with_name("other"))
    else:
        growing.chmod(0o666)
    front = Front()
    front.begin(place, 1024)
    front.reach(1024)
    with pytest.raises(FrontLostError):
        read(front, 1)
