"""What to do with weights: the commands, as values."""

from __future__ import annotations

import ast
import json
import re
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from together_ext.archive.findings import TABLE, Finding, Tool
from together_ext.archive.inspect import Inspection
from together_ext.archive.next_steps import MAX_LORA_RANKS, NextStep, next_steps, steps_for_archive
from together_ext.archive.weights.layout import Layout

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
ADAPTER = Inspection(
    layout=Layout.ADAPTER,
    tensors=2,
    parameters=1024,
    configured=True,
    dtypes={"F32": 1024},
    architecture=None,
    tokenizer=False,
    base_model=LLAMA,
    rank=8,
    ranks=(8,),
    alpha=16.0,
    target_modules=("q_proj",),
    findings=(),
    warnings=(),
)
MODEL = replace(
    ADAPTER, layout=Layout.MODEL, architecture="LlamaForCausalLM", tokenizer=True, base_model=None, rank=None, ranks=()
)


def by_tool(folder: str, found: Inspection) -> dict[str, NextStep]:
    """The steps by their tools."""
    return {step.tool: step for step in next_steps(folder, found)}


def command(folder: str, found: Inspection, tool: str) -> str:
    """A command that there is."""
    step = by_tool(folder, found)[tool].command
    assert step is not None
    return step


@pytest.mark.parametrize(("found", "name"), [(ADAPTER, "adapter_config.json"), (MODEL, "config.json")])
def test_without_a_configuration_there_is_no_command(found: Inspection, name: str) -> None:
    (step,) = next_steps("/models/bot", replace(found, configured=False))
    assert step.command is None
    assert f"{name} is missing or cannot be read" in step.note


def test_an_adapter_is_served_on_its_base_model() -> None:
    assert {tool: step.command for tool, step in by_tool("/models/bot", ADAPTER).items()} == {
        "vllm": f"vllm serve {LLAMA} --enable-lora --max-lora-rank 8 --lora-modules bot=/models/bot",
        "sglang": f"python -m sglang.launch_server --model-path {LLAMA} --enable-lora --lora-paths bot=/models/bot",
        "tgi": f"text-generation-launcher --model-id {LLAMA} --lora-adapters bot=/models/bot",
        "mlx": None,
        "peft": "from peft import PeftModel\n"
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        f"base = AutoModelForCausalLM.from_pretrained('{LLAMA}', torch_dtype=\"auto\")\n"
        "model = PeftModel.from_pretrained(base, '/models/bot')\n"
        f"tokenizer = AutoTokenizer.from_pretrained('{LLAMA}')",
        "llama.cpp": f"python convert_lora_to_gguf.py /models/bot --base-model-id {LLAMA} --outfile bot.gguf",
        "ollama": r"printf 'FROM llama3.1:8b-instruct-fp16\nADAPTER ./bot.gguf\n' > Modelfile"
        " && ollama create bot -f Modelfile",
        "hugging face": "hf upload YOUR-NAME/bot /models/bot --private",
    }


def test_a_model_is_served_from_its_folder() -> None:
    assert {tool: step.command for tool, step in by_tool("/models/bot", MODEL).items()} == {
        "vllm": "vllm serve /models/bot",
        "sglang": "python -m sglang.launch_server --model-path /models/bot",
        "tgi": "text-generation-launcher --model-id /models/bot",
        "transformers": "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
        "model = AutoModelForCausalLM.from_pretrained('/models/bot', torch_dtype=\"auto\")\n"
        "tokenizer = AutoTokenizer.from_pretrained('/models/bot')",
        "llama.cpp": "python convert_hf_to_gguf.py /models/bot --outfile bot.gguf",
        "ollama": r"printf 'FROM ./bot.gguf\n' > Modelfile && ollama create bot -f Modelfile",
        "hugging face": "hf upload YOUR-NAME/bot /models/bot --private",
    }


@pytest.mark.parametrize(
    ("rank", "allowed"), [(1, 1), (2, 8), (8, 8), (9, 16), (48, 64), (257, 320), (321, 512), (512, 512)]
)
def test_the_rank_for_vllm_is_the_next_that_it_takes(rank: int, allowed: int) -> None:
    words = shlex.split(command("/a", replace(ADAPTER, rank=rank, ranks=()), "vllm"))

    assert words[words.index("--max-lora-rank") + 1] == str(allowed)
    assert allowed in MAX_LORA_RANKS


def test_the_largest_rank_in_the_tensors_counts() -> None:
    assert " --max-lora-rank 64 " in command("/a", replace(ADAPTER, ranks=(8, 64)), "vllm")


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (replace(ADAPTER, rank=513, ranks=()), "the maximum is 512"),
        (replace(ADAPTER, rank=None, ranks=()), "rank is unknown"),
        (replace(ADAPTER, findings=(Finding.DORA,)), "vLLM does not support DoRA: merge"),
    ],
)
def test_what_vllm_would_refuse_has_a_reason_and_no_command(found: Inspection, word: str) -> None:
    step = by_tool("/a", found)["vllm"]

    assert step.command is None
    assert word in step.note


