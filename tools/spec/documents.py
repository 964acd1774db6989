"""OpenAPI documents as data: read from YAML or JSON, and followed by reference."""

from __future__ import annotations

import pickle
import re
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

import yaml

Node: TypeAlias = dict[str, Any]
"""A mapping of a document: the whole, an operation, a schema."""

OF_YAML_1_1 = (":timestamp", ":bool", ":int", ":float")
"""Tags that PyYAML, which reads YAML 1.1, gives to more than JSON has; and to 1e-05 none, which is a number there."""
NUMERIC = list("-+.0123456789")
"""Begins a number."""
FLOAT = (
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
    NUMERIC,
)
"""How a number with a fraction or an exponent is recognized."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SCHEMAS = "#/components/schemas/"


class SpecError(Exception):
    """A specification, or what is to be made of it, is not as it should be; the sentence says what to do."""


class FaultError(SpecError):
    """A specification contradicts itself or is incomplete, which none of our files can correct."""

    def __str__(self) -> str:
        return f"{super().__str__()}: report it to the owner of the specification, and use a corrected copy until then"


class _Loader(yaml.CSafeLoader):
    """Reads what JSON could have said: no dates, `on`, `no`, `12:30` and `010` are words, and keys are strings."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {  # noqa: RUF012 -- as in its base
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(OF_YAML_1_1)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 -- as in its base
        """Refuse a key that occurs twice: PyYAML would keep the last one in silence."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                continue
            key.tag = "tag:yaml.org,2002:str"
            if key.value in seen:
                problem = f"the key {key.value!r} occurs twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("[-+]?(?:0|[1-9][0-9]*)$"), NUMERIC)
_Loader.add_implicit_resolver(*FLOAT)


def parse(text: str, name: str) -> Any:  # noqa: ANN401 -- whatever a document says
    """Read YAML, of which JSON is a part.

    Args:
        text: The document.
        name: What to call it in an error.

    Raises:
        SpecError: It is not YAML; the sentence has the line.
    """
    try:
        return pickle.loads(_parsed(text))  # noqa: S301 -- our own
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "somewhere"
        raise SpecError(f"{name} is not YAML: {where}: {getattr(error, 'problem', None) or error}") from error
    except RecursionError:
        raise SpecError(f"{name} is nested too deeply to be a specification") from None


@lru_cache(32)
def _parsed(text: str) -> bytes:
    """A document, pickled: a sync reads the same one several times and changes its copy, which takes 3 ms, not 120."""
    return pickle.dumps(yaml.load(text, _Loader))  # noqa: S506 -- derived from the safe loader


def read(path: Path) -> Any:  # noqa: ANN401 -- whatever a document says
    """Read a YAML or JSON file.

    Raises:
        SpecError: There is no such file, or it is not UTF-8 text, or not YAML.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path.name} is not UTF-8 text: {error.reason} at byte {error.start}") from error


def read_openapi(path: Path) -> Node:
    """Read an OpenAPI document, of version 3.0 or later.

    Raises:
        SpecError: It cannot be read, or is something else.
    """
    document = read(path)
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3."):
        raise SpecError(f"{path.name} is not an OpenAPI 3 document: it has no `openapi: 3.…`")
    if not isinstance(document.get("paths"), dict):
        raise SpecError(f"{path.name} has no paths")
    return document


def resolve(document: Node, reference: str) -> Any:  # noqa: ANN401 -- whatever is there
    """What a reference of the document leads to.

    Raises:
        SpecError: Nothing is there, or it leads out of the document.
    """
    if not reference.startswith("#/"):
        raise SpecError(
            f"{reference} is in another document: bundle the specification into one file first, for example with "
            "`redocly bundle`"
        )
    found: Any = document
    for part in reference[2:].split("/"):
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, dict) and key in found:
            found = found[key]
        else:
            raise FaultError(f"{reference} does not exist")
    return found


def followed(document: Node, node: Any) -> Any:  # noqa: ANN401 -- whatever is there
    """The node itself, or what its references lead to in the end.

    Raises:
        SpecError: A reference leads nowhere, or round in a circle.
    """
    seen: list[str] = []
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        if node["$ref"] in seen:
            raise FaultError(f"{node['$ref']} refers to itself and to nothing else")
        seen.append(node["$ref"])
        node = resolve(document, node["$ref"])
    return node


def references(node: Any) -> list[str]:  # noqa: ANN401 -- whatever is there
    """Every `$ref` in a node, however deep."""
    found: list[str] = []
    _add_references(node, found)
    return found


def _add_references(node: Any, found: list[str]) -> None:  # noqa: ANN401 -- whatever is there
    # Half of a sync is spent in walks like this one: no generator in a generator, and no call for a text.
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            found.append(node["$ref"])
        node = node.values()
    elif not isinstance(node, list):
        return
    for part in node:
        if isinstance(part, dict | list):
            _add_references(part, found)


def reached(document: Node, node: Any) -> set[str]:  # noqa: ANN401 -- whatever is there
    """The names of the schemas that a node leads to by reference, however far.

    Raises:
        SpecError: A reference leads nowhere.
    """
    waiting, seen = references(node), set[str]()
    while waiting:
        reference = waiting.pop()
        if reference not in seen:
            seen.add(reference)
            waiting += references(resolve(document, reference))
    return {reference.removeprefix(SCHEMAS).split("/")[0] for reference in seen if reference.startswith(SCHEMAS)}


def drop_unused(document: Node) -> None:
    """Remove the schemas that no operation reaches."""
    used, schemas = reached(document, document["paths"]), document["components"]["schemas"]
    document["components"]["schemas"] = {name: schema for name, schema in schemas.items() if name in used}


@contextmanager
def well_formed(what: str) -> Iterator[None]:
    """Say in a sentence that something has not the shape that OpenAPI gives it, however that is noticed.

    A public specification cannot be validated before it is mended: its defaults contradict its types.
    """
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise FaultError(f"{what} does not have the structure of OpenAPI ({reason})") from error
    except RecursionError:
        raise FaultError(f"{what} refers to itself without end") from None


def operations(document: Node) -> Iterator[tuple[str, str, Node, Node]]:
    """Method, path, path item and description of each operation; the path item is that which a `$ref` leads to.

    Raises:
        SpecError: The `$ref` of a path leads nowhere.
    """
    for path, given in document["paths"].items():
        item = followed(document, given)
        if not isinstance(item, dict):
            continue
        if item is not given:
            item = {**item, **{name: value for name, value in given.items() if name != "$ref"}}
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield method, path, item, item[method]
