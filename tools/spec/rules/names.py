"""Rules about names: every class is called as `surface.yaml` says, and none by a title or by chance."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from tools.spec.compare_schemas import is_it_called
from tools.spec.documents import SCHEMAS, FaultError, Node, SpecError, references
from tools.spec.normal import joined
from tools.spec.rules.places import ANY_OBJECT, UNIONS, UNKNOWN_OBJECT, Place, children, rewrite, roots
from tools.spec.surface import Surface, is_place

FREE: dict[str, Node] = {"string": {"type": "string"}, UNKNOWN_OBJECT: {"$ref": SCHEMAS + UNKNOWN_OBJECT}}
"""The names in `surface.yaml` for what needs no class: any string, and any object."""


def types_have_our_names(document: Node, surface: Surface) -> None:
    """Some of the specification's names are not ours; types of one name are one, with the fields of them all."""
    schemas: Node = document["components"]["schemas"]
    if gone := [name for name in surface.types if not is_place(name) and name not in schemas]:
        raise SpecError(
            f"tools/spec/surface.yaml renames types that are not in the specification: {', '.join(gone)}. Remove these "
            "lines; or, if a type has another name now, change the name before the colon."
        )
    renamed = {old: surface.types[old] for old in schemas if old in surface.types}
    _replace(document, {SCHEMAS + old: FREE.get(new, {"$ref": SCHEMAS + new}) for old, new in renamed.items()})
    ours: Node = {UNKNOWN_OBJECT: {**ANY_OBJECT}}
    for old, schema in schemas.items():
        name = surface.types.get(old, old)
        if name not in FREE:
            ours[name] = _with_fields_of(document, ours[name], schema) if name in ours else schema
    document["components"]["schemas"] = ours


def no_aliases(document: Node, _surface: Surface) -> None:
    """A named list or union gets no class: where it stands in its place, the other rules see what it is."""
    schemas: Node = document["components"]["schemas"]
    aliases = {SCHEMAS + name: schema for name, schema in schemas.items() if not _has_a_class(schema)}
    document["components"]["schemas"] = {name: one for name, one in schemas.items() if SCHEMAS + name not in aliases}
    if circular := [alias for alias in aliases if alias in _reached_among(aliases, alias)]:
        raise FaultError(f"{circular[0]} refers to itself, and to nothing that has fields")
    # One may hold another; as many rounds as there are aliases are enough.
    for _ in aliases:
        _replace(document, aliases)


def places_have_types(document: Node, surface: Surface) -> None:
    """A class named by the generator after its place is another one as soon as a field moves or a title is added."""
    unused = {name for name in surface.types if is_place(name)} - _called_by_places(document, surface)
    schemas: Node = document["components"]["schemas"]
    origins: dict[str, str] = {}
    places: list[str] = []

    def named(schema: Node, place: Place) -> Node:
        """The schema, or a reference to the type that it has become; the same within it."""
        name = surface.types.get(place.name)
        if name in FREE and place.role != "member":
            unused.discard(place.name)
            return {**FREE[name]}
        becomes_a_type = place.role != "type" and _is_a_type(schema, name, place)
        called = place.name
        if becomes_a_type:
            unused.discard(place.name)
            place = place._replace(name=name or _pascal(place.name), role="type")
        labels = _labels(schema, place, surface)
        for holder, key, inner in children(schema, place):
            if isinstance(holder[key], dict):
                holder[key] = named(holder[key], inner._replace(name=inner.name + labels.get(id(holder[key]), "")))
        if not becomes_a_type:
            return schema
        places.append(called)
        return _as_a_type(schemas, schema, place.name, origins, called if name is not None else "")

    for type_ in list(schemas):
        schemas[type_] = named(schemas[type_], Place(type_, "type", from_server=False))
    for holder, place in roots(document):
        holder["schema"] = named(holder["schema"], place)
    if unused:
        lost = [
            f"{place}{_hint(place, [one for one in places if one not in surface.types])}" for place in sorted(unused)
        ]
        raise SpecError(
            f"tools/spec/surface.yaml names the types of places that have none now: {', '.join(lost)}. "
            "Rename or remove these lines; or, if servers still send or accept them, describe them in "
            "openapi.overlay.yaml."
        )


def _hint(place: str, others: list[str]) -> str:
    """What a place may be called now: one beside it, of a similar name."""
    holder, _, name = place.rpartition(".")
    return is_it_called(name, [other for of, _, other in (one.rpartition(".") for one in others) if of == holder])


