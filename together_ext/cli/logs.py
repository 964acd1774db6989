"""The package's own log on standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from .screen import tell
from .settings import Settings


class _Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell(f"{record.levelname.lower()}: {record.getMessage()}")


@contextmanager
def logs(settings: Settings) -> Iterator[None]:
    """Pass on what the package logs while the context lasts: warnings, with `--verbose` everything.

    No other logger is touched: httpx's own writes signed addresses, and those are as good as a key.
    """
    logger, teller = logging.getLogger("together_ext"), _Teller()
    before = logger.level
    teller.addFilter(lambda record: settings.verbose or (record.levelno >= logging.WARNING and not settings.quiet))
    logger.addHandler(teller)
    # Decided when a record comes, since the options are not read yet.
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(teller)
        logger.setLevel(before)
