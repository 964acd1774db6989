"""The finer points of a comparison, and the table of what to think of each kind of change."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tools.generate import ROOT
from tools.spec import changes
from tools.spec.changes import VERDICTS, Effect, Found, judged
from tools.spec.compare import compare
from tools.spec.compare_schemas import Pair, schemas
from tools.spec.documents import SpecError
from tools.spec.rules import RULES
from tools.spec.shape import shape
from tools.spec.surface import Kept, Surface


def told(old: Any, new: Any, side: str = "response", **named: Any) -> list[str]:  # noqa: ANN401 -- schemas
    """What changed between two schemas, each as `kind subject what`; `named` are those that they may refer to."""
    document = {"components": {"schemas": named}}
    found = schemas(Pair(document, document, side), old, new, "it")
    return [f"{one.kind} {one.subject} {one.what}" for one in found]


STRING, INTEGER, NUMBER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "null"}


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (INTEGER, NUMBER, ["type-widened it is number, was integer"]),
        (NUMBER, INTEGER, ["type-narrowed it is integer, was number"]),
        (STRING, INTEGER, ["type-changed it is integer, was string"]),
        (STRING, {}, ["type-widened it is anything, was string"]),
        ({}, STRING, ["type-narrowed it is string, was anything"]),
        (STRING, {"type": ["string", "integer"]}, ["type-widened it is integer or string, was string"]),
        ({"anyOf": [STRING, INTEGER]}, STRING, ["type-narrowed it is string, was integer or string"]),
        (STRING, {"anyOf": [STRING, NULL]}, ["null-added it may be null now"]),
        ({"type": "string", "nullable": True}, STRING, ["null-removed it may no longer be null"]),
        (STRING, {"enum": ["a"]}, ["values-closed it has the known values a"]),
        ({"enum": ["a"]}, STRING, ["values-opened it may be any string, was one of a"]),
        (STRING, {"anyOf": [{"enum": ["a"]}, STRING]}, ["values-named it has the known values a"]),
        ({"anyOf": [{"enum": ["a"]}, STRING]}, STRING, ["values-unnamed it may be any string, was one of a"]),
        (
            {"anyOf": [{"enum": ["a"]}, STRING]},
            {"enum": ["a"]},
            ["values-closed it may only be one of the known values"],
        ),
        (
            {"enum": ["a"]},
            {"anyOf": [{"enum": ["a"]}, STRING]},
            ["values-opened it may be any value besides the known ones"],
        ),
        ({"enum": ["a", "b"]}, {"const": "a"}, ["value-removed it no longer has the value b"]),
        ({"enum": [1]}, {"enum": [1, True]}, ["type-widened it is boolean or integer, was integer"]),
        ({**STRING, "format": "uuid"}, STRING, ["format-changed it has the format none, had uuid"]),
        ({**INTEGER, "format": "int32"}, {**INTEGER, "format": "int64"}, []),
        ({**INTEGER, "minimum": 1}, {**INTEGER, "minimum": 2}, ["bounds-tightened it has minimum 2, had 1"]),
        ({**INTEGER, "maximum": 1}, {**INTEGER, "maximum": 2}, ["bounds-loosened it has maximum 2, had 1"]),
        ({**STRING, "pattern": "a"}, STRING, ["bounds-loosened it has pattern none, had 'a'"]),
        ({**STRING, "pattern": "a"}, {**STRING, "pattern": "b"}, ["bounds-tightened it has pattern 'b', had 'a'"]),
        (
            {"type": "array", "items": STRING},
            {"type": "array", "items": INTEGER},
            ["type-changed it[] is integer, was string"],
        ),
        (
            {"type": "array", "maxItems": 2},
            {"type": "array", "maxItems": 1},
            ["bounds-tightened it has maxItems 1, had 2"],
        ),
        ({**STRING, "deprecated": True}, STRING, ["not-deprecated it is no longer deprecated"]),
        ({**STRING, "default": "a"}, STRING, ["default-changed it has the default none, had 'a'"]),
        (
            {"type": "object"},
            {"type": "object", "additionalProperties": False},
            ["others-closed it no longer has fields beside the described ones"],
        ),
        (
            {"type": "object", "additionalProperties": False},
            {"type": "object"},
            ["others-opened it may have fields beside the described ones"],
        ),
        ({"type": "object"}, {"type": "object", "additionalProperties": STRING}, ["type-narrowed it{} is typed now"]),
        (
            {"type": "object", "additionalProperties": STRING},
            {"type": "object"},
            ["type-widened it{} may be anything now"],
        ),
        ({"type": "object", "additionalProperties": {}}, {"type": "object"}, []),
        (True, {}, []),
    ],
)
def test_a_change_of_a_schema_is_told(old: Any, new: Any, changes: list[str]) -> None:  # noqa: ANN401 -- schemas
    assert told(old, new) == changes


def job(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- schemas
    return {"type": "object", "properties": properties}


def test_a_renamed_field_is_told_as_gone_with_a_hint_at_its_new_name() -> None:
    old, new = job(queue_depth=INTEGER), job(queue_position=INTEGER, place=STRING)
    assert told(old, new)[0] == "field-removed it.queue_depth was removed (is it called queue_position now?)"


def test_kinds_of_a_union_are_known_by_their_tags_whatever_they_are_called() -> None:
    red, blue = (
        {"type": "object", "required": ["tag"], "properties": {"tag": {"const": it}}} for it in ("red", "blue")
    )
    old = {"oneOf": [{"$ref": "#/components/schemas/Red"}, {"$ref": "#/components/schemas/Blue"}]}
    new = {"oneOf": [{"$ref": "#/components/schemas/Azure"}, {"$ref": "#/components/schemas/Red"}]}
    assert told(old, new, Red=red, Blue=blue, Azure=blue) == ["class-renamed it the class Blue is called Azure now"]
    assert told(old, {"$ref": "#/components/schemas/Red"}, Red=red, Blue=blue) == [
        "kind-removed it may no longer be a Blue"
    ]
    assert told({"oneOf": [red, STRING]}, {"oneOf": [red, blue, STRING]}) == [
        "kind-added it may also be an object with tag: blue"
    ]


def test_parts_put_together_are_compared_as_the_whole_that_they_make() -> None:
    parts = {"allOf": [job(a=STRING), {"type": "object", "required": ["b"], "properties": {"b": INTEGER}}]}
    whole = {"type": "object", "required": ["b"], "properties": {"a": STRING, "b": INTEGER}}
    assert told(parts, whole) == []
    assert told({"allOf": [{"nullable": True}, STRING]}, {"type": ["string", "null"]}) == []
    assert told({"allOf": []}, {}) == []


def test_a_tree_of_itself_is_compared_and_comes_to_an_end() -> None:
    tree = job(left={"$ref": "#/components/schemas/Tree"}, rows={"$ref": "#/components/schemas/Rows"})
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Rows"}}
    ref = {"$ref": "#/components/schemas/Tree"}
    assert told(ref, ref, Tree=tree, Rows=rows) == []


def test_what_consists_of_itself_is_an_error() -> None:
    loop = {"anyOf": [{"$ref": "#/components/schemas/Loop"}, NULL]}
    with pytest.raises(SpecError, match="#/components/schemas/Loop consists of itself"):
        shape({"components": {"schemas": {"Loop": loop}}}, loop)


# What to think of it --------------------------------------------------------------------------------------------


def test_a_change_may_break_one_side_and_not_the_other() -> None:
    effects = {
        side: judged(Found("field-added-required", "x", "is new", side)).effect for side in ("request", "response")
    }
    assert effects == {"request": Effect.BREAKING, "response": Effect.ADDITIVE}


def test_a_value_that_is_gone_is_tighter_only_where_nothing_else_is_allowed() -> None:
    assert judged(Found("value-removed", "x", "", "response", closed=True)).tighter
    assert not judged(Found("value-removed", "x", "", "response")).tighter


def test_every_kind_that_is_found_has_its_verdict_on_each_side() -> None:
    """By the source: a kind without a verdict would be an error in the middle of a report."""
    folder = ROOT / "tools" / "spec"
    source = "".join((folder / name).read_text() for name in ("compare.py", "compare_schemas.py"))
    strings = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source)) - {"date-time"}
    known = {kind for kind, _ in VERDICTS}
    assert strings - known == {"application-json"} & strings
    assert known - strings - {"deprecated"} == set()
    for kind in known:
        sides = {side for of, side in VERDICTS if of == kind}
        assert sides in ({""}, {"request", "response"}, {"request"}, {"response"})


def test_what_absorbs_a_change_exists() -> None:
    rules = {rule.__name__ for rule in RULES}
    absorbing = {verdict.absorbed_by for verdict in VERDICTS.values()} - {""}
    assert absorbing <= rules | {changes.SURFACE}
    assert (ROOT / changes.SURFACE).exists()


# The form that is used of several -------------------------------------------------------------------------------

BYTES, JSON = "application/octet-stream", "application/json"
KEPT = (Kept("fetch", "Files", "get", "/file"),)


def with_contents(*kinds: str, **schemas: Any) -> dict[str, Any]:  # noqa: ANN401 -- schemas
    """A specification of one operation that responds with these media types; `schemas` are theirs, by subtype."""
    contents = {kind: {"schema": schemas.get(kind.partition("/")[2], {"type": "string"})} for kind in kinds}
    return {"paths": {"/file": {"get": {"responses": {"200": {"content": contents}}}}}}


@pytest.mark.parametrize(
    ("old", "new", "forms", "kinds"),
    [
        ((BYTES,), (BYTES, JSON), {}, ["form-changed"]),
        ((BYTES,), (BYTES, JSON), {"fetch.response": BYTES}, ["content-added"]),
        ((JSON,), (BYTES, JSON), {}, ["content-added"]),
        ((JSON,), (BYTES, JSON), {"fetch.response": BYTES}, ["form-changed"]),
        ((JSON,), ("application/vnd.file+json; charset=utf-8",), {}, []),
        ((BYTES, JSON), (BYTES,), {}, ["content-removed"]),
        ((BYTES,), ("application/x-tar",), {}, ["bytes-restated"]),
        ((BYTES,), ("text/plain",), {}, ["content-changed"]),
    ],
)
def test_of_several_media_types_the_form_that_is_used_decides(
    old: tuple[str, ...], new: tuple[str, ...], forms: dict[str, str], kinds: list[str]
) -> None:
    surface = Surface(KEPT, {}, {}, forms=forms)
    found = compare(with_contents(*old), with_contents(*new), surface).changes
    assert [change.found.kind for change in found] == kinds
    assert [change.breaks for change in found] == [
        kind in {"form-changed", "content-removed", "content-changed"} for kind in kinds
    ]


STREAM, XML = "text/event-stream", "application/xml"


@pytest.mark.parametrize("without", [{}, {"one_form_of_contents": "We read both."}])
@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (with_contents(JSON, "text/csv"), with_contents(JSON, "text/csv", csv=INTEGER), ["type-changed"]),
        (with_contents(JSON, XML), with_contents(JSON), ["content-removed"]),
        (with_contents(JSON, XML), with_contents(JSON, "text/csv"), ["content-changed"]),
    ],
)
def test_a_change_of_a_form_that_is_not_used_is_absorbed(
    old: dict[str, Any], new: dict[str, Any], kinds: list[str], without: dict[str, str]
) -> None:
    found = compare(old, new, Surface(KEPT, {}, without)).changes
    assert [change.found.kind for change in found] == kinds
    assert [change.verdict.effect for change in found] == [Effect.BREAKING]
    assert [change.breaks for change in found] == [bool(without)]


@pytest.mark.parametrize(
    ("new", "kinds"),
    [
        (with_contents(JSON, STREAM, **{"event-stream": INTEGER}), ["type-changed"]),
        (with_contents(JSON), ["content-removed"]),
        (with_contents(JSON, "application/x-ndjson"), ["content-changed"]),
    ],
)
def test_a_change_of_a_stream_breaks_since_the_handwritten_layer_reads_it(
    new: dict[str, Any], kinds: list[str]
) -> None:
    found = compare(with_contents(JSON, STREAM), new, Surface(KEPT, {}, {})).changes
    assert [change.found.kind for change in found if change.breaks] == kinds


def test_a_change_of_all_forms_is_told_once_for_that_which_is_used() -> None:
    one = {"type": "object", "properties": {"a": STRING}}
    named = {"components": {"schemas": {"One": one}}}
    other = {"components": {"schemas": {"One": {**one, "properties": {"a": INTEGER}}}}}
    ref = {"$ref": "#/components/schemas/One"}
    document = with_contents(JSON, "text/csv", json=ref, csv={"type": "array", "items": ref})
    (change,) = compare({**document, **named}, {**document, **other}, Surface(KEPT, {}, {})).changes
    assert (change.found.subject, change.breaks) == ("One.a", True)


def test_bytes_are_the_same_whatever_their_schema_says() -> None:
    for schema in ({}, {"type": "string", "format": "byte"}, {"type": "object"}):
        changed = with_contents(BYTES, **{"octet-stream": schema})
        assert compare(with_contents(BYTES), changed, Surface(KEPT, {}, {})).changes == ()
