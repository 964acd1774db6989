"""The operations of a specification by their addresses, in whatever way it divides these into servers and paths."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from tools.spec.contents import chosen, media_type
from tools.spec.documents import Node, SpecError, followed, operations
from tools.spec.shape import shape
from tools.spec.surface import Kept, Surface, is_versioned, relative

PARAMETER = re.compile(r"\{[^}]*\}")
ALIKE = 0.6
"""The likeness from which on two operations are the same one, moved."""
DEEP = 3
"""Levels of fields that are compared to determine the likeness of two operations."""


@dataclass(frozen=True)
class Operation:
    """An operation of a document.

    Attributes:
        document: The document.
        method: Its method, in lower case.
        path: Its path after the prefix of `surface.yaml`.
        key: Method and path, without the names of parameters.
        item: The path item, which holds what its methods share.
        content: The operation itself.
        is_outside: Whether its address does not begin with the prefix, as others do, nor with another version.
    """

    document: Node
    method: str
    path: str
    key: str
    item: Node
    content: Node
    is_outside: bool = False

    @property
    def address(self) -> str:
        """The address as people write it."""
        return f"{self.method.upper()} {self.path}"

    @property
    def server(self) -> str:
        """The server of its own, empty where it has that of the document, or an address from the root of that."""
        own, shared = _own_server(self.document, self.item, self.content), server_of(self.document)
        if self.is_outside:
            return own or shared
        return "" if own == shared or (is_versioned(self.path) and _same_host(own, shared)) else own

    @property
    def servers(self) -> list[Node]:
        """The servers to write beside it where it stands alone, none where it has that of the document."""
        url = self.server or (host_of(server_of(self.document)) if is_versioned(self.path) else "")
        return [{"url": url}] if url else []

    @property
    def alone(self) -> Node:
        """Its description with what its path and its address say for it."""
        found = {name: value for name, value in self.content.items() if name != "servers"}
        return {**found, "parameters": self.parameters, **({"servers": self.servers} if self.servers else {})}

    @property
    def parameters(self) -> list[Node]:
        """Its parameters, and those of its path that it does not replace.

        Raises:
            SpecError: A reference leads nowhere.
        """
        own = [followed(self.document, one) for one in self.content.get("parameters", [])]
        taken = {(one["in"], one["name"]) for one in own}
        shared = [followed(self.document, one) for one in self.item.get("parameters", [])]
        return [one for one in shared if (one["in"], one["name"]) not in taken] + own

    @property
    def responses(self) -> Node:
        """Its responses by status: a lone `default` is the success, and `2XX` is 200 where that is absent."""
        given = self.content.get("responses") or {}
        found = {str(status): followed(self.document, response) for status, response in given.items()}
        successes = [status for status in found if status.startswith("2")]
        if not successes and "default" in found and not any(status.startswith("3") for status in found):
            found = {"200": found.pop("default"), **found}
        for status in successes:
            if status.upper() == "2XX":
                found = {"2XX" if "200" in found else "200": found.pop(status), **found}
        return found

    @cached_property
    def features(self) -> frozenset[str]:
        """What it takes and returns, as words to be compared: parameters, and media types and fields of bodies."""
        found: set[str] = set()
        try:
            found |= {f"parameter {one['name']}" for one in self.parameters}
            body = followed(self.document, self.content.get("requestBody")) or {}
            for side, holder in (("request", body), *(("response", one) for one in self._successes())):
                contents = holder.get("content") or {}
                if kind := chosen(contents, None):
                    found.add(f"{side} {media_type(kind)}")
                    schema = contents[kind].get("schema")
                    found |= {f"{side} {name}" for name in _names(self.document, schema, DEEP)}
        except (SpecError, AttributeError, KeyError, TypeError, ValueError):
            # It is compared as far as it can be read; what is wrong with it is reported elsewhere.
            pass
        return frozenset(found)

    def _successes(self) -> list[Node]:
        return [response for status, response in self.responses.items() if status.startswith("2")]


def by_key(document: Node, prefix: str) -> dict[str, Operation]:
    """The operations of a document by their keys.

    Raises:
        SpecError: The `$ref` of a path leads nowhere.
    """
    found: dict[str, Operation] = {}
    shared = prefix_of(server_of(document))
    is_divided = shared != prefix and any(f"{shared}{path}".startswith(f"{prefix}/") for path in document["paths"])
    for method, path, item, content in operations(document):
        own = _own_server(document, item, content)
        is_same = _same_host(own, server_of(document))
        root = prefix_of(own) if is_same else shared
        whole = root + path
        after = relative(whole, prefix)
        is_ours = after != whole
        if not is_ours and not (is_versioned(whole) and root != shared):
            after = path
        is_outside = is_divided and not (is_ours or is_versioned(whole))
        # The address is that of an operation without a server of its own.
        parts = (_without_servers(item), _without_servers(content)) if is_same and is_ours else (item, content)
        one = Operation(document, method, after, key_of(f"{method} {after}"), *parts, is_outside)
        found[one.key] = one
    return found


def _without_servers(node: Node) -> Node:
    return {name: value for name, value in node.items() if name != "servers"}


def key_of(address: str) -> str:
    """The key of an address: without the names of parameters."""
    method, _, path = address.partition(" ")
    return f"{method.lower()} {PARAMETER.sub('{}', path)}"


def keys_of(kept: Kept) -> list[str]:
    """The keys of an operation that we keep: of its address, and of those that it had before."""
    return [key_of(address) for address in (kept.address, *kept.former)]


def names_in(path: str) -> list[str]:
    """The names of the parameters in a path."""
    return [name[1:-1] for name in PARAMETER.findall(path)]


def server_of(holder: Node) -> str:
    """The URL of the first server of a document, path or operation, with the defaults of its variables."""
    servers = holder.get("servers") or [{}]
    url = str(servers[0].get("url", ""))
    for name, variable in (servers[0].get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    return url.rstrip("/")


def _own_server(document: Node, item: Node, content: Node) -> str:
    """The URL of a server that a path or operation has beside that of the document; empty if it has none."""
    own = server_of(content) or server_of(item)
    return urljoin(f"{server_of(document)}/", own) if own else ""


def with_host(document: Node, known: Node, prefix: str) -> Node:
    """A specification with the host of a known one, if its own server is a relative URL or not specified."""
    own, host = server_of(document), host_of(server_of(known))
    if urlsplit(own).netloc or not host:
        return document
    has_prefix = any(path.startswith(f"{prefix}/") for path in document["paths"])
    return {**document, "servers": [{"url": host + (own or ("" if has_prefix else prefix))}]}


def prefix_of(server: str) -> str:
    """The path of a server's URL."""
    return urlsplit(server).path


