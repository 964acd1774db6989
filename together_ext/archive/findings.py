"""Findings that decide whether a tool can load weights, and their effect on each tool. No I/O.

The warnings of `inspect` and the commands of `next_steps` follow from `TABLE`. The sources are the loaders themselves:
`vllm/lora/peft_helper.py` and `vllm/lora/utils.py`, `peft/utils/save_and_load.py`, `convert_lora_to_gguf.py` of
llama.cpp, and the `safetensors` library.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Finding(StrEnum):
    """A property of weights that at least one tool does not support; the worst first."""

    NO_WEIGHTS = "no weights"
    UNREADABLE = "unreadable weights"
    INCOMPLETE = "incomplete weights"
    MLX = "MLX adapter"
    NO_INDEX = "shards without an index"
    NOT_LORA = "not LoRA"
    NAMED_KEYS = "adapter name in keys"
    OTHER_MODULES = "modules that the base model lacks"
    OTHER_TARGETS = "modules outside target_modules"
    DORA = "DoRA"
    UNDECLARED_DORA = "DoRA without use_dora"
    BIAS = "biases"
    WHOLE_MODULES = "whole modules"
    EMBEDDINGS = "embeddings"
    RSLORA = "rsLoRA"
    ALPHA_PATTERN = "alpha_pattern"
    RANK_PATTERN = "rank_pattern"


Noted = Iterator[tuple[Finding, str]]
"""Findings, each with the fact in a clause."""


class Tool(StrEnum):
    """A tool that loads weights."""

    VLLM = "vllm"
    SGLANG = "sglang"
    TGI = "tgi"
    PEFT = "peft"
    TRANSFORMERS = "transformers"
    LLAMA_CPP = "llama.cpp"
    OLLAMA = "ollama"


NAMES: Final[Mapping[Tool, str]] = {
    Tool.VLLM: "vLLM",
    Tool.SGLANG: "SGLang",
    Tool.TGI: "TGI",
    Tool.OLLAMA: "Ollama",
}
"""The names of tools in prose, where they differ from their value."""


@dataclass(frozen=True)
class Verdict:
    """The effect of a finding on a tool.

    Attributes:
        works: Whether the tool loads the weights as they were trained.
        why: The reason if it does not, as a predicate of the tool's name; empty if it works.
    """

    works: bool
    why: str = ""


AGAIN: Final = "download or extract the archive again"
MERGE: Final = "merge the adapter into its base model with peft first"

_ALL: Final = tuple(Tool)
_GGUF: Final = (Tool.LLAMA_CPP, Tool.OLLAMA)  # Ollama loads what llama.cpp has converted
_UNTRIED: Final = (Tool.SGLANG, Tool.TGI)
_ONLY_A_AND_B: Final = {
    (Tool.VLLM,): "refuses tensors other than lora_A and lora_B",
    _GGUF: "converts only lora_A and lora_B",
}

# For each finding the way out, and the tools that cannot load the weights. All other tools can.
_OBSTACLES: Final[Mapping[Finding, tuple[str, Mapping[tuple[Tool, ...], str]]]] = {
    Finding.NO_WEIGHTS: (AGAIN, {_ALL: "finds nothing to load"}),
    Finding.UNREADABLE: (AGAIN, {_ALL: "refuses the file"}),
    Finding.INCOMPLETE: (AGAIN, {_ALL: "needs all of the weights"}),
    Finding.MLX: (
        "load it with mlx_lm, or convert it to the format of peft",
        {_ALL: "does not load adapters in the format of MLX"},
    ),
    Finding.NO_INDEX: ("add model.safetensors.index.json", {(Tool.TRANSFORMERS,): "finds shards only by their index"}),
    Finding.NOT_LORA: (MERGE, {(Tool.VLLM,): "supports only LoRA adapters", _GGUF: "converts only LoRA adapters"}),
    Finding.NAMED_KEYS: (
        "rename the keys, such as lora_A.default.weight to lora_A.weight",
        {
            (Tool.VLLM,): "refuses the keys",
            (Tool.PEFT, Tool.TRANSFORMERS): "ignores the keys, so the adapter changes nothing",
            _GGUF: "refuses the keys",
        },
    ),
    Finding.OTHER_MODULES: (
        "check the base model, and rename the tensors as it names its modules",
        {
            (Tool.VLLM,): "loads the adapter and responds as the base model",
            (Tool.PEFT, Tool.TRANSFORMERS): "ignores the tensors, so the adapter changes nothing",
            _GGUF: "is not known to convert such names",
        },
    ),
    Finding.OTHER_TARGETS: (
        "correct target_modules in adapter_config.json",
        {
            (Tool.VLLM,): "may load the adapter and respond as the base model",
            (Tool.PEFT, Tool.TRANSFORMERS): "ignores the tensors, so the adapter changes nothing",
        },
    ),
    Finding.DORA: (MERGE, {(Tool.VLLM,): "does not support DoRA", _GGUF: "does not support DoRA"}),
    Finding.UNDECLARED_DORA: (
        'set "use_dora": true in adapter_config.json',
        {
            (Tool.VLLM,): "refuses the magnitude vectors",
            (Tool.PEFT, Tool.TRANSFORMERS): "ignores the magnitude vectors",
            _GGUF: "refuses the magnitude vectors",
        },
    ),
    Finding.BIAS: (MERGE, {(Tool.VLLM,): "does not support biases", _GGUF: "converts only lora_A and lora_B"}),
    Finding.WHOLE_MODULES: (MERGE, {(Tool.VLLM,): "does not support modules_to_save", _GGUF: _ONLY_A_AND_B[_GGUF]}),
    Finding.EMBEDDINGS: (MERGE, _ONLY_A_AND_B),
    Finding.RSLORA: (MERGE, {_GGUF: "scales by alpha / r, not by alpha / sqrt(r)"}),
    Finding.ALPHA_PATTERN: (
        MERGE,
        {(Tool.VLLM,): "uses one alpha for all modules", _GGUF: "uses one alpha for all modules"},
    ),
    Finding.RANK_PATTERN: (MERGE, {(Tool.VLLM,): "scales all modules by one rank"}),
}

TABLE: Final[Mapping[tuple[Finding, Tool], Verdict]] = {
    **{(finding, tool): Verdict(works=True) for finding in Finding for tool in Tool},
    # Their loaders were not checked: a command is offered only for weights without findings.
    **{
        (finding, tool): Verdict(works=False, why=f"is not known to support this ({finding})")
        for finding in Finding
        for tool in _UNTRIED
    },
    **{
        (finding, tool): Verdict(works=False, why=why)
        for finding, (_, obstacles) in _OBSTACLES.items()
        for tools, why in obstacles.items()
        for tool in tools
    },
}
"""For each finding and tool, whether the tool loads the weights, and if not, why."""


def obstacle(tool: Tool, findings: Collection[Finding]) -> str:
    """Why a tool cannot load weights with these findings, and the way out.

    Args:
        tool: The tool.
        findings: The findings of an inspection.

    Returns:
        A sentence about the worst of the findings that matter to the tool; empty if the tool can load the weights.
    """
    for finding in Finding:  # the worst first
        if finding in findings and not TABLE[finding, tool].works:
            return f"{NAMES.get(tool, tool)} {TABLE[finding, tool].why}: {_OBSTACLES[finding][0]}"
    return ""


def loads_nowhere(findings: Collection[Finding]) -> Finding | None:
    """The first finding with which no tool can load the weights; None if at least one can."""
    return next((one for one in Finding if one in findings and not any(TABLE[one, tool].works for tool in Tool)), None)


def way_out(finding: Finding) -> str:
    """How to make weights with a finding loadable."""
    return _OBSTACLES[finding][0]


def consequence(finding: Finding) -> str:
    """The effect of a finding on the tools, and the way out, in a clause."""
    way, obstacles = _OBSTACLES[finding]
    if any(tools == _ALL for tools in obstacles):
        return f"no tool can load the weights; {way}"
    return "; ".join([*(f"{_named(tools)} {why}" for tools, why in obstacles.items()), way])


def _named(tools: tuple[Tool, ...]) -> str:
    first, *others = (NAMES.get(tool, tool) for tool in tools)
    return f"{first} (and therefore {' and '.join(others)})" if others else first
