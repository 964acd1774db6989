"""The members of an archive that may be extracted, in order; any other member is an error. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from together_ext.errors import ArchiveError

from .formats.tar import TarReader
from .limits import Limits
from .names import Names, checked


@dataclass(frozen=True)
class Allowed:
    """A member whose name is safe and not used before.

    Attributes:
        path: Its path inside the folder, with `/` between its parts; empty for the root folder.
        size: Its size in bytes.
        is_folder: Whether it is a folder; everything else is a regular file.
        folders: The new folders that it needs, including itself, each before those in it.
    """

    path: str
    size: int
    is_folder: bool
    folders: Sequence[str]


def allowed(reader: TarReader, limits: Limits) -> Iterator[Allowed]:
    """The members of an archive; while one is current, `reader.content` yields its bytes.

    Args:
        reader: The archive.
        limits: Its limits; `members` and `size` are checked here.

    Raises:
        ArchiveError: A member's name is unsafe or used twice, or the archive exceeds a limit, or is invalid.
    """
    names, count, total = Names(), 0, 0
    for member in reader:
        count, total = count + 1, total + member.size
        path = checked(member.name)
        if not member.is_folder and (not path or member.name.endswith("/.")):
            raise ArchiveError(f"the archive has a file without a name: {member.name[:200]!r}; it was not extracted")
        folders = names.add_folder(path) if member.is_folder else names.add_file(path)
        # The name of one file can imply up to 500 folders, and a folder may be listed any number of times.
        if max(count, len(names)) > limits.members:
            raise ArchiveError(
                f"the archive has more than {limits.members:,} members, folders included; it was not extracted: "
                "to allow more, use --max-members, in Python Limits(members=...)"
            )
        if limits.size is not None and total > limits.size:
            raise ArchiveError(
                f"the archive expands to more than {limits.size:,} bytes; it was not extracted: to allow more, use "
                "--max-size, in Python Limits(size=...)"
            )
        yield Allowed(path, member.size, member.is_folder, folders)
