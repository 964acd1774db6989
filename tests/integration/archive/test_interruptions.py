"""Extraction that is killed, stopped, or out of space: the archive is kept, and the next run needs only that."""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.waits import PATIENCE, wait_until
from together_ext import verify
from together_ext.cli import main
from together_ext.simulator import LORA_JOB, Simulator
from together_ext.simulator.archives import pack
from together_ext.transfer.target import SAMPLE

from .conftest import Remount
from .packing import GOOD, contents, packed, zstd

MIB = 1 << 20
NOISE = random.Random("weights").randbytes(4 * MIB)  # noqa: S311 -- not for secrets
FILES = {"adapter.bin": NOISE, **{f"model-{number}.safetensors": bytes(16 * MIB) for number in range(10)}}
"""Fetched in no time, and unpacked in some: zeros are small in an archive, and still have to be hashed and written."""
ASKED_AGAIN = 2 * SAMPLE
"""Bytes from both ends of an archive that tell whether it is the same one."""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        simulator.add_archive(LORA_JOB, pack(FILES))
        yield simulator


@pytest.fixture
def start(sim: Simulator, tmp_path: Path) -> Iterator[Start]:
    """Starts the program in an empty folder, which is emptied afterwards, since it becomes large."""
    processes: list[subprocess.Popen[str]] = []

    def started(*args: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 -- our own program
            [sys.executable, "-m", "together_ext", *args],
            cwd=tmp_path,
            env={**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()
    for file in tmp_path.rglob("*.safetensors"):
        file.unlink()


def half_unpacked(folder: Path) -> bool:
    """Whether some of it is there under its temporary name."""
    return any(folder.glob(".model.unpacking-*/model-1.safetensors"))


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


DOWNLOAD = ("ft", "download", LORA_JOB, "--output", "model.tar.zst", "--extract", "--spool")


def test_a_killed_run_is_completed_without_another_download(start: Start, sim: Simulator, tmp_path: Path) -> None:
    first = start(*DOWNLOAD)
    wait_until(lambda: half_unpacked(tmp_path))
    sim.wait_until(lambda sim: sim.bytes_sent >= sim.archive(LORA_JOB).size)
    first.kill()
    first.communicate()
    assert not (tmp_path / "model").exists()
    assert list(tmp_path.glob(".model.unpacking-*"))
    sent = sim.bytes_sent

    out, err = start(*DOWNLOAD).communicate(timeout=PATIENCE)

    assert out.splitlines()[0] == str(tmp_path / "model"), err
    assert names(tmp_path) == ["model"]
    assert contents(tmp_path / "model") == FILES
    assert verify(tmp_path / "model").good
    assert sim.bytes_sent - sent <= ASKED_AGAIN


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_stopped_run_keeps_its_bytes_and_shows_how_to_resume(
    start: Start, sim: Simulator, tmp_path: Path, sent: signal.Signals
) -> None:
    process = start(*DOWNLOAD)
    wait_until(lambda: half_unpacked(tmp_path))
    sim.wait_until(lambda sim: sim.bytes_sent >= sim.archive(LORA_JOB).size)
    process.send_signal(sent)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out) == (128 + sent, ""), err
    hint = err.splitlines()[-1]
    assert hint.startswith("stopped; the partial file is kept; to resume, run: ")
    assert names(tmp_path) == ["model.tar.zst.part", "model.tar.zst.part.json"]
    before = sim.bytes_sent

    again = start(*shlex.split(hint.partition("together_ext ")[2]))
    out, err = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, err
    assert names(tmp_path) == ["model"]
    assert sim.bytes_sent - before <= ASKED_AGAIN


def test_stopping_an_extraction_leaves_the_archive_unchanged(start: Start, tmp_path: Path) -> None:
    (tmp_path / "model.tar.zst").write_bytes(pack(FILES))
    process = start("extract", "model.tar.zst")
    wait_until(lambda: half_unpacked(tmp_path))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out, err) == (130, "", "stopped\n")
    assert names(tmp_path) == ["model.tar.zst"]


