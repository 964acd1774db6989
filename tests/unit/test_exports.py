"""The public names, and what their import costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import together_ext
from together_ext import errors
from together_ext.simulator import LORA_JOB, Simulator
from together_generated import models

HEAVY = ["httpx", "rich", "typer", "starlette", "uvicorn", "backports.zstd", "zstd", "compression.zstd", "anyio"]


def loaded_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running some code."""
    check = f"{code}\nimport sys\nprint(*[name for name, module in sys.modules.items() if module is not None])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr == ""
    return set(done.stdout.split())


def homes_for_type_checkers() -> dict[str, set[str]]:
    """What the block for type checkers imports, by module."""
    tree = ast.parse(inspect.getsource(together_ext))
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
    assert set(together_ext.__all__) <= set(dir(together_ext))


def test_the_three_lists_of_names_agree() -> None:
    """One for type checkers, one for the import, and the public one."""
    homes = {home: set(names) for home, names in together_ext._HOMES.items()}
    assert homes == homes_for_type_checkers()
    names = [name for home in together_ext._HOMES.values() for name in home]
    assert sorted([*names, "__version__"]) == together_ext.__all__


def test_a_name_is_the_one_of_its_home() -> None:
    for home, names in together_ext._HOMES.items():
        for name in names:
            assert getattr(together_ext, name) is getattr(sys.modules[f"together_ext.{home}"], name)


def test_every_error_that_a_user_may_catch_is_public() -> None:
    kinds = {
        name
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.TogetherExtError) and found.__module__ == errors.__name__
    }
    # Caught by their parents' names.
    assert kinds - set(together_ext.__all__) == {"MissingKeyError", "RedirectedError"}


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'together_ext' has no attribute 'nothing'"):
        together_ext.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_a_star_import_gives_the_public_names() -> None:
    found: dict[str, object] = {}
    exec("from together_ext import *", found)  # noqa: S102
    assert set(found) - {"__builtins__"} == set(together_ext.__all__)


def test_the_package_is_typed() -> None:
    assert (Path(together_ext.__file__).parent / "py.typed").is_file()


def test_to_import_the_package_loads_next_to_nothing() -> None:
    loaded = loaded_after("import together_ext")
    assert {name for name in loaded if name.startswith("together_ext")} == {"together_ext", "together_ext.version"}
    assert not loaded & {*HEAVY, "together_generated"}


def test_errors_and_rules_are_cheap_on_their_own() -> None:
    loaded = loaded_after("from together_ext import ApiStatusError, Checkpoint, CheckpointType, JobNotReadyError")
    assert not loaded & {*HEAVY, "together_generated"}


def test_to_import_the_client_loads_neither_terminal_nor_server_nor_codecs() -> None:
    loaded = loaded_after("from together_ext import Together, AsyncTogether, DownloadResult, DownloadProgress")
    assert "httpx" in loaded
    assert not loaded & (set(HEAVY) - {"httpx", "anyio"})
    assert not [name for name in loaded if name.startswith(("together_ext.cli.", "together_ext.simulator"))]


def modules_of(package: str, loaded: set[str]) -> set[str]:
    return {name.removeprefix(f"{package}.") for name in loaded if name.startswith(f"{package}.")}


def test_to_import_the_client_loads_no_model_that_it_does_not_need() -> None:
    """Classes of attrs are slow to make. What a call needs comes with the call."""
    loaded = loaded_after("from together_ext import Together, AsyncTogether, DownloadResult, DownloadProgress")
    assert modules_of("together_generated.models", loaded) == {"download_checkpoint"}
    assert modules_of("together_generated.api.fine_tuning", loaded) == {"download_fine_tune"}
    assert not loaded & {"together_ext.creation", "together_ext.lists", "dateutil"}


def test_to_import_the_client_loads_nothing_of_async_code() -> None:
    loaded = loaded_after("from together_ext import Together, AsyncTogether")
    assert not loaded & {"asyncio", "together_ext.bridge"}


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
    unwanted = {"asyncio", "html", "statistics", "dateutil", "together_ext.creation", "together_ext.lists"}
    assert not loaded & ({*HEAVY, *unwanted} - {"httpx", "anyio"})


def test_every_generated_model_is_found_by_its_name() -> None:
    """And no other name; each is loaded when it is first used."""
    found = {name for name in models.__all__ if getattr(models, name).__name__ == name}
    assert found == set(models.__all__) <= set(dir(models))
    with pytest.raises(AttributeError, match=r"module 'together_generated\.models' has no attribute 'Nothing'"):
        models.Nothing  # type: ignore[attr-defined]  # noqa: B018


def test_a_fresh_interpreter_uses_httpx_as_usual() -> None:
    """Its command line is kept from being loaded; nothing else may suffer."""
    code = "import together_ext, httpx\nassert httpx.Client().get is not None\nimport httpx._models"
    assert "httpx" in loaded_after(code)
