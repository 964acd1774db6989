"""`fetch`: download one URL to one path."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import httpx

from .engine import transfer
from .network.clients import Certificates, sync_client
from .network.redirects import shown
from .options import DEFAULT_CONNECTIONS, DEFAULT_RETRIES, DEFAULT_TIMEOUT, Fetched, Options
from .progress import ProgressCallback
from .source import Remote
from .target import Head, Target

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
    durable: bool = True,
    lock_timeout: float | None = None,
    progress: ProgressCallback | None = None,
    check: Callable[[Head], object] | None = None,
) -> Fetched:
    """Download a URL to a path; a rerun after any interruption resumes.

    Args:
        url: The address of the file; redirects are followed.
        path: The final path. Until the file is complete, only `<path>.part` and `<path>.part.json` exist.
        headers: Headers that are sent to the host of the URL and to no other host.
        client: An HTTP client with a proxy, a CA or a transport of your own.
        connections: Maximum number of connections; one if the server lacks byte ranges or a strong validator.
        retries: Maximum number of consecutive failures, without progress between them, that are retried.
        timeout: Maximum number of seconds without data on a connection.
        overwrite: Whether to replace a different file at the path.
        limit_rate: Maximum rate of all connections together in bytes per second (default: no limit).
        durable: Whether to wait until the file is on the disk. Without it, the file gets its final name once all bytes
            are written, which is sooner; after a power failure within about a minute, it may be incomplete.
        lock_timeout: Seconds to wait for another process that downloads the same file (default: no limit while that
            process is alive).
        progress: Called at each change of state and about ten times a second, in this thread; raising from it stops
            the transfer.
        check: Called with the beginning of the file before anything is written; raise `IntegrityError` to refuse it.

    Returns:
        The path, the size, and the number of bytes that an earlier run had downloaded.

    Raises:
        ConfigurationError: A proxy or a certificate of the environment cannot be used, or `path` is a URL.
        RuleError: A number is too small, or `path` is not a path.
        ApiStatusError: The server refuses.
        TransferInterruptedError: The retries are used up; a rerun resumes.
        IntegrityError: The responses contradict one another, or `check` refuses the file.
        RemoteChangedError: The remote file keeps changing.
        TargetExistsError: A different file exists at the path.
        LockTimeoutError: Another process still downloads the file after `lock_timeout` seconds.
        StorageError: The disk or its permissions do not allow it.
    """
    target = Target.exactly(path, check) if check is not None else Target.exactly(path)
    options = Options(
        connections=connections,
        retries=retries,
        overwrite=overwrite,
        limit_rate=limit_rate,
        durable=durable,
        lock_timeout=lock_timeout,
        progress=progress,
    )
    with ExitStack() as stack:
        sender = client or stack.enter_context(sync_client(Certificates(), timeout=timeout))
        action = f"download {shown(httpx.URL(url))}"
        remote = Remote(sender, url, headers=headers or {}, timeout=timeout, action=action, hint=HINT)
        return transfer(remote, target, {"url": shown(httpx.URL(url))}, options)
