"""Findings and warnings about an adapter. No I/O.

The layout of an adapter is peft's (`peft/tuners/lora/config.py`, `peft/utils/save_and_load.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from together_ext.archive.findings import Finding, Noted
from together_ext.text import printable

from .adapter_config import SETTINGS
from .base_model import is_private, named_in, public_name
from .modules import module_findings
from .safetensors import Tensor
from .scan import LORA_A, LORA_B, MOST_TENSORS, Scan, is_kind, shown
from .settings import rank_in, words

ADAPTER_WEIGHTS: Final = ("adapter_model.safetensors", "adapter_model.bin")
"""The files from which tools load an adapter's weights."""

_MODEL: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""The name of a model that needs no quotes, in a URL or elsewhere."""

_DORA: Final = ("lora_magnitude_vector",)
_NAMED: Final = re.compile(r"\.lora_(?:embedding_[AB]|[AB]\.(?!weight$|bias$)|magnitude_vector\.[^.]+\.weight$).*")


def adapter_findings(found: Scan) -> Noted:
    """What keeps at least one tool from loading an adapter."""
    settings = found.settings(SETTINGS)
    if _is_mlx(found, settings):
        yield Finding.MLX, "the adapter has the format of MLX (adapters.safetensors)"
        return
    yield from _weights(found, settings)
    kind = settings.get("peft_type")
    if isinstance(kind, str) and kind.upper() != "LORA":
        yield Finding.NOT_LORA, f"the adapter type is {shown(kind)}, not LORA"
    if named := found.first(lambda tensor: _NAMED.search(tensor.name)):
        yield Finding.NAMED_KEYS, f"the tensor names contain an adapter name, such as {named}"
    yield from module_findings(found, settings)
    yield from _dora(found, settings)
    yield from _biases(found, settings)
    if saved := settings.get("modules_to_save"):
        modules = shown(", ".join(words(saved)) or "not a list of names")
        yield Finding.WHOLE_MODULES, f"the adapter replaces whole modules ({modules})"
    if stray := found.first(_is_embedding):
        yield Finding.EMBEDDINGS, f"the adapter replaces embeddings, such as {stray}"
    yield from _scaling(settings)


def adapter_warnings(found: Scan) -> Iterator[str]:
    """Other problems of an adapter, each a sentence."""
    settings = found.settings(SETTINGS)
    if not settings:
        yield f"{SETTINGS} is missing or cannot be read; without it no tool can load the adapter"
        return
    if not _is_mlx(found, settings):
        yield from _base_model(named_in(settings))
    yield from _ranks(found, settings)
    for names, what in ((found.zero, "is all zeros (no effect)"), (found.broken, "has NaN or infinite values")):
        if names:
            yield f"LoRA B {what} in {len(names):,} of {found.lora_b:,} tensors, such as {shown(names[0])}"


def folder_warnings(name: str) -> Iterator[str]:
    """Problems of the name of an adapter's folder; an archive has none.

    vLLM's folder resolver serves an adapter by the name of its folder (`vllm/plugins/lora_resolvers`).
    """
    if name and not _MODEL.fullmatch(name):
        yield (
            f"the folder is called {shown(repr(name))}, which the folder resolver of vLLM takes as the name of the "
            "model: rename it, with letters, digits, '-', '_' and '.' only"
        )


def ranks(found: Scan) -> tuple[int, ...]:
    """The ranks of the LoRA tensors, sorted: A is rank by input, B is output by rank, convolutions included."""
    rows = {tensor.shape[0] for tensor in found.tensors.values() if len(tensor.shape) > 1 and is_kind(tensor, LORA_A)}
    columns = {
        tensor.shape[1] for tensor in found.tensors.values() if len(tensor.shape) > 1 and is_kind(tensor, LORA_B)
    }
    return tuple(sorted(rows | columns))


def _is_mlx(found: Scan, settings: Mapping[str, Any]) -> bool:
    """Whether an adapter has the format of MLX, whose names and shapes differ (mlx-lm, `mlx_lm/tuner/utils.py`)."""
    if set(ADAPTER_WEIGHTS) & found.names:
        return False
    return "adapters.safetensors" in found.names or ("fine_tune_type" in settings and "peft_type" not in settings)


def _weights(found: Scan, settings: Mapping[str, Any]) -> Noted:
    if "adapter_model.safetensors" in found.unreadable:
        yield Finding.UNREADABLE, "adapter_model.safetensors cannot be read"
    elif not set(ADAPTER_WEIGHTS) & found.names:
        yield Finding.NO_WEIGHTS, "the adapter has no adapter_model.safetensors"
    elif (
        settings.get("peft_type", "LORA") == "LORA"
        and "adapter_model.safetensors" in found.names
        and not found.first(lambda tensor: is_kind(tensor, (*LORA_A, *LORA_B)))
        and len(found.tensors) < MOST_TENSORS
    ):
        yield Finding.NO_WEIGHTS, "the adapter has no LoRA tensors"


def _dora(found: Scan, settings: Mapping[str, Any]) -> Noted:
    if settings.get("use_dora"):
        yield Finding.DORA, "the adapter uses DoRA"
    elif vector := found.first(lambda tensor: is_kind(tensor, _DORA)):
        yield Finding.UNDECLARED_DORA, f"the adapter has the DoRA tensor {vector}, but {SETTINGS} does not set use_dora"


def _biases(found: Scan, settings: Mapping[str, Any]) -> Noted:
    if bias := found.first(lambda tensor: tensor.name.endswith(".bias")):
        yield Finding.BIAS, f"the adapter has biases, such as {bias}"
    elif settings.get("bias") in {"all", "lora_only"} or settings.get("lora_bias"):
        yield Finding.BIAS, f"the adapter has biases according to {SETTINGS}"


def _scaling(settings: Mapping[str, Any]) -> Noted:
    """How the weights are scaled, where that is not alpha / r for all modules."""
    if settings.get("use_rslora"):
        yield Finding.RSLORA, "the adapter uses rsLoRA"
    if settings.get("alpha_pattern"):
        yield Finding.ALPHA_PATTERN, "the adapter uses alpha_pattern"
    if settings.get("rank_pattern"):
        yield Finding.RANK_PATTERN, "the adapter uses rank_pattern"


def _is_embedding(tensor: Tensor) -> bool:
    return "lora_" not in tensor.name and ("embed_tokens" in tensor.name or "lm_head" in tensor.name)


def _base_model(base: str | None) -> Iterator[str]:
    if base is None:
        yield f"{SETTINGS} names no base model: extract the archive again with --base-model NAME"
    elif is_private(base):
        public = public_name(base)
        way_out = (
            f"its public name is {public}: extract the archive again to replace it"
            if public
            else "its public name is unknown: extract the archive again with --base-model NAME"
        )
        yield f"the base model {printable(base, 200)} is a private name that cannot be loaded; {way_out}"


def _ranks(found: Scan, settings: Mapping[str, Any]) -> Iterator[str]:
    pattern = settings.get("rank_pattern")
    allowed = {rank_in(settings.get("r")), *(map(rank_in, pattern.values()) if isinstance(pattern, dict) else ())}
    stated: Sequence[int] = sorted(filter(None, allowed))
    # Where target_parameters is set, experts are one tensor that has all their ranks in one dimension.
    other = [rank for rank in ranks(found) if rank not in allowed]
    if stated and other and not settings.get("target_parameters"):
        yield f"{SETTINGS} sets rank {', '.join(map(str, stated[:10]))}, but there are tensors of rank {other[0]}"
