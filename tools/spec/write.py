"""The fourth step: our words and our order, in a format in which a diff shows the API's change and nothing else."""

from __future__ import annotations

from typing import Any

import yaml

from tools.spec.documents import Node
from tools.spec.words import Words, described, in_order

HEAD = """\
# The API contract, and the one input of `make generate`. `make sync-spec` makes it: docs/regenerate.md says from what.
#
# It describes what real servers send and accept, which is not always what the public specification says
# (docs/openapi.md gives the reason for each difference). Four habits hold throughout:
#   - A response requires nothing beyond its ID (a checkpoint: its step), and every other field may be null.
#   - A set that the server may extend is a named enum *or* any string.
#   - A union of objects ends in a free-form object, so that an unknown kind still parses.
#   - Only 2xx responses are described, and requests carry no defaults: what a caller leaves out is not sent.
"""
WIDTH = 104
"""Columns after which a text is broken; PyYAML does it after the word that goes beyond."""
DOCUMENT = ("openapi", "info", "servers", "tags", "paths", "components")
OPERATION = (
    *("operationId", "tags", "summary", "deprecated", "description"),
    *("security", "servers", "parameters", "requestBody", "responses"),
)
SCHEME = ("type", "scheme", "in", "name")
EXCHANGE = ("name", "in", "required", "deprecated", "description", "schema", "content")
SCHEMA = (
    *("$ref", "type", "format", "deprecated", "description"),
    *("enum", "required", "properties", "additionalProperties", "items", "oneOf", "anyOf", "allOf"),
)


def write(document: Node, words: Words) -> str:
    """The text of `openapi.yaml`.

    Raises:
        SpecError: There are words for something that is not there.
    """
    return HEAD + dump(_in_order(described(document, words)))


def dump(document: Node) -> str:
    """A document as YAML, in the format that is ours."""
    return yaml.dump(_laid_out(document, 0), Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)


def _in_order(document: Node) -> Node:
    paths = {
        path: {method: _operation(one) for method, one in item.items()} for path, item in document["paths"].items()
    }
    schemes = document["components"]["securitySchemes"]
    components = {
        "securitySchemes": {name: _sorted(schemes[name], SCHEME) for name in sorted(schemes)},
        "schemas": {name: _schema(schema) for name, schema in document["components"]["schemas"].items()},
    }
    return _sorted({**document, "paths": paths, "components": components}, DOCUMENT)


def _operation(operation: Node) -> Node:
    found = {**operation, "responses": {name: _exchange(one) for name, one in sorted(operation["responses"].items())}}
    found["parameters"] = [_exchange({"required": False, **one}) for one in operation.get("parameters", [])]
    if not found["parameters"]:
        del found["parameters"]
    if "requestBody" in operation:
        found["requestBody"] = _exchange({"required": False, **operation["requestBody"]})
    return _sorted(found, OPERATION)


def _exchange(holder: Node) -> Node:
    """A parameter, a request body, a response, or the content of the last two, which hold schemas."""
    found = {**holder}
    if "schema" in found:
        found["schema"] = _schema(found["schema"])
    if "content" in found:
        found["content"] = {kind: _exchange(content) for kind, content in sorted(found["content"].items())}
    return _sorted(found, EXCHANGE)


def _schema(schema: Any) -> Any:  # noqa: ANN401 -- a schema may be true or false
    if not isinstance(schema, dict):
        return schema
    found = {**schema}
    if "properties" in found:
        found["properties"] = {name: _schema(field) for name, field in found["properties"].items()}
    if "required" in found:
        found["required"] = in_order(found["required"], found.get("properties", ()))
    if "enum" in found:
        found["enum"] = sorted(found["enum"], key=str)
    for name in ("items", "additionalProperties"):
        if name in found:
            found[name] = _schema(found[name])
    for name in ("oneOf", "anyOf", "allOf"):
        if name in found:
            found[name] = [_schema(member) for member in found[name]]
    return _sorted(found, SCHEMA)


def _sorted(node: Node, keys: tuple[str, ...]) -> Node:
    return {name: node[name] for name in in_order(node, keys)}


class _Line(list[Any]):
    """A list that is written in one line."""


class _Folded(str):
    """A text that is too long for the rest of its line."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    """Indents lists, and repeats what occurs twice rather than refer to it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 -- as in its base
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 -- as in its base
        return True


_Dumper.add_representer(
    _Line, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)
_Dumper.add_representer(_Folded, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", value, ">"))


def _laid_out(node: Any, depth: int, key: str = "") -> Any:  # noqa: ANN401 -- any part of a document
    """The node with its long texts and short lists marked; `depth` is how many indentations it stands in."""
    if isinstance(node, dict):
        return {name: _laid_out(value, depth + 1, name) for name, value in node.items()}
    if isinstance(node, list):
        return _Line(node) if key == "tags" and depth > 1 else [_laid_out(item, depth + 1) for item in node]
    if isinstance(node, str) and 2 * (depth - 1) + len(key) + 2 + len(node) > WIDTH:
        return _Folded(node)
    return node
