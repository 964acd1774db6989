"""The tests themselves: nothing of ours is patched, so that nothing of it can outlive a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
OURS = {"together_ext", "together_generated", "tools", "benchmarks", "tests"} | {
    path.stem for path in TESTS.rglob("*") if path.is_dir() or path.suffix == ".py"
}
PATCHES = {"setattr", "delattr", "setitem", "delitem"}


def patches(tree: ast.Module) -> Iterator[str]:
    """Each place where a test changes a name of ours, or one that it does not import (and may be anything)."""
    origins = _origins(tree)
    for name, origin in origins.items():
        if origin.startswith("unittest.mock"):
            yield f"{name} is a mock: use the real thing"
    for node in ast.walk(tree):
        if any(_changed(node, origins)):
            yield f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)}"


def _origins(tree: ast.Module) -> dict[str, str]:
    """Where each imported name comes from."""
    origins = {"monkeypatch": "pytest"}
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                origins |= {(name.asname or name.name.partition(".")[0]): name.name for name in node.names}
            case ast.ImportFrom():
                start = "tests" if node.level else node.module
                origins |= {(name.asname or name.name): f"{start}.{name.name}" for name in node.names}
    return origins


def _changed(node: ast.AST, origins: dict[str, str]) -> Iterator[bool]:
    match node:
        case ast.Call(func=ast.Attribute(attr=method), args=[target, *rest]) if method in PATCHES:
            names = [target, *rest[:1]] if method.endswith("item") else [target]
            yield from (_is_ours(name, origins) for name in names)
        case ast.Call(func=ast.Name(id="setattr" | "delattr"), args=[target, *_]):
            yield _is_imported_from_us(target, origins)
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            yield from (_is_a_name_of_ours(found, origins) for found in targets)
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            yield _is_a_name_of_ours(target, origins)


def _is_a_name_of_ours(target: ast.expr, origins: dict[str, str]) -> bool:
    """Whether an assignment changes an attribute, or an entry of a table, of what is imported from us."""
    match target:
        case ast.Subscript(value=ast.Attribute(value=ast.Name(id="sys"), attr="modules"), slice=ast.Constant() as key):
            return _is_ours(key, origins)
        case ast.Attribute(value=value) | ast.Subscript(value=value):
            return _is_imported_from_us(value, origins)
        case _:
            return False


def _is_ours(target: ast.expr, origins: dict[str, str]) -> bool:
    match target:
        case ast.Constant(value=str(name)):
            return name.partition(".")[0] in OURS
        case ast.Attribute(value=value):
            return _is_ours(value, origins)
        case ast.Name(id=name):
            return name not in origins or origins[name].partition(".")[0] in OURS
        case _:
            return True


def _is_imported_from_us(target: ast.expr, origins: dict[str, str]) -> bool:
    match target:
        case ast.Attribute(value=value) | ast.Call(func=ast.Name(id="vars"), args=[value]):
            return _is_imported_from_us(value, origins)
        case ast.Name(id=name):
            return origins.get(name, "").partition(".")[0] in OURS
        case _:
            return False


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in sorted(TESTS.rglob("*.py"))])
def test_no_test_patches_a_name_of_ours(path: Path) -> None:
    assert list(patches(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "code",
    [
        "from together_ext import cli\nmonkeypatch.setattr(cli, 'screen', None)",
        "from together_ext.cli import screen as s\nmonkeypatch.setattr(s.console, 'width', 80)",
        "import tools.generate\nmonkeypatch.setattr(tools.generate, 'ROOT', None)",
        "monkeypatch.setattr('together_ext.clock.now', None)",
        "for module in modules: monkeypatch.setattr(module, 'ROOT', None)",
        "import sys\nmonkeypatch.delitem(sys.modules, 'together_ext.simulator')",
        "import sys\nfor name in names: monkeypatch.delitem(sys.modules, name)",
        "import together_ext.config\ntogether_ext.config.TIMEOUT = 1",
        "from conftest import world\nworld.now = 1",
        "from together_ext import config\nconfig.TIMEOUT += 1",
        "from together_ext import config\nconfig.TIMEOUT: float = 1",
        "from together_ext import config\nsetattr(config, 'TIMEOUT', 1)",
        "from together_ext.cli import screen\nsetattr(screen.console, 'width', 80)",
        "from together_ext import config\nvars(config)['TIMEOUT'] = 1",
        "from together_ext import config\nconfig.__dict__['TIMEOUT'] = 1",
        "import sys\nsys.modules['together_ext.simulator'] = None",
        "import sys\ndel sys.modules['together_ext.simulator']",
        "from unittest import mock",
        "from unittest.mock import patch",
    ],
)
def test_a_patch_is_noticed(code: str) -> None:
    assert len(list(patches(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nmonkeypatch.setattr(sys, 'stdin', None)",
        "import sys\nmonkeypatch.setitem(sys.modules, 'matplotlib', None)",
        "monkeypatch.setenv('TOGETHER_API_KEY', 'x')",
        "sim.redirect_downloads = True",
        "setattr(sim, 'redirect_downloads', True)",
        "sim.jobs['ft-x'] = job",
        "import sys\nsys.modules['matplotlib'] = None",
    ],
)
def test_names_of_other_packages_can_be_patched(code: str) -> None:
    assert list(patches(ast.parse(code))) == []
