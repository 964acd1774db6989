"""Identify weights and their problems from the headers of their files: no torch, no pickle, no model is loaded."""

from __future__ import annotations

import os
import stat
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from together_ext.errors import ArchiveError
from together_ext.storage import absolute, local_path, reading
from together_ext.text import printable

from .content import File, Special, contents
from .findings import Finding, consequence
from .limits import Limits
from .weights.adapter import adapter_findings, adapter_warnings, folder_warnings, ranks
from .weights.adapter_config import SETTINGS
from .weights.base_model import LONGEST, named_in
from .weights.layout import Layout, layout_of
from .weights.model import has_tokenizer, model_findings, model_warnings
from .weights.scan import Scan, scan, shown
from .weights.settings import amount, rank_in, words

MOST_WARNINGS: Final = 200
"""Maximum number of warnings in an `Inspection`."""


@dataclass(frozen=True)
class Inspection:
    """The result of an inspection.

    Attributes:
        layout: `adapter`, `model` or `unknown`.
        tensors: Number of tensors.
        parameters: Number of values in them.
        configured: Whether there is a configuration that can be read, without which no tool loads the weights.
        dtypes: Number of values of each type, such as `{"BF16": 1000}`.
        architecture: A model's class in transformers; None if the configuration does not name one.
        tokenizer: Whether there is a tokenizer.
        base_model: The model that an adapter was trained on; None if the adapter does not name one.
        rank: LoRA's rank; None if this is not an adapter.
        ranks: The ranks of the LoRA tensors, sorted.
        alpha: LoRA's alpha; None if this is not an adapter.
        target_modules: The modules that an adapter changes, sorted.
        findings: What keeps at least one tool from loading the weights.
        warnings: Problems, each a sentence.
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
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]


def inspect(
    path: str | os.PathLike[str], *, limits: Limits | None = None, cancel: threading.Event | None = None
) -> Inspection:
    """Identify weights and report what keeps tools from loading them.

    Args:
        path: An extracted folder, or an archive, which is read once from start to end.
        limits: The limits of an archive (default: `Limits()`).
        cancel: When set, from any thread, the inspection ends with `TransferCancelledError`.

    Returns:
        The layout, the number of parameters, LoRA's settings, findings and warnings.

    Raises:
        MissingPathError: The path does not exist.
        ArchiveError: The path is neither a folder with weights nor an archive that can be read.
        StorageError: The path, or something in it, cannot be read.
        TransferCancelledError: `cancel` was set.
        OutOfMemoryError: There is not enough memory.
    """
    place = absolute(local_path(path, "path"))
    with reading(place):
        _refuse_several_models(place)
        with closing(contents(place, limits or Limits(), cancel or threading.Event())) as files:
            return inspect_files(files, place.name if place.is_dir() else "")


def inspect_files(files: Iterable[File | Special], folder: str = "") -> Inspection:
    """Identify weights by their files, each of which is read while it is current; as `inspect` otherwise.

    Args:
        files: The files.
        folder: The name of their folder; empty if they are not in one.
    """
    return _inspection(scan(files), folder)


def _refuse_several_models(place: Path) -> None:
    """Refuse a folder of several models: their sum describes none of them."""
    if not stat.S_ISDIR(place.stat().st_mode):
        return
    with os.scandir(place) as listed:
        inside = list(listed)
    if layout_of({entry.name for entry in inside}) is not Layout.UNKNOWN:
        return
    below = sorted(
        entry.name
        for entry in inside
        if entry.is_dir(follow_symlinks=False) and layout_of(set(os.listdir(entry.path))) is not Layout.UNKNOWN  # noqa: PTH208 -- names
    )
    if below:
        names = ", ".join(map(shown, below[:5])) + (", ..." if len(below) > 5 else "")  # noqa: PLR2004 -- enough to see
        raise ArchiveError(f"{place} contains no weights itself, but its subfolders do ({names}): inspect one of those")


def _inspection(found: Scan, folder: str) -> Inspection:
    dtypes: Counter[str] = Counter()
    for tensor in found.tensors.values():
        dtypes[tensor.dtype] += tensor.parameters
    layout, adapter, model = layout_of(found.names), found.settings(SETTINGS), found.settings("config.json")
    base, actual = named_in(adapter), ranks(found)
    findings, warnings = _problems(found, layout, folder)
    return Inspection(
        layout=layout,
        tensors=len(found.tensors),
        parameters=dtypes.total(),
        configured=bool(adapter if layout is Layout.ADAPTER else model),
        dtypes=dict(sorted(dtypes.items())),
        architecture=next(map(shown, words(model.get("architectures"))), None),
        tokenizer=has_tokenizer(found),
        base_model=printable(base, LONGEST) if base is not None else None,
        rank=rank_in(adapter.get("r")) or max(actual, default=None),
        ranks=actual,
        alpha=amount(adapter.get("lora_alpha")),
        target_modules=tuple(sorted(map(shown, words(adapter.get("target_modules"))))),
        findings=findings,
        warnings=warnings,
    )


def _problems(found: Scan, layout: Layout, folder: str) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings, each once, and the warnings: of single files, of the findings, and others."""
    match layout:
        case Layout.ADAPTER:
            noted, others = list(adapter_findings(found)), [*adapter_warnings(found), *folder_warnings(folder)]
        case Layout.MODEL:
            noted, others = list(model_findings(found)), list(model_warnings(found))
        case _:
            noted, others = [], ["no weights of a supported type were found"]
    # An unreadable file has a warning already.
    explained = [f"{fact}: {consequence(finding)}" for finding, fact in noted if finding is not Finding.UNREADABLE]
    warnings = [*found.warnings, *explained, *others]
    if len(warnings) > MOST_WARNINGS:
        warnings = [*warnings[:MOST_WARNINGS], f"{len(warnings) - MOST_WARNINGS:,} more warnings"]
    return tuple(dict.fromkeys(finding for finding, _ in noted)), tuple(warnings)
