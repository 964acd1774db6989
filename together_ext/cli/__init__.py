"""The command line, `together-ext`."""

from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        args: The words behind the program's name; None for those of this process.

    Returns:
        The exit code (see `exits`).
    """
    try:
        from .program import run  # noqa: PLC0415 -- whoever imports the package for its pieces needs no Typer
    except KeyboardInterrupt:
        return 130
    return run(args)
