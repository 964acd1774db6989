"""Fields of responses as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from .screen import stdout_is_terminal
from .views import cell

MOST_STRINGS: Final = 20
"""Maximum number of strings shown of a list; of longer and other lists, the length is shown."""


def date_of(value: object) -> str:
    """A date: in UTC and to the minute on a terminal, in full otherwise; text that is not a date is unchanged."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return cell(value)
    if not isinstance(value, datetime):
        return cell(None)
    value = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if not stdout_is_terminal():
        return value.isoformat()
    try:
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "minutes")
    except OverflowError:  # before the year 1 or after 9999 in UTC
        return value.isoformat()


def pairs_of(document: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names and values of a document, without empty ones; lists of anything but strings become their length."""
    known = ((name, value) for name, value in document.items() if value not in (None, "", [], {}))
    return [(cell(name), _fields(value) if isinstance(value, Mapping) else _text(value)) for name, value in known]


def _fields(value: Mapping[str, object]) -> str:
    return ", ".join(f"{cell(name)}={_text(item)}" for name, item in value.items() if item is not None)


def _text(value: object) -> str:
    match value:
        case str():
            return cell(value)
        case Mapping():
            return f"({_fields(value)})"
        case list():
            strings = [cell(item) for item in value if isinstance(item, str)]
            return ", ".join(strings) if strings and len(strings) == len(value) <= MOST_STRINGS else str(len(value))
    return str(value)
