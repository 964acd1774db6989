"""The names of the objects of an archive."""

from __future__ import annotations

import pytest

from together_ext.destinations.object_names import ObjectNames


def test_a_single_top_level_folder_is_left_out() -> None:
    names = ObjectNames(strip=True)
    assert names.add("output", folder=True)
    assert names.add("output/sub", folder=True)
    assert names.add("output/sub/a.bin", folder=False)
    assert names.of("output/sub/a.bin") == "sub/a.bin"
    assert names.path("sub/a.bin") == "output/sub/a.bin"
    assert names.has_folder("sub")
    assert not names.has_folder("output")


@pytest.mark.parametrize("other", ["b.bin", "output-2/b.bin"])
def test_a_second_top_level_folder_or_file_is_reported_and_then_none_is_left_out(other: str) -> None:
    names = ObjectNames(strip=True)
    assert names.add("output/a.bin", folder=False)
    assert not names.add(other, folder=False)
    names.keep_all()
    assert names.add("third/c.bin", folder=False)
    assert [names.of("output/a.bin"), names.of(other)] == ["output/a.bin", other]


@pytest.mark.parametrize(("first", "strip"), [("a.bin", True), ("output/a.bin", False)])
def test_nothing_is_left_out(first: str, *, strip: bool) -> None:
    names = ObjectNames(strip=strip)
    assert names.add(first, folder=False)
    assert names.of(first) == first
    assert names.add("other/b.bin", folder=False)
    assert names.of("other/b.bin") == "other/b.bin"
