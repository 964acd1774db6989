"""The option for the source of weights."""

from typing import TYPE_CHECKING, Annotated

import typer

from together_ext.cli.exits import BadUsageError
from together_ext.config import SOURCES
from together_ext.text import printable

if TYPE_CHECKING:
    from together_ext.config import Source as SourceName

Source = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="SOURCE",
        help="With --extract: archive, registry, or auto (the registry if it has the weights) (default: archive).",
        show_default=False,
    ),
]


def source_of(given: str | None) -> "SourceName | None":
    """The source that an option names; None without one.

    Raises:
        BadUsageError: It does not exist.
    """
    for source in (None, *SOURCES):
        if given == source:
            return source
    raise BadUsageError(f"--source is {printable(repr(given), 40)}: choose one of {', '.join(SOURCES)}")
