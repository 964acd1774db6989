"""The option for the settings of an object store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from together_ext.cli.exits import BadUsageError

StorageOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--storage-option",
        metavar="KEY=VALUE",
        help="Setting of the object store, such as endpoint=https://...; repeatable (default: those of the "
        "environment).",
        show_default=False,
    ),
]


def storage_options(given: Iterable[str] | None) -> dict[str, str] | None:
    """The settings by name; None if there are none.

    Raises:
        BadUsageError: One is not `KEY=VALUE`.
    """
    found = {}
    for setting in given or ():
        name, separator, value = setting.partition("=")
        if not (name and separator):
            # Not the text, which may be a secret.
            raise BadUsageError("--storage-option needs KEY=VALUE, such as region=eu-central-1")
        found[name] = value
    return found or None
