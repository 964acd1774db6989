"""The client of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .settings import Settings

if TYPE_CHECKING:
    from together_ext.client import Together


def connect(settings: Settings) -> Together:
    """A client with the key of the environment: a key on a command line can be read in every process list."""
    from together_ext.client import Together  # noqa: PLC0415 -- a third of a second, not to be paid for `--help`

    return Together(base_url=settings.base_url)
