"""Rules about names: every class is called as `surface.yaml` says, and none by a title or by chance."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

from tools.spec.documents import SCHEMAS, Node, SpecError, references
from tools.spec.rules.places import ANY_OBJECT, UNKNOWN_OBJECT, Place, children, roots
from tools.spec.surface import Surface

FREE: dict[str, Node] = {"string": {"type": "string"}, UNKNOWN_OBJECT: {"$ref": SCHEMAS + UNKNOWN_OBJECT}}
"""The names in `surface.yaml` for what needs no class: any string, and any object."""


def types_have_our_names(document: Node, surface: Surface) -> None:
    """Some of the specification's names are not ours; types of one name are one, with the fields of them all."""
    schemas: Node = document["components"]["schemas"]
    if gone := [name for name in surface.types if not _is_a_place(name) and name not in schemas]:
        raise SpecError(f"surface.yaml renames types that are not there (any more): {', '.join(gone)}")
    ours: Node = {UNKNOWN_OBJECT: {**ANY_OBJECT}}
    for old, schema in schemas.items():
        name = surface.types.get(old, old)
        if name not in FREE:
            ours[name] = _with_fields_of(ours[name], schema) if name in ours else schema
    document["components"]["schemas"] = ours
    renamed = {old: surface.types[old] for old in schemas if old in surface.types}
    _replace(document, {SCHEMAS + old: FREE.get(new, {"$ref": SCHEMAS + new}) for old, new in renamed.items()})


def no_aliases(document: Node, _surface: Surface) -> None:
    """A named list or union gets no class: where it stands in its place, the other rules see what it is."""
    schemas: Node = document["components"]["schemas"]
    aliases = {SCHEMAS + name: schema for name, schema in schemas.items() if not _has_a_class(schema)}
    document["components"]["schemas"] = {name: one for name, one in schemas.items() if SCHEMAS + name not in aliases}
    if circular := [alias for alias in aliases if alias in _reached_among(aliases, alias)]:
        raise SpecError(f"{circular[0]} refers to itself, and to nothing that has fields")
    # One may hold another; as many rounds as there are aliases are enough.
    for _ in aliases:
        _replace(document, aliases)


def places_have_types(document: Node, surface: Surface) -> None:
    """A class named by the generator after its place is another one as soon as a field moves or a title is added."""
    schemas: Node = document["components"]["schemas"]
    unused = {name for name in surface.types if _is_a_place(name)}

    def named(schema: Node, place: Place) -> Node:
        """The schema, or a reference to the type that it has become; the same within it."""
        name = surface.types.get(place.name)
        if name in FREE and place.role != "member":
            unused.discard(place.name)
            return {**FREE[name]}
        becomes_a_type = place.role != "type" and _is_a_type(schema, name, place)
        if becomes_a_type:
            unused.discard(place.name)
            place = replace(place, name=name or _pascal(place.name), role="type")
        for holder, key, inner in children(schema, place):
            if isinstance(holder[key], dict):
                holder[key] = named(holder[key], inner)
        return _as_a_type(schemas, schema, place.name, ours=name is not None) if becomes_a_type else schema

    for type_ in list(schemas):
        schemas[type_] = named(schemas[type_], Place(type_, "type", answered=False))
    for holder, place in roots(document):
        holder["schema"] = named(holder["schema"], place)
    if unused:
        raise SpecError(
            f"surface.yaml names the types of places that have none (any more): {', '.join(sorted(unused))}"
        )


def _is_a_place(name: str) -> bool:
    return "." in name or "[" in name


def _has_a_class(schema: Node) -> bool:
    """Whether a named schema gets a class of its own: objects and enums do."""
    return "enum" in schema or "allOf" in schema or "properties" in schema or schema.get("type") == "object"


def _is_a_type(schema: Node, name: str | None, place: Place) -> bool:
    """Whether a schema in its place gets a class: an object with fields, an enum but for a constant field."""
    if "enum" in schema:
        return len(schema["enum"]) > 1 or place.role == "member"
    if not _has_a_class(schema):
        return False
    return bool(schema.get("properties")) or name is not None


def _as_a_type(schemas: Node, schema: Node, name: str, *, ours: bool) -> Node:
    """Give the schema its name, numbered if it is taken and not `ours`; gives the reference to it."""
    free, number = name, 1
    while schemas.setdefault(free, schema) != schema:
        if ours:
            raise SpecError(f"two different types want the name {name}: surface.yaml has to give one of them another")
        number += 1
        free = f"{name}{number}"
    return {"$ref": SCHEMAS + free}


def _reached_among(aliases: dict[str, Node], alias: str) -> set[str]:
    """The aliases that one leads to, by way of others alone."""
    waiting, seen = [alias], set[str]()
    while waiting:
        for reference in aliases.keys() & set(references(aliases[waiting.pop()])) - seen:
            seen.add(reference)
            waiting.append(reference)
    return seen


def _with_fields_of(schema: Node, other: Node) -> Node:
    return {**schema, "properties": {**other.get("properties", {}), **schema.get("properties", {})}}


def _replace(node: Any, replacements: dict[str, Node]) -> None:  # noqa: ANN401 -- any part of a document
    """Put others in the place of references; what stands beside a reference stays."""
    if isinstance(node, dict):
        parts = list(node.values())
        if node.get("$ref") in replacements:
            node.update({**deepcopy(replacements[node.pop("$ref")]), **node})
        for part in parts:
            _replace(part, replacements)
    elif isinstance(node, list):
        for part in node:
            _replace(part, replacements)


def _pascal(place: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", place.replace("_", ".")))
