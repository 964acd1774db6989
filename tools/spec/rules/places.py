"""Every schema of a pruned document with its place: who has it, and whether a server sends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tools.spec.documents import Node, reached

UNIONS = ("oneOf", "anyOf")
_MANY = (*UNIONS, "allOf")
NULL: Node = {"type": "null"}
UNKNOWN_OBJECT = "UnknownObject"
"""Our name of a free-form object, of an unknown kind."""
ANY_OBJECT: Node = {"type": "object", "additionalProperties": True}


class Place(NamedTuple):
    """Where a schema stands.

    `name` is that of `surface.yaml`: `Job`, `Job.status`, `Job.events[]`, `list_jobs.response`. A member of a union has
    the name of the union. `role` is `type` for a component, `field`, `item`, `value` (of a mapping), `member`, `body`,
    `response` or `parameter`. `from_server` says whether a server sends it.
    """

    name: str
    role: str
    from_server: bool


Change = Callable[[Node, Place], Node]


def rewrite(document: Node, change: Change) -> None:
    """Put what `change` gives in the place of every schema, inner ones first."""
    from_server = reached_from_responses(document)
    schemas = document["components"]["schemas"]
    for name in list(schemas):
        schemas[name] = _rewritten(schemas[name], Place(name, "type", name in from_server), change)
    for holder, place in roots(document):
        holder["schema"] = _rewritten(holder["schema"], place, change)


def roots(document: Node) -> Iterator[tuple[Node, Place]]:
    """What holds a `schema` in operations: parameters, and the contents of bodies and responses."""
    for item in document["paths"].values():
        for operation in item.values():
            called = operation["operationId"]
            for parameter in operation.get("parameters", []):
                if "schema" in parameter:
                    yield parameter, Place(f"{called}.{parameter['name']}", "parameter", from_server=False)
            for holder in operation.get("requestBody", {}).get("content", {}).values():
                if "schema" in holder:
                    yield holder, Place(f"{called}.body", "body", from_server=False)
            for response in operation["responses"].values():
                for holder in response.get("content", {}).values():
                    if "schema" in holder:
                        yield holder, Place(f"{called}.response", "response", from_server=True)


def children(schema: Node, place: Place) -> Iterator[tuple[Any, str | int, Place]]:
    """The schemas directly inside one: what holds each, under which key, and its place."""
    name, _, from_server = place
    for field in schema.get("properties", {}):
        yield schema["properties"], field, Place(f"{name}.{field}", "field", from_server)
    if isinstance(schema.get("items"), dict):
        yield schema, "items", Place(f"{name}[]", "item", from_server)
    if isinstance(schema.get("additionalProperties"), dict):
        yield schema, "additionalProperties", Place(f"{name}{{}}", "value", from_server)
    for union in _MANY:
        for index in range(len(schema.get(union, ()))):
            yield schema[union], index, Place(name, "member", from_server)


def reached_from_responses(document: Node) -> set[str]:
    """The names of the components that a server sends."""
    return reached(document, [holder["schema"] for holder, place in roots(document) if place.from_server])


def members(schema: Node) -> list[Node]:
    """The members of a union; a schema that is none is its own only member."""
    for union in UNIONS:
        if union in schema:
            found: list[Node] = schema[union]
            return found
    return [{name: value for name, value in schema.items() if name != "deprecated"}]


def united(schema: Node, alternatives: list[Node]) -> Node:
    """A union of these alternatives, null at its end, in the place of `schema`."""
    marks = {name: value for name, value in schema.items() if name == "deprecated"}
    # The order tells parsers what to try first; null is for the end.
    return {**marks, "anyOf": [one for one in alternatives if one != NULL] + [NULL] * (NULL in alternatives)}


def or_null(schema: Node) -> Node:
    """What the schema allows, or null."""
    return united(schema, [*members(schema), NULL])


def _rewritten(schema: Any, place: Place, change: Change) -> Any:  # noqa: ANN401 -- a schema may be true or false
    if not isinstance(schema, dict):
        return schema
    for holder, key, inner in children(schema, place):
        holder[key] = _rewritten(holder[key], inner, change)
    return change(schema, place)
