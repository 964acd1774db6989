"""Archives: formats, safe extraction, receipts, and inspection of the weights in them. Nothing of Together's API.

Imports `errors`, `text`, `storage`, `leases` and `clock`. `extraction` extracts an archive by its `terms`: `unpack`
writes a folder, `receipt` records it; `follow` extracts an archive while it arrives.

To add an archive format: `formats`. To add a finding of `inspect`: `findings` (its effect on each tool) and `weights`
(how it is detected).

from together_ext.archive import extract, verify

extracted = extract("model.tar.zst", "model")
assert verify(extracted.folder).good
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .extraction import extract, folder_for
    from .limits import Limits
    from .receipt import verify
    from .terms import Extracted
    from .weights.layout import Layout

__all__ = ["Extracted", "Layout", "Limits", "extract", "folder_for", "verify"]

_HOMES: Final = {
    "extraction": ("extract", "folder_for"),
    "limits": ("Limits",),
    "receipt": ("verify",),
    "terms": ("Extracted",),
    "weights.layout": ("Layout",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # a type checker would take any name for one that exists

    def __getattr__(name: str) -> object:
        """Import a name when it is first used: most commands need neither the decompressors nor the hash functions."""
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
