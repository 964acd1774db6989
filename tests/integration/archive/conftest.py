"""Places for archives."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Where a test puts its archive; nothing else is beside it."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place" / "model.tar.zst"


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that others may look into; pytest's are the user's own."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)


@contextmanager
def nobody() -> Iterator[None]:
    """Without root's permission to do everything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The lower layer of an overlayfs, and where it is mounted."""
    lower, upper, work, merged = (tmp_path / name for name in ("lower", "upper", "work", "merged"))
    for folder in (lower, upper, work, merged):
        folder.mkdir()
    layers = f"lowerdir={lower},upperdir={upper},workdir={work},redirect_dir=off"
    command = ["mount", "-t", "overlay", "-o", layers, "together-ext-test", str(merged)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:  # noqa: S603
        pytest.skip("mounting is not permitted")
    try:
        yield lower, merged
    finally:
        subprocess.run(["umount", "-l", str(merged)], check=True)  # noqa: S603, S607


Remount = Callable[[str], None]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Remount]]:
    """A file system of 8 MiB and 500 files, and what mounts it with other options."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "together-ext-test", str(place)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 -- our own command

    def remount(options: str) -> None:
        assert mount(f"remount,{options}")

    if os.geteuid() != 0 or not mount("size=8m,nr_inodes=500"):
        pytest.skip("mounting is not permitted")
    try:
        yield place, remount
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S603, S607
