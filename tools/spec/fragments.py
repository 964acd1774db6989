"""Fragments of OpenAPI: pages of the API's documentation, and YAML or JSON files.

Each page has its operation, often newer than the published specification. A fragment replaces what the specification
says of its operations and of its types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from tools.spec.addresses import by_key, host_of, server_of
from tools.spec.documents import METHODS, Node, SpecError, parse, read_openapi

FENCE = re.compile(
    r"^(?P<fence>`{3,})ya?ml\b(?P<title>[^\n`]*)\n(?P<text>.*?)^(?P=fence)\s*$", re.DOTALL | re.MULTILINE
)
"""A block of YAML in a page; its title is the address of its operation."""
DOCUMENTS = {".yaml", ".yml", ".json"}
SHARED = ("schemas", "parameters", "responses", "requestBodies", "securitySchemes", "pathItems")
"""The components that a fragment may bring."""


@dataclass(frozen=True)
class Fragments:
    """What the files of a folder say.

    Attributes:
        document: All of it as one OpenAPI document.
        skipped: Names of pages without OpenAPI.
    """

    document: Node
    skipped: tuple[str, ...] = ()


def is_fragment(path: Path) -> bool:
    """Whether a path is a folder of fragments or a page, not a whole specification."""
    return path.is_dir() or path.suffix.lower() not in DOCUMENTS


def read_fragments(path: Path, prefix: str) -> Fragments:
    """Read a page, a file, or every file of a folder.

    Args:
        path: The page, file or folder.
        prefix: The path that every address begins with.

    Raises:
        SpecError: Nothing there has an OpenAPI fragment, one is invalid, or two contradict each other.
    """
    if not path.is_dir():
        found = {path.name: read_fragment(path, prefix)}
    else:
        files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        found = {file.relative_to(path).as_posix(): read_fragment(file, prefix) for file in files}
    fragments = {name: fragment for name, fragment in found.items() if fragment is not None}
    if not fragments:
        raise SpecError(
            f"{path} has no OpenAPI fragment: expected pages with a block ```yaml that has `openapi: 3.…` and `paths`, "
            "or YAML files"
        )
    return Fragments(_together(fragments, prefix), tuple(name for name in found if name not in fragments))


def read_fragment(path: Path, prefix: str) -> Node | None:
    """The OpenAPI document of a page or file; None for a page without one.

    Raises:
        SpecError: It cannot be read, or its block is not OpenAPI.
    """
    if path.suffix.lower() in DOCUMENTS:
        return read_openapi(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{path.name} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    found: list[Node] = []
    for block in FENCE.finditer(text):
        name = f"the block of {path.name} that begins at line {text.count(chr(10), 0, block.start()) + 1}"
        named = block["title"].split(" ")[1:2] and block["title"].split()[0].lower() in METHODS
        document = parse(block["text"], name) if named or "openapi:" in block["text"] else None
        if _is_openapi(document):
            found.append(document)
        elif named:
            raise SpecError(f"{name} is not OpenAPI: expected `openapi: 3.…` and `paths`")
    return _together({f"{path.name} ({number})": one for number, one in enumerate(found, 1)}, prefix) if found else None


def over(document: Node, fragments: Node, prefix: str) -> Node:
    """A specification with the operations and types of fragments in the place of its own.

    Args:
        document: The published specification.
        fragments: The fragments, as one document.
        prefix: The path that every address begins with.
    """
    brought = by_key(fragments, prefix)
    paths: Node = {}
    for key, one in by_key(document, prefix).items():
        if key not in brought:
            paths.setdefault(one.path, {})[one.method] = one.alone
    for one in brought.values():
        paths.setdefault(one.path, {})[one.method] = one.alone
    components = {**document.get("components", {})}
    for kind in SHARED:
        components[kind] = {**components.get(kind, {}), **fragments["components"].get(kind, {})}
    return {**document, **_server(document, prefix), "paths": paths, "components": components}


def only(document: Node, like: Node, prefix: str) -> Node:
    """A specification with the operations alone that another has, too."""
    wanted = by_key(like, prefix).keys()
    paths: Node = {}
    for key, one in by_key(document, prefix).items():
        if key in wanted:
            paths.setdefault(one.path, {})[one.method] = one.alone
    return {**document, **_server(document, prefix), "paths": paths}


def _server(document: Node, prefix: str) -> Node:
    """The server, for addresses without their prefix."""
    server = server_of(document)
    return {"servers": [{"url": host_of(server) + prefix}]} if server else {}


def _is_openapi(document: object) -> TypeGuard[Node]:
    return (
        isinstance(document, dict)
        and str(document.get("openapi", "")).startswith("3.")
        and isinstance(document.get("paths"), dict)
    )


def _together(fragments: dict[str, Node], prefix: str) -> Node:
    """Fragments as one document.

    Raises:
        SpecError: Two of them say different things of one operation or type.
    """
    first = next(iter(fragments.values()))
    whole = {**first, **_server(first, prefix), "paths": {}, "components": {}}
    said: dict[tuple[str, str], tuple[str, object]] = {}
    for name, fragment in fragments.items():
        parts: list[tuple[str, str, str, object]] = [
            ("paths", one.path, one.method, one.alone) for one in by_key(fragment, prefix).values()
        ]
        for kind in SHARED:
            described = (fragment.get("components") or {}).get(kind) or {}
            parts += [("components", kind, called, content) for called, content in described.items()]
        for section, group, called, content in parts:
            other, known = said.setdefault((group, called), (name, content))
            if known != content:
                what = f"{called.upper()} {group}" if section == "paths" else called
                raise SpecError(f"{other} and {name} describe {what} differently: remove the older one")
            whole[section].setdefault(group, {})[called] = content
    return whole
