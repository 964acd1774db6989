"""Others in the same folder: an attacker who exchanges the temporary folder, and a process that takes over."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from together_ext.archive.extraction import unpack_archive
from together_ext.archive.folders import locked
from together_ext.archive.formats.source import OpenArchive, StoredArchive
from together_ext.archive.terms import Terms
from together_ext.archive.weights.base_model import BaseChoice
from together_ext.errors import LeaseLostError, StorageError
from together_ext.leases import EXPIRY

from .packing import packed

FILES = {"config.json": b"{}", "a.safetensors": bytes(3 << 20), "nested/b.safetensors": bytes(3 << 20)}
AROUND = {f"output/{name}": data for name, data in FILES.items()}


class Attacker:
    """Moves the temporary folder away, and puts something of its own there."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._folder, self._kind = folder, kind
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.moved: Path | None = None

    def strike(self) -> None:
        """Do it, once."""
        if self.moved is not None:
            return
        (scratch,) = self._folder.glob(".model.unpacking-*")
        self.moved = scratch.rename(self._folder / "moved")
        if self._kind == "link":
            scratch.symlink_to(self.elsewhere)
        elif self._kind == "folder":
            scratch.mkdir()


class Watched:
    """An archive that strikes while it is read."""

    def __init__(self, archive: OpenArchive, strike: Callable[[], None]) -> None:
        self.size, self.seek = archive.size, archive.seek
        self._archive, self._strike, self._reads = archive, strike, 0

    def read(self, count: int, /) -> bytes:
        self._reads += 1
        if self._reads == 4:
            self._strike()
        return self._archive.read(count)


class Source:
    """Opens it."""

    def __init__(self, path: Path, strike: Callable[[], None]) -> None:
        self._stored, self._strike = StoredArchive(path), strike

    @contextmanager
    def open(self) -> Iterator[Watched]:
        """Open the archive."""
        with self._stored.open() as archive:
            yield Watched(archive, self._strike)

    def interrupt(self) -> None:
        """No test waits."""


@pytest.mark.parametrize("kind", ["link", "folder", "nothing"])
@pytest.mark.parametrize("moment", ["while it is unpacked", "when all is unpacked"])
@pytest.mark.parametrize("files", [FILES, AROUND], ids=["flat", "one folder around"])
def test_nothing_is_written_outside_the_folder(
    tmp_path: Path, kind: str, moment: str, files: Mapping[str, bytes]
) -> None:
    archive, folder = tmp_path / "model.tar", tmp_path / "model"
    archive.write_bytes(packed(list(files.items())))
    attacker = Attacker(tmp_path, kind)
    early = moment == "while it is unpacked"

    def said() -> Mapping[str, Any]:
        attacker.strike()
        return {}

    with (
        locked(folder, threading.Event()) as lease,
        pytest.raises(StorageError, match="was replaced by another process"),
    ):
        unpack_archive(
            archive,
            Source(archive, attacker.strike if early else lambda: None),
            folder,
            Terms(BaseChoice()),
            lease,
            origin=said,
            cancel=threading.Event(),
        )

    assert attacker.moved is not None
    assert list(attacker.elsewhere.iterdir()) == []
    assert not folder.is_symlink()
    assert not folder.exists()
    # What was written is where only its owner may look.
    assert attacker.moved.stat().st_mode & 0o077 == 0


def test_a_temporary_folder_that_cannot_be_removed_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    archive, folder = tmp_path / "model.tar", tmp_path / "model"
    archive.write_bytes(packed(list(FILES.items())))
    source = Source(archive, Attacker(tmp_path, "link").strike)

    with locked(folder, threading.Event()) as lease, pytest.raises(StorageError):
        unpack_archive(archive, source, folder, Terms(BaseChoice()), lease, origin=dict, cancel=threading.Event())

    (left,) = tmp_path.glob(".model.unpacking-*")
    assert caplog.messages == [f"could not remove the temporary folder {left}; remove it by hand"]


@pytest.mark.parametrize("files", [FILES, AROUND], ids=["flat", "one folder around"])
def test_a_planted_link_is_not_followed(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    """Names as earlier versions and other runs have used them."""
    archive, folder = tmp_path / "model.tar", tmp_path / "model"
    archive.write_bytes(packed(list(files.items())))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in (".model.unpacking", ".model.unpacking-", ".model.unpacking-aaaaaaaa"):
        (tmp_path / name).symlink_to(elsewhere)

    with locked(folder, threading.Event()) as lease:
        unpack_archive(
            archive,
            StoredArchive(archive),
            folder,
            Terms(BaseChoice()),
            lease,
            origin=dict,
            cancel=threading.Event(),
        )

    assert list(elsewhere.iterdir()) == []
    assert (folder / "config.json").read_bytes() == b"{}"


@pytest.mark.parametrize(
    "moment", ["before it is unpacked", "while it is unpacked", "when all is unpacked", "while it is flushed"]
)
def test_an_owner_that_was_paused_for_too_long_makes_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """As after `SIGSTOP`: another process has taken over, and has its own temporary folder."""
    archive, folder, lock = tmp_path / "model.tar", tmp_path / "model", tmp_path / ".model.unpacking.lock"
    archive.write_bytes(packed(list(FILES.items())))
    clock_gettime, fsync = time.clock_gettime, os.fsync

    one_at_a_time = threading.Lock()

    def pause() -> None:
        # Several threads flush.
        with one_at_a_time:
            if lock.read_bytes() == b"another process":
                return
            lock.unlink()
            lock.write_bytes(b"another process")
            for scratch in tmp_path.glob(".model.unpacking-*"):
                shutil.rmtree(scratch)
            (tmp_path / ".model.unpacking-theirs").mkdir()
            later = EXPIRY + 1
            monkeypatch.setattr(time, "clock_gettime", lambda clock: clock_gettime(clock) + later)

    def paused_fsync(fd: int) -> None:
        pause()
        fsync(fd)

    def origin() -> Mapping[str, Any]:
        if moment == "when all is unpacked":
            pause()
        else:
            monkeypatch.setattr(os, "fsync", paused_fsync)
        return {}

    source = Source(archive, pause if moment == "while it is unpacked" else lambda: None)

    def unpack() -> None:
        with locked(folder, threading.Event()) as lease:
            if moment == "before it is unpacked":
                pause()
            unpack_archive(archive, source, folder, Terms(BaseChoice()), lease, origin=origin, cancel=threading.Event())

    with pytest.raises(LeaseLostError):
        unpack()

    assert {path.name for path in tmp_path.iterdir()} == {"model.tar", lock.name, ".model.unpacking-theirs"}
    assert lock.read_bytes() == b"another process"
