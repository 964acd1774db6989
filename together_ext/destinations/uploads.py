"""The uploads of the files of an archive: small ones in batches, large ones in parts, all ending in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

from together_ext.clock import TURN, all_awaited, awaited, submitted
from together_ext.errors import TransferCancelledError
from together_ext.transfer.interruptible import TICK

from .store import PART, Store, Upload

UPLOADS: Final = 4
"""Maximum number of uploads that end, or small objects that are written, at once."""

BATCH: Final = 10_000
"""Maximum number of small files in a batch."""


class Batch:
    """Small files that wait in memory, so that the names of many are claimed at once."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._size = 0

    def add(self, path: str, data: bytes) -> bool:
        """Add a file; returns whether the batch is full."""
        self._files[path] = data
        self._size += len(data)
        return self._size >= PART or len(self._files) >= BATCH

    def take(self) -> dict[str, bytes]:
        """Remove all files; returns their contents, by path."""
        files, self._files, self._size = self._files, {}, 0
        return files


class Uploads:
    """The uploads of a run, by path."""

    def __init__(self, store: Store, ending: Store, mark: str, cancel: threading.Event) -> None:
        """Start the threads.

        Args:
            store: The store, at the prefix.
            ending: The same store, with the time limit of what runs in the background.
            mark: What the objects are marked with.
            cancel: Ends the wait for a thread.
        """
        self._store, self._ending, self._mark, self._cancel = store, ending, mark, cancel
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._room = threading.Semaphore(UPLOADS)
        self._all: dict[str, Future[None]] = {}
        self._running: list[Future[None]] = []
        self._closing = _DONE
        self._responds = True

    @property
    def paths(self) -> list[str]:
        """The paths of all files."""
        return list(self._all)

    @property
    def skipped(self) -> list[str]:
        """The paths of the files that an earlier run has uploaded."""
        return [path for path, future in self._all.items() if future is _DONE]

    @property
    def complete(self) -> list[str]:
        """The paths of the files that this run has uploaded so far."""
        ended = {path: future for path, future in self._all.items() if future is not _DONE and future.done()}
        return [path for path, future in ended.items() if future.exception() is None]

    def skip(self, path: str) -> None:
        """Note a file that an earlier run has uploaded."""
        self._all[path] = _DONE

    def put(self, path: str, name: str, data: bytes) -> None:
        """Write a small object in the background; raises the error of an earlier upload."""
        self._run(path, lambda: self._ending.put(name, data, self._mark))

    def begin(self, name: str, size: int) -> Upload:
        """Begin a large object, whose content the caller writes."""
        return self._store.upload(name, size, self._mark, self._ending)

    def end(self, path: str, upload: Upload, check: Callable[[], object]) -> None:
        """Complete an object that was begun in the background; raises the error of an earlier upload.

        Args:
            path: The path of the file.
            upload: The object; discarded in case of an error.
            check: Called just before the end.
        """
        try:
            # One object ends while the next one is uploaded: each holds up to 48 MiB of parts.
            while not self._closing.done():
                wait([self._closing], TURN)
            check()
            self._closing = self._run(path, upload.close)
        except BaseException:
            self.discard(upload)
            raise

    def discard(self, upload: Upload) -> None:
        """Discard an object that was begun; raises nothing."""
        self._responds = upload.discard()

    def _run(self, path: str, call: Callable[[], object]) -> Future[None]:
        while not self._room.acquire(timeout=TICK):
            if self._cancel.is_set():
                raise TransferCancelledError
        ended = [future for future in self._running if future.done()]
        self._running = [future for future in self._running if future not in ended]
        for future in ended:
            if future.exception() is not None:
                self._room.release()
                awaited(future)

        def run() -> None:
            try:
                call()
            finally:
                self._room.release()

        future = self._all[path] = submitted(self._pool, run)
        self._running.append(future)
        return future

    def wait(self) -> None:
        """Wait for all uploads; raises the error of the first one that failed."""
        all_awaited(self._all.values())

    def settle(self) -> bool:
        """Wait for all uploads; returns whether the store has responded to them."""
        errors = [future.exception() for future in self._all.values()]
        return self._responds and not any(isinstance(error, TransferCancelledError) for error in errors)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)


_DONE: Final[Future[None]] = Future()
"""The upload of a file that needs none."""
_DONE.set_result(None)
