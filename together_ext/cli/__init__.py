"""The command line, `together-ext`.

`app` lists the commands and `program` runs them: every failure becomes one sentence and an exit code (`exits`).
`commands` holds the commands, `options` what several of them accept, `render` what they print. Imports every other
room through its public names. To add a command, see `commands`.
"""

from __future__ import annotations

import atexit
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from together_ext.clock import AsyncClock


def main(args: Sequence[str] | None = None, *, clock: AsyncClock | None = None) -> int:
    """Run one command.

    Args:
        args: The arguments after the program's name (default: those of this process).
        clock: The clock, for tests (default: that of the machine).

    Returns:
        The exit code (see `exits`).
    """
    # No garbage collection at exit: it takes a sixth of the time of a short command.
    atexit.register(gc.freeze)
    try:
        from .program import run
    except KeyboardInterrupt:
        return 130
    return run(args, clock)
