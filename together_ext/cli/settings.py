"""What the common options say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


@dataclass
class Settings:
    """What the common options say; the contexts of all commands share one.

    Attributes:
        json: Print one JSON document.
        quiet: Print the essence alone, and no warnings.
        verbose: Print the package's log, and tracebacks.
        base_url: The API's address, if it was given.
        waiting: The job that is waited for, if there is one.
        resumable: A transfer has begun that running the command again would go on with.
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    base_url: str | None = None
    waiting: str | None = None
    resumable: bool = False


def settings_of(context: typer.Context) -> Settings:
    """The settings of the running command."""
    found = context.find_object(Settings)
    return Settings() if found is None else found
