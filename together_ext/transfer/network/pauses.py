"""The times until which hosts refuse requests (`Retry-After`), shared by the downloads of a batch."""

from __future__ import annotations

import threading

import httpx

from .redirects import origin


class Pauses:
    """Until when each host is not to be sent requests, in seconds on the clock of its callers; thread-safe."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str, int | None], float] = {}
        self._lock = threading.Lock()

    def hold(self, url: httpx.URL, until: float) -> None:
        """Send no requests to the host of an address before a time; never earlier than before."""
        with self._lock:
            self._until[origin(url)] = max(until, self._until.get(origin(url), until))

    def left(self, url: httpx.URL | None, now: float) -> float:
        """Seconds until the host of an address may be sent requests.

        Args:
            url: The address; None for any of the hosts, where a redirect may lead to each.
            now: The time.
        """
        with self._lock:
            known = self._until.values() if url is None else [self._until.get(origin(url), now)]
            return max([0.0, *(until - now for until in known)])
