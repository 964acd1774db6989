"""What weights are, from the headers of their files: no torch, no pickle, nothing is loaded.

The one part of the tensors that is read is LoRA's B: it begins as zeros, so it tells whether training did anything.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from together_ext.errors import ArchiveError, MissingPathError, printable

from .base_model import is_private, named_in, public_name
from .content import Content, members
from .layout import Layout, layout_of
from .numbers import FORMS, judge
from .safetensors import LONGEST_HEADER, Tensor, tensors

LONGEST_JSON: Final = 16 << 20
"""Bytes of a configuration or index that is read."""

# What is kept of files that are made to be large; no model comes near it.
MOST_TENSORS: Final = 1_000_000
MOST_DOCUMENTS: Final = 20
MOST_WARNINGS: Final = 200

PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
TOKENIZERS: Final = frozenset({"tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json"})
_LORA_A: Final = ("lora_A", "lora_embedding_A")
_LORA_B: Final = ("lora_B", "lora_embedding_B")


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        layout: `adapter`, `model` or `unknown`.
        tensors: How many.
        parameters: Numbers in them.
        configured: Whether there is a configuration that can be read, without which nothing loads them.
        dtypes: Numbers of each type, such as `{"BF16": 1000}`.
        architecture: A model's class in transformers; None if it does not say.
        tokenizer: Whether there is one.
        base_model: The model that an adapter belongs to; None if it does not say.
        rank: LoRA's rank; None if this is no adapter.
        ranks: The ranks that LoRA's tensors have, sorted.
        alpha: LoRA's alpha; None if this is no adapter.
        target_modules: The modules that it changes, sorted.
        refused_by_vllm: Why vLLM will not load an adapter.
        warnings: What will bite, each a sentence.
    """

    layout: Layout
    tensors: int
    parameters: int
    configured: bool
    dtypes: Mapping[str, int]
    architecture: str | None
    tokenizer: bool
    base_model: str | None
    rank: int | None
    ranks: tuple[int, ...]
    alpha: float | None
    target_modules: tuple[str, ...]
    refused_by_vllm: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass
