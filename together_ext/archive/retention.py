"""The extracted folders below a folder, by their receipts, and the removal of those that are no longer needed.

from together_ext.archive.retention import Keep, extractions, planned, prune

for choice in planned(extractions("models"), Keep.parse("best,last")):
    if not choice.keep:
        prune(choice.folder)
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from together_ext.errors import ArchiveError, RuleError, StorageError
from together_ext.storage import absolute, local_path, reading, storage_errors
from together_ext.text import printable, some_of

from .folders import check_place, is_temporary, locked, remove
from .receipt import RECEIPT, content_of
from .terms import UnpackedFile
from .tree import entries

REMOVED: Final = ".removed-"
"""The name of a folder that is being removed is this and random letters."""

LONGEST: Final = 9
"""Maximum number of digits of a number of folders to keep."""


@dataclass(frozen=True)
class Extraction:
    """An extracted folder, as its receipt describes it.

    Attributes:
        folder: Its absolute path.
        job: The ID of the job; None for an archive or model of unknown origin.
        step: The step of the checkpoint; None for final weights.
        type: The type of the weights, such as `adapter`; None if the receipt has none.
        layout: `adapter`, `model` or `unknown`; None if the receipt has none.
        size: The size of the files that the receipt names, in bytes.
        files: Their number.
        verified_at: When it was extracted and its files were hashed (ISO 8601); None if the receipt does not say.
        best: Whether the receipt records that this is the best checkpoint of its job.
        problem: How the folder differs from its receipt, by names and sizes, or why that is not trusted; else empty.
    """

    folder: str
    job: str | None = None
    step: int | None = None
    type: str | None = None
    layout: str | None = None
    size: int = 0
    files: int = 0
    verified_at: str | None = None
    best: bool = False
    problem: str = ""


@dataclass(frozen=True)
class Keep:
    """What is kept of each job and type of weights.

    Attributes:
        best: Keep the best checkpoint, if a receipt records it.
        newest: Keep this many of the last steps; final weights count as the last one.
    """

    best: bool = False
    newest: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """The choice that a text such as `best,last` or `3` names.

        Raises:
            RuleError: It is empty, or a part of it is neither `best`, `last` nor a number from 1.
        """
        best, newest = False, 0
        for word in (part.strip().lower() for part in text.split(",")):
            if word == "best":
                best = True
            elif word == "last":
                newest = max(newest, 1)
            elif word.isascii() and word.isdigit() and len(word) <= LONGEST and int(word) > 0:
                newest = max(newest, int(word))
            else:
                shown = printable(repr(text), 60)
                raise RuleError(f"keep (--keep) is {shown}: expected best, last, a number from 1, or several of these")
        return cls(best, newest)


@dataclass(frozen=True)
class Choice:
    """Whether a folder is kept.

    Attributes:
        folder: Its absolute path.
        keep: Whether it is kept.
        reason: Why, in a clause.
        size: The size of its files in bytes.
    """

    folder: str
    keep: bool
    reason: str
    size: int


def extractions(folder: str | os.PathLike[str]) -> list[Extraction]:
    """List the extracted folders at and below a path, sorted by path. Links are not followed.

    Args:
        folder: A folder, such as the one that downloads are saved in.

    Raises:
        ArchiveError: The path is not a folder.
        MissingPathError: The path does not exist.
        StorageError: The folder cannot be read. One below it that cannot be read is listed with its `problem`.
    """
    place = absolute(local_path(folder, "folder"))
    with reading(place):
        if not place.is_dir():
            place.stat()
            raise ArchiveError(f"{place} is not a folder: name the folder that downloads are saved in")
        return sorted(map(_described, _with_receipts(place)), key=lambda found: found.folder)


def planned(found: Iterable[Extraction], keep: Keep) -> list[Choice]:
    """Choose which folders are kept. No I/O.

    Folders of one job and type are compared with each other. A folder without a valid receipt or without a job is
    kept. If `keep.best` is set and no receipt of a job records its best checkpoint, all folders of that job are kept.

    Args:
        found: The folders.
        keep: What is kept.

    Returns:
        One choice for each folder, in the same order.
    """
    found = list(found)
    # A damaged folder does not count as the last one.
    whole = [one for one in found if not one.problem and not _is_removed(one.folder)]
    groups: defaultdict[tuple[str | None, str | None], list[Extraction]] = defaultdict(list)
    for one in whole:
        groups[one.job, one.type].append(one)
    newest: set[str] = set()
    for group in groups.values():
        steps = sorted(set(map(_order, group)), reverse=True)[: keep.newest]
        newest |= {one.folder for one in group if _order(one) in steps}
    best = {(one.job, one.step) for one in whole if one.best}
    known = {job for job, _ in best}
    return [Choice(one.folder, *_verdict(one, keep, newest, best, known), one.size) for one in found]


def prune(folder: str | os.PathLike[str]) -> None:
    """Remove an extracted folder, unless it has anything that its receipt does not name.

    Links are not followed. The folder is renamed first, and its receipt is removed last, so that an interrupted removal
    leaves no folder that looks complete, and can be repeated: `extractions` lists the renamed folder.

    Args:
        folder: The folder.

    Raises:
        TargetExistsError: The folder has no valid receipt, or has files that the receipt does not name, or is a link.
        ArchiveError: The folder is empty.
        LockTimeoutError: Another process extracts to the folder.
        MissingPathError: The folder does not exist.
        StorageError: The disk or its permissions prevent it; some of the files may have been removed.
    """
    place = absolute(local_path(folder, "folder"))
    with locked(place, threading.Event(), timeout=0), reading(place):
        place.lstat()
        check_place(place, overwrite=True)
        content_of(place)  # an empty folder may be replaced, and has no receipt
        removed = place if _is_removed(place) else place.with_name(f"{REMOVED}{secrets.token_hex(8)}")
        with storage_errors(place, "remove"):
            try:
                place.rename(removed)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                removed = place  # in a lower layer of overlayfs
            remove(removed)


def _verdict(
    one: Extraction,
    keep: Keep,
    newest: set[str],
    best: set[tuple[str | None, int | None]],
    known: set[str | None],
) -> tuple[bool, str]:
    if one.problem or one.job is None:
        return True, one.problem or "its receipt names no job"
    if _is_removed(one.folder):
        return False, "its removal was interrupted"
    if keep.best and (one.job, one.step) in best:
        return True, "best checkpoint"
    if one.folder in newest:
        return True, "last step" if keep.newest == 1 else f"one of the last {keep.newest:,} steps"
    if keep.best and one.job not in known:
        return True, f"no receipt records the best checkpoint of {one.job}: download {one.job}:best first"
    return False, "newer or better weights of the job are kept"


def _order(one: Extraction) -> float:
    """Final weights are the last step."""
    return float("inf") if one.step is None else one.step


def _is_removed(folder: str | Path) -> bool:
    """Whether the removal of a folder has begun."""
    return Path(folder).name.startswith(REMOVED)


def _with_receipts(place: Path) -> Iterator[Path]:
    waiting = [place]
    while waiting:
        parent = waiting.pop()
        try:
            with os.scandir(parent) as listed:
                inside = list(listed)
        except OSError:
            if parent == place:
                raise
            yield parent  # is described as one that cannot be read
            continue
        if any(entry.name == RECEIPT for entry in inside):
            yield parent
        else:
            folders = [entry for entry in inside if entry.is_dir(follow_symlinks=False)]
            waiting += [Path(entry.path) for entry in folders if not is_temporary(entry.name)]


def _described(place: Path) -> Extraction:
    try:
        with reading(place):
            return _read(place)
    except ArchiveError as error:
        return Extraction(str(place), problem=f"its receipt is invalid: {printable(str(error))}")
    except StorageError as error:  # in it, not of the folder that is listed
        return Extraction(str(place), problem=printable(str(error)))


def _read(place: Path) -> Extraction:
    said, files = content_of(place)
    step = said.get("step")
    return Extraction(
        str(place),
        job=_text(said, "job"),
        step=step if type(step) is int else None,
        type=_text(said, "type"),
        layout=_text(said, "layout"),
        size=sum(file.size for file in files.values()),
        files=len(files),
        verified_at=_text(said, "time"),
        best=bool(said.get("best")),
        problem=_doubt(place) or _difference({entry.name: entry.size for entry in entries(place)}, files, place),
    )


def _doubt(place: Path) -> str:
    """Why a receipt may have been forged, to have the right weights removed; else empty."""
    for path, what in ((place, "folder"), (place / RECEIPT, "receipt")):
        found = path.lstat()
        if found.st_uid != os.geteuid():  # not `is_own`, since a listing writes nothing
            return f"its {what} belongs to user {found.st_uid}"
        if found.st_mode & stat.S_IWOTH:
            return f"other users can write to its {what}"
    return ""


def _difference(present: Mapping[str, int], files: Mapping[str, UnpackedFile], place: Path) -> str:
    foreign = sorted(present.keys() - files.keys() - {RECEIPT})
    damaged = sorted(name for name, file in files.items() if present.get(name) != file.size)
    if foreign:
        return f"it has files that its receipt does not name ({some_of(foreign)})"
    if _is_removed(place):
        return ""
    return f"files are missing or have another size ({some_of(damaged)}): extract it again" if damaged else ""


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return printable(value, 200) if isinstance(value, str) else None
