"""The first step: keep the operations that we use, and what they reach."""

from __future__ import annotations

import difflib
from copy import deepcopy

from tools.spec.documents import Node, SpecError, followed, operations, reached
from tools.spec.surface import Kept, Surface

CANDIDATES = 3
PARTS = ("schemas", "securitySchemes")
CODE_SAMPLES = ("x-codeSamples", "x-code-samples")


def prune(document: Node, surface: Surface) -> Node:
    """Keep the operations of the surface, in its order, and the components that they reach by reference.

    What is shared among operations (parameters, request bodies, answers, and what a path says for all its methods) is
    put into each of them, so that the steps after this one look in one place.

    Returns:
        A new document; operations have our IDs and tags.

    Raises:
        SpecError: An operation is gone, or a reference leads nowhere.
    """
    paths: dict[str, Node] = {}
    for kept in surface.operations:
        paths.setdefault(kept.path, {})[kept.method] = _operation(document, kept)
    components = {part: document.get("components", {}).get(part, {}) for part in PARTS}
    used = reached(document, paths)
    return deepcopy(
        {
            **{name: value for name, value in document.items() if name in {"openapi", "info", "servers", "security"}},
            "paths": paths,
            "components": {
                "schemas": {name: schema for name, schema in components["schemas"].items() if name in used},
                "securitySchemes": components["securitySchemes"],
            },
        }
    )


def _operation(document: Node, kept: Kept) -> Node:
    """The operation with our ID and tag, and without references to anything but schemas."""
    item = followed(document, document["paths"].get(kept.path)) or {}
    if kept.method not in item:
        raise SpecError(_gone(document, kept))
    found = {name: value for name, value in item[kept.method].items() if name not in CODE_SAMPLES}
    own = [followed(document, parameter) for parameter in found.get("parameters", [])]
    taken = {(parameter["in"], parameter["name"]) for parameter in own}
    shared = [followed(document, parameter) for parameter in item.get("parameters", [])]
    found["parameters"] = [one for one in shared if (one["in"], one["name"]) not in taken] + own
    if "requestBody" in found:
        found["requestBody"] = followed(document, found["requestBody"])
    found["responses"] = {status: followed(document, answer) for status, answer in found.get("responses", {}).items()}
    found.pop("callbacks", None)
    return {**found, "operationId": kept.id, "tags": [kept.tag]}


def _gone(document: Node, kept: Kept) -> str:
    """The sentence for an operation that is not there any more, with those that look most like it."""
    addresses = {f"{method.upper()} {path}": method for method, path, _ in operations(document)}
    ranked = sorted(
        addresses,
        key=lambda address: (
            # The same method counts for more than a few letters.
            -difflib.SequenceMatcher(None, kept.address, address).ratio() - 0.1 * (addresses[address] == kept.method),
            address,
        ),
    )
    nearest = ", ".join(ranked[:CANDIDATES]) or "none, as there are no operations"
    return (
        f"{kept.address} ({kept.id}) is gone from the specification; the nearest are: {nearest}. "
        "If it has moved, change its address in tools/spec/surface.yaml; if we do without it, remove it there."
    )
