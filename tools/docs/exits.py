"""The exit codes and error codes of the command line, from the code."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from pathlib import Path
from typing import Final

import together_ext
from together_ext import TogetherExtError, cli, errors
from together_ext.cli.exits import Exit, code_of, exit_of

PACKAGE: Final = Path(str(cli.__file__)).parent


def meanings() -> dict[Exit, str]:
    """What each exit code means: the text after it in its class."""
    body = next(node.body for node in ast.walk(ast.parse(inspect.getsource(Exit))) if isinstance(node, ast.ClassDef))
    found: dict[Exit, str] = {}
    for member, text in pairwise(body):
        match member, text:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(words))):
                found[Exit[name]] = " ".join(words.split())
    return found


def kinds() -> list[type[TogetherExtError]]:
    """Every error of the package, in the order of the source."""
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TogetherExtError)]


def public() -> list[type[TogetherExtError]]:
    """Those that a user may catch by their own names."""
    return [kind for kind in kinds() if kind.__name__ in together_ext.__all__]


def link(kind: type[TogetherExtError]) -> str:
    """Its name, as a link to its description if it has one."""
    name = f"`{kind.__name__}`"
    return f"[{name}][together_ext.{kind.__name__}]" if kind in public() else name


def blank(kind: type[TogetherExtError]) -> TogetherExtError:
    """An error of a kind, without the facts that its constructor wants."""
    return kind.__new__(kind)


def own_codes() -> dict[str, list[str]]:
    """The codes of the command line's own errors, with the files that raise them, relative to the package."""
    found: dict[str, list[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.keyword) or node.arg != "code":
                continue
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                found.setdefault(node.value.value, []).append(path.relative_to(PACKAGE).as_posix())
    return found


def exits() -> str:
    """The table of exit codes."""
    rows = [f"| {code.value} | {text} | {_names(code)} |" for code, text in meanings().items()]
    return "\n".join(["| exit code | meaning | errors |", "| --- | --- | --- |", *rows]) + "\n"


def _names(code: Exit) -> str:
    return ", ".join(link(kind) for kind in kinds() if exit_of(blank(kind)) == code)


def error_codes() -> str:
    """The table of error codes."""
    rows: dict[str, list[str]] = {}
    for kind in kinds():
        rows.setdefault(code_of(blank(kind)), []).append(link(kind))
    for code in own_codes():
        rows.setdefault(code, []).append("the command line")
    rows.setdefault(code_of(ValueError()), []).append("any other error; please report it")
    lines = [f"| `{code}` | {', '.join(names)} |" for code, names in sorted(rows.items())]
    return "\n".join(["| code | error |", "| --- | --- |", *lines]) + "\n"
