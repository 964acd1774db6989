"""Checks of the folder that downloads are saved in. What they write is removed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from together_ext.cli.render.amounts import counted, rate_text, size_text
from together_ext.leases import EXPIRY, Owner, owner_in
from together_ext.storage import OPENING

from .findings import Finding, State

BLOCK: Final = 1 << 20
MOST: Final = 32 << 20
"""Maximum number of bytes that the speed of the disk is measured with."""

SECONDS: Final = 5.0
"""Maximum number of seconds of that."""

LITTLE: Final = 1 << 30
"""Free space below which there is a warning, where the size of the archive is unknown."""

MOST_SHOWN: Final = 20
"""Maximum number of files that findings name."""

_SCRATCH: Final = re.compile(r"\.(.+)\.(?:unpacking|replaced)-[^.]+")
"""The temporary folders of an extraction."""

_WAYS_OUT: Final = {
    errno.ENOSPC: "make room, or choose another folder with -o",
    errno.EDQUOT: "make room within the quota, or choose another folder with -o",
}


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists: a download makes the others."""
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)


def writable(folder: Path) -> Finding:
    """Whether files can be made, flushed, renamed and removed."""
    name, place = "destination", existing(folder)
    try:
        if not place.is_dir():
            return Finding(name, State.FAIL, f"{place} is not a folder", "choose another folder with -o")
        with tempfile.TemporaryDirectory(prefix=".together-ext-doctor-", dir=place) as inside:
            path = Path(inside) / "file"
            with path.open("wb") as file:
                file.write(bytes(BLOCK // 16))
                file.flush()
                os.fsync(file.fileno())
            path.rename(path.with_name("renamed"))
    except OSError as error:
        advice = _WAYS_OUT.get(error.errno or 0, "choose a folder that you may write to, with -o")
        return Finding(name, State.FAIL, f"{place} is not writable: {(error.strerror or str(error)).lower()}", advice)
    made = "" if place == folder else f" ({folder} does not exist; a download creates it)"
    return Finding(name, State.OK, f"{place} is writable{made}")


def space(folder: Path, needed: int | None) -> Finding:
    """Whether the disk has room for an archive of `needed` bytes; None if its size is unknown."""
    usage = shutil.disk_usage(existing(folder))
    seen = f"{size_text(usage.free)} free of {size_text(usage.total)}"
    advice = "make room, or choose another folder with -o"
    if needed is not None:
        seen += f"; the archive is {size_text(needed)}"
    if usage.free == 0 or (needed is not None and usage.free < needed):
        return Finding("disk space", State.FAIL, seen, advice)
    if needed is None and usage.free < LITTLE:
        return Finding("disk space", State.WARN, seen, advice)
    return Finding("disk space", State.OK, seen)


def speed(folder: Path) -> Finding:
    """The rate at which a file is written and flushed."""
    place = existing(folder)
    most = min(MOST, shutil.disk_usage(place).free // 2)
    block, written = os.urandom(BLOCK), 0
    with tempfile.TemporaryFile(dir=place) as file:
        began = time.monotonic()
        while written + BLOCK <= most and time.monotonic() - began < SECONDS:
            written += file.write(block)
        file.flush()
        os.fsync(file.fileno())
        seconds = max(time.monotonic() - began, 1e-6)
    if not written:
        return Finding("disk speed", State.SKIPPED, "there is too little free space to measure it")
    return Finding("disk speed", State.OK, f"{rate_text(written / seconds)} written and flushed ({size_text(written)})")


def leftovers(folder: Path) -> list[Finding]:
    """The locks, partial files and temporary folders in the folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as listed:
        names = sorted(entry.name for entry in listed)
    found = [finding for name in names if (finding := _leftover(folder / name)) is not None]
    if not found:
        return [Finding("locks", State.OK, f"no locks and no partial files in {folder}")]
    more = len(found) - MOST_SHOWN
    if more <= 0:
        return found
    seen = f"{counted(more, 'more file', 'more files')} in {folder}"
    return [*found[:MOST_SHOWN], Finding("locks", State.WARN, seen, "follow the advice above, then run this again")]


def _leftover(path: Path) -> Finding | None:
    name = path.name
    with suppress(FileNotFoundError):  # removed meanwhile
        if name.endswith((".part.lock", ".unpacking.lock")):
            return _lock(path)
        if name.endswith(".part"):
            resumable = path.with_name(f"{name}.json").is_file()
            advice = "run the same download again to " + ("resume" if resumable else "start over: it has no journal")
            return Finding(
                "partial file",
                State.OK if resumable else State.WARN,
                f"{path} ({size_text(path.lstat().st_size)})",
                f"{advice}; to discard it, delete {name} and {name}.json",
            )
        if (match := _SCRATCH.fullmatch(name)) and path.is_dir():
            if os.path.lexists(path.with_name(f".{match[1]}.unpacking.lock")):
                return None  # the lock shows whether it is in use
            return Finding(
                "temporary folder", State.WARN, f"{path} was left by an extraction that was killed", "delete it"
            )
    return None


def _lock(path: Path) -> Finding:
    owner, age = _owner(path), max(time.time() - path.lstat().st_mtime, 0.0)
    holder = "an unknown process" if owner is None else str(owner)
    if owner is not None and owner.is_dead():
        seen = f"{path} belongs to {holder}, which has ended"
    elif age > EXPIRY:
        seen = f"{path} belongs to {holder}, and was not renewed for {counted(int(age), 'second', 'seconds')}"
    else:
        return Finding("lock", State.OK, f"{path} is held by {holder}", "wait until that process has ended")
    return Finding("lock", State.WARN, f"stale: {seen}", "run the same command again: it takes over the lock")


def _owner(path: Path) -> Owner | None:
    try:
        fd = os.open(path, os.O_RDONLY | OPENING)
    except OSError:
        return None
    try:
        return owner_in(os.read(fd, 4096))
    except OSError:
        return None
    finally:
        os.close(fd)
