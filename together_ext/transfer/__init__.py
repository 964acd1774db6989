"""A download engine: makes a local file equal to a remote one, whatever happens on the way.

It knows URLs, byte ranges and files, and nothing of Together.

    from together_ext.transfer import fetch

    fetched = fetch("https://host.example/model.tar.zst", "models/model.tar.zst", headers={"Authorization": "..."})
    print(fetched.path, fetched.size)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import httpx

from .engine import DEFAULT_CONNECTIONS, DEFAULT_RETRIES, DEFAULT_TIMEOUT, Fetched, Options, transfer
from .front import Front
from .progress import DownloadProgress, ProgressCallback
from .source import Remote, shown
from .target import Head, Target

__all__ = [
    "DEFAULT_CONNECTIONS",
    "DEFAULT_RETRIES",
    "DEFAULT_TIMEOUT",
    "DownloadProgress",
    "Fetched",
    "Front",
    "Head",
    "Options",
    "ProgressCallback",
    "Remote",
    "Target",
    "fetch",
    "transfer",
]

HINT = "check the URL, and the headers that were sent with it"


def fetch(  # noqa: PLR0913 -- keywords, each with a default
    url: str,
    path: str | os.PathLike[str],
    *,
    headers: Mapping[str, str] | None = None,
    client: httpx.Client | None = None,
    connections: int = DEFAULT_CONNECTIONS,
    retries: int = DEFAULT_RETRIES,
    timeout: float = DEFAULT_TIMEOUT,
    overwrite: bool = False,
    limit_rate: float | None = None,
    progress: ProgressCallback | None = None,
    check: Callable[[Head], object] | None = None,
) -> Fetched:
    """Fetch a remote file to a path; a rerun after any interruption goes on from what has arrived.

    Args:
        url: Where the file is; redirects are followed.
        path: The final path. Until the file is whole it does not exist; `<path>.part` and `<path>.part.json` do.
        headers: Sent to the URL's own host and to no other.
        client: Sends the requests, for a proxy, a CA or a transport of your own.
        connections: Connections at the most; a server without byte ranges or a strong validator gets one.
        retries: Failures in a row, without progress between them, that are borne.
        timeout: Seconds that a connection may be silent.
        overwrite: Whether a different file at the path may be replaced.
        limit_rate: Bytes a second at the most, for all connections together; None for no limit.
        progress: Called a few times a second, in this thread; raising from it stops the transfer.
        check: Called with the file's front before anything is written; raising `IntegrityError` refuses the file.

    Returns:
        The path, the size, and how many bytes had been there before.

    Raises:
        ApiStatusError: The server refused.
        TransferInterruptedError: The retries are used up.
        IntegrityError: The server's answers contradict one another.
        StorageError: The local disk or its permissions do not allow it.
    """
    target = Target.exactly(path, check) if check is not None else Target.exactly(path)
    options = Options(
        connections=connections, retries=retries, overwrite=overwrite, limit_rate=limit_rate, progress=progress
    )
    with ExitStack() as stack:
        sender = client or stack.enter_context(httpx.Client())
        action = f"fetch {shown(httpx.URL(url))}"
        remote = Remote(sender, url, headers=headers or {}, timeout=timeout, action=action, hint=HINT)
        return transfer(remote, target, {"url": shown(httpx.URL(url))}, options)
