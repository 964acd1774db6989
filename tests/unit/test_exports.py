"""The public names, and what their import costs."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import Any

import pytest

import together_ext
from together_ext import archive, bulk, errors, transfer
from together_ext.simulator import LORA_JOB, Simulator
from together_generated import models

HEAVY = ["httpx", "rich", "typer", "starlette", "uvicorn", "backports.zstd", "zstd", "compression.zstd", "anyio"]

SHARED = "network"
"""The folder of the engine that calls of the API use as well; it loads nothing else of the engine."""


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running some code."""
    check = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr == ""
    return set(done.stdout.split())


def homes_for_type_checkers(package: types.ModuleType) -> dict[str, set[str]]:
    """What the block for type checkers imports, by module."""
    tree = ast.parse(inspect.getsource(package))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {
        str(node.module): {alias.name for alias in node.names}
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }


def test_the_public_names_are_sorted_and_each_is_there() -> None:
    assert together_ext.__all__ == sorted(set(together_ext.__all__))
    for name in together_ext.__all__:
        assert getattr(together_ext, name) is not None


@pytest.mark.parametrize(
    "package", ["together_ext", "together_ext.archive", "together_ext.bulk", "together_ext.transfer"]
)
def test_a_fresh_interpreter_lists_the_public_names(package: str) -> None:
    """Shells and editors complete what `dir()` lists, also before a name is used for the first time."""
    loaded_after(f"import {package} as found\nassert set(found.__all__) <= set(dir(found)), dir(found)")


@pytest.mark.parametrize(("package", "more"), [(together_ext, ["__version__"]), (archive, []), (transfer, [])])
def test_the_three_lists_of_names_agree(package: Any, more: list[str]) -> None:  # noqa: ANN401 -- its private names
    """One for type checkers, one for the import, and the public one."""
    homes = {home: set(names) for home, names in package._HOMES.items()}
    assert homes == homes_for_type_checkers(package)
    names = [name for home in package._HOMES.values() for name in home]
    assert sorted([*names, *more]) == package.__all__


@pytest.mark.parametrize("package", [together_ext, archive, transfer])
def test_a_public_name_is_the_object_of_its_module(package: Any) -> None:  # noqa: ANN401 -- the same
    for home, names in package._HOMES.items():
        for name in names:
            assert getattr(package, name) is getattr(sys.modules[f"{package.__name__}.{home}"], name)


VALUES = sorted(
    f"{package.__name__}.{name}"
    for package in (together_ext, archive, bulk, transfer)
    for name in package.__all__
    if dataclasses.is_dataclass(getattr(package, name))
)


@pytest.mark.parametrize("value", VALUES)
def test_the_annotations_of_a_public_value_can_be_read(value: str) -> None:
    """Web frameworks read them when a handler returns the value."""
    package, _, name = value.rpartition(".")
    assert typing.get_type_hints(getattr(sys.modules[package], name))


def test_every_error_that_a_user_may_catch_is_public() -> None:
    kinds = {
        name
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.TogetherExtError) and found.__module__ == errors.__name__
    }
    # Caught by their parents' names.
    assert kinds - set(together_ext.__all__) == {"MissingKeyError", "MissingSocksError", "RedirectedError"}


def test_the_names_of_the_official_sdk_are_ours() -> None:
    from together_ext import DownloadCheckpointType, FinetuneDownloadResult  # noqa: PLC0415 -- as a user writes it

    assert DownloadCheckpointType is together_ext.CheckpointType
    assert [kind.value for kind in DownloadCheckpointType] == ["default", "merged", "adapter"]
    assert FinetuneDownloadResult is together_ext.DownloadResult


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'together_ext' has no attribute 'nothing'"):
        together_ext.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_a_star_import_gives_the_public_names() -> None:
    found: dict[str, object] = {}
    exec("from together_ext import *", found)  # noqa: S102
    assert set(found) - {"__builtins__"} == set(together_ext.__all__)


