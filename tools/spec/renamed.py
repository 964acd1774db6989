"""Types that a specification calls by other names than before: the lines of `surface.yaml` that keep ours."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tools.spec.documents import Node, SpecError
from tools.spec.rules.places import Place, rewrite
from tools.spec.shape import shape
from tools.spec.surface import Surface, is_place
from tools.spec.words import Words

ALIKE = 0.5
"""The share of fields or values in common from which on two named types are the same one."""
THE_SAME = 0.8
"""The same for a type without a name: many of them have a few fields in common."""


def check_names(pruned: Node, surface: Surface, words: Words, known: Node) -> None:
    """See that the types we describe are there, by their names or by those that `surface.yaml` has for them.

    Args:
        pruned: The specification, with the operations that we keep.
        surface: Our names.
        words: Our descriptions; what has none is not missed.
        known: The `openapi.yaml` of before, which has the types as they were.

    Raises:
        SpecError: Types have other names now; the sentence has the lines to write.
    """
    there, before = pruned["components"]["schemas"], known.get("components", {}).get("schemas", {})
    if not before:
        return
    ours = {raw: name for raw, name in surface.types.items() if not is_place(raw)}
    raw_names = {name: name for name in before if name not in surface.types.values()} | ours
    wanted = {raw: name for raw, name in raw_names.items() if name in before and name in words.types}
    used, used_before = _uses(pruned), _uses(known)
    missing = {raw: name for raw, name in wanted.items() if raw not in there}
    # Two types may have exchanged their names, or one may have the name that another had.
    displaced = {
        raw: name for raw, name in wanted.items() if raw in used and not used[raw] & used_before.get(name, set())
    }
    fresh = [name for name in there if name not in ours and name not in before] + [*displaced]
    found: dict[str, str] = {}
    for raw, name in {**missing, **displaced}.items():
        if raw not in there and any(other in there for other, it in ours.items() if it == name):
            continue
        here = [it for it in fresh if it != raw and used.get(it, set()) & used_before.get(name, set())]
        ranked = sorted((-_likeness(known, before[name], pruned, there[it]), it) for it in here)
        if ranked and -ranked[0][0] >= ALIKE:
            fresh.remove(ranked[0][1])
            found[raw] = ranked[0][1]
    lines: list[str] = []
    for raw, name in {**missing, **displaced}.items():
        if raw in found and (raw not in displaced or raw in found.values()):
            instead = f" in place of `{raw}: {name}`" if raw in surface.types else ""
            lines.append(f"  `{found[raw]}: {name}`{instead}")
        elif raw in missing:
            places = dict.fromkeys(_places_of(pruned, surface, known, before[name]))
            lines += [f"  `{place}: {name}`" for place in places]
    if lines:
        head = "the specification has other names for types of ours; write in tools/spec/surface.yaml, under types:"
        raise SpecError("\n".join([head, *lines]))


def _uses(document: Node) -> dict[str, set[str]]:
    """The places where each named type is used: those of operations, and the names of fields of any type."""
    found: dict[str, set[str]] = {}

    def look(schema: Node, place: Place) -> Node:
        if "$ref" in schema:
            in_type = place.name.partition(".")[0].removesuffix("[]") in document["components"]["schemas"]
            used = f".{place.name.rpartition('.')[2]}" if in_type else place.name
            found.setdefault(schema["$ref"].rpartition("/")[2], set()).add(used)
        return schema

    rewrite(deepcopy(document), look)
    return found


def _places_of(pruned: Node, surface: Surface, known: Node, type_: Node) -> Iterator[str]:
    """The places where a type is described on the spot now, by our names."""
    found: list[str] = []

    def look(schema: Node, place: Place) -> Node:
        described = "properties" in schema or "enum" in schema or "allOf" in schema
        if place.role != "type" and described and _likeness(known, type_, pruned, schema) >= THE_SAME:
            found.append(_in_our_names(place.name, surface))
        return schema

    copy = deepcopy(pruned)
    rewrite(copy, look)
    # Where the members of a union have names, the place itself has none.
    named = {place.partition("(")[0] for place in surface.types}
    yield from (place for place in found if place not in named)


def _in_our_names(place: str, surface: Surface) -> str:
    """A place by our name of the type that it is in: that of a named type, or of a body or response."""
    head, dot, rest = place.partition(".")
    if head in surface.types:
        return f"{surface.types[head]}{dot}{rest}"
    role, dot, rest = rest.partition(".")
    return f"{surface.types[f'{head}.{role}']}{dot}{rest}" if dot and f"{head}.{role}" in surface.types else place


def _likeness(known: Node, one: Any, document: Node, other: Any) -> float:  # noqa: ANN401 -- a schema may be true or false
    """The share of fields, or of values, that two types have in common."""
    ones, others = _features(known, one), _features(document, other)
    return len(ones & others) / len(ones | others) if ones and others else 0.0


def _features(document: Node, schema: Any) -> frozenset[str]:  # noqa: ANN401 -- a schema may be true or false
    one = shape(document, schema)
    fields = {name for fields in one.objects for name in fields.properties}
    inner = {
        f"{name}.{inner}"
        for fields in one.objects
        for name, field in fields.properties.items()
        for inner in _fields_in(document, field)
    }
    values = {f"={value}" for plain in one.plain for value in plain.values or ()}
    return frozenset(fields | inner | values)


def _fields_in(document: Node, schema: Any) -> set[str]:  # noqa: ANN401 -- a schema may be true or false
    one = shape(document, schema)
    items = [shape(document, many.items) for many in one.many]
    return {name for it in (one, *items) for fields in it.objects for name in fields.properties}
