"""The layout of the package: which room may import which, no cycles, and rooms of a size that can be read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

import together_ext

PACKAGE: Final = Path(together_ext.__file__).parent
NAME: Final = PACKAGE.name

LEAVES: Final = {"errors", "text", "clock", "storage", "leases"}
MAY_IMPORT: Final[dict[str, set[str]]] = {
    "text": set(),
    "clock": {"errors"},
    "errors": {"text"},
    "storage": {"errors", "text"},
    "leases": {"clock", "errors", "storage", "text"},
    "transfer": LEAVES,
    "archive": LEAVES,
    "checkpoints": {"errors", "text"},
    "config": {"errors", "text"},
    "destinations": LEAVES | {"transfer", "archive"},
    "api": LEAVES | {"config", "transfer"},
    "bulk": {"checkpoints", "clock", "errors"},
    "fine_tuning": LEAVES | {"bulk", "api", "archive", "checkpoints", "config", "destinations", "registry", "transfer"},
    "files": LEAVES | {"api", "config", "destinations", "transfer"},
    "inference": LEAVES | {"api"},
    "registry": LEAVES | {"api", "archive", "config", "destinations", "transfer"},
    "client": LEAVES | {"api", "config", "fine_tuning", "files", "inference", "registry", "transfer"},
    "generated": LEAVES | {"api", "client", "fine_tuning"},
    "simulator": {"errors"},
    "cli": LEAVES
    | {"bulk", "api", "archive", "checkpoints", "client", "config", "files", "fine_tuning", "inference"}
    | {"destinations", "simulator", "transfer"},
    "__main__": {"cli"},
}
"""The rooms at the top of the package, and what each may import."""

GENERATED_CLIENT: Final = {
    "its client sends every request, and its errors become ours": ["api.connection", "api.failures", "api.requests"],
    "calls its endpoints": [
        *("files.resource", "files.upload", "inference.chat", "inference.endpoints"),
        *("fine_tuning.best_checkpoint", "fine_tuning.create", "fine_tuning.datasets", "fine_tuning.operations"),
        *("registry.operations", "registry.paging", "registry.project", "registry.revision"),
    ],
    "makes its request bodies": [
        *("fine_tuning.creation", "fine_tuning.job_rules", "fine_tuning.parameters", "fine_tuning.training")
    ],
    "reads its models": [
        *("api.lists", "fine_tuning.job", "fine_tuning.waiting", "inference.completion", "registry.located")
    ],
    "names its models and enums in signatures": [
        *("fine_tuning.resource", "fine_tuning.async_resource", "registry.resource", "fine_tuning.download_options"),
        *("fine_tuning.prepared", "fine_tuning.registry_source", "errors"),
        *("cli.commands.datasets", "cli.commands.fine_tuning", "cli.commands.price", "cli.commands.serving"),
        "cli.commands.wait",
    ],
    "has the older names of its models": ["generated", "generated.models.finetune_response"],
}
"""The modules that import `together_generated`, and what for."""

LATE: Final = {
    "the client, with httpx and TLS: 230 ms that `--help`, `inspect` and `verify` do not need": [
        *("client", "api.connection", "httpx", "files.resource", "fine_tuning.creation", "fine_tuning.parameters"),
        *("fine_tuning.metrics", "fine_tuning.waiting"),
    ],
    "a resource, or a part of one that few of its methods need: 5 to 110 ms": [
        *("fine_tuning.resource", "fine_tuning.async_resource", "registry.resource", "registry.project"),
        *("inference.chat", "inference.completion", "inference.endpoints", "inference.stream"),
        *("files.upload", "files.local_file", "fine_tuning.create", "fine_tuning.datasets", "fine_tuning.planning"),
        *("fine_tuning.best_checkpoint", "fine_tuning.download", "fine_tuning.download_many"),
        "registry.download",
    ],
    "an endpoint of the generated client with its models, in each operation: 18 ms for all": ["together_generated.api"],
    "lists, whose classes load models: 33 ms": ["api.lists"],
    "the download engine, which calls do not need: 80 ms": [
        *("transfer", "transfer.stream", "transfer.survey", "destinations.local")
    ],
    "async code: 23 ms": ["anyio", "anyio.lowlevel", "api.bridge", "transfer.async_stream", "transfer.beside"],
    "archives, with decompressors and hash functions: 20 to 70 ms": [
        *("archive", "archive.inspect", "archive.next_steps", "archive.receipt", "fine_tuning.extraction"),
        "archive.retention",
    ],
    "object stores, an extra: 20 to 60 ms": [
        *("obstore", "obstore.exceptions", "obstore.store", "destinations.checking", "destinations.object_state"),
        *("destinations.objects", "destinations.partial_receipt", "destinations.store", "fine_tuning.to_objects"),
        "registry.uploading",
    ],
    "the registry, as another source of weights: 40 ms": [
        *("fine_tuning.registry_source", "registry.folder", "registry.making")
    ],
    "many downloads: 10 ms, and half a second with Dask": ["bulk", "bulk.dask", "distributed"],
    "output of a kind: 25 ms for a terminal, 400 ms for a plot, 3 ms for JSON in each command": [
        *("cli.render.bar", "cli.render.bars", "cli.render.status", "cli.render.tables", "matplotlib.figure"),
        *("json", "cli.render.documents"),
    ],
    "commands of their own: 60 ms and more": [
        *("cli.program", "cli.doctor.diagnosis", "cli.doctor.objects", "simulator", "simulator.serve")
    ],
    "what only odd values or failures need: 17 and 2 ms": ["dateutil.parser", "html"],
}
"""The modules that are imported inside functions, by what that saves (CPU time, measured); all others at the top."""

MOST_MODULES, MOST_FOLDERS = 8, 12
MOST_LINES, TYPICAL_LINES = 400, 150
LONG: Final = {
    "errors.py",
}
"""Tables of data, which may be longer."""


def _modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = [NAME, *path.relative_to(PACKAGE).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES: Final = _modules()


def _imports(module: str) -> Iterator[str]:
    """Every module that one imports: at its top, inside functions and for type checkers alone."""
    return _imported(module, ast.parse(MODULES[module].read_text()))


def _imported(module: str, part: ast.AST) -> Iterator[str]:
    """Every module that a part of one imports."""
    folder = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(part):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=start, names=names, level=level):
                above = folder.split(".")[: len(folder.split(".")) - level + 1] if level else []
                base = ".".join([*above, *([start] if start else [])])
                if base == NAME and [name.name for name in names] == ["__version__"]:
                    continue  # set before the package imports anything
                yield from (f"{base}.{name.name}" if f"{base}.{name.name}" in MODULES else base for name in names)


@cache
def _graph() -> dict[str, set[str]]:
    """What each module imports. Read once, and only where a test asks for it."""
    return {module: set(_imports(module)) for module in MODULES}


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import one another, each in order of name."""
    reached = {module: _reached(graph, module) for module in graph}
    groups = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in graph
        if module in reached[module]
    }
    return [list(group) for group in sorted(groups)]


