"""Read the headers of weights, file by file: tensors, configurations and indexes.

The only tensor data that is read is that of LoRA B: it starts as zeros, so it shows whether training had an effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from together_ext.archive.content import Content, File, Special
from together_ext.text import printable

from .layout import APPLE_DOUBLE
from .numbers import FORMS, judge
from .safetensors import LONGEST_HEADER, Tensor, tensors

LONGEST_JSON: Final = 16 << 20
"""Maximum size of a configuration or index that is read, in bytes."""

# Bounds of what is kept of files that are made to be large; no real model comes near them.
MOST_TENSORS: Final = 1_000_000
MOST_DOCUMENTS: Final = 20

PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
LORA_A: Final = ("lora_A", "lora_embedding_A")
LORA_B: Final = ("lora_B", "lora_embedding_B")


@dataclass
class Scan:
    """What was read so far.

    Attributes:
        names: The names of all files, without their folders.
        documents: The JSON documents by file name, each with its depth in the folder.
        tensors: The tensors by name.
        warnings: Problems of single files, each a sentence.
        unreadable: The paths of safetensors files that no tool can load.
        lora_b: The number of LoRA B tensors whose data was read.
        zero: The names of those that are all zeros.
        broken: The names of those that contain NaN or infinite values.
    """

    names: set[str] = field(default_factory=set)
    documents: dict[str, tuple[int, Any]] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    lora_b: int = 0
    zero: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def settings(self, name: str) -> Mapping[str, Any]:
        """The configuration with this file name; empty if it is missing, unreadable or not an object."""
        _, document = self.documents.get(name, (0, None))
        return document if isinstance(document, dict) else {}

    def has_file(self, *endings: str) -> bool:
        """Whether the name of a file other than the trainer's `training_args.bin` ends like this."""
        return any(name.endswith(endings) and "training_args" not in name for name in self.names)

    def first(self, has: Callable[[Tensor], object]) -> str:
        """The printable name of the first tensor that matches; empty if none does."""
        return next((shown(tensor.name) for tensor in self.tensors.values() if has(tensor)), "")


def scan(files: Iterable[File | Special]) -> Scan:
    """Read the headers of all files.

    Args:
        files: The files of a folder or an archive, each of which is read while it is current.

    Raises:
        ArchiveError: The archive is invalid.
        OSError: A file cannot be read.
    """
    found = Scan()
    for file in files:
        if isinstance(file, Special):
            found.warnings.append(f"{shown(file.name)} is {file.kind}; it was not read")
        elif not file.name.rpartition("/")[2].startswith(APPLE_DOUBLE):
            _read(found, file.name, file.size, file.content)
    return found


def is_kind(tensor: Tensor, kinds: Sequence[str]) -> bool:
    """Whether a part of a tensor's name is one of these, such as `lora_A`."""
    return any(kind in tensor.name.split(".") for kind in kinds)


def shown(text: str) -> str:
    """A name from a file, safe for a terminal and at most 120 characters long."""
    return printable(text, 120)


def _read(found: Scan, path: str, size: int, content: Content) -> None:
    name = path.rpartition("/")[2]
    found.names.add(name)
    problem = ""
    if name.endswith(".safetensors"):
        problem, loads = _read_tensors(found, size, content)
        if not loads:
            found.unreadable.append(path)
    elif name in {"config.json", "adapter_config.json"} or name.endswith(".index.json"):
        problem = _read_document(found, path, size, content)
    elif name.endswith(PICKLES) and "training_args" not in name:
        problem = "is a pickle file: loading it executes any code that it contains"
    if problem:
        found.warnings.append(f"{shown(path)} {problem}")


def _read_document(found: Scan, path: str, size: int, content: Content) -> str:
    """Keep a configuration or an index; of several with the same name, the one nearest to the root."""
    if size > LONGEST_JSON:
        return f"was not read: it has {size:,} bytes; the maximum is {LONGEST_JSON:,}"
    try:
        document = json.loads(b"".join(content.pieces(size)))
    except (ValueError, RecursionError):
        return "is not valid JSON"
    _, _, name = path.rpartition("/")
    depth = path.count("/")
    if depth < found.documents.get(name, (depth + 1, None))[0] and len(found.documents) < MOST_DOCUMENTS:
        found.documents[name] = (depth, document)
    return ""


def _read_tensors(found: Scan, size: int, content: Content) -> tuple[str, bool]:
    """Keep the tensors of a file; returns its problem (empty if there is none), and whether tools can load it."""
    length = int.from_bytes(b"".join(content.pieces(8)), "little")
    if not 0 < length <= size - 8:
        return "is truncated or not a safetensors file", False
    if length > LONGEST_HEADER:
        return f"was not read: its header has {length:,} bytes; the maximum is {LONGEST_HEADER:,}", True
    try:
        listed = tensors(b"".join(content.pieces(length)))
    except ValueError as error:
        return f"has an invalid header: {printable(str(error), 200)}", False
    if len(found.tensors) + len(listed) > MOST_TENSORS:
        return f"was not read: the maximum number of tensors is {MOST_TENSORS:,}", True
    twice = [tensor.name for tensor in listed if tensor.name in found.tensors]
    found.tensors |= {tensor.name: tensor for tensor in listed}
    _judge(found, listed, content)
    expected = 8 + length + max((tensor.stop for tensor in listed), default=0)
    if size != expected:
        return f"has {size:,} bytes; according to its header it must have {expected:,}", False
    return f"has tensors that another file also has, such as {shown(twice[0])}" if twice else "", True


def _judge(found: Scan, listed: Sequence[Tensor], content: Content) -> None:
    """Check the values of LoRA B, skipping the bytes between."""
    at = 0
    for tensor in listed:
        if tensor.dtype in FORMS and tensor.stop > tensor.start and is_kind(tensor, LORA_B):
            content.skip(tensor.start - at)
            verdict = judge(tensor.dtype, content.pieces(tensor.stop - tensor.start))
            at = tensor.stop
            found.lora_b += 1
            found.zero += [tensor.name] if verdict.zero else []
            found.broken += [tensor.name] if verdict.broken else []
