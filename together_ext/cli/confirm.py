"""Questions before something is lost."""

from __future__ import annotations

import sys

from .exits import BadUsageError, CommandError
from .screen import stdin_is_terminal


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
    if yes:
        return
    if not stdin_is_terminal():
        raise BadUsageError(f"nothing was sent: to {action} {job_id} without being asked, add --yes")
    ask(f"{action} {job_id}")


def ask(question: str) -> None:
    """Ask somebody at the terminal; any answer but yes ends the command.

    Raises:
        CommandError: The answer is another one.
    """
    # On standard error, and not by input(), which would write to standard output.
    sys.stderr.write(f"{question}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("nothing was sent, as the answer was not yes", code="declined")
