"""Options for the base model of an adapter."""

from typing import Annotated

import typer

from together_ext.cli.exits import BadUsageError

NoFixBase = Annotated[bool, typer.Option("--no-fix-base", help="Keep the adapter's private base model name.")]
BaseModel = Annotated[
    str | None,
    typer.Option("--base-model", metavar="NAME", help="Base model to write into the adapter's configuration."),
]


def check_base(base_model: str | None, *, no_fix_base: bool) -> None:
    """Check that the two options are not combined.

    Raises:
        BadUsageError: Both are given.
    """
    if base_model is not None and no_fix_base:
        raise BadUsageError("--base-model and --no-fix-base cannot be combined: choose one")
