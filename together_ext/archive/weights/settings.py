"""Values of configuration files, which may contain anything. No I/O."""

from __future__ import annotations

from typing import Any, Final

MOST_WORDS: Final = 1000
"""Maximum number of strings that are kept of a list."""


def words(value: object) -> list[str]:
    """The strings of a list, or a single string as a list; everything else is ignored."""
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [word for word in listed if isinstance(word, str)][:MOST_WORDS]


def rank_in(value: object) -> int | None:
    """A positive integer below 2**31, such as LoRA's rank; None for anything else."""
    return value if type(value) is int and 0 < value < 1 << 31 else None


def amount(value: Any) -> float | None:  # noqa: ANN401 -- any JSON value
    """A number from 0 to below 2**63, such as LoRA's alpha; None for anything else."""
    return float(value) if type(value) in {int, float} and 0 <= value < 1 << 63 else None
