"""Values of responses, read with care: the server may send anything."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol, Self, TypeVar

log = logging.getLogger("together_ext")


class Model(Protocol):
    """A model that can be read from JSON."""

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        """The model of a JSON object."""


M = TypeVar("M", bound=Model)


def items(data: object, model: type[M], fallback: Mapping[str, str] | None = None) -> list[M]:
    """The usable items of a list.

    Args:
        data: The list, as the server sent it.
        model: The model of an item.
        fallback: Values of fields that an item may lack.

    Returns:
        Each item that can be parsed; a warning is logged about the others.
    """
    found: list[M] = []
    listed = data if isinstance(data, list) else []
    for item in listed:
        if isinstance(item, model):
            found.append(item)
            continue
        try:
            found.append(model.from_dict({**(fallback or {}), **item}))
        except (TypeError, ValueError, KeyError, AttributeError):
            continue
    warn_of_skipped(len(listed) - len(found), model.__name__)
    return found


def warn_of_skipped(count: int, kind: str) -> None:
    """Log one warning about items of a list that cannot be parsed, if there are any."""
    if count == 1:
        log.warning("the server sent an item that is not a valid %s; it is skipped", kind)
    elif count:
        log.warning("the server sent %s items that are not a valid %s; they are skipped", f"{count:,}", kind)


def text(value: object) -> str | None:
    """The value if it is a string, else None."""
    return value if isinstance(value, str) else None


def whole(value: object) -> int | None:
    """The value if it is a whole number, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> float | None:
    """The value as a float if it is a finite number, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    with suppress(OverflowError):  # an integer may be of any size
        found = float(value)
        return found if math.isfinite(found) else None
    return None


def _read_date(text: str) -> datetime | None:
    # The first parser is ten times as fast; the second one accepts every form of ISO 8601.
    with suppress(ValueError):
        return datetime.fromisoformat(text)
    from dateutil.parser import isoparse

    with suppress(ValueError, OverflowError):
        return isoparse(text)
    return None


def date(value: object) -> datetime | None:
    """The value as an aware datetime (UTC if it names no time zone), or None if it is not a date."""
    if isinstance(value, str):
        value = _read_date(value)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
