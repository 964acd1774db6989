"""An object store: its objects by their names below a location. The only module beside `opening` that calls obstore."""

from __future__ import annotations

import copy
import errno
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final, Self, TypeVar

from together_ext.errors import (
    MissingExtraError,
    MissingPathError,
    StorageError,
    TogetherExtError,
    TransferCancelledError,
    TransferInterruptedError,
)
from together_ext.transfer.interruptible import interruptible

from .listing import PAGE, Page, Stored, collect, growing, read
from .opening import opened
from .refusals import refusal, unexplained
from .urls import Location, check_options

log = logging.getLogger("together_ext")

T = TypeVar("T")

PART: Final = 8 << 20
"""Minimum size of the parts of a large object, in bytes."""

MIB: Final = 1 << 20

MOST_PARTS: Final = 9_000
"""Maximum number of parts of an object that is uploaded; S3 allows 10,000."""

AT_ONCE: Final = 4
"""Maximum number of parts of one object that are uploaded at once."""

PIECE: Final = 1 << 20
"""Number of bytes that are read at once."""

PATIENCE: Final = 180.0
"""Maximum number of seconds of all attempts of a request."""

GRACE: Final = 5.0
"""Maximum number of seconds in which an interrupted upload ends or is aborted."""

MARK: Final = "togetherext"
"""The name of the metadata that marks an object; of Azure, a name has letters and digits alone."""

WRITE_TEST: Final = ".together-ext.write-test"
"""The object that a write test writes and removes."""


