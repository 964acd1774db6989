"""Where a download goes: what the caller said of the place, and the archive's own name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from .archive.sniff import ArchiveFormat, looks_like_text, sniff
from .errors import IntegrityError, RuleError, printable
from .transfer import Head, Target

UNKNOWN: Final = ".bin"
"""The extension of something that is no archive we know, and no text either: kept, since it may be of use."""

TEXTS: Final = frozenset({"text/html", "text/plain", "application/json"})
"""What servers call pages and messages; some call a file so that they know nothing of."""


def destination(output: str | os.PathLike[str] | None, stem: str) -> Target:
    """Turn the caller's `output` into a target.

    Args:
        output: None for the current folder; an existing folder, or a path that ends in a separator, to put the
            archive inside; anything else is the file itself.
        stem: The archive's name without its extension, where `output` does not name the file.
    """
    text = check_output(output)
    separators = tuple(filter(None, (os.sep, os.altsep)))
    # os.path's, since that of pathlib raises for a name that is too long, which is told better later.
    if text is None or text.endswith(separators) or os.path.isdir(text):  # noqa: PTH112
        return Target(_absolute(text or "."), stem, archive_extension, (*ArchiveFormat, UNKNOWN))
    return Target.exactly(text, archive_extension)


def check_output(output: str | os.PathLike[str] | None) -> str | None:
    """The place as text, with `~` for the home folder.

    Raises:
        RuleError: It is empty, or nothing that names a file.
    """
    try:
        text = None if output is None else os.fsdecode(output)
    except TypeError:
        raise RuleError(f"output is {output!r}: expected a path, or None for the current folder") from None
    if text is None:
        return None
    if not text or "\0" in text:
        raise RuleError(f"output is {text!r}: expected a path, or None for the current folder")
    # expanduser() of pathlib would drop the separator at the end, which means something here.
    return os.path.expanduser(text)  # noqa: PTH111


def archive_extension(head: Head) -> str:
    """The extension that the content deserves.

    Raises:
        IntegrityError: There is no content, or it is a page or message instead of weights.
    """
    if not head.data:
        raise IntegrityError("the server sent an empty file instead of weights: try again later, or ask its support")
    found = sniff(head.data)
    if found is not None:
        return found.value
    if looks_like_text(head.data) or (head.media_type in TEXTS and b"\x00" not in head.data):
        start = printable(head.data.decode("utf-8", "replace"), 80)
        kind = head.media_type or "no type"
        raise IntegrityError(
            f"the server sent text ({kind}: {start!r}) instead of an archive of weights: check that the base URL is "
            "that of the API, and that no proxy answers for it"
        )
    return UNKNOWN


def _absolute(path: str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() would follow links, which is not asked for
