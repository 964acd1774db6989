"""Archives whose frames need more memory than usual, or a dictionary: what it is, and how to allow it."""

from __future__ import annotations

import bz2
import lzma
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waits import PATIENCE
from together_ext import Limits, extract
from together_ext.archive.inspect import inspect
from together_ext.cli import main
from together_ext.errors import ArchiveError
from together_ext.simulator import LORA_JOB, BytesArchive, Simulator

from .packing import FILES, GOOD, contents, packed, zstd

SMALL = packed([("config.json", b"{}")])


def windowed(data: bytes, log: int) -> bytes:
    """A frame of one raw block that asks for a window."""
    header = len(data) << 3 | 1
    return b"\x28\xb5\x2f\xfd\x00" + bytes([(log - 10) << 3]) + header.to_bytes(3, "little") + data


def test_a_large_window_is_named_and_can_be_allowed(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive.write_bytes(windowed(SMALL, 28))

    for command in ("extract", "inspect"):
        assert main([command, str(archive)]) == 6
        sentence = capsys.readouterr().err
        assert "needs a zstd window of 268,435,456 bytes; the limit is 134,217,728" in sentence
        assert "download it again" not in sentence
        assert "--max-window 268435456" in sentence
        assert main([command, str(archive), "--max-window", "268435456"]) == 0
        capsys.readouterr()


def test_a_large_window_can_be_allowed_in_python(archive: Path) -> None:
    archive.write_bytes(windowed(SMALL, 28))

    with pytest.raises(ArchiveError, match="needs a zstd window"):
        inspect(archive)
    assert inspect(archive, limits=Limits(window=1 << 28)).layout == "model"
    assert contents(Path(extract(archive, limits=Limits(window=1 << 28)).folder)) == {"config.json": b"{}"}


def test_the_default_window_can_be_forbidden(archive: Path) -> None:
    archive.write_bytes(windowed(SMALL, 20))

    with pytest.raises(ArchiveError, match="1,048,576 bytes; the limit is 1,048,575"):
        extract(archive, limits=Limits(window=(1 << 20) - 1))
    extract(archive, limits=Limits(window=1 << 20))


def test_a_window_beyond_any_memory_is_refused(archive: Path) -> None:
    archive.write_bytes(windowed(SMALL, 41))

    with pytest.raises(ArchiveError, match=r"the maximum on this system is .* compress it again"):
        extract(archive, limits=Limits(window=1 << 60))


def test_a_large_window_can_be_allowed_for_a_download(
    archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator() as sim:
        sim.add_archive(LORA_JOB, BytesArchive(windowed(SMALL, 28)))
        monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
        command = ["ft", "download", LORA_JOB, "--output", str(archive), "--base-url", sim.url]

        assert main([*command, "--max-window", "256Mi"]) == 2
        assert "--max-window requires --extract" in capsys.readouterr().err
        assert main([*command, "--extract"]) == 6
        assert "--max-window 268435456" in capsys.readouterr().err
        assert main([*command, "--extract", "--max-window", "256Mi"]) == 0
        assert contents(archive.parent / "model") == {"config.json": b"{}"}


def test_too_little_memory_for_the_window_is_one_message(archive: Path) -> None:
    archive.write_bytes(windowed(SMALL, 31))

    done = subprocess.run(  # noqa: S603 -- our own program
        [sys.executable, "-m", "together_ext", "extract", str(archive), "--max-window", "2Gi"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: could not decompress {archive}: there is not enough memory")
    assert list(archive.parent.iterdir()) == [archive]


NO_MEMORY = """
import resource, sys, threading
from pathlib import Path
from together_ext import OutOfMemoryError, OutOfThreadsError
from together_ext.archive import extract
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
threading.stack_size(256 << 10)
resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), used + (6 << 20)))
try:
    extract(sys.argv[1])
except (OutOfMemoryError, OutOfThreadsError, MemoryError):
    pass
"""
"""Extracts with less memory than the block that the decompressing thread allocates first."""


def test_an_extraction_without_memory_ends(archive: Path) -> None:
    """The thread ended without a result, which the caller waited for."""
    archive.write_bytes(zstd.compress(GOOD))
    subprocess.run([sys.executable, "-c", NO_MEMORY, str(archive)], check=True, timeout=PATIENCE)  # noqa: S603


def test_a_dictionary_is_named(archive: Path) -> None:
    samples = [f"line {number} of a sample that repeats, {number * 7}\n".encode() * 20 for number in range(200)]
    dictionary = zstd.train_dict(samples, 4000)
    archive.write_bytes(zstd.compress(GOOD, zstd_dict=dictionary))

    with pytest.raises(ArchiveError, match=rf"with a zstd dictionary .ID {dictionary.dict_id}."):
        extract(archive)


@pytest.mark.parametrize(
    ("data", "kind"), [(bz2.compress(GOOD), "bzip2"), (lzma.compress(GOOD), "xz"), (b"PK\x03\x04" + bytes(99), "zip")]
)
def test_an_unsupported_format_is_named(archive: Path, data: bytes, kind: str) -> None:
    archive.write_bytes(data)

    with pytest.raises(ArchiveError, match=f"is an? {kind} archive, which is not supported"):
        extract(archive)


@pytest.mark.parametrize("signed", [False, True])
def test_a_pre_posix_tar_archive_is_recognized(archive: Path, *, signed: bool) -> None:
    out = bytearray()
    for name, data in {"größe.txt": b"x", **FILES}.items():
        header = bytearray(packed([(name, data)], format_=0)[:512])
        header[257:512] = bytes(255)
        header[148:156] = b" " * 8
        total = sum(header) - (256 * sum(byte > 0x7F for byte in header) if signed else 0)
        header[148:156] = b"%06o\0 " % total
        out += header + data + bytes(-len(data) % 512)
    archive.write_bytes(out + bytes(1024))

    assert contents(Path(extract(archive).folder)) == {"größe.txt": b"x", **FILES}
