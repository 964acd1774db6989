"""Direct extraction: the archive is extracted as it arrives, and never written."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waits import PATIENCE, wait_until
from together_ext import ConfigurationError, DownloadProgress, RuleError, Together, extract, verify
from together_ext.cli import main
from together_ext.simulator import LORA_JOB, BytesArchive, Fault, Simulator
from together_ext.simulator.archives import pack

from .conftest import Remount
from .packing import GOOD, contents, zstd

MIB = 1 << 20
NOISE = random.Random("weights").randbytes(4 * MIB)  # noqa: S311 -- not for secrets
FILES = {"adapter.bin": NOISE, **{f"model-{number}.safetensors": bytes(16 * MIB) for number in range(10)}}
DOWNLOAD = ("ft", "download", LORA_JOB, "--output", "model.tar.zst", "--extract", "--no-spool")

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def client(sim: Simulator) -> Iterator[Together]:
    with Together(api_key=sim.api_key, base_url=sim.url) as client:
        yield client


@pytest.fixture
def start(sim: Simulator, tmp_path: Path) -> Iterator[Start]:
    """Starts the program in an empty folder, which is emptied in the end, since it becomes large."""
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


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def wait_until_half_extracted(folder: Path, process: subprocess.Popen[str]) -> None:
    """Return when some files are there under their temporary name."""

    def found() -> bool:
        assert process.poll() is None, process.communicate()
        return any(folder.glob(".model.unpacking-*/adapter.bin"))

    wait_until(found)


def receipt(folder: Path) -> dict[str, Any]:
    """A receipt without what differs between two extractions of the same weights: their time and source."""
    document: dict[str, Any] = json.loads((folder / "together-ext.json").read_text())
    return {name: value for name, value in document.items() if name not in {"time", "archive"}}


@pytest.mark.parametrize(
    ("ending", "compress"), [(".tar.zst", zstd.compress), (".tar.gz", gzip.compress), (".tar", bytes)]
)
def test_direct_spooled_and_separate_extraction_make_the_same_folder(
    client: Together, sim: Simulator, tmp_path: Path, ending: str, compress: Callable[[bytes], bytes]
) -> None:
    archive = compress(GOOD)
    sim.add_archive(LORA_JOB, BytesArchive(archive))

    results = [
        client.fine_tuning.download(LORA_JOB, output=tmp_path / name / f"model{ending}", extract=True, spool=spool)
        for name, spool in (("direct", False), ("spooled", True))
    ]
    kept = client.fine_tuning.download(LORA_JOB, output=tmp_path / "kept" / f"model{ending}")
    said = receipt(tmp_path / "direct" / "model")
    origin = {name: said[name] for name in ("job", "step", "type", "source")}
    extract(kept.filename, origin={**origin, "base_model": said.get("base_model_alias", said["base_model"])})

    folders = [tmp_path / name / "model" for name in ("direct", "spooled", "kept")]
    assert contents(folders[0]) == contents(folders[1]) == contents(folders[2])
    assert receipt(folders[0]) == receipt(folders[1]) == receipt(folders[2])
    sources = [json.loads((folder / "together-ext.json").read_text())["archive"] for folder in folders]
    assert sources[0] == sources[1] == {**sources[2], "validator": sources[0]["validator"]}
    assert [result.sha256 for result in results] == [hashlib.sha256(archive).hexdigest(), None]
    assert {(result.size, result.verified, result.layout) for result in results} == {
        (len(archive), "structure", "model")
    }
    assert all(verify(folder).good for folder in folders)


def test_a_killed_run_leaves_nothing_at_the_final_path_and_the_next_one_clears_its_folder(
    start: Start, sim: Simulator, tmp_path: Path
) -> None:
    sim.add_archive(LORA_JOB, pack(FILES))
    process = start(*DOWNLOAD)
    wait_until_half_extracted(tmp_path, process)
    process.kill()
    process.communicate()
    assert [name.partition("-")[0] for name in names(tmp_path)] == [".model.unpacking", ".model.unpacking.lock"]

    out, err = start(*DOWNLOAD).communicate(timeout=PATIENCE)

    assert out.splitlines()[0] == str(tmp_path / "model"), err
    assert names(tmp_path) == ["model"]
    assert contents(tmp_path / "model") == FILES
    assert verify(tmp_path / "model").good


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_stopped_run_leaves_nothing(start: Start, sim: Simulator, tmp_path: Path, sent: signal.Signals) -> None:
    sim.add_archive(LORA_JOB, pack(FILES))
    process = start(*DOWNLOAD)
    wait_until_half_extracted(tmp_path, process)
    process.send_signal(sent)
    out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out, err.splitlines()[-1]) == (128 + sent, "", "stopped")
    assert names(tmp_path) == []


def test_a_full_disk_in_the_middle_is_reported_and_nothing_is_left(
    small_disk: tuple[Path, Remount],
    sim: Simulator,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, remount = small_disk
    files = {"model.safetensors": NOISE, **{f"{number}": b"x" for number in range(1000)}}
    sim.add_archive(LORA_JOB, pack(files))
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    command = ["ft", "download", LORA_JOB, "--output", str(place / "model.tar.zst"), "--extract", "--base-url", sim.url]

    assert main(command) == 7
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert sentence == (
        f"error: could not extract to {place / 'model'}: no space left on device; make room, then run it again"
    )
    assert names(place) == []

    remount("size=64m,nr_inodes=10000")
    assert main(command) == 0
    assert contents(place / "model") == files


def test_a_partial_file_of_an_earlier_run_is_resumed(client: Together, sim: Simulator, tmp_path: Path) -> None:
    sim.add_archive(LORA_JOB, pack(FILES))

    def enough(now: DownloadProgress) -> None:
        if now.done > 2 * MIB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.fine_tuning.download(LORA_JOB, output=tmp_path / "model.tar.zst", limit_rate=4 * MIB, progress=enough)

    result = client.fine_tuning.download(LORA_JOB, output=tmp_path / "model.tar.zst", extract=True)
    assert result.resumed_from >= MIB
    assert result.sha256 is None
    assert names(tmp_path) == ["model"]


def test_an_error_of_the_progress_callback_stops_it_and_no_thread_is_left(
    client: Together, sim: Simulator, tmp_path: Path
) -> None:
    sim.add_archive(LORA_JOB, pack(FILES))
    client.fine_tuning.retrieve(LORA_JOB)
    before = set(threading.enumerate())
    seen: list[str | None] = []

    def enough(now: DownloadProgress) -> None:
        seen.append(now.file)
        if now.done > MIB:
            raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        client.fine_tuning.download(
            LORA_JOB, output=tmp_path / "model.tar.zst", extract=True, limit_rate=8 * MIB, progress=enough
        )
    assert names(tmp_path) == []
    assert set(seen) == {"model"}

    def ended() -> bool:
        return all(thread.name.startswith("asyncio") for thread in set(threading.enumerate()) - before)

    wait_until(ended)  # a thread that has done its work ends a moment later


def test_a_wish_that_contradicts_itself_is_refused_before_any_request(client: Together, sim: Simulator) -> None:
    with pytest.raises(ConfigurationError, match="keep_archive needs the archive on the disk"):
        client.fine_tuning.download(LORA_JOB, extract=True, keep_archive=True, spool=False)
    with pytest.raises(RuleError, match="spool is given without extract=True"):
        client.fine_tuning.download(LORA_JOB, spool=False)
    assert main(["ft", "download", LORA_JOB, "--no-spool"]) == 2
    assert sim.requests == []


def test_a_server_that_sends_no_length_needs_the_disk(client: Together, sim: Simulator, tmp_path: Path) -> None:
    served = pack({"config.json": b"{}"})
    sim.add_archive(LORA_JOB, served)
    sim.faults.append(Fault(ignore_range=True, chunked=True, times=None))
    output = tmp_path / "model.tar.zst"

    with pytest.raises(ConfigurationError, match="does not send the size"):
        client.fine_tuning.download(LORA_JOB, output=output, extract=True, spool=False)
    assert names(tmp_path) == []
    assert client.fine_tuning.download(LORA_JOB, output=output, extract=True).size == len(served)
    assert names(tmp_path) == ["model"]
