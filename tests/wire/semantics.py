"""Equality of JSON documents, whose dates may be spelled differently."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

DATED = frozenset(
    {
        *("created_at", "updated_at", "started_at", "tokenized_dataset_uploaded_at", "expires_at"),
        *("createdAt", "lastValidatedAt", "revisionCreatedAt"),
    }
)
"""The fields that are dates."""
_FRACTION = re.compile(r"(?<=:[0-9]{2})[.,]([0-9]+)")


def meaning(value: Json, key: str = "") -> object:
    """`value` in a form in which `==` is "nothing was lost".

    Dates become instants, to whatever digit they were written; `true` and `1`, which Python takes for equal, do not.

    Args:
        value: The document, or a part of it.
        key: The name under which the part was found; it decides whether a string is a date.
    """
    if isinstance(value, bool):
        return "boolean", value
    if isinstance(value, str):
        return (instant(value) or value) if key in DATED else value
    if isinstance(value, Mapping):
        return {name: meaning(part, name) for name, part in value.items()}
    if isinstance(value, Sequence):
        return [meaning(part) for part in value]
    return value


def instant(text: str) -> tuple[datetime, Fraction] | None:
    """The whole second and the exact fraction that an ISO 8601 `text` names, or None if it is no date."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    # datetime keeps six digits of the fraction, so the digits come from the text.
    digits = _FRACTION.search(text)
    fraction = Fraction(f"0.{digits[1]}") if digits else Fraction(moment.microsecond, 1_000_000)
    return moment.replace(microsecond=0), fraction
