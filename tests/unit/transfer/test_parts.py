"""Files made of parts: which bytes a response has, whatever the host does with ranges."""

from __future__ import annotations

import httpx
import pytest

from together_ext.transfer.failures import ViolationError
from together_ext.transfer.parts import Part, Wanted, _span

PART = Part(1000, 1500, "https://storage.example.com/p")
"""Bytes 1000 to 1499 of a file."""


def span(wanted: tuple[int, int], status: int, headers: dict[str, str]) -> tuple[int, int]:
    """The bytes of the part that a response has."""
    return _span(httpx.Response(status, headers=headers), Wanted(*wanted, PART))


@pytest.mark.parametrize(
    ("wanted", "status", "headers", "found"),
    [
        # A whole part, with and without a length.
        ((0, 500), 200, {"content-length": "500"}, (0, 500)),
        ((0, 500), 200, {}, (0, 500)),
        # A part that is itself a range of an object, in the object's offsets or its own.
        ((0, 500), 206, {"content-range": "bytes 1000-1499/9000", "content-length": "500"}, (0, 500)),
        ((0, 500), 206, {"content-range": "bytes 0-499/500"}, (0, 500)),
        # The requested rest of a part, in either offsets.
        ((200, 500), 206, {"content-range": "bytes 200-499/500", "content-length": "300"}, (200, 500)),
        ((200, 300), 206, {"content-range": "bytes 1200-1299/9000"}, (200, 300)),
        # A host that ignores the range.
        ((200, 500), 200, {"content-length": "500"}, (0, 500)),
        ((200, 500), 206, {"content-range": "bytes 1000-1499/9000"}, (0, 500)),
    ],
)
def test_a_response_has_the_requested_bytes_or_the_whole_part(
    wanted: tuple[int, int], status: int, headers: dict[str, str], found: tuple[int, int]
) -> None:
    assert span(wanted, status, headers) == found


@pytest.mark.parametrize(
    ("wanted", "status", "headers", "sentence"),
    [
        ((0, 500), 200, {"content-length": "499"}, "500 bytes of a part were expected, and 499 were announced"),
        ((200, 500), 206, {"content-range": "bytes 200-499/500", "content-length": "7"}, "300 bytes .* and 7 were"),
        ((200, 500), 206, {"content-range": "bytes 201-499/500"}, "bytes 200 to 500 of a part were requested, and"),
        ((200, 500), 206, {"content-range": "bytes 200-498/500"}, "were requested, and"),
        ((200, 500), 206, {}, "were requested, and none was sent"),
        ((0, 500), 204, {}, "status 204, which contains no part"),
        ((0, 500), 200, {"content-encoding": "gzip"}, "is compressed"),
    ],
)
def test_other_bytes_violate_the_request(
    wanted: tuple[int, int], status: int, headers: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ViolationError, match=sentence):
        span(wanted, status, headers)


def test_a_part_shows_neither_its_url_nor_its_headers() -> None:
    assert repr(Part(0, 1, "https://x/?X-Signature=secret", {"k": "secret"})) == "Part(start=0, stop=1)"
