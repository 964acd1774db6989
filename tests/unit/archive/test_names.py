"""Names of members: harmless spellings mean the same path, and nothing leads out of the folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.names import Names, checked
from together_ext.errors import ArchiveError


@pytest.mark.parametrize("name", ["", "/", "//", ".", "./", "./.", "/.", "/./", ".//."])
def test_the_root_folder_may_be_spelled_in_any_way(name: str) -> None:
    assert checked(name) == ""


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("././x", "x"),
        (".//x", "x"),
        ("dir/.", "dir"),
        ("dir/./", "dir"),
        ("dir//", "dir"),
        ("dir//file", "dir/file"),
        ("dir/.//./file", "dir/file"),
        ("./" * 5000 + "x", "x"),
        ("...", "..."),
        (".hidden/..x", ".hidden/..x"),
    ],
)
def test_dots_and_doubled_separators_mean_nothing(name: str, path: str) -> None:
    assert checked(name) == path


@pytest.mark.parametrize("name", ["/x", "//x", "/./x", "/dir/", "..", "../x", "./../x", "a/..", "a/../b", ".//.."])
def test_absolute_names_and_two_dots_are_refused_in_any_spelling(name: str) -> None:
    with pytest.raises(ArchiveError, match=r"is absolute|`\.\.` part"):
        checked(name)


@given(st.lists(st.sampled_from(["", ".", "..", "a", "b c", "C:", "é", "x\\y", "\n"]), max_size=6).map("/".join))
def test_a_path_is_inside_the_folder_and_spelled_in_one_way(name: str) -> None:
    try:
        path = checked(name)
    except ArchiveError:
        return
    assert checked(path) == path
    assert not path.startswith("/")
    assert path == "" or not {"", ".", ".."} & set(path.split("/"))


def test_each_folder_is_new_once() -> None:
    names = Names()

    assert names.add_file("a/b/c") == ["a", "a/b"]
    assert names.add_file("a/b/d") == []
    assert names.add_folder("a/e") == ["a/e"]
    assert names.add_folder("a/e") == names.add_folder("") == []
    assert len(names) == 5


@pytest.mark.parametrize("other", ["a/b", "A/B", "a/B", "a/b/c", "a"])
def test_a_place_that_is_taken_is_refused(other: str) -> None:
    names = Names()
    names.add_file("a/b")

    with pytest.raises(ArchiveError, match="two members with one path"):
        names.add_file(other)
