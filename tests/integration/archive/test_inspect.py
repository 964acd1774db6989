"""Inspection of weights that the safetensors library wrote."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from together_ext.archive.inspect import inspect
from together_ext.cli import main
from together_ext.errors import ArchiveError, MissingPathError

LORA: dict[str, np.ndarray[Any, Any]] = {
    "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": np.ones((8, 64), np.float32),
    "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight": np.ones((64, 8), np.float16),
}
SETTINGS = {"r": 8, "lora_alpha": 16, "target_modules": ["v_proj", "q_proj"], "base_model_name_or_path": "meta/Llama"}


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """A folder with an adapter."""
    folder = tmp_path / "adapter"
    folder.mkdir()
    save_file(LORA, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    (folder / "adapter_config.json").write_text(json.dumps(SETTINGS))
    return folder


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a model in two shards."""
    folder = tmp_path / "model"
    folder.mkdir()
    for number in (1, 2):
        save_file({f"w{number}": np.ones((4, 4), np.float32)}, folder / f"model-{number}.safetensors")
    index = {"weight_map": {"w1": "model-1.safetensors", "w2": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    return folder


def test_the_settings_of_an_adapter_are_reported(adapter: Path) -> None:
    found = inspect(adapter)

    assert (found.layout, found.tensors, found.parameters) == ("adapter", 2, 1024)
    assert found.dtypes == {"F16": 512, "F32": 512}
    assert (found.rank, found.alpha, found.base_model) == (8, 16.0, "meta/Llama")
    assert found.target_modules == ("q_proj", "v_proj")
    assert found.warnings == ()
    assert found.configured


def test_a_complete_model_causes_no_warning(model: Path) -> None:
    found = inspect(model)

    assert (found.layout, found.tensors, found.dtypes, found.warnings) == ("model", 2, {"F32": 32}, ())


def test_an_archive_is_reported_like_its_folder(adapter: Path, model: Path, tmp_path: Path) -> None:
    tar = shutil.which("tar")
    assert tar is not None
    for folder in (adapter, model):
        archive = tmp_path / f"{folder.name}.tar.gz"
        subprocess.run([tar, "-czf", archive, "-C", folder, "."], check=True)  # noqa: S603 -- our own command

        assert inspect(archive) == inspect(folder)


def warned(folder: Path) -> str:
    """The one warning."""
    (warning,) = inspect(folder).warnings
    return warning


def test_a_truncated_file_is_reported(model: Path) -> None:
    shard = model / "model-2.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])

    assert "model-2.safetensors has" in warned(model)


@pytest.mark.parametrize(
    "data", [b"", b"\xff" * 8, b"\x02\0\0\0\0\0\0\0", b"\x02\0\0\0\0\0\0\0[]", b"\x02\0\0\0\0\0\0\0{"]
)
def test_an_invalid_safetensors_file_is_reported(adapter: Path, data: bytes) -> None:
    (adapter / "more.safetensors").write_bytes(data)

    assert warned(adapter).startswith("more.safetensors ")


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, -4]},
        {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0]},
        {"dtype": [], "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": 1, "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]},
        # To multiply these takes all memory, or a day, or cannot be done or shown.
        {"dtype": "F32", "shape": [[0], 1 << 40], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1 << 60] * 100_000, "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1.5, 10**400], "data_offsets": [0, 4]},
        {"dtype": "F4", "shape": [1 << 60] * 60, "data_offsets": [0, 4]},
        3,
    ],
)
def test_a_contradictory_header_is_reported(adapter: Path, entry: Any) -> None:  # noqa: ANN401 -- whatever a file has
    header = json.dumps({"w": entry}).encode()
    (adapter / "more.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))

    assert "invalid header" in warned(adapter)


def test_an_unknown_type_is_reported_without_control_characters(adapter: Path) -> None:
    header = json.dumps({"w": {"dtype": "\x1b[31m", "shape": [8], "data_offsets": [0, 4]}}).encode()
    (adapter / "more.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))

    assert "invalid header" in warned(adapter)


@pytest.mark.parametrize("number", [10**400, -1, "8", None, [8]])
def test_settings_that_are_not_numbers_are_left_out(adapter: Path, number: object) -> None:
    (adapter / "adapter_config.json").write_text(json.dumps({**SETTINGS, "r": number, "lora_alpha": number}))

    found = inspect(adapter)

    # The rank is told by the tensors, too.
    assert (found.rank, found.alpha) == (8, None)


def test_a_missing_shard_is_reported(model: Path) -> None:
    (model / "model-1.safetensors").unlink()

    assert warned(model).startswith("shard model-1.safetensors is missing (it is in the index): no tool can load")


def test_a_tensor_in_two_files_is_reported(model: Path) -> None:
    shutil.copy(model / "model-1.safetensors", model / "model-3.safetensors")

    assert "model-3.safetensors has tensors that another file also has, such as w1" in warned(model)


def test_tensors_in_no_shard_are_reported(model: Path) -> None:
    index = {"weight_map": {"w1": "model-1.safetensors", "w3": "model-2.safetensors"}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index))

    assert "1 tensors of the index are missing from the shards" in warned(model)


def test_a_missing_tokenizer_is_reported(model: Path) -> None:
    (model / "tokenizer.json").unlink()

    assert "no tokenizer" in warned(model)


def test_a_pickle_is_reported(adapter: Path) -> None:
    (adapter / "pytorch_model.bin").write_bytes(b"\x80")

    assert "loading it executes any code" in warned(adapter)


@pytest.mark.parametrize("text", ["", "[" * 100_000, "{"])
def test_a_configuration_that_is_not_json_is_reported(model: Path, text: str) -> None:
    (model / "config.json").write_text(text)

    assert warned(model) == "config.json is not valid JSON"
    assert not inspect(model).configured


def test_what_vllm_refuses_is_reported(adapter: Path) -> None:
    (adapter / "adapter_config.json").write_text(json.dumps({**SETTINGS, "modules_to_save": ["lm_head"]}))
    save_file(
        {**LORA, "base_model.model.lm_head.weight": np.ones(4, np.float32)}, adapter / "adapter_model.safetensors"
    )

    first, second = inspect(adapter).warnings
    assert first.startswith("the adapter replaces whole modules (lm_head): vLLM does not support modules_to_save; ")
    assert second.startswith("the adapter replaces embeddings, such as base_model.model.lm_head.weight: vLLM refuses ")


def lora(**changes: Any) -> dict[str, np.ndarray[Any, Any]]:  # noqa: ANN401 -- arrays of any type
    """The adapter's tensors, some of them others."""
    return {**LORA, **{f"base_model.model.model.layers.{name}": array for name, array in changes.items()}}


B = "0.self_attn.q_proj.lora_B.weight"


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    ("value", "word"), [(0, "is all zeros"), (np.nan, "has NaN"), (-np.inf, "has NaN or infinite")]
)
def test_an_invalid_lora_b_is_reported(adapter: Path, dtype: type, value: float, word: str) -> None:
    broken: np.ndarray[Any, Any] = np.zeros((64, 8), dtype)
    broken[-1, -1] = value
    other = np.ones((64, 8), np.float32)
    save_file(lora(**{B: broken, "1.q_proj.lora_B.weight": other}), adapter / "adapter_model.safetensors")

    assert f"LoRA B {word}" in warned(adapter)
    assert "in 1 of 2 tensors" in warned(adapter)


