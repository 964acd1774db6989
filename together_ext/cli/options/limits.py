"""Options for the limits of an archive."""

from typing import Annotated

import typer

from together_ext.cli.render.amounts import size

MaxWindow = Annotated[
    int | None,
    typer.Option(
        "--max-window",
        parser=size,
        metavar="SIZE",
        help="Maximum window (memory) of a zstd frame, such as 2Gi (default: 128Mi).",
    ),
]
