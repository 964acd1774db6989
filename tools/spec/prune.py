"""The first step: keep the operations that we use, and what they reach."""

from __future__ import annotations

from copy import deepcopy
from urllib.parse import urlsplit, urlunsplit

from tools.spec.addresses import (
    ALIKE,
    Operation,
    by_key,
    has_prefix,
    key_of,
    likeness,
    names_in,
    nearest,
    server_of,
)
from tools.spec.documents import SCHEMAS, FaultError, Node, SpecError, followed, references
from tools.spec.normal import without_deep_references
from tools.spec.surface import Kept, Surface

CANDIDATES = 3
CODE_SAMPLES = ("x-codeSamples", "x-code-samples")


def prune(document: Node, surface: Surface, known: Node | None = None) -> Node:
    """Keep the operations of the surface, in its order, and the schemas that they reach by reference.

    What is shared among operations (parameters, request bodies, responses, and what a path says for all its methods) is
    put into each of them, so that the steps after this one look in one place. Addresses are as `surface.yaml` has them,
    however the specification divides them into servers and paths, and so are the names of parameters in them.

    Args:
        document: The public specification.
        surface: What to keep.
        known: The `openapi.yaml` of before, to recognize operations that have moved.

    Returns:
        A new document; operations have our IDs and tags.

    Raises:
        SpecError: An operation was removed or has moved, or a reference leads nowhere.
    """
    if not has_prefix(document, surface):
        raise SpecError(
            f"the addresses of the specification (server: {server_of(document)}) do not begin with {surface.prefix}: "
            "if the API has moved, change `prefix` in tools/spec/surface.yaml and DEFAULT_BASE_URL in "
            "together_ext/config.py"
        )
    there = by_key(document, surface.prefix)
    if gone := [kept for kept in surface.operations if key_of(kept.address) not in there]:
        raise SpecError(_gone(gone, there, surface, by_key(known, surface.prefix) if known else {}))
    paths: dict[str, Node] = {}
    for kept in surface.operations:
        paths.setdefault(kept.path, {})[kept.method] = _operation(there[key_of(kept.address)], kept)
    paths = without_deep_references(document, paths)
    schemas = _reached(document, paths)
    named = document.get("components", {}).get("schemas", {})
    return deepcopy(
        {
            **{name: value for name, value in document.items() if name in {"openapi", "info", "security"}},
            **({"servers": _servers(document, surface)} if document.get("servers") else {}),
            "paths": paths,
            "components": {
                "schemas": {name: schemas[name] for name in named if name in schemas},
                "securitySchemes": document.get("components", {}).get("securitySchemes", {}),
            },
        }
    )


def _reached(document: Node, paths: Node) -> Node:
    """The named schemas that operations reach, by reference to names alone."""
    found: Node = {}
    waiting = [*references(paths)]
    while waiting:
        name = waiting.pop().removeprefix(SCHEMAS)
        if name not in found:
            found[name] = without_deep_references(document, followed_once(document, name))
            waiting += references(found[name])
    return found


def followed_once(document: Node, name: str) -> Node:
    """A named schema.

    Raises:
        SpecError: There is none of that name.
    """
    schemas = document.get("components", {}).get("schemas", {})
    if name not in schemas:
        raise FaultError(f"{SCHEMAS}{name} does not exist")
    found: Node = schemas[name]
    return found


def _servers(document: Node, surface: Surface) -> list[Node]:
    """The server, with the prefix of all addresses in it."""
    url = urlsplit(server_of(document))
    return [{"url": urlunsplit(url._replace(path=surface.prefix))}]


def _operation(one: Operation, kept: Kept) -> Node:
    """The operation with our ID, tag and names in its address, and without references to anything but schemas."""
    found = {name: value for name, value in one.content.items() if name not in {*CODE_SAMPLES, "callbacks", "servers"}}
    ours = dict(zip(names_in(one.path), names_in(kept.path), strict=False))
    found["parameters"] = [
        {**parameter, "name": ours.get(parameter["name"], parameter["name"])}
        if parameter["in"] == "path"
        else parameter
        for parameter in one.parameters
    ]
    if "requestBody" in found:
        found["requestBody"] = followed(one.document, found["requestBody"])
    found["responses"] = one.responses
    if one.servers:
        found["servers"] = one.servers
    return {**found, "operationId": kept.id, "tags": [kept.tag]}


def _gone(gone: list[Kept], there: dict[str, Operation], surface: Surface, known: dict[str, Operation]) -> str:
    """The sentences for operations that are not in the specification, with those that are most like each."""
    ours = {key_of(kept.address) for kept in surface.operations}
    others = [one for key, one in there.items() if key not in ours]
    lines = [f"  {_told(kept, others, known)}" for kept in gone]
    named = [*surface.types, *surface.forms]
    places = [place for kept in gone for place in named if place.startswith(f"{kept.id}.")]
    lines_of = f", the lines of its body, response and parameters ({', '.join(places)})" if places else ""
    one = len(gone) == 1
    head = (
        "an operation of tools/spec/surface.yaml is"
        if one
        else f"{len(gone)} operations of tools/spec/surface.yaml are"
    )
    last = (
        f"If {'it' if one else 'one'} was removed, remove its line there{lines_of}, its words in tools/spec/words.yaml,"
        " its parts in openapi.additions.yaml and its uses; if servers still have it, describe it as a whole there."
    )
    return "\n".join([f"{head} not in the specification:", *lines, last])


def _with_names_of(kept: Kept, one: Operation) -> str:
    """The address of an operation with our names of its parameters, which the handwritten layer uses."""
    ours, theirs = names_in(kept.path), names_in(one.path)
    path = one.path
    for own, name in zip(ours, theirs, strict=True) if len(ours) == len(theirs) else ():
        path = path.replace(f"{{{name}}}", f"{{{own}}}")
    return f"{one.method.upper()} {path}"


def _told(kept: Kept, others: list[Operation], known: dict[str, Operation]) -> str:
    before = known.get(key_of(kept.address)) or Operation({}, kept.method, kept.path, key_of(kept.address), {}, {})
    ranked = [one for one in nearest(before, others) if likeness(before, one) >= ALIKE - 0.3 * (not before.content)]
    head = f"{kept.id} ({kept.address}): "
    if not ranked:
        return f"{head}no other operation is similar."
    new = ranked[0].address
    # As YAML: braces begin a mapping there.
    addresses = ", ".join(f"'{it}'" for it in (_with_names_of(kept, ranked[0]), kept.address, *kept.former))
    line = f"`{kept.id}: [{addresses}]`"
    also = f" Or is it {' or '.join(one.address for one in ranked[1:CANDIDATES])}?" if ranked[1:] else ""
    return f"{head}if it has moved to {new}, write {line}.{also}"