# Disks ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "words"),
    [
        # The fourth does not fit beside the others.
        ({f"{number}": bytes(2 * MIB) for number in range(5)}, "bytes free and 2,097,152 are needed"),
        # There is room for all their bytes, but not for so many files.
        ({f"{number}": b"x" for number in range(1000)}, "no space left on device"),
    ],
    ids=["told before a file", "told by the disk"],
)
def test_a_full_disk_is_reported_and_the_download_is_kept(
    small_disk: tuple[Path, Remount],
    sim: Simulator,
    files: dict[str, bytes],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, remount = small_disk
    archive = place / "model.tar.zst"
    files = {"adapter.bin": NOISE[:MIB], **files}
    served = pack(files)
    sim.add_archive(LORA_JOB, served)
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    command = ["ft", "download", LORA_JOB, "--output", str(archive), "--extract", "--spool", "--base-url", sim.url]

    assert main(command) == 7
    captured = capsys.readouterr()
    assert captured.out == ""
    sentence = captured.err.splitlines()[-1]
    assert sentence.startswith("error: ")
    assert words in sentence
    assert str(archive) in sentence
    assert list(place.iterdir()) == [archive]
    assert archive.read_bytes() == served

    remount("size=64m,nr_inodes=10000")
    sent = sim.bytes_sent
    assert main(command) == 0
    assert contents(place / "model") == files
    # It had its name before this run, and whoever gave it that may want it.
    assert names(place) == ["model", "model.tar.zst"]
    assert f"{archive} existed before, so it is kept" in capsys.readouterr().err
    assert sim.bytes_sent - sent <= ASKED_AGAIN


def test_too_little_space_for_archive_and_folder_is_reported_before_the_download(
    sim: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.add_archive(LORA_JOB, 1 << 50)
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    command = ["ft", "download", LORA_JOB, "--output", str(tmp_path / "model.tar.zst"), "--base-url", sim.url]

    assert main([*command, "--extract", "--spool"]) == 7
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert f"{2 << 50:,} are needed ({1 << 50:,} for the archive and at least {1 << 50:,} for the files " in sentence
    assert "make room, or download without extracting, then run it again" in sentence
    for more in ([], ["--extract"], ["--extract", "--no-spool"]):
        assert main([*command, *more]) == 7
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert f"bytes free and {1 << 50:,} are needed: make room, then run it again" in sentence
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_disk_is_reported(small_disk: tuple[Path, Remount], capsys: pytest.CaptureFixture[str]) -> None:
    place, remount = small_disk
    archive = place / "model.tar.zst"
    archive.write_bytes(zstd.compress(GOOD))
    remount("ro")

    assert main(["extract", str(archive)]) == 7
    (sentence,) = capsys.readouterr().err.splitlines()
    advice = "choose a folder that you may write to"
    assert sentence.endswith(f": read-only file system; {advice}, then extract {archive} again: it is kept")
    assert list(place.iterdir()) == [archive]


def test_a_download_to_a_read_only_disk_is_refused_before_any_request(
    small_disk: tuple[Path, Remount],
    sim: Simulator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, remount = small_disk
    remount("ro")
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)

    assert main(["ft", "download", LORA_JOB, "-o", str(place), "--base-url", sim.url]) == 7
    assert capsys.readouterr().err == (
        f"error: could not write to {place}: read-only file system; choose a folder that you may write to, "
        "then run it again\n"
    )
    assert sim.bytes_sent == 0


def test_a_file_at_the_path_of_the_folder_is_reported(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive.write_bytes(packed([("config.json", b"{}")]))

    assert main(["extract", str(archive), "-o", str(archive / "inside")]) == 7
    (sentence,) = capsys.readouterr().err.splitlines()
    advice = "choose a path whose parents are folders"
    assert sentence.endswith(f": file exists; {advice}, then extract {archive} again: it is kept")
    assert list(archive.parent.iterdir()) == [archive]
