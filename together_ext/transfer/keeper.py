"""Keeps the journal of a segmented transfer up to date: written spans often, flushed spans rarely."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import Final

from together_ext.clock import started
from together_ext.errors import LeaseLostError, StorageError
from together_ext.storage import storage_errors

from .board import AT_RISK, Board
from .journal import Journal
from .journal_file import JournalFile
from .partial import Partial
from .plan import Spans

log = logging.getLogger("together_ext.transfer")

FLUSH_INTERVAL: Final = 1.0
"""Seconds between two journals with flushed spans."""

UNFLUSHED: Final = 64 << 20
"""Number of bytes after which downloaded bytes are flushed in any case: the disk is busy from the beginning, and the
last flush, which the final name waits for, is short. On a fast network the disk is the limit."""

FLEETING_INTERVAL: Final = 5.0
"""The same for a file that is discarded once it is complete: its reader needs the disk, too."""

LEAST_CLAIM: Final = 256 << 10
"""Minimum number of bytes between two renewals; 1/400 of a large file, so that there are at most 400 renewals."""


class JournalKeeper:
    """Writes the journal: renewals in the worker threads, flushed journals in a dedicated thread."""

    def __init__(self, board: Board, partial: Partial, journal: Journal) -> None:
        """Write the first journal, and start the thread that flushes.

        Args:
            board: The state of the transfer; calls `claim_written` when a renewal is due.
            partial: The partial file.
            journal: The first state.

        Raises:
            StorageError: The journal cannot be written.
        """
        self._board, self._partial, self._journal = board, partial, journal
        self._step = max(journal.size // AT_RISK, LEAST_CLAIM)
        self._path = partial.journal_path
        self._file = JournalFile(self._path)
        self._flushed = 0
        self._wake, self._closed = threading.Event(), False
        self._replace(journal)
        board.claim_due = self.claim_written
        self._flusher = started(threading.Thread(target=self._keep_flushing, daemon=True))

    def claim_written(self) -> None:
        """Renew the list of written spans in the journal."""
        with storage_errors(self._path, "write to"):
            self._file.renew(self._written)
        if self._partial.lasting and self._board.status()[0] - self._flushed >= UNFLUSHED:
            self._wake.set()

    def close(self) -> None:
        """Flush and list all downloaded bytes; a complete file is flushed later, if it is kept."""
        self._closed = True
        self._wake.set()
        self._flusher.join()
        try:
            if self._board.complete:
                self.claim_written()
            else:
                self._flush()
        except (LeaseLostError, StorageError) as error:
            # The earlier journal is still valid, and the transfer ends with a more important error.
            log.debug("could not write the last journal: %s", error)
        finally:
            self._file.close()

    def _written(self) -> Spans:
        done, written, _ = self._board.status()
        self._board.wake_at = done + self._step
        return written

    def _replace(self, journal: Journal) -> None:
        self._partial.guard()
        with storage_errors(self._path, "write to"):
            self._file.replace(journal, self._written)

    def _flush(self, *, claim: bool = True) -> None:
        # The flush covers at least what has arrived by now.
        self._flushed, arrived, _ = self._board.status()
        self._partial.flush()
        if claim:
            self._replace(replace(self._journal, flushed=arrived, written=arrived))

    def _keep_flushing(self) -> None:
        interval = FLUSH_INTERVAL if self._partial.lasting else FLEETING_INTERVAL
        due = time.monotonic() + interval
        while True:
            self._wake.wait(max(due - time.monotonic(), 0.0))
            self._wake.clear()
            if self._closed:
                return
            claim = time.monotonic() >= due
            try:
                self._flush(claim=claim)
            except (LeaseLostError, StorageError) as error:  # The worker threads report both.
                log.debug("could not flush: %s", error)
            if claim:
                due = time.monotonic() + interval
