"""Files at names that others could have written, and folders that are flushed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from together_ext.errors import StorageError
from together_ext.storage import UntrustedFileError, create_own, flush_folder, not_private, open_own, planted
from together_ext.transfer.journal_file import load
from together_ext.transfer.partial import Partial


def _shared(path: Path) -> None:
    path.write_bytes(b"planted")
    path.chmod(0o666)


def _linked(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"planted")
    other.chmod(0o600)
    os.link(other, path)


def _symbolic(path: Path) -> None:
    path.with_name("other").write_bytes(b"planted")
    path.symlink_to("other")


def _foreign(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    path.write_bytes(b"planted")
    os.chown(path, 65534, 65534)


PLANTED = (_shared, _linked, _symbolic, _foreign, os.mkfifo)


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_file_is_not_opened(plant: Callable[[Path], object], tmp_path: Path) -> None:
    plant(tmp_path / "file")
    with pytest.raises(UntrustedFileError):
        open_own(tmp_path / "file", os.O_RDONLY)


@pytest.mark.parametrize(
    ("mode", "owner", "group", "trusted"),
    [
        # Only root and the group may write to the folder around.
        (0o2775, 0, 4321, True),
        # Others may, too, or those who may do not trust each other, or another group may write to the file.
        (0o2777, 0, 4321, False),
        (0o3775, 0, 4321, False),
        (0o2755, 0, 4321, False),
        (0o2775, 0, 4322, False),
        (0o2775, 65534, 4321, False),
    ],
)
def test_a_file_of_the_group_is_own_in_a_folder_of_the_group(
    tmp_path: Path, mode: int, owner: int, group: int, *, trusted: bool
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to another user")
    file = tmp_path / "file"
    file.touch()
    os.chown(tmp_path, 0, 4321)
    os.chown(file, owner, group)
    file.chmod(0o660)
    tmp_path.chmod(mode)
    assert (not not_private(file.lstat(), tmp_path)) is trusted


def test_permissions_that_a_file_system_does_not_have_are_not_examined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On vfat and some SMB mounts, all files are writable for everyone."""
    with monkeypatch.context() as patched:
        for name in ("stat", "lstat", "fstat"):
            patched.setattr(os, name, _writable(getattr(os, name)))
        os.close(create_own(tmp_path / "file", os.O_WRONLY))
        os.close(open_own(tmp_path / "file", os.O_RDONLY))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def _writable(real: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
    def found(*given: object, **named: object) -> os.stat_result:
        mode, *others = real(*given, **named)
        return os.stat_result((mode | 0o777, *others))

    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize(
    ("mode", "foreign", "expected"),
    [
        (0o777, "around/inside", "around/inside"),
        (0o1775, "around/inside", "around/inside"),
        (0o777, "around/inside/file", None),
        (0o777, "link", None),
        (0o2775, "around/inside", None),
        (0o755, "around/inside", None),
    ],
)
def test_what_others_can_have_put_on_the_way_to_a_file_is_found(
    tmp_path: Path, mode: int, foreign: str, expected: str | None
) -> None:
    (tmp_path / "around" / "inside").mkdir(parents=True)
    (tmp_path / "around" / "inside" / "file").touch()
    (tmp_path / "link").symlink_to("around")
    (tmp_path / "around").chmod(mode)
    os.chown(tmp_path / foreign, 65534, 65534, follow_symlinks=False)
    found = None if expected is None else tmp_path / expected
    assert planted(tmp_path / "around" / "inside" / "file") == found
    # Also behind a link that root or this user has made.
    assert planted(tmp_path / "link" / "inside" / "file") == (
        None if expected is None else tmp_path / expected.replace("around", "link")
    )
    os.chown(tmp_path / "around", 65534, 65534)
    assert planted(tmp_path / "around" / "inside" / "file") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_link_of_another_user_in_a_shared_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "file").touch()
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    link = tmp_path / "shared" / "link"
    link.symlink_to(tmp_path / "private")
    assert planted(link / "file") is None
    os.chown(link, 65534, 65534, follow_symlinks=False)
    assert planted(link / "file") == link
    # A link that leads there is as suspicious.
    (tmp_path / "shared" / "own").mkdir()
    (tmp_path / "shared" / "own" / "file").touch()
    os.chown(tmp_path / "shared" / "own", 65534, 65534)
    (tmp_path / "direct").symlink_to("shared/own")
    assert planted(tmp_path / "direct" / "file") == tmp_path / "shared" / "own"


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_journal_is_not_read(plant: Callable[[Path], object], tmp_path: Path) -> None:
    plant(tmp_path / "file")
    with pytest.raises(UntrustedFileError):
        load(tmp_path / "file")


def test_a_partial_file_is_private_until_it_gets_the_final_name(tmp_path: Path) -> None:
    """A process that is killed during the last flush leaves a file that its next run trusts, whatever the umask."""
    modes: set[int] = set()
    partial = Partial(tmp_path / "file", guard=lambda: modes.add(partial.path.stat().st_mode & 0o777))
    before = os.umask(0)
    try:
        partial.start()
        partial.finish(0)
    finally:
        os.umask(before)
    assert modes == {0o600}
    assert partial.final.stat().st_mode & 0o777 == 0o666


@pytest.mark.parametrize("plant", PLANTED)
def test_a_clean_start_writes_to_a_new_file(plant: Callable[[Path], object], tmp_path: Path) -> None:
    partial = Partial(tmp_path / "file")
    plant(partial.path)
    partial.start()
    partial.write(memoryview(b"private"), 0)
    found = partial.path.lstat()
    assert (found.st_uid, found.st_nlink, found.st_mode & 0o777) == (os.geteuid(), 1, 0o600)
    assert not (tmp_path / "other").exists() or (tmp_path / "other").read_bytes() == b"planted"
    partial.finish(7)
    fresh = tmp_path / "fresh"
    fresh.touch()
    assert partial.final.stat().st_mode == fresh.stat().st_mode


def test_an_own_file_is_opened(tmp_path: Path) -> None:
    os.close(create_own(tmp_path / "file", os.O_WRONLY))
    os.close(open_own(tmp_path / "file", os.O_RDONLY))


def test_a_folder_is_flushed(tmp_path: Path) -> None:
    flush_folder(tmp_path)


@pytest.mark.parametrize(
    "number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF], ids=lambda number: errno.errorcode[number]
)
def test_a_file_system_that_cannot_flush_folders_is_accepted(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _failing(number))
    flush_folder(tmp_path)


def test_a_folder_that_may_not_be_read_is_not_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", _failing(errno.EACCES))
    flush_folder(tmp_path)


@pytest.mark.parametrize(
    "number", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.ESTALE], ids=lambda number: errno.errorcode[number]
)
def test_a_disk_that_fails_to_flush_a_folder_is_a_storage_error(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _failing(number))
    with pytest.raises(StorageError, match=f"could not flush {tmp_path}: ") as caught:
        flush_folder(tmp_path)
    assert caught.value.errno == number


def test_a_missing_folder_cannot_be_flushed(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no such file or directory"):
        flush_folder(tmp_path / "gone")


def _failing(number: int) -> Callable[..., int]:
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail
