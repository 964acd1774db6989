"""Unpacking real archives: what is right comes out whole, what is not leaves nothing behind."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from together_ext.archive import extract, verify
from together_ext.archive.unpack import Limits
from together_ext.cli import main
from together_ext.errors import ArchiveError, NotEnoughSpaceError, StorageError, TargetExistsError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FILES = {"config.json": b"{}", "model.safetensors": bytes(range(256)) * 9000, "nested/empty.txt": b""}
Entry = tuple[str, bytes] | tarfile.TarInfo


def packed(entries: Sequence[Entry], *, format_: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive of these members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_) as tar:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                tar.addfile(entry, io.BytesIO(bytes(entry.size)))
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                tar.addfile(info, io.BytesIO(entry[1]))
    return out.getvalue()


GOOD = packed(list(FILES.items()))


def special(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    """A member that is no file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def many_frames(data: bytes) -> bytes:
    """zstd in two frames, with a skippable one before and one between."""
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
    half = len(data) // 2
    return skippable + zstd.compress(data[:half]) + skippable + zstd.compress(data[half:])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Where a test puts its archive; nothing else is beside it."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place" / "model.tar.zst"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder but the receipt."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "together-ext.json"
    }


class TestFormats:
    @pytest.mark.parametrize(
        "compress",
        [
            zstd.compress,
            many_frames,
            gzip.compress,
            lambda data: gzip.compress(data[:700]) + gzip.compress(data[700:]),
            bytes,
        ],
        ids=["zstd", "zstd frames", "gzip", "gzip members", "plain"],
    )
    def test_each_comes_out_whole(self, archive: Path, compress: Callable[[bytes], bytes]) -> None:
        archive.write_bytes(compress(GOOD))

        made = extract(archive)

        assert made.folder == str(archive.with_name("model"))
        assert contents(Path(made.folder)) == FILES
        assert [file.path for file in made.files] == sorted(FILES)
        assert sorted(path.name for path in archive.parent.iterdir()) == ["model", "model.tar.zst"]

    @pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    def test_long_names_are_read_in_every_dialect(self, archive: Path, format_: int) -> None:
        name = "/".join(["folder" * 8] * 3) + "/" + "file" * 20
        archive.write_bytes(packed([(name, b"here"), ("config.json", b"{}")], format_=format_))

        made = extract(archive)

        assert contents(Path(made.folder)) == {name: b"here", "config.json": b"{}"}

    def test_what_the_systems_tar_packs_is_read(self, archive: Path, tmp_path: Path) -> None:
        source = tmp_path / "source"
        for name, data in FILES.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
        tar = shutil.which("tar")
        assert tar is not None
        subprocess.run([tar, "-czf", archive, "-C", source, "."], check=True)  # noqa: S603 -- our own command

        assert contents(Path(extract(archive).folder)) == FILES

    def test_one_folder_around_everything_is_left_out(self, archive: Path) -> None:
        archive.write_bytes(
            packed([special("output/", tarfile.DIRTYPE), *((f"output/{n}", d) for n, d in FILES.items())])
        )

        assert contents(Path(extract(archive).folder)) == FILES


