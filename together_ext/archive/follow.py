"""Unpacking that follows a download: a thread reads the growing file, and is done soon after its last byte came.

Whatever goes wrong here is no error: the archive that was fetched can be unpacked as any other, and tells it then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from together_ext.errors import TransferCancelledError

from . import Extracted, Terms, unpack_archive
from .source import ArchiveSource

log = logging.getLogger("together_ext.archive")

TURN: Final = 0.1
"""Seconds between two looks at whether to go on."""


class _AbandonedError(Exception):
    """The download came to nothing."""


class Follower:
    """Unpacks what is being fetched; the folder takes its place when the caller says that the file is right.

    Attributes:
        made: The folder, when it has; None before, and if the archive has to be unpacked by itself.
    """

    def __init__(self, source: ArchiveSource, folder: Path, terms: Terms) -> None:
        """Begin.

        Args:
            source: The growing archive.
            folder: The absolute path of the folder to make, which the caller has `locked`.
            terms: How.
        """
        self._source, self._folder, self._terms = source, folder, terms
        self._cancel, self._settled = threading.Event(), threading.Event()
        self._origin: Mapping[str, Any] | None = None
        self.made: Extracted | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._follow, daemon=True).start()

    def finish(self, origin: Mapping[str, Any], cancel: threading.Event) -> Extracted | None:
        """The file is whole and right: wait until the folder is, too.

        Args:
            origin: What the receipt shall say of where the archive came from.
            cancel: Set from anywhere, it ends the wait and the work.

        Returns:
            The folder; None if the archive has to be unpacked by itself.

        Raises:
            TransferCancelledError: `cancel` was set.
        """
        self._origin = origin
        self._settled.set()
        # Not by joining the thread: in Python 3.11 and 3.12 one that is interrupted takes the thread for ended.
        while not self._ended.wait(TURN):
            if cancel.is_set():
                self.abandon()
                raise TransferCancelledError
        return self.made

    def abandon(self) -> None:
        """Stop, and leave nothing."""
        self._cancel.set()
        self._settled.set()
        self._source.interrupt()
        self._ended.wait()

    def _follow(self) -> None:
        try:
            self.made = unpack_archive(
                self._folder, self._source, self._folder, self._terms, origin=self._said, cancel=self._cancel
            )
        except Exception as error:  # noqa: BLE001 -- whatever it is, the stored archive will tell it better
            log.debug("could not unpack %s while it was fetched: %r", self._folder, error)
        finally:
            self._ended.set()

    def _said(self) -> Mapping[str, Any]:
        self._settled.wait()
        if self._origin is None or self._cancel.is_set():
            raise _AbandonedError
        return self._origin
