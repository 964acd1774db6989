"""Keeps the journal of a segmented transfer true: often for what is written, seldom for what is flushed."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import Final

from together_ext.errors import StorageError

from .journal import Journal
from .journal_file import JournalFile
from .partial import storage_errors
from .plan import Spans
from .worker import Board

log = logging.getLogger("together_ext.transfer")

FLUSH_INTERVAL: Final = 1.0
"""Seconds between two journals that claim what was flushed."""

UNFLUSHED: Final = 64 << 20
"""Bytes after which what has come is flushed at any rate: the disk is busy from the beginning, and the last flush, for
which the file has to wait, is a short one. On a fast network it is the disk that sets the pace."""

FLEETING_INTERVAL: Final = 5.0
"""The same for a file that will not be wanted any more when it is whole: what reads it has a use for the disk, too."""

LEAST_CLAIM: Final = 2 << 20
"""Bytes between two claims of what was written; for large files it is 1/400 of them: with what a killed process had in
its sockets, less than 2 % is sent again."""


class JournalKeeper:
    """Writes the journal: from the worker that has just made a claim due, and from a thread of its own that flushes."""

    def __init__(self, board: Board, journal: Journal) -> None:
        """Write the first journal, and begin to keep it.

        Args:
            board: What has arrived; tells when a claim is due.
            journal: The state to begin with.

        Raises:
            StorageError: It cannot be written.
        """
        self._board, self._journal = board, journal
        self._step = max(journal.size // 400, LEAST_CLAIM)
        self._path = board.partial.journal_path
        self._file = JournalFile(self._path)
        self._flushed = 0
        self._wake, self._closed = threading.Event(), False
        self._replace(journal)
        board.claim_due = self.claim_written
        self._flusher = threading.Thread(target=self._keep_flushing, daemon=True)
        self._flusher.start()

    def claim_written(self) -> None:
        """Renew the claim of what is written."""
        with storage_errors(self._path, "write to"):
            self._file.renew(self._written)
        if self._board.partial.lasting and self._board.status()[0] - self._flushed >= UNFLUSHED:
            self._wake.set()

    def close(self) -> None:
        """Claim all that has arrived, and flush it; a file that is complete is flushed by the last step, if at all."""
        self._closed = True
        self._wake.set()
        self._flusher.join()
        try:
            if self._board.complete:
                self.claim_written()
            else:
                self._flush()
        except StorageError as error:
            # The older journal still holds, and whoever ends a transfer early has a better reason to tell.
            log.debug("could not write the last journal: %s", error)
        finally:
            self._file.close()

    def _written(self) -> Spans:
        done, written, _ = self._board.status()
        self._board.wake_at = done + self._step
        return written

    def _replace(self, journal: Journal) -> None:
        with storage_errors(self._path, "write to"):
            self._file.replace(journal, self._written)

    def _flush(self, *, claim: bool = True) -> None:
        # What has arrived by now is what the flush is sure to cover.
        self._flushed, arrived, _ = self._board.status()
        self._board.partial.flush()
        if claim:
            self._replace(replace(self._journal, flushed=arrived, written=arrived))

    def _keep_flushing(self) -> None:
        interval = FLUSH_INTERVAL if self._board.partial.lasting else FLEETING_INTERVAL
        due = time.monotonic() + interval
        while True:
            self._wake.wait(max(due - time.monotonic(), 0.0))
            self._wake.clear()
            if self._closed:
                return
            claim = time.monotonic() >= due
            try:
                self._flush(claim=claim)
            except StorageError as error:  # A full disk is met by the writers too, and told by them.
                log.debug("could not flush: %s", error)
            if claim:
                due = time.monotonic() + interval
