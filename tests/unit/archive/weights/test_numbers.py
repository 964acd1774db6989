"""Zeros, NaN and infinity, recognized in bytes."""

from __future__ import annotations

import math
import struct
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.weights.numbers import FORMS, judge

FORMATS: Final = {"F16": "<e", "F32": "<f", "F64": "<d"}


def value_of(dtype: str, data: bytes) -> float:
    """The number that some bytes are."""
    if dtype == "BF16":
        # The upper half of an F32.
        dtype, data = "F32", b"\0\0" + data
    return float(struct.unpack(FORMATS[dtype], data)[0])


def cut(data: bytes, at: int) -> list[bytes]:
    """The data in pieces of one size."""
    return [data[start : start + at] for start in range(0, len(data), at)]


@given(
    dtype=st.sampled_from(sorted(FORMS)),
    # Bytes that make up the edges of exponents.
    data=st.lists(st.sampled_from([0, 1, 0x78, 0x7B, 0x7C, 0x7F, 0x80, 0xEF, 0xF0, 0xFB, 0xFC, 0xFF])).map(bytes),
    at=st.integers(1, 9),
)
def test_the_verdict_is_that_of_every_single_number(dtype: str, data: bytes, at: int) -> None:
    width = FORMS[dtype].width
    data = data[: len(data) - len(data) % width]
    numbers = [value_of(dtype, number) for number in cut(data, width)]

    verdict = judge(dtype, cut(data, at))

    assert verdict.broken == (not all(map(math.isfinite, numbers)))
    assert verdict.zero == (not data.strip(b"\0"))


@pytest.mark.parametrize("dtype", sorted(FORMS))
def test_one_bad_number_in_a_million_is_found(dtype: str) -> None:
    width = FORMS[dtype].width
    infinity = {"F16": b"\0\x7c", "BF16": b"\x80\x7f", "F32": b"\0\0\x80\x7f", "F64": bytes(6) + b"\xf0\x7f"}[dtype]
    data = bytes(999_999 * width) + infinity

    assert not judge(dtype, [data[:-width]]).broken
    assert judge(dtype, [memoryview(data)]).broken
