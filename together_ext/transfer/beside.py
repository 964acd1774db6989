"""Blocking work of the engine's threads in async code: run beside the event loop, stopped with its task."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from together_ext.clock import thread_errors

T = TypeVar("T")

SAVING: Final = 2.0
"""Seconds that a cancelled task waits for the engine to save its journal."""


async def beside(call: Callable[[], T], cancel: threading.Event) -> T:
    """Run blocking work in a thread.

    Args:
        call: The work.
        cancel: Set when the task is cancelled; the work must end soon after.
    """
    ended = threading.Event()

    def work() -> T:
        try:
            return call()
        finally:
            ended.set()

    try:
        with thread_errors():
            return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    except anyio.get_cancelled_exc_class():
        cancel.set()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(ended.wait, SAVING)
        raise
