"""The mark of a complete file: which version of which remote file it is, in an extended attribute of the file.

A rerun then needs no bytes of the remote file: the mark names its validator, and the file has not been modified since.
Without a mark (another file system, a copy, another tool) the bytes are compared, as `target.check_identical` does.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from together_ext.clock import boot_id
from together_ext.storage import UntrustedFileError, is_own, open_own

from .responses import Content

NAME: Final = "user.together-ext"
"""The name of the attribute; `user.` is the only namespace in which every owner may write (xattr(7))."""

# Only Linux has them in `os`.
_set: Final[Callable[[int, str, bytes], None] | None] = getattr(os, "setxattr", None)
_get: Final[Callable[[int, str], bytes] | None] = getattr(os, "getxattr", None)


@dataclass(frozen=True)
class Mark:
    """A version of a remote file.

    Attributes:
        source: `Remote.fingerprint`.
        size: Its size in bytes.
        validator: Its strong entity tag.
    """

    source: str
    size: int
    validator: str


def mark_of(source: str, content: Content) -> Mark | None:
    """The mark of a file with this response; None if its version is not certain."""
    etag = content.validator.etag
    # A weak tag (RFC 9110, 8.8.1) does not prove that two responses contain the same bytes.
    if content.size is None or etag is None or not etag.startswith('"'):
        return None
    return Mark(source, content.size, etag)


def leave(fd: int, mark: Mark, *, lasting: bool) -> None:
    """Mark a complete file; nothing happens where the file system does not support it.

    Args:
        fd: The file, to which nothing is written afterwards.
        mark: What it is.
        lasting: Whether the file will be on the disk before it gets its final name; without it, the mark is valid until
            the machine restarts.
    """
    fields = {
        "source": mark.source,
        "size": mark.size,
        "validator": mark.validator,
        "modified": os.fstat(fd).st_mtime_ns,
        "boot": None if lasting else boot_id() or "",
    }
    if _set is not None:
        with suppress(OSError):
            _set(fd, NAME, json.dumps(fields).encode())


def find(path: Path) -> Mark | None:
    """The mark of a file; None if it has none, was modified since, or may have been modified by another user."""
    if _get is None:
        return None
    try:
        fd = open_own(path, os.O_RDONLY)
    except (OSError, UntrustedFileError):
        return None
    try:
        found = os.fstat(fd)
        fields: Any = json.loads(_get(fd, NAME))
        mark = Mark(str(fields["source"]), int(fields["size"]), str(fields["validator"]))
        same = (found.st_size, found.st_mtime_ns) == (mark.size, fields["modified"])
        return mark if same and fields["boot"] in (None, boot_id()) else None
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    finally:
        os.close(fd)


def is_ours(fd: int, folder: Path) -> bool:
    """Whether a regular file in a folder belongs to this user, and not every user may write to it."""
    found = os.fstat(fd)
    return stat.S_ISREG(found.st_mode) and is_own(found, folder) and not found.st_mode & stat.S_IWOTH
