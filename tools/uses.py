"""Where the handwritten layer uses the generated one: what must still be there, and what a change concerns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GENERATED = "together_generated"


@dataclass(frozen=True, order=True)
class Use:
    """A name of a generated module or class, used in a line; `name` is empty where the whole module is imported."""

    module: str
    name: str
    file: str
    line: int

    @property
    def place(self) -> str:
        """File and line, as editors take them."""
        return f"{self.file}:{self.line}"


def uses(package: Path) -> list[Use]:
    """Every public name of the generated package that the modules of `package` name: by import, or as an attribute."""
    return sorted({use for path in sorted(package.rglob("*.py")) for use in _uses_of(path, package.parent)})


def attributes(package: Path) -> dict[str, list[str]]:
    """Where modules of `package` read or write an attribute or a keyword, by its name: fields are used so.

    Only in those that use the generated package at all: others mean something else by the name.
    """
    found: dict[str, list[str]] = {}
    files = {use.file for use in uses(package)}
    for path in sorted(package.parent / file for file in files):
        file = path.relative_to(package.parent).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                found.setdefault(node.attr, []).append(f"{file}:{node.lineno}")
            elif isinstance(node, ast.keyword) and node.arg:
                found.setdefault(node.arg, []).append(f"{file}:{node.lineno}")
    return {name: list(dict.fromkeys(places)) for name, places in found.items()}


def literals(package: Path) -> dict[str, dict[str, int]]:
    """The strings that each module of `package` spells out, with the first line of each."""
    found: dict[str, dict[str, int]] = {}
    for path in sorted(package.rglob("*.py")):
        strings = found.setdefault(path.relative_to(package.parent).as_posix(), {})
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings[node.value] = min(node.lineno, strings.get(node.value, node.lineno))
    return found


def _uses_of(path: Path, root: Path) -> Iterator[Use]:
    file, tree = path.relative_to(root).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == GENERATED:
            for alias in node.names:
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield Use(node.module or "", alias.name, file, node.lineno)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == GENERATED:
                    modules[alias.asname or GENERATED] = alias.name if alias.asname else GENERATED
                    yield Use(alias.name, "", file, node.lineno)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (holder := _dotted(node.value, modules)):
            yield Use(holder, node.attr, file, node.lineno)


def _dotted(node: ast.expr, modules: dict[str, str]) -> str | None:
    """The full name of what an attribute is taken of, if it is of the generated package."""
    if isinstance(node, ast.Name):
        return modules.get(node.id)
    if isinstance(node, ast.Attribute) and (holder := _dotted(node.value, modules)):
        return f"{holder}.{node.attr}"
    return None
