"""Each rule alone: what it mends, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from tools.generate import ROOT
from tools.spec import rules
from tools.spec.documents import Node, SpecError
from tools.spec.rules import RULES, exchanges, forms, names, responses
from tools.spec.surface import Kept, Surface

SURFACE = Surface((Kept("list_jobs", "Jobs", "get", "/jobs"),), {}, {})


def document(**schemas: Any) -> Node:  # noqa: ANN401 -- schemas
    """A pruned specification: one operation that responses a Job and takes a Request, if there are such."""
    operation: Node = {"operationId": "list_jobs", "tags": ["Jobs"], "parameters": [], "responses": {"204": {}}}
    if "Job" in schemas:
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Job"}}}
        operation["responses"] = {"200": {"description": "", "content": content}}
    if "Request" in schemas:
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Request"}}}
        operation["requestBody"] = {"content": content}
    return {
        "openapi": "3.1.0",
        "info": {"title": "", "version": ""},
        "paths": {"/jobs": {"get": operation}},
        "components": {"schemas": schemas, "securitySchemes": {}},
    }


def field(rule: rules.Rule, schema: Any, *, sent: bool = False) -> Any:  # noqa: ANN401 -- schemas
    """What a rule makes of a field of a request, or of a response."""
    holder = {"type": "object", "properties": {"it": schema}}
    given = document(Request=holder) if sent else document(Job=holder)
    rule(given, SURFACE)
    return given["components"]["schemas"]["Request" if sent else "Job"]["properties"]["it"]


def test_every_rule_has_its_reason_and_its_place_in_the_documentation() -> None:
    page = (ROOT / "docs" / "openapi.md").read_text()
    for rule in RULES:
        assert rule.__doc__
        assert f"`{rule.__name__}`" in page


def test_a_rule_can_be_switched_off() -> None:
    given = document(Job={"type": "object", "properties": {"id": {"type": "string", "default": "x"}}})
    off = Surface(SURFACE.operations, {}, {"no_defaults": "for this test"})
    job = rules.apply(given, off)["components"]["schemas"]["Job"]
    assert "default" in str(job)
    assert "default" not in str(rules.apply(given, SURFACE))
    with pytest.raises(SpecError, match="switches off rules that do not exist: no_such_rule"):
        rules.apply(given, Surface(SURFACE.operations, {}, {"no_such_rule": "a slip"}))


def test_mending_leaves_the_document_that_was_given() -> None:
    given = document(Job={"type": "object", "title": "T", "properties": {"id": {"type": "string", "nullable": True}}})
    before = str(given)
    rules.apply(given, SURFACE)
    assert str(given) == before


@pytest.mark.parametrize(
    ("rule", "given", "mended"),
    [
        (
            forms.no_siblings_of_unions,
            {"type": "boolean", "oneOf": [{"type": "string"}]},
            {"oneOf": [{"type": "string"}]},
        ),
        (
            forms.no_siblings_of_unions,
            {"type": "object", "$ref": "#/components/schemas/Job"},
            {"$ref": "#/components/schemas/Job"},
        ),
        (forms.no_defaults, {"type": "string", "default": "x"}, {"type": "string"}),
        (forms.no_bounds, {"type": "string", "maxLength": 3, "deprecated": False}, {"type": "string"}),
        (forms.no_bounds, {"type": "string", "deprecated": True}, {"type": "string", "deprecated": True}),
        (forms.no_formats_of_numbers, {"type": "integer", "format": "int64"}, {"type": "integer"}),
        (
            forms.no_formats_of_numbers,
            {"type": "string", "format": "date-time"},
            {"type": "string", "format": "date-time"},
        ),
        (forms.no_order_without_meaning, {"enum": ["b", "a"]}, {"enum": ["a", "b"]}),
        (forms.no_unions_of_one, {"anyOf": [{"type": "string"}]}, {"type": "string"}),
        (
            forms.no_unions_of_one,
            {"allOf": [{"type": "string"}], "deprecated": True},
            {"type": "string", "deprecated": True},
        ),
        (
            forms.no_unions_of_one,
            {"anyOf": [{"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "integer"}]},
            {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        ),
        (
            forms.no_foreign_words,
            {"title": "T", "description": "D", "x-y": 1, "example": 2, "type": "string"},
            {"type": "string"},
        ),
        # A field may be called as words are.
        (
            forms.no_foreign_words,
            {"type": "object", "properties": {"title": {"title": "T"}, "description": {"type": "string"}}},
            {"type": "object", "properties": {"title": {}, "description": {"type": "string"}}},
        ),
    ],
)
def test_a_form_is_mended_wherever_it_is(rule: rules.Rule, given: Node, mended: Node) -> None:
    for sent in (True, False):
        assert field(rule, dict(given), sent=sent) == mended


STRING, NULL = {"type": "string"}, {"type": "null"}


@pytest.mark.parametrize(
    ("given", "mended"),
    [
        ({"type": "string", "nullable": True}, {"anyOf": [STRING, NULL]}),
        ({"type": "string", "nullable": False}, STRING),
        ({"type": ["string", "null"]}, {"anyOf": [STRING, NULL]}),
        ({"type": ["string"]}, STRING),
        ({"type": ["string", "integer"]}, {"anyOf": [STRING, {"type": "integer"}]}),
        ({"enum": ["a", None], "deprecated": True}, {"anyOf": [{"enum": ["a"]}, NULL], "deprecated": True}),
        ({"oneOf": [STRING, {"type": "integer"}], "nullable": True}, {"anyOf": [STRING, {"type": "integer"}, NULL]}),
        (
            {"$ref": "#/components/schemas/Job", "nullable": True},
            {"anyOf": [{"$ref": "#/components/schemas/Job"}, NULL]},
        ),
    ],
)
def test_null_is_a_member_however_it_was_written(given: Node, mended: Node) -> None:
    assert field(forms.one_form_of_null, given) == mended


def test_null_of_a_type_goes_where_the_type_is_used() -> None:
    state = {"type": "string", "enum": ["on", None]}
    given = document(
        Job={"type": "object", "properties": {"state": {"$ref": "#/components/schemas/State"}}}, State=state
    )
    forms.one_form_of_null(given, SURFACE)
    schemas = given["components"]["schemas"]
    assert schemas["State"] == {"type": "string", "enum": ["on"]}
    assert schemas["Job"]["properties"]["state"] == {"anyOf": [{"$ref": "#/components/schemas/State"}, NULL]}


def test_only_successes_are_described_and_json_before_other_forms() -> None:
    given = document(Job={"type": "object"})
    operation = given["paths"]["/jobs"]["get"]
    operation["responses"] |= {"404": {"description": ""}, "default": {"description": ""}}
    operation["responses"]["200"]["content"]["text/event-stream"] = {"schema": {}}
    exchanges.only_successes(given, SURFACE)
    exchanges.one_form_of_contents(given, SURFACE)
    assert list(operation["responses"]) == ["200"]
    assert list(operation["responses"]["200"]["content"]) == ["application/json"]


def test_security_stands_at_each_operation_and_an_operation_keeps_its_own() -> None:
    given = {**document(Job={}), "security": [{"key": []}]}
    given["paths"]["/jobs"]["post"] = {"operationId": "x", "security": [], "responses": {}}
    exchanges.security_of_its_own(given, SURFACE)
    assert "security" not in given
    assert [one["security"] for one in given["paths"]["/jobs"].values()] == [[{"key": []}], []]


# What servers send ----------------------------------------------------------------------------------------------

STATE: Node = {"type": "string", "enum": ["on", "off"]}
REF: Node = {"$ref": "#/components/schemas/State"}


def with_state(schema: Node) -> Node:
    """A job with a field of this schema, beside the named enum State."""
    return document(Job={"type": "object", "properties": {"it": schema}}, State=STATE)


@pytest.mark.parametrize(
    ("given", "mended"),
    [
        (REF, {"anyOf": [REF, STRING]}),
        ({"anyOf": [REF, NULL]}, {"anyOf": [REF, STRING, NULL]}),
        ({"oneOf": [{"type": "integer"}, REF]}, {"anyOf": [{"type": "integer"}, REF, STRING]}),
        ({"anyOf": [REF, STRING]}, {"anyOf": [REF, STRING]}),
        ({"type": "array", "items": REF}, {"type": "array", "items": {"anyOf": [REF, STRING]}}),
    ],
)
def test_an_enum_in_a_response_may_be_any_string(given: Node, mended: Node) -> None:
    found = with_state(given)
    responses.enums_are_open(found, SURFACE)
    assert found["components"]["schemas"]["Job"]["properties"]["it"] == mended
    assert found["components"]["schemas"]["State"] == STATE


def test_an_enum_in_a_request_stays_closed() -> None:
    given = document(Request={"type": "object", "properties": {"it": REF}}, State=STATE)
    responses.enums_are_open(given, SURFACE)
    assert given["components"]["schemas"]["Request"]["properties"]["it"] == REF


def test_a_date_in_a_response_may_be_any_string_and_one_that_is_sent_not() -> None:
    date = {"type": "string", "format": "date-time"}
    assert field(responses.dates_may_be_odd, date) == {"anyOf": [date, STRING]}
    assert field(responses.dates_may_be_odd, date, sent=True) == date


def test_a_constant_of_a_response_is_any_string_and_one_that_is_sent_stays() -> None:
    assert field(responses.constants_are_open, {"const": "job"}) == STRING
    assert field(responses.constants_are_open, {"const": "job"}, sent=True) == {"type": "string", "enum": ["job"]}


def kinds() -> Node:
    """A job whose kind is one of two, told apart by their tags, and whose plan is one of two that have none."""
    return document(
        Job={
            "type": "object",
            "required": ["id", "name", "kind"],
            "properties": {
                "id": {"type": "string"},
                "name": {"type": "string"},
                "kind": {"oneOf": [{"$ref": "#/components/schemas/Red"}, {"$ref": "#/components/schemas/Blue"}]},
                "plan": {"oneOf": [{"$ref": "#/components/schemas/Any"}, {"$ref": "#/components/schemas/Picky"}]},
            },
        },
        Red={"type": "object", "required": ["tag", "size"], "properties": {"tag": {"const": "red"}, "size": STRING}},
        Blue={"type": "object", "required": ["tag"], "properties": {"tag": {"const": "blue"}}},
        Any={"type": "object", "properties": {"share": {"type": "number"}}},
        Picky={
            "type": "object",
            "required": ["share", "turns"],
            "properties": {"share": {"type": "number"}, "turns": STRING},
        },
    )


def test_only_ids_and_what_tells_members_apart_is_required() -> None:
    given = kinds()
    responses.little_is_required(given, SURFACE)
    required = {name: schema.get("required") for name, schema in given["components"]["schemas"].items()}
    assert required == {"Job": ["id"], "Red": ["tag"], "Blue": ["tag"], "Any": None, "Picky": ["turns"]}


def test_tags_stay_closed() -> None:
    given = kinds()
    responses.constants_are_open(given, SURFACE)
    assert given["components"]["schemas"]["Red"]["properties"]["tag"] == {"type": "string", "enum": ["red"]}


def test_of_members_without_tags_the_demanding_one_is_tried_first() -> None:
    given = kinds()
    responses.the_demanding_first(given, SURFACE)
    fields = given["components"]["schemas"]["Job"]["properties"]
    assert [one["$ref"][-5:] for one in fields["plan"]["oneOf"]] == ["Picky", "s/Any"]
    assert [one["$ref"][-4:] for one in fields["kind"]["oneOf"]] == ["/Red", "Blue"]


def test_every_field_of_a_response_may_be_null_but_those_that_are_required() -> None:
    given = rules.apply(kinds(), SURFACE)["components"]["schemas"]
    assert given["Job"]["properties"]["id"] == STRING
    assert given["Job"]["properties"]["name"] == {"anyOf": [STRING, NULL]}
    assert given["Red"]["properties"]["tag"] == {"type": "string", "enum": ["red"]}
    assert given["Picky"]["properties"]["turns"] == STRING
    unknown = {"$ref": "#/components/schemas/UnknownObject"}
    assert given["Job"]["properties"]["kind"]["anyOf"][2:] == [unknown, NULL]
    assert given["UnknownObject"] == {"type": "object", "additionalProperties": True}


def test_a_list_of_objects_holds_them_and_a_list_of_a_union_has_a_last_resort() -> None:
    one, other = {"$ref": "#/components/schemas/Red"}, {"$ref": "#/components/schemas/Blue"}
    given = kinds()
    fields = given["components"]["schemas"]["Job"]["properties"]
    fields["reds"] = {"type": "array", "items": one}
    fields["all"] = {"type": "array", "items": {"oneOf": [one, other]}}
    responses.unions_have_a_last_resort(given, SURFACE)
    assert fields["reds"]["items"] == one
    assert fields["all"]["items"]["anyOf"][2] == {"$ref": "#/components/schemas/UnknownObject"}


def test_requests_are_left_as_strict_as_they_are() -> None:
    request = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": STRING, "b": STATE, "c": {"type": "integer"}},
    }
    made = rules.apply(document(Request=request), SURFACE)["components"]["schemas"]
    assert made["Request"]["required"] == ["a", "b"]
    assert made["Request"]["properties"] == {
        "a": STRING,
        "b": {"$ref": "#/components/schemas/RequestB"},
        "c": {"type": "integer"},
    }


# Names ----------------------------------------------------------------------------------------------------------


def named(given: Node, **types: str) -> Node:
    """The schemas after the rules about names; dots in places are written as two underlines."""
    surface = Surface(SURFACE.operations, {place.replace("__", "."): name for place, name in types.items()}, {})
    names.types_have_our_names(given, surface)
    names.no_aliases(given, surface)
    names.places_have_types(given, surface)
    found: Node = given["components"]["schemas"]
    return found


def inline() -> Node:
    """A job with an object, an enum and a constant on the spot."""
    progress = {"type": "object", "properties": {"left": {"type": "number"}}}
    return document(
        Job={"type": "object", "properties": {"progress": progress, "state": STATE, "kind": {"enum": ["job"]}}}
    )


def test_types_on_the_spot_are_named_after_their_places_but_for_constants() -> None:
    found = named(inline())
    assert found["Job"]["properties"] == {
        "progress": {"$ref": "#/components/schemas/JobProgress"},
        "state": {"$ref": "#/components/schemas/JobState"},
        "kind": {"enum": ["job"]},
    }


def test_types_on_the_spot_are_called_as_we_say() -> None:
    found = named(inline(), Job__progress="Progress", Job__state="string")
    assert found["Job"]["properties"]["progress"] == {"$ref": "#/components/schemas/Progress"}
    assert found["Job"]["properties"]["state"] == STRING


def test_a_name_for_a_place_without_a_type_is_an_error() -> None:
    with pytest.raises(SpecError, match=r"names the types of places that have none now: Job\.gone"):
        named(inline(), Job__gone="Gone")
    with pytest.raises(
        SpecError, match=r"none now: Job\.progression \(is it called progress now\?\), Job\.y\. Rename or"
    ):
        named(inline(), Job__progression="Progress", Job__y="Y", Job__state="State")
    with pytest.raises(SpecError, match=r"renames types that are not in the specification: Gone"):
        named(inline(), Gone="Come")


def test_two_different_types_cannot_have_one_name() -> None:
    with pytest.raises(
        SpecError, match=r"Job\.progress and Job\.state are different types, and .* gives both the name Same"
    ):
        named(inline(), Job__progress="Same", Job__state="Same")


def test_types_of_one_name_are_one_with_the_fields_of_all() -> None:
    given = document(
        Job={
            "type": "object",
            "properties": {"all": {"$ref": "#/components/schemas/Long"}, "few": {"$ref": "#/components/schemas/Short"}},
        },
        Long={"type": "object", "properties": {"a": STRING, "b": STRING}},
        Short={"type": "object", "properties": {"a": STRING, "c": STRING}},
    )
    found = named(given, Long="Thing", Short="Thing")
    assert sorted(found["Thing"]["properties"]) == ["a", "b", "c"]
    assert found["Job"]["properties"]["few"] == {"$ref": "#/components/schemas/Thing"}


def test_a_field_that_types_of_one_name_describe_differently_is_what_either_says() -> None:
    """Else a change of one of them would be lost in silence."""
    other, known = {"$ref": "#/components/schemas/Machine"}, {"$ref": "#/components/schemas/Box"}
    given = document(
        Job={"type": "object", "properties": {"a": {"type": "string"}, "b": {"enum": ["x"]}, "c": other}},
        Short={"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": ["y"]}, "c": known}},
        Machine={"type": "object"},
        Box={"type": "object"},
    )
    found = named(given, Short="Job", Box="Machine")
    assert found["JobB"]["enum"] == ["x", "y"]
    assert found["Job"]["properties"] == {
        "a": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "b": {"anyOf": [{"$ref": "#/components/schemas/JobB"}]},
        "c": other,
    }


def test_a_named_list_is_put_where_it_is_used_however_deep() -> None:
    given = document(
        Job={"type": "object", "properties": {"rows": {"$ref": "#/components/schemas/Rows"}}},
        Rows={"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
        Row={"type": "array", "items": STRING},
    )
    found = named(given)
    assert found["Job"]["properties"]["rows"] == {"type": "array", "items": {"type": "array", "items": STRING}}
    assert "Rows" not in found


def test_a_named_list_of_itself_is_an_error() -> None:
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Rows"}}
    given = document(Job={"type": "object", "properties": {"rows": {"$ref": "#/components/schemas/Rows"}}}, Rows=rows)
    with pytest.raises(SpecError, match=r"schemas/Rows refers to itself, and to nothing that has fields"):
        named(given)