def _reached(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    left = [start]
    while left:
        for other in graph[left.pop()] & graph.keys() - found:
            found.add(other)
            left.append(other)
    return found


@pytest.mark.parametrize("room", sorted({_room(module) for module in MODULES} - {""}))
def test_a_room_imports_only_what_the_table_allows(room: str) -> None:
    arrows = {
        (module, other)
        for module, others in _graph().items()
        if _room(module) == room
        for other in others
        if other.partition(".")[0] == NAME and _room(other) not in {room, *MAY_IMPORT[room]}
    }
    assert arrows == set()


def test_the_table_lists_the_rooms_that_there_are() -> None:
    assert MAY_IMPORT.keys() == {_room(module) for module in MODULES} - {""}


def test_the_table_itself_has_one_direction() -> None:
    assert cycles(MAY_IMPORT) == []


def test_no_modules_import_one_another() -> None:
    assert cycles(_graph()) == []


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}}, [["a", "b", "c"]]),
        ({"a": {"a"}}, [["a"]]),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, []),
    ],
)
def test_a_cycle_is_found(graph: dict[str, set[str]], found: list[list[str]]) -> None:
    assert cycles(graph) == found


def test_few_modules_import_the_generated_client() -> None:
    users = {
        module.removeprefix(f"{NAME}.")
        for module, others in _graph().items()
        if any(other.partition(".")[0] == "together_generated" for other in others)
    }
    listed = {module for modules in GENERATED_CLIENT.values() for module in modules}
    assert users - listed == set(), "list the module in GENERATED_CLIENT, or import what another one has"
    assert listed - users == set(), "remove the module from GENERATED_CLIENT"


def test_imports_inside_functions_save_time() -> None:
    late = {
        "together_generated.api" if other.startswith("together_generated.api.") else other.removeprefix(f"{NAME}.")
        for module, path in MODULES.items()
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for other in _imported(module, function)
    }
    listed = {module for modules in LATE.values() for module in modules}
    assert late - listed == set(), "import the module at the top, or list it in LATE with what that saves"
    assert listed - late == set(), "remove the module from LATE"


def test_the_top_of_the_package_has_few_modules_and_folders() -> None:
    top = [path for path in PACKAGE.iterdir() if path.name not in {"__init__.py", "__main__.py", "__pycache__"}]
    assert len([path for path in top if path.suffix == ".py"]) <= MOST_MODULES
    assert len([path for path in top if path.is_dir()]) <= MOST_FOLDERS


@pytest.mark.parametrize("module", sorted(module for module in MODULES if _room(module) not in {"clock", "simulator"}))
def test_a_module_starts_threads_through_the_clock_alone(module: str) -> None:
    """`started` and `submitted` raise a clear error where the system starts no more threads."""
    nodes = ast.walk(ast.parse(MODULES[module].read_text()))
    calls = [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]
    assert [call for call in calls if call.endswith((".submit", "thread.start", ").start"))] == []
    assert "started" in calls or not {"threading.Thread", "threading.Timer"} & {*calls}


def test_modules_are_short() -> None:
    lines = {path.relative_to(PACKAGE).as_posix(): len(path.read_text().splitlines()) for path in MODULES.values()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES and name not in LONG} == {}
    assert sorted(lines.values())[len(lines) // 2] < TYPICAL_LINES


@pytest.mark.parametrize("folder", sorted({path.parent for path in MODULES.values()}))
def test_each_folder_describes_its_content(folder: Path) -> None:
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    assert len(text) > len("What lives here.")
    if folder == PACKAGE:
        return
    (sentence,) = re.findall(r"\bImports [^.]*\.", " ".join(text.split()))
    if folder.parent == PACKAGE and "every other room" not in sentence:
        imported = {_room(other) for module in MODULES for other in _graph()[module] if _room(module) == folder.name}
        assert imported & MAY_IMPORT.keys() - LEAVES - {folder.name} <= set(re.findall(r"`(\w+)`", sentence))