@pytest.mark.parametrize(
    ("base", "word"),
    [(None, "names none"), ("togethercomputer/New-1B__TOG__FT", "private or invalid"), ("$(id)", "private or invalid")],
)
def test_without_a_base_model_no_command_needs_one(base: str | None, word: str) -> None:
    steps = by_tool("/a", replace(ADAPTER, base_model=base))

    assert set(steps) == {"base model", "hugging face"}
    assert steps["base model"].command is None
    assert word in steps["base model"].note


def test_a_private_alias_of_a_known_model_stands_for_it() -> None:
    alias = "togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT"

    assert next_steps("/a", replace(ADAPTER, base_model=alias)) == next_steps("/a", ADAPTER)


def test_a_base_model_in_a_folder_is_named_as_one() -> None:
    converted = command("/a", replace(ADAPTER, base_model="./my llama"), "llama.cpp")

    assert shlex.split(converted)[3:5] == ["--base", "./my llama"]
    assert "ollama" not in by_tool("/a", replace(ADAPTER, base_model="./my llama"))


def test_tools_that_cannot_load_it_are_left_out() -> None:
    assert "llama.cpp" not in by_tool("/a", replace(MODEL, architecture="SomethingForCausalLM"))
    assert "llama.cpp" not in by_tool("/a", replace(MODEL, tokenizer=False))
    assert "no tokenizer" in by_tool("/a", replace(MODEL, tokenizer=False))["vllm"].note
    assert "ollama" not in by_tool("/a", replace(ADAPTER, base_model="acme/other"))
    assert next_steps("/a", replace(MODEL, layout=Layout.UNKNOWN)) == ()


@pytest.mark.parametrize("finding", Finding)
@pytest.mark.parametrize("found", [ADAPTER, MODEL], ids=["adapter", "model"])
def test_commands_follow_from_the_table(found: Inspection, finding: Finding) -> None:
    usual, steps = by_tool("/a", found), by_tool("/a", replace(found, findings=(finding,)))
    works = {tool: TABLE[finding, tool].works for tool in Tool}
    if not any(works.values()):
        assert list(steps) == ["weights"]
        assert steps["weights"].command is None
        assert finding in steps["weights"].note
        return
    assert steps.keys() == usual.keys()
    for tool, step in steps.items():
        if tool in {"hugging face", "mlx"} or works[Tool(tool)]:
            assert step == usual[tool]
        else:
            assert step.command is None
            assert TABLE[finding, Tool(tool)].why in step.note


def test_an_adapters_own_tokenizer_is_used() -> None:
    assert command("/a", replace(ADAPTER, tokenizer=True), "peft").endswith("AutoTokenizer.from_pretrained('/a')")


def test_an_archive_is_to_be_unpacked_first() -> None:
    (step,) = steps_for_archive("/my models/a.tar")
    assert step.command == "together-ext extract '/my models/a.tar'"


folders = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).map(
    lambda text: "/models/" + text
)


@given(folder=folders, found=st.sampled_from([ADAPTER, MODEL]))
def test_no_folders_name_breaks_out_of_a_command(folder: str, found: Inspection) -> None:
    for step in next_steps(folder, found):
        assert step.note.isprintable()
        if step.command is None:
            assert step.tool == "mlx" or (step.tool == "tgi" and set("=,") & set(folder))
            continue
        if step.tool in {"peft", "transformers"}:
            texts = [node.value for node in ast.walk(ast.parse(step.command)) if isinstance(node, ast.Constant)]
            assert folder in texts
            assert step.command.replace("\n", "").isprintable()
            continue
        assert step.command.isprintable()
        if folder.isprintable() and step.tool != "ollama":
            words = shlex.split(step.command)
            last = words[-1]
            assert folder in words or last.partition("=")[2] == folder or json.loads(last)["path"] == folder
        assert re.search(r"--outfile (\S+)", step.command + " --outfile ok")[1].isprintable()  # type: ignore[index]


@given(folder=folders)
def test_the_name_is_one_that_every_tool_takes(folder: str) -> None:
    upload = command(folder, MODEL, "hugging face").split(" ")[2]

    name = upload.removeprefix("YOUR-NAME/")
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}", name)
    assert "--" not in name
    assert ".." not in name
    assert not name.endswith(("-", "."))


def test_a_long_name_is_cut_between_words() -> None:
    folder = "/m/acme-research--Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d-checkpoint-750"
    upload = command(folder, MODEL, "hugging face").split(" ")[2]
    assert upload == "YOUR-NAME/Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d-checkpoint-750"
    assert command("/m/" + 100 * "x", MODEL, "hugging face").split(" ")[2] == "YOUR-NAME/" + 80 * "x"


def test_a_folder_that_vllm_would_call_otherwise_has_a_note() -> None:
    assert (
        by_tool("/models/acme--bot", ADAPTER)["vllm"].note == "the folder resolver of vLLM would serve it as acme--bot"
    )
    assert by_tool("/models/bot", ADAPTER)["vllm"].note == ""


def test_vllm_gets_json_where_it_would_split_a_path() -> None:
    words = shlex.split(command("/a=b,c/bot", ADAPTER, "vllm"))

    assert json.loads(words[-1]) == {"name": "bot", "path": "/a=b,c/bot"}
