"""The receipt `together-ext.json` of an extracted folder: where it came from, and the size and hash of every file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from together_ext import __version__
from together_ext.clock import all_awaited, submitted
from together_ext.errors import ArchiveError, TargetExistsError, TransferCancelledError
from together_ext.storage import absolute, local_path, planted, reading
from together_ext.text import printable

from .formats.source import NotRegularError, open_regular
from .names import checked
from .terms import UnpackedFile
from .tree import Entry, entries

RECEIPT: Final = "together-ext.json"
"""Its name in the folder."""

FORMAT: Final = 1
LARGEST: Final = 64 << 20
"""Maximum size of a receipt, in bytes; a hundred thousand files take 20 MB."""

PIECE: Final = 1 << 20
"""Bytes of a file that are hashed between two checks for cancellation."""


@dataclass(frozen=True)
class Verification:
    """The result of a comparison of a folder with its receipt; the paths of files are relative to the folder.

    Attributes:
        folder: The absolute path of the folder.
        checked: The number of files that the receipt names.
        missing: Files of the receipt that do not exist.
        changed: Files with different content.
        extra: Files that the receipt does not name.
    """

    folder: str
    checked: int
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    extra: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether the folder matches its receipt."""
        return not (self.missing or self.changed or self.extra)


def write(folder: Path, files: Sequence[UnpackedFile], origin: Mapping[str, Any]) -> None:
    """Write the receipt of a folder.

    Args:
        folder: The folder.
        files: The files in it.
        origin: Where it came from; values that JSON can represent.

    Raises:
        OSError: The receipt exists or cannot be written.
    """
    text = written([asdict(file) for file in files], origin)
    with (folder / RECEIPT).open("x", encoding="utf-8") as file:
        file.write(text)


def written(files: Sequence[Mapping[str, Any]], origin: Mapping[str, Any]) -> str:
    """The text of a receipt.

    Args:
        files: The entries of the files.
        origin: Where they came from; values that JSON can represent.
    """
    document = {
        "format": FORMAT,
        "tool": f"together-ext {__version__}",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        **origin,
        "files": files,
    }
    return json.dumps(document, indent=1) + "\n"


def verify(folder: str | os.PathLike[str], *, cancel: threading.Event | None = None) -> Verification:
    """Compare an extracted folder with its receipt. No network is needed.

    Args:
        folder: A folder that this package extracted.
        cancel: When set, from any thread, the comparison ends with `TransferCancelledError`.

    Returns:
        The files that are missing, changed or extra.

    Raises:
        ArchiveError: The folder has no receipt, or it cannot be read.
        MissingPathError: The folder does not exist.
        StorageError: The folder, or a file or folder in it, cannot be read.
        TransferCancelledError: `cancel` was set.
        OutOfMemoryError: There is not enough memory.
    """
    place = absolute(local_path(folder, "folder"))
    with reading(place):
        place.stat()
        return _compared(place, _read(place), cancel or threading.Event())


def _compared(place: Path, files: Mapping[str, UnpackedFile], cancel: threading.Event) -> Verification:
    present = {entry.name: entry for entry in entries(place) if entry.name != RECEIPT}
    there = sorted(present.keys() & files.keys())
    stop = threading.Event()
    pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1)
    try:
        same = all_awaited([submitted(pool, _is_same, present[name], files[name], stop, cancel) for name in there])
        changed = [name for name, good in zip(there, same, strict=True) if not good]
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
    return Verification(
        str(place),
        len(files),
        tuple(sorted(files.keys() - present.keys())),
        tuple(changed),
        tuple(sorted(present.keys() - files.keys())),
    )


def origin(folder: Path) -> Mapping[str, Any]:
    """The entries of a folder's receipt; empty if it has no valid receipt.

    Raises:
        TargetExistsError: Another user may have put it there, with the files that it names.
        StorageError: It cannot be read.
    """
    with reading(folder):
        try:
            said = content_of(folder)[0]
        except (ArchiveError, FileNotFoundError):
            return {}
        foreign = planted(folder / RECEIPT)
        owner = None if foreign is None else foreign.lstat().st_uid
    if owner is not None:
        raise TargetExistsError(
            f"{foreign} belongs to user {owner}, so the files of {folder} are not trusted: choose another folder, or "
            "allow it to be replaced"
        )
    return said


