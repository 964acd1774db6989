"""Schemas in one normal form, so that two ways to write the same thing are the same.

`nullable`, a list of types and null in an enum; a constant and an enum of one; `allOf` and what its parts say
together; a union of constants and an enum; a reference and what it leads to. A schema is taken apart one level at a
time: a specification may go round in circles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tools.spec.documents import FaultError, Node, resolve
from tools.spec.normal import TYPES, is_named, is_nothing, is_null, joined, one_schema, restricts

DEEP = 6
"""How deep schemas are looked into to tell whether they are the same."""
READ_OTHERWISE = frozenset({"date-time", "date", "uuid", "binary"})
"""Formats for which a generated client has a type of its own."""


@dataclass(frozen=True)
class Plain:
    """A string, number or boolean. `values` are those allowed, None for any; for its names see `Fields`."""

    type: str
    format: str = ""
    values: frozenset[Any] | None = None
    name: str = ""
    title: str = ""
    bounds: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Many:
    """An array of `items`."""

    items: Any
    bounds: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fields:
    """An object. `others` is what fields without a name may hold: a schema, true or false.

    `name` is that of the component; the class is called by the `title`, if there is one.
    """

    name: str
    title: str
    properties: Mapping[str, Any]
    required: frozenset[str]
    others: Any = True
    bounds: Mapping[str, Any] = field(default_factory=dict)

    def tags(self, document: Node) -> frozenset[tuple[str, Any]]:
        """The fields that have one value: by them a union knows its member."""
        return frozenset(
            (name, value)
            for name in self.required & self.properties.keys()
            for one in shape(document, self.properties[name]).plain
            for value in one.values or ()
            if len(one.values or ()) == 1
        )


@dataclass(frozen=True)
class Shape:
    """What a schema allows: any of these; `anything` if it does not say."""

    plain: tuple[Plain, ...] = ()
    many: tuple[Many, ...] = ()
    objects: tuple[Fields, ...] = ()
    nullable: bool = False
    anything: bool = False
    default: Any = None
    deprecated: bool = False

    @property
    def types(self) -> frozenset[str]:
        """The names of its types, without null."""
        names = {one.type for one in self.plain}
        return frozenset(names | ({"array"} if self.many else set()) | ({"object"} if self.objects else set()))

    def values(self, type_: str) -> frozenset[Any] | None:
        """The known values of a type, None if there are none."""
        known = [one.values for one in self.plain if one.type == type_ and one.values is not None]
        return frozenset().union(*known) if known else None

    def is_open(self, type_: str) -> bool:
        """Whether any value of a type is allowed, even if some are known."""
        return any(one.type == type_ and one.values is None for one in self.plain)


def shape(document: Node, schema: Any) -> Shape:  # noqa: ANN401 -- a schema may be true or false
    """The normal form of a schema, one level deep.

    Raises:
        SpecError: A reference leads nowhere, or the schema consists of itself.
    """
    found = list(_alternatives(document, schema, Names(), ()))
    kinds = [one for one in found if one is not None]
    plain = tuple(one for one in kinds if isinstance(one, Plain))
    many = tuple(one for one in kinds if isinstance(one, Many))
    if len(many) > 1:
        many = tuple(sorted(many, key=lambda one: fingerprint(document, one.items)))
    objects = tuple(one for one in kinds if isinstance(one, Fields))
    marks = list(_marks(document, schema))
    return Shape(
        plain,
        many,
        objects,
        nullable=None in found,
        anything=any(one is True for one in kinds),
        default=next((one["default"] for one in marks if one.get("default") is not None), None),
        deprecated=any(one.get("deprecated") is True for one in marks),
    )


def fingerprint(document: Node, schema: Any, depth: int = DEEP) -> str:  # noqa: ANN401 -- a schema may be true or false
    """The same text for the same meaning, in whatever order and words; named objects by their names."""
    one = shape(document, schema)
    if depth == 0:
        return ""
    plain = sorted(f"{it.type}:{it.format}:{sorted(map(str, it.values or ()))}:{it.bounds}" for it in one.plain)
    many = sorted(f"[{fingerprint(document, it.items, depth - 1)}]{it.bounds}" for it in one.many)
    objects = sorted(fingerprint_of(document, it, depth) for it in one.objects)
    return "|".join([*plain, *many, *objects, *["null"] * one.nullable, *["anything"] * one.anything])


def fingerprint_of(document: Node, one: Fields, depth: int = DEEP) -> str:
    """The fingerprint of an object: its name, or its fields."""
    fields = (
        f"{name}{'!' if name in one.required else ''}={fingerprint(document, field, depth - 1)}"
        for name, field in sorted(one.properties.items())
    )
    return one.name or f"{{{', '.join(fields)}}} {fingerprint(document, one.others, depth - 1)}"


class Names(NamedTuple):
    """What a schema is called on the way to it: as a component, and by a title."""

    name: str = ""
    title: str = ""


Alternative = Plain | Many | Fields | bool | None
"""True is anything, None is null."""


def _alternatives(document: Node, schema: Any, names: Names, seen: tuple[str, ...]) -> Iterator[Alternative]:  # noqa: ANN401 -- a schema may be true or false
    if not isinstance(schema, dict):
        yield True
        return
    schema = joined(document, one_schema(document, schema, seen))
    if schema.get("nullable") is True:
        yield None
    names = names._replace(title=schema.get("title") or names.title)
    if "$ref" in schema:
        reference = schema["$ref"]
        if reference in seen:
            raise FaultError(f"{reference} consists of itself")
        known_as = Names(reference.rpartition("/")[2], names.title) if is_named(reference) else names
        yield from _alternatives(document, resolve(document, reference), known_as, (*seen, reference))
    elif union := schema.get("anyOf") or schema.get("oneOf"):
        # Beside null, the only other member has the name of the whole.
        telling = [member for member in union if not is_null(member)]
        for member in union:
            yield from _alternatives(document, member, names if len(telling) == 1 else Names(), seen)
    else:
        yield from _simple(schema, names)


def _simple(schema: Node, names: Names) -> Iterator[Alternative]:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if values is not None:
        if None in values or "null" in types:
            yield None
        for type_ in dict.fromkeys(TYPES.get(type(value), "string") for value in values if value is not None):
            of_type = frozenset(
                str(value) if type_ in {"array", "object"} else value
                for value in values
                if value is not None and TYPES.get(type(value), "string") == type_
            )
            yield Plain(type_, values=of_type, name=names.name, title=names.title)
        return
    if not types:
        types = ["object"] if "properties" in schema else ["array"] if "items" in schema else []
    if not types:
        yield True
    for type_ in types:
        yield _of_type(schema, type_, names)


def _of_type(schema: Node, type_: str, names: Names) -> Alternative:
    if type_ == "null":
        return None
    bounds = {key: value for key, value in schema.items() if restricts(key) and value is not False}
    if type_ == "array":
        return Many(schema.get("items", True), bounds)
    if type_ == "object":
        properties = {name: field for name, field in schema.get("properties", {}).items() if not is_nothing(field)}
        required = frozenset(schema.get("required", []))
        others = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
        return Fields(names.name, names.title, properties, required, not is_nothing(others) and others, bounds)
    format_ = schema.get("format", "")
    if format_ in READ_OTHERWISE:
        return Plain(type_, format_, bounds=bounds)
    return Plain(type_, bounds=bounds | ({"format": format_} if format_ and type_ == "string" else {}))


def _marks(document: Node, schema: Any) -> Iterator[Node]:  # noqa: ANN401 -- a schema may be true or false
    """The schema and what it refers to: each may have a default, or be deprecated."""
    seen: set[str] = set()
    while isinstance(schema, dict):
        schema = one_schema(document, schema, tuple(seen))
        yield schema
        reference = schema.get("$ref")
        if not isinstance(reference, str) or reference in seen:
            return
        seen.add(reference)
        schema = resolve(document, reference)
