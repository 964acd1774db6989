"""Rules about what servers send: a parser that is surprised raises, and takes the whole response with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tools.spec.documents import SCHEMAS, Node, references
from tools.spec.rules.places import ANY_OBJECT, NULL, UNIONS, UNKNOWN_OBJECT, Place, members, rewrite, united
from tools.spec.surface import Surface

TEXT: Node = {"type": "string"}
ID = "id"


def responses_are_open(document: Node, _surface: Surface) -> None:
    """A class of a closed object drops the fields that it does not have, in silence: clients are older than servers."""

    def change(schema: Node, place: Place) -> Node:
        if place.from_server:
            schema.pop("unevaluatedProperties", None)
            if schema.get("additionalProperties") is False:
                del schema["additionalProperties"]
        return schema

    rewrite(document, change)


def tags_are_required(document: Node, _surface: Surface) -> None:
    """A constant field by which the members of a union differ tells them apart only where it has to be there."""
    schemas = document["components"]["schemas"]
    for names in _unions(document):
        constants = [(name, field, one) for name in names for field, one in _constants(schemas[name])]
        for name, field, one in constants:
            if any(other != name and it == field and _value(one) != _value(known) for other, it, known in constants):
                # Null would be the tag of none of them.
                schemas[name]["properties"][field] = one
                required = schemas[name].setdefault("required", [])
                if field not in required:
                    schemas[name]["required"] = sorted([*required, field])


def _constants(schema: Node) -> Iterator[tuple[str, Node]]:
    """The fields of one value, or of that and null, each with the schema of the value."""
    for name, field in schema["properties"].items():
        alternatives = [one for one in members(field) if one != NULL] if isinstance(field, dict) else []
        if len(alternatives) == 1 and _is_constant(alternatives[0]):
            yield name, alternatives[0]


def _value(constant: Node) -> Any:  # noqa: ANN401 -- any value
    return constant["const"] if "const" in constant else constant["enum"][0]


def constants_are_open(document: Node, _surface: Surface) -> None:
    """A constant in a response is a closed set of one; only the tag by which a union knows its member stays closed."""
    tags = _tags(document)

    def change(schema: Node, place: Place) -> Node:
        if "const" not in schema and not (place.role == "field" and len(schema.get("enum", [])) == 1):
            return schema
        value = schema.pop("const", (schema.get("enum") or [None])[0])
        if place.from_server and place.name not in tags:
            return {"type": schema.get("type", "string")}
        return {"type": schema.get("type", "string"), "enum": [value]}

    rewrite(document, change)


def little_is_required(document: Node, _surface: Surface) -> None:
    """An absent field raises if it is required: only an ID is, and what tells the members of a union apart."""
    apart = _tags(document) | set(_distinguishing(document))

    def change(schema: Node, place: Place) -> Node:
        if place.from_server and "required" in schema:
            required = [name for name in schema["required"] if name == ID or f"{place.name}.{name}" in apart]
            schema.pop("required")
            return {**schema, "required": required} if required else schema
        return schema

    rewrite(document, change)


def enums_are_open(document: Node, _surface: Surface) -> None:
    """One new status, and a whole list cannot be read: a known value or any string."""
    enums = {SCHEMAS + name for name, schema in document["components"]["schemas"].items() if "enum" in schema}

    def change(schema: Node, place: Place) -> Node:
        alternatives = members(schema)
        closed = any(one.get("$ref") in enums for one in alternatives)
        if not place.from_server or place.role in {"type", "member"} or not closed or TEXT in alternatives:
            return schema
        return united(schema, [*alternatives, TEXT])

    rewrite(document, change)


def dates_may_be_odd(document: Node, _surface: Surface) -> None:
    """A date in an unexpected form must not lose a job."""

    def change(schema: Node, place: Place) -> Node:
        alternatives = members(schema)
        dated = any(one.get("format") in {"date-time", "date"} for one in alternatives)
        if not place.from_server or place.role == "member" or not dated or TEXT in alternatives:
            return schema
        return united(schema, [*alternatives, TEXT])

    rewrite(document, change)


def the_demanding_first(document: Node, _surface: Surface) -> None:
    """Of a union without tags the first member that fits is taken, and one that requires nothing fits everything."""
    distinguishing = _distinguishing(document)
    demands = Counter(SCHEMAS + place.rpartition(".")[0] for place in distinguishing)

    def change(schema: Node, _place: Place) -> Node:
        for union in UNIONS:
            if any(demands[one.get("$ref", "")] for one in schema.get(union, [])):
                schema[union].sort(key=lambda one: -demands[one.get("$ref", "")])
        return schema

    rewrite(document, change)


def unions_have_a_last_resort(document: Node, _surface: Surface) -> None:
    """An unknown kind of object raises in the last member: a free-form object comes after it."""
    schemas = document["components"]["schemas"]
    objects = {SCHEMAS + name for name, schema in schemas.items() if "enum" not in schema}
    last_resort = {"$ref": SCHEMAS + UNKNOWN_OBJECT}

    def change(schema: Node, place: Place) -> Node:
        alternatives = members(schema)
        kinds = sum(one.get("$ref") in objects for one in alternatives)
        # An item that is no union stays what it is: a list of jobs holds jobs.
        enough = kinds > (0 if place.role == "field" else 1)
        if not place.from_server or place.role in {"type", "member"} or not enough or last_resort in alternatives:
            return schema
        return united(schema, [*alternatives, last_resort])

    rewrite(document, change)
    if last_resort["$ref"] in references([document["paths"], schemas]):
        schemas[UNKNOWN_OBJECT] = {**ANY_OBJECT}


def anything_may_be_null(document: Node, _surface: Surface) -> None:
    """Fields are null at will, and null where nothing says so raises, or makes the type annotation lie."""
    apart = _tags(document)

    def change(schema: Node, place: Place) -> Node:
        if place.role != "type" or not place.from_server:
            return schema
        for name, field in schema.get("properties", {}).items():
            if name not in schema.get("required", []) and f"{place.name}.{name}" not in apart and field:
                schema["properties"][name] = united(field, [*members(field), NULL])
        return schema

    rewrite(document, change)


def _unions(document: Node) -> list[list[str]]:
    """The unions of two and more named objects, by their members' names."""
    found: list[list[str]] = []

    def look(schema: Node, _place: Place) -> Node:
        names = [one["$ref"].removeprefix(SCHEMAS) for one in members(schema) if "$ref" in one]
        objects = [name for name in names if "properties" in document["components"]["schemas"].get(name, {})]
        if len(objects) > 1 and any(union in schema for union in UNIONS):
            found.append(objects)
        return schema

    rewrite(document, look)
    return found


def _tags(document: Node) -> set[str]:
    """The fields, as `Type.field`, by which a union knows its member: required, and of one value."""
    schemas = document["components"]["schemas"]
    return {
        f"{name}.{field}"
        for names in _unions(document)
        for name in names
        for field in schemas[name].get("required", [])
        if _is_constant(schemas[name]["properties"].get(field, {}))
    }


def _distinguishing(document: Node) -> list[str]:
    """The fields, as `Type.field`, that tell apart a member without a tag: only it has and requires them."""
    schemas, tags, found = document["components"]["schemas"], _tags(document), set()
    for names in _unions(document):
        if any(tag.startswith(f"{name}.") for name in names for tag in tags):
            continue
        for name in names:
            elsewhere = {field for other in names if other != name for field in schemas[other]["properties"]}
            found |= {f"{name}.{field}" for field in schemas[name].get("required", []) if field not in elsewhere}
    return sorted(found)


def _is_constant(schema: Any) -> bool:  # noqa: ANN401 -- a schema may be true or false
    return isinstance(schema, dict) and ("const" in schema or len(schema.get("enum", [])) == 1)
