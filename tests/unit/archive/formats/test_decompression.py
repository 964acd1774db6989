"""Decompression of very many tiny frames: what it does is proportional to the bytes."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from backports import zstd

from together_ext.archive.formats.source import OpenArchive
from together_ext.archive.formats.stream import Input, StoppedError, gunzip, unzstd
from together_ext.archive.limits import Limits


class Counting(Input):
    """Counts the bytes that a decompressor is given, each time that it is."""

    given = 0

    def take(self, count: int) -> memoryview:
        taken = super().take(count)
        self.given += len(taken)
        return taken


class Stored(io.BytesIO):
    """An archive in memory."""

    size = 0


FROM: dict[str, Callable[[Input], Iterator[bytes]]] = {
    "zstd": partial(unzstd, name="x", limits=Limits()),
    "gzip": gunzip,
}
MANY = {
    "empty frames": ("zstd", zstd.compress(b"") * 20_000, b""),
    "tiny frames": ("zstd", zstd.compress(b"x") * 20_000, b"x" * 20_000),
    "skippable frames": ("zstd", b"\x50\x2a\x4d\x18\0\0\0\0" * 20_000, b""),
    "empty members": ("gzip", gzip.compress(b"") * 20_000, b""),
    "tiny members with zeros": ("gzip", (gzip.compress(b"x") + b"\0") * 20_000, b"x" * 20_000),
}


@pytest.mark.parametrize("name", MANY)
def test_a_decompressor_is_given_not_much_more_than_there_is(name: str) -> None:
    kind, data, content = MANY[name]
    archive: OpenArchive = Stored(data)
    given = Counting(archive, threading.Event())

    assert b"".join(FROM[kind](given)) == content
    assert given.given <= 8 * len(data)


@pytest.mark.parametrize("name", MANY)
def test_it_can_be_stopped_among_them(name: str) -> None:
    kind, data, _ = MANY[name]
    looks = 0

    class Later(threading.Event):
        """Set when it was looked at a few times."""

        def is_set(self) -> bool:
            nonlocal looks
            looks += 1
            return looks > 3

    with pytest.raises(StoppedError):
        list(FROM[kind](Input(Stored(data * 10), Later())))


def test_one_large_frame_is_read_in_large_pieces() -> None:
    data = zstd.compress(bytes(8 << 20))

    sizes = [len(piece) for piece in unzstd(Input(Stored(data), threading.Event()), "x", Limits())]

    assert sum(sizes) == 8 << 20
    assert len(sizes) < 40
