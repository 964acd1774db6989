"""Rules about what servers send: a parser that is surprised raises, and takes the whole response with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tools.spec.documents import SCHEMAS, Node, references, resolve
from tools.spec.normal import TYPES, is_nothing
from tools.spec.rules.places import ANY_OBJECT, NULL, UNIONS, UNKNOWN_OBJECT, Place, members, rewrite, united
from tools.spec.surface import Surface

TEXT: Node = {"type": "string"}
ID = "id"


def responses_are_open(document: Node, _surface: Surface) -> None:
    """A closed class drops fields that it does not have, in silence, and a typed one raises: clients are older."""

    def change(schema: Node, place: Place) -> Node:
        if place.from_server:
            schema.pop("unevaluatedProperties", None)
            if is_nothing(schema.get("additionalProperties")) or schema.get("properties"):
                schema.pop("additionalProperties", None)
        return schema

    rewrite(document, change)


def tags_are_required(document: Node, _surface: Surface) -> None:
    """A field by whose values the members of a union differ tells them apart only where it has to be there."""
    schemas = document["components"]["schemas"]
    for names in _unions(document):
        for name, field in _apart(document, names):
            # Null would be the tag of none of them.
            values = [one for one in members(schemas[name]["properties"][field]) if one != NULL]
            schemas[name]["properties"][field] = values[0] if len(values) == 1 else {"anyOf": values}
            schemas[name]["required"] = sorted({*schemas[name].get("required", []), field})


def _apart(document: Node, names: list[str]) -> Iterator[tuple[str, str]]:
    """The fields, by type, for which a member of a union has other known values than another member."""
    fields = {name: document["components"]["schemas"][name]["properties"] for name in names}
    known = {(name, field): _known(document, it) for name in names for field, it in fields[name].items()}
    for (name, field), values in known.items():
        others = [known.get((other, field)) for other in names if other != name]
        if values and any(other and not values & other for other in others):
            yield name, field


def _known(document: Node, field: Any) -> frozenset[Any]:  # noqa: ANN401 -- a schema may be true or false
    """The values of a field that has no others but null; none if it may have any."""
    values: set[Any] = set()
    for one in members(field) if isinstance(field, dict) else []:
        it = resolve(document, one["$ref"]) if "$ref" in one else one
        if one != NULL and not ("const" in it or "enum" in it):
            return frozenset()
        values |= {it["const"]} if "const" in it else set(it.get("enum", ()))
    return frozenset(values)


def constants_are_open(document: Node, _surface: Surface) -> None:
    """A constant in a response is a closed set of one; only the tag by which a union knows its member stays closed."""
    tags = _tags(document)

    def change(schema: Node, place: Place) -> Node:
        if "const" not in schema and not (place.role == "field" and len(schema.get("enum", [])) == 1):
            return schema
        value = schema.pop("const", (schema.get("enum") or [None])[0])
        plain = {"type": schema.get("type", TYPES.get(type(value), "string"))}
        is_tag = place.name in tags
        if isinstance(value, bool):
            # The generator makes no enums of booleans, and no constants of what may be absent.
            return {"const": value} if is_tag else plain
        return plain if place.from_server and not is_tag else {**plain, "enum": [value]}

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
    tags = _tags(document)

    def change(schema: Node, place: Place) -> Node:
        alternatives = members(schema)
        closed = any(one.get("$ref") in enums for one in alternatives) and place.name not in tags
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


def items_may_be_null(document: Node, _surface: Surface) -> None:
    """An odd item costs the others their type, unless null is beside it. Lists of one type of objects need no null."""
    schemas = document["components"]["schemas"]
    objects = {SCHEMAS + name for name, schema in schemas.items() if "enum" not in schema}

    def change(schema: Node, place: Place) -> Node:
        alternatives = members(schema)
        demanding = all(_holds_objects(one, objects) for one in alternatives)
        is_item = place.role == "value" or (place.role == "item" and {"$ref"} != schema.keys())
        return united(schema, [*alternatives, NULL]) if place.from_server and is_item and demanding else schema

    rewrite(document, change)


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


def _holds_objects(schema: Node, objects: set[str]) -> bool:
    """Whether a schema is one of the named objects, or a list of such."""
    items = schema.get("items")
    within = [_holds_objects(one, objects) for one in members(items)] if isinstance(items, dict) else []
    return schema.get("$ref") in objects or any(within)


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
    """The fields, as `Type.field`, by which a union knows its member: required, and of one value or other values."""
    schemas = document["components"]["schemas"]
    found: set[str] = set()
    for names in _unions(document):
        apart = {*_apart(document, names)}
        found |= {
            f"{name}.{field}"
            for name in names
            for field in schemas[name].get("required", [])
            if (name, field) in apart or _is_constant(schemas[name]["properties"].get(field, {}))
        }
    return found


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
