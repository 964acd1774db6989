"""A list in JSON, read in any pieces, is what json.loads makes of the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from together_ext.api.long_lists import ITEM_LIMIT, MOST_ITEMS, LazyList, ListReader
from together_ext.api.whole import LimitError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def read(text: bytes, size: int) -> ListReader:
    reader = ListReader("data", lambda item: (item,))
    for start in range(0, len(text), size):
        reader.feed(text[start : start + size])
    reader.close()
    return reader


@given(
    st.dictionaries(st.text(max_size=4).filter(lambda key: key != "data"), values, max_size=3),
    st.lists(values, max_size=6),
    st.dictionaries(st.text(min_size=5, max_size=8), values, max_size=2),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from([None, 2]),
)
def test_any_division_into_pieces_gives_the_same_list(
    before: dict[str, Any],
    items: list[Any],
    after: dict[str, Any],
    size: int,
    ascii_: bool,  # noqa: FBT001 -- drawn
    indent: int | None,
) -> None:
    document = {**before, "data": items, **after}
    reader = read(json.dumps(document, ensure_ascii=ascii_, indent=indent).encode("utf-8", "surrogatepass"), size)
    assert [item for (item,), _ in reader.items] == items
    assert [json.loads(raw) for _, raw in reader.items] == items
    assert reader.rest == {key: value for key, value in document.items() if key != "data"}


def pairs(text: bytes) -> list[tuple[str, Any]] | None:
    """The members of an object, as `json` reads them; None for invalid JSON and for other values."""
    members: list[list[tuple[str, Any]]] = []

    def note(found: list[tuple[str, Any]]) -> dict[str, Any]:
        members.append(found)
        return dict(found)

    try:
        document = json.loads(text.decode(), object_pairs_hook=note)
    except ValueError:
        return None
    return members[-1] if isinstance(document, dict) else None


def check(text: bytes, size: int) -> None:
    """Whether a text is read as `json` reads it, or refused as there, and with two lists of the name."""
    expected = pairs(text)
    if expected is None or [key for key, _ in expected].count("data") > 1:
        with pytest.raises((ValueError, TypeError)):
            read(text, size)
        return
    reader = read(text, size)
    listed = dict(expected).get("data")
    found = {**reader.rest, "data": [item for (item,), _ in reader.items]} if isinstance(listed, list) else reader.rest
    assert repr(found.get("data")) == repr(listed)
    assert sorted(found) == sorted(dict(expected))


@given(st.binary(max_size=60), st.integers(1, 20))
def test_any_bytes_are_read_as_json_reads_them_or_refused(text: bytes, size: int) -> None:
    check(text, size)


TOKENS = [
    '{"data":[',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "1",
    "-",
    "2.5e3",
    '"data"',
    '"a"',
    "null",
    " ",
    "\n",
    "\xa0",
    "NaN",
]


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(TOKENS), max_size=14), st.integers(1, 20))
def test_stray_and_missing_commas_are_refused_as_json_refuses_them(tokens: list[str], size: int) -> None:
    check("".join(tokens).encode(), size)
    check('{"data": [1, {"a": [2]}], "b": 0}'.replace(",", "".join(tokens[:2])).encode(), size)


@pytest.mark.parametrize(
    "text",
    [
        b'{"data": [1 2]}',
        b'{"data": [1,,2]}',
        b'{"data": [,1]}',
        b'{"data": [1,]}',
        b'{,"data": [1]}',
        b'{"data": [1],}',
        b'{"data": [1] "more": 2}',
        b'{"more": 2 "data": [1]}',
        b'{"data": [1]},',
        b'{"data": [1], "data": [2]}',
        b'{"data": [1], "data": null}',
        b'{"data": null, "data": [1]}',
    ],
)
def test_stray_and_missing_commas_and_two_lists_are_refused(text: bytes) -> None:
    for size in (1, 3, 100):
        check(text, size)
        with pytest.raises((ValueError, TypeError)):
            read(text, size)


def feed(reader: ListReader, piece: bytes, times: int) -> None:
    for _ in range(times):
        reader.feed(piece)


def test_an_item_beyond_the_limit_is_refused_before_its_end() -> None:
    reader, piece = ListReader("data", lambda item: item), b"x" * (1 << 20)
    reader.feed(b'{"data": [{"id": "')
    with pytest.raises(LimitError, match="an item of the response exceeds the limit of 64 MiB"):
        feed(reader, piece, ITEM_LIMIT // len(piece) + 2)


def test_items_beyond_the_limit_are_refused() -> None:
    reader, piece = ListReader("data", lambda item: item), b"{}," * 1000
    reader.feed(b'{"data": [')
    with pytest.raises(LimitError, match="the response exceeds the limit of 1,000,000 items"):
        feed(reader, piece, MOST_ITEMS // 1000 + 2)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"<html>",
        b"[]",
        b"5",
        b"null",
        b'{"data": [1, 2',
        b'{"data": [1}',
        b'{"data" [1]}',
        b'{"data": [1]} x',
    ],
)
def test_a_document_without_a_list_is_refused(text: bytes) -> None:
    for size in (1, 100):
        with pytest.raises((ValueError, TypeError)):
            read(text, size)


@pytest.mark.parametrize("text", [b"[" * 200_000, b'{"data": ' + b"[" * 200_000, b'{"data": [' + b'{"a":' * 100_000])
def test_deeply_nested_json_is_refused(text: bytes) -> None:
    with pytest.raises((RecursionError, ValueError, TypeError)):
        read(text, 1 << 16)


def test_a_value_of_any_length_is_not_read_from_its_beginning_with_each_piece() -> None:
    """Otherwise these would be a million million characters."""
    text = b'{"data": ["' + b"x" * (1 << 22) + b'"]}'
    ((item, _),) = read(text, 16).items
    assert len(item[0]) == 1 << 22


def test_an_item_that_is_not_kept_is_left_out() -> None:
    reader = ListReader("data", lambda item: item if isinstance(item, dict) else None)
    reader.feed(b'{"data": [1, {"a": 1}, null, {"a": 2}], "more": 1}')
    reader.close()
    assert [raw for _, raw in reader.items] == [b'{"a": 1}', b'{"a": 2}']
    assert reader.rest == {"more": 1}


def test_a_lazy_list_reads_like_a_list() -> None:
    found = LazyList([b'{"n": 0}', b'{"n": 1}', b'{"n": 2}', b'{"n": 3}'], lambda document: document["n"])
    assert (list(found), found[1], found[-1], list(found[1:3]), len(found)) == ([0, 1, 2, 3], 1, 3, [1, 2], 4)
    assert found == [0, 1, 2, 3]
    assert found != [0, 1, 2]
    assert 2 in found
    assert list(reversed(found)) == [3, 2, 1, 0]
    assert repr(found) == "[0, 1, 2, ...]"
    assert list(found.documents()) == [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]
    with pytest.raises(IndexError):
        found[4]
    with pytest.raises(TypeError):
        hash(found)
