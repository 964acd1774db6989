"""A process that cannot start threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

TOO_LARGE = 1 << 46
"""A stack of this many bytes is larger than the memory of any machine, so the system starts no thread with it."""


@contextmanager
def no_threads() -> Iterator[None]:
    """Let every start of a thread in this process fail, as with `ulimit -u`, which does not apply to root."""
    before = threading.stack_size(TOO_LARGE)
    try:
        yield
    finally:
        threading.stack_size(before)
