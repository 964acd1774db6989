"""Fields of the server's answers in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from .screen import stdout_is_terminal
from .views import cell

MOST_WORDS: Final = 20
"""Words of a list that are shown; of more, and of anything else, the number."""


def date_of(value: object) -> str:
    """A date: to the minute and in UTC for people, in full for programs; text that is no date as it is."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return cell(value)
    if not isinstance(value, datetime):
        return cell(None)
    value = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if stdout_is_terminal() else value.isoformat()


def pairs_of(job: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names and values of what is known of a job; lists of anything but words are counted."""
    known = ((name, value) for name, value in job.items() if value not in (None, "", [], {}))
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
            words = [cell(item) for item in value if isinstance(item, str)]
            return ", ".join(words) if words and len(words) == len(value) <= MOST_WORDS else str(len(value))
    return str(value)