def _called_by_places(document: Node, surface: Surface) -> set[str]:
    """Rename named types that are found where `surface.yaml` names the type of the place; gives these places.

    A specification may give a type that it has described on the spot a name at any time.
    """
    found: set[str] = set()
    # The name of a type is part of the names of the places in it: again, until there is nothing more to rename.
    while True:
        schemas: Node = document["components"]["schemas"]
        wanted, places = _wanted_names(document, surface)
        found |= places
        wanted = {old: new for old, new in wanted.items() if old != new}
        if not wanted:
            return found
        for old, new in wanted.items():
            if new in schemas and schemas[new] != schemas[old]:
                raise SpecError(
                    f"the specification has a type {new}, and tools/spec/surface.yaml gives the name {new} to its type "
                    f"{old}, by its place: give the other one another name there, under types (`{new}: NAME`)"
                )
        document["components"]["schemas"] = {wanted.get(name, name): one for name, one in schemas.items()}
        _replace(document, {SCHEMAS + old: {"$ref": SCHEMAS + new} for old, new in wanted.items()})


def _wanted_names(document: Node, surface: Surface) -> tuple[dict[str, str], set[str]]:
    """The names that `surface.yaml` gives to named types by their places, and these places."""
    schemas: Node = document["components"]["schemas"]
    given = {name for place, name in surface.types.items() if not is_place(place)}
    wanted: dict[str, str] = {}
    first: dict[str, str] = {}
    places: set[str] = set()

    def look(schema: Node, place: Place) -> Node:
        name, type_ = surface.types.get(place.name), str(schema.get("$ref", "")).removeprefix(SCHEMAS)
        if name is None or name in FREE or type_ not in schemas or type_ in given or place.role == "type":
            return schema
        if wanted.setdefault(type_, name) != name:
            lines = " and ".join(f"`{one}: {surface.types[one]}`" for one in (first[type_], place.name))
            raise SpecError(
                f"{type_} of the specification is the type of places that have different names in "
                f"tools/spec/surface.yaml: give them the same name there, in {lines}"
            )
        first.setdefault(type_, place.name)
        places.add(place.name)
        return schema

    rewrite(document, look)
    return wanted, places


def _labels(schema: Node, place: Place, surface: Surface) -> dict[int, str]:
    """What names of places get for the members of a union, if several have no name: their tags, or numbers."""
    found: dict[int, str] = {}
    for union in UNIONS:
        member = place._replace(role="member")
        several = [one for one in schema.get(union, []) if isinstance(one, dict) and _is_a_type(one, None, member)]
        distinct = [one for number, one in enumerate(several) if one not in several[:number]]
        if len(distinct) <= 1:
            continue
        found |= {id(one): f"({_tag(one) or number})" for number, one in enumerate(distinct, 1)}
        lines = [f"`{place.name}{label}: NAME`" for label in found.values()]
        named = [label for label in found.values() if f"{place.name}{label}" in surface.types]
        if place.name in surface.types and not named:
            raise SpecError(
                f"{place.name} is a union of {len(distinct)} types without names now, and tools/spec/surface.yaml has "
                f"one name for it ({surface.types[place.name]}): replace that line by {' and '.join(lines)}"
            )
    return found


def _tag(schema: Node) -> str:
    """The value of the first field that has one alone."""
    for field in schema.get("properties", {}).values():
        if isinstance(field, dict) and ("const" in field or len(field.get("enum", [])) == 1):
            return str(field["const"] if "const" in field else field["enum"][0])
    return ""


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


def _as_a_type(schemas: Node, schema: Node, name: str, origins: dict[str, str], place: str) -> Node:
    """Give the schema its name, numbered if it is taken; gives the reference to it.

    Args:
        schemas: The named types.
        schema: The schema.
        name: Its name.
        origins: The places that names of `surface.yaml` were given to.
        place: The place that `surface.yaml` gives this name to, empty if the name is not from there.
    """
    free, number = name, 1
    while schemas.setdefault(free, schema) != schema:
        if place:
            if name in origins:
                lines = f"`{origins[name]}: NAME` or `{place}: NAME`"
                both = f"{origins[name]} and {place} are different types, and tools/spec/surface.yaml gives both"
            else:
                lines = f"`{name}: NAME` or `{place}: NAME`"
                both = f"the specification has a type {name}, and tools/spec/surface.yaml gives the type of {place}"
            raise SpecError(f"{both} the name {name}: give one of them another name there, under types ({lines})")
        number += 1
        free = f"{name}{number}"
    if place:
        origins.setdefault(name, place)
    return {"$ref": SCHEMAS + free}


def _reached_among(aliases: dict[str, Node], alias: str) -> set[str]:
    """The aliases that one leads to, by way of others alone."""
    waiting, seen = [alias], set[str]()
    while waiting:
        for reference in aliases.keys() & set(references(aliases[waiting.pop()])) - seen:
            seen.add(reference)
            waiting.append(reference)
    return seen


def _with_fields_of(document: Node, schema: Node, other: Node) -> Node:
    """A type with the fields of two; one that they describe differently may be what either says."""
    fields = {**other.get("properties", {}), **schema.get("properties", {})}
    for name in schema.get("properties", {}).keys() & other.get("properties", {}).keys():
        either = [schema["properties"][name], other["properties"][name]]
        if either[0] != either[1]:
            fields[name] = joined(document, {"anyOf": either})
    return {**schema, "properties": fields}


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
