"""Findings and warnings about a full or merged model. No I/O.

The names of shards and indexes are those of transformers (`transformers/utils/__init__.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from together_ext.archive.findings import Finding, Noted

from .scan import Scan, shown

MODEL_WEIGHTS: Final = (".safetensors", ".bin", ".pt", ".pth", ".gguf")
"""The extensions of a model's weights."""

SAFETENSORS_INDEX: Final = ".safetensors.index.json"
PICKLE_INDEX: Final = ".bin.index.json"

TOKENIZERS: Final = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "tekken.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
)

_SHARD: Final = re.compile(r"(.*-)([0-9]{5})-of-([0-9]{5})(\.safetensors)")


def model_findings(found: Scan) -> Noted:
    """What keeps at least one tool from loading a model."""
    if shard := next((path for path in found.unreadable if "/" not in path), None):
        yield Finding.UNREADABLE, f"{shown(shard)} cannot be read"
    if not found.has_file(*MODEL_WEIGHTS):
        yield Finding.NO_WEIGHTS, "the model has no weights"
    ending = SAFETENSORS_INDEX if _has_safetensors(found) else ".json"
    yield from ((Finding.INCOMPLETE, missing) for missing in _missing(found, ending))
    shard = next((name for name in sorted(found.names) if _SHARD.fullmatch(name)), None)
    if shard is not None and "model.safetensors.index.json" not in found.names:
        yield Finding.NO_INDEX, f"the model has shards, such as {shown(shard)}, but no index"


def model_warnings(found: Scan) -> Iterator[str]:
    """Other problems of a model, each a sentence."""
    if not has_tokenizer(found):
        yield "there is no tokenizer: copy it from the base model"
    if "config.json" not in found.names:
        yield "there is no config.json"
    if _has_safetensors(found):
        yield from _missing(found, PICKLE_INDEX)


def has_tokenizer(found: Scan) -> bool:
    """Whether there is a tokenizer of any type that transformers loads."""
    return any(name.startswith(TOKENIZERS) or name.endswith(".tiktoken") for name in found.names)


def _has_safetensors(found: Scan) -> bool:
    return any(name.endswith(".safetensors") for name in found.names)


def _missing(found: Scan, ending: str) -> Iterator[str]:
    """What is missing according to the indexes with this ending or, without one, to the names of the shards."""
    for name, (_, index) in found.documents.items():
        listed = index.get("weight_map") if isinstance(index, dict) else None
        if isinstance(listed, dict) and name.endswith(ending):
            yield from _missing_by_index(found, name, listed)
    if not any(name.endswith(ending) and name.endswith(".index.json") for name in found.documents):
        yield from _missing_by_number(found.names)


def _missing_by_index(found: Scan, name: str, listed: dict[str, object]) -> Iterator[str]:
    lost = sorted({shard for shard in listed.values() if isinstance(shard, str)} - found.names)
    for shard in lost:
        yield f"shard {shown(shard)} is missing (it is in the index)"
    if not lost and name.endswith(SAFETENSORS_INDEX) and (count := len(listed.keys() - found.tensors.keys())):
        yield f"{count:,} tensors of the index are missing from the shards"


def _missing_by_number(names: Collection[str]) -> Iterator[str]:
    """Shards are called `model-00001-of-00004.safetensors`: the last number is how many there must be."""
    sets = Counter((match[1], match[3], match[4]) for match in map(_SHARD.fullmatch, names) if match)
    for (start, count, end), present in sorted(sets.items()):
        if present < int(count):
            yield f"only {present:,} of {int(count):,} shards {shown(f'{start}...-of-{count}{end}')} are present"
