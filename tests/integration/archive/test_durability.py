"""Whether the end waits for the disk: shown by the flushes that are requested, in any thread."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from together_ext import Together, extract, verify
from together_ext.archive.writing import FLUSHED
from together_ext.cli import main
from together_ext.simulator import LORA_JOB, Simulator
from together_ext.simulator.archives import pack

from .packing import contents

FILES = {"config.json": b"{}", "model.safetensors": bytes(FLUSHED + 1), "nested/vocab.txt": b"a\n"}


def flushes(work: Callable[[], object]) -> Counter[str]:
    """How often files and folders are flushed, by the name of the system call."""
    counts: Counter[str] = Counter()

    def note(_: FrameType, event: str, function: object) -> None:
        if event == "c_call" and (name := getattr(function, "__name__", "")) in {"fsync", "fdatasync"}:
            counts[name] += 1

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return counts


def test_extraction_flushes_every_file_and_folder_and_large_files_early(archive: Path) -> None:
    archive.write_bytes(pack(FILES))

    counts = flushes(lambda: extract(archive))

    early, files, folders = 1, len(FILES) + 1, 3
    assert counts["fsync"] == early + files + folders
    assert contents(archive.parent / "model") == FILES


@pytest.mark.parametrize("command", [False, True], ids=["python", "command line"])
def test_extraction_that_is_not_durable_flushes_nothing(archive: Path, *, command: bool) -> None:
    archive.write_bytes(pack(FILES))

    counts = flushes(
        (lambda: main(["extract", str(archive), "--no-durable"]))
        if command
        else lambda: extract(archive, durable=False)
    )

    assert counts.total() == 0
    assert contents(archive.parent / "model") == FILES
    assert verify(archive.parent / "model").good


@pytest.mark.parametrize(("durable", "count"), [(True, 1), (False, 0)])
def test_the_content_of_a_download_is_flushed_if_it_is_durable(tmp_path: Path, *, durable: bool, count: int) -> None:
    with Simulator() as sim, Together(api_key=sim.api_key, base_url=sim.url) as client:
        served = pack({"config.json": b"{}"})
        sim.add_archive(LORA_JOB, served)
        counts = flushes(lambda: client.fine_tuning.download(LORA_JOB, output=tmp_path / "model", durable=durable))

    assert (tmp_path / "model").read_bytes() == served
    assert counts["fdatasync"] == count
