"""What the disk is told: to begin to write early, and that a folder's names must last."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

BEHIND: Final = 4 << 20
"""Bytes after which the system is told to begin to write them to the disk: the last flush then has little left to do,
and a third of a fast transfer's time is saved."""


def write_behind(fd: int, before: int, now: int) -> None:
    """Let the system write a file's bytes to the disk from now on, without waiting for it.

    Args:
        fd: The file.
        before: Offset up to which it was written at the last call.
        now: Offset up to which it is written now; nothing is done until it has passed another `BEHIND` bytes.
    """
    behind = before // BEHIND
    # macOS has no such call. Elsewhere it starts the writing of what is not on the disk yet, and drops from memory only
    # what is: nothing, this soon after it came. A hint, which may fail.
    if now // BEHIND > behind and hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(fd, behind * BEHIND, now - behind * BEHIND, os.POSIX_FADV_DONTNEED)


def flush_folder(folder: Path) -> None:
    """Return when the disk has the folder's names: without it a rename may be lost in a power cut."""
    # Some network file systems cannot, and need not.
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
