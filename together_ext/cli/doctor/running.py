"""Run a check with a time limit, so that one check never ends or blocks the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from together_ext.cli.exits import sentence_of
from together_ext.clock import started

from .findings import Finding, failed

T = TypeVar("T")

LIMIT: Final = 20.0
"""Maximum number of seconds of a check."""


def attempt(name: str, work: Callable[[], T], limit: float = LIMIT) -> T | Finding:
    """Run a check, or what several checks share.

    Args:
        name: The check that reports a failure.
        work: The check. It runs in a thread, which is abandoned after the limit: a call of the system that does not
            return, such as one of a network disk, cannot be ended.
        limit: Maximum number of seconds.

    Returns:
        The result; a finding with the reason if there is none.
    """
    results: list[T | Finding] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 -- whatever it is, the other checks follow
            results.append(failed(name, sentence_of(error)))

    started(threading.Thread(target=run, name=f"doctor {name}", daemon=True)).join(limit)
    return results[0] if results else failed(name, f"no result after {limit:g} seconds")
