"""The receipt `together-ext.json` of an unpacked folder: where it came from, and what every file must be."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from together_ext.errors import ArchiveError, MissingPathError, StorageError, printable
from together_ext.version import __version__

from .names import checked
from .unpack import RECEIPT, UnpackedFile

FORMAT: Final = 1
LARGEST: Final = 64 << 20
"""Bytes of a receipt; a hundred thousand files take 20 MB."""


@dataclass(frozen=True)
class Verification:
    """What has become of a folder since its receipt was written; every path is relative to it.

    Attributes:
        folder: Its path.
        checked: How many files the receipt names.
        missing: Files that are gone.
        changed: Files with other bytes.
        extra: Files that the receipt does not name.
    """

    folder: str
    checked: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether everything is as it was."""
        return not (self.missing or self.changed or self.extra)


def write(folder: Path, files: Sequence[UnpackedFile], origin: Mapping[str, Any]) -> None:
    """Write the receipt into a folder.

    Args:
        folder: The folder.
        files: What is in it.
        origin: Where it came from; plain values for JSON.
    """
    document = {
        "format": FORMAT,
        "tool": f"together-ext {__version__}",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        **origin,
        "files": [asdict(file) for file in files],
    }
    with (folder / RECEIPT).open("x", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")


def verify(folder: str | os.PathLike[str]) -> Verification:
    """Compare a folder with its receipt; needs no network.

    Args:
        folder: A folder that was unpacked by this package.

    Returns:
        What is missing, changed or extra.

    Raises:
        ArchiveError: There is no receipt, or it cannot be read.
        MissingPathError: There is no such folder.
        StorageError: A file, or the folder, may not be read.
    """
    place = Path(folder)
    if not place.exists():
        raise MissingPathError(str(folder))
    try:
        return _compared(place, _read(place))
    except OSError as error:
        what = error.filename or place
        raise StorageError(f"could not read {what}: {(error.strerror or '').lower()}; check its permissions") from error


def _compared(place: Path, files: Mapping[str, UnpackedFile]) -> Verification:
    present = {path.relative_to(place).as_posix() for path in _walk(place)} - {RECEIPT}
    missing = sorted(set(files) - present)
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        there = sorted(present & set(files))
        same = pool.map(lambda path: _is_same(place / path, files[path]), there)
        changed = [path for path, good in zip(there, same, strict=True) if not good]
    return Verification(
        str(place.absolute()), len(files), tuple(missing), tuple(changed), tuple(sorted(present - set(files)))
    )


def origin(folder: Path) -> Mapping[str, Any]:
    """What a folder's receipt says beside its files; nothing if it has none that can be read."""
    try:
        return _document(folder)
    except ArchiveError:
        return {}


def strangers(folder: Path) -> list[str] | None:
    """The files in a folder that its receipt does not name, sorted; None if it has no receipt that can be read."""
    try:
        named = _read(folder)
    except ArchiveError:
        return None
    return sorted({path.relative_to(folder).as_posix() for path in _walk(folder)} - {RECEIPT} - set(named))


def _walk(place: Path) -> list[Path]:
    """Everything that is no folder; links are not followed."""
    return [
        Path(parent) / name
        for parent, folders, names in os.walk(place)
        for name in (*names, *(folder for folder in folders if (Path(parent) / folder).is_symlink()))
    ]


def _is_same(path: Path, file: UnpackedFile) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb", buffering=0) as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _read(place: Path) -> dict[str, UnpackedFile]:
    try:
        return {file.path: file for file in map(_file, _document(place)["files"])}
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(place / RECEIPT, error) from error


def _document(place: Path) -> dict[str, Any]:
    path = place / RECEIPT
    if not place.is_dir():
        raise ArchiveError(f"{place} is no folder: name the folder that was unpacked")
    if path.is_symlink() or not path.is_file():
        raise ArchiveError(f"{place} has no {RECEIPT}: only folders unpacked by together-ext can be verified")
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError("it is too large")
        document: dict[str, Any] = json.loads(data)
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {str(document['format'])[:40]}, and this version knows {FORMAT}")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(path, error) from error
    return document


def _unreadable(path: Path, error: Exception) -> ArchiveError:
    return ArchiveError(f"{path} cannot be read ({printable(str(error), 200)}): unpack the archive again")


def _file(entry: Mapping[str, Any]) -> UnpackedFile:
    path, size, sha256 = entry["path"], entry["size"], entry["sha256"]
    if not (isinstance(path, str) and isinstance(size, int) and isinstance(sha256, str)):
        raise TypeError("a file in it is not described as it should be")
    if checked(path) != path:
        raise ValueError("a file in it lies outside of the folder")
    return UnpackedFile(path, size, sha256)
