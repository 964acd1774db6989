"""What we keep of the public specification, and our names for it: `surface.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.spec.documents import METHODS, SpecError, read

VERSIONED = re.compile(r"/v\d+/")
"""Begins an address outside of the prefix, which has a version of its own."""


@dataclass(frozen=True)
class Kept:
    """An operation that we keep: `method` (lower case) and `path` are its address, the rest is ours.

    `former` are the addresses that it had before.
    """

    id: str
    tag: str
    method: str
    path: str
    former: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The address as people write it."""
        return f"{self.method.upper()} {self.path}"


@dataclass(frozen=True)
class Surface:
    """The operations that we keep, the names of types by their places, and the rules that are switched off.

    `prefix` is the path that every address begins with, and the base URL of the clients ends with. `forms` are the
    media types of the bodies that have several, by place.
    """

    operations: tuple[Kept, ...]
    types: Mapping[str, str]
    without: Mapping[str, str]
    prefix: str = "/v1"
    forms: Mapping[str, str] = field(default_factory=dict)


def is_versioned(path: str) -> bool:
    """Whether an address begins at the host, with a version of its own, such as `/v3/whoami`."""
    return VERSIONED.match(path) is not None


def relative(path: str, prefix: str) -> str:
    """An address after the prefix, if it begins with it."""
    return path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path


def is_place(name: str) -> bool:
    """Whether a name under `types` is that of a place, not of a type."""
    return "." in name or "[" in name


def read_surface(path: Path) -> Surface:
    """Read `surface.yaml`.

    Raises:
        SpecError: It cannot be read, or has another shape.
    """
    content = read(path)
    if not isinstance(content, dict) or not isinstance(content.get("operations"), dict):
        raise SpecError(f"{path.name} lists no operations")
    prefix = str(content.get("prefix", Surface.prefix)).rstrip("/")
    kept = tuple(
        _kept(called, tag, address, prefix, path.name)
        for tag, operations in content["operations"].items()
        for called, address in (operations or {}).items()
    )
    for double in {operation.id for operation in kept if sum(other.id == operation.id for other in kept) > 1}:
        raise SpecError(f"{path.name} lists the operationId {double} twice")
    types, without, forms = (content.get(name) or {} for name in ("types", "without", "forms"))
    if lost := forms.keys() - {f"{operation.id}.{role}" for operation in kept for role in ("body", "response")}:
        raise SpecError(
            f"{path.name} has media types for what is not the body or response of an operation in it: "
            f"{', '.join(sorted(lost))}. Remove these lines under forms, or correct their names."
        )
    return Surface(kept, types, without, prefix, forms)


def _kept(id: str, tag: str, addresses: Any, prefix: str, file: str) -> Kept:  # noqa: ANN401 -- whatever the file says
    every = [str(address) for address in (addresses if isinstance(addresses, list) else [addresses])]
    for address in every or [""]:
        method, _, path = address.partition(" ")
        if method.lower() not in METHODS or not path.startswith("/"):
            raise SpecError(
                f"{file}: {id} has the address {address!r}; use a method and a path, such as GET /fine-tunes"
            )
    parts = [address.partition(" ") for address in every]
    (method, path), *former = [(method, relative(path, prefix)) for method, _, path in parts]
    return Kept(id, tag, method.lower(), path, tuple(map(" ".join, former)))
