"""Which names a file of an archive may have: those that mean the same file inside the folder on every system."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from together_ext.errors import ArchiveError

LONGEST_PART: Final = 255
"""Bytes of a part of a path: the limit of the usual file systems."""

LONGEST_PATH: Final = 1024
"""Bytes of a path inside the folder: with the folder's own path it stays below the 4096 of Linux."""

_HERE: Final = re.compile(r"\A(?:\./)+")
_DRIVE: Final = re.compile(r"[A-Za-z]:")


def checked(name: str) -> str:
    """A member's name as a relative path with `/` between its parts.

    Args:
        name: As the archive has it; `./` in front and `/` behind are usual and mean nothing.

    Returns:
        The path; empty for the root folder itself.

    Raises:
        ArchiveError: The name leads out of the folder, or means different things on different systems.
    """
    path = _HERE.sub("", name.removesuffix("/"), count=1)
    if path in {"", "."} and not name.startswith("/"):
        return ""
    reason = _objection(path)
    if reason:
        raise ArchiveError(f"the archive has a member whose name {reason}: {name[:200]!r}; it was not unpacked")
    return path


def _objection(path: str) -> str:  # noqa: PLR0911 -- one for each rule
    parts = path.split("/")
    if path.startswith("/") or not path:
        return "is absolute"
    if _DRIVE.match(path):
        return "begins with a drive letter"
    if "\\" in path:
        return "has a backslash"
    if ".." in parts or "." in parts or "" in parts:
        return "has an empty part or one of dots"
    if any(not char.isprintable() for char in path):
        return "has control characters"
    if len(path.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_PART for part in parts):
        return "is too long"
    return ""


class Names:
    """The names that an archive has used: each once, also where a file system takes letters of both cases for equal."""

    def __init__(self) -> None:
        """None yet."""
        self._folders: dict[str, str] = {}
        self._files: dict[str, str] = {}

    def __len__(self) -> int:
        """How many files and folders there are, with the folders that only their files name."""
        return len(self._files) + len(self._folders)

    def add_file(self, path: str) -> None:
        """Note a file; raises `ArchiveError` if its place is taken."""
        parent, _, _ = path.rpartition("/")
        if parent:
            self.add_folder(parent)
        key = _key(path)
        if key in self._files or key in self._folders:
            raise _clash(path, self._files.get(key) or self._folders[key])
        self._files[key] = path

    def add_folder(self, path: str) -> None:
        """Note a folder and those around it; raises `ArchiveError` if its place is taken by something else."""
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            folder = "/".join(parts[:count])
            key = _key(folder)
            if key in self._files or self._folders.get(key, folder) != folder:
                raise _clash(folder, self._files.get(key) or self._folders[key])
            self._folders[key] = folder


def _key(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _clash(path: str, other: str) -> ArchiveError:
    return ArchiveError(f"the archive has two members for one place: {other!r} and {path!r}; it was not unpacked")
