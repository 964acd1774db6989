"""The names that a member of an archive may have: those that mean the same path inside the folder on every system."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from together_ext.errors import ArchiveError

LONGEST_PART: Final = 255
"""Maximum size of a part of a path, in bytes: the limit of common file systems."""

LONGEST_PATH: Final = 1024
"""Maximum size of a path inside the folder, in bytes, so that the full path stays below the 4096 of Linux."""

_DRIVE: Final = re.compile(r"[A-Za-z]:")


def checked(name: str) -> str:
    """A member's name as a relative path with `/` between its parts.

    Args:
        name: The name in the archive; parts that are empty or `.` are ignored.

    Returns:
        The path; empty for the root folder.

    Raises:
        ArchiveError: The name leads out of the folder, or means different paths on different systems.
    """
    parts = [part for part in name.split("/") if part not in {"", "."}]
    path = "/".join(parts)
    reason = "is absolute" if parts and name.startswith("/") else _objection(path, parts)
    if reason:
        raise ArchiveError(f"the archive has a member whose name {reason}: {name[:200]!r}; it was not extracted")
    return path


def _objection(path: str, parts: list[str]) -> str:
    if _DRIVE.match(path):
        return "starts with a drive letter"
    if "\\" in path:
        return "contains a backslash"
    if ".." in parts:
        return "has a `..` part"
    if not path.isprintable():
        return "contains control characters"
    encoded = path.encode()
    if len(encoded) > LONGEST_PATH or max(map(len, encoded.split(b"/"))) > LONGEST_PART:
        return f"is longer than {LONGEST_PATH} bytes, or {LONGEST_PART} in one part"
    return ""


class Names:
    """The names that an archive has used: each once, also on file systems that ignore letter case.

    The cost of adding a name is proportional to its length and to the number of new folders that it needs.
    """

    def __init__(self) -> None:
        """Start without any name."""
        # The folders by path; of each, the names in it by a key that all equal spellings share.
        self._folders: dict[str, dict[str, str]] = {"": {}}
        self._count = 0

    def __len__(self) -> int:
        """The number of files and folders, including folders that are only implied by the names of files."""
        return self._count

    def add_file(self, path: str) -> list[str]:
        """Add a file; returns the new folders that it needs, and raises `ArchiveError` if its path is used."""
        new = self.add_folder(path.rpartition("/")[0])
        self._take(path)
        return new

    def add_folder(self, path: str) -> list[str]:
        """Add a folder and its parents.

        Returns:
            The new ones, each before those in it.

        Raises:
            ArchiveError: The path of one of them is used by a file or another spelling.
        """
        new = []
        while path not in self._folders:
            new.append(path)
            path = path.rpartition("/")[0]
        new.reverse()
        for folder in new:
            self._take(folder)
            self._folders[folder] = {}
        return new

    def _take(self, path: str) -> None:
        parent, _, name = path.rpartition("/")
        siblings, key = self._folders[parent], _key(name)
        if key in siblings:
            other = f"{parent}/{siblings[key]}" if parent else siblings[key]
            raise ArchiveError(
                f"the archive has two members with one path: {other!r} and {path!r}; it was not extracted"
            )
        siblings[key] = name
        self._count += 1


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
