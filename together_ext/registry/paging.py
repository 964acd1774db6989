"""Lists in pages, each with the cursor of the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from together_ext.api.flow import Call, Flow, ask
from together_ext.api.responses import Model, items
from together_ext.errors import ApiResponseError
from together_ext.text import printable
from together_generated.types import UNSET, Unset

M = TypeVar("M", bound=Model)

MOST_PAGES: Final = 10_000
"""Maximum number of pages of a list."""

MOST_ITEMS: Final = 100_000
"""Maximum number of items of a list, as of files in an archive."""

LONGEST_CURSOR: Final = 8_000
"""Maximum number of characters of a cursor, which becomes a part of an address."""


def pages(
    call: Callable[[str | Unset, Any], Call[Any]], model: type[M], needed: dict[str, str] | None = None
) -> Flow[tuple[list[M], Any]]:
    """All items of a list.

    Args:
        call: The request for the page after a cursor, of which `UNSET` is that of the first page; and the first page,
            None before it has come.
        model: The model of an item.
        needed: Values of fields that an item may lack.

    Returns:
        The items of all pages that can be parsed, and the first page as it came.

    Raises:
        ApiResponseError: A cursor occurs twice or is too long, or there are too many pages or items.
    """
    found: list[M] = []
    seen: set[str] = set()
    first: Any = None
    cursor: str | Unset = UNSET
    while True:
        step = call(cursor, first)
        page = yield from ask(step)
        first = first or page
        found += items(page.data, model, needed)
        if len(found) > MOST_ITEMS:
            raise ApiResponseError(step.action, f"the list exceeds the limit of {MOST_ITEMS:,} items")
        cursor = page.next_cursor if isinstance(page.next_cursor, str) else ""
        if not cursor:
            return found, first
        if len(cursor) > LONGEST_CURSOR:
            raise ApiResponseError(step.action, f"a cursor exceeds the limit of {LONGEST_CURSOR:,} characters")
        if cursor in seen or len(seen) >= MOST_PAGES:
            reason = f"the cursor {printable(repr(cursor), 60)} occurs twice" if cursor in seen else "too many pages"
            raise ApiResponseError(step.action, f"{reason} (maximum: {MOST_PAGES} pages): try again later")
        seen.add(cursor)
