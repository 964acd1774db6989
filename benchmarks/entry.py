"""The beginning of each benchmark: its options, and a line that says that it runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def begin(parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the arguments, and report the start on standard error, since the first result takes a while.

    Args:
        parser: The options of the benchmark.
        arguments: The command line; None means that of this process.

    Returns:
        The options.
    """
    given = parser.parse_args(arguments)
    sys.stderr.write(f"{parser.prog}: preparing and measuring; results follow\n")
    return given
