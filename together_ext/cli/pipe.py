"""An archive to standard output, for the next program of a pipeline."""

from __future__ import annotations

import fcntl
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, Final

from .exits import BadUsageError
from .render.screen import stdout_bytes, stdout_errors, stdout_is_terminal

if TYPE_CHECKING:
    from together_ext.transfer import OrderedStream

STANDARD_OUTPUT: Final = "-"
"""The output that stands for it."""

PIPE: Final = 1 << 20
"""Number of bytes that a pipe should hold; that of Linux, 64 KiB, makes both programs wait for each other often."""


def standard_output() -> BinaryIO:
    """Standard output for bytes.

    Raises:
        BadUsageError: It is a terminal.
        StorageError: It is closed.
    """
    if stdout_is_terminal():
        raise BadUsageError("--output - would write the archive to the terminal: redirect it to a file or a pipe")
    found = stdout_bytes()
    with suppress(AttributeError, OSError, ValueError):  # not a pipe, not Linux, or above the user's limit
        fcntl.fcntl(found, fcntl.F_SETPIPE_SZ, PIPE)
    return found


def send(stream: OrderedStream, output: BinaryIO) -> int:
    """Write a stream to standard output; returns the number of bytes.

    Raises:
        BrokenPipeError: The reader has closed the pipe.
        StorageError: It cannot be written to.
        TransferError: The download failed; what was written is the beginning of the archive.
    """
    for view in stream.views():
        with stdout_errors():
            output.write(view)
    with stdout_errors():
        output.flush()
    return stream.tell()
