"""The steps that move bytes: what a client does with each, in the calling thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from together_ext.clock import SYSTEM, AsyncClock

from .flow import Fetch, Streamed, Survey

if TYPE_CHECKING:
    from together_ext.transfer import Remote
    from together_ext.transfer.options import Conduct

C = TypeVar("C", bound="Conduct")


def timed(options: C, clock: AsyncClock) -> C:
    """The options of a transfer, with the time of a client that was given one."""
    return options if clock is SYSTEM else replace(options, clock=clock)


def moved(step: Fetch[Any] | Streamed[Any] | Survey[Any], remote: Remote, clock: AsyncClock) -> object:
    """Download a file, read it while it is downloaded, or look at what a download would find."""
    match step:
        case Survey():
            from together_ext.transfer.survey import survey

            return survey(remote, step.target, step.archive.identity, timed(step.options, clock))
        case Fetch():
            from together_ext.transfer import transfer

            return transfer(remote, step.target, step.archive.identity, timed(step.options, clock))
        case Streamed():
            from together_ext.transfer.stream import begin

            with begin(remote, timed(step.options, clock)) as stream:
                return step.work(stream)