def content_of(folder: Path) -> tuple[Mapping[str, Any], Mapping[str, UnpackedFile]]:
    """The entries of a folder's receipt, and its files by path; raises `ArchiveError` if it has no valid receipt."""
    document = _document(folder)
    return document, files_in(document, folder / RECEIPT)


def sizes_match(folder: Path) -> bool:
    """Whether a folder has the files of its receipt in their sizes, and no others; their content is not read.

    Raises:
        ArchiveError: The folder has no valid receipt.
    """
    with reading(folder):
        named = {file.path: file.size for file in _read(folder).values()}
        return {entry.name: entry.size for entry in entries(folder) if entry.name != RECEIPT} == named


def strangers(folder: Path) -> list[str] | None:
    """The files in a folder that its receipt does not name, sorted; None if it has no valid receipt."""
    with reading(folder):
        try:
            named = _read(folder)
        except ArchiveError:
            return None
        return sorted({entry.name for entry in entries(folder)} - {RECEIPT} - named.keys())


def _is_same(entry: Entry, file: UnpackedFile, stop: threading.Event, cancel: threading.Event) -> bool:
    if entry.size != file.size:
        return False
    try:
        content = open_regular(entry.path, follow=False)
    except NotRegularError:
        return False
    digest, buffer = hashlib.sha256(), memoryview(bytearray(PIECE))
    with content:
        while count := content.readinto(buffer):
            if cancel.is_set():
                raise TransferCancelledError
            if stop.is_set():
                return False
            digest.update(buffer[:count])
    return digest.hexdigest() == file.sha256


def _read(place: Path) -> Mapping[str, UnpackedFile]:
    return content_of(place)[1]


def files_in(document: Mapping[str, Any], path: object) -> dict[str, UnpackedFile]:
    """The files that a receipt names, by path.

    Args:
        document: The receipt.
        path: Its path, for the error.

    Raises:
        ArchiveError: An entry is invalid.
    """
    try:
        return {file.path: file for file in map(_file, document["files"])}
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from error


def _document(place: Path) -> dict[str, Any]:
    path = place / RECEIPT
    if not stat.S_ISDIR(place.stat().st_mode):
        raise ArchiveError(f"{place} is not a folder: name the folder that was extracted")
    try:
        content = open_regular(path, follow=False)
    except FileNotFoundError:
        raise ArchiveError(
            f"{place} has no {RECEIPT}: only folders extracted by together-ext can be verified"
        ) from None
    except NotRegularError as error:
        raise _unreadable(path, error) from error
    try:
        with io.BufferedReader(content) as file:
            data = file.read(LARGEST + 1)
    except ValueError as error:
        raise _unreadable(path, error) from error
    return parsed(data, path)


def parsed(data: bytes, path: object) -> dict[str, Any]:
    """A receipt from its bytes, at most one more than `LARGEST`; its entries of files are not checked yet.

    Args:
        data: The bytes.
        path: Its path, for the error.

    Raises:
        ArchiveError: It is not a receipt.
    """
    try:
        if len(data) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST:,} bytes")
        document: dict[str, Any] = json.loads(data)
        if document["format"] != FORMAT:
            raise ValueError(f"its format is {str(document['format'])[:40]}; this version supports {FORMAT}")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(path, error) from error
    return document


def _unreadable(path: object, error: Exception) -> ArchiveError:
    return ArchiveError(f"{path} cannot be read ({printable(str(error), 200)}): extract the archive again")


def _file(entry: Mapping[str, Any]) -> UnpackedFile:
    path, size, sha256 = entry["path"], entry["size"], entry["sha256"]
    # Not a boolean, which is an integer, too; a size beyond all file systems overflows where it is shown.
    if not (isinstance(path, str) and type(size) is int and 0 <= size < 1 << 63 and isinstance(sha256, str)):
        raise TypeError("an entry has an invalid path, size or sha256")
    if checked(path) != path:
        raise ValueError("an entry has a path outside the folder")
    return UnpackedFile(path, size, sha256)