class Store:
    """The objects below a location."""

    def __init__(
        self, location: Location, options: Mapping[str, str] | None = None, *, patience: float = PATIENCE
    ) -> None:
        """Open a store; nothing is requested.

        Args:
            location: The location.
            options: Settings of the store, as obstore names them, such as `endpoint`.
            patience: Maximum number of seconds of all attempts of a request.

        Raises:
            MissingExtraError: obstore is not installed.
            ConfigurationError: A setting is invalid.
            StoreCredentialsError: Credentials are missing or cannot be used.
        """
        self.location = location
        check_options(options)
        try:
            import obstore
            from obstore.exceptions import BaseError
        except ImportError:
            raise MissingExtraError(f"{location.scheme}://", "objects") from None
        self._obstore, self._errors = obstore, (BaseError, OSError, ValueError)
        self._patience = patience
        self._store = opened(location, options or {}, patience, self._errors)
        self._look: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"Store({str(self.location)!r})"

    def until(self, cancel: threading.Event, grace: float = 0.0) -> Self:
        """The same store, whose calls also end with `TransferCancelledError` `grace` seconds after `cancel` is set."""
        last: float | None = None

        def look() -> None:
            nonlocal last
            self._look()
            if cancel.is_set():
                last = time.monotonic() + grace if last is None else last
                if time.monotonic() >= last:
                    raise TransferCancelledError

        return self._looking(look)

    def within(self, seconds: float) -> Self:
        """The same store, whose calls end with `TransferInterruptedError` so many seconds from now."""
        last = time.monotonic() + seconds

        def look() -> None:
            if time.monotonic() >= last:
                raise TransferInterruptedError(
                    f"{self.location} has not responded for {seconds:g} seconds; run it again to resume"
                )

        return self._looking(look)

    def _looking(self, look: Callable[[], None]) -> Self:
        found = copy.copy(self)
        found._look = look  # noqa: SLF001 -- that of a copy
        return found

    def _do(self, action: str, name: str, call: Callable[[], T], abort: Callable[[], None] = lambda: None) -> T:
        """Call obstore; an error of it is replaced outside of its handler, so that its text is not kept.

        In a separate thread, since obstore's retries take minutes and do not notice signals.
        """
        try:
            return interruptible(call, look=self._look, abort=abort)
        except BaseException as error:
            # obstore panics if some responses are invalid.
            if not isinstance(error, self._errors) and type(error).__name__ != "PanicException":
                raise
            problem = refusal(error, self.location / name if name else self.location, action)
        raise problem

    def _key(self, name: str) -> str:
        return (self.location / name).path

    @property
    def _prefix(self) -> str | None:
        """What the keys of the objects begin with; None for a bucket."""
        return f"{self.location.path}/" if self.location.path else None

    def put(self, name: str, data: bytes, mark: str | None = None) -> str | None:
        """Write a small object, marked; returns its entity tag, None if the store does not send it."""
        key, attributes = self._key(name), _marked(mark)
        put = self._obstore.put
        written = self._do(
            "write to", name, lambda: put(self._store, key, data, use_multipart=False, attributes=attributes)
        )
        etag: str | None = written["e_tag"]
        return etag

    def upload(self, name: str, size: int, mark: str | None = None, closing: Self | None = None) -> Upload:
        """Begin an object of about this many bytes, in parts of whole MiB; it appears when it is closed.

        Args:
            name: Its name.
            size: Its size in bytes.
            mark: What it is marked with.
            closing: The same store, with the time limit of the close (default: that of the other calls).
        """
        part = max(PART, -(-size // (MOST_PARTS * MIB)) * MIB)
        key = self._key(name)
        writer = self._obstore.open_writer(
            self._store,
            key,
            buffer_size=part,
            max_concurrency=AT_ONCE,
            attributes=_marked(mark),
        )
        return Upload(self, self if closing is None else closing, name, writer, part)

    def write_part(self, name: str, call: Callable[[], object]) -> None:
        """Make a call that uploads a part of an object."""
        self._do("write to", name, call)

    def list(self) -> dict[str, Stored]:
        """The objects below the location, by name; raises `StorageError` if the listing does not end."""
        path, found = self.location.path, dict[str, Stored]()
        ends = growing(found, 2 * self._patience, self.location)

        def look() -> None:
            self._look()
            ends()

        if problem := self._looking(look)._pages(PAGE, lambda metas: collect(metas, path, found)):  # noqa: SLF001 -- that of a copy
            raise StorageError(f"could not list {self.location}: the listing {problem}", errno.EPROTO)
        return found

    def reach(self) -> None:
        """Check that the store responds, and has the bucket."""
        self._pages(1, lambda _: True)

    def _pages(self, size: int, take: Callable[[Page], T]) -> T | None:
        """Read the listing in pages of so many objects, up to the first true result of `take`."""
        stop, pages = threading.Event(), partial(self._obstore.list, self._store, self._prefix, chunk_size=size)
        return self._do("list", "", lambda: read(pages(), take, stop), abort=stop.set)

    def signed(self, query: str) -> str | None:
        """A signed address of the bucket with a query, valid for a minute; a secret.

        obstore signs paths alone, and appends them to the endpoint. So the query is part of the endpoint, and its last
        parameter takes the path: S3 ignores `x-id`, which its own SDKs send.

        Returns:
            The address; None if the store does not have the protocol of S3, or has another endpoint.
        """
        if self.location.scheme != "s3":
            return None
        sign, minute = self._obstore.sign, timedelta(minutes=1)

        def address() -> str | None:
            base = sign(self._store, "GET", "x", minute).partition("?")[0].removesuffix("/x")
            config = {name: value for name, value in dict(self._store.config).items() if name != "bucket"}
            config |= {"endpoint": f"{base}?{query}&x-id=", "virtual_hosted_style_request": "true"}
            client = dict(self._store.client_options or {})
            found: str = sign(
                type(self._store)(self.location.bucket, config=config, client_options=client), "GET", "", minute
            )
            return found if found.startswith(f"{base}?{query}&x-id=/&X-Amz-") else None

        return self._do("list the uploads of", "", address)

    def find(self, name: str) -> Stored | None:
        """An object with its mark; None if it does not exist."""
        key = self._key(name)

        def head() -> Any:  # noqa: ANN401 -- obstore's
            try:
                return self._obstore.get(self._store, key, options={"head": True})
            except self._errors as error:
                if unexplained(error):
                    # The response to this one has the code of the error.
                    self._obstore.get(self._store, key, options={"range": (0, 1)})
                raise

        try:
            found = self._do("read", name, head)
        except MissingPathError:
            return None
        return Stored(name, found.meta["size"], found.meta["e_tag"], found.attributes.get(MARK))

    def read(self, name: str, start: int, stop: int) -> bytes:
        """The bytes of an object from `start` to `stop`, whatever the store sends beyond; fewer at its end."""
        if stop <= start:
            return b""
        return self._read(name, stop - start, {"range": (start, stop)})

    def content(self, name: str, most: int = 1 << 30) -> bytes:
        """A small object as a whole, also where the store does not support byte ranges (`rclone serve`).

        Args:
            name: Its name.
            most: Maximum number of bytes that are read, whatever size the store lists (default: 1 GiB).
        """
        return self._read(name, most, {})

    def _read(self, name: str, most: int, options: Mapping[str, object]) -> bytes:
        """At most so many bytes of a response; the rest is not read."""
        key = self._key(name)

        def read() -> bytes:
            found = bytearray()
            for piece in self._obstore.get(self._store, key, options=options).stream(min_chunk_size=PIECE):
                found += piece
                if len(found) >= most:
                    break
            return bytes(found[:most])

        return self._do("read", name, read)

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; those that do not exist are ignored."""
        for name in names:
            try:
                self._do("remove", name, partial(self._obstore.delete, self._store, self._key(name)))
            except MissingPathError:
                continue

    def try_writing(self) -> None:
        """Write and remove a small object, so that missing access is reported before anything is downloaded."""
        self.put(WRITE_TEST, b"together-ext")
        self.remove([WRITE_TEST])

    def rename(self, name: str, new: str) -> None:
        """Rename an object."""
        self._do("rename", name, lambda: self._obstore.rename(self._store, self._key(name), self._key(new)))

    def pieces(self, name: str, size: int, piece: int = PART) -> Iterator[bytes]:
        """The content of an object in pieces, each by its own request: a request has a time limit."""
        if 0 < size <= piece:
            yield self.content(name, size + 1)
            return
        for start in range(0, size, piece):
            yield self.read(name, start, min(start + piece, size))


class Upload:
    """An object that is being uploaded in parts."""

    def __init__(self, store: Store, closing: Store, name: str, writer: Any, part: int) -> None:  # noqa: ANN401 -- obstore's
        self._store, self._closing, self._name, self._writer, self._part = store, closing, name, writer, part
        self._pieces: list[bytes] = []
        self._size = self._total = 0

    def write(self, piece: bytes) -> None:
        """Add bytes; obstore keeps a reference to them, so they must never change."""
        self._pieces.append(piece)
        self._size += len(piece)
        self._total += len(piece)
        # Not each piece, since a call costs a thread.
        if self._size >= PART:
            self._store.write_part(self._name, self._write)

    def _write(self) -> None:
        pieces, self._pieces, self._size = self._pieces, [], 0
        for piece in pieces:
            self._writer.write(piece)

    def close(self) -> None:
        """Upload the rest; the object appears. What was uploaded is discarded if that fails."""
        try:
            self._closing.write_part(self._name, self._write)
        except BaseException:
            self.discard()
            raise
        try:
            self._closing.write_part(self._name, self._writer.close)
        except MissingPathError:
            raise
        except BaseException:
            # obstore does not abort what it has begun to close.
            self._warn()
            raise

    def discard(self) -> bool:
        """Discard all parts; returns whether the store has done so. Raises nothing."""
        self._pieces = []
        try:
            self._store.within(GRACE).write_part(self._name, lambda: self._writer.__exit__(Exception, None, None))
        except MissingPathError:
            return True
        except TogetherExtError:
            self._warn()
            return False
        return True

    def _warn(self) -> None:
        if self._total >= self._part:
            log.warning(
                "an incomplete multipart upload of %s may remain: abort it, or set a lifecycle rule",
                self._store.location / self._name,
            )


def _marked(mark: str | None) -> dict[str, str] | None:
    return None if mark is None else {MARK: mark}
