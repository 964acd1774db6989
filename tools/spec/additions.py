"""What servers have and the public specification lacks so far: `openapi.additions.yaml`, merged before all other steps.

It is an OpenAPI document of whole operations, and of parts of operations. What the specification says itself stays as
it says it, under whatever name and in whatever form: only what it lacks is added. So nothing is lost when it catches
up, and the sync reports which addition is no longer needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.spec.addresses import Operation, by_key, host_of, key_of, keys_of, names_in, prefix_of, server_of
from tools.spec.compare_schemas import is_it_called
from tools.spec.contents import chosen
from tools.spec.documents import (
    SCHEMAS,
    FaultError,
    Node,
    SpecError,
    followed,
    operations,
    reached,
    read_openapi,
    references,
    resolve,
)
from tools.spec.normal import UNIONS, joined, one_schema
from tools.spec.overlay import DATE
from tools.spec.surface import Surface, is_versioned, relative

SOURCE, SINCE = "x-source", "x-date"
PARTS = "x-parts"
"""Marks an operation of which only parts are described: it is not added where the specification lacks it."""
DESCRIBED = frozenset({"type", "$ref", "const", *UNIONS, "allOf"})
"""Keywords of a part that is described as a whole; one without them only leads to parts of what is there."""
NOTHING: Node = {"openapi": "3.1.0", "paths": {}}


@dataclass(frozen=True)
class Idle:
    """What the public specification says itself of an addition.

    Attributes:
        address: The operation.
        parts: The parts that are no longer needed, such as `response.user_id`; none if it is the whole addition.
    """

    address: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        what = f"{', '.join(self.parts)} of {self.address}" if self.parts else self.address
        them = "them" if len(self.parts) > 1 else "it"
        return f"The public specification has {what} now: remove {them} from openapi.additions.yaml"


def read_additions(path: Path) -> Node:
    """Read the additions; a repository without the file has none.

    Raises:
        SpecError: It is not an OpenAPI document, an operation lacks its source or date, or a type belongs to none.
    """
    if not path.exists():
        return NOTHING
    document = read_openapi(path)
    for method, address, _, operation in operations(document):
        source, since = operation.get(SOURCE), str(operation.get(SINCE))
        if not isinstance(source, str) or not source.strip() or not DATE.fullmatch(since):
            raise SpecError(
                f"{path.name}: {method.upper()} {address} lacks its source ({SOURCE}) or date ({SINCE}: YYYY-MM-DD)"
            )
        try:
            reached(document, operation)
        except FaultError as error:
            raise SpecError(f"{path.name}: {error.args[0]}: describe it there") from None
        named = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
        if not operation.get(PARTS) and (missing := set(names_in(address)) - named):
            raise SpecError(
                f"{path.name}: {method.upper()} {address} describes no parameter {min(missing)!r}: describe the "
                f"whole operation, or mark it with `{PARTS}: true` if the public specification has the rest"
            )
    types = (document.get("components") or {}).get("schemas") or {}
    if unused := sorted({*types} - reached(document, document["paths"])):
        raise SpecError(
            f"{path.name}: no operation refers to the type {', '.join(unused)}, so it would be ignored: refer to it in "
            "the request or response of its operation, or remove it"
        )
    return document


def merged(document: Node, additions: Node, surface: Surface) -> tuple[Node, list[Idle]]:
    """A public specification with the additions that it lacks, and those that it no longer lacks.

    Args:
        document: The public specification.
        additions: The additions, with addresses as `surface.yaml` has them.
        surface: The operations that we keep; one that has moved is found at any of its addresses.

    Returns:
        A new document, and what it had already.

    Raises:
        SpecError: A reference leads nowhere, or parts belong to no operation.
    """
    merge = _Merge(deepcopy(document), additions)
    there = by_key(merge.document, surface.prefix)
    addresses = {key: keys_of(kept) for kept in surface.operations for key in keys_of(kept)}
    idle: list[Idle] = []
    for method, whole, _, operation in operations(additions):
        path = relative(whole, surface.prefix)
        address = f"{method.upper()} {whole}"
        key = key_of(f"{method} {path}")
        known = next((there[each] for each in (key, *addresses.get(key, ())) if each in there), None)
        if known is None and operation.get(PARTS):
            if key in addresses:
                continue  # removed or moved: `prune` reports it
            raise SpecError(
                f"openapi.additions.yaml has parts of {address}, which neither the specification nor "
                "tools/spec/surface.yaml has: correct the address, or remove them"
            )
        if known is None:
            secured = {**_security(document, [one for key, one in there.items() if key in addresses]), **operation}
            where = _whole_path(document, path, surface.prefix)
            merge.add_operation(where, method, secured, versioned=is_versioned(path))
            continue
        try:
            found = merge.add_parts(known, operation)
        except _LostError as error:
            raise SpecError(
                f"openapi.additions.yaml has parts of {address} in {error}: correct or remove them"
            ) from None
        if had := [part for part, needed in found if not needed]:
            idle.append(Idle(address, tuple(had) if len(had) < len(found) else ()))
    return merge.document, idle


def _whole_path(document: Node, path: str, prefix: str) -> str:
    """A path of `surface.yaml` as the document writes its paths."""
    return path if is_versioned(path) or prefix_of(server_of(document)) == prefix else f"{prefix}{path}"


class _LostError(Exception):
    """Parts of a field belong nowhere: the field is not in the specification."""


def _security(document: Node, kept: list[Operation]) -> Node:
    """What an operation of ours requires: the same as all others, if the document says it of each of them alone."""
    required = [one.content.get("security") for one in kept]
    is_shared = "security" not in document and required and all(it == required[0] for it in required)
    return {"security": deepcopy(required[0])} if is_shared and required[0] else {}


class _Merge:
    """Adds to a document what it lacks.

    Parts are yielded with whether they were needed: a part that this merge has added itself, to a type that several
    operations share, is.
    """

    def __init__(self, document: Node, additions: Node) -> None:
        self.document, self._additions = document, additions
        self._new: set[int] = set()
        self._values_added: set[tuple[int, str]] = set()
        self._within: set[tuple[int, int]] = set()

    def add_operation(self, path: str, method: str, operation: Node, *, versioned: bool) -> None:
        """Add an operation as a whole."""
        servers = {"servers": [{"url": host_of(server_of(self.document))}]} if versioned else {}
        self.document["paths"].setdefault(path, {})[method] = {**self._ours(operation), **servers}

    def add_parts(self, known: Operation, operation: Node) -> list[tuple[str, bool]]:
        """Add the parts of an operation that the document lacks; each part, and whether it was needed."""
        return [
            *self._parameters(known, operation.get("parameters", [])),
            *self._bodies(known.content, "requestBody", operation.get("requestBody"), "body"),
            *self._responses(known, operation),
        ]

    def _parameters(self, known: Operation, ours: list[Node]) -> Iterator[tuple[str, bool]]:
        there = {(one["in"], one["name"]) for one in known.parameters}
        for parameter in ours:
            if parameter["in"] == "path":
                continue
            needed = (parameter["in"], parameter["name"]) not in there
            if needed:
                known.content.setdefault("parameters", []).append(self._ours(parameter))
            yield f"parameter {parameter['name']}", needed

    def _responses(self, known: Operation, operation: Node) -> Iterator[tuple[str, bool]]:
        ours = operation.get("responses") or {}
        if operation.get(PARTS) and not any(status.startswith("2") for status in known.responses):
            return  # parts are no response; a rule refuses the operation
        if ours:
            # Responses that are described elsewhere may be those of other operations, too.
            known.content["responses"] = {status: {**response} for status, response in known.responses.items()}
        for status, response in ours.items():
            yield from self._bodies(known.content["responses"], str(status), response, "response")

    def _bodies(self, holder: Node, key: str, ours: Node | None, side: str) -> Iterator[tuple[str, bool]]:
        if ours is None:
            return
        there = followed(self.document, holder.get(key)) or {}
        for kind, content in ours["content"].items():
            known = chosen(there.get("content") or {}, kind)
            if known is None or "schema" not in there["content"][known]:
                holder[key] = {**there, "content": {**(there.get("content") or {}), kind: self._ours(content)}}
                yield side, True
            else:
                yield from self._schema(there["content"][known], "schema", content["schema"], side)

    def _schema(self, holder: Any, key: Any, ours: Node, place: str) -> Iterator[tuple[str, bool]]:  # noqa: ANN401 -- a mapping or a list
        """What ours says beside the schema of a holder."""
        theirs, ours = self._plain(holder[key]), followed(self._additions, ours)
        pair = id(theirs), id(ours)
        if not isinstance(theirs, dict) or pair in self._within:
            return
        self._within.add(pair)
        # Null is another member of a union, and so is any string beside an enum.
        members = [(theirs[union], number) for union in UNIONS for number in range(len(theirs.get(union, ())))]
        alike = next((it for it in members if _is_like(followed(self.document, it[0][it[1]]), ours)), None)
        if alike:
            yield from self._schema(*alike, ours, place)
        else:
            yield from self._alternative(theirs, ours, place)
        self._within.discard(pair)

    def _alternative(self, theirs: Node, ours: Node, place: str) -> Iterator[tuple[str, bool]]:
        """What ours says beside a schema that is not a union."""
        yield from self._values(theirs, ours, place)
        if isinstance(theirs.get("items"), dict) and "items" in ours:
            yield from self._schema(theirs, "items", ours["items"], f"{place}[]")
        for name, field in ours.get("properties", {}).items():
            fields = theirs.setdefault("properties", {})
            if name not in fields:
                if not DESCRIBED & field.keys():
                    alike = [other for other in fields if _is_like(followed(self.document, fields[other]), field)]
                    also = f" (is it called {alike[0]} now?)" if len(alike) == 1 else is_it_called(name, alike)
                    raise _LostError(f"{place}.{name}, which the specification does not have{also}")
                fields[name] = self._ours(field)
            if id(fields[name]) in self._new:
                yield f"{place}.{name}", True
                continue
            inner = [*self._schema(fields, name, field, f"{place}.{name}")]
            yield from inner or [(f"{place}.{name}", False)]

    def _values(self, theirs: Node, ours: Node, place: str) -> Iterator[tuple[str, bool]]:
        """Values of an enum; where any value is allowed, none has to be added."""
        for value in ours.get("enum", ()):
            needed = "enum" in theirs and value not in theirs["enum"]
            if needed:
                theirs["enum"].append(value)
                self._values_added.add((id(theirs), str(value)))
            yield f"{place} {value}", (id(theirs), str(value)) in self._values_added

    def _plain(self, schema: Any) -> Any:  # noqa: ANN401 -- a schema may be true or false
        """What a schema leads to, made plain where it stands: no parts of an `allOf`, no constants in a union."""
        node = followed(self.document, schema)
        while isinstance(node, dict) and "allOf" in node:
            whole = one_schema(self.document, node)
            node.clear()
            node.update(deepcopy(whole))
            node = followed(self.document, node)
        if isinstance(node, dict) and (plain := joined(self.document, node)) is not node:
            node.update(plain)
        return node

    def _ours(self, node: Node) -> Node:
        """A copy of a part of the additions; the types that it refers to come along."""
        copy = {key: deepcopy(value) for key, value in node.items() if key not in {SOURCE, SINCE, PARTS}}
        self._new |= {id(part) for part in _mappings(copy)}
        schemas = self.document.setdefault("components", {}).setdefault("schemas", {})
        for reference in references(copy):
            name, ours = reference.removeprefix(SCHEMAS), resolve(self._additions, reference)
            if name not in schemas:
                schemas[name] = {}
                schemas[name] = self._ours(ours)
            elif schemas[name] and id(schemas[name]) not in self._new:
                # A type of this name has come before its operation: whatever it lacks is added to it.
                list(self._schema(schemas, name, ours, name))
        return copy


def _mappings(node: Any) -> Iterator[Node]:  # noqa: ANN401 -- any part of a document
    """Every mapping in a node, and itself."""
    if isinstance(node, dict):
        yield node
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _mappings(part)


def _is_like(theirs: Any, ours: Node) -> bool:  # noqa: ANN401 -- a schema may be true or false
    """Whether a member of a union is of the kind that ours adds to: an object, a list or an enum."""
    return isinstance(theirs, dict) and any(
        key in ours and (key in theirs or "allOf" in theirs) for key in ("properties", "items", "enum")
    )
