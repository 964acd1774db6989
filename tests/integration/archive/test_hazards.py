"""Archives that are damaged or mean harm: one sentence, exit status 6, the archive kept, and nothing else anywhere."""

from __future__ import annotations

import gzip
import tarfile
import time
from pathlib import Path

import pytest

from together_ext import ArchiveError, extract
from together_ext.archive import Limits
from together_ext.archive.inspect import inspect
from together_ext.cli import main
from together_ext.errors import NotEnoughSpaceError
from together_ext.simulator import LORA_JOB, Simulator

from .packing import END, GOOD, block, packed, pax, record, special, zstd

FIRST = ("config.json", b"{}")
GIB4 = 4 << 30
ZSTD = zstd.compress(GOOD)
CHECKED = zstd.compress(GOOD, options={zstd.CompressionParameter.checksum_flag: 1})

# Each: the archive, and a word of its refusal.
HAZARDS: dict[str, tuple[bytes, str]] = {
    # Names that lead elsewhere, in every way to write them.
    "absolute": (packed([FIRST, ("/etc/passwd", b"x")]), "absolute"),
    "absolute behind slashes": (packed([FIRST, ("///etc/passwd", b"x")]), "absolute"),
    "absolute before a dot": (packed([FIRST, ("/./etc/passwd", b"x")]), "absolute"),
    "parent": (packed([FIRST, ("../outside", b"x")]), "`..` part"),
    "parent inside": (packed([FIRST, ("a/../../outside", b"x")]), "`..` part"),
    "parent as a folder": (packed([FIRST, special("../outside/", tarfile.DIRTYPE)]), "`..` part"),
    "parent in a prefix": (block(b"outside", b"x", prefix=b"..") + END, "`..` part"),
    "parent in an extended header": (pax(("path", "../outside")) + block(b"good", b"x") + END, "`..` part"),
    "parent in a long name": (block(b"long", b"../outside\0", kind=b"L") + block(b"good", b"x") + END, "`..` part"),
    "drive": (packed([FIRST, ("C:evil", b"x")]), "drive"),
    "drive with a slash": (packed([FIRST, ("c:/evil", b"x")]), "drive"),
    "backslash": (packed([FIRST, ("..\\evil", b"x")]), "backslash"),
    "control": (packed([FIRST, ("a\x1b[31m", b"x")]), "control"),
    "line break": (packed([FIRST, ("a\nb", b"x")]), "control"),
    "right to left": (packed([FIRST, ("a\u202eb", b"x")]), "control"),
    "nul": (pax(("path", "good\0/../../outside")) + block(b"good", b"x") + END, "`..` part"),
    "nul alone": (pax(("path", "good\0evil")) + block(b"good", b"x") + END, "control"),
    "not utf-8": (block(b"\xff\xfe", b"x") + END, "not UTF-8"),
    "no name": (block(b"", b"x") + END, "without a name"),
    "a dot": (block(b"./.", b"x") + END, "without a name"),
    "a dot in a folder": (block(b"a/.", b"x") + END, "without a name"),
    "a slash": (pax(("path", "/")) + block(b"a", b"x") + END, "a folder with content"),
    "too long": (packed([FIRST, ("n" * 256, b"x")]), "is longer than"),
    "too deep": (packed([FIRST, ("a/" * 600 + "b", b"x")]), "is longer than"),
    # What is no file and no folder.
    "symbolic link": (packed([FIRST, special("link", tarfile.SYMTYPE, "/etc")]), "a symbolic link"),
    "symbolic link inside": (packed([FIRST, special("link", tarfile.SYMTYPE, "config.json")]), "a symbolic link"),
    "file behind a link": (packed([special("a", tarfile.SYMTYPE, "/etc"), ("a/b", b"x")]), "a symbolic link"),
    "hard link": (packed([FIRST, special("link", tarfile.LNKTYPE, "config.json")]), "a hard link"),
    "hard link outside": (packed([FIRST, special("link", tarfile.LNKTYPE, "/etc/passwd")]), "a hard link"),
    "device": (packed([FIRST, special("device", tarfile.CHRTYPE)]), "a character device"),
    "block device": (packed([FIRST, special("device", tarfile.BLKTYPE)]), "a block device"),
    "fifo": (packed([FIRST, special("fifo", tarfile.FIFOTYPE)]), "a FIFO"),
    "volume label": (block(b"label", kind=b"V") + END, "of type b'V'"),
    "rest of a file": (block(b"rest", kind=b"M") + END, "of type b'M'"),
    # Two members for one place.
    "duplicate": (packed([FIRST, ("config.json", b"other")]), "two members"),
    "duplicate behind a dot": (packed([FIRST, ("./config.json", b"other")]), "two members"),
    "case": (packed([FIRST, ("CONFIG.json", b"other")]), "two members"),
    "case of a folder": (packed([("a/x", b""), ("A/y", b"")]), "two members"),
    "case beyond ascii": (packed([("stra\u00dfe", b""), ("STRASSE", b"")]), "two members"),
    "unicode forms": (packed([("\u00e9", b""), ("e\u0301", b"")]), "two members"),
    "file as a folder": (packed([FIRST, ("config.json/x", b"")]), "two members"),
    "folder as a file": (packed([("a/x", b""), ("a", b"")]), "two members"),
    "folder for the receipt": (packed([FIRST, ("together-ext.json/x", b"")]), "the receipt's path"),
    # What readers disagree on, so that one of them overlooks it.
    "folder with content": (block(b"a/", GOOD[:512], kind=b"5") + END, "a folder with content"),
    "old folder with content": (block(b"a/", GOOD[:512]) + END, "a folder with content"),
    "two sizes": (pax(("size", "0")) + pax(("size", "512")) + block(b"a", bytes(512)) + END, "two names or sizes"),
    "two names": (pax(("path", "a")) + pax(("path", "b")) + block(b"c") + END, "two names or sizes"),
    "a name for all": (pax(("path", "a"), kind=b"g") + block(b"c") + END, "one name or size"),
    "a size for all": (pax(("size", "512"), kind=b"g") + block(b"c", bytes(512)) + END, "one name or size"),
    # Claims.
    "4 GiB sparse": (
        block(b"sparse", bytes(512), kind=b"S", extra=b"%011o\0" % GIB4 + bytes(17)) + END,
        "a sparse file",
    ),
    "4 GiB sparse, extended": (
        pax(("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", str(GIB4)))
        + block(b"GNUSparseFile.0/sparse", bytes(512))
        + END,
        "a sparse file",
    ),
    "4 GiB sparse, first form": (pax(("GNU.sparse.size", str(GIB4))) + block(b"s") + END, "a sparse file"),
    "4 GiB": (block(b"large", bytes(512), size=b"%012o" % GIB4), "archive is truncated"),
    "4 GiB in binary": (block(b"large", bytes(512), size=b"\x80" + GIB4.to_bytes(11, "big")), "archive is truncated"),
    "4 GiB, extended": (pax(("size", str(GIB4))) + block(b"large", bytes(512)), "archive is truncated"),
    "negative": (block(b"negative", size=b"\xff" * 12) + END, "negative"),
    "no number": (block(b"none", size=b"12x4") + END, "an invalid number"),
    "number behind a nul": (block(b"none", size=b"\0\0\0\x000000644") + END, "an invalid number"),
    "no size": (pax(("size", "-1")) + block(b"a") + END, "an invalid size"),
    "endless size": (pax(("size", "9" * 21)) + block(b"a") + END, "an invalid size"),
    "large header": (block(b"pax", kind=b"x", size=b"%011o\0" % (1 << 30)) + END, "an extended header of"),
    "header of nothing": (block(b"pax", b"nothing", kind=b"x") + block(b"a") + END, "invalid extended header"),
    "header without a value": (block(b"pax", b"7 path\n", kind=b"x") + block(b"a") + END, "invalid extended header"),
    "header beyond its end": (block(b"pax", b"99 path=a\n", kind=b"x") + block(b"a") + END, "invalid extended header"),
    "header of length none": (block(b"pax", b"0 path=a\n", kind=b"x") + block(b"a") + END, "invalid extended header"),
    # Damage.
    "wrong checksum": (block(b"a", b"x", checksum=1) + END, "a wrong checksum"),
    "empty": (b"", "is empty"),
    "no tar": (zstd.compress(b"no tar at all" * 100), "checksum|an invalid number"),
    "text": (b"<html>not found</html>", "is not a zstd, gzip or tar archive"),
    "no members": (packed([]), "is not a zstd, gzip or tar archive"),
    "no members, compressed": (zstd.compress(packed([])), "contains no files"),
    "folders alone": (zstd.compress(packed([special("a/", tarfile.DIRTYPE)])), "contains no files"),
    "the receipt alone": (packed([("together-ext.json", b"{}")]), "contains no files"),
    "truncated tar": (zstd.compress(GOOD[: len(GOOD) // 2 // 512 * 512]), "archive is truncated"),
    "truncated header": (GOOD[:700], "archive is truncated"),
    "without an end": (zstd.compress(GOOD.rstrip(b"\0")), "archive is truncated"),
    "truncated frame": (ZSTD[:-20], "damaged or truncated"),
    "corrupt frame": (ZSTD[:60] + b"\xff" * 16 + ZSTD[76:], "damaged or truncated|checksum|invalid"),
    "wrong checksum of a frame": (CHECKED[:-1] + bytes([CHECKED[-1] ^ 1]), "damaged or truncated"),
    "truncated gzip": (gzip.compress(GOOD)[:-12], "damaged or truncated"),
    "wrong checksum of gzip": (gzip.compress(GOOD)[:-8] + bytes(4) + gzip.compress(GOOD)[-4:], "damaged or truncated"),
    "garbage behind the frames": (ZSTD + b"garbage", "damaged or truncated"),
    "garbage behind gzip": (gzip.compress(GOOD) + b"garbage", "damaged or truncated"),
    "garbage behind the end": (zstd.compress(GOOD + b"garbage"), "has data after its end"),
    "another archive behind the end": (GOOD + GOOD, "has data after its end"),
}


def refused(archive: Path, capsys: pytest.CaptureFixture[str], *options: str, code: int = 6) -> str:
    """Try to extract; returns the error message. Only the archive may exist afterwards."""
    content = archive.read_bytes()
    assert main(["extract", str(archive), "-o", str(archive.parent / "out"), *options]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    sentence = captured.err.removesuffix("\n")
    assert sentence.isprintable()
    assert str(archive) in sentence
    assert list(archive.parent.parent.rglob("*")) == [archive.parent, archive]
    assert archive.read_bytes() == content
    return sentence


@pytest.mark.parametrize("name", [name for name in HAZARDS if "receipt" not in name])
def test_a_hazardous_archive_is_not_inspected_either(
    archive: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = HAZARDS[name]
    archive.write_bytes(content)

    assert main(["inspect", str(archive)]) == 6
    captured = capsys.readouterr()
    assert captured.out == ""
    (sentence,) = captured.err.splitlines()
    assert sentence.isprintable()
    assert "times its size" in sentence or any(word in sentence for word in words.split("|")), sentence


@pytest.mark.parametrize("name", HAZARDS)
def test_a_hazardous_archive_is_refused_with_a_message_and_leaves_nothing(
    archive: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, words = HAZARDS[name]
    archive.write_bytes(content)

    sentence = refused(archive, capsys)
    assert any(word in sentence for word in words.split("|")), sentence


def test_the_same_members_without_a_hazard_are_extracted(archive: Path) -> None:
    """What the hazards are made of is right in itself."""
    archive.write_bytes(
        pax(("comment", "of all"), kind=b"g")
        + block(b"a/", kind=b"5")
        + block(b"b/", kind=b"\0")
        + pax(("path", "a/b"), ("size", "1"))
        + block(b"c", b"x")
        + block(b"long", b"a/c\0", kind=b"L")
        + block(b"d", b"y", size=b"\x80" + (1).to_bytes(11, "big"))
        + block(b"e", b"z", prefix=b"a")
        + END
    )

    assert [(file.path, file.size) for file in extract(archive).files] == [("a/b", 1), ("a/c", 1), ("a/e", 1)]


class TestLimits:
    def test_a_size_beyond_the_free_space_is_refused(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        archive.write_bytes(zstd.compress(block(b"model.safetensors", size=b"\x80" + (1 << 50).to_bytes(11, "big"))))

        with pytest.raises(NotEnoughSpaceError) as caught:
            extract(archive)
        assert caught.value.needed == 1 << 50
        assert "bytes free and 1,125,899,906,842,624 are needed" in refused(archive, capsys, code=7)

    def test_the_folder_that_lacks_space_is_named_not_that_of_the_archive(self, archive: Path, tmp_path: Path) -> None:
        archive.write_bytes(zstd.compress(block(b"model.safetensors", size=b"\x80" + (1 << 50).to_bytes(11, "big"))))

        with pytest.raises(NotEnoughSpaceError, match="is kept") as caught:
            extract(archive, tmp_path / "other" / "model")
        assert caught.value.folder == str(tmp_path / "other")

    def test_the_number_of_members_is_limited(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        archive.write_bytes(GOOD)

        assert "more than 2 members" in refused(archive, capsys, "--max-members", "2")
        # Three files, and a folder around one of them.
        assert main(["extract", str(archive), "--max-members", "4"]) == 0

    def test_folders_that_only_occur_in_names_count_as_members(
        self, archive: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        archive.write_bytes(packed([("/".join(["a"] * 100), b"")]))

        assert "more than 99 members" in refused(archive, capsys, "--max-members", "99")

    def test_a_repeated_folder_counts_each_time(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        archive.write_bytes(packed([special("a/", tarfile.DIRTYPE)] * 10))

        assert "more than 9 members" in refused(archive, capsys, "--max-members", "9")

    def test_the_extracted_size_is_limited(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        archive.write_bytes(GOOD)

        assert "expands to more than 1,000 bytes" in refused(archive, capsys, "--max-size", "1k")

        with pytest.raises(ArchiveError, match="expands to more than 1,000 bytes"):
            extract(archive, limits=Limits(size=1000))
        assert list(archive.parent.iterdir()) == [archive]

    @pytest.mark.parametrize("behind", [False, True], ids=["in a file", "behind the end"])
    def test_the_expansion_ratio_is_limited(
        self, archive: Path, capsys: pytest.CaptureFixture[str], *, behind: bool
    ) -> None:
        """A GiB is free, so this makes one."""
        zeros, rest = (1 << 30) + 1, zstd.ZstdCompressor()
        start = GOOD if behind else block(b"zeros", size=b"%011o\0" % zeros)
        with archive.open("wb") as file:
            file.write(rest.compress(start))
            for _ in range(1025):
                file.write(rest.compress(bytes(1 << 20)))
            file.write(rest.flush())

        with pytest.raises(ArchiveError, match="times its size"):
            inspect(archive, limits=Limits(ratio=2))
        sentence = refused(archive, capsys, "--max-ratio", "2")
        assert "expands to more than 2 times its size (1,073,741,824 bytes)" in sentence


class TestTime:
    """To copy what is left at each step took six seconds a megabyte, and an archive may have many such megabytes."""

    def test_a_header_with_very_many_records_is_refused(self, archive: Path) -> None:
        archive.write_bytes(
            block(b"pax", record("a", "") * 200_000, kind=b"x") * 4 + block(b"config.json", b"{}") + END
        )
        before = time.process_time()

        assert [file.path for file in extract(archive).files] == ["config.json"]
        assert time.process_time() - before < 5

    def test_a_name_with_very_many_dots_is_handled_quickly(self, archive: Path) -> None:
        names = [f"{number}.json" for number in range(4)]
        archive.write_bytes(b"".join(pax(("path", "./" * 500_000 + name)) + block(b"x", b"{}") for name in names) + END)
        before = time.process_time()

        assert [file.path for file in extract(archive).files] == names
        assert time.process_time() - before < 5


@pytest.mark.parametrize("name", ["symbolic link", "parent", "truncated tar"])
def test_a_downloaded_archive_is_kept_and_nothing_else(
    archive: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content, words = HAZARDS[name]
    with Simulator() as sim:
        sim.add_archive(LORA_JOB, content)
        monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
        command = ["ft", "download", LORA_JOB, "--output", str(archive), "--extract", "--spool", "--base-url", sim.url]

        for _ in range(2):
            assert main(command) == 6
            captured = capsys.readouterr()
            assert captured.out == ""
            sentence = captured.err.splitlines()[-1]
            assert sentence.startswith("error: ")
            assert words in sentence
            assert str(archive) in sentence
            assert list(archive.parent.parent.rglob("*")) == [archive.parent, archive]
            assert archive.read_bytes() == content
