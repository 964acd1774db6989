"""What keeps tools from loading weights: for each finding, real files, and which commands are still offered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from together_ext.archive.findings import TABLE, Finding, Tool, Verdict
from together_ext.archive.inspect import inspect
from together_ext.archive.next_steps import next_steps

BASE = "meta-llama/Llama-3.1-8B-Instruct"
PREFIX = "base_model.model.model.layers.0.self_attn.q_proj"
LORA = {
    f"{PREFIX}.lora_A.weight": np.ones((8, 64), np.float32),
    f"{PREFIX}.lora_B.weight": np.ones((64, 8), np.float32),
}
ONE = np.ones(4, np.float32)
SETTINGS = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "bias": "none", "base_model_name_or_path": BASE}
CONFIG = {"architectures": ["LlamaForCausalLM"]}

ADAPTER = {"vllm", "peft", "llama.cpp", "ollama"}
MODEL = {"vllm", "transformers", "llama.cpp", "ollama"}
SERVERS = {"sglang", "tgi"}
"""Offered only for weights without findings."""


def adapter(folder: Path, tensors: dict[str, Any] | None = None, **settings: object) -> None:
    """Write an adapter."""
    (folder / "adapter_config.json").write_text(json.dumps({**SETTINGS, **settings}))
    save_file(LORA if tensors is None else tensors, folder / "adapter_model.safetensors", {"format": "pt"})


def model(folder: Path, *names: str, index: dict[str, str] | None = None) -> None:
    """Write a model with a tensor in each of these files."""
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text("{}")
    for name in names:
        save_file({name: ONE}, folder / name)
    if index is not None:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))


def without_weights(folder: Path) -> None:
    adapter(folder)
    (folder / "adapter_model.safetensors").unlink()


def cut(folder: Path) -> None:
    adapter(folder)
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])


def with_odd_metadata(folder: Path) -> None:
    adapter(folder)
    header = json.dumps({"__metadata__": {"step": 500}}).encode()
    (folder / "adapter_model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)


def mlx(folder: Path) -> None:
    """An adapter as mlx_lm writes it."""
    (folder / "adapter_config.json").write_text(json.dumps({"fine_tune_type": "lora", "num_layers": 1, "model": BASE}))
    save_file({"model.layers.0.self_attn.q_proj.lora_a": np.ones((64, 8), np.float32)}, folder / "adapters.safetensors")


WRAPPED = {name.replace("model.layers", "language_model.model.layers"): tensor for name, tensor in LORA.items()}
NAMED = {name.replace(".weight", ".default.weight"): tensor for name, tensor in LORA.items()}
HADA = {f"{PREFIX}.hada_w1_a": np.ones((4, 4), np.float32)}
VECTOR = {**LORA, f"{PREFIX}.lora_magnitude_vector": ONE}
SHARDS = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
INDEX = {name: name for name in SHARDS}

CASES: dict[str, tuple[Callable[[Path], object], set[Finding], set[str]]] = {
    "adapter": (adapter, set(), ADAPTER | SERVERS),
    "targets": (lambda folder: adapter(folder, target_modules=["v_proj", "q_proj"]), set(), ADAPTER | SERVERS),
    "a pattern": (lambda folder: adapter(folder, target_modules="(a+)+"), set(), ADAPTER | SERVERS),
    "other targets": (
        lambda folder: adapter(folder, target_modules=["v_proj", "proj"]),
        {Finding.OTHER_TARGETS},
        {"llama.cpp", "ollama"},
    ),
    "a wrapper's names": (lambda folder: adapter(folder, WRAPPED), {Finding.OTHER_MODULES}, set()),
    "an unknown base": (
        lambda folder: adapter(folder, WRAPPED, base_model_name_or_path="acme/other"),
        set(),
        ADAPTER - {"ollama"} | SERVERS,
    ),
    "MLX": (mlx, {Finding.MLX}, set()),
    "no weights": (without_weights, {Finding.NO_WEIGHTS}, set()),
    "no tensors of LoRA": (lambda folder: adapter(folder, {"x": ONE}), {Finding.NO_WEIGHTS}, set()),
    "cut short": (cut, {Finding.UNREADABLE}, set()),
    "metadata": (with_odd_metadata, {Finding.UNREADABLE}, set()),
    "rsLoRA": (lambda folder: adapter(folder, use_rslora=True), {Finding.RSLORA}, {"vllm", "peft"}),
    "alpha_pattern": (
        lambda folder: adapter(folder, alpha_pattern={"q_proj": 4}),
        {Finding.ALPHA_PATTERN},
        {"peft"},
    ),
    "rank_pattern": (lambda folder: adapter(folder, rank_pattern={"q": 8}), {Finding.RANK_PATTERN}, ADAPTER - {"vllm"}),
    "DoRA": (lambda folder: adapter(folder, VECTOR, use_dora=True), {Finding.DORA}, {"peft"}),
    "undeclared DoRA": (lambda folder: adapter(folder, VECTOR), {Finding.UNDECLARED_DORA}, set()),
    "bias": (lambda folder: adapter(folder, {**LORA, f"{PREFIX}.bias": ONE}), {Finding.BIAS}, {"peft"}),
    "bias by name": (lambda folder: adapter(folder, bias="lora_only"), {Finding.BIAS}, {"peft"}),
    "lora_bias": (lambda folder: adapter(folder, lora_bias=True), {Finding.BIAS}, {"peft"}),
    "LoHa": (lambda folder: adapter(folder, HADA, peft_type="LOHA"), {Finding.NOT_LORA}, {"peft"}),
    "keys": (lambda folder: adapter(folder, NAMED), {Finding.NAMED_KEYS}, set()),
    "modules": (lambda folder: adapter(folder, modules_to_save=["score"]), {Finding.WHOLE_MODULES}, {"peft"}),
    "embeddings": (
        lambda folder: adapter(folder, {**LORA, "base_model.model.lm_head.weight": ONE}),
        {Finding.EMBEDDINGS},
        {"peft"},
    ),
    "model": (lambda folder: model(folder, "model.safetensors"), set(), MODEL | SERVERS),
    "shards": (lambda folder: model(folder, *SHARDS, index=INDEX), set(), MODEL | SERVERS),
    "no model": (model, {Finding.NO_WEIGHTS}, set()),
    "missing shard": (lambda folder: model(folder, *SHARDS[:2], index=INDEX), {Finding.INCOMPLETE}, set()),
    "missing tensor": (
        lambda folder: model(folder, *SHARDS, index={**INDEX, "w": SHARDS[0]}),
        {Finding.INCOMPLETE},
        set(),
    ),
    "missing shard without an index": (
        lambda folder: model(folder, *SHARDS[:2]),
        {Finding.INCOMPLETE, Finding.NO_INDEX},
        set(),
    ),
    "no index": (lambda folder: model(folder, *SHARDS), {Finding.NO_INDEX}, MODEL - {"transformers"}),
}


@pytest.mark.parametrize("name", CASES)
def test_only_commands_that_can_work_are_offered(name: str, tmp_path: Path) -> None:
    make, findings, working = CASES[name]
    make(tmp_path)
    found = inspect(tmp_path)
    assert set(found.findings) == findings
    assert len(found.warnings) >= len(findings)
    assert bool(found.warnings) == bool(findings)
    steps = next_steps(str(tmp_path), found)
    assert {step.tool for step in steps if step.command} - {"hugging face"} == working
    assert "mlx" not in {step.tool for step in steps if step.command}
    assert all(step.note for step in steps if not step.command)
    if not working:
        assert [step.tool for step in steps] == ["weights"]


def test_every_finding_has_a_case_and_every_cell_a_verdict() -> None:
    assert set().union(*(findings for _, findings, _ in CASES.values())) == set(Finding)
    assert TABLE.keys() == {(finding, tool) for finding in Finding for tool in Tool}
    for (finding, tool), verdict in TABLE.items():
        assert verdict.works == (not verdict.why), (finding, tool)
    # What no tool is needed for is no finding.
    assert all(any(not TABLE[finding, tool].works for tool in Tool) for finding in Finding)
    assert TABLE[Finding.RSLORA, Tool.VLLM] == Verdict(works=True)


def test_the_documentation_has_the_table() -> None:
    text = (Path(__file__).parents[3] / "docs" / "archives.md").read_text()
    assert not any(TABLE[finding, tool].works for finding in Finding for tool in (Tool.SGLANG, Tool.TGI))
    tools = (Tool.VLLM, Tool.PEFT, Tool.TRANSFORMERS, Tool.LLAMA_CPP)
    for finding in Finding:
        assert TABLE[finding, Tool.OLLAMA] == TABLE[finding, Tool.LLAMA_CPP]
        cells = ("yes" if TABLE[finding, tool].works else "no" for tool in tools)
        assert f"| {finding} | {' | '.join(cells)} |" in text


def test_the_name_of_the_folder_is_one_for_vllm(tmp_path: Path) -> None:
    place = tmp_path / "my bot"
    place.mkdir()
    adapter(place)
    (warning,) = inspect(place).warnings
    assert warning.startswith("the folder is called 'my bot', which the folder resolver of vLLM takes as the name")


@pytest.mark.parametrize(
    "name", ["tokenizer.model", "tokenizer.model.v3", "spiece.model", "qwen.tiktoken", "vocab.txt", "tekken.json"]
)
def test_every_kind_of_tokenizer_counts(name: str, tmp_path: Path) -> None:
    model(tmp_path, "model.safetensors")
    (tmp_path / "tokenizer.json").rename(tmp_path / name)
    found = inspect(tmp_path)
    assert found.tokenizer
    assert found.warnings == ()


def test_files_that_macos_adds_are_ignored(tmp_path: Path) -> None:
    adapter(tmp_path)
    before = inspect(tmp_path)
    for name in ("._adapter_model.safetensors", "._adapter_config.json", "._training.bin"):
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07" + bytes(50))
    assert inspect(tmp_path) == before
    (tmp_path / "adapter_model.safetensors").unlink()
    (tmp_path / "adapter_config.json").unlink()
    assert inspect(tmp_path).layout == "unknown"
