"""What an archive costs is proportional to its bytes or its members: shown by counts of calls, not by time."""

from __future__ import annotations

import concurrent.futures.thread
import queue
import sys
import tarfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from together_ext import Limits, extract
from together_ext.archive.inspect import inspect
from together_ext.cli import main
from together_ext.errors import ArchiveError

from .packing import END, block, packed, pax, record, special, zstd

DEEP = "/".join(["d"] * 500)

SCHEDULED = {concurrent.futures.thread.__file__, queue.__file__, threading.__file__}
"""What depends on when the other threads run: how often one waits, and on which lock."""


def calls(work: Callable[[], object]) -> Counter[str]:
    """How often functions are called in this thread: those that C has by their names, and all others together.

    The same in every run, however busy the machine is.
    """
    counts: Counter[str] = Counter()

    def note(frame: FrameType, event: str, function: object) -> None:
        if frame.f_code.co_filename in SCHEDULED:
            return
        if event == "c_call":
            counts[getattr(function, "__name__", "")] += 1
        elif event == "call":
            counts["python"] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counts


@pytest.fixture(autouse=True)
def warm(archive: Path) -> None:
    """What is loaded, compiled or cached on first use is not a cost of an archive."""
    archive.write_bytes(packed([("d/config.json", b"{}")]))
    extract(archive, archive.parent / "warm")
    inspect(archive)


def unpacked(archive: Path, members: list[tuple[str, bytes] | tarfile.TarInfo]) -> Counter[str]:
    """The cost of extracting these members."""
    archive.write_bytes(packed(members))
    return calls(lambda: extract(archive, archive.parent / f"out-{len(members)}"))


def test_a_deep_folder_that_is_named_again_costs_no_more_than_a_shallow_one(archive: Path) -> None:
    again = special(DEEP + "/", tarfile.DIRTYPE)
    few = unpacked(archive, [("config.json", b"{}"), *[again] * 10])
    many = unpacked(archive, [("config.json", b"{}"), *[again] * 1010])

    assert few["mkdir"] == many["mkdir"] <= 510
    assert (many - few).total() <= 200 * 1000


def test_the_folders_of_deep_files_are_made_once(archive: Path) -> None:
    few = unpacked(archive, [(f"{DEEP}/{number}", b"") for number in range(10)])
    many = unpacked(archive, [(f"{DEEP}/{number}", b"") for number in range(110)])

    assert few["mkdir"] == many["mkdir"] <= 510
    assert (many - few).total() <= 400 * 100


def test_the_disk_is_asked_for_its_free_space_once(archive: Path) -> None:
    assert unpacked(archive, [(f"{number}.txt", b"x") for number in range(300)])["statvfs"] == 1


def test_records_cost_the_same_wherever_they_are(archive: Path) -> None:
    def read(count: int) -> int:
        header = block(b"pax", record("a", "") * count, kind=b"x")
        archive.write_bytes(header + block(b"config.json", b"{}") + END)
        return calls(lambda: inspect(archive)).total()

    one, two, three = read(1_000), read(11_000), read(21_000)

    assert abs((three - two) - (two - one)) <= 1_000


HEADERS = {
    "records": block(b"pax", record("a", "") * 1_000, kind=b"x") * 10,
    "records of all": block(b"pax", record("a", "") * 1_000, kind=b"g") * 10,
    "empty headers": block(b"pax", b"", kind=b"x") * 100,
    "links": block(b"long", b"a" * 500, kind=b"K") * 60,
    "names": (block(b"long", b"a" * 500, kind=b"K") + pax(("comment", "x" * 500)) + block(b"", kind=b"5")) * 30,
}


@pytest.mark.parametrize("name", HEADERS)
def test_extended_headers_have_a_limit(archive: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    archive.write_bytes(zstd.compress(HEADERS[name] + block(b"config.json", b"{}") + END))

    for command in (extract, inspect):
        with pytest.raises(ArchiveError, match="more than 20,000 bytes of extended headers"):
            command(archive, limits=Limits(headers=20_000))
    assert main(["extract", str(archive), "--max-headers", "20k"]) == 6
    assert "--max-headers" in capsys.readouterr().err
    assert main(["extract", str(archive), "--max-headers", "2M"]) == 0


def test_tiny_records_count_for_more_than_their_bytes(archive: Path) -> None:
    """Four bytes each: 128 MiB of them would take a minute."""
    archive.write_bytes(zstd.compress(block(b"pax", b"4 =\n" * 2_000, kind=b"x") + block(b"config.json", b"{}") + END))

    with pytest.raises(ArchiveError, match="more than 100,000 bytes of extended headers"):
        extract(archive, limits=Limits(headers=100_000))
    extract(archive, limits=Limits(headers=140_000))


def test_inspect_refuses_what_extract_refuses(archive: Path) -> None:
    archive.write_bytes(zstd.compress(packed([("config.json", b"{}"), ("../x", b"")])))

    for command in (extract, inspect):
        with pytest.raises(ArchiveError, match=r"`\.\.` part"):
            command(archive)
    archive.write_bytes(zstd.compress(packed([(f"{number}", b"") for number in range(20)])))
    for command in (extract, inspect):
        with pytest.raises(ArchiveError, match="more than 10 members"):
            command(archive, limits=Limits(members=10))
