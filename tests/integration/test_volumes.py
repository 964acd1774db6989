"""Volumes that show other owners, groups or permissions than those that the process gives to its files."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.archives import packed
from together_ext import Together
from together_ext.errors import NotFoundError
from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, PARTS_PATH, BytesArchive, Fault, Simulator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can write as another user")

SIZE = 6 << 20
FILES = {"adapter_config.json": b"{}", "adapter_model.safetensors": os.urandom(SIZE)}
PATHS = DOWNLOAD_PATH, f"{PARTS_PATH}adapter_model.safetensors"
GROUP = 4321
PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP = 28, 1 << 2
"""Of prctl(2) and capabilities(7)."""

Download = Callable[[Together, Path], object]


def _plain(client: Together, folder: Path) -> object:
    return client.fine_tuning.download(
        LORA_JOB, checkpoint_type="adapter", output=folder / "model.tar.zst", connections=1
    )


def _extracted(client: Together, folder: Path, *, spool: bool) -> object:
    return client.fine_tuning.download(
        LORA_JOB,
        checkpoint_type="adapter",
        output=folder / "model.tar.zst",
        connections=1,
        extract=True,
        spool=spool,
    )


_spooled, _direct = partial(_extracted, spool=True), partial(_extracted, spool=False)


def _registry(client: Together, folder: Path) -> object:
    return client.models.download("acme/tiny", output=folder / "model", connections=1)


@pytest.fixture
def client(sim: Simulator) -> Iterator[Together]:
    """A client in this thread, whose threads write as this one does."""
    sim.add_archive(LORA_JOB, BytesArchive(packed(FILES)))
    sim.registry.add("acme/tiny", dict(FILES))
    with Together(sim.api_key, sim.url, max_retries=0) as client:
        yield client


@pytest.fixture
def mapped() -> Iterator[Path]:
    """A folder where files get another owner than the process, as on NFS with a mapped root (`root_squash`)."""
    libc = ctypes.CDLL(None)
    with tempfile.TemporaryDirectory() as place:
        os.chown(place, 65534, 65534)
        # Only the owner changes: this thread, and those that it starts, keep the permissions of root.
        assert libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == 0
        libc.setfsuid(65534)
        try:
            yield Path(place)
        finally:
            libc.setfsuid(0)
            libc.prctl(PR_SET_SECUREBITS, 0, 0, 0, 0)


@pytest.mark.parametrize("download", [_plain, _spooled, _direct, _registry])
def test_files_with_another_owner_than_the_process_are_its_own(
    client: Together, sim: Simulator, mapped: Path, download: Download
) -> None:
    _interrupt(client, sim, mapped, download)
    download(client, mapped)
    assert download is _direct or sim.bytes_sent < SIZE * 3 // 4
    assert os.geteuid() == 0
    assert {path.lstat().st_uid for path in mapped.rglob("*")} == {65534}
    sim.forget()
    download(client, mapped)
    assert sim.bytes_sent < SIZE // 2
    assert [path.name for path in mapped.iterdir()] in (["model"], ["model.tar.zst"])


@pytest.mark.parametrize("download", [_plain, _spooled, _direct, _registry])
def test_a_pod_with_a_group_resumes_what_an_earlier_one_has_left(
    client: Together, sim: Simulator, tmp_path: Path, download: Download
) -> None:
    """When a pod starts, Kubernetes gives all files of its volume to the `fsGroup`, and makes them writable for it."""
    left = tmp_path / ".model.unpacking-a1b2"
    left.mkdir(mode=0o700)
    (left / "half").touch(mode=0o600)
    _interrupt(client, sim, tmp_path, download)
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, -1, GROUP)
        path.chmod(path.stat().st_mode | (0o2770 if path.is_dir() else 0o660))
    download(client, tmp_path)
    assert download is _direct or sim.bytes_sent < SIZE * 3 // 4
    kept = [left.name] if download in (_plain, _registry) else []
    assert sorted(path.name for path in tmp_path.iterdir() if path.name not in kept) in (["model"], ["model.tar.zst"])


def _interrupt(client: Together, sim: Simulator, folder: Path, download: Download) -> None:
    """Begin a download, and fail after about half of it."""
    for path in PATHS:
        sim.script(Fault(path=path, cut=SIZE // 2), Fault(path=path, status=404, times=None))
    with pytest.raises(NotFoundError):
        download(client, folder)
    sim.faults.clear()
    sim.forget()


@pytest.mark.parametrize("download", [_spooled, _direct, _registry])
def test_a_folder_passes_on_the_group_of_the_folder_that_it_is_in(
    client: Together, tmp_path: Path, download: Download
) -> None:
    """As any new folder: what is added to it later belongs to the group, too."""
    os.chown(tmp_path, -1, GROUP)
    tmp_path.chmod(0o2775)
    download(client, tmp_path)
    (tmp_path / "new").mkdir()
    found, new = (tmp_path / "model").stat(), (tmp_path / "new").stat()
    assert (found.st_mode, found.st_gid) == (new.st_mode, new.st_gid)
    assert {path.stat().st_gid for path in (tmp_path / "model").iterdir()} == {GROUP}
