"""Determine whether values are all zero, or some NaN or infinite, at the speed of a copy and without numpy. No I/O.

A float of IEEE 754, or a bfloat16, is NaN or infinite if all bits of its exponent are set. These are in its highest two
bytes (for F16, in the highest one). Slices with a step extract those bytes, and in almost all tensors no highest byte
has all its exponent bits set, which settles it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class _Form:
    """The position of the exponent in a type.

    Attributes:
        width: Bytes of a value.
        high: The bits of the exponent in the highest byte.
        next: Its bits in the byte below.
    """

    width: int
    high: int
    next: int


FORMS: Final = {
    "F16": _Form(2, 0x7C, 0),
    "BF16": _Form(2, 0x7F, 0x80),
    "F32": _Form(4, 0x7F, 0x80),
    "F64": _Form(8, 0x7F, 0xF0),
}
"""The types that are supported."""


@dataclass(frozen=True)
class Verdict:
    """The result of a check of values.

    Attributes:
        zero: Whether all values are zero.
        broken: Whether any value is NaN or infinite.
    """

    zero: bool
    broken: bool


def judge(dtype: str, pieces: Iterable[bytes | memoryview]) -> Verdict:
    """Check every value of a tensor.

    Args:
        dtype: The type of the values, a key of `FORMS`.
        pieces: Their bytes (little-endian), in pieces of any size.
    """
    form, zero, broken, rest = FORMS[dtype], True, False, b""
    for piece in pieces:
        data = rest + bytes(piece)
        zero = zero and data == bytes(len(data))
        whole = len(data) - len(data) % form.width
        broken = broken or _has_broken(data[:whole], form)
        rest = data[whole:]
    return Verdict(zero, broken)


def _has_broken(data: bytes, form: _Form) -> bool:
    high = data[form.width - 1 :: form.width]
    if not any(byte in high for byte in range(256) if byte & form.high == form.high):
        return False
    # For every value one byte in each of two large integers: 1 where all bits of the exponent are set.
    below = data[form.width - 2 :: form.width]
    return bool(int.from_bytes(_set(high, form.high)) & int.from_bytes(_set(below, form.next)))


def _set(data: bytes, bits: int) -> bytes:
    return data.translate(bytes(byte & bits == bits for byte in range(256)))
