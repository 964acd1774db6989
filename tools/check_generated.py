"""Check that the committed client is what `openapi.yaml` asks for: what `make check-generated` runs.

Compiling and importing prove little: the generator drops an operation it cannot read, and its models import one
another inside functions. So these are looked at: the bytes, the operations, every import at any level, every name that
the handwritten layer uses, and whether payloads as servers send them can be read.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import inspect
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from tools.annotations import misfits
from tools.generate import PACKAGE, ROOT, SPEC, Generate, GenerationError, generate
from tools.json_responses import lost_documents
from tools.spec.documents import METHODS, reached, read_openapi
from tools.uses import keywords, uses

Document = dict[str, dict[str, dict[str, dict[str, Any]]]]
ENTRY_POINTS = ("sync", "sync_detailed", "asyncio", "asyncio_detailed")
# An operation with an empty response has no functions that parse it.
ENTRY_POINTS_OF_EMPTY = ("sync_detailed", "asyncio_detailed")


ODD = "odd"
"""Begins the names of payloads of a server that is ahead of the specification."""


def files(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its relative name, without what Python compiles beside it."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def differences(committed: Path, fresh: Path) -> Iterator[str]:
    """Say how the committed package differs from a fresh one, a line for each file."""
    old, new = files(committed), files(fresh)
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"{name}: is not generated (a stray file?)"
        elif name not in old:
            yield f"{name}: is missing"
        elif old[name] != new[name]:
            yield f"{name}: differs"


def operations(document: Document) -> Iterator[str]:
    """The operationId of each operation of an OpenAPI document; its method and path where it has none."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield operation.get("operationId", f"{method.upper()} {path}")


def empty_operations(document: Document) -> set[str]:
    """The operationIds of operations whose only response is 204, which has no body."""
    return {
        str(operation.get("operationId"))
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS and list(operation["responses"]) == ["204"]
    }


def missing_operations(wanted: Iterator[str], package: Path, empty: AbstractSet[str] = frozenset()) -> Iterator[str]:
    """Say which operations have no endpoint module with all of its functions.

    Args:
        wanted: Their operationIds.
        package: The generated package.
        empty: Those of them whose response has no body.
    """
    modules = {path.stem: path for path in (package / "api").rglob("*.py") if path.stem != "__init__"}
    for operation in wanted:
        if operation not in modules:
            yield f"operation {operation}: has no function"
            continue
        try:
            tree = ast.parse(modules[operation].read_text())
        except SyntaxError:
            yield f"operation {operation}: its module is not Python"
            continue
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        wanted_here = ENTRY_POINTS_OF_EMPTY if operation in empty else ENTRY_POINTS
        if lacking := [name for name in wanted_here if name not in defined]:
            yield f"operation {operation}: lacks {', '.join(lacking)}"


