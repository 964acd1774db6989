"""The option for the wait for the disk."""

from typing import Annotated

import typer

Durable = Annotated[
    bool,
    typer.Option(
        "--durable/--no-durable",
        help="Wait until everything is on the disk (default: --durable).",
        show_default=False,
    ),
]
