"""The Python reference: which public name is on which page, as directives of mkdocstrings."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from functools import cached_property
from typing import Final

import together_ext
from tools.docs.exits import public

MODULES: Final = (
    "together_ext.transfer",
    "together_ext.archive",
    "together_ext.bulk",
    "together_ext.simulator",
    "together_ext.generated",
)
"""Public packages beside the first one, each with a page."""


def clients() -> str:
    """`Together` and its resources."""
    return _client("Together")


def async_clients() -> str:
    """`AsyncTogether` and its resources."""
    return _client("AsyncTogether")


def _client(name: str) -> str:
    client = getattr(together_ext, name)("key")
    parts = [_directive(f"together_ext.{name}", 2)]
    parts += [
        f"## client.{path}\n\n" + _directive(kind, 3, heading=False, inherited=True) for path, kind in resources(client)
    ]
    return "\n".join(parts)


def resources(holder: object) -> Iterator[tuple[str, str]]:
    """The public attributes of a client that have methods, and theirs: their names, and the paths of their classes."""
    own = [name for name in vars(holder) if not name.startswith("_")]
    made = [name for name, value in vars(type(holder)).items() if isinstance(value, cached_property)]
    for name in [*(name for name in made if not name.startswith("_")), *own]:
        kind = type(getattr(holder, name))
        if kind.__module__.startswith("together_ext"):
            yield name, f"{kind.__module__}.{kind.__qualname__}"
            yield from ((f"{name}.{inner}", path) for inner, path in resources(getattr(holder, name)))


def values() -> str:
    """The public names of `together_ext` that are neither clients nor errors."""
    others = {"Together", "AsyncTogether", "__version__", *(kind.__name__ for kind in public())}
    return _all("together_ext", sorted(set(together_ext.__all__) - others))


def errors() -> str:
    """The errors, in the order of their tree."""
    return _all("together_ext", [kind.__name__ for kind in public()])


def module(name: str) -> str:
    """The public names of another package."""
    return _all(name, sorted(importlib.import_module(name).__all__))


def _all(package: str, found: list[str]) -> str:
    """Functions first, then classes, then constants."""
    holder = importlib.import_module(package)

    def order(name: str) -> int:
        value = getattr(holder, name)
        return 0 if inspect.isfunction(value) else 1 if inspect.isclass(value) else 2

    return "\n".join(_directive(f"{package}.{name}", 2) for name in sorted(found, key=order))


def _directive(path: str, level: int, *, heading: bool = True, inherited: bool = False) -> str:
    options = f"    options:\n      heading_level: {level}\n"
    if inherited:
        options += "      inherited_members: true\n"
    if not heading:
        options += "      show_root_heading: false\n      show_root_toc_entry: false\n"
    return f"::: {path}\n{options}"
