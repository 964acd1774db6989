"""Values of the common options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from together_ext.clock import AsyncClock


@dataclass
class Settings:
    """Values of the common options, and the state of the running command; all contexts share one.

    Attributes:
        json: Print one JSON document.
        quiet: Print only the result, and no warnings.
        verbose: Print the package's log, and tracebacks.
        base_url: Base URL of the API (default: that of the environment).
        project: ID of the project whose models are meant (default: that of the environment or the API key).
        api_key_file: File with the API key (default: the environment has it).
        timeout: Timeout of a request, in seconds (default: that of the client).
        max_retries: Maximum number of retries of a request (default: that of the client).
        non_interactive: Never ask for confirmation.
        options: The options of the running command, such as `--overwrite`.
        waiting: ID of the job that the command waits for.
        resumable: Whether the same command would resume the download.
        uploading: Whether the command saves files in an object store, where complete ones stay.
        clock: The clock, for tests (default: that of the machine).
    """

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    base_url: str | None = None
    project: str | None = None
    api_key_file: str | None = None
    timeout: float | None = None
    max_retries: int | None = None
    non_interactive: bool = False
    options: frozenset[str] = frozenset()
    waiting: str | None = None
    resumable: bool = False
    uploading: bool = False
    clock: AsyncClock | None = None


def settings_of(context: typer.Context) -> Settings:
    """The settings of the running command."""
    found = context.find_object(Settings)
    return Settings() if found is None else found
