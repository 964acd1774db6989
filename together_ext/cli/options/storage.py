"""The option for the settings of an object store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import typer

from together_ext.cli.exits import BadUsageError

OPTION: Final = "--storage-option"

SHOWN: Final = frozenset({"endpoint", "region"})
"""The settings whose values are printed; all others may be secrets."""

StorageOptions = Annotated[
    list[str] | None,
    typer.Option(
        OPTION,
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


def hidden(args: Sequence[str]) -> list[str]:
    """A command line with `***` for the values of settings that may be secrets."""
    found: list[str] = []
    for before, arg in zip(("", *args), args, strict=False):
        start = "" if before == OPTION else f"{OPTION}="
        name, separator, _ = arg.removeprefix(start).partition("=")
        if (before == OPTION or arg.startswith(f"{OPTION}=")) and name not in SHOWN:
            found.append(f"{start}{name}{separator}***")
        else:
            found.append(arg)
    return found
