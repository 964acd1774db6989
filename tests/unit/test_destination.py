"""The path is chosen by the caller, and the extension by the content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from together_ext.destinations.local import UNKNOWN, archive_extension, check_output, destination
from together_ext.errors import IntegrityError, RuleError
from together_ext.transfer import Head

ZST = b"\x28\xb5\x2f\xfd" + bytes(600)


def place(output: str | os.PathLike[str] | None, data: bytes = ZST) -> Path:
    """The path that a file of this content gets."""
    return destination(output, "stem").path(Head(data, ""))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_no_output_is_the_current_folder(tmp_path: Path) -> None:
    assert place(None) == tmp_path / "stem.tar.zst"


def test_an_existing_folder_needs_no_separator(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for output in ("there", "there/", "there//", "./there", Path("there"), str(tmp_path / "there"), b"there"):
        assert place(output) == tmp_path / "there/stem.tar.zst"  # type: ignore[arg-type]


def test_a_missing_folder_needs_a_separator(tmp_path: Path) -> None:
    assert place("new/deep/") == tmp_path / "new/deep/stem.tar.zst"
    assert not (tmp_path / "new").exists()


def test_anything_else_is_the_file_itself(tmp_path: Path) -> None:
    assert place("new/deep") == tmp_path / "new/deep"
    assert place("x.tar.gz") == tmp_path / "x.tar.gz"
    assert place(Path("new/")) == tmp_path / "new"


def test_the_home_folder_is_expanded(tmp_path: Path) -> None:
    assert place("~/x") == tmp_path / "home/x"
    assert place("~/x/") == tmp_path / "home/x/stem.tar.zst"
    assert check_output("~/x/") == f"{tmp_path}/home/x/"


def test_links_are_not_followed_in_what_is_reported(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    assert place("link") == tmp_path / "link/stem.tar.zst"


def test_a_name_too_long_for_the_system_fails_when_it_is_written(tmp_path: Path) -> None:
    assert place("x" * 300) == tmp_path / ("x" * 300)


@pytest.mark.parametrize("output", ["", b"", "a\0b", 5, object(), []], ids=lambda output: type(output).__name__)
def test_an_empty_output_is_refused(output: str) -> None:
    with pytest.raises(RuleError, match=r"output is .*: expected a path"):
        check_output(output)


def test_a_name_that_is_not_unicode_is_kept(tmp_path: Path) -> None:
    assert os.fsencode(place(b"\xff.zst")) == os.fsencode(tmp_path) + b"/\xff.zst"  # type: ignore[arg-type]


# Extensions -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", ["", "application/octet-stream", "application/json", "text/html", "text/plain"])
@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (ZST, ".tar.zst"),
        (b"\x5f\x2a\x4d\x18" + bytes(8), ".tar.zst"),
        (b"\x1f\x8b", ".tar.gz"),
        (bytes(257) + b"ustar\x00", ".tar"),
        (bytes(100), UNKNOWN),
        (b"{\x00", UNKNOWN),
    ],
)
def test_the_content_decides_whatever_its_label(data: bytes, extension: str, media_type: str) -> None:
    assert archive_extension(Head(data, media_type)) == extension


@pytest.mark.parametrize("media_type", ["", "application/octet-stream", "application/json", "text/html"])
@pytest.mark.parametrize("data", [b"<html>", b" \r\n{}", b"[1]", b"\xef\xbb\xbf<?xml"])
def test_text_in_place_of_weights_is_refused(data: bytes, media_type: str) -> None:
    with pytest.raises(IntegrityError, match="sent text"):
        archive_extension(Head(data, media_type))
    with pytest.raises(IntegrityError, match="sent text"):
        destination("exactly", "stem").path(Head(data, media_type))


@pytest.mark.parametrize(("media_type", "refused"), [("text/plain", True), ("", False)])
def test_plain_words_are_text_if_the_server_labels_them_as_text(media_type: str, *, refused: bool) -> None:
    if refused:
        with pytest.raises(IntegrityError, match="try again later"):
            archive_extension(Head(b"try again later", media_type))
    else:
        assert archive_extension(Head(b"try again later", media_type)) == UNKNOWN


def test_what_is_quoted_is_short_and_can_be_printed() -> None:
    with pytest.raises(IntegrityError) as caught:
        archive_extension(Head(b"<p>\x1b[31m\xff\r\n" + b"x" * 1000, "text/html"))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 320


def test_an_empty_response_is_not_a_file() -> None:
    with pytest.raises(IntegrityError, match="empty file"):
        archive_extension(Head(b"", "application/octet-stream"))
