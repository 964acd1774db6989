"""The layout of weights, by the names of the files."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from together_ext.errors import ArchiveError

APPLE_DOUBLE: Final = "._"
"""The prefix of the files in which macOS stores attributes on other file systems."""


class Layout(StrEnum):
    """How weights are loaded."""

    ADAPTER = "adapter"
    """Together with the base model that they were trained on."""
    MODEL = "model"
    """Standalone: a full or a merged model."""
    UNKNOWN = "unknown"


def layout_of(names: Collection[str]) -> Layout:
    """The layout of a set of files, by their names without folders."""
    names = [name for name in names if not name.startswith(APPLE_DOUBLE)]
    if "adapter_config.json" in names or "adapter_model.safetensors" in names:
        return Layout.ADAPTER
    if "config.json" in names or any(name.endswith(".safetensors") for name in names):
        return Layout.MODEL
    return Layout.UNKNOWN


def check_layout(found: Layout, expected: Layout | None, archive: str) -> None:
    """Check that weights have the requested layout; an unknown layout is accepted.

    Args:
        found: The layout of the weights.
        expected: The requested layout; None accepts any.
        archive: The path of the archive, for the error.

    Raises:
        ArchiveError: The layout is another one.
    """
    if expected is not None and Layout.UNKNOWN not in {found, expected} and found != expected:
        raise ArchiveError(
            f"{archive} contains an {found}, but a {expected} was requested"
            if found is Layout.ADAPTER
            else f"{archive} contains a {found}, but an {expected} was requested"
        )