def host_of(server: str) -> str:
    """A server's URL without its path."""
    return server.removesuffix(prefix_of(server))


def has_prefix(document: Node, surface: Surface) -> bool:
    """Whether the addresses of a document begin with the prefix of `surface.yaml`, in its server or in its paths."""
    root = prefix_of(server_of(document))
    if not server_of(document) or root == surface.prefix:
        return True
    return any((root + path).startswith(f"{surface.prefix}/") for path in document["paths"])


def likeness(one: Operation, other: Operation) -> float:
    """How alike two operations are, from 0 to 1: by IDs, else by methods, addresses, parameters and bodies."""
    ids = [it.content.get("operationId") for it in (one, other)]
    if ids[0] and ids[0] == ids[1]:
        return 1.0
    every = one.features | other.features
    alike = len(one.features & other.features) / len(every) if every else 1.0
    address = difflib.SequenceMatcher(None, one.key.partition(" ")[2], other.key.partition(" ")[2]).ratio()
    return 0.2 * (one.method == other.method) + 0.3 * address + 0.5 * alike


def nearest(one: Operation, others: list[Operation]) -> list[Operation]:
    """The others, the most alike first."""
    return sorted(others, key=lambda other: (-likeness(one, other), other.address))


def _same_host(one: str, other: str) -> bool:
    return bool(one) and urlsplit(one)[:2] == urlsplit(other)[:2]


def _names(document: Node, schema: Any, depth: int) -> Iterator[str]:  # noqa: ANN401 -- a schema may be true or false
    if depth == 0:
        return
    one = shape(document, schema)
    for many in one.many:
        yield from _names(document, many.items, depth)
    for fields in one.objects:
        for name, field in fields.properties.items():
            yield name
            yield from (f"{name}.{inner}" for inner in _names(document, field, depth - 1))
