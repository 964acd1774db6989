"""Confirmation before a command deletes something or costs money."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from together_ext.checkpoints import parse_job_id

from .exits import BadUsageError, CommandError
from .render.screen import stdin_is_terminal
from .settings import Settings

Yes = Annotated[bool, typer.Option("--yes", "-y", "--force", help="Do not ask for confirmation.")]


def confirm(settings: Settings, action: str, job_id: str, *, yes: bool) -> None:
    """Ask for confirmation to cancel or delete a job.

    Args:
        settings: The common options.
        action: The verb.
        job_id: The job's ID; checked before the question.
        yes: Whether `--yes` was passed.

    Raises:
        BadUsageError: Standard input is not a terminal, or `--non-interactive` was passed.
        CommandError: The answer is no.
        CheckpointNameError: Invalid job ID.
    """
    parse_job_id(job_id)
    confirm_action(settings, f"{action} {job_id}", yes=yes)


def confirm_action(settings: Settings, action: str, *, yes: bool) -> None:
    """Ask for confirmation.

    Args:
        settings: The common options.
        action: The action in the imperative, such as "delete file-1".
        yes: Whether `--yes` was passed.

    Raises:
        BadUsageError: Standard input is not a terminal, or `--non-interactive` was passed.
        CommandError: The answer is no.
    """
    if yes:
        return
    require_terminal(settings, action)
    # Not `input()`, which writes to standard output.
    sys.stderr.write(f"{action}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("not confirmed; nothing was sent", code="declined")


def require_terminal(settings: Settings, action: str) -> None:
    """Check that a question can be answered.

    Args:
        settings: The common options.
        action: The action that needs confirmation.

    Raises:
        BadUsageError: Standard input is not a terminal, or `--non-interactive` was passed.
    """
    if not stdin_is_terminal() or settings.non_interactive:
        raise BadUsageError(f"confirmation required to {action}: pass --yes to run non-interactively")
