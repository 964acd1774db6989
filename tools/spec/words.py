"""Our words for what `openapi.yaml` describes, and thereby its order: `words.yaml`.

The order of a public specification changes at will. Ours is that in which we have described things; what has no words
yet comes after that, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.spec.documents import Node, SpecError, read
from tools.spec.source import FIELD


@dataclass(frozen=True)
class Words:
    """`info` and `tags` as they stand in the document; `operations` by ID; `types` by name."""

    info: Node
    tags: Mapping[str, str]
    operations: Mapping[str, Node]
    types: Mapping[str, Node]


def read_words(path: Path) -> Words:
    """Read `words.yaml`.

    Raises:
        SpecError: It cannot be read, or has another shape.
    """
    content = read(path)
    if not isinstance(content, dict) or not all(isinstance(part, dict) for part in content.values()):
        raise SpecError(f"{path.name} is not a mapping of mappings")
    types = {name: {"about": entry} if isinstance(entry, str) else entry for name, entry in content["types"].items()}
    return Words(content["info"], content["tags"], content["operations"], types)


def described(document: Node, words: Words) -> Node:
    """The document with our descriptions, in our order; no other descriptions are in it.

    Raises:
        SpecError: There are words for something that is not there.
    """
    if gone := list(_gone(document, words)):
        raise SpecError(
            f"tools/spec/words.yaml describes what is not in the specification now: {', '.join(gone)}. "
            "Remove these words; or, if servers still send it, describe it in openapi.overlay.yaml."
        )
    operations = {
        path: {method: _operation(operation, words) for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    schemas = document["components"]["schemas"]
    types = {name: _type(schemas[name], words.types.get(name, {})) for name in in_order(schemas, words.types)}
    return {
        **document,
        "info": {**words.info, **{name: document["info"][name] for name in [FIELD] if name in document["info"]}},
        "tags": [{"name": name, "description": about} for name, about in words.tags.items()],
        "paths": operations,
        "components": {**document["components"], "schemas": types},
    }


def undescribed(document: Node, words: Words) -> Iterator[str]:
    """What has no words of ours yet: operations, types, and fields by `Type.field`."""
    for operation in _operations(document):
        if operation["operationId"] not in words.operations:
            yield operation["operationId"]
    for name, schema in document["components"]["schemas"].items():
        if name not in words.types:
            yield name
        known = words.types.get(name, {}).get("fields", {})
        yield from (f"{name}.{field}" for field in schema.get("properties", {}) if field not in known)


def in_order(names: Iterable[str], like: Iterable[str]) -> list[str]:
    """`names` in the order that they have in `like`; those that are not in it after it, by name."""
    places = {name: place for place, name in enumerate(like)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def _operation(operation: Node, words: Words) -> Node:
    entry = words.operations.get(operation["operationId"], {})
    about = entry.get("parameters", {})
    by_name = {parameter["name"]: parameter for parameter in operation.get("parameters", [])}
    parameters = [_with(by_name[name], about.get(name)) for name in in_order(by_name, about)]
    responses = {
        status: {**response, "description": entry.get("response", "")}
        for status, response in operation["responses"].items()
    }
    summary: Node = {name: entry[name] for name in ("summary", "description") if name in entry}
    return {**operation, **summary, "parameters": parameters, "responses": responses}


def _type(schema: Node, entry: Node) -> Node:
    fields = schema.get("properties")
    if fields is None:
        return _with(schema, entry.get("about"))
    about = entry.get("fields", {})
    properties = {name: _with(fields[name], about.get(name)) for name in in_order(fields, about)}
    return {**_with(schema, entry.get("about")), "properties": properties}


def _with(node: Node, description: str | None) -> Node:
    return node if description is None else {**node, "description": description}


def _gone(document: Node, words: Words) -> Iterator[str]:
    operations = {operation["operationId"]: operation for operation in _operations(document)}
    for called, entry in words.operations.items():
        if called not in operations:
            yield called
            continue
        parameters = {parameter["name"] for parameter in operations[called].get("parameters", [])}
        yield from (f"{called}.{name}" for name in entry.get("parameters", {}) if name not in parameters)
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    for name, entry in words.types.items():
        if name not in schemas:
            yield name
        else:
            fields = schemas[name].get("properties", {})
            yield from (f"{name}.{field}" for field in entry.get("fields", {}) if field not in fields)


def _operations(document: Node) -> Iterator[Node]:
    for item in document["paths"].values():
        yield from item.values()
