"""How many connections a transfer uses."""

from __future__ import annotations

import pytest

from together_ext.transfer.crew import FAST, reinforced


def numbers(total: float, each: float, most: int) -> list[int]:
    """The numbers of connections, one after the other, if each has at most a rate and all have at most a total."""
    found, before = [2], 0.0
    while True:
        rate = min(found[-1] * each, total)
        if (count := reinforced(found[-1], most, rate, before)) == found[-1]:
            return found
        found.append(count)
        before = rate


@pytest.mark.parametrize(
    ("total", "each", "most", "expected"),
    [
        (1e12, 20e6, 8, [2, 8]),
        (1e12, 20e6, 32, [2, 8, 32]),
        (1e12, 20e6, 3, [2, 3]),
        (1e12, FAST, 32, [2]),
        (50e6, 20e6, 32, [2, 8]),
        (250e6, 100e6, 32, [2, 8]),
    ],
    ids=["limited", "limited-more", "few", "fast-connections", "slow-line", "busy-machine"],
)
def test_connections_are_added_while_they_make_it_faster(
    total: float, each: float, most: int, expected: list[int]
) -> None:
    assert numbers(total, each, most) == expected
