"""What we keep of the public specification, and our names for it: `surface.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.spec.documents import METHODS, SpecError, read


@dataclass(frozen=True)
class Kept:
    """An operation that we keep: `method` (lower case) and `path` are its address, the rest is ours."""

    id: str
    tag: str
    method: str
    path: str

    @property
    def address(self) -> str:
        """The address as people write it."""
        return f"{self.method.upper()} {self.path}"


@dataclass(frozen=True)
class Surface:
    """The operations that we keep, the names of types by their places, and the rules that are switched off."""

    operations: tuple[Kept, ...]
    types: Mapping[str, str]
    without: Mapping[str, str]


def read_surface(path: Path) -> Surface:
    """Read `surface.yaml`.

    Raises:
        SpecError: It cannot be read, or has another shape.
    """
    content = read(path)
    if not isinstance(content, dict) or not isinstance(content.get("operations"), dict):
        raise SpecError(f"{path.name} lists no operations")
    kept = tuple(
        _kept(called, tag, address, path.name)
        for tag, operations in content["operations"].items()
        for called, address in operations.items()
    )
    for double in {operation.id for operation in kept if sum(other.id == operation.id for other in kept) > 1}:
        raise SpecError(f"{path.name} lists the operationId {double} twice")
    return Surface(kept, content.get("types") or {}, content.get("without") or {})


def _kept(id: str, tag: str, address: Any, file: str) -> Kept:  # noqa: ANN401 -- whatever the file says
    method, _, path = str(address).partition(" ")
    if method.lower() not in METHODS or not path.startswith("/"):
        raise SpecError(f"{file}: {id} has the address {address!r}, expected such as GET /fine-tunes")
    return Kept(id, tag, method.lower(), path)
