"""Rules about how a schema is written: one form for one meaning."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tools.spec.documents import SCHEMAS, Node, SpecError, resolve
from tools.spec.normal import is_nothing, is_null, joined, one_schema, restricts
from tools.spec.rules.places import NULL, UNIONS, Place, or_null, rewrite, united
from tools.spec.surface import Surface

WORDS = frozenset({"title", "description", "example", "examples", "externalDocs"})
DEEPEST = 16
"""Levels of `allOf` within what an `allOf` refers to."""
NUMBER_FORMATS = frozenset({"int32", "int64", "float", "double"})


def no_foreign_words(document: Node, _surface: Surface) -> None:
    """The specification's wording is not ours, and a title would rename the class."""

    def wordless(node: Node, words: frozenset[str] = WORDS) -> None:
        for name in [name for name in node if name in words or name.startswith("x-")]:
            del node[name]

    def change(schema: Node, _place: Place) -> Node:
        wordless(schema)
        return schema

    rewrite(document, change)
    for node in (document["info"], *document.get("servers", []), *document["components"]["securitySchemes"].values()):
        wordless(node)
    for item in document["paths"].values():
        for operation in item.values():
            wordless(operation, WORDS | {"summary"})
            contents = [*operation["responses"].values()]
            contents += [operation["requestBody"]] if "requestBody" in operation else []
            for holder in (*operation["parameters"], *contents):
                wordless(holder)
                for content in holder.get("content", {}).values():
                    wordless(content)


def no_intersections(document: Node, _surface: Surface) -> None:
    """An `allOf` gets a class of its own for each part, and in a union its tag is not seen: one schema says it all."""
    merged: set[str] = set()

    def change(schema: Node, place: Place) -> Node:
        whole = one_schema(document, schema, (SCHEMAS + place.name,) if place.role == "type" else ())
        if whole is not schema:
            merged.add(place.name)
        return deepcopy(whole)

    # What a part brings along from another type may be put together itself.
    for _ in range(DEEPEST):
        merged.clear()
        try:
            rewrite(document, change)
        except RecursionError:
            break
        if not merged:
            return
    raise SpecError(
        f"{min(merged).partition('.')[0]} is an allOf that contains itself: describe it without allOf, "
        "in a copy of the specification"
    )


def no_forbidden_fields(document: Node, _surface: Surface) -> None:
    """A field that may not be there would be one of any type, and other fields that may not be there of none."""

    def change(schema: Node, _place: Place) -> Node:
        if "properties" in schema:
            schema["properties"] = {name: it for name, it in schema["properties"].items() if not is_nothing(it)}
        if is_nothing(schema.get("additionalProperties")):
            schema["additionalProperties"] = False
        return schema

    rewrite(document, change)


def constants_are_enums(document: Node, _surface: Surface) -> None:
    """A union of constants is an enum, and would get a class for each of them."""
    rewrite(document, lambda schema, _place: joined(document, schema))


def discriminators_are_tags(document: Node, _surface: Surface) -> None:
    """The generator reads no discriminator: the field that it names has one value in each member of the union."""

    def change(schema: Node, _place: Place) -> Node:
        discriminator = schema.pop("discriminator", None)
        if not isinstance(discriminator, dict) or not any(union in schema for union in UNIONS):
            return schema
        field, mapping = str(discriminator.get("propertyName")), discriminator.get("mapping") or {}
        for union in UNIONS:
            for member in schema.get(union, []):
                if "$ref" in member:
                    _tag(resolve(document, member["$ref"]), field, _values_for(member["$ref"], mapping))
        return schema

    rewrite(document, change)


def _values_for(reference: str, mapping: Node) -> list[str]:
    """The values for which a discriminator leads to a member: those of the mapping, else the member's name."""
    name = reference.rpartition("/")[2]
    return [value for value, target in mapping.items() if target in {reference, name}] or [name]


def _tag(member: Any, field: str, values: list[str]) -> None:  # noqa: ANN401 -- a schema may be true or false
    """Give a member of a union its tag, unless it has one."""
    if not isinstance(member, dict) or field not in member.get("properties", {}):
        return
    known = member["properties"][field]
    if not isinstance(known, dict) or not ("const" in known or len(known.get("enum", [])) == 1):
        member["properties"][field] = {"const": values[0]} if len(values) == 1 else {"type": "string", "enum": values}
    member["required"] = sorted({*member.get("required", []), field})


