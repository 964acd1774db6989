"""The local path of a download, from the caller's `output` and the archive's name."""

from __future__ import annotations

import os
from typing import Final

from together_ext.archive.formats.sniff import ArchiveFormat, looks_like_text, sniff
from together_ext.archive.formats.structure import check_structure
from together_ext.errors import IntegrityError
from together_ext.storage import absolute, local_path
from together_ext.text import printable
from together_ext.transfer import Head, Target

from .urls import SUPPORTED

UNKNOWN: Final = ".bin"
"""The extension of a file that is neither a supported archive nor text; it is kept."""

TEXTS: Final = frozenset({"text/html", "text/plain", "application/json"})
"""Media types of pages and messages; some servers also use them for files of an unknown type."""


def destination(output: str | os.PathLike[str] | None, stem: str) -> Target:
    """The target of a download.

    Args:
        output: An existing folder, or a path that ends in a separator: the archive is stored in it. Any other path is
            that of the file (default: the current folder).
        stem: The archive's name without its extension, where `output` does not name the file.

    Raises:
        ConfigurationError: `output` is a URL.
        RuleError: `output` is empty or not a path.
        StorageError: `output` is relative to the current folder, which has been deleted.
    """
    text = check_output(output, SUPPORTED)
    separators = tuple(filter(None, (os.sep, os.altsep)))
    # os.path.isdir, since pathlib raises for a name that is too long, which is reported better later.
    if text is None or text.endswith(separators) or os.path.isdir(text):  # noqa: PTH112
        return Target(absolute(text or "."), stem, archive_extension, (*ArchiveFormat, UNKNOWN), check_structure)
    return Target.exactly(text, archive_extension, check_structure)


def check_output(output: str | os.PathLike[str] | None, others: str = "") -> str | None:
    """The path as text, with `~` expanded to the home folder; None for the current folder.

    Args:
        output: The path.
        others: The schemes of URLs that the caller supports, for the error.

    Raises:
        ConfigurationError: `output` is a URL.
        RuleError: `output` is empty or not a path.
        StorageError: `output` is relative to the current folder, which has been deleted.
    """
    text = None if output is None else local_path(output, "output", others)
    absolute(text or ".")
    return text


def archive_extension(head: Head) -> str:
    """The extension of a file, by its content.

    Args:
        head: The first bytes and the media type.

    Returns:
        The extension of a supported format, or `UNKNOWN`.

    Raises:
        IntegrityError: The file is empty, or is a page or message instead of an archive.
    """
    if not head.data:
        raise IntegrityError(
            "the server sent an empty file instead of weights: try again later, or contact its support"
        )
    found = sniff(head.data)
    if found is not None:
        return found.value
    if looks_like_text(head.data) or (head.media_type in TEXTS and b"\x00" not in head.data):
        start = printable(head.data.decode("utf-8", "replace"), 80)
        kind = head.media_type or "no type"
        raise IntegrityError(
            f"the server sent text ({kind}: {start!r}) instead of an archive of weights: check that the base URL is "
            "that of the API, and that no proxy sent this response"
        )
    return UNKNOWN
