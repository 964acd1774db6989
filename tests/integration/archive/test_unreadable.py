"""What the file system refuses is an error, never treated as empty."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from together_ext import extract, verify
from together_ext.archive.inspect import inspect
from together_ext.archive.tree import entries
from together_ext.cli import main
from together_ext.errors import StorageError

from .conftest import nobody
from .packing import GOOD

BOTH = pytest.mark.parametrize("command", [verify, inspect])


@pytest.fixture
def folder(public: Path) -> Path:
    """An extracted folder that other users can read."""
    (public / "model.tar").write_bytes(GOOD)
    return Path(extract(public / "model.tar").folder)


@BOTH
@pytest.mark.parametrize("mode", [0o000, 0o100, 0o400])
@pytest.mark.parametrize("name", ["nested", "new"])
def test_an_unreadable_subfolder_is_named(
    folder: Path, command: Callable[[Path], object], name: str, mode: int
) -> None:
    (folder / name).mkdir(exist_ok=True)
    (folder / name / "secret").write_bytes(b"x")
    (folder / name).chmod(mode)

    with nobody(), pytest.raises(StorageError, match=rf"could not read .*/model/{name}.*: permission denied"):
        command(folder)


@BOTH
def test_an_unreadable_folder_is_named(folder: Path, command: Callable[[Path], object]) -> None:
    folder.chmod(0)

    with nobody(), pytest.raises(StorageError, match=r"could not read .*/model.*: permission denied"):
        command(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
@BOTH
def test_an_unreadable_file_is_named(folder: Path, command: Callable[[Path], object], name: str) -> None:
    (folder / name).chmod(0)

    with nobody(), pytest.raises(StorageError, match=rf"could not read .*/model/{name}: permission denied"):
        command(folder)


def test_an_unreadable_receipt_is_not_reported_as_damaged(folder: Path) -> None:
    (folder / "together-ext.json").chmod(0)

    with nobody(), pytest.raises(StorageError, match=r"together-ext\.json: permission denied; check its permissions"):
        verify(folder)


def test_an_unreadable_archive_is_named(public: Path) -> None:
    (public / "model.tar").write_bytes(GOOD)
    (public / "model.tar").chmod(0)

    for command in (extract, inspect):
        with nobody(), pytest.raises(StorageError, match=r"could not read .*/model\.tar: permission denied"):
            command(public / "model.tar")


@pytest.mark.parametrize("command", ["extract", "verify", "inspect"])
@pytest.mark.parametrize("kind", ["a loop", "too long", "below a file"])
def test_a_dangling_path_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, kind: str
) -> None:
    place = tmp_path / ("n" * 300 if kind == "too long" else "here")
    if kind == "a loop":
        place.symlink_to(place)
    if kind == "below a file":
        place.touch()
        place /= "file"

    assert main([command, str(place)]) == 7
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith(f"error: could not read {place}: ")


@pytest.fixture
def deep(folder: Path) -> Iterator[Callable[[int], None]]:
    """Creates a chain of folders in an extracted one; only `rm` can remove a long one."""

    def made(count: int) -> None:
        fd = os.open(folder, os.O_RDONLY)
        for _ in range(count):
            os.mkdir("d", dir_fd=fd)
            inner = os.open("d", os.O_RDONLY, dir_fd=fd)
            os.close(fd)
            fd = inner
        os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
        os.close(fd)

    yield made
    subprocess.run(["rm", "-rf", str(folder)], check=True)  # noqa: S603, S607


def test_very_deep_folders_are_read(folder: Path, deep: Callable[[int], None]) -> None:
    deep(1500)

    assert verify(folder).extra == ("d/" * 1500 + "file",)
    inspect(folder)


@BOTH
def test_folders_too_deep_for_the_system_are_reported(
    folder: Path, deep: Callable[[int], None], command: Callable[[Path], object]
) -> None:
    deep(2500)

    with pytest.raises(StorageError, match="file name too long"):
        command(folder)


def test_a_folder_that_is_removed_while_it_is_walked_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").mkdir()
    walking = entries(tmp_path)
    next(walking)
    (tmp_path / "b").rmdir()

    with pytest.raises(FileNotFoundError):
        list(walking)
