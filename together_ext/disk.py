"""What the disk is told."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def flush_folder(folder: Path) -> None:
    """Return when the disk has the folder's names: without it a rename may be lost in a power cut."""
    # Some network file systems cannot, and need not.
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