def test_the_package_is_typed() -> None:
    assert (Path(together_ext.__file__).parent / "py.typed").is_file()


def test_importing_the_package_loads_almost_nothing() -> None:
    loaded = loaded_after("import together_ext")
    assert {name for name in loaded if name.startswith("together_ext")} == {"together_ext"}
    assert not loaded & {*HEAVY, "together_generated"}


def test_errors_and_rules_are_cheap_on_their_own() -> None:
    loaded = loaded_after("from together_ext import ApiStatusError, Checkpoint, CheckpointType, JobNotReadyError")
    assert not loaded & {*HEAVY, "together_generated"}


def test_importing_the_clients_loads_nothing_slow() -> None:
    loaded = loaded_after("from together_ext import Together, AsyncTogether")
    assert not loaded & {*HEAVY, "together_generated", "asyncio"}
    assert modules_of("together_ext", loaded) == {
        *("api", "api.flow", "api.moving", "api.whole", "client", "clock", "config", "errors", "text")
    }


@pytest.mark.parametrize("client", ["Together('key')", "AsyncTogether('key')"])
def test_a_client_loads_no_engine_and_no_archives_before_a_download(client: str) -> None:
    loaded = loaded_after(
        f"from together_ext import Together, AsyncTogether\nclient = {client}\nclient.fine_tuning.list, client.files"
    )
    assert "httpx" in loaded
    assert {name.partition(".")[0] for name in modules_of("together_ext.transfer", loaded)} <= {SHARED}
    assert not modules_of("together_ext.archive", loaded)


def test_a_call_loads_no_engine() -> None:
    with Simulator() as simulator:
        loaded = loaded_after(
            "from together_ext import Together\n"
            f"with Together({simulator.api_key!r}, {simulator.url!r}) as client:\n"
            f"    client.fine_tuning.list(), client.fine_tuning.retrieve({LORA_JOB!r}), client.files.list()"
        )
    assert {name.partition(".")[0] for name in modules_of("together_ext.transfer", loaded)} <= {SHARED}


def test_importing_the_results_loads_neither_terminal_nor_server_nor_codecs() -> None:
    loaded = loaded_after("from together_ext import Together, AsyncTogether, DownloadResult, DownloadProgress")
    # httpx loads its own command line if it can, and that needs rich.
    assert not loaded & (set(HEAVY) - {"httpx", "anyio", "rich"})
    assert not [name for name in loaded if name.startswith(("together_ext.cli.", "together_ext.simulator"))]


def modules_of(package: str, loaded: set[str]) -> set[str]:
    return {name.removeprefix(f"{package}.") for name in loaded if name.startswith(f"{package}.")}


def test_a_client_loads_no_model_that_it_does_not_need() -> None:
    """Classes of attrs are slow to make. What a call needs comes with the call."""
    loaded = loaded_after("from together_ext import Together, DownloadResult\nTogether('key').fine_tuning")
    assert modules_of("together_generated.models", loaded) == {"download_checkpoint"}
    assert modules_of("together_generated.api.fine_tuning", loaded) == {"download_fine_tune"}
    assert not loaded & {"together_ext.fine_tuning.creation", "together_ext.api.lists", "dateutil"}


def test_importing_the_client_loads_no_async_code() -> None:
    loaded = loaded_after("from together_ext import Together, AsyncTogether")
    assert not loaded & {"asyncio", "together_ext.api.bridge"}


def test_a_download_loads_one_endpoint_and_its_models_alone(tmp_path: Path) -> None:
    with Simulator() as simulator:
        loaded = loaded_after(
            "from together_ext import Together\n"
            f"with Together({simulator.api_key!r}, {simulator.url!r}) as client:\n"
            f"    client.fine_tuning.download({LORA_JOB!r}, output={str(tmp_path / 'there')!r})"
        )
    assert modules_of("together_generated.api.fine_tuning", loaded) == {"download_fine_tune", "retrieve_fine_tune"}
    made = modules_of("together_generated.models", loaded)
    assert "finetune_response" in made
    others = ("create", "delete", "list", "truncated", "fine_tune_checkpoint")
    assert not [name for name in made if any(other in name for other in others)]
    unwanted = {"asyncio", "statistics", "dateutil", "together_ext.fine_tuning.creation", "together_ext.api.lists"}
    assert not loaded & ({*HEAVY, *unwanted} - {"httpx", "anyio", "rich"})


