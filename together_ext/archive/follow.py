"""Extraction during a download: a thread reads the bytes as they arrive, and ends soon after the last one.

They come from the growing file, or, with `extract_arriving`, from memory alone. A failure with the growing file is not
an error: the complete archive is then extracted like any other, which reports the problem.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from together_ext.clock import TURN, started
from together_ext.errors import TransferCancelledError

from .formats.source import ArchiveSource
from .formats.stream import CHUNK
from .handover import Handover
from .terms import Extracted

log = logging.getLogger("together_ext.archive")


class Unpack(Protocol):
    """Extracts an archive, as `unpack_archive` does with its other parameters."""

    def __call__(
        self, source: ArchiveSource, /, *, origin: Callable[[], Mapping[str, Any]], cancel: threading.Event
    ) -> Extracted:
        """Extract the bytes of a source."""


class _AbandonedError(Exception):
    """The download failed."""


class Follower:
    """Extracts an archive while it is downloaded; the folder appears when the caller confirms the download.

    Attributes:
        made: The extracted folder; None before it is complete, and if that failed.
        error: Why it failed.
    """

    def __init__(self, source: ArchiveSource, unpack: Unpack) -> None:
        """Start the thread.

        Args:
            source: The arriving archive.
            unpack: Extracts it.
        """
        self._source, self._unpack = source, unpack
        self._cancel, self._settled = threading.Event(), threading.Event()
        self._origin: Mapping[str, Any] | None = None
        self.made: Extracted | None = None
        self.error: Exception | None = None
        self._ended = threading.Event()
        started(threading.Thread(target=self._follow, daemon=True))

    def finish(self, origin: Mapping[str, Any], cancel: threading.Event) -> Extracted | None:
        """Confirm that the download is complete and correct, and wait for the folder.

        Args:
            origin: Where the archive came from, for the receipt.
            cancel: When set, from any thread, the wait and the extraction end.

        Returns:
            The folder; None if the archive has to be extracted separately.

        Raises:
            TransferCancelledError: `cancel` was set.
        """
        self._origin = origin
        self._settled.set()
        # Not by joining the thread: in Python 3.11 and 3.12, a join that is interrupted marks the thread as ended.
        while not self._ended.wait(TURN):
            if cancel.is_set():
                self.abandon()
                raise TransferCancelledError
        return self.made

    def abandon(self) -> None:
        """Stop the extraction and remove what was written."""
        self._cancel.set()
        self._settled.set()
        self._source.interrupt()
        while not self._ended.wait(TURN):
            pass

    def _follow(self) -> None:
        try:
            self.made = self._unpack(self._source, origin=self._confirmed, cancel=self._cancel)
        except Exception as error:  # noqa: BLE001 -- extracting the complete archive, or the caller, reports it
            self.error = error
            log.debug("could not extract during the download: %r", error)
        finally:
            # Also if it failed before it read anything: the thread that hands over the bytes waits for a reader.
            self._source.interrupt()
            self._ended.set()

    def _confirmed(self) -> Mapping[str, Any]:
        self._settled.wait()
        if self._origin is None or self._cancel.is_set():
            raise _AbandonedError
        return self._origin


class ArrivingArchive(Protocol):
    """The bytes of an archive, in order."""

    @property
    def size(self) -> int | None:
        """The size of the complete archive in bytes."""

    def read(self, size: int, /) -> bytes:
        """Wait for the next bytes; fewer only at the end."""


def extract_arriving(
    archive: ArrivingArchive,
    size: int,
    unpack: Unpack,
    *,
    origin: Callable[[bytes], Mapping[str, Any]],
    cancel: threading.Event,
) -> tuple[Extracted, str]:
    """Extract an archive while it arrives, without storing it. The bytes are read in this thread.

    Args:
        archive: The bytes of a zstd, gzip or plain tar archive.
        size: Their number.
        unpack: Extracts it.
        origin: Returns the receipt's entries about the archive, from its first bytes; it may raise, too.
        cancel: When set, from any thread, extraction ends with `TransferCancelledError`.

    Returns:
        The folder, and the SHA-256 of the archive in hexadecimal.

    Raises:
        TogetherExtError: As `archive.extract`, except for what concerns paths and the lock, and as `archive.read`.
    """
    handover, digest = Handover(size), hashlib.sha256()
    follower = Follower(handover, unpack)
    try:
        piece = archive.read(CHUNK)
        entries = origin(piece)
        while piece and handover.put(piece):
            digest.update(piece)
            piece = archive.read(CHUNK)
        handover.end()
        made = follower.finish(entries, cancel)
    finally:
        follower.abandon()
    if made is None:
        raise follower.error or TransferCancelledError
    return made, digest.hexdigest()
