"""Whether an archive is extracted without writing it."""

from __future__ import annotations

import pytest

from together_ext.fine_tuning.extraction import goes_directly

GIB = 1 << 30


@pytest.mark.parametrize(
    ("size", "free", "spool", "directly"),
    [
        (GIB, 100 * GIB, None, True),
        (GIB + 1, 100 * GIB, None, False),
        (10 * GIB, 20 * GIB, None, False),
        (10 * GIB, 20 * GIB - 1, None, True),
        (10 * GIB, 100 * GIB, False, True),
        (1, 100 * GIB, True, False),
        (10 * GIB, 10 * GIB, True, False),
    ],
)
def test_small_archives_and_those_without_room_beside_the_folder_are_not_written(
    size: int, free: int, *, spool: bool | None, directly: bool
) -> None:
    assert goes_directly(size, free, spool=spool) is directly
