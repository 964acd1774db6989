"""Each field of a specification, one after the other: what happens to it is reported, and no sync passes over it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tools.spec.compare import compare
from tools.spec.documents import Node, SpecError, reached, read_openapi
from tools.spec.rules.places import UNKNOWN_OBJECT
from tools.spec.sync import Recipe, made

from .conftest import Repository, slow

PLAIN: Node = {"type": "boolean"}
LISTS: Node = {"type": "array", "items": {"type": "integer"}}
Step = str | int
WORD = re.compile(r"\w+")


def objects(node: Any, path: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:  # noqa: ANN401 -- any part of a document
    """The paths of all objects with fields."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and path[-1:] != ("properties",):
            yield path
        for name, part in node.items():
            yield from objects(part, (*path, name))
    elif isinstance(node, list):
        for number, part in enumerate(node):
            yield from objects(part, (*path, number))


def at(document: Any, path: tuple[Step, ...]) -> Any:  # noqa: ANN401 -- any part of a document
    """The part at a path."""
    for step in path:
        document = document[step]
    return document


def is_retyped(schema: Node, name: str) -> None:
    """Another type than before."""
    schema["properties"][name] = LISTS if schema["properties"][name].get("type") == "boolean" else PLAIN


def is_ours(recipe: Recipe, path: tuple[Step, ...], name: str) -> bool:
    """Whether the overlay removes a field, or `surface.yaml` has its type: then the report alone has its changes."""
    if recipe.surface.types.get(f"{path[-1]}.{name}") in {UNKNOWN_OBJECT, "string"}:
        return True
    is_named = len(path) == 3 and path[:2] == ("components", "schemas")
    ours = recipe.surface.types.get(str(path[-1]), path[-1])
    for action in recipe.overlay:
        types, _, fields = action.target.partition(".properties")
        removes = action.remove and "[?" not in action.target and name in WORD.findall(fields)
        # Of a type on the spot, the overlay has the name that `surface.yaml` gives to its place.
        if removes and (not is_named or ours in WORD.findall(types)):
            return True
    return False


def is_removed(schema: Node, name: str) -> None:
    """No field of that name."""
    del schema["properties"][name]
    if name in schema.get("required", []):
        schema["required"] = [one for one in schema["required"] if one != name]


PARTS = 24
"""The fields are divided into so many tests, which run side by side."""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_field_is_removed_or_retyped_in_silence(repository: Repository, part: int) -> None:
    slow(repository)
    before, recipe, known = repository.upstream_as_read, repository.recipe, read_openapi(repository.spec)
    committed = made(before, recipe, known)
    schemas = before["components"]["schemas"]
    used = {name: schemas[name] for name in sorted(reached(before, before["paths"]))}
    everything = {"paths": before["paths"], "components": {"schemas": used}}
    places = [(path, name) for path in objects(everything, ()) for name in at(before, path)["properties"]]

    def is_noticed(change: Callable[[Node, str], None], path: tuple[Step, ...], name: str) -> bool:
        """Whether a sync gives another file or stops; if so, the report has to have the change."""
        changed = repository.upstream
        change(at(changed, path), name)
        try:
            if made(changed, recipe, known) == committed:
                return False
        except SpecError:
            pass
        found = compare(before, changed, recipe.surface)
        assert found.changes or found.problems, f"{path} {name} {change.__name__}"
        return True

    silent = [
        f"{path} {name}"
        for path, name in places[part::PARTS]
        # What our client does not describe may be anything.
        if not is_ours(recipe, path, name)
        and is_noticed(is_removed, path, name)
        and not is_noticed(is_retyped, path, name)
    ]
    assert silent == []
