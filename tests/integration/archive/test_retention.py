"""`ls` and `prune`: extracted folders by their receipts, and the removal of those that are not kept."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from together_ext import ArchiveError, LockTimeoutError, RuleError, StorageError, TargetExistsError
from together_ext.archive import receipt, retention
from together_ext.archive.terms import UnpackedFile
from together_ext.cli import main
from together_ext.leases import Lease, Patience

from .conftest import nobody

Made = Callable[..., Path]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Makes an extracted folder with one file."""

    def make(name: str, **origin: object) -> Path:
        place = tmp_path / "models" / name
        (place / "sub").mkdir(parents=True)
        (place / "sub" / "w").write_bytes(b"weights")
        digest = "9d6a47e3dd3be35b1e2a4d1d9e4a6a1c" * 2
        receipt.write(place, [UnpackedFile("sub/w", 7, digest)], {"job": "ft-a", "type": "adapter"} | origin)
        return place

    return make


def kept(place: Path, keep: str) -> set[str]:
    """The names of the folders that are kept."""
    choices = retention.planned(retention.extractions(place), retention.Keep.parse(keep))
    return {Path(choice.folder).name for choice in choices if choice.keep}


def test_the_receipts_below_a_folder_are_listed(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    place = made("deep/one", step=5, best="lowest loss")
    made("two", step=None, type="merged")
    assert main(["ls", str(place.parents[1]), "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["data"]
    assert (first["folder"], first["job"], first["step"], first["best"]) == (str(place), "ft-a", 5, True)
    assert (second["step"], second["type"], second["size"], second["problem"]) == (None, "merged", 7, "")
    assert main(["ls", str(place.parents[1])]) == 0
    assert capsys.readouterr().out.split("\n")[1].split("\t")[:4] == ["ft-a", "final", "merged", "7 B"]


@pytest.mark.parametrize(
    ("keep", "names"),
    [
        ("last", {"final", "merged"}),
        ("2", {"final", "s30", "merged"}),
        ("best", {"s20", "merged"}),
        ("best,last", {"s20", "final", "merged"}),
    ],
)
def test_each_job_and_type_keeps_what_is_named(made: Made, keep: str, names: set[str]) -> None:
    for step in (10, 20, 30):
        made(f"s{step}", step=step, **({"best": "lowest loss"} if step == 20 else {}))
    place = made("final", step=None)
    made("merged", step=20, type="merged", job="ft-a")
    assert kept(place.parent, keep) == names


def test_without_a_recorded_best_checkpoint_the_job_is_kept(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    place = made("s1", step=1)
    made("s2", step=2)
    assert main(["prune", str(place.parent), "--keep", "best", "--yes"]) == 0
    assert "no receipt records the best checkpoint of ft-a: download ft-a:best first" in capsys.readouterr().out
    assert place.is_dir()


def test_nothing_is_removed_without_yes(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = made("s1", step=1), made("s2", step=2)
    assert main(["prune", str(old.parent), "--keep", "last"]) == 0
    assert "dry run: would remove 1 folder" in capsys.readouterr().err
    assert old.is_dir()
    assert main(["prune", str(old.parent), "--keep", "last", "--yes", "--quiet"]) == 0
    assert capsys.readouterr().out == f"{old}\n"
    assert [path.name for path in old.parent.iterdir()] == [new.name]


def test_what_is_not_certain_is_kept(made: Made, tmp_path: Path) -> None:
    """Foreign files, missing files, damaged receipts, unknown jobs, and links to folders."""
    made("good", step=9)
    (made("foreign", step=1) / "notes.txt").touch()
    (made("damaged", step=99) / "sub" / "w").unlink()
    (made("invalid", step=1) / receipt.RECEIPT).write_text("{")
    made("unknown", job=None)
    outside = tmp_path / "elsewhere"
    made("moved", step=1).rename(outside)
    (tmp_path / "models" / "link").symlink_to(outside)
    assert kept(tmp_path / "models", "last") == {"good", "foreign", "damaged", "invalid", "unknown"}
    assert "link" not in {Path(one.folder).name for one in retention.extractions(tmp_path / "models")}
    with pytest.raises(TargetExistsError, match=r"notes\.txt"):
        retention.prune(tmp_path / "models" / "foreign")
    with pytest.raises(TargetExistsError, match="not a folder"):
        retention.prune(tmp_path / "models" / "link")
    assert outside.is_dir()


def test_a_receipt_that_others_may_have_forged_does_not_count(made: Made) -> None:
    """In a shared folder, it could name a last step or a best checkpoint, so that the right one is removed."""
    place = made("s1", step=1)
    (made("forged", step=9, best="lowest loss") / receipt.RECEIPT).chmod(0o666)
    assert kept(place.parent, "last") == {"s1", "forged"}
    assert kept(place.parent, "best") == {"s1", "forged"}
    (found,) = [one for one in retention.extractions(place.parent) if one.best]
    assert "other users can write to its receipt" in found.problem


@pytest.mark.parametrize(
    "name", [".s9.unpacking-abcdefgh", ".s9.registry-part", ".s9.replaced-01234567"], ids=["new", "registry", "old"]
)
def test_a_folder_that_is_being_made_or_replaced_does_not_count(made: Made, name: str) -> None:
    """Its process removes it, or the next one if that was killed: it must not be the one that is kept."""
    place = made("s1", step=1)
    made(name, step=9)
    assert kept(place.parent, "last") == {"s1"}
    assert [one.folder for one in retention.extractions(place.parent)] == [str(place)]


def test_an_interrupted_removal_is_completed_by_the_next_one(
    made: Made, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EIO, "Input/output error")

    old, new = made("s1", step=1, best="lowest loss"), made("s2", step=2)
    command = ["prune", str(old.parent), "--keep", "last", "--yes"]
    with monkeypatch.context() as broken:
        broken.setattr(os, "rmdir", refuse)
        assert main(command) == 7
    assert f"could not remove {old}: input/output error" in capsys.readouterr().err
    assert not old.exists()
    (rest,) = old.parent.glob(".removed-*")
    assert not (rest / "sub" / "w").exists()
    assert kept(old.parent, "best") == {"s2"}
    assert main(command) == 0
    assert "its removal was interrupted" in capsys.readouterr().out
    assert list(old.parent.iterdir()) == [new]


@pytest.mark.parametrize("size", [10**400, -7, True], ids=["huge", "negative", "boolean"])
def test_a_receipt_with_an_impossible_size_is_invalid(
    made: Made, size: int, capsys: pytest.CaptureFixture[str]
) -> None:
    place = made("s\x1b[31m", step=1)
    path = place / receipt.RECEIPT
    path.write_text(path.read_text().replace('"size": 7', f'"size": {json.dumps(size)}'))
    assert main(["ls", str(place.parent)]) == 0
    shown = capsys.readouterr()
    assert "its receipt is invalid" in shown.err
    assert "\x1b" not in shown.out + shown.err


def test_a_link_in_a_folder_is_never_followed(made: Made, tmp_path: Path) -> None:
    place, outside = made("s1", step=1), tmp_path / "outside"
    outside.write_bytes(b"1234567")
    (place / "sub" / "w").unlink()
    (place / "sub" / "w").symlink_to(outside)
    retention.prune(place)
    assert not place.exists()
    assert outside.read_bytes() == b"1234567"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can write as another user")
def test_a_folder_that_may_not_be_removed_keeps_its_files(made: Made, public: Path) -> None:
    """The files may be removed, since anyone may write to the folder; the folder may not, for the sticky bit."""
    place = public / "s1"
    shutil.copytree(made("s1", step=1), place)
    retention.prune(made("s2", step=2))  # nobody may read the modules that this loads
    public.chmod(0o1777)
    for folder in (place, place / "sub"):
        folder.chmod(0o777)
    before = sorted(place.rglob("*"))
    with nobody(), pytest.raises(StorageError, match=r"could not remove .*/s1: operation not permitted"):
        retention.prune(place)
    assert sorted(place.rglob("*")) == before


def test_a_folder_that_another_process_extracts_is_not_removed(made: Made) -> None:
    place = made("s1", step=1)
    with Lease.acquire(place.with_name(".s1.unpacking.lock"), "extracts", Patience()), pytest.raises(LockTimeoutError):
        retention.prune(place)
    assert place.is_dir()


def test_a_folder_that_cannot_be_locked_is_named_with_the_way_out(made: Made) -> None:
    place = made("s" * 250)
    with pytest.raises(
        StorageError, match=r"could not lock .*: file name too long; choose a shorter name, then run it again$"
    ):
        retention.prune(place)
    assert place.is_dir()


def test_a_folder_that_cannot_be_removed_keeps_none_of_the_others(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, last = (made(f"s{step}", step=step) for step in (1, 2, 3, 4))
    command = ["prune", str(first.parent), "--keep", "last", "--yes"]
    with Lease.acquire(second.with_name(".s2.unpacking.lock"), "extracts", Patience()):
        assert main(command) == 7
        shown = capsys.readouterr()
        assert [line.split("\t")[0] for line in shown.out.splitlines()] == ["removed", "failed", "removed", "keep"]
        assert "removed 2 folders" in shown.err
        assert "1 of 3 folders could not be removed (another process still extracts" in shown.err
        assert sorted(path.name for path in first.parent.iterdir() if path.is_dir()) == ["s2", "s4"]
        assert main([*command, "--quiet"]) == 7
        assert capsys.readouterr().out == ""
        assert main([*command, "--json"]) == 7
        document = json.loads(capsys.readouterr().out)
        assert document["error"]["code"] == "storage_error"
        assert [one["folder"] for one in document["failed"]] == [str(second)]
        assert document["failed"][0]["code"] == "lock_timeout"
    assert main(command) == 0
    assert [path for path in (first, second, third, last) if path.exists()] == [last]


def test_a_folder_that_cannot_be_read_is_listed_and_hides_no_other(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path of more than 4096 bytes, since root may read any folder."""
    good = made("good", step=1)
    below = os.open(good.parent, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=below)
        above, below = below, os.open("d" * 250, os.O_RDONLY, dir_fd=below)
        os.close(above)
    os.close(below)
    assert main(["ls", str(good.parent)]) == 0
    shown = capsys.readouterr()
    assert sum(str(good) in line for line in shown.out.splitlines()) == 1
    assert "could not read" in shown.err
    assert main(["prune", str(good.parent), "--keep", "last", "--yes"]) == 0
    assert good.exists()


def test_an_empty_folder_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchiveError, match=r"no together-ext\.json"):
        retention.prune(tmp_path / "empty")


@pytest.mark.parametrize("keep", ["", "0", "worst", "best,,last", "-1", "9999999999"])
def test_an_invalid_choice_is_refused(keep: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuleError, match="expected best, last, a number from 1"):
        retention.Keep.parse(keep)
    assert main(["prune", str(tmp_path), f"--keep={keep}"]) == 2
    assert "--keep" in capsys.readouterr().err


def test_a_file_or_a_missing_path_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main(["ls", str(tmp_path / "file")]) == 2
    assert main(["ls", str(tmp_path / "nothing")]) == 4
