"""Headers of zstd frames, as the library writes them."""

from __future__ import annotations

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.formats.frame import LONGEST, FrameHeader, is_skippable


@pytest.mark.parametrize("log", [10, 17, 27])
def test_the_window_of_a_stream_is_read(log: int) -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: log})
    frame = packer.compress(b"x") + packer.flush()

    found = FrameHeader.parse(frame)

    assert found is not None
    assert (found.window, found.length, found.dictionary, found.checksum) == (1 << log, 6, 0, False)


@pytest.mark.parametrize("size", [0, 255, 256, 65_791, 65_792, 1_000_000])
def test_a_frame_of_one_segment_needs_all_of_its_content(size: int) -> None:
    options: dict[int, int] = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.checksum_flag: 1}
    found = FrameHeader.parse(zstd.compress(bytes(size), options=options))

    assert found is not None
    assert (found.window, found.checksum) == (size, True)


def test_the_dictionary_is_read() -> None:
    samples = [f"line {number} of a sample that repeats, {number * 7}\n".encode() * 20 for number in range(200)]
    dictionary = zstd.train_dict(samples, 4000)

    found = FrameHeader.parse(zstd.compress(samples[0], zstd_dict=dictionary))

    assert found is not None
    assert found.dictionary == dictionary.dict_id != 0


@given(st.binary(max_size=LONGEST))
def test_whatever_the_bytes_are_they_are_a_header_or_none(data: bytes) -> None:
    assert FrameHeader.parse(data) is None
    assert not is_skippable(data[:3])
    found = FrameHeader.parse(b"\x28\xb5\x2f\xfd" + data)
    assert found is None or found.length <= len(data) + 4
