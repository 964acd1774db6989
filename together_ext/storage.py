"""The local disk: paths, what an `OSError` becomes, flushing, and files that only this user can write.

Imports only `errors` and `text`. A file at a name that the package uses is untrusted until `open_own` has opened it.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

from .errors import ConfigurationError, MissingPathError, OutOfMemoryError, RuleError, StorageError, TogetherExtError
from .text import printable, without_userinfo

PRIVATE: Final = 0o600
"""Mode of partial files and journals, which may contain private weights."""

OPENING: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Flags of every open: follow no symbolic link, do not block on a FIFO, close on exec."""

_CANNOT_FLUSH: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF})
"""What fsync reports for a folder on a file system that cannot flush folders (fsync(2); some network file systems)."""


# Paths ----------------------------------------------------------------------------------------------------------------


def local_path(path: str | os.PathLike[str], name: str, others: str = "") -> str:
    """Check a path that a caller gave, and expand `~` to the home folder.

    Every path of a caller passes through this function.

    Args:
        path: The path; a trailing separator is kept.
        name: The keyword or the option that it was given with, for the error.
        others: The schemes of URLs that the caller supports, for the error; it passes no such URL.

    Returns:
        The path as text.

    Raises:
        ConfigurationError: It is a URL, such as `s3://bucket/model`.
        RuleError: It is empty, contains a null character, or is not a path.
    """
    try:
        text = os.fsdecode(path)
    except TypeError:
        text = ""
    if not text or "\0" in text:
        raise RuleError(f"{name} is {printable(repr(path), 80)}: expected a path")
    # `Path` collapses two slashes into one.
    if re.match(r"[a-z][a-z0-9+.-]*:/" + "/" * isinstance(path, str | bytes), text, re.IGNORECASE):
        said = "URLs with this scheme are" if others else "URLs are"
        way_out = f"name a local path, or a URL with {others}" if others else "name a local path"
        shown = printable(without_userinfo(text), 200)
        raise ConfigurationError(f"{name} is {shown!r}; {said} not supported here: {way_out}")
    # Path.expanduser() drops a trailing separator, and raises for an unknown user.
    return os.path.expanduser(text)  # noqa: PTH111


def absolute(path: str | os.PathLike[str]) -> Path:
    """Make a path absolute, without following symbolic links.

    Args:
        path: The path; relative paths start at the current folder.

    Returns:
        The absolute path.

    Raises:
        StorageError: The path is relative, and the current folder has been deleted.
    """
    try:
        return Path(os.path.abspath(path))  # noqa: PTH100 -- resolve() follows links
    except FileNotFoundError as error:
        message = "the current folder no longer exists: change to another folder, or use absolute paths"
        raise StorageError(message, error.errno) from error


def named(path: Path) -> str:
    """A path as the user knows it: also one that begins with the descriptor of an open folder."""
    text = os.fspath(path)
    if (anchor := re.match(r"/proc/self/fd/[0-9]+", text)) is None:
        return text
    try:
        return os.readlink(anchor[0]) + text[anchor.end() :]  # noqa: PTH115 -- a string
    except OSError:
        return text


# Errors ---------------------------------------------------------------------------------------------------------------


_WRITABLE: Final = "choose a folder that you may write to"
_WRITING: Final = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room within the quota",
    errno.ENOENT: "choose a folder that files can be made in",
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: _WRITABLE,
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOTDIR: "choose a path whose parents are folders",
    errno.EBUSY: "choose a path that is not a mount point",
    errno.EEXIST: "choose a path whose parents are folders",
}
_READING: Final = {
    errno.EACCES: "check its permissions",
    errno.EPERM: "check its permissions",
    errno.ELOOP: "check the links in the path",
    errno.ENOTDIR: "check the path",
    errno.ENAMETOOLONG: "shorten the path",
}


def storage_errors(path: Path, action: str, then: str = "run it again") -> AbstractContextManager[None]:
    """Turn an `OSError` of the block into a `StorageError` that names the path and the way out.

    Args:
        path: The file or folder.
        action: What the block does with it, to follow "could not" in the message.
        then: What to do once the reason is removed, to follow "then" in the message.

    Raises:
        StorageError: The block raised an `OSError`; `errno` is kept. Errors of this package pass unchanged.
        OutOfMemoryError: There is not enough memory.
    """

    def refusal(error: OSError) -> StorageError:
        wayout = _WRITING.get(error.errno or 0, "check the disk")
        return _refusal(named(path), action, error, f"{wayout}, then {then}")

    return _errors(path, action, refusal)


