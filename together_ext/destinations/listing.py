"""The objects that a store lists. A listing comes in pages, and a store may send them without end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from together_ext.clock import TURN
from together_ext.errors import TransferInterruptedError
from together_ext.text import printable

T = TypeVar("T")

Page = Sequence[Mapping[str, Any]]
"""Objects of a listing, as obstore describes them."""

MOST_OBJECTS: Final = 200_000
"""Maximum number of objects below a prefix: twice the maximum of an archive."""

PAGE: Final = 1_000
"""Number of objects that one request lists."""


@dataclass(frozen=True)
class Stored:
    """An object.

    Attributes:
        name: Its name below the location.
        size: Its size in bytes.
        etag: Its entity tag; None if the store has none.
        mark: What its upload has marked it with; None if that is not known.
    """

    name: str
    size: int
    etag: str | None
    mark: str | None = None


def collect(metas: Page, path: str, found: dict[str, Stored]) -> str:
    """Add the objects of a page of a listing.

    Args:
        metas: obstore's, of the objects below the path.
        path: The path of the location in its bucket; empty for the bucket itself.
        found: Gets the objects, by their names below the path.

    Returns:
        What is wrong with the listing, to follow its name in a message; empty if nothing is.
    """
    start = f"{path}/" if path else ""
    for meta in metas:
        name = meta["path"].removeprefix(start)
        # Not the empty object by which some tools mark a folder.
        if not name or meta["path"] == path:
            continue
        if not meta["path"].startswith(start):
            return f"has {printable(name, 100)}, which is not below it: check the endpoint"
        if name in found:
            return f"has {printable(name, 100)} twice: check the endpoint, or name another store"
        found[name] = Stored(name, meta["size"], meta["e_tag"])
    if len(found) > MOST_OBJECTS:
        return f"has more than {MOST_OBJECTS:,} objects, which is the maximum: choose another prefix"
    return ""


def read(pages: AsyncIterable[Page], take: Callable[[Page], T], stop: threading.Event) -> T | None:
    """Read a listing page by page, in this thread; it ends soon after `stop` is set.

    A store may send empty pages without end. obstore skips them; only its async iteration can be cancelled meanwhile.

    Args:
        pages: obstore's.
        take: Called with each page; a true result ends the listing.
        stop: When set, from any thread, the listing is cancelled.

    Returns:
        The first true result; None at the end of the listing.
    """

    async def taken() -> T | None:
        async for page in pages:
            if found := take(page):
                return found
        return None

    async def cancellable() -> T | None:
        reading = asyncio.ensure_future(taken())
        while not reading.done():
            await asyncio.wait([reading], timeout=TURN)
            if stop.is_set():
                reading.cancel()
        return await reading

    return asyncio.run(cancellable())


def growing(found: Mapping[str, Stored], seconds: float, location: object) -> Callable[[], None]:
    """A check that raises `TransferInterruptedError` if no object is added for so many seconds.

    A store may send empty pages without end, which obstore does not report.
    """
    seen, since = 0, time.monotonic()

    def look() -> None:
        nonlocal seen, since
        now = time.monotonic()
        if len(found) != seen:
            seen, since = len(found), now
        elif now - since > seconds:
            raise TransferInterruptedError(
                f"could not list {location}: the listing has not ended, and named no object for {seconds:g} seconds; "
                "run it again to resume"
            )

    return look
