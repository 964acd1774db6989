"""Extraction of real archives: valid ones completely, invalid ones not at all."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from together_ext.archive import extract, retention, verify
from together_ext.archive.extraction import unpack_archive
from together_ext.archive.folders import locked
from together_ext.archive.formats.source import StoredArchive
from together_ext.archive.inspect import inspect
from together_ext.archive.terms import Terms
from together_ext.archive.weights.base_model import BaseChoice
from together_ext.cli import main
from together_ext.errors import ArchiveError, MissingPathError, StorageError, TargetExistsError, TransferCancelledError

from .conftest import Remount, nobody
from .packing import FILES, GOOD, contents, many_frames, packed, special, zstd


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
    def test_each_archive_is_extracted_completely(self, archive: Path, compress: Callable[[bytes], bytes]) -> None:
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

    def test_archives_of_the_system_tar_are_read(self, archive: Path, tmp_path: Path) -> None:
        source = tmp_path / "source"
        for name, data in FILES.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
        tar = shutil.which("tar")
        assert tar is not None
        subprocess.run([tar, "-czf", archive, "-C", source, "."], check=True)  # noqa: S603 -- our own command

        assert contents(Path(extract(archive).folder)) == FILES

    @pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    @pytest.mark.parametrize("arcname", ["", "/", ".", "./", ".//", "out/", "out/."])
    def test_archives_of_python_tarfile_are_read(
        self, archive: Path, tmp_path: Path, arcname: str, format_: int
    ) -> None:
        source = tmp_path / "source"
        for name, data in FILES.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(data)
        with tarfile.open(archive, "w:gz", format=format_) as tar:
            tar.add(source, arcname=arcname)

        assert contents(Path(extract(archive).folder)) == FILES

    @pytest.mark.parametrize("spelled", ["./", "././", ".//", "out//", "out/./", "./out/.//"])
    def test_other_spellings_of_a_path_are_read(self, archive: Path, spelled: str) -> None:
        root = [special(spelled + ".", tarfile.DIRTYPE), special("/", tarfile.DIRTYPE)]
        archive.write_bytes(packed([*root, *((spelled + name, data) for name, data in FILES.items())]))

        assert contents(Path(extract(archive).folder)) == FILES
        assert inspect(archive).layout == "model"

    def test_a_single_root_folder_is_left_out(self, archive: Path) -> None:
        archive.write_bytes(
            packed([special("output/", tarfile.DIRTYPE), *((f"output/{n}", d) for n, d in FILES.items())])
        )

        assert contents(Path(extract(archive).folder)) == FILES


class TestModes:
    def test_permissions_follow_the_umask(self, archive: Path) -> None:
        file, folder = tarfile.TarInfo("run.sh"), special("a/", tarfile.DIRTYPE)
        file.mode, folder.mode, file.uid = 0o7777, 0o7000, 12345
        archive.write_bytes(packed([file, folder, ("a/b", b"")]))

        made = Path(extract(archive).folder)

        (archive.parent / "plain").write_bytes(b"")
        (archive.parent / "folder").mkdir()
        for path, like in ((made / "run.sh", "plain"), (made / "a" / "b", "plain"), (made / "a", "folder")):
            assert path.stat().st_mode == (archive.parent / like).stat().st_mode
            assert path.stat().st_uid == made.stat().st_uid


class TestPlace:
    def test_a_folder_with_content_is_not_replaced(self, archive: Path) -> None:
        archive.write_bytes(GOOD)
        (archive.parent / "model").mkdir()
        (archive.parent / "model" / "mine").write_text("mine")

        for overwrite in (False, True):
            with pytest.raises(TargetExistsError):
                extract(archive, overwrite=overwrite)
            assert contents(archive.parent / "model") == {"mine": b"mine"}
        assert sorted(path.name for path in archive.parent.iterdir()) == ["model", "model.tar.zst"]

    def test_an_extracted_folder_is_replaced_if_allowed(self, archive: Path) -> None:
        archive.write_bytes(GOOD)
        made = Path(extract(archive).folder)
        (made / "config.json").write_bytes(b"changed")

        with pytest.raises(TargetExistsError):
            extract(archive)
        extract(archive, overwrite=True)

        assert contents(made) == FILES
        assert sorted(path.name for path in archive.parent.iterdir()) == ["model", "model.tar.zst"]

    def test_a_folder_of_an_image_is_replaced_and_removed(self, archive: Path, overlay: tuple[Path, Path]) -> None:
        """A folder in a lower layer cannot be renamed."""
        lower, merged = overlay
        archive.write_bytes(GOOD)
        extract(archive, lower / "model")
        (lower / "model" / "config.json").write_bytes(b"changed")

        extract(archive, merged / "model", overwrite=True)
        assert contents(merged / "model") == FILES
        extract(archive, lower / "other")
        retention.prune(merged / "other")
        assert [path.name for path in merged.iterdir()] == ["model"]

    def test_a_mount_point_is_refused_before_anything_is_extracted(
        self, archive: Path, small_disk: tuple[Path, Remount]
    ) -> None:
        archive.write_bytes(GOOD)
        place, _ = small_disk
        with pytest.raises(
            TargetExistsError, match="is a mount point, which cannot be replaced: choose a folder in it"
        ):
            extract(archive, place)
        assert [path.name for path in place.parent.iterdir() if path.is_dir()] == ["place", place.name]

    def test_a_replacement_that_was_killed_is_undone_or_completed(self, archive: Path) -> None:
        """The old folder gets its path back if the new one does not have it yet."""
        archive.write_bytes(GOOD)
        made = Path(extract(archive).folder)
        aside = made.with_name(".model.replaced-0123abcd")
        made.rename(aside)
        with pytest.raises(TargetExistsError, match="already exists"):
            extract(archive)
        assert contents(made) == FILES

        made.rename(aside)
        extract(archive, archive.with_name("other"))
        archive.with_name("other").rename(made)
        extract(archive, overwrite=True)
        assert sorted(path.name for path in archive.parent.iterdir()) == ["model", "model.tar.zst"]

    def test_a_replacement_that_fails_leaves_the_folder(self, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also if a signal ends it between the two renames."""
        archive.write_bytes(GOOD)
        made = Path(extract(archive).folder)
        (made / "config.json").write_bytes(b"changed")
        rename, asides = os.rename, []

        def interrupted(source: Path, target: Path) -> None:
            rename(source, target)
            if ".replaced-" in str(target):
                asides.append(target)
                raise KeyboardInterrupt

        with monkeypatch.context() as signalled:
            signalled.setattr(os, "rename", interrupted)
            with pytest.raises(KeyboardInterrupt):
                extract(archive, overwrite=True)
        assert len(asides) == 1
        assert (made / "config.json").read_bytes() == b"changed"
        assert sorted(path.name for path in archive.parent.iterdir()) == ["model", "model.tar.zst"]

    def test_a_folder_of_the_user_with_a_temporary_name_is_not_removed(self, archive: Path) -> None:
        """Another user can give it such a name in a shared folder."""
        archive.write_bytes(GOOD)
        moved = [archive.with_name(f".model.{kind}-aaaaaaaa") for kind in ("unpacking", "replaced")]
        for folder in moved:
            folder.mkdir(mode=0o755)
            (folder / "precious").touch()
        extract(archive)
        assert all((folder / "precious").exists() for folder in moved)

    @pytest.mark.parametrize("name", ["notes.txt", "sub/notes.txt"])
    def test_a_file_that_was_added_is_reported_and_kept(self, archive: Path, name: str) -> None:
        archive.write_bytes(GOOD)
        made = Path(extract(archive).folder)
        (made / name).parent.mkdir(exist_ok=True)
        (made / name).write_text("mine")

        with pytest.raises(TargetExistsError, match=f"its receipt does not name .{name}.*move them away first"):
            extract(archive, overwrite=True)
        assert (made / name).read_text() == "mine"

    def test_an_unreadable_receipt_lists_no_file(self, archive: Path) -> None:
        archive.write_bytes(GOOD)
        made = Path(extract(archive).folder)
        (made / "together-ext.json").write_text("{}")

        with pytest.raises(TargetExistsError, match=r"has no valid together-ext\.json"):
            extract(archive, overwrite=True)
        assert (made / "config.json").exists()

    def test_a_file_that_is_added_during_the_extraction_is_kept(self, archive: Path) -> None:
        archive.write_bytes(GOOD)
        made = Path(extract(archive).folder)

        def said() -> dict[str, str]:
            """Called when everything is extracted, before the rename."""
            (made / "notes.txt").write_text("mine")
            return {"job": "ft-x"}

        with pytest.raises(TargetExistsError, match=r"notes\.txt"), locked(made, threading.Event()) as lease:
            unpack_archive(
                archive,
                StoredArchive(archive),
                made,
                Terms(BaseChoice(), overwrite=True),
                lease,
                origin=said,
                cancel=threading.Event(),
            )
        assert (made / "notes.txt").read_text() == "mine"

    def test_a_damaged_archive_replaces_nothing(self, archive: Path) -> None:
        archive.write_bytes(GOOD)
        made = Path(extract(archive).folder)
        archive.write_bytes(zstd.compress(GOOD)[:-20])

        with pytest.raises(ArchiveError):
            extract(archive, overwrite=True)
        assert contents(made) == FILES

    @pytest.mark.parametrize("kind", ["file", "link"])
    def test_a_path_that_is_not_a_folder_is_never_replaced(self, archive: Path, kind: str) -> None:
        archive.write_bytes(GOOD)
        place, elsewhere = archive.parent / "model", archive.parent / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "mine").write_text("mine")
        if kind == "file":
            place.write_text("mine")
        else:
            place.symlink_to(elsewhere)

        with pytest.raises(TargetExistsError, match="is not a folder"):
            extract(archive, overwrite=True)
        assert place.is_symlink() is (kind == "link")
        assert contents(elsewhere) == {"mine": b"mine"}

    @pytest.mark.parametrize(
        ("name", "folder"),
        [
            ("m.tar.zst", "m"),
            ("m.TAR.GZ", "m"),
            ("m.tgz", "m"),
            ("weights", "weights-unpacked"),
            (".tar", ".tar-unpacked"),
        ],
    )
    def test_the_folder_has_the_name_of_the_archive_without_its_extension(
        self, archive: Path, name: str, folder: str
    ) -> None:
        place = archive.with_name(name)
        place.write_bytes(GOOD)

        assert extract(place).folder == str(archive.with_name(folder))

    def test_extraction_can_be_stopped(self, archive: Path) -> None:
        archive.write_bytes(GOOD)
        cancel = threading.Event()
        cancel.set()

        with pytest.raises(TransferCancelledError):
            extract(archive, cancel=cancel)
        assert list(archive.parent.iterdir()) == [archive]

    def test_a_missing_permission_is_reported(self, public: Path) -> None:
        (public / "model.tar").write_bytes(GOOD)
        public.chmod(0o555)

        with nobody(), pytest.raises(StorageError, match=r"permission denied; .*/model\.tar again: it is kept"):
            extract(public / "model.tar")

    def test_a_missing_archive_is_reported(self, archive: Path) -> None:
        with pytest.raises(MissingPathError, match="check the path"):
            extract(archive)


