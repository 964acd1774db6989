"""Whatever a specification says: it is the same as itself, in whatever order and words it says it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tools.spec.compare import compare
from tools.spec.documents import Node, SpecError
from tools.spec.surface import Kept, Surface
from tools.spec.sync import compared

from .conftest import Repository

NAMES = ("A", "B", "C")
SURFACE = Surface(
    (Kept("list_things", "Things", "get", "/things"), Kept("make_thing", "Things", "post", "/things")), {}, {}
)

# Strategies -----------------------------------------------------------------------------------------------------

references = st.sampled_from([{"$ref": f"#/components/schemas/{name}"} for name in NAMES])
plain = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 1},
        {"type": ["number", "null"]},
        {"type": "boolean", "nullable": True, "default": False},
        {"type": "string", "format": "date-time"},
        {"type": "string", "enum": ["b", "a", None]},
        {"enum": [1, "x", True]},
        {"const": "only"},
        {},
        True,
    ]
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Objects with some fields of `inner`, each required or not."""
    properties = st.dictionaries(st.sampled_from(["id", "name", "kind", "size"]), inner, max_size=3)
    return st.builds(
        lambda fields, few: {
            "type": "object",
            "properties": fields,
            "required": [name for name in fields if name in few],
        },
        properties,
        st.sets(st.sampled_from(["id", "kind"])),
    )


schemas = st.recursive(
    plain | references,
    lambda inner: (
        objects(inner)
        | st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(lambda values: {"type": "object", "additionalProperties": values}, inner)
        | st.builds(
            lambda word, members: {word: members},
            st.sampled_from(["anyOf", "oneOf"]),
            st.lists(inner, min_size=1, max_size=3),
        )
        | st.builds(lambda member: {"allOf": [member]}, inner)
    ),
    max_leaves=8,
)


def document(named: list[Any], response: Any, body: Any, parameter: Any) -> Node:  # noqa: ANN401 -- schemas may be true or false
    """A specification of two operations."""
    content = {"application/json": {"schema": response}}
    return {
        "openapi": "3.1.0",
        "servers": [{"url": "https://api.example.com/v1"}],
        "paths": {
            "/things": {
                "get": {
                    "parameters": [
                        {"name": "q", "in": "query", "schema": parameter},
                        {"name": "p", "in": "query", "schema": {"type": "string"}},
                    ],
                    "responses": {"200": {"description": "", "content": content}, "404": {"description": ""}},
                },
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": {"200": {"description": "", "content": content}},
                },
            }
        },
        "components": {"schemas": dict(zip(NAMES, named, strict=True))},
    }


documents = st.builds(document, st.lists(objects(schemas), min_size=3, max_size=3), schemas, schemas, plain)


SETS = frozenset({"required", "enum", "type", "parameters"})
UNIONS = frozenset({"anyOf", "oneOf"})
OF_NAMES = frozenset(
    {"properties", "schemas", "paths", "content", "responses", "components", "securitySchemes", "security"}
)
"""What holds things by their names, and no words."""


def in_other_words(node: Any, random: Random, key: str = "", sets: frozenset[str] = SETS) -> Any:  # noqa: ANN401 -- any part of a document
    """The same, with other descriptions, and its mappings and `sets` in another order."""
    if isinstance(node, dict):
        items = [(name, in_other_words(value, random, name, sets)) for name, value in node.items()]
        if key not in OF_NAMES:
            items = [(name, value) for name, value in items if name != "description"]
            items += [("description", f"Words {random.random()}"), ("example", random.random())]
        random.shuffle(items)
        return dict(items)
    if isinstance(node, list):
        # What an operation asks for is a list of mappings of names.
        members = [in_other_words(item, random, key if key == "security" else "", sets) for item in node]
        if key in sets:
            random.shuffle(members)
        return members
    return node


# Properties -----------------------------------------------------------------------------------------------------


@given(one=documents)
def test_a_specification_does_not_differ_from_itself(one: Node) -> None:
    comparison = compare(one, one, SURFACE)
    assert (comparison.changes, comparison.problems) == ((), ())


@given(one=documents, random=st.randoms(use_true_random=False))
def test_another_order_and_other_words_are_no_change(one: Node, random: Random) -> None:
    comparison = compare(one, in_other_words(one, random, sets=SETS | UNIONS), SURFACE)
    assert (comparison.changes, comparison.problems) == ((), ())


@given(one=documents, other=documents)
def test_of_any_two_specifications_something_is_told(one: Node, other: Node) -> None:
    there, back = compare(one, other, SURFACE), compare(other, one, SURFACE)
    assert (there.problems, back.problems) == ((), ())
    assert bool(there.changes) == bool(back.changes)


JUNK: list[Any] = [None, True, 7, "x", [], {}, [7], {"x": 7}, [[]], {"$ref": 7}, {"$ref": "#/x"}, {"type": 7}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), value=st.sampled_from(JUNK))
def test_whatever_stands_where_it_does_not_belong_is_told_in_a_sentence(
    specimen: Repository,
    random: Random,
    value: Any,  # noqa: ANN401 -- junk
) -> None:
    """No traceback, wherever a specification has another shape than OpenAPI gives it."""
    changed = specimen.upstream
    holders = [one for one in parts(changed) if one]
    holder = random.choice(holders)
    holder[random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))] = deepcopy(value)
    is_told_in_a_sentence(specimen, changed)


@pytest.mark.parametrize("value", JUNK, ids=repr)
def test_whatever_stands_outside_of_any_operation_is_told_in_a_sentence(
    specimen: Repository,
    value: Any,  # noqa: ANN401 -- junk
) -> None:
    for place in ("servers", "paths", "components", "security", "info", "openapi"):
        changed = specimen.upstream
        changed[place] = deepcopy(value)
        is_told_in_a_sentence(specimen, changed)
    for server in (
        value,
        {"url": value},
        {"url": "/{v}", "variables": value},
        {"url": "/{v}", "variables": {"v": value}},
    ):
        changed = specimen.upstream
        changed["servers"] = [deepcopy(server)]
        is_told_in_a_sentence(specimen, changed)


def is_told_in_a_sentence(specimen: Repository, changed: Node) -> None:
    """Neither a sync nor a report of a changed specification ends in a traceback."""
    with contextlib.suppress(SpecError):
        specimen.text(changed)
    for old, new in ((specimen.upstream, changed), (changed, specimen.upstream)):
        with contextlib.suppress(SpecError):
            compared(old, new, specimen.recipe)


def parts(node: Any) -> Iterator[Any]:  # noqa: ANN401 -- any part of a document
    """The node, and every mapping and list in it."""
    if isinstance(node, dict | list):
        yield node
        for part in node.values() if isinstance(node, dict) else node:
            yield from parts(part)


def test_a_specification_in_other_words_gives_the_same_bytes(repository: Repository) -> None:
    for seed in range(5):
        other = in_other_words(repository.upstream, Random(seed))  # noqa: S311 -- to be the same each time
        assert repository.text(other) == repository.spec.read_text()
        assert compare(repository.upstream, other, repository.recipe.surface).changes == ()