class _Found:
    """What has been seen so far."""

    names: set[str] = field(default_factory=set)
    documents: dict[str, tuple[int, Any]] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    lora_b: int = 0
    zero: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def settings(self, name: str) -> Mapping[str, Any]:
        """A configuration, empty if there is none."""
        _, document = self.documents.get(name, (0, None))
        return document if isinstance(document, dict) else {}


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Tell what weights are.

    Args:
        path: An unpacked folder, or an archive, which is read through once.

    Returns:
        The layout, numbers, LoRA's settings, and warnings.

    Raises:
        MissingPathError: There is nothing at the path.
        ArchiveError: It cannot be read as a folder or an archive.
    """
    place = Path(path)
    found = _Found()
    try:
        _check_one(place)
        for name, size, content in members(place):
            _look(found, name, size, content)
    except FileNotFoundError:
        raise MissingPathError(str(place)) from None
    except OSError as error:
        raise ArchiveError(
            f"could not read {place}: {(error.strerror or str(error)).lower()}; check the path"
        ) from error
    return _summed_up(found)


def _check_one(place: Path) -> None:
    """Refuse a folder of several models: what is said of their sum is true of none of them."""
    if not place.is_dir() or layout_of({path.name for path in place.iterdir()}) is not Layout.UNKNOWN:
        return
    below = sorted(
        path.name
        for path in place.iterdir()
        if path.is_dir() and layout_of({inner.name for inner in path.iterdir()}) is not Layout.UNKNOWN
    )
    if below:
        shown = ", ".join(map(_shown, below[:5])) + (", ..." if len(below) > 5 else "")  # noqa: PLR2004 -- enough to see
        raise ArchiveError(f"{place} has no weights itself, and there are some in {shown}: name that folder")


# File by file ---------------------------------------------------------------------------------------------------------


def _look(found: _Found, path: str, size: int, content: Content) -> None:
    name = path.rpartition("/")[2]
    found.names.add(name)
    if name.endswith(".safetensors"):
        problem = _look_at_tensors(found, size, content)
    elif name in {"config.json", "adapter_config.json"} or name.endswith(".index.json"):
        problem = _look_at_document(found, path, size, content)
    elif name.endswith(PICKLES) and "training_args" not in name:
        problem = "is a pickle: loading it runs whatever code is in it"
    else:
        problem = ""
    if problem:
        found.warnings.append(f"{_shown(path)} {problem}")


def _look_at_document(found: _Found, path: str, size: int, content: Content) -> str:
    """Keep a configuration or an index; of several with one name that which is nearest to the root."""
    if size > LONGEST_JSON:
        return f"is too large to be looked at ({size:,} bytes)"
    try:
        document = json.loads(b"".join(content.pieces(size)))
    except (ValueError, RecursionError):
        return "is not JSON"
    _, _, name = path.rpartition("/")
    depth = path.count("/")
    if depth < found.documents.get(name, (depth + 1, None))[0] and len(found.documents) < MOST_DOCUMENTS:
        found.documents[name] = (depth, document)
    return ""


def _look_at_tensors(found: _Found, size: int, content: Content) -> str:
    length = int.from_bytes(b"".join(content.pieces(8)), "little")
    if not 0 < length <= size - 8:
        return "is cut short, or no safetensors file"
    if length > LONGEST_HEADER:
        return f"has a header of {length:,} bytes, which was not read"
    try:
        listed = tensors(b"".join(content.pieces(length)))
    except ValueError as error:
        return f"has a header that cannot be read: {printable(str(error), 200)}"
    if len(found.tensors) + len(listed) > MOST_TENSORS:
        return f"has more tensors than are looked at ({MOST_TENSORS:,})"
    twice = [tensor.name for tensor in listed if tensor.name in found.tensors]
    found.tensors |= {tensor.name: tensor for tensor in listed}
    _judge(found, listed, content)
    wanted = 8 + length + max((tensor.stop for tensor in listed), default=0)
    if size != wanted:
        return f"has {size:,} bytes where its header says {wanted:,}"
    return f"has tensors that are in another file, too, such as {_shown(twice[0])}" if twice else ""


def _judge(found: _Found, listed: Sequence[Tensor], content: Content) -> None:
    """Look at the numbers of LoRA's B; what stands between is passed over."""
    at = 0
    for tensor in listed:
        if tensor.dtype in FORMS and tensor.stop > tensor.start and _is(tensor, _LORA_B):
            content.skip(tensor.start - at)
            verdict = judge(tensor.dtype, content.pieces(tensor.stop - tensor.start))
            at = tensor.stop
            found.lora_b += 1
            found.zero += [tensor.name] if verdict.zero else []
            found.broken += [tensor.name] if verdict.broken else []


def _is(tensor: Tensor, kinds: Sequence[str]) -> bool:
    return any(kind in tensor.name.split(".") for kind in kinds)


# All of it ------------------------------------------------------------------------------------------------------------


def _summed_up(found: _Found) -> Inspection:
    dtypes: Counter[str] = Counter()
    for tensor in found.tensors.values():
        dtypes[tensor.dtype] += tensor.parameters
    adapter = found.settings("adapter_config.json")
    layout = layout_of(found.names)
    base, alpha = named_in(adapter), adapter.get("lora_alpha")
    ranks = _ranks(found)
    rank = _rank(adapter.get("r")) or (ranks[-1] if ranks else None)
    refused = tuple(_refused_by_vllm(found, adapter)) if layout is Layout.ADAPTER else ()
    warnings = [
        *found.warnings,
        *(f"vLLM refuses the adapter: {reason}" for reason in refused),
        *(_adapter_warnings(found, adapter, base, ranks) if layout is Layout.ADAPTER else ()),
        *_index_warnings(found),
        *(_model_warnings(found) if layout is Layout.MODEL else ()),
    ]
    if len(warnings) > MOST_WARNINGS:
        warnings = [*warnings[:MOST_WARNINGS], f"{len(warnings) - MOST_WARNINGS:,} more"]
    return Inspection(
        layout=layout,
        tensors=len(found.tensors),
        parameters=dtypes.total(),
        configured=bool(adapter if layout is Layout.ADAPTER else found.settings("config.json")),
        dtypes=dict(sorted(dtypes.items())),
        architecture=next((_shown(name) for name in _words(found.settings("config.json").get("architectures"))), None),
        tokenizer=bool(TOKENIZERS & found.names),
        base_model=printable(base, 500) if base is not None else None,
        rank=rank,
        ranks=ranks,
        alpha=_amount(alpha),
        target_modules=tuple(sorted(map(_shown, _words(adapter.get("target_modules"))))),
        refused_by_vllm=refused,
        warnings=tuple(warnings),
    )


