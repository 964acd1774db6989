"""Calls of an object store for several objects at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from together_ext.clock import all_awaited, submitted

from .store import Store

T = TypeVar("T")

AT_ONCE: Final = 8
"""Maximum number of calls at once."""


def each(store: Store, names: Iterable[str], call: Callable[[Store, str], T]) -> dict[str, T]:
    """The results of a call for each of the objects, by name.

    The first error ends all calls within a second, and so does a signal, also if the store does not respond.

    Args:
        store: The store.
        names: The names of the objects.
        call: Gets the store and a name; looks at nothing but the store for long.
    """
    stop = threading.Event()
    stopping = store.until(stop)
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        calls = {name: submitted(pool, call, stopping, name) for name in names}
        return dict(zip(calls, all_awaited(calls.values()), strict=True))
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
