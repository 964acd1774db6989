"""What the commands say of weights that lie unpacked on the disk: what they are, and what to do with them next."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from .screen import show, tell
from .settings import Settings
from .views import View

MOST_WARNINGS: Final = 5
"""Warnings that are told after unpacking; `inspect` tells all of them."""

if TYPE_CHECKING:
    from together_ext.archive.next_steps import NextStep


def show_unpacked(settings: Settings, outcome: object, view: View, folder: str) -> None:
    """Print the outcome of unpacking, and what to do next: in the document, or else on standard error.

    Args:
        settings: Which form it takes; with `--quiet` nothing is said of what is next.
        outcome: The outcome, a dataclass.
        view: The outcome for people.
        folder: What was unpacked.
    """
    if settings.quiet and not settings.json:
        show(settings, outcome, view)
        return
    from together_ext.archive.inspect import inspect  # noqa: PLC0415 -- not for `--help`
    from together_ext.archive.next_steps import next_steps  # noqa: PLC0415

    found = inspect(folder)
    steps = next_steps(folder, found)
    show(settings, with_steps(outcome, steps), view)
    if settings.json:
        return
    if steps:
        tell("next, one of:")
    for step in steps:
        tell("\n".join([f"  {step.tool}", *(f"    {line}" for line in lines_of(step))]))
    for warning in found.warnings[:MOST_WARNINGS]:
        tell(f"warning: {warning}")
    if (more := len(found.warnings) - MOST_WARNINGS) > 0:
        tell(f"and {more} more: see together-ext inspect {os.path.relpath(folder)}")


def with_steps(outcome: object, steps: tuple[NextStep, ...]) -> dict[str, object]:
    """An outcome as a document that has the steps, too."""
    from .documents import plain  # noqa: PLC0415 -- not for `--help`

    document = plain(outcome)
    return {**(document if isinstance(document, dict) else {}), "next_steps": steps}


def lines_of(step: NextStep) -> list[str]:
    """A step as lines to copy; what there is to know of it is a comment, for the shell and for Python."""
    return [*([f"# {step.note}"] if step.note else []), *(step.command or "").splitlines()]