class TestReceipt:
    @pytest.fixture
    def folder(self, archive: Path) -> Path:
        archive.write_bytes(GOOD)
        return Path(extract(archive, origin={"job": "ft-1"}).folder)

    def test_the_receipt_has_the_source_of_the_files(self, folder: Path) -> None:
        receipt = json.loads((folder / "together-ext.json").read_text())

        assert (receipt["format"], receipt["job"], receipt["archive"]["name"]) == (1, "ft-1", "model.tar.zst")
        assert {file["path"]: file["size"] for file in receipt["files"]} == {n: len(d) for n, d in FILES.items()}

    def test_an_unchanged_folder_is_valid(self, folder: Path) -> None:
        assert verify(folder).good
        assert verify(folder).checked == len(FILES)

    def test_missing_changed_and_extra_files_are_listed(self, folder: Path) -> None:
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
            '{"format": 1, "files": [{"path": "./x", "size": 1, "sha256": ""}]}',
            " " * ((64 << 20) + 1),
            "[" * 100_000,
        ],
    )
    def test_an_unreadable_receipt_is_an_error(self, folder: Path, receipt: str) -> None:
        (folder / "together-ext.json").write_text(receipt)

        with pytest.raises(ArchiveError):
            verify(folder)

    def test_an_unreadable_file_is_reported(self, public: Path) -> None:
        (public / "model.tar").write_bytes(GOOD)
        folder = Path(extract(public / "model.tar").folder)
        (folder / "config.json").chmod(0)

        with nobody(), pytest.raises(StorageError, match=r"could not read .*/config\.json: permission denied"):
            verify(folder)

    def test_a_receipt_in_the_archive_is_replaced(self, folder: Path, archive: Path) -> None:
        archive.write_bytes(packed([*FILES.items(), ("together-ext.json", b"old")]))

        assert verify(extract(archive, folder, overwrite=True).folder).good

    def test_a_folder_without_a_receipt_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ArchiveError, match=r"has no together-ext\.json"):
            verify(tmp_path)
        (tmp_path / "file").touch()
        with pytest.raises(ArchiveError, match="is not a folder"):
            verify(tmp_path / "file")
        with pytest.raises(MissingPathError, match="check the path"):
            verify(tmp_path / "nothing")