def test_a_download_from_the_registry_loads_no_archive_format(tmp_path: Path) -> None:
    with Simulator() as simulator:
        model = simulator.registry.add("small", {"config.json": b"{}"}).id
        loaded = loaded_after(
            "from together_ext import Together\n"
            f"with Together({simulator.api_key!r}, {simulator.url!r}) as client:\n"
            f"    client.models.download({model!r}, output={str(tmp_path / 'model')!r})"
        )
    assert modules_of("together_ext.archive.formats", loaded) == {"source"}
    unwanted = {"together_ext.archive.unpack", "together_ext.archive.writing", "together_ext.fine_tuning.download"}
    assert not loaded & ({*HEAVY, *unwanted, "asyncio", "dateutil", "tarfile"} - {"httpx", "anyio", "rich"})


def test_every_generated_model_is_found_by_its_name() -> None:
    """And no other name; each is loaded when it is first used."""
    found = {name for name in models.__all__ if getattr(models, name).__name__ == name}
    assert found == set(models.__all__) <= set(dir(models))
    with pytest.raises(AttributeError, match=r"module 'together_generated\.models' has no attribute 'Nothing'"):
        models.Nothing  # type: ignore[attr-defined]  # noqa: B018


SETTINGS_OF_OTHERS = """
import logging, os, signal, sys, threading, warnings
def settings():
    loggers = {name: (found.level, list(found.handlers), found.propagate, list(found.filters))
               for name, found in logging.root.manager.loggerDict.items()
               if isinstance(found, logging.Logger) and not name.startswith("together_ext")}
    return {
        "modules": {name for name, found in sys.modules.items() if found is None},
        "import": (list(sys.path), list(sys.meta_path), list(sys.path_hooks)),
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook, sys.displayhook),
        "logging": (logging.root.level, list(logging.root.handlers), logging.getLoggerClass(), logging.root.disabled),
        "loggers": loggers,
        "warnings": list(warnings.filters),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "environment": dict(os.environ),
        "threads": threading.active_count(),
        "others": (sys.getrecursionlimit(), sys.getswitchinterval(), os.getcwd(), os.umask(0o22)),
    }
"""


@pytest.mark.parametrize(
    "code",
    [
        "import together_ext",
        "from together_ext import *",
        "import together_ext.archive, together_ext.transfer, together_ext.cli, together_ext.api.bridge",
        "import together_ext.cli.app, together_ext.cli.program, together_ext.cli.commands.download",
        "from together_ext import Together; Together('key').fine_tuning",
    ],
)
def test_an_import_does_not_change_other_packages(code: str) -> None:
    """A part of httpx used to be switched off in the whole process."""
    # What others do when they are imported is theirs.
    others = "import anyio, attrs, httpx, rich.console, typer, ssl, asyncio, dateutil"
    check = (
        f"{SETTINGS_OF_OTHERS}\n{others}\nsettings()\nbefore = settings()\n{code}\nafter = settings()\n"
        "changed = [name for name in before if before[name] != after[name] and name != 'loggers']\n"
        "changed += [name for name, found in before['loggers'].items() if after['loggers'][name] != found]\n"
        "assert not changed, changed"
    )
    loaded_after(check)


def test_no_other_module_is_prevented_from_loading() -> None:
    """The command line of httpx used to be, so that `httpx.main` said that its dependencies are missing."""
    code = "import together_ext, httpx, sys\nassert None not in sys.modules.values()\nassert httpx.main.name"
    assert "httpx._main" in loaded_after(code)
