"""Parse the header of a `.safetensors` file, which is untrusted. No I/O.

The format: eight bytes with the length of the header (little-endian), the header in JSON, and the bytes of the tensors
without gaps, in any order (https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

LONGEST_HEADER: Final = 16 << 20
"""Maximum size of a header, in bytes. The format allows 100 MB; the largest shards in use need less than one, and
parsing takes many times the memory of the text."""

SIZES: Final = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I8", "U8", "BOOL"), 1),
}
"""Bytes of a value of each type."""

_DTYPE: Final = re.compile(r"[A-Z0-9_]{1,20}")
_DIMENSIONS: Final = 16
_LARGEST: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of a file.

    Attributes:
        name: Its name.
        dtype: The type of its values, such as `BF16`.
        shape: Its dimensions.
        start: The offset of its first byte from the end of the header.
        stop: The offset after its last byte.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int

    @property
    def parameters(self) -> int:
        """The number of its values."""
        return math.prod(self.shape)


def tensors(header: bytes) -> list[Tensor]:
    """The tensors of a file, in the order of their bytes.

    Args:
        header: The header in JSON.

    Raises:
        ValueError: The header is not valid JSON, does not follow the format, or contradicts itself.
    """
    try:
        document = json.loads(header)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 -- the content of a file is a value
    if not _is_text(document.pop("__metadata__", None)):
        raise ValueError("its __metadata__ does not map text to text")
    found = sorted((_tensor(name, entry) for name, entry in document.items()), key=lambda one: (one.start, one.stop))
    end = 0
    for tensor in found:
        if tensor.start != end:
            raise ValueError("its tensors overlap or leave gaps")
        end = tensor.stop
    return found


def _is_text(metadata: object) -> bool:
    """Whether metadata follow the format: they map text to text, or are missing."""
    if metadata is None:
        return True
    return isinstance(metadata, dict) and all(isinstance(value, str) for value in metadata.values())


def _tensor(name: str, entry: Any) -> Tensor:  # noqa: ANN401 -- any JSON value
    try:
        dtype, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise ValueError("a tensor lacks a valid dtype, shape or data_offsets") from None
    if not (isinstance(dtype, str) and _DTYPE.fullmatch(dtype) and isinstance(shape, list)):
        raise ValueError("a tensor has an invalid dtype or shape")
    if len(shape) > _DIMENSIONS or not all(type(one) is int and 0 <= one < _LARGEST for one in (*shape, start, stop)):
        raise ValueError("a tensor has an invalid shape or data_offsets")
    tensor = Tensor(name, dtype, tuple(shape), start, stop)
    if stop < start or (dtype in SIZES and stop - start != tensor.parameters * SIZES[dtype]):
        raise ValueError("a tensor has another size than its shape requires")
    return tensor
