"""The outcome of an extraction: the folder, warnings, and the way to the commands that load the weights."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from together_ext.cli.settings import Settings
from together_ext.destinations.urls import is_object_url
from together_ext.errors import TogetherExtError

from .amounts import counted
from .documents import plain
from .screen import show, tell
from .views import View

MOST_WARNINGS: Final = 5
"""Maximum number of warnings after an extraction; `inspect` shows all of them."""

if TYPE_CHECKING:
    from together_ext.archive.inspect import Inspection
    from together_ext.archive.next_steps import NextStep


def inspected(place: str, storage: Mapping[str, str] | None) -> Inspection:
    """Inspect extracted weights, in a folder or an object store.

    Raises:
        TogetherExtError: As `inspect`.
    """
    from together_ext.archive.inspect import inspect

    if not is_object_url(place):
        return inspect(place)
    from together_ext.destinations.checking import inspect_objects

    return inspect_objects(place, storage_options=storage)


def show_unpacked(
    settings: Settings, outcome: object, view: View, folder: str, storage: Mapping[str, str] | None = None
) -> None:
    """Print the outcome of an extraction, with warnings and the command that shows more on standard error.

    Args:
        settings: Decides the form; with `--quiet`, only the result is printed.
        outcome: The outcome, a dataclass; its document also has the next steps.
        view: The outcome for people.
        folder: The extracted folder, or its URL.
        storage: The settings of the object store.
    """
    if settings.quiet and not settings.json:
        show(settings, outcome, view)
        return
    from together_ext.archive.next_steps import next_steps

    try:
        found = inspected(folder, storage)
    except TogetherExtError as error:
        # The weights are extracted nevertheless, such as several models in one archive.
        show(settings, with_steps(outcome, ()), view)
        if not settings.json:
            tell(f"warning: {error}")
        return
    steps = next_steps(folder, found)
    show(settings, with_steps(outcome, steps), view)
    if settings.json:
        return
    for warning in found.warnings[:MOST_WARNINGS]:
        tell(f"warning: {warning}")
    if (more := len(found.warnings) - MOST_WARNINGS) > 0:
        tell(f"{counted(more, 'more warning', 'more warnings')}")
    tell("to see how to load the model, run:", f"together-ext inspect {shlex.quote(folder)}")


def with_steps(outcome: object, steps: tuple[NextStep, ...]) -> dict[str, object]:
    """An outcome as a document with its next steps."""
    document = plain(outcome)
    return {**(document if isinstance(document, dict) else {}), "next_steps": steps}


def lines_of(step: NextStep) -> list[str]:
    """A step as lines to copy; its note is a comment, in the shell and in Python."""
    return [*([f"# {step.note}"] if step.note else []), *(step.command or "").splitlines()]
