"""The client of a command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .exits import BadUsageError
from .paths import path_of
from .settings import Settings

if TYPE_CHECKING:
    from together_ext.client import Together


def connect(settings: Settings) -> Together:
    """A client with the key of the environment: command lines are visible in every process list."""
    from together_ext.client import Together

    given = {"timeout": settings.timeout, "max_retries": settings.max_retries, "clock": settings.clock}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    return Together(key_of(settings), settings.base_url, project=settings.project, **options)


def key_of(settings: Settings) -> str | None:
    """The API key of `--api-key-file`; None if the environment has it. Raises `BadUsageError` as `connect` does."""
    return None if settings.api_key_file is None else _key_in(settings.api_key_file)


def _key_in(file: str) -> str:
    """The API key in a file.

    Raises:
        BadUsageError: The file cannot be read, or is not a key.
    """
    path = Path(path_of(file, "--api-key-file"))
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise BadUsageError(
            f"--api-key-file {file} cannot be read ({reason.lower()}): name a file with the key"
        ) from None
    if not key or len(key.split()) > 1:
        raise BadUsageError(f"--api-key-file {file} is not an API key: expected one line with the key")
    return key
