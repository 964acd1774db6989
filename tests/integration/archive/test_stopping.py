"""Work that is stopped: by a signal or by the caller, also where an archive has much in it that yields nothing."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.waits import PATIENCE, wait_until
from together_ext import extract, verify
from together_ext.archive.inspect import inspect
from together_ext.errors import TransferCancelledError

from .packing import GOOD, block, packed, record, zstd

LONG = {
    "empty frames": zstd.compress(b"") * (2 << 20),
    "skippable frames": zstd.compress(GOOD) + b"\x50\x2a\x4d\x18\0\0\0\0" * (4 << 20),
    "empty members": gzip.compress(b"") * (1 << 20),
    "tiny records": zstd.compress(block(b"pax", record("a", "") * 200_000, kind=b"x") * 120),
}
"""Each takes many seconds to read."""

SIGNALS = pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Starts the program, and ends whatever is left of it."""
    processes: list[subprocess.Popen[str]] = []

    def started(*args: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-m", "together_ext", *args], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def wait_until_open(process: subprocess.Popen[str], path: Path) -> None:
    """Return when a process has a file open."""
    descriptors = Path(f"/proc/{process.pid}/fd")

    def found() -> bool:
        assert process.poll() is None, process.communicate()
        return any(_target(descriptor) == str(path) for descriptor in list(descriptors.iterdir()))

    wait_until(found)


def _target(descriptor: Path) -> str:
    try:
        return os.readlink(descriptor)  # noqa: PTH115 -- text
    except FileNotFoundError:
        return ""


class Later(threading.Event):
    """Set when it was looked at so many times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def is_set(self) -> bool:
        self._looks -= 1
        return self._looks < 0


@SIGNALS
@pytest.mark.parametrize("command", ["extract", "inspect"])
@pytest.mark.parametrize("name", LONG)
def test_a_signal_interrupts_work_that_yields_nothing(
    run: Run, archive: Path, name: str, command: str, sent: signal.Signals
) -> None:
    archive.write_bytes(LONG[name])
    process = run(command, str(archive))
    wait_until_open(process, archive)

    process.send_signal(sent)
    out, err = process.communicate(timeout=PATIENCE)

    assert process.returncode in {130, 143}
    assert (out, err.splitlines()[-1]) == ("", "stopped")
    assert list(archive.parent.iterdir()) == [archive]


@pytest.mark.parametrize("name", LONG)
def test_the_caller_can_interrupt_work_that_yields_nothing(archive: Path, name: str) -> None:
    archive.write_bytes(LONG[name])

    with pytest.raises(TransferCancelledError):
        extract(archive, cancel=Later(4))
    with pytest.raises(TransferCancelledError):
        inspect(archive, cancel=Later(4))
    assert list(archive.parent.iterdir()) == [archive]


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A folder with a file whose hash takes minutes; it has no bytes on the disk."""
    folder = tmp_path / "large"
    folder.mkdir()
    size = 64 << 30
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(size)
    entry = {"path": "model.safetensors", "size": size, "sha256": hashlib.sha256(b"").hexdigest()}
    (folder / "together-ext.json").write_text(json.dumps({"format": 1, "files": [entry]}))
    return folder


@SIGNALS
def test_a_signal_stops_a_verification_in_the_middle_of_a_file(run: Run, large: Path, sent: signal.Signals) -> None:
    process = run("verify", str(large))
    wait_until_open(process, large / "model.safetensors")

    process.send_signal(sent)
    _, err = process.communicate(timeout=PATIENCE)

    assert process.returncode in {130, 143}
    assert err.splitlines()[-1] == "stopped"


def test_the_caller_can_stop_a_verification_in_the_middle_of_a_file(large: Path) -> None:
    with pytest.raises(TransferCancelledError):
        verify(large, cancel=Later(4))


def test_the_caller_can_stop_an_inspection_of_a_folder(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.txt").touch()

    with pytest.raises(TransferCancelledError):
        inspect(tmp_path, cancel=Later(4))


def test_the_caller_can_stop_the_flush_of_very_many_files(archive: Path) -> None:
    archive.write_bytes(packed([(f"{number}.txt", b"x") for number in range(50)]))

    with pytest.raises(TransferCancelledError):
        extract(archive, cancel=Later(30))
    assert list(archive.parent.iterdir()) == [archive]
