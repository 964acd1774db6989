"""What a folder of weights is, told from the names of its files."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from together_ext.errors import ArchiveError


class Layout(StrEnum):
    """How weights are to be loaded."""

    ADAPTER = "adapter"
    """Onto the model that they were trained on."""
    MODEL = "model"
    """By themselves: a full or a merged model."""
    UNKNOWN = "unknown"


def layout_of(names: Collection[str]) -> Layout:
    """The layout of files with these names, without their folders."""
    if "adapter_config.json" in names or "adapter_model.safetensors" in names:
        return Layout.ADAPTER
    if "config.json" in names or any(name.endswith(".safetensors") for name in names):
        return Layout.MODEL
    return Layout.UNKNOWN


def check_layout(found: Layout, expected: Layout | None, archive: str) -> None:
    """See that weights are what was asked for; what cannot be told passes.

    Raises:
        ArchiveError: They are something else.
    """
    if expected is not None and Layout.UNKNOWN not in {found, expected} and found != expected:
        raise ArchiveError(
            f"{archive} holds an {found} where a {expected} was asked for"
            if found is Layout.ADAPTER
            else f"{archive} holds a {found} where an {expected} was asked for"
        )