def test_a_lora_b_in_bfloat16_is_checked(adapter: Path) -> None:
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"
    header = json.dumps({name: {"dtype": "BF16", "shape": [1, 8], "data_offsets": [0, 16]}}).encode()
    path = adapter / "adapter_model.safetensors"
    for data, word in ((bytes(16), "all zero"), (b"\x80\x3f" * 7 + b"\x80\xff", "infinite")):
        path.write_bytes(len(header).to_bytes(8, "little") + header + data)
        assert word in warned(adapter)
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\x80\x3f" * 8)
    assert inspect(adapter).warnings == ()


def test_a_different_rank_is_reported(adapter: Path) -> None:
    save_file(lora(**{"1.q_proj.lora_A.weight": np.ones((16, 64), np.float32)}), adapter / "adapter_model.safetensors")

    assert warned(adapter) == "adapter_config.json sets rank 8, but there are tensors of rank 16"
    assert inspect(adapter).ranks == (8, 16)
    (adapter / "adapter_config.json").write_text(json.dumps({**SETTINGS, "rank_pattern": {"layers.1": 16}}))
    assert warned(adapter).startswith("the adapter uses rank_pattern: vLLM scales all modules by one rank; merge ")


def test_a_dora_adapter_is_reported(adapter: Path) -> None:
    (adapter / "adapter_config.json").write_text(json.dumps({**SETTINGS, "use_dora": True}))

    assert warned(adapter) == (
        "the adapter uses DoRA: vLLM does not support DoRA; llama.cpp (and therefore Ollama) does not support DoRA; "
        "merge the adapter into its base model with peft first"
    )


