"""Headers of safetensors files, good and hostile."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.weights.safetensors import Tensor, tensors


def entry(start: int, stop: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 -- whatever a file has
    """The description of a tensor of bytes."""
    return {"dtype": "U8", "shape": [stop - start], "data_offsets": [start, stop], **changes}


def test_tensors_come_in_the_order_of_their_bytes() -> None:
    header = {"b": entry(3, 7), "__metadata__": {"format": "pt"}, "empty": entry(3, 3), "a": entry(0, 3)}

    assert tensors(json.dumps(header).encode()) == [
        Tensor("a", "U8", (3,), 0, 3),
        Tensor("empty", "U8", (0,), 3, 3),
        Tensor("b", "U8", (4,), 3, 7),
    ]


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ([], "not a JSON object"),
        ({"__metadata__": {"step": 3}}, "__metadata__ does not map text"),
        ({"__metadata__": {"a": None}}, "__metadata__ does not map text"),
        ({"__metadata__": ["pt"]}, "__metadata__ does not map text"),
        ({"a": 3}, "lacks a valid dtype"),
        ({"a": {"dtype": "U8"}}, "lacks a valid dtype"),
        ({"a": entry(0, 3, data_offsets=[0])}, "lacks a valid dtype"),
        ({"a": entry(0, 3, data_offsets=[0, 1, 2])}, "lacks a valid dtype"),
        ({"a": entry(0, 3, data_offsets=3)}, "lacks a valid dtype"),
        ({"a": entry(0, 3, dtype=[])}, "type or shape"),
        ({"a": entry(0, 3, dtype="\x1b[31m")}, "type or shape"),
        ({"a": entry(0, 3, shape="3")}, "type or shape"),
        ({"a": entry(0, 1, shape=[True])}, "shape or data_offsets"),
        ({"a": entry(0, 3, shape=[3.0])}, "shape or data_offsets"),
        ({"a": entry(0, 3, shape=[10**4000])}, "shape or data_offsets"),
        ({"a": entry(0, 3, shape=[1] * 100_000)}, "shape or data_offsets"),
        ({"a": entry(0, 3, shape=[-3])}, "shape or data_offsets"),
        ({"a": entry(0, 3, data_offsets=["0", "3"])}, "shape or data_offsets"),
        ({"a": entry(3, 0, shape=[])}, "size"),
        ({"a": entry(0, 3, shape=[4])}, "size"),
        ({"a": entry(0, 3), "b": entry(2, 5)}, "overlap"),
        ({"a": entry(0, 3), "b": entry(0, 3)}, "overlap"),
        ({"a": entry(0, 3), "b": entry(4, 5)}, "gaps"),
        ({"a": entry(1, 3)}, "gaps"),
    ],
)
def test_what_contradicts_the_format_is_refused(header: object, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        tensors(json.dumps(header).encode())


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"[" * 1_000_000, b'{"a":' * 100_000, b'{"a": ' + b"9" * 100_000 + b"}"]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the parser's own words
        tensors(data)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets", "x"]), inner),
)


@given(header=anything | st.dictionaries(st.text(), anything))
def test_whatever_is_json_is_read_or_refused(header: object) -> None:
    try:
        found = tensors(json.dumps(header).encode())
    except ValueError:
        return
    assert all(one.stop == other.start for one, other in pairwise(found))