class TestCommands:
    @pytest.mark.parametrize("command", ["extract", "verify", "inspect"])
    def test_a_missing_path_has_an_exit_code(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
    ) -> None:
        assert main([command, str(tmp_path / "nothing")]) == 4
        assert capsys.readouterr().err == f"error: there is no {tmp_path}/nothing: check the path\n"

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

    @pytest.mark.parametrize("form", [(), ("--json",), ("--quiet",)])
    def test_an_archive_of_several_models_is_extracted(
        self, archive: Path, capsys: pytest.CaptureFixture[str], form: tuple[str, ...]
    ) -> None:
        archive.write_bytes(packed([(f"{name}/adapter_config.json", b"{}") for name in ("a", "b")]))

        assert main(["extract", str(archive), *form]) == 0

        captured = capsys.readouterr()
        assert str(archive.with_name("model")) in captured.out
        assert ("subfolders do (a, b): inspect one" in captured.err) is (not form)

    def test_the_result_of_verify_is_printed_in_every_format(
        self, archive: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        archive.write_bytes(GOOD)
        folder = Path(extract(archive).folder)
        (folder / "config.json").write_text("[]")
        (folder / "notes.txt").write_text("mine")

        for form in ((), ("--quiet",)):
            assert main(["verify", str(folder), *form]) == 6
            assert capsys.readouterr().out == "changed\tconfig.json\nextra\tnotes.txt\n"
        assert main(["verify", str(folder), "--json"]) == 6
        document = json.loads(capsys.readouterr().out)
        assert document["error"]["code"] == "folder_changed"
        assert (document["missing"], document["changed"], document["extra"]) == ([], ["config.json"], ["notes.txt"])
