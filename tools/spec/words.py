"""Our words for what `openapi.yaml` describes, and thereby its order: `words.yaml`.

The order of a public specification changes at will. Ours is that in which we have described things; what has no words
yet comes after that, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.spec.compare_schemas import is_it_called
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
    sections = ("info", "tags", "operations", "types")
    if not isinstance(content, dict) or not all(isinstance(content.get(name) or {}, dict) for name in sections):
        raise SpecError(f"{path.name} is not a mapping of mappings: {', '.join(sections)}")
    info, tags, operations, types = (content.get(name) or {} for name in sections)
    return Words(info, tags, _entries(operations), _entries(types))


def _entries(section: Node) -> dict[str, Node]:
    """The entries of a section; a type may have its description alone, and lists of words may be empty."""
    entries = {name: {"about": entry} if isinstance(entry, str) else entry or {} for name, entry in section.items()}
    return {name: {part: it for part, it in entry.items() if it is not None} for name, entry in entries.items()}


def described(document: Node, words: Words) -> Node:
    """The document with our descriptions, in our order; no other descriptions are in it.

    Raises:
        SpecError: There are words for something that is not there.
    """
    if gone := list(_gone(document, words)):
        raise SpecError(
            f"tools/spec/words.yaml describes what is not in the specification now: {', '.join(gone)}. "
            "Rename or remove these words; or, if servers still send or accept them, describe them in "
            "openapi.overlay.yaml."
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
    """What has no words of ours yet: operations, types, and parameters and fields by what they belong to."""
    for holder, known, parts in _described_parts(document, words):
        if known is None:
            yield holder
        yield from (f"{holder}.{name}" for name in parts if name not in (known or {}))


def _described_parts(document: Node, words: Words) -> Iterator[tuple[str, Node | None, Iterable[str]]]:
    """Each operation and type: its words for its parts, None if it has no words; and the names of its parts."""
    for operation in _operations(document):
        entry = words.operations.get(operation["operationId"])
        names = [parameter["name"] for parameter in operation.get("parameters", [])]
        yield operation["operationId"], None if entry is None else entry.get("parameters", {}), names
    for name, schema in document["components"]["schemas"].items():
        entry = words.types.get(name)
        yield name, None if entry is None else entry.get("fields", {}), schema.get("properties", {})


def in_order(names: Iterable[str], like: Iterable[str]) -> list[str]:
    """`names` in the order that they have in `like`; those that are not in it after it, by name."""
    places = {name: place for place, name in enumerate(like)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def _operation(operation: Node, words: Words) -> Node:
    entry = words.operations.get(operation["operationId"], {})
    about = entry.get("parameters", {})
    given = operation.get("parameters", [])
    names = in_order({one["name"] for one in given}, about)
    parameters = [_with(one, about.get(name)) for name in names for one in given if one["name"] == name]
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
    there = {holder: (known or {}, [*parts]) for holder, known, parts in _described_parts(document, words)}
    for holder in [*words.operations, *words.types]:
        if holder not in there:
            yield holder
            continue
        known, parts = there[holder]
        fresh = [name for name in parts if name not in known]
        yield from (f"{holder}.{name}{is_it_called(name, fresh)}" for name in known if name not in parts)


def _operations(document: Node) -> Iterator[Node]:
    for item in document["paths"].values():
        yield from item.values()
