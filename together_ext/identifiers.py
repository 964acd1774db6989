"""IDs of files and endpoints."""

from __future__ import annotations

import re

from .errors import RuleError, printable

_REST = re.compile(r"[^:/?#\s]+")


def checked_id(value: str, prefix: str) -> str:
    """Refuse what cannot be an ID, before it becomes a part of an address.

    Args:
        value: The ID.
        prefix: How such IDs begin, such as `file-`.

    Raises:
        RuleError: It is none.
    """
    text = value if isinstance(value, str) else ""
    if not text.startswith(prefix) or not _REST.fullmatch(text[len(prefix) :]) or not text.isprintable():
        raise RuleError(f"{printable(repr(value), 120)} is no ID: expected one that begins with {prefix!r}")
    return text
