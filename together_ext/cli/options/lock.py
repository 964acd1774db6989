"""The option for the wait for another process."""

from typing import Annotated

import typer

from together_ext.cli.render.amounts import duration

LockTimeout = Annotated[
    float | None,
    typer.Option(
        "--lock-timeout",
        parser=duration,
        metavar="TIME",
        help="Maximum wait for another process that writes to the same path (default: unlimited).",
    ),
]
