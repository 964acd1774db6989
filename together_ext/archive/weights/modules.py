"""The modules that the tensors of an adapter belong to, and whether the adapter or its base model has them. No I/O.

vLLM compares only the last part of a name with the modules of the model. Where the rest differs, it loads the adapter
and responds as the base model (https://github.com/vllm-project/vllm/issues/34186).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from together_ext.archive.findings import Finding, Noted

from .base_model import named_in, public_name
from .scan import Scan, shown
from .settings import MOST_WORDS, words

_LORA: Final = re.compile(r"(?:base_model\.model\.)?(.+?)\.lora_(?:embedding_)?[AB](?:\..*)?", re.DOTALL)

# Text models whose modules have the names below: those of `base_model` without vision and without experts.
_DENSE: Final = re.compile(
    r"meta-llama/(?:Meta-)?Llama-3(?:\.[123])?-[0-9]+B(?:-Instruct)?"
    r"|Qwen/Qwen(?:2|2\.5|3)-[0-9.]+B(?:-Instruct|-Base)?"
    r"|mistralai/Mistral-7B(?:-Instruct)?-v0\.[0-9]"
    r"|google/gemma-2-[0-9]+b(?:-it)?"
    r"|deepseek-ai/DeepSeek-R1-Distill-(?:Llama|Qwen)-[0-9.]+B"
)
_OF_DENSE: Final = re.compile(
    r"model\.layers\.[0-9]+\.(?:self_attn\.[qkvo]_proj|mlp\.(?:gate|up|down)_proj)|model\.embed_tokens|lm_head"
)


def module_findings(found: Scan, settings: Mapping[str, Any]) -> Noted:
    """Whether no tensor of an adapter belongs to a module of its target list, or of its base model."""
    modules = list(dict.fromkeys(_modules(found)))
    targets = _targets(settings)
    ends = tuple(f".{target}" for target in targets)
    if modules and ends and not any(f".{module}".endswith(ends) for module in modules):
        listed = shown(", ".join(targets))
        yield Finding.OTHER_TARGETS, f"no tensor belongs to a target module ({listed}), such as {shown(modules[0])}"
    named = named_in(settings)
    base = (public_name(named) or named) if named is not None else ""
    if modules and _DENSE.fullmatch(base) and not any(map(_OF_DENSE.fullmatch, modules)):
        yield Finding.OTHER_MODULES, f"{base} has none of the modules of the tensors, such as {shown(modules[0])}"


def _modules(found: Scan) -> Iterator[str]:
    return (match[1] for name in found.tensors if (match := _LORA.fullmatch(name)))


def _targets(settings: Mapping[str, Any]) -> list[str]:
    """The target modules; empty if they are not a list of names, or not all that has tensors."""
    targets = settings.get("target_modules")
    # A text is a pattern, and patterns of others are not run. Longer lists are not read completely.
    known = isinstance(targets, list) and len(targets) <= MOST_WORDS and not settings.get("target_parameters")
    return words(targets) if known else []
