"""The command line, `together-ext`."""

import atexit
import gc
from collections.abc import Sequence


def main(args: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        args: The words behind the program's name; None for those of this process.

    Returns:
        The exit code (see `exits`).
    """
    # What is there at the end goes with the process: to look for garbage in it is a sixth of a short command's time.
    atexit.register(gc.freeze)
    try:
        from .program import run  # noqa: PLC0415 -- whoever imports the package for its pieces needs no Typer
    except KeyboardInterrupt:
        return 130
    return run(args)
