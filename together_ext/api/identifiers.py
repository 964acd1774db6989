"""IDs and names that become parts of addresses."""

from __future__ import annotations

import re

from together_ext.errors import RuleError
from together_ext.text import printable

_REST = re.compile(r"[^:/?#\s]+")


def checked_id(value: str, prefix: str) -> str:
    """Refuse an invalid ID, before it becomes part of a URL.

    Args:
        value: The ID.
        prefix: The prefix of such IDs, such as `file-`.

    Raises:
        RuleError: The ID is invalid.
    """
    text = value if isinstance(value, str) else ""
    if not text.startswith(prefix) or not _REST.fullmatch(text[len(prefix) :]) or not text.isprintable():
        raise RuleError(f"{printable(repr(value), 120)} is not an ID: expected one that begins with {prefix!r}")
    return text


def checked_part(value: str, what: str, *, given: object = None) -> str:
    """Refuse what cannot be a part of an address.

    Args:
        value: The part.
        what: What is expected, such as `a revision ID`.
        given: The value to show (default: the part).

    Raises:
        RuleError: It is empty, `.`, `..`, or has characters that no ID has.
    """
    text = value if isinstance(value, str) else ""
    if not _REST.fullmatch(text) or not text.isprintable() or text in {".", ".."}:
        shown = printable(repr(value if given is None else given), 120)
        raise RuleError(f"{shown} is invalid: expected {what}")
    return text