def arrays_have_items(document: Node, _surface: Surface) -> None:
    """The generator drops a type that has an array without `items`: they may be anything."""

    def change(schema: Node, _place: Place) -> Node:
        types = schema.get("type")
        if (types == "array" or (isinstance(types, list) and "array" in types)) and "prefixItems" not in schema:
            schema.setdefault("items", {})
        return schema

    rewrite(document, change)


def no_siblings_of_unions(document: Node, _surface: Surface) -> None:
    """A type beside `oneOf`, `anyOf` or `$ref` makes the generator drop the operation or the class, in silence."""

    def change(schema: Node, _place: Place) -> Node:
        if any(name in schema for name in (*UNIONS, "$ref")):
            schema.pop("type", None)
        return schema

    rewrite(document, change)


def one_form_of_null(document: Node, _surface: Surface) -> None:
    """`nullable` means nothing in 3.1, and null in an enum or a list of types is read otherwise: a member says it."""
    nullable: set[str] = set()

    def change(schema: Node, place: Place) -> Node:
        schema, may_be_null = _without_null(schema)
        for union in UNIONS if place.role == "type" else ():
            may_be_null |= any(is_null(member) for member in schema.get(union, []))
            if union in schema:
                schema[union] = [member for member in schema[union] if not is_null(member)]
        # A type that may be null is a type of its own, and null beside it wherever it is used.
        if may_be_null and place.role == "type":
            nullable.add(SCHEMAS + place.name)
        return or_null(schema) if may_be_null and place.role != "type" else schema

    def follow(schema: Node, _place: Place) -> Node:
        return or_null(schema) if schema.get("$ref") in nullable else schema

    rewrite(document, change)
    rewrite(document, follow)


def _without_null(schema: Node) -> tuple[Node, bool]:
    """The schema for what is not null, and whether null is allowed besides."""
    may_be_null = schema.pop("nullable", False) is True
    if "const" in schema and schema["const"] is None:
        return {"type": "null"}, False
    if isinstance(schema.get("type"), list):
        types = schema.pop("type")
        may_be_null |= "null" in types
        kinds = [{**schema, "type": kind} for kind in types if kind != "null"]
        schema = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if None in schema.get("enum", []):
        may_be_null = True
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    return schema, may_be_null


def no_unions_of_one(document: Node, _surface: Surface) -> None:
    """A union or intersection of one member says what its member says, and would get a class of its own."""

    def change(schema: Node, _place: Place) -> Node:
        for union in (*UNIONS, "allOf"):
            if len(schema.get(union, [])) == 1:
                (only,) = schema.pop(union)
                return {**schema, **only}
        for union in UNIONS:
            flat = [inner for member in schema.get(union, []) for inner in _members(member)]
            # One form for both unions, where they have null or each other in them.
            if flat != schema.get(union, []) or NULL in flat:
                return united({**schema}, [one for number, one in enumerate(flat) if one not in flat[:number]])
        return schema

    rewrite(document, change)


def _members(member: Any) -> list[Any]:  # noqa: ANN401 -- a schema may be true or false
    """The members of a union in a union, else the member itself."""
    if isinstance(member, dict) and len(member) == 1:
        for union in UNIONS:
            if union in member:
                return [inner for one in member[union] for inner in _members(one)]
    return [member]


def no_defaults(document: Node, _surface: Surface) -> None:
    """The generated client would send every default, deprecated ones too: the server has its own."""

    def change(schema: Node, _place: Place) -> Node:
        schema.pop("default", None)
        return schema

    rewrite(document, change)


def no_bounds(document: Node, _surface: Surface) -> None:
    """Servers check them, the generated client does not; nor does `deprecated: false` say anything."""

    def change(schema: Node, _place: Place) -> Node:
        for name in [name for name in schema if restricts(name)]:
            del schema[name]
        if schema.get("deprecated") is False:
            del schema["deprecated"]
        return schema

    rewrite(document, change)
    for item in document["paths"].values():
        for operation in item.values():
            for holder in (operation, *operation["parameters"]):
                if holder.get("deprecated") is False:
                    del holder["deprecated"]


def no_order_without_meaning(document: Node, _surface: Surface) -> None:
    """Required fields and known values are sets: the specification lists them in another order one day."""

    def change(schema: Node, _place: Place) -> Node:
        for name in {"required", "enum"} & schema.keys():
            schema[name] = sorted(schema[name], key=str)
        if not schema.get("required", True):
            del schema["required"]
        return schema

    rewrite(document, change)


def no_formats_of_numbers(document: Node, _surface: Surface) -> None:
    """They change no code, but they come and go."""

    def change(schema: Node, _place: Place) -> Node:
        if schema.get("format") in NUMBER_FORMATS:
            del schema["format"]
        return schema

    rewrite(document, change)
