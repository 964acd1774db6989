"""The header of a `.safetensors` file, read as what it is: text from anywhere. No I/O.

The format: eight bytes with the header's length (little-endian), the header in JSON, the tensors' bytes, without holes
and in any order (https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

LONGEST_HEADER: Final = 16 << 20
"""Bytes of a header. The format allows 100 MB; that of the largest shard in use is below one, and parsing takes memory
many times the text."""

SIZES: Final = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I8", "U8", "BOOL"), 1),
}
"""Bytes of a number of each type."""

_DTYPE: Final = re.compile(r"[A-Z0-9_]{1,20}")
_DIMENSIONS: Final = 16
_LARGEST: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a file.

    Attributes:
        name: Its name.
        dtype: The type of its numbers, such as `BF16`.
        shape: Its dimensions.
        start: Where its bytes start behind the header.
        stop: Where they stop, not included.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def parameters(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)


def tensors(header: bytes) -> list[Tensor]:
    """The tensors of a file, in the order of their bytes.

    Args:
        header: The JSON of the header.

    Raises:
        ValueError: It is no JSON, or not what the format says, or contradicts itself.
    """
    try:
        document = json.loads(header)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("it is no object")  # noqa: TRY004 -- a value, as far as whoever reads the file is concerned
    document.pop("__metadata__", None)
    found = sorted((_tensor(name, entry) for name, entry in document.items()), key=lambda one: (one.start, one.stop))
    end = 0
    for tensor in found:
        if tensor.start != end:
            raise ValueError("its tensors overlap, or leave holes")
        end = tensor.stop
    return found


def _tensor(name: str, entry: Any) -> Tensor:  # noqa: ANN401 -- whatever a file has
    try:
        dtype, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise ValueError("a tensor is not described as it should be") from None
    if not (isinstance(dtype, str) and _DTYPE.fullmatch(dtype) and isinstance(shape, list)):
        raise ValueError("a tensor's type or shape is none")
    if len(shape) > _DIMENSIONS or not all(type(one) is int and 0 <= one < _LARGEST for one in (*shape, start, stop)):
        raise ValueError("a tensor's shape or place is none")
    tensor = Tensor(name, dtype, tuple(shape), start, stop)
    if stop < start or (dtype in SIZES and stop - start != tensor.parameters * SIZES[dtype]):
        raise ValueError("a tensor's size is not that of its shape")
    return tensor
