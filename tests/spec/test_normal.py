"""What an `allOf` and a union of constants are in one form."""

from __future__ import annotations

from typing import Any

import pytest

from tools.spec.documents import Node, SpecError
from tools.spec.normal import joined, one_schema, without_deep_references

STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
BASE: Node = {"type": "object", "required": ["id"], "properties": {"id": STRING, "kind": STRING}}
LOOP: Node = {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"required": ["id"]}]}
RED, BLUE = ({"type": "object", "properties": {"kind": {"const": kind}}} for kind in ("red", "blue"))
DOCUMENT: Node = {"components": {"schemas": {"Base": BASE, "Loop": LOOP, "Red": RED, "Blue": BLUE, "Text": STRING}}}


def ref(name: str) -> Node:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def merged(*parts: Any, **rest: Any) -> Node:  # noqa: ANN401 -- schemas
    """What an `allOf` of these parts becomes."""
    return one_schema(DOCUMENT, {"allOf": [*parts], **rest})


@pytest.mark.parametrize(
    ("parts", "rest", "whole"),
    [
        ([ref("Base")], {"description": "It."}, {**ref("Base"), "description": "It."}),
        ([ref("Base"), {"nullable": True}], {}, {**ref("Base"), "nullable": True}),
        ([ref("Base"), {"type": "object"}], {}, ref("Base")),
        ([{"allOf": [ref("Text")]}], {}, ref("Text")),
        ([], {}, {}),
        ([STRING, {"maxLength": 3}], {"maxLength": 2}, {"type": "string", "maxLength": 2}),
        ([INTEGER, NUMBER], {"minimum": 1}, {"type": "integer", "minimum": 1}),
        ([{"type": ["string", "null"]}, {"type": ["integer", "string"]}], {}, STRING),
        ([{"enum": ["a", "b"]}, {"enum": ["b", "c"]}], {}, {"enum": ["b"]}),
        (
            [{"type": "object", "properties": {"kind": {"const": "a"}}}, ref("Base")],
            {"required": ["kind"]},
            {
                "type": "object",
                "properties": {"kind": {"enum": ["a"], "type": "string"}, "id": STRING},
                "required": ["id", "kind"],
            },
        ),
        (
            [ref("Base"), {"additionalProperties": False}, {"additionalProperties": STRING}],
            {},
            {**BASE, "additionalProperties": False},
        ),
        (
            [{"type": "array", "items": {}}, {"items": ref("Base")}],
            {"minItems": 1},
            {"type": "array", "items": ref("Base"), "minItems": 1},
        ),
    ],
)
def test_an_all_of_is_one_schema(parts: list[Node], rest: Node, whole: Node) -> None:
    assert merged(*parts, **rest) == whole


def test_a_union_in_an_all_of_is_a_union_of_what_its_members_become() -> None:
    found = merged({"oneOf": [ref("Red"), ref("Blue")]}, {"type": "object", "properties": {"size": INTEGER}})
    kinds = [member["properties"] for member in found["oneOf"]]
    assert kinds == [{"kind": {"const": kind}, "size": INTEGER} for kind in ("red", "blue")]


def test_members_of_a_union_that_the_other_parts_rule_out_are_not_in_it() -> None:
    assert merged({"oneOf": [ref("Red"), STRING]}, {"type": "object"}, {"required": ["kind"]}) == {
        "oneOf": [{**RED, "required": ["kind"]}]
    }
    with pytest.raises(SpecError, match="no member of a oneOf satisfies the other parts of an allOf"):
        merged({"oneOf": [STRING, INTEGER]}, {"required": ["kind"], "type": "object"})


def test_members_that_say_all_that_the_other_parts_say_keep_their_names() -> None:
    assert merged({"oneOf": [ref("Base"), ref("Red")]}, {"properties": {"id": STRING}})["oneOf"][0] == ref("Base")


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([STRING, INTEGER], "no value is both string and integer, as an allOf requires"),
        ([{"enum": ["a"]}, {"const": "b"}], "no value satisfies both 'a' and 'b' of an allOf"),
        ([ref("Loop"), {"required": ["x"]}], "#/components/schemas/Loop consists of itself"),
        ([ref("Gone"), {"required": ["x"]}], "#/components/schemas/Gone does not exist"),
    ],
)
def test_an_all_of_that_makes_no_sense_is_an_error(parts: list[Node], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        merged(*parts)


def test_restrictions_beside_a_reference_are_an_all_of() -> None:
    assert one_schema(DOCUMENT, {**ref("Base"), "required": ["kind"]})["required"] == ["id", "kind"]
    assert one_schema(DOCUMENT, {**ref("Base"), "type": "object", "description": "It."}) == {
        **ref("Base"),
        "type": "object",
        "description": "It.",
    }


CONSTANTS: Node = {
    "components": {
        "schemas": {
            "Pending": {"type": "string", "const": "pending"},
            "Ended": {"enum": ["done", "failed"]},
            "Either": {"oneOf": [ref("Pending"), ref("Ended")]},
            "Round": {"oneOf": [ref("Round"), ref("Pending")]},
            "Red": {"type": "object"},
            "Blue": {"type": "object"},
        }
    }
}


@pytest.mark.parametrize(
    ("members", "whole"),
    [
        ([{"const": "a"}, {"const": "b"}], [{"type": "string", "enum": ["a", "b"]}]),
        ([{"const": "a", "title": "A"}, {"enum": ["b", "a"]}], [{"type": "string", "enum": ["a", "b"]}]),
        ([{"const": 1}, {"const": "b"}], [{"type": "integer", "enum": [1]}, {"type": "string", "enum": ["b"]}]),
        ([{"const": "a"}, {"const": None}], [{"type": "string", "enum": ["a"]}, {"type": "null"}]),
        ([{"const": "a"}, INTEGER, {"const": "b"}], [{"type": "string", "enum": ["a", "b"]}, INTEGER]),
        ([{"const": "a"}, STRING], [{"type": "string", "enum": ["a"]}, STRING]),
        ([ref("Pending"), ref("Ended")], [{"type": "string", "enum": ["pending", "done", "failed"]}]),
        ([ref("Either"), {"const": "x"}], [{"type": "string", "enum": ["pending", "done", "failed", "x"]}]),
        ([ref("Ended"), STRING], [ref("Ended"), STRING]),
        ([ref("Round"), ref("Pending"), ref("Red")], [ref("Round"), ref("Pending"), ref("Red")]),
        ([ref("Red"), ref("Blue")], [ref("Red"), ref("Blue")]),
    ],
)
def test_constants_of_a_union_are_an_enum(members: list[Node], whole: list[Node]) -> None:
    for union in ("oneOf", "anyOf"):
        assert joined(CONSTANTS, {union: members, "description": "It."}) == {union: whole, "description": "It."}


def test_references_into_types_are_replaced_by_what_they_lead_to() -> None:
    given = {"x": {"$ref": "#/components/schemas/Base/properties/id"}, "y": ref("Base"), "z": [1]}
    assert without_deep_references(DOCUMENT, given) == {"x": STRING, "y": ref("Base"), "z": [1]}
    round_in_a_circle = {"a": {"b": {"$ref": "#/a"}}}
    with pytest.raises(SpecError, match=r"#/a contains a reference to itself: give it a name"):
        without_deep_references(round_in_a_circle, round_in_a_circle["a"])
