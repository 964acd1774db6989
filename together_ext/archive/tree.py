"""The files of a folder, with the names that they have in archives and receipts, in any locale.

A name is its bytes on the disk, decoded as UTF-8. Python decodes them in the encoding of the locale, which under
`LC_ALL=C` without UTF-8 mode is ASCII. Paths are strings here: `pathlib` parses each, which for a path of 500 parts
takes a thousand calls.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """An entry of a folder that is not a folder.

    Attributes:
        name: Its path inside the folder, with `/` between its parts.
        path: Its path for Python's functions.
        mode: Its type and permissions (`st_mode`); for a link, those of the link.
        size: Its size in bytes.
    """

    name: str
    path: str
    mode: int
    size: int


def entries(folder: Path) -> Iterator[Entry]:
    """All entries of a folder and its subfolders that are not folders; links are not followed.

    Raises:
        OSError: A folder cannot be listed, or an entry cannot be examined. Nothing is skipped.
    """
    start = len(os.path.join(folder, ""))  # noqa: PTH118 -- a string
    for _, found in _listings(folder):
        for entry in found:
            status = entry.stat(follow_symlinks=False)
            yield Entry(name_of(entry.path[start:]), entry.path, status.st_mode, status.st_size)


def folders(folder: Path) -> Iterator[str]:
    """The paths of a folder and its subfolders, each before those in it; raises `OSError` as `entries` does."""
    for parent, _ in _listings(folder):
        yield parent


def _listings(folder: Path) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """Each folder, with its entries that are not folders."""
    # Not os.walk, which skips what it cannot list, and is recursive before Python 3.12.
    waiting = [os.fspath(folder)]
    while waiting:
        parent = waiting.pop()
        with os.scandir(parent) as listed:
            found = sorted(listed, key=lambda entry: entry.name)
        inner = [entry.is_dir(follow_symlinks=False) for entry in found]
        waiting += [entry.path for entry, is_folder in zip(found, inner, strict=True) if is_folder][::-1]
        yield parent, [entry for entry, is_folder in zip(found, inner, strict=True) if not is_folder]


def path_of(folder: Path, name: str) -> str:
    """The path of a name inside a folder."""
    return os.path.join(folder, os.fsdecode(name.encode("utf-8", "surrogateescape")))  # noqa: PTH118 -- a string


def name_of(path: str) -> str:
    """The name of a path in archives and receipts."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")