GOOD_FIRST: list[Entry] = [("config.json", b"{}")]
HAZARDS: dict[str, bytes] = {
    "absolute": packed([*GOOD_FIRST, ("/etc/passwd", b"x")]),
    "parent": packed([*GOOD_FIRST, ("../outside", b"x")]),
    "parent inside": packed([*GOOD_FIRST, ("a/../../outside", b"x")]),
    "drive": packed([*GOOD_FIRST, ("C:evil", b"x")]),
    "backslash": packed([*GOOD_FIRST, ("..\\evil", b"x")]),
    "control": packed([*GOOD_FIRST, ("a\x1b[31m", b"x")]),
    "too long": packed([*GOOD_FIRST, ("n" * 256, b"x")]),
    "too deep": packed([*GOOD_FIRST, ("a/" * 600 + "b", b"x")]),
    "symlink": packed([*GOOD_FIRST, special("link", tarfile.SYMTYPE, "/etc")]),
    "hard link": packed([*GOOD_FIRST, special("link", tarfile.LNKTYPE, "config.json")]),
    "device": packed([*GOOD_FIRST, special("device", tarfile.CHRTYPE)]),
    "block device": packed([*GOOD_FIRST, special("device", tarfile.BLKTYPE)]),
    "fifo": packed([*GOOD_FIRST, special("fifo", tarfile.FIFOTYPE)]),
    "duplicate": packed([*GOOD_FIRST, ("config.json", b"other")]),
    "case": packed([*GOOD_FIRST, ("CONFIG.json", b"other")]),
    "case of a folder": packed([("a/x", b""), ("A/y", b"")]),
    "unicode forms": packed([("\u00e9", b""), ("e\u0301", b"")]),
    "file as a folder": packed([*GOOD_FIRST, ("config.json/x", b"")]),
    "folder as a file": packed([("a/x", b""), ("a", b"")]),
    "empty": b"",
    "no tar": zstd.compress(b"no tar at all" * 100),
    "text": b"<html>not found</html>",
    "no members": packed([]),
    "truncated tar": zstd.compress(GOOD[: len(GOOD) // 2 // 512 * 512]),
    "without an end": zstd.compress(GOOD.rstrip(b"\0")),
    "truncated frame": zstd.compress(GOOD)[:-20],
    "corrupt frame": zstd.compress(GOOD)[:60] + b"\xff" * 16 + zstd.compress(GOOD)[76:],
    "corrupt gzip": gzip.compress(GOOD)[:-12] + b"\0" * 12,
    "garbage behind the frames": zstd.compress(GOOD) + b"garbage",
    "garbage behind the end": zstd.compress(GOOD + b"garbage"),
}


class TestHazards:
    @pytest.mark.parametrize("name", HAZARDS)
    def test_it_is_refused_with_a_sentence_and_leaves_nothing(self, archive: Path, name: str) -> None:
        archive.write_bytes(HAZARDS[name])

        with pytest.raises(ArchiveError) as caught:
            extract(archive)

        assert list(archive.parent.parent.rglob("*")) == [archive.parent, archive]
        assert archive.read_bytes() == HAZARDS[name]
        assert str(caught.value).isprintable()

    def test_a_claim_of_more_than_the_disk_has_is_refused(self, archive: Path) -> None:
        info = tarfile.TarInfo("model.safetensors")
        info.size = 1 << 50
        archive.write_bytes(zstd.compress(info.tobuf()))

        with pytest.raises(NotEnoughSpaceError):
            extract(archive)
        assert list(archive.parent.iterdir()) == [archive]

    @pytest.mark.parametrize(
        ("limits", "word"),
        [(Limits(members=2), "more than 2 members"), (Limits(size=1000), "1,000 bytes")],
    )
    def test_more_than_the_limits_allow_is_refused(self, archive: Path, limits: Limits, word: str) -> None:
        archive.write_bytes(GOOD)

        with pytest.raises(ArchiveError, match=word):
            extract(archive, limits=limits)
        assert list(archive.parent.iterdir()) == [archive]

    def test_a_bomb_is_refused(self, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("together_ext.archive.unpack.FREE_EXPANSION", 1 << 20)
        archive.write_bytes(zstd.compress(packed([("zeros", bytes(8 << 20))])))

        with pytest.raises(ArchiveError, match="100 times"):
            extract(archive)
        assert list(archive.parent.iterdir()) == [archive]

    def test_permissions_are_the_users_own(self, archive: Path) -> None:
        info = tarfile.TarInfo("run.sh")
        info.mode = 0o7777
        archive.write_bytes(packed([info]))

        assert (Path(extract(archive).folder) / "run.sh").stat().st_mode & 0o7111 == 0


class TestPlace:
    def test_a_folder_with_something_in_it_stays(self, archive: Path) -> None:
        archive.write_bytes(GOOD)
        (archive.parent / "model").mkdir()
        (archive.parent / "model" / "mine").write_text("mine")

        with pytest.raises(TargetExistsError):
            extract(archive)
        assert contents(archive.parent / "model") == {"mine": b"mine"}

        extract(archive, overwrite=True)
        assert contents(archive.parent / "model") == FILES
        assert sorted(path.name for path in archive.parent.iterdir()) == ["model", "model.tar.zst"]

    def test_a_damaged_archive_replaces_nothing(self, archive: Path) -> None:
        archive.write_bytes(HAZARDS["truncated frame"])
        (archive.parent / "model").mkdir()
        (archive.parent / "model" / "mine").write_text("mine")

        with pytest.raises(ArchiveError):
            extract(archive, overwrite=True)
        assert contents(archive.parent / "model") == {"mine": b"mine"}

    def test_an_archive_that_is_not_there_is_said_so(self, archive: Path) -> None:
        with pytest.raises(StorageError, match="could not read"):
            extract(archive)


class TestReceipt:
    @pytest.fixture
    def folder(self, archive: Path) -> Path:
        archive.write_bytes(GOOD)
        return Path(extract(archive, origin={"job": "ft-1"}).folder)

    def test_it_says_where_the_files_came_from(self, folder: Path) -> None:
        receipt = json.loads((folder / "together-ext.json").read_text())

        assert (receipt["format"], receipt["job"], receipt["archive"]["name"]) == (1, "ft-1", "model.tar.zst")
        assert {file["path"]: file["size"] for file in receipt["files"]} == {n: len(d) for n, d in FILES.items()}

    def test_an_untouched_folder_is_good(self, folder: Path) -> None:
        assert verify(folder).good
        assert verify(folder).checked == len(FILES)

    def test_what_is_missing_changed_or_extra_is_named(self, folder: Path) -> None:
        (folder / "config.json").unlink()
        (folder / "model.safetensors").write_bytes(FILES["model.safetensors"][:-1] + b"x")
        (folder / "nested" / "more").write_text("more")
        (folder / "link").symlink_to("/etc")

        found = verify(folder)

        assert not found.good
        assert found.missing == ("config.json",)
        assert found.changed == ("model.safetensors",)
        assert found.extra == ("link", "nested/more")

    def test_a_link_to_the_same_bytes_is_a_change(self, folder: Path, tmp_path: Path) -> None:
        (folder / "config.json").rename(tmp_path / "elsewhere")
        (folder / "config.json").symlink_to(tmp_path / "elsewhere")

        assert verify(folder).changed == ("config.json",)

    @pytest.mark.parametrize(
        "receipt",
        [
            "",
            "[]",
            "{}",
            '{"format": 2, "files": []}',
            '{"format": 1, "files": 3}',
            '{"format": 1, "files": [{"path": "../x", "size": 1, "sha256": ""}]}',
            '{"format": 1, "files": [{"path": 1, "size": 1, "sha256": ""}]}',
            "[" * 100_000,
        ],
    )
    def test_one_that_cannot_be_read_is_an_error(self, folder: Path, receipt: str) -> None:
        (folder / "together-ext.json").write_text(receipt)

        with pytest.raises(ArchiveError):
            verify(folder)

    def test_one_that_was_packed_is_replaced(self, folder: Path, archive: Path) -> None:
        archive.write_bytes(packed([*FILES.items(), ("together-ext.json", b"old")]))

        assert verify(extract(archive, folder, overwrite=True).folder).good

    def test_a_folder_without_one_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ArchiveError, match=r"has no together-ext\.json"):
            verify(tmp_path)
        with pytest.raises(ArchiveError, match="is no folder"):
            verify(tmp_path / "nothing")


class TestCommands:
    def test_extract_then_verify(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        archive.write_bytes(zstd.compress(GOOD))

        assert main(["extract", str(archive), "--quiet"]) == 0
        folder = capsys.readouterr().out.strip()
        assert main(["verify", folder, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["checked"] == len(FILES)

        (Path(folder) / "config.json").write_text("[]")
        assert main(["verify", folder]) == 6
        captured = capsys.readouterr()
        assert captured.out == "changed\tconfig.json\n"
        assert "1 changed" in captured.err

    def test_a_refusal_is_one_sentence_and_6(self, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
        archive.write_bytes(HAZARDS["symlink"])

        assert main(["extract", str(archive), "-o", str(archive.parent / "out")]) == 6
        captured = capsys.readouterr()
        assert "symbolic link" in captured.err
        assert captured.err.count("\n") == 1
