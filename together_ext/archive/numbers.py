"""Tell whether numbers are all zero, or some of them NaN or infinite, at the speed of a copy and without numpy. No I/O.

A float of IEEE 754, or a bfloat16, is NaN or infinite if all bits of its exponent are set. These are in its highest two
bytes (of an F16 in the highest alone). Slices with a step take those bytes out, and almost always the search for the
few values that the highest can have then ends the matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class _Form:
    """Where the exponent of a type stands.

    Attributes:
        width: Bytes of a number.
        high: The exponent's bits in the highest byte.
        next: Its bits in the one below.
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
"""The types that can be judged."""


@dataclass(frozen=True)
class Verdict:
    """What numbers are.

    Attributes:
        zero: Whether every one of them is zero.
        broken: Whether one of them is NaN or infinite.
    """

    zero: bool
    broken: bool


def judge(dtype: str, pieces: Iterable[bytes | memoryview]) -> Verdict:
    """Look at every number of a tensor.

    Args:
        dtype: Their type, one of `FORMS`.
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
    # One byte in each of two long integers for every number: 1 where all bits of the exponent are set.
    below = data[form.width - 2 :: form.width]
    return bool(int.from_bytes(_set(high, form.high)) & int.from_bytes(_set(below, form.next)))


def _set(data: bytes, bits: int) -> bytes:
    return data.translate(bytes(byte & bits == bits for byte in range(256)))
