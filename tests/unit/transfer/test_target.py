"""Where a file goes: names, folders, and the partial file until it is whole."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.clock import boot_id
from together_ext.errors import IntegrityError, NotEnoughSpaceError, StorageError
from together_ext.storage import storage_errors
from together_ext.transfer import Head, Target
from together_ext.transfer.journal import Journal, encode
from together_ext.transfer.partial import Partial
from together_ext.transfer.plan import Spans

IDENTITY = {"job": "ft-1", "step": ""}
SIZE = 1000
JOURNAL = Journal(IDENTITY, SIZE, '"a"', flushed=((0, 100),), written=((0, 200), (500, 600)), boot=boot_id())

DESCRIPTORS = Path("/proc/self/fd")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def partial(tmp_path: Path) -> Partial:
    return Partial(tmp_path / "weights.tar")


class TestTarget:
    def test_a_name_is_used_unchanged(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert Target.exactly("a/../b.tar").path(Head(b"", "")) == Path.cwd() / "b.tar"
        assert Target.exactly(tmp_path / "x.tar").path(Head(b"", "")) == tmp_path / "x.tar"

    def test_a_link_among_the_parents_stays_in_the_name(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        assert Target.exactly(tmp_path / "link" / "x.tar").path(Head(b"", "")) == tmp_path / "link" / "x.tar"

    def test_the_check_sees_the_front_and_may_refuse_it(self, tmp_path: Path) -> None:
        def check(head: Head) -> None:
            raise IntegrityError(f"{head.media_type} {head.data!r}")

        with pytest.raises(IntegrityError, match="text/html b'<'"):
            Target.exactly(tmp_path / "x", check).path(Head(b"<", "text/html"))

    def test_the_extension_comes_from_the_front(self, tmp_path: Path) -> None:
        target = Target(tmp_path, "model", lambda head: ".gz" if head.data == b"g" else ".tar", (".gz", ".tar"))
        assert target.path(Head(b"g", "")) == tmp_path / "model.gz"
        assert target.path(Head(b"t", "")) == tmp_path / "model.tar"

    def test_missing_folders_are_made(self, tmp_path: Path) -> None:
        Target.exactly(tmp_path / "a" / "b" / "x.tar").prepare()
        assert (tmp_path / "a" / "b").is_dir()

    def test_a_file_among_the_parents_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("")
        with pytest.raises(
            StorageError, match=r"could not write to .*/a/b: not a directory; choose a path whose parents"
        ):
            Target.exactly(tmp_path / "a" / "b" / "x.tar").prepare()
        with pytest.raises(StorageError, match=r"could not write to .*/a: file exists; choose a path whose parents"):
            Target.exactly(tmp_path / "a" / "x.tar").prepare()

    @pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
    def test_a_folder_that_must_not_be_written_to_is_named(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(StorageError, match="choose a folder that you may write to") as raised:
            Target.exactly(tmp_path / "x.tar").prepare()
        assert raised.value.errno == errno.EACCES

    def test_a_folder_at_the_path_of_the_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "model.gz").mkdir()
        with pytest.raises(StorageError, match=r"model\.gz is a folder"):
            Target(tmp_path, "model", lambda _: ".tar", (".tar", ".gz")).prepare()

    @pytest.mark.parametrize("length", [242, 255, 4000])
    def test_a_name_too_long_for_a_journal_is_refused(self, tmp_path: Path, length: int) -> None:
        with pytest.raises(StorageError, match="choose a shorter name") as raised:
            Target.exactly(tmp_path / ("x" * length)).prepare()
        assert raised.value.errno == errno.ENAMETOOLONG

    def test_the_longest_name_that_fits_is_taken(self, tmp_path: Path) -> None:
        Target.exactly(tmp_path / ("x" * 241)).prepare()

    @pytest.mark.parametrize("name", ["x.tar", "x.tar.part.json"])
    def test_partial_files_of_an_earlier_run_are_found(self, tmp_path: Path, name: str) -> None:
        target = Target(tmp_path, "x", lambda _: ".gz", (".gz", ".tar"))
        assert not target.was_begun()
        (tmp_path / name).symlink_to("nowhere")
        assert target.was_begun()


class TestStorageErrors:
    @pytest.mark.parametrize(
        ("number", "way_out"),
        [
            (errno.ENOSPC, "make room, then run it again"),
            (errno.EDQUOT, "make room within the quota"),
            (errno.EACCES, "choose a folder that you may write to"),
            (errno.EPERM, "choose a folder that you may write to"),
            (errno.EROFS, "choose a folder that you may write to"),
            (errno.ENAMETOOLONG, "choose a shorter name"),
            (errno.ENOTDIR, "choose a path whose parents are folders"),
            (errno.EIO, "check the disk, then run it again"),
            (None, "check the disk, then run it again"),
        ],
    )
    def test_the_error_has_the_path_the_reason_and_the_way_out(self, number: int | None, way_out: str) -> None:
        with pytest.raises(StorageError, match=way_out) as raised, storage_errors(Path("/x"), "write to"):
            raise OSError("odd") if number is None else OSError(number, os.strerror(number))
        assert str(raised.value).startswith("could not write to /x: ")
        assert raised.value.errno == number

    def test_an_error_of_the_package_is_unchanged(self) -> None:
        error = NotEnoughSpaceError("/x", needed=2, free=1)
        with pytest.raises(NotEnoughSpaceError) as raised, storage_errors(Path("/y"), "write to"):
            raise error
        assert raised.value is error


class TestPartial:
    def test_bytes_are_at_their_offset(self, partial: Partial) -> None:
        partial.start()
        partial.write(memoryview(b"world"), 5)
        partial.write(memoryview(b"hello"), 0)
        assert partial.read(0, 100) == b"helloworld"
        partial.finish(10)
        assert partial.final.read_bytes() == b"helloworld"
        assert names(partial.final.parent) == [partial.final.name]

    @given(writes=st.permutations(range(0, 100, 10)))
    def test_the_order_does_not_matter(self, tmp_path_factory: pytest.TempPathFactory, writes: list[int]) -> None:
        content = bytes(range(100))
        partial = Partial(tmp_path_factory.mktemp("order") / "x")
        partial.start()
        for start in writes:
            partial.write(memoryview(content)[start : start + 10], start)
        partial.finish(100)
        assert partial.final.read_bytes() == content

    def test_a_link_is_replaced_and_not_followed(self, partial: Partial, tmp_path: Path) -> None:
        victim = tmp_path / "victim"
        victim.write_bytes(b"precious")
        for open_it in (partial.start, lambda: partial.resume(IDENTITY, SIZE, '"a"')):
            partial.path.unlink(missing_ok=True)
            partial.path.symlink_to(victim)
            open_it()
            assert not partial.path.is_symlink()
        assert victim.read_bytes() == b"precious"

    @pytest.mark.parametrize("size", [9, 11])
    def test_a_file_of_another_size_never_gets_the_name(self, partial: Partial, size: int) -> None:
        partial.start()
        partial.write(memoryview(b"0123456789"), 0)
        with pytest.raises(StorageError, match="its size is 10 bytes"):
            partial.finish(size)
        assert not partial.final.exists()

    def test_discarding_leaves_nothing(self, partial: Partial) -> None:
        partial.resume(IDENTITY, SIZE, '"a"')
        partial.journal_path.write_bytes(encode(JOURNAL))
        partial.journal_path.with_name(partial.journal_path.name + ".new").write_bytes(b"of a crash")
        partial.discard()
        assert names(partial.final.parent) == []
        partial.discard()

    def test_finishing_leaves_nothing_else(self, partial: Partial) -> None:
        partial.resume(IDENTITY, 3, '"a"')
        partial.journal_path.write_bytes(encode(JOURNAL))
        partial.journal_path.with_name(partial.journal_path.name + ".new").write_bytes(b"of a crash")
        partial.write(memoryview(b"abc"), 0)
        partial.finish(3)
        assert names(partial.final.parent) == [partial.final.name]

    @pytest.mark.skipif(not DESCRIPTORS.exists(), reason="the system does not tell what is open")
    def test_opening_again_holds_one_descriptor(self, partial: Partial) -> None:
        before = len(names(DESCRIPTORS))
        for _ in range(3):
            partial.start()
            partial.resume(IDENTITY, SIZE, '"a"')
        partial.close()
        partial.close()
        assert len(names(DESCRIPTORS)) == before

    def test_a_file_that_fits_is_accepted(self, partial: Partial) -> None:
        free = shutil.disk_usage(partial.final.parent).free
        partial.check_space(free // 2, ())
        # What is there already needs no more room.
        partial.check_space(free * 3 // 2, ((0, free),))

    def test_a_file_that_does_not_fit_is_refused(self, partial: Partial) -> None:
        with pytest.raises(NotEnoughSpaceError, match="bytes free and 1,125,899,906,842,624 are needed") as raised:
            partial.check_space(2**50 + 10, ((0, 10),))
        assert raised.value.needed == 2**50


class TestResuming:
    """What is left of an earlier run, and what of it can be kept."""

    def leave(self, partial: Partial, journal: bytes | None = None, size: int = 600) -> None:
        partial.path.write_bytes(b"x" * size)
        partial.journal_path.write_bytes(encode(JOURNAL) if journal is None else journal)

    def test_what_was_written_is_kept(self, partial: Partial) -> None:
        self.leave(partial)
        assert partial.resume(IDENTITY, SIZE, '"a"').written == ((0, 200), (500, 600))
        assert partial.path.stat().st_size == 600

    def test_after_a_restart_of_the_machine_what_was_flushed_is_kept(self, partial: Partial) -> None:
        self.leave(partial, encode(replace(JOURNAL, boot="another")))
        assert partial.resume(IDENTITY, SIZE, '"a"').written == ((0, 100),)

    def test_a_partial_file_without_a_journal_is_not_used(self, partial: Partial) -> None:
        partial.path.write_bytes(b"x" * 600)
        assert partial.resume(IDENTITY, SIZE, '"a"').written == ()
        assert partial.path.stat().st_size == 0

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda self, partial: self.leave(partial, b"{"), "damaged"),
            (lambda self, partial: self.leave(partial, b'{"format": "aria2"}'), "not a journal"),
            (lambda self, partial: self.leave(partial, size=599), "shorter than recorded"),
            (lambda self, partial: self.leave(partial, size=SIZE + 1), "longer than"),
            (
                lambda self, partial: self.leave(partial, encode(replace(JOURNAL, identity={"job": "ft-2"}))),
                "another request",
            ),
            (lambda self, partial: self.leave(partial, encode(replace(JOURNAL, size=2000))), "has changed"),
            (
                lambda self, partial: self.leave(partial, encode(replace(JOURNAL, condition='"b"'))),
                "has changed",
            ),
            (lambda self, partial: (self.leave(partial), partial.path.unlink()), "is missing"),
        ],
    )
    def test_a_mismatch_restarts_the_download_and_is_logged_once(
        self,
        partial: Partial,
        change: Callable[[TestResuming, Partial], object],
        reason: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        change(self, partial)
        with caplog.at_level(logging.INFO, "together_ext"):
            kept: Spans = partial.resume(IDENTITY, SIZE, '"a"').written
        assert kept == ()
        assert partial.path.stat().st_size == 0
        (record,) = caplog.records
        assert reason in record.getMessage()
