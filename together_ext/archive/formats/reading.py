"""Errors of the operating system during reading, as errors of this package that name the path."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from together_ext.errors import MissingPathError, OutOfMemoryError, StorageError, TogetherExtError

_WAYS_OUT = {
    errno.EACCES: "check its permissions",
    errno.EPERM: "check its permissions",
    errno.ELOOP: "check the links in the path",
    errno.ENOTDIR: "check the path",
    errno.ENAMETOOLONG: "shorten the path",
}


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise each failure to read as an error of this package.

    Args:
        path: The path that is named where the failure names none.

    Raises:
        MissingPathError: The path, or something in it, does not exist.
        StorageError: The path, or something in it, cannot be read.
        OutOfMemoryError: There is not enough memory.
    """
    try:
        yield
    except TogetherExtError:  # some are also an OSError
        raise
    except OSError as error:
        what = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(path)
        if isinstance(error, FileNotFoundError):
            raise MissingPathError(what) from None
        wayout = _WAYS_OUT.get(error.errno or 0, "check the disk")
        message = f"could not read {what}: {(error.strerror or str(error)).lower()}; {wayout}"
        raise StorageError(message, error.errno) from error
    except MemoryError as error:
        raise OutOfMemoryError(f"read {path}") from error