def reading(path: Path) -> AbstractContextManager[None]:
    """Turn each failure to read in the block into an error of this package.

    Args:
        path: The path that is named where the failure names none.

    Raises:
        MissingPathError: The path, or something in it, does not exist.
        StorageError: The path, or something in it, cannot be read.
        OutOfMemoryError: There is not enough memory.
    """

    def refusal(error: OSError) -> StorageError:
        what = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(path)
        if isinstance(error, FileNotFoundError):
            return MissingPathError(what)
        return _refusal(what, "read", error, _READING.get(error.errno or 0, "check the disk"))

    return _errors(path, "read", refusal)


@contextmanager
def _errors(path: Path, action: str, refusal: Callable[[OSError], StorageError]) -> Iterator[None]:
    try:
        yield
    except TogetherExtError:  # StorageError is an OSError
        raise
    except OSError as error:
        raise refusal(error) from error
    except MemoryError as error:
        raise OutOfMemoryError(f"{action} {named(path)}") from error


def _refusal(what: str, action: str, error: OSError, wayout: str) -> StorageError:
    reason = (error.strerror or str(error)).lower()
    return StorageError(f"could not {action} {printable(what)}: {reason}; {wayout}", error.errno)


# Files ----------------------------------------------------------------------------------------------------------------


class UntrustedFileError(Exception):
    """A file that this package did not create, or that other users can change; the message has the reason."""


