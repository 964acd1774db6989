"""The bytes of a remote file in order, while several connections download ahead: a readable file without a disk."""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final, Self

import httpx

from .feed import Feed
from .fetching import HINT
from .interruptible import TICK
from .network.clients import Certificates, sync_client
from .network.redirects import shown
from .options import DEFAULT_CONNECTIONS, DEFAULT_RETRIES, DEFAULT_TIMEOUT, DEFAULT_WINDOW, StreamOptions
from .progress import ProgressCallback
from .ring import CLOSED, NOTHING
from .source import Remote

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

ALL: Final = 1 << 62
"""More bytes than any file has."""


class OrderedStream(io.BufferedIOBase):
    """An open remote file, read from its beginning to its end; a context manager.

    The bytes that were read are always a prefix of the file: after a failure each method raises its error. One thread
    reads; `close` can be called from any thread. A reader that pauses costs no connection and no more than the window.

    Attributes:
        size: Size of the file in bytes; None if the server does not send it.
        etag: The entity tag of the file; None if it has none.
        media_type: The `Content-Type` of the response, without parameters.
    """

    def __init__(self, feed: Feed, options: StreamOptions, resources: ExitStack) -> None:
        """Read what a transfer feeds; `open` is the public way.

        Args:
            feed: The transfer; closed with the stream.
            options: How to transfer.
            resources: Closed after the transfer.
        """
        self._feed, self._clock, self._resources = feed, options.clock, resources
        self._offset, self._rest, self._ended = 0, NOTHING, False
        self._looked = -math.inf
        self.size, self.etag = feed.content.size, feed.content.validator.etag
        self.media_type = feed.content.media_type

    def views(self) -> Iterator[memoryview]:
        """Iterate over the bytes without a copy, in blocks of at most 1 MiB.

        Each view is valid until the next step of the iteration, or until the stream is closed: then it is released, and
        its memory is used again. Copy what you keep.

        Yields:
            The next bytes, at least one; read-only.

        Raises:
            ApiStatusError, TransferError: The download failed; the bytes so far are a prefix of the file.
            ValueError: The stream is closed.
        """
        while view := self._next():
            yield view
            with suppress(BufferError):
                view.release()

    def read(self, size: int | None = -1, /) -> bytes:
        """Read the next `size` bytes, fewer only at the end; all that follow if it is negative or None.

        Raises the errors of `views`.
        """
        left = ALL if size is None or size < 0 else size
        pieces = []
        while left and (view := self._next(left)):
            pieces.append(bytes(view))
            left -= len(view)
        return b"".join(pieces)

    def read1(self, size: int = -1, /) -> bytes:
        """Read bytes that have arrived, at most `size`; waits only if there are none. Raises the errors of `views`."""
        return bytes(self._next(ALL if size < 0 else size)) if size else b""

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer, partly only at the end; returns the number of bytes. Raises the errors of `views`."""
        target = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(target) and (view := self._next(len(target) - filled)):
            target[filled : filled + len(view)] = view
            filled += len(view)
        return filled

    def readinto1(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer with what has arrived; waits only if that is nothing. Raises the errors of `views`."""
        target = memoryview(buffer).cast("B")
        view = self._next(len(target)) if target else NOTHING
        target[: len(view)] = view
        return len(view)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The next block, of at most 1 MiB."""
        block = bytes(self._next())
        if not block:
            raise StopIteration
        return block

    def readable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The number of bytes that have been read."""
        return self._offset

    def close(self) -> None:
        """End the download, from any thread, within a second; a thread that is reading gets a `ValueError`."""
        if not self.closed:
            super().close()
            self._feed.close()
            self._resources.close()

    def _next(self, most: int = ALL) -> memoryview:
        """The next bytes, at most `most`; none at the end. The earlier ones are no longer valid."""
        if self.closed:
            raise ValueError(CLOSED)
        if not self._rest:
            self._feed.take(self._offset)
            try:
                self._rest = self._waited()
            except BaseException:
                self._feed.close()
                raise
        view, self._rest = self._rest[:most], self._rest[most:]
        self._offset += len(view)
        return view

    def _waited(self) -> memoryview:
        view = None
        while view is None:
            view = self._feed.ring.view(self._offset, TICK)
            if view is None or self._clock.now() - self._looked >= TICK:
                self._looked = self._clock.now()
                self._feed.look()
        if not view and not self._ended:
            self._ended = True
            self._feed.finished()
        return view

    def __enter__(self) -> Self:
        return self


def begin(remote: Remote, options: StreamOptions, resources: ExitStack | None = None) -> OrderedStream:
    """Open a remote file as a stream.

    Args:
        remote: The remote file.
        options: How to transfer.
        resources: Closed with the stream, or when it cannot be opened.

    Returns:
        The stream, whose first bytes have arrived.

    Raises:
        ApiStatusError, TransferError: As for `open`.
    """
    with resources or ExitStack() as stack:
        feed = Feed(remote, options)
        return OrderedStream(feed, options, stack.pop_all())


def open(  # noqa: A001, PLR0913 -- named after the built-in function; keywords, each with a default
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    client: httpx.Client | None = None,
    connections: int = DEFAULT_CONNECTIONS,
    window: int = DEFAULT_WINDOW,
    timeout: float = DEFAULT_TIMEOUT,
    retries: int = DEFAULT_RETRIES,
    limit_rate: float | None = None,
    progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
) -> OrderedStream:
    """Open a URL as a readable file: its bytes in order, while several connections download ahead.

    Args:
        url: The address of the file; redirects are followed.
        headers: Headers that are sent to the host of the URL and to no other host.
        client: An HTTP client with a proxy, a CA or a transport of your own.
        connections: Maximum number of connections; one if the server lacks byte ranges or a strong validator.
        window: Maximum number of bytes in memory, at least 1 MiB.
        timeout: Maximum number of seconds without data on a connection.
        retries: Maximum number of consecutive failures, without progress between them, that are retried.
        limit_rate: Maximum rate of all connections together in bytes per second (default: no limit).
        progress: Called at each change of state and about ten times a second, in the thread that reads, while it reads;
            raising from it stops the transfer. `done` counts the bytes that were read.
        cancel: Ends the transfer when it is set, from any thread: the next read raises `TransferCancelledError`.

    Returns:
        The stream. Close it, or use it in a `with` statement.

    Raises:
        ConfigurationError: A proxy or a certificate of the environment cannot be used.
        RuleError: The window is smaller than 1 MiB, or another number is too small.
        ApiStatusError: The server refuses.
        TransferInterruptedError: The retries are used up.
        IntegrityError: The responses contradict one another, or the end of the file would not be noticed.
        RemoteChangedError: Raised by the stream, if the file changes while it is read.
    """
    options = StreamOptions(
        connections=connections,
        window=window,
        retries=retries,
        limit_rate=limit_rate,
        progress=progress,
        cancel=cancel or threading.Event(),
    )
    with ExitStack() as stack:
        sender = client or stack.enter_context(sync_client(Certificates(), timeout=timeout))
        action = f"download {shown(httpx.URL(url))}"
        remote = Remote(sender, url, headers=headers or {}, timeout=timeout, action=action, hint=HINT)
        return begin(remote, options, stack.pop_all())
