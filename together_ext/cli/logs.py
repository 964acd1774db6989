"""Log messages of the package on standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from together_ext.text import NOTICE

from .render.screen import tell
from .settings import Settings


class _StderrHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == NOTICE:
            tell(record.getMessage())
        else:
            level = "warning" if record.levelno >= logging.WARNING else record.levelname.lower()
            tell(f"{level}: {record.getMessage()}")


def _least(settings: Settings) -> int:
    # A wait for another process is logged as an error, so that it is always shown.
    if settings.quiet:
        return logging.ERROR
    return logging.WARNING if settings.json else NOTICE


@contextmanager
def logs(settings: Settings) -> Iterator[None]:
    """Print what the package logs while the context lasts: notices and warnings, with `--verbose` everything.

    Other loggers are unchanged: httpx logs signed URLs, which are secret.
    """
    logger, handler = logging.getLogger("together_ext"), _StderrHandler()
    before = logger.level
    handler.addFilter(lambda record: settings.verbose or record.levelno >= _least(settings))
    logger.addHandler(handler)
    # The filter decides later: the options are not parsed yet.
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
