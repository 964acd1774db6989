"""Set the base model in an extracted adapter's `adapter_config.json`, before the receipt is written."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from together_ext.archive.places import Place
from together_ext.archive.terms import UnpackedFile
from together_ext.errors import ArchiveError, RuleError
from together_ext.text import printable

from .base_model import BaseChoice, is_private, named_in, renamed
from .layout import Layout

log = logging.getLogger("together_ext.archive")

SETTINGS: Final = "adapter_config.json"

LARGEST: Final = 1 << 20
"""Maximum size of a configuration that is changed, in bytes; the usual ones have one or two thousand."""


@dataclass(frozen=True)
class Decision:
    """What becomes of an adapter's base model.

    Attributes:
        before: The name that the adapter, or else the service, uses; None if neither names one.
        after: The name from now on; None if there is none.
        text: The new content of `adapter_config.json`; None if the file stays unchanged.
    """

    before: str | None
    after: str | None
    text: str | None

    @property
    def record(self) -> dict[str, str]:
        """The entries of the receipt: `base_model`, and `base_model_alias` if the name was another one before."""
        entries = {"base_model": self.after, "base_model_alias": None if self.before == self.after else self.before}
        return {key: name for key, name in entries.items() if name is not None}


def decide(text: str | None, layout: Layout, choice: BaseChoice, known: object) -> Decision:
    """Decide which base model an adapter names. No I/O.

    Args:
        text: The content of `adapter_config.json`, a JSON object; None if the file is missing or invalid.
        layout: The layout of the weights.
        choice: The caller's choice.
        known: The base model according to the service; used if it is a string and the adapter names none.

    Raises:
        RuleError: A base model was given, and the weights are not an adapter.
        ArchiveError: A base model was given, and the adapter has no valid configuration.
    """
    if choice.name is not None:
        _check_that_it_can_be_set(choice.name, text, layout)
    found = named_in(json.loads(text)) if text is not None else None
    before = found or (known if isinstance(known, str) else None)
    after = choice.of(before)
    # What only the service names is not added to the file, unless the caller chose it.
    if text is None or after in {None, found} or not (found or choice.name):
        return Decision(before, after, None)
    return Decision(before, after, renamed(text, str(after)))


def _check_that_it_can_be_set(name: str, text: str | None, layout: Layout) -> None:
    if layout is not Layout.ADAPTER:
        raise RuleError(
            f"base_model (--base-model) is {name}, but only an adapter has a base model, and the layout of these "
            f"weights is {layout}: omit it"
        )
    if text is None:
        raise ArchiveError(f"base_model (--base-model) cannot be set: {SETTINGS} is missing or cannot be read")


def set_base_model(
    place: Place, files: Iterable[UnpackedFile], layout: Layout, choice: BaseChoice, known: object
) -> tuple[list[UnpackedFile], Mapping[str, str]]:
    """Write the chosen base model to a folder's `adapter_config.json`; warn if a private name remains.

    Args:
        place: Where the files are.
        files: The files in it.
        layout: The layout of the weights.
        choice: The caller's choice.
        known: The base model according to the service; ignored if it is not a string.

    Returns:
        The files after the change, and the entries of the receipt.

    Raises:
        RuleError: A base model was given, and the weights are not an adapter.
        ArchiveError: A base model was given, and the adapter has no valid configuration.
        OSError: The file cannot be read or written.
    """
    by_path = {file.path: file for file in files}
    decision = decide(_text(place.read(SETTINGS, LARGEST + 1)) if SETTINGS in by_path else None, layout, choice, known)
    if decision.text is not None:
        by_path[SETTINGS] = _written(place, decision.text)
    if layout is Layout.ADAPTER and choice.fix and decision.after is not None and is_private(decision.after):
        log.warning(
            "the base model %s of the adapter is a private name that cannot be loaded, and its public name is unknown: "
            "it is left unchanged; extract with base_model (--base-model) to set it",
            printable(decision.after, 200),
        )
    return list(by_path.values()), decision.record


def _text(data: bytes) -> str | None:
    """The content of a configuration; None if it is not a JSON object."""
    try:
        text = data.decode()
        return text if len(data) <= LARGEST and isinstance(json.loads(text), dict) else None
    except (ValueError, RecursionError):
        return None


def _written(place: Place, text: str) -> UnpackedFile:
    data = text.encode()
    place.write(SETTINGS, data)
    return UnpackedFile(SETTINGS, len(data), hashlib.sha256(data).hexdigest())
