"""An ordered stream in async code: each read in a thread beside the event loop, which is never blocked."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Generic, Self, TypeVar

import anyio
import anyio.to_thread

from .beside import beside
from .stream import OrderedStream

B = TypeVar("B", bytes, memoryview)


class AsyncOrderedStream:
    """An open remote file, read from its beginning to its end; an async context manager.

    The bytes that were read are always a prefix of the file: after a failure each method raises its error. One task
    reads at a time. A read that is cancelled ends the stream, because its bytes would be lost.

    Attributes:
        size: Size in bytes; None if the server does not send it.
        etag: The entity tag; None if there is none.
    """

    def __init__(self, stream: OrderedStream, cancel: threading.Event, resources: AsyncExitStack) -> None:
        """Read a stream.

        Args:
            stream: The stream; closed with this one.
            cancel: Ends the stream.
            resources: Closed after it.
        """
        self._stream, self._cancel, self._resources = stream, cancel, resources
        self.size, self.etag = stream.size, stream.etag

    def views(self) -> AsyncIterator[memoryview]:
        """Iterate over the bytes without a copy; see `OrderedStream.views`. A view is valid until the next step."""
        return _Steps(self._stream.views(), self._cancel)

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Iterate over the bytes, in blocks of at most 1 MiB."""
        return _Steps(self._stream, self._cancel)

    async def read(self, size: int | None = -1, /) -> bytes:
        """Read the next `size` bytes, fewer only at the end; all that follow if it is negative or None."""
        return await beside(partial(self._stream.read, size), self._cancel)

    def tell(self) -> int:
        """The number of bytes that have been read."""
        return self._stream.tell()

    async def aclose(self) -> None:
        """End the download, within a second."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._stream.close)
        # Outside of the shield: scopes end in the reverse order of their beginning.
        await self._resources.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class _Steps(Generic[B]):
    """An iterator of blocks in async code. Not a generator, which would have to be closed."""

    def __init__(self, blocks: Iterator[B], cancel: threading.Event) -> None:
        self._blocks: Iterator[B] = blocks
        self._cancel = cancel

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> B:
        block = await beside(self._next, self._cancel)
        if block is None:
            raise StopAsyncIteration
        return block

    def _next(self) -> B | None:
        return next(self._blocks, None)