def flush_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk, so that a rename in it survives a power failure.

    Nothing happens where the file system does not support this, or the folder cannot be opened for reading.

    Args:
        folder: The folder.

    Raises:
        StorageError: The disk failed.
    """
    with storage_errors(folder, "flush"):
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except PermissionError:  # a folder that may be written to, and not read
            return
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno not in _CANNOT_FLUSH:
                raise
        finally:
            os.close(fd)


def open_own(path: Path, flags: int) -> int:
    """Open a file that an earlier run of the same user has left.

    The file must be a regular file of this user, with one name, that no other user can write. This is checked on the
    open descriptor, so that the file cannot be replaced between the check and the use.

    Args:
        path: The file.
        flags: `os.O_RDONLY` or `os.O_RDWR`, optionally with `os.O_APPEND`.

    Returns:
        The descriptor; the caller closes it.

    Raises:
        FileNotFoundError: The path does not exist.
        UntrustedFileError: The path is anything else.
    """
    try:
        fd = os.open(path, flags | OPENING)
    except FileNotFoundError:
        raise
    except OSError as error:
        # A symbolic link (ELOOP), a folder (EISDIR), a FIFO without a reader (ENXIO), another user's file (EACCES).
        raise UntrustedFileError((error.strerror or str(error)).lower()) from error
    try:
        if reason := _objection(os.fstat(fd), path.parent):
            raise UntrustedFileError(reason)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _objection(found: os.stat_result, folder: Path) -> str:
    if not stat.S_ISREG(found.st_mode):
        return "it is not a regular file"
    if found.st_nlink != 1:
        return f"it has {found.st_nlink} hard links"
    return not_private(found, folder)


def not_private(found: os.stat_result, folder: Path) -> str:
    """Why another user may have made or changed a file or folder; empty if it is private to this user.

    Args:
        found: Its status.
        folder: The folder that it is in. Where a new private folder is shown as writable for everyone, as on vfat and
            some SMB mounts, permissions are not examined.
    """
    if not is_own(found, folder):
        return f"it belongs to user {found.st_uid}"
    writable = found.st_mode & outsiders(found, folder) & (stat.S_IWGRP | stat.S_IWOTH)
    if writable and (new := _new_in(folder)) is not None:
        writable &= ~new.st_mode
    return "other users can write to it" if writable else ""


def is_own(found: os.stat_result, folder: Path) -> bool:
    """Whether a file or folder belongs to this user, or to the one that the file system gives to its new files.

    Args:
        found: Its status.
        folder: The folder that it is in. NFS with a mapped root, and mounts with one owner for all files, show another
            user than that of the process.
    """
    return found.st_uid == os.geteuid() or ((new := _new_in(folder)) is not None and found.st_uid == new.st_uid)


def outsiders(found: os.stat_result, folder: Path) -> int:
    """The permissions of those who are not trusted with a file or folder: of its group and others.

    Its group is trusted if it may write to the folder around, and no one else may: it can replace the file at any time.
    When a pod starts, Kubernetes gives all files of a volume with an `fsGroup` to that group, and lets it write them.

    Args:
        found: Its status.
        folder: The folder that it is in.
    """
    around = folder.stat()
    trusted = around.st_gid == found.st_gid and around.st_mode & stat.S_IWGRP and not _is_public(around)
    return stat.S_IRWXO if trusted else stat.S_IRWXG | stat.S_IRWXO


def _is_public(folder: os.stat_result) -> bool:
    # The sticky bit says that those who may write to the folder do not trust each other.
    return bool(folder.st_mode & (stat.S_IWOTH | stat.S_ISVTX))


def _new_in(folder: Path) -> os.stat_result | None:
    """The status that a new private folder gets; None if none can be made."""
    probe = folder / f".{secrets.token_hex(8)}"
    try:
        probe.mkdir(0o700)
        try:
            return probe.lstat()
        finally:
            probe.rmdir()
    except OSError:
        return None


def planted(path: Path) -> Path | None:
    """What another user may have put there, on the way to a path, because everyone may write to the folder around it.

    Trusted are root, this user, the owner of such a folder, and all who may write to a folder that is not for everyone:
    they may replace what is in it at any time.

    Args:
        path: An existing path. What its symbolic links lead to is examined, too.

    Returns:
        The path, or a folder above it; None if nothing is suspicious.

    Raises:
        OSError: The path cannot be examined.
    """
    for given in (path, path.resolve()):
        for inside, folder in pairwise((given, *given.parents)):
            around, found = folder.stat(), inside.lstat()
            trusted = not _is_public(around) or found.st_uid in {0, around.st_uid}
            if not trusted and not is_own(found, folder):
                return inside
    return None


def is_at(path: Path, fd: int) -> bool:
    """Whether a path names an open file or folder: in a shared folder, another user may have replaced it.

    Args:
        path: The path; a symbolic link is not followed.
        fd: The open file, which keeps its inode number from being reused.
    """
    try:
        return os.path.samestat(os.lstat(path), os.fstat(fd))
    except FileNotFoundError:
        return False


def create_own(path: Path, flags: int, mode: int = PRIVATE) -> int:
    """Create an empty file that no other process has open; an existing file at the path is removed first.

    Args:
        path: The file.
        flags: `os.O_WRONLY` or `os.O_RDWR`, optionally with `os.O_APPEND`.
        mode: Its permissions, before the umask is applied.

    Returns:
        The descriptor; the caller closes it.

    Raises:
        StorageError: The existing file cannot be removed; the message names it and its owner.
        OSError: The file cannot be created.
    """
    with suppress(FileNotFoundError):
        try:
            path.unlink()
        except (PermissionError, IsADirectoryError) as error:
            owner = path.lstat().st_uid
            raise StorageError(
                f"could not replace {path}, which belongs to user {owner}: {(error.strerror or '').lower()}; "
                "remove it, or choose another folder",
                error.errno,
            ) from error
    return os.open(path, flags | os.O_CREAT | os.O_EXCL | OPENING, mode)


def publish_mode(fd: int, mode: int = 0o666) -> None:
    """Give a private file or folder the permissions of any new one of this process.

    Args:
        fd: The open file or folder; a folder keeps its set-group-ID bit, which it has of the folder that it is in.
        mode: The permissions, before the umask is applied.
    """
    with suppress(OSError):  # a file system without permissions
        os.fchmod(fd, mode & ~_umask() | os.fstat(fd).st_mode & stat.S_ISGID)


def _umask() -> int:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("\nUmask:")[2].split(maxsplit=1)[0], 8)
    except (OSError, ValueError, IndexError):
        mask = os.umask(0o077)
        os.umask(mask)
        return mask
