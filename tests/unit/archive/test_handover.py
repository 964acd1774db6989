"""The bytes of an archive that one thread puts and another one reads."""

from __future__ import annotations

import io
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.waits import PATIENCE
from together_ext.archive import Extracted
from together_ext.archive.follow import extract_arriving
from together_ext.archive.formats.source import ArchiveSource
from together_ext.archive.formats.stream import CHUNK, StoppedError
from together_ext.archive.handover import AHEAD, Handover


def put_all(handover: Handover, pieces: list[bytes]) -> None:
    """Put pieces, as long as there is a reader."""
    for piece in pieces:
        if not handover.put(piece):
            return
    handover.end()


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=20), max_size=20),
    head=st.integers(1, 30),
    counts=st.lists(st.integers(1, 40), min_size=1, max_size=10),
)
def test_the_reader_gets_every_byte_once_and_in_order(pieces: list[bytes], head: int, counts: list[int]) -> None:
    data = b"".join(pieces)
    handover = Handover(len(data))
    putting = threading.Thread(target=put_all, args=[handover, pieces])
    putting.start()
    with handover.open() as file:
        assert file.size == len(data)
        assert file.read(head) == data[:head]
        file.seek(0)
        read = b""
        while len(read) < len(data):
            count = counts[len(read) % len(counts)]
            part = file.read(count)
            assert len(part) == min(count, len(data) - len(read))
            read += part
        assert file.read(1) == b""
    putting.join()
    assert read == data


def test_an_interruption_ends_both_sides() -> None:
    handover = Handover(100)
    reader_ended = threading.Event()

    def read() -> None:
        with pytest.raises(StoppedError):
            handover.read(1)
        reader_ended.set()

    threading.Thread(target=read, daemon=True).start()
    threading.Timer(0, handover.interrupt).start()
    assert reader_ended.wait(20)
    assert [handover.put(b"x") for _ in range(AHEAD + 2)] == [False] * (AHEAD + 2)


def test_an_extraction_that_fails_before_it_reads_ends_the_download() -> None:
    """Such as one whose temporary folder cannot be made, because the disk is full."""

    class FullError(Exception):
        pass

    def unpack(source: ArchiveSource, /, *, origin: object, cancel: object) -> Extracted:
        del source, origin, cancel
        raise FullError

    failures: list[BaseException] = []

    def download() -> None:
        try:
            size = (AHEAD + 2) * CHUNK
            extract_arriving(Arriving(size), size, unpack, origin=lambda _: {}, cancel=threading.Event())
        except FullError as error:
            failures.append(error)

    downloading = threading.Thread(target=download, daemon=True)
    downloading.start()
    downloading.join(PATIENCE)
    assert len(failures) == 1


class Arriving(io.BytesIO):
    """An archive of zeros."""

    def __init__(self, size: int) -> None:
        super().__init__(bytes(size))
        self.size = size


def test_a_piece_of_the_requested_size_is_not_copied() -> None:
    piece = bytes(1000)
    handover = Handover(2000)
    handover.put(piece)

    assert handover.read(1000) is piece
