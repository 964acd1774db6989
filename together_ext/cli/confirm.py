"""Questions before something is lost, or costs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .exits import BadUsageError, CommandError
from .screen import stdin_is_terminal

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def confirm(action: str, job_id: str, *, yes: bool) -> None:
    """Ask whether a job shall really be cancelled or deleted.

    Args:
        action: The word for it.
        job_id: The job; checked before anyone is asked.
        yes: Whether the answer was given in advance.

    Raises:
        BadUsageError: There is nobody to ask.
        CommandError: The answer is no.
        CheckpointNameError: That is no job's ID.
    """
    from together_ext.checkpoints import parse_job_id  # noqa: PLC0415 -- not for `--help`

    parse_job_id(job_id)
    confirm_action(f"{action} {job_id}", yes=yes)


def confirm_action(action: str, *, yes: bool) -> None:
    """Ask whether something shall really be done.

    Args:
        action: What, to go on from "to", and as a question.
        yes: Whether the answer was given in advance.

    Raises:
        BadUsageError: There is nobody to ask.
        CommandError: The answer is no.
    """
    if yes:
        return
    require_somebody(action)
    # On standard error, and not by input(), which would write to standard output.
    sys.stderr.write(f"{action}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("nothing was sent, as the answer was not yes", code="declined")


def require_somebody(action: str) -> None:
    """See that there is somebody who can answer.

    Raises:
        BadUsageError: There is not.
    """
    if not stdin_is_terminal():
        raise BadUsageError(f"nothing was sent: to {action} without being asked, add --yes")