def _ranks(found: _Found) -> tuple[int, ...]:
    """A is rank by input, B is output by rank, also in convolutions and embeddings."""
    rows = {tensor.shape[0] for tensor in found.tensors.values() if len(tensor.shape) > 1 and _is(tensor, _LORA_A)}
    columns = {tensor.shape[1] for tensor in found.tensors.values() if len(tensor.shape) > 1 and _is(tensor, _LORA_B)}
    return tuple(sorted(rows | columns))


def _refused_by_vllm(found: _Found, settings: Mapping[str, Any]) -> Iterator[str]:
    if saved := settings.get("modules_to_save"):
        yield f"it brings whole modules ({_shown(', '.join(_words(saved)) or 'of an odd kind')})"
    if stray := [
        name for name in found.tensors if "lora_" not in name and ("embed_tokens" in name or "lm_head" in name)
    ]:
        yield f"it brings embeddings of its own, such as {_shown(stray[0])}"
    if settings.get("use_dora"):
        yield "it is a DoRA"


def _adapter_warnings(
    found: _Found, settings: Mapping[str, Any], base: str | None, ranks: Sequence[int]
) -> Iterator[str]:
    if not found.tensors:
        yield "the adapter has no weights in safetensors files"
    if not settings:
        yield "the adapter has no adapter_config.json that says how to load it"
        return
    if base is None:
        yield "the adapter does not say its base model"
    elif is_private(base):
        public = public_name(base)
        way_out = f"its public one is {public}" if public else "its public one is not known"
        yield (
            f"the base model, {printable(base, 200)}, is a private name that nobody can load; {way_out}: "
            "unpack the archive again, with --base-model if need be"
        )
    pattern = settings.get("rank_pattern")
    allowed = {_rank(settings.get("r")), *(map(_rank, pattern.values()) if isinstance(pattern, dict) else ())} - {None}
    # Experts that are one tensor have all their ranks in one dimension.
    other = [rank for rank in ranks if rank not in allowed]
    if allowed and other and not settings.get("target_parameters"):
        said = ", ".join(map(str, sorted(filter(None, allowed))[:10]))
        yield f"adapter_config.json says rank {said}, and there are tensors of rank {other[0]}"
    for names, what in ((found.zero, "is all zero: it changes nothing"), (found.broken, "has NaN or infinite numbers")):
        if names:
            yield f"LoRA's B {what}, in {len(names):,} of {found.lora_b:,} tensors, such as {_shown(names[0])}"


def _index_warnings(found: _Found) -> Iterator[str]:
    for name, (_, index) in found.documents.items():
        listed = index.get("weight_map") if isinstance(index, dict) else None
        if not isinstance(listed, dict):
            continue
        lost = sorted({shard for shard in listed.values() if isinstance(shard, str)} - found.names)
        for shard in lost:
            yield f"shard {_shown(shard)} is in the index and is not there"
        if not lost and name.endswith(".safetensors.index.json") and (odd := len(listed.keys() - found.tensors.keys())):
            yield f"{odd:,} tensors are in the index and in no shard"


def _model_warnings(found: _Found) -> Iterator[str]:
    if not TOKENIZERS & found.names:
        yield "there is no tokenizer: take it from the base model"
    if "config.json" not in found.names:
        yield "there is no config.json"


# What a configuration may hold ----------------------------------------------------------------------------------------


def _words(value: object) -> list[str]:
    """The strings of a list, or one that stands alone; not more than anybody would read."""
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [word for word in listed if isinstance(word, str)][:1000]


def _rank(value: object) -> int | None:
    return value if type(value) is int and 0 < value < 1 << 31 else None


def _amount(value: Any) -> float | None:  # noqa: ANN401 -- whatever is in the file
    return float(value) if type(value) in {int, float} and 0 <= value < 1 << 63 else None


def _shown(text: str) -> str:
    return printable(text, 120)
