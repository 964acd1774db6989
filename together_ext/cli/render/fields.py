"""Fields of responses as text."""

from __future__ import annotations

import re
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
    """Labels and values of a document, without empty ones; lists of anything but strings become their length."""
    known = ((label_of(name), value) for name, value in document.items() if value not in (None, "", [], {}))
    return [(name, _fields(value, name) if isinstance(value, Mapping) else _text(value, name)) for name, value in known]


def label_of(name: str) -> str:
    """A name of the API as a label: `project_id` for `projectId`, `file_type` for `FileType`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cell(name)).lower()


def word_of(value: str, name: str) -> str:
    """A value of an enum of the registry as a word: `private` for `VISIBILITY_PRIVATE` of `visibility`.

    Args:
        value: The value; any other one is unchanged.
        name: The label of the field, after those of the fields that it is in: `weights_type`.
    """
    prefix = f"{name.upper()}_"
    return cell(value.removeprefix(prefix).lower() if value.startswith(prefix) else value)


def _fields(value: Mapping[str, object], name: str) -> str:
    known = ((label_of(each), item) for each, item in value.items() if item is not None)
    return ", ".join(f"{label}={_text(item, f'{name}_{label}')}" for label, item in known)


def _text(value: object, name: str) -> str:
    match value:
        case str():
            return word_of(value, name)
        case Mapping():
            return f"({_fields(value, name)})"
        case list():
            strings = [cell(item) for item in value if isinstance(item, str)]
            return ", ".join(strings) if strings and len(strings) == len(value) <= MOST_STRINGS else str(len(value))
    return str(value)
