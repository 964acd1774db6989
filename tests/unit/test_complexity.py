"""No function is too complex: at most twelve paths, each condition counted."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

import together_ext

PACKAGE: Final = Path(together_ext.__file__).parent
MOST: Final = 12
"""McCabe complexity, with `and`, `or`, conditional expressions, comprehensions and cases counted, as ruff does not."""

_BRANCHES: Final = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.Assert, ast.match_case)


def complexity(node: ast.AST) -> int:
    """The number of independent paths through a function."""
    paths = 1
    for part in ast.walk(node):
        match part:
            case ast.comprehension(ifs=ifs):
                paths += 1 + len(ifs)
            case ast.BoolOp(values=values):
                paths += len(values) - 1
            case _ if isinstance(part, _BRANCHES):
                paths += 1
    return paths


def test_each_kind_of_branch_counts() -> None:
    source = "def f(x):\n    if x and x > 1:\n        return [y for y in x if y]\n    return 1 if x else 2\n"
    assert complexity(ast.parse(source)) == 6


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_function_is_too_complex(path: Path) -> None:
    functions = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    found = {f"{path.relative_to(PACKAGE).as_posix()}:{node.name}": complexity(node) for node in functions}
    assert {name: count for name, count in found.items() if count > MOST} == {}