def dangling_imports(package: Path) -> Iterator[str]:
    """Say which imports, also those inside functions, name a module or an attribute that does not exist."""
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        # A package is its own anchor for relative imports, a module's anchor is its parent.
        anchor = ".".join(parts[:-1])
        try:
            tree = ast.parse(path.read_text())
        except SyntaxError as error:
            yield f"{path.relative_to(package)}:{error.lineno}: is not Python"
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                wanted = [(alias.name, "") for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                module = _absolute("." * node.level + (node.module or ""), anchor)
                wanted = [(module, alias.name) for alias in node.names]
            else:
                continue
            for module, attribute in wanted:
                if not _resolves(module, attribute):
                    yield f"{path.relative_to(package)}:{node.lineno}: cannot import {attribute or module} of {module}"


def _absolute(name: str, anchor: str) -> str:
    """The full name of a module; one with more dots than there are packages has none, and stays as it is."""
    try:
        return importlib.util.resolve_name(name, anchor)
    except ImportError:
        return name


def _resolves(module: str, attribute: str) -> bool:
    if not attribute:
        return _imported(module) is not None
    found = _found(module)
    return found is not None and (hasattr(found, attribute) or _imported(f"{module}.{attribute}") is not None)


def _found(name: str) -> object | None:
    """A module, or a class or enum in one."""
    module = _imported(name)
    if module is not None or "." not in name:
        return module
    holder, _, attribute = name.rpartition(".")
    return getattr(_found(holder), attribute, None)


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except Exception:  # noqa: BLE001 -- an import runs the module, which may fail in any way
        return None


def unwanted_operations(wanted: Iterator[str], package: Path) -> Iterator[str]:
    """Say which endpoint modules belong to no operation."""
    known = set(wanted)
    for path in sorted((package / "api").rglob("*.py")):
        if path.stem != "__init__" and path.stem not in known:
            yield f"{path.relative_to(package).as_posix()}: belongs to no operation"


def lost_names(handwritten: Path, package: Path) -> Iterator[str]:
    """Say which names of the generated package the handwritten one uses that are not there."""
    for use in uses(handwritten):
        if not _resolves(use.module.replace(PACKAGE.name, package.name, 1), use.name):
            yield f"{use.place}: uses {use.name or use.module} of {use.module}, which was removed"


def unread_payloads(fixtures: Path, package: Path) -> Iterator[str]:
    """Say which payloads, as servers send them, cannot be read, or lose a field.

    Args:
        fixtures: A folder with a JSON file for each class: its payloads, by their names. Those whose names begin with
            `odd` need not be what the annotations say.
        package: The generated package.
    """
    models = _imported(f"{package.name}.models")
    for path in sorted(fixtures.glob("*.json")):
        model = getattr(models, path.stem, None)
        for name, payload in json.loads(path.read_text(encoding="utf-8")).items():
            if model is None:
                yield f"payload {path.stem} {name}: there is no such class"
                continue
            try:
                read = model.from_dict(payload)
                written = read.to_dict()
            except Exception as error:  # noqa: BLE001 -- generated code may fail in any way
                yield f"payload {path.stem} {name}: cannot be read: {type(error).__name__}: {error}"
                continue
            if lost := sorted(payload.keys() - written.keys()):
                yield f"payload {path.stem} {name}: loses {', '.join(lost)}"
            for misfit in () if name.startswith(ODD) else misfits(read, _names(package)):
                yield f"payload {path.stem} {name}: {misfit}: correct openapi.overlay.yaml, or the payload"


def closed_responses(document: Document, package: Path) -> Iterator[str]:
    """Say which classes of responses drop fields that they do not have: servers are newer than clients."""
    names = _names(package)
    for name in sorted(_in_responses(document)):
        schema = document["components"]["schemas"][name]
        if "enum" in schema:
            continue
        # The generator writes names of classes in its own way.
        model = next((found for called, found in names.items() if _plain(called) == _plain(name)), None)
        if model is None:
            yield f"response type {name}: there is no such class"
        elif "additional_properties" not in {field.name for field in attrs.fields(model)}:
            yield (
                f"response type {name}: its class drops unknown fields: remove its `additionalProperties: false` in "
                "openapi.overlay.yaml"
            )


def _plain(name: str) -> str:
    return re.sub(r"\W|_", "", name).lower()


def _in_responses(document: Document) -> set[str]:
    """The names of the types that responses lead to."""
    responses = [
        operation["responses"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    ]
    return reached(document, responses)


def _names(package: Path) -> dict[str, Any]:
    """The classes of the package, and the type of what is unset, by name."""
    models, types = _imported(f"{package.name}.models"), _imported(f"{package.name}.types")
    found = {name: getattr(models, name, None) for name in getattr(models, "__all__", ())}
    return {**found, **{name: getattr(types, name, None) for name in ("Unset", "File")}}


def lost_keywords(handwritten: Path, package: Path) -> Iterator[str]:
    """Say which keywords the handwritten layer uses that a generated function or class does not have."""
    for call in keywords(handwritten):
        found = _found(f"{call.module}.{call.name}".replace(PACKAGE.name, package.name, 1))
        if isinstance(found, ModuleType):
            # An endpoint: its functions have the same keywords.
            found = getattr(found, "sync_detailed", None)
        if not callable(found):
            continue
        taken = inspect.signature(found).parameters
        for keyword in call.keywords:
            if keyword not in taken:
                yield f"{call.place}: uses the keyword {keyword} of {call.name} of {call.module}, which was removed"


def losses(document: Document, package: Path, root: Path) -> list[str]:
    """Whatever a client lacks that the specification or the handwritten layer asks for.

    Args:
        document: The specification.
        package: The generated package; the folder that it is in comes first in `sys.path`.
        root: The repository, for what uses the client.
    """
    return [
        *missing_operations(operations(document), package, empty_operations(document)),
        *unwanted_operations(operations(document), package),
        *dangling_imports(package),
        *closed_responses(document, package),
        *lost_names(root / "together_ext", package),
        *lost_keywords(root / "together_ext", package),
        *unread_payloads(root / "tests" / "wire" / "fixtures", package),
        *(lost_documents(document) if (root / "together_ext" / "cli" / "schemas").exists() else ()),
    ]


def main(arguments: Sequence[str] = (), generate: Generate = generate) -> int:
    """Print each defect; 1 if there is any.

    Without `--client` it is the committed client that is looked at, and it has to be what the generator makes today.

    Args:
        arguments: Of the command.
        generate: Writes the client to compare with.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.check_generated", description=__doc__)
    parser.add_argument("--client", type=Path, help="another client than the committed one; it is not regenerated")
    parser.add_argument("--spec", type=Path, help="the specification it is made from")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository that uses it")
    options = parser.parse_args(arguments)
    root, committed = options.root, options.root / PACKAGE.relative_to(ROOT)
    package, spec = options.client or committed, options.spec or root / SPEC.name
    sys.path.insert(0, str(package.parent))
    problems = [] if options.client else list(_outdated(committed, spec, generate))
    document = read_openapi(spec)
    problems += losses(document, package, root)
    for problem in problems:
        print(problem, file=sys.stderr)
    if options.client:
        return 1 if problems else 0
    if problems:
        print(f"{package.relative_to(root)} is not what {spec.name} asks for: run `make generate`.", file=sys.stderr)
        return 1
    count = len(list(operations(document)))
    print(f"{package.relative_to(root)} is up to date: {count} operation{'' if count == 1 else 's'}")
    return 0


def _outdated(package: Path, spec: Path, generate: Generate) -> Iterator[str]:
    """How the committed client differs from a fresh one."""
    try:
        with tempfile.TemporaryDirectory() as scratch:
            fresh = Path(scratch) / package.name
            generate(fresh, spec)
            yield from differences(package, fresh)
    except GenerationError as error:
        yield str(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