def test_an_adapter_without_base_model_or_configuration_is_reported(adapter: Path) -> None:
    (adapter / "adapter_config.json").write_text(json.dumps({**SETTINGS, "base_model_name_or_path": None}))
    assert (
        warned(adapter) == "adapter_config.json names no base model: extract the archive again with --base-model NAME"
    )
    (adapter / "adapter_config.json").unlink()
    assert "adapter_config.json is missing" in warned(adapter)
    assert inspect(adapter).rank == 8


@pytest.mark.parametrize(
    "odd",
    [
        {"r": []},
        {"r": True},
        {"r": 10**4000},
        {"lora_alpha": 10**4000},
        {"lora_alpha": {}},
        {"target_modules": {"a": 1}},
        {"target_modules": [None, ["x"]]},
        {"rank_pattern": [[]]},
        {"rank_pattern": {"a": {}}},
        {"modules_to_save": {"a": 1}},
        {"base_model_name_or_path": ["x"]},
        {"base_model_name_or_path": "\x1b[31m" * 50},
    ],
)
def test_invalid_settings_are_ignored(adapter: Path, odd: dict[str, object]) -> None:
    (adapter / "adapter_config.json").write_text(json.dumps({**SETTINGS, **odd}))

    found = inspect(adapter)

    assert found.tensors == 2
    assert all(text.isprintable() for text in (*found.warnings, str(found.base_model)))


def test_an_invalid_weight_map_is_ignored(model: Path) -> None:
    (model / "model.safetensors.index.json").write_text('{"weight_map": {"w1": ["x"], "w2": {}}}')
    assert inspect(model).warnings == ()
    (model / "model.safetensors.index.json").write_text("[3]")
    assert inspect(model).warnings == ()


def test_missing_pickle_shards_are_reported_too(model: Path) -> None:
    (model / "pytorch_model.bin.index.json").write_text('{"weight_map": {"w1": "pytorch_model-1.bin"}}')

    assert warned(model) == "shard pytorch_model-1.bin is missing (it is in the index)"


def test_a_header_that_needs_much_memory_is_not_read(adapter: Path) -> None:
    path = adapter / "more.safetensors"
    with path.open("wb") as file:
        file.write((64 << 20).to_bytes(8, "little"))
        file.truncate(100 << 20)

    assert (
        warned(adapter)
        == f"more.safetensors was not read: its header has {64 << 20:,} bytes; the maximum is {16 << 20:,}"
    )


def test_a_configuration_that_needs_much_memory_is_not_read(model: Path) -> None:
    with (model / "config.json").open("wb") as file:
        file.truncate(1 << 30)

    assert warned(model).startswith("config.json was not read: ")


def test_the_number_of_warnings_is_limited(adapter: Path) -> None:
    for number in range(300):
        (adapter / f"{number}.bin").write_bytes(b"")

    assert inspect(adapter).warnings[-1] == "100 more warnings"
    assert len(inspect(adapter).warnings) == 201


def test_the_configuration_nearest_to_the_root_is_used(adapter: Path) -> None:
    for folder in ("a", "z"):
        (adapter / folder).mkdir()
        (adapter / folder / "adapter_config.json").write_text(json.dumps({**SETTINGS, "r": 64}))

    assert inspect(adapter).rank == 8


def test_a_bomb_is_not_read_to_its_end(tmp_path: Path) -> None:
    archive = tmp_path / "bomb.tar"
    header = tarfile.TarInfo("bomb")
    header.size = 1 << 40
    archive.write_bytes(header.tobuf())

    with pytest.raises(ArchiveError, match="times its size"):
        inspect(archive)


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="check the path"):
        inspect(tmp_path / "nothing")


def test_the_command_prints_the_report(adapter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(adapter)]) == 0
    lines = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert lines["layout"] == "adapter"
    assert lines["rank"] == "8"
    assert main(["inspect", str(adapter), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["alpha"] == 16


def test_a_folder_of_models_is_refused_and_lists_them(adapter: Path, model: Path, tmp_path: Path) -> None:
    around = tmp_path / "around"
    for place in (adapter, model):
        shutil.copytree(place, around / place.name)

    with pytest.raises(
        ArchiveError, match=f"subfolders do .{', '.join(sorted((adapter.name, model.name)))}.: inspect one"
    ):
        inspect(around)


def test_a_folder_inside_a_model_is_ignored(model: Path) -> None:
    (model / "original").mkdir()
    (model / "original" / "params.json").write_text("{}")

    assert inspect(model).layout == "model"
