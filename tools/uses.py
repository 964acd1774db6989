"""Where the handwritten layer uses the generated one: what must still be there, and what a change concerns."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

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


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def attributes(package: Path) -> dict[str, list[str]]:
    """Where modules of `package` read or write an attribute or a keyword, by its name: fields are used so.

    Only in those that use the generated package at all: others mean something else by the name.
    """
    found: dict[str, list[str]] = {}
    files = {use.file for use in uses(package)}
    for path in sorted(package.parent / file for file in files):
        file = path.relative_to(package.parent).as_posix()
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Attribute):
                found.setdefault(node.attr, []).append(f"{file}:{node.lineno}")
            elif isinstance(node, ast.keyword) and node.arg:
                found.setdefault(node.arg, []).append(f"{file}:{node.lineno}")
    return {name: list(dict.fromkeys(places)) for name, places in found.items()}


def literals(package: Path) -> dict[str, dict[str, list[int]]]:
    """The strings that each module of `package` spells out, with their lines."""
    found: dict[str, dict[str, list[int]]] = {}
    for path in sorted(package.rglob("*.py")):
        strings = found.setdefault(path.relative_to(package.parent).as_posix(), {})
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.setdefault(node.value, []).append(node.lineno)
    return found


@dataclass(frozen=True)
class Keywords:
    """The keywords of a call that go to something generated: `name` in `module`, such as a function or a class."""

    module: str
    name: str
    keywords: tuple[str, ...]
    place: str


def keywords(package: Path) -> Iterator[Keywords]:
    """Every call of modules of `package` whose keywords go to something generated.

    It is called itself, or handed to a function that passes on what it does not take itself.
    """
    trees = {path: _tree(path) for path in sorted(package.rglob("*.py"))}
    own = _own_parameters(trees.values())
    for path, tree in trees.items():
        file = path.relative_to(package.parent).as_posix()
        for node, modules in _scoped(tree):
            if not isinstance(node, ast.Call):
                continue
            names = tuple(keyword.arg for keyword in node.keywords if keyword.arg)
            place = f"{file}:{node.lineno}"
            if target := _generated(node.func, modules):
                yield Keywords(*target, names, place)
                continue
            taken = own.get(node.func.id, frozenset()) if isinstance(node.func, ast.Name) else frozenset()
            rest = tuple(name for name in names if taken is not None and name not in taken)
            passed = [target for argument in node.args if (target := _generated(argument, modules))]
            yield from (Keywords(*target, rest, place) for target in passed)


def _own_parameters(trees: Iterable[ast.Module]) -> dict[str, frozenset[str] | None]:
    """The parameters of functions by name; None for those, and for classes, that take nothing else."""
    found: dict[str, frozenset[str] | None] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef):
            found[node.name] = None
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            takes = frozenset(argument.arg for argument in (*node.args.args, *node.args.kwonlyargs))
            found[node.name] = takes if node.args.kwarg else None
    return found


def _generated(node: ast.expr, modules: Mapping[str, str]) -> tuple[str, str] | None:
    """The module and the name of something generated that an expression names."""
    if isinstance(node, ast.Name) and node.id in modules and modules[node.id] != GENERATED:
        module, _, name = modules[node.id].rpartition(".")
        return module, name
    if isinstance(node, ast.Attribute) and (holder := _dotted(node.value, modules)):
        return holder, node.attr
    return None


def _scoped(tree: ast.AST, outer: Mapping[str, str] = MappingProxyType({})) -> Iterator[tuple[ast.AST, dict[str, str]]]:
    """Every node, with what is imported of the generated package where it is, by the name that it has there."""
    inner: list[ast.AST] = []
    here: list[ast.AST] = []
    waiting = [*ast.iter_child_nodes(tree)]
    while waiting:
        node = waiting.pop()
        here.append(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner.append(node)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    modules = {**outer, **_imported(here)}
    yield from ((node, modules) for node in here)
    for function in inner:
        yield from _scoped(function, modules)


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    modules: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == GENERATED:
            modules |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == GENERATED:
                    modules[alias.asname or GENERATED] = alias.name if alias.asname else GENERATED
    return modules


def _uses_of(path: Path, root: Path) -> Iterator[Use]:
    file, tree = path.relative_to(root).as_posix(), _tree(path)
    for node, modules in _scoped(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == GENERATED:
            yield from (Use(node.module or "", alias.name, file, node.lineno) for alias in node.names)
        elif isinstance(node, ast.Import):
            names = (alias.name for alias in node.names if alias.name.split(".")[0] == GENERATED)
            yield from (Use(name, "", file, node.lineno) for name in names)
        elif isinstance(node, ast.Attribute) and (holder := _dotted(node.value, modules)):
            yield Use(holder, node.attr, file, node.lineno)


def _dotted(node: ast.expr, modules: Mapping[str, str]) -> str | None:
    """The full name of what an attribute is taken of, if it is of the generated package."""
    if isinstance(node, ast.Name):
        return modules.get(node.id)
    if isinstance(node, ast.Attribute) and (holder := _dotted(node.value, modules)):
        return f"{holder}.{node.attr}"
    return None
