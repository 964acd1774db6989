"""Give an unpacked adapter a base model that can be loaded, before its receipt is written."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from together_ext.errors import ArchiveError, RuleError, printable

from .base_model import BaseChoice, is_private, named_in, renamed
from .layout import Layout
from .unpack import UnpackedFile

log = logging.getLogger("together_ext.archive")

SETTINGS: Final = "adapter_config.json"

LARGEST: Final = 1 << 20
"""Bytes of a configuration that is changed; the usual ones have one or two thousand."""


def named(
    place: Path, files: Iterable[UnpackedFile], layout: Layout, choice: BaseChoice, told: object
) -> tuple[list[UnpackedFile], Mapping[str, str]]:
    """Write the chosen base model into a folder's `adapter_config.json`.

    Args:
        place: The folder.
        files: What is in it.
        layout: What it is.
        choice: What the base model is to be called.
        told: What it is called by whoever knows where the archive came from, if that is a string.

    Returns:
        The files as they are now, and what the receipt says of it: `base_model`, and `base_model_alias` if that was
        its name before.

    Raises:
        RuleError: A base model was given for what is no adapter.
        ArchiveError: A base model was given, and the adapter has no configuration to put it into.
    """
    if choice.name is not None and layout is not Layout.ADAPTER:
        raise RuleError(
            f"what came is no adapter ({layout}), and has no base model to be named: "
            "leave base_model (--base-model) out"
        )
    by_path = {file.path: file for file in files}
    text = _text(place / SETTINGS) if SETTINGS in by_path else None
    if choice.name is not None and text is None:
        raise ArchiveError(f"the adapter has no {SETTINGS} that can be read, to put the base model into")
    found = named_in(json.loads(text)) if text is not None else None
    before = found or (told if isinstance(told, str) else None)
    after = choice.of(before)
    if text is not None and after is not None and after != found and (found or choice.name):
        by_path[SETTINGS] = _written(place, renamed(text, after))
    if layout is Layout.ADAPTER and choice.fix and after is not None and is_private(after):
        log.warning(
            "the adapter's base model, %s, is a private name that nobody can load, and its public one is not known: "
            "it is left as it is; unpack with base_model (--base-model) to name it",
            printable(after, 200),
        )
    said = {} if after is None else {"base_model": after}
    if before is not None and before != after:
        said["base_model_alias"] = before
    return list(by_path.values()), said


def _text(path: Path) -> str | None:
    """A configuration as it stands in its file; None if it is none."""
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    try:
        text = data.decode()
        return text if len(data) <= LARGEST and isinstance(json.loads(text), dict) else None
    except (ValueError, RecursionError):
        return None


def _written(place: Path, text: str) -> UnpackedFile:
    data = text.encode()
    (place / SETTINGS).write_bytes(data)
    return UnpackedFile(SETTINGS, len(data), hashlib.sha256(data).hexdigest())
