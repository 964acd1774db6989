"""The options for the base model of an adapter, which two commands have."""

from typing import Annotated

import typer

from .exits import BadUsageError

NoFixBase = Annotated[bool, typer.Option("--no-fix-base", help="Leave an adapter's private base model as it is named.")]
BaseModel = Annotated[
    str | None, typer.Option("--base-model", metavar="NAME", help="The base model to write into an adapter.")
]


def check_base(base_model: str | None, *, no_fix_base: bool) -> None:
    """See that the two do not contradict each other.

    Raises:
        BadUsageError: Both are given.
    """
    if base_model is not None and no_fix_base:
        raise BadUsageError("--base-model and --no-fix-base are both given: choose one")
