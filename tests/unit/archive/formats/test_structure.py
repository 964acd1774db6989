"""Whether an archive is complete: real ones of every kind, and each of their cuts."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.formats.structure import check_structure
from together_ext.errors import IntegrityError

SKIPPABLE = b"\x5f\x2a\x4d\x18\x04\x00\x00\x00abcd"


def tar(format_: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as archive:
        for name, data in {"config.json": b"{}", "n" * 150: bytes(range(256)) * 300, "empty": b""}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        archive.addfile(tarfile.TarInfo("folder/"))
    return out.getvalue()


TAR = tar()
CHECKSUM = {int(zstd.CompressionParameter.checksum_flag): 1}
ZSTD = zstd.compress(TAR, options=CHECKSUM)
UNSIZED = zstd.ZstdCompressor().compress(TAR, zstd.ZstdCompressor.FLUSH_FRAME)


def checked(data: bytes, look: Callable[[], object] = lambda: None) -> bool:
    return check_structure(lambda offset, count: data[offset : offset + count], len(data), look)


@pytest.mark.parametrize(
    "data",
    [
        ZSTD,
        UNSIZED,
        zstd.compress(b""),
        zstd.compress(bytes(3 << 20)),
        SKIPPABLE + ZSTD + SKIPPABLE + ZSTD,
        SKIPPABLE,
        TAR,
        tar(tarfile.GNU_FORMAT),
        TAR.rstrip(b"\0") + bytes(-len(TAR.rstrip(b"\0")) % 512 + 512),
    ],
    ids=range(9),
)
def test_a_whole_archive_is_complete(data: bytes) -> None:
    assert checked(data)


@pytest.mark.parametrize("data", [gzip.compress(TAR), b"unknown" * 100, b""], ids=["gzip", "unknown", "empty"])
def test_what_cannot_tell_is_not_judged(data: bytes) -> None:
    assert not checked(data)


@given(cut=st.integers(8, len(ZSTD) - 1), data=st.sampled_from([ZSTD, SKIPPABLE + ZSTD]))
def test_every_cut_of_zstd_is_noticed(cut: int, data: bytes) -> None:
    if data[:cut] != SKIPPABLE:  # which is an archive of its own
        with pytest.raises(IntegrityError):
            checked(data[:cut])


@given(cut=st.integers(512, len(TAR.rstrip(b"\0")) // 512 * 512))
def test_every_cut_of_tar_before_its_end_is_noticed(cut: int) -> None:
    with pytest.raises(IntegrityError, match="truncated"):
        checked(TAR[:cut])


@pytest.mark.parametrize("garbage", [b"garbage", b"\0" * 100, b"<html>" * 100], ids=repr)
def test_what_follows_the_last_frame_is_refused(garbage: bytes) -> None:
    with pytest.raises(IntegrityError, match="no zstd frame"):
        checked(ZSTD + garbage)


@given(start=st.integers(1, len(TAR.rstrip(b"\0")) // 512 - 1))
def test_a_hole_in_a_tar_up_to_its_last_member_is_noticed(start: int) -> None:
    """As in a file that was allocated and not downloaded there."""
    last = len(TAR.rstrip(b"\0")) // 512 * 512
    hole = TAR[: start * 512] + bytes(last - start * 512) + TAR[last:]
    with pytest.raises(IntegrityError, match=r"data follows|truncated"):
        checked(hole)


@pytest.mark.parametrize("distance", [0, 512, 9_000, 100_000])
def test_what_follows_the_end_of_a_tar_is_refused(distance: int) -> None:
    with pytest.raises(IntegrityError, match="data follows"):
        checked(TAR + bytes(distance) + b"x")


@given(data=st.binary(max_size=400), magic=st.sampled_from([b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", TAR[:512]]))
def test_no_bytes_do_more_than_be_refused(data: bytes, magic: bytes) -> None:
    with suppress(IntegrityError):
        checked(magic + data)


def test_the_check_can_be_stopped_among_very_many_frames() -> None:
    class StoppedError(Exception):
        pass

    def stop() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        checked(SKIPPABLE * 10_000, stop)
