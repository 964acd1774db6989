"""What weights are, from the headers of their files alone: no torch, no pickle, nothing is loaded.

The format of `.safetensors`: eight bytes with the header's length (little-endian), the header in JSON, the tensors'
bytes (https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from together_ext.errors import ArchiveError, printable

from .layout import Layout, layout_of
from .source import StoredArchive
from .stream import uncompressed
from .tar import TarReader

LONGEST_HEADER: Final = 100 << 20
"""Bytes of a safetensors header: the format's own limit."""

LONGEST_JSON: Final = 64 << 20
"""Bytes of a configuration or index that is read."""

SIZES: Final = {
    **dict.fromkeys(("F64", "I64", "U64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("F8_E4M3", "F8_E5M2", "I8", "U8", "BOOL"), 1),
}
"""Bytes of a number of each type."""

PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
TOKENIZERS: Final = frozenset({"tokenizer.json", "tokenizer.model", "vocab.json"})


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        layout: `adapter`, `model` or `unknown`.
        tensors: How many.
        parameters: Numbers in them.
        dtypes: Numbers of each type, such as `{"BF16": 1000}`.
        base_model: The model that an adapter belongs to; None if it does not say.
        rank: LoRA's rank; None if this is no adapter.
        alpha: LoRA's alpha; the same.
        target_modules: The modules that it changes, sorted.
        warnings: What will bite, each a sentence.
    """

    layout: Layout
    tensors: int
    parameters: int
    dtypes: Mapping[str, int]
    base_model: str | None
    rank: int | None
    alpha: float | None
    target_modules: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass
class _Found:
    """What has been seen so far."""

    names: set[str] = field(default_factory=set)
    documents: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Tell what weights are.

    Args:
        path: An unpacked folder, or an archive, which is read through once.

    Returns:
        The layout, numbers, LoRA's settings, and warnings.

    Raises:
        ArchiveError: There is nothing that can be read as a folder or an archive.
    """
    place = Path(path)
    found = _Found()
    try:
        for name, size, content in _members(place):
            _look(found, name, size, content)
    except OSError as error:
        raise ArchiveError(
            f"could not read {place}: {(error.strerror or str(error)).lower()}; check the path"
        ) from error
    return _summed_up(found)


def _members(place: Path) -> Iterator[tuple[str, int, Iterator[memoryview]]]:
    """Each file's path inside, its bytes, and its content from the front."""
    if place.is_dir():
        for parent, _, names in sorted(os.walk(place)):
            for name in sorted(names):
                file = Path(parent) / name
                if file.is_file() and not file.is_symlink():
                    yield file.relative_to(place).as_posix(), file.stat().st_size, _pieces(file)
        return
    with uncompressed(StoredArchive(place), str(place)) as (_, chunks):
        reader = TarReader(chunks)
        for member in reader:
            if not member.is_folder:
                yield member.name.removeprefix("./"), member.size, reader.content()


def _pieces(file: Path) -> Iterator[memoryview]:
    with file.open("rb") as content:
        while piece := content.read(1 << 20):
            yield memoryview(piece)


def _look(found: _Found, path: str, size: int, content: Iterator[memoryview]) -> None:
    name = path.rpartition("/")[2]
    found.names.add(name)
    if name.endswith(".safetensors"):
        _look_at_tensors(found, path, size, content)
    elif name in {"config.json", "adapter_config.json"} or name.endswith(".index.json"):
        try:
            document = json.loads(_Front(content).take(min(size, LONGEST_JSON)))
        except (ValueError, RecursionError):
            found.warnings.append(f"{_shown(path)} is not JSON")
        else:
            found.documents[name] = document
    elif name.endswith(PICKLES) and "training_args" not in name:
        found.warnings.append(f"{_shown(path)} is a pickle: loading it runs whatever code is in it")


class _Front:
    """Takes bytes from the front of a content."""

    def __init__(self, content: Iterator[memoryview]) -> None:
        self._content, self._piece = content, memoryview(b"")

    def take(self, count: int) -> bytes:
        """The next bytes; fewer at the end."""
        taken = bytearray()
        while len(taken) < count and (self._piece or self._next()):
            wanted = self._piece[: count - len(taken)]
            taken += wanted
            self._piece = self._piece[len(wanted) :]
        return bytes(taken)

    def _next(self) -> memoryview:
        self._piece = next(self._content, memoryview(b""))
        return self._piece


def _look_at_tensors(found: _Found, path: str, size: int, content: Iterator[memoryview]) -> None:
    front = _Front(content)
    length = int.from_bytes(front.take(8), "little")
    if not 0 < length <= min(size - 8, LONGEST_HEADER):
        found.warnings.append(f"{_shown(path)} is cut short, or no safetensors file")
        return
    try:
        header = json.loads(front.take(length))
        header.pop("__metadata__", None)
        ends = [_checked(entry) for entry in header.values()]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found.warnings.append(f"{_shown(path)} has a header that cannot be read")
        return
    wanted = 8 + length + max(ends, default=0)
    if size != wanted:
        found.warnings.append(f"{_shown(path)} has {size:,} bytes where its header says {wanted:,}")
    for name, entry in header.items():
        if name in found.tensors:
            found.warnings.append(f"tensor {_shown(name)} is there more than once")
        found.tensors[name] = {**entry, "file": path.rpartition("/")[2]}


def _checked(entry: Mapping[str, Any]) -> int:
    """Where a tensor's bytes end; raises `ValueError` if its description contradicts itself."""
    start, stop = entry["data_offsets"]
    numbers = math.prod(entry["shape"])
    if not (isinstance(start, int) and isinstance(stop, int) and isinstance(numbers, int) and 0 <= start <= stop):
        raise ValueError("offsets")
    known = SIZES.get(entry["dtype"])
    if known is not None and stop - start != numbers * known:
        raise ValueError("size")
    return stop


def _summed_up(found: _Found) -> Inspection:
    dtypes: Counter[str] = Counter()
    for entry in found.tensors.values():
        dtypes[str(entry["dtype"])] += math.prod(entry["shape"])
    adapter = found.documents.get("adapter_config.json")
    settings = adapter if isinstance(adapter, dict) else {}
    layout = layout_of(found.names)
    rank, alpha, modules = settings.get("r"), settings.get("lora_alpha"), settings.get("target_modules")
    base = settings.get("base_model_name_or_path")
    listed = [modules] if isinstance(modules, str) else modules if isinstance(modules, list) else []
    return Inspection(
        layout=layout,
        tensors=len(found.tensors),
        parameters=dtypes.total(),
        dtypes=dict(sorted(dtypes.items())),
        base_model=printable(base, 200) if isinstance(base, str) else None,
        rank=rank if isinstance(rank, int) else None,
        alpha=float(alpha) if isinstance(alpha, int | float) else None,
        target_modules=tuple(sorted(printable(str(module), 200) for module in listed)),
        warnings=(*found.warnings, *_adapter_warnings(found, settings), *_model_warnings(found, layout)),
    )


def _adapter_warnings(found: _Found, settings: Mapping[str, Any]) -> Iterator[str]:
    if not settings:
        return
    if saved := settings.get("modules_to_save"):
        yield f"the adapter saves whole modules ({_shown(str(saved))}), which vLLM refuses"
    if any("embed_tokens" in name or "lm_head" in name for name in found.tensors):
        yield "the adapter has embeddings of its own, which vLLM may refuse"
    if not found.tensors:
        yield "the adapter has no weights in safetensors files"


def _model_warnings(found: _Found, layout: Layout) -> Iterator[str]:
    if layout is not Layout.MODEL:
        return
    for name, index in found.documents.items():
        if name.endswith(".safetensors.index.json"):
            listed = index.get("weight_map") if isinstance(index, dict) else None
            shards = {str(shard) for shard in listed.values()} if isinstance(listed, dict) else set()
            for shard in sorted(shards - found.names):
                yield f"shard {_shown(shard)} is in the index and is not there"
            if (
                isinstance(listed, dict)
                and (lost := len(set(listed) - set(found.tensors)))
                and not shards - found.names
            ):
                yield f"{lost:,} tensors are in the index and in no shard"
    if not TOKENIZERS & found.names:
        yield "there is no tokenizer: take it from the base model"
    if "config.json" not in found.names:
        yield "there is no config.json"


def _shown(text: str) -> str:
    return printable(text, 120)
