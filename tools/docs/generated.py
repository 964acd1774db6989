"""The markers of pages, and what replaces them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from tools.docs import commands, exits, names, schemas

BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands.reference,
    "exits": exits.exits,
    "error codes": exits.error_codes,
    "schemas": schemas.schemas,
    "clients": names.clients,
    "async clients": names.async_clients,
    "values": names.values,
    "errors": names.errors,
    **{module: partial(names.module, module) for module in names.MODULES},
}
"""What each marker stands for, by its name."""

_MARKER = re.compile(r"^<!-- generated: (.+) -->$", re.MULTILINE)


def filled(markdown: str) -> str:
    """A page's text with every `<!-- generated: NAME -->` replaced.

    Raises:
        KeyError: There is no such block.
    """
    return _MARKER.sub(lambda found: BLOCKS[found.group(1)](), markdown)


def markers(markdown: str) -> list[str]:
    """The names of a page's markers, in order."""
    return _MARKER.findall(markdown)
