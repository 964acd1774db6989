"""The third step: the facts that only we know, as an OpenAPI Overlay (https://spec.openapis.org/overlay/v1.0.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import jsonpath

from tools.spec.documents import Node, SpecError, drop_unused, read

NAMES = re.compile(r"\[\s*((?:'[^']*'|\"[^\"]*\")(?:\s*,\s*(?:'[^']*'|\"[^\"]*\"))*)\s*\]")
"""A list of names in a JSONPath."""
VALUES = frozenset({"const", "default", "example"})
"""Keywords that may be null."""
SHOWN = 60
"""Maximum number of characters of a value in a message."""
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


_Match: TypeAlias = tuple[tuple[str | int, ...], Any]
"""Where a target matches, and what is there."""


@dataclass(frozen=True)
class Action:
    """One fact: what to remove or to merge, where (a JSONPath of RFC 9535), why, and since when we know."""

    number: int
    target: str
    reason: str
    date: str
    remove: bool
    update: Any

    def __str__(self) -> str:
        return f"action {self.number} of the overlay ({self.target})"


def read_overlay(path: Path) -> list[Action]:
    """Read an overlay document.

    Raises:
        SpecError: It is no overlay of version 1.0, or an action lacks its target, its reason or its date.
    """
    content = read(path)
    if not isinstance(content, dict) or not str(content.get("overlay", "")).startswith("1.0"):
        raise SpecError(f"{path.name} is not an OpenAPI Overlay of version 1.0")
    actions = content.get("actions")
    if not isinstance(actions, list):
        raise SpecError(f"{path.name} has no actions")
    return [_action(number, action, path.name) for number, action in enumerate(actions, 1)]


def apply(document: Node, actions: list[Action]) -> Node:
    """Apply the actions in their order, each to what those before it have made.

    Returns:
        A new document, without the types that nothing refers to.

    Raises:
        SpecError: Actions are superfluous, which are all named; or one matches nothing, or cannot be applied.
    """
    changed: Node = deepcopy(document)
    removed: list[_Removed] = []
    problems: list[str] = []
    for action in actions:
        found = [(match.parts, match.obj) for match in _matches(action, changed)]
        if idle := _idle(action, found, changed):
            # Those after it may rely on it: what would be said of them may be wrong.
            problems.append(idle)
            break
        problems += [*_superfluous(action, found), *_contradicting(action, found)]
        # The last first: removing an item of a list moves those after it.
        for parts, value in reversed(found):
            if action.remove:
                removed.append(_Removed(action, parts, deepcopy(value), deepcopy(_at(changed, parts[:-1]))))
                _remove(changed, parts, action)
            else:
                _update(changed, parts, value, action)
        problems += _restored(removed, changed, action)
    if problems:
        raise SpecError("\n".join(problems))
    drop_unused(changed)
    return changed


def _idle(action: Action, found: list[_Match], document: Node) -> str:
    """What to do with an action that matches nothing, in whole or for some of its names."""
    if not found:
        return (
            f"{action} matches nothing. Its reason is: {action.reason} "
            "If the specification says so itself now, remove the action; if the thing has moved, change its target."
        )
    if names := _idle_names(action, document):
        return (
            f"{action} matches nothing for {', '.join(names)}. Its reason is: {action.reason} "
            "Remove these names from its target; if the things have moved, change them."
        )
    return ""


def _superfluous(action: Action, found: list[_Match]) -> Iterator[str]:
    """What to do with an update that the specification has caught up with, in whole or in part."""
    if action.remove:
        return
    said = {parts: [*_said_already(value, _update_of(value, action))] for parts, value in found}
    for where in dict.fromkeys(", ".join(each) for each in said.values() if each):
        there = [parts for parts, each in said.items() if ", ".join(each) == where]
        others = [parts for parts in said if parts not in there]
        if not others:
            yield (
                f"{action} says what the specification says itself now: {where}. Remove that part of it, or all of it."
            )
        else:
            yield (
                f"{action} says what the specification says itself now for {_named(there)}: {where}. "
                f"Move that part to an action for {_named(others)} alone."
            )


def _contradicting(action: Action, found: list[_Match]) -> Iterator[str]:
    """What to do with an update that adds fields which the specification describes otherwise."""
    for parts, value in found if not action.remove else ():
        if others := list(_described_otherwise(value, action.update, is_fields=parts[-1:] == ("properties",))):
            yield (
                f"{action} adds what the specification describes otherwise now: {', '.join(others)}. Remove that part "
                "of it, or all of it; or, if servers still send the other, remove what the specification has before it."
            )


def _named(places: list[tuple[str | int, ...]]) -> str:
    """Places of a document as JSONPaths."""
    return " and ".join("$" + "".join(_step(part) for part in parts) for parts in places)


def _step(part: str | int) -> str:
    return f".{part}" if str(part).isidentifier() else f"[{part!r}]"


@dataclass(frozen=True)
class _Removed:
    """What an action has removed: where, and the mapping or list that it was in, as it was."""

    action: Action
    parts: tuple[str | int, ...]
    value: Any
    holder: Any

    def is_back(self, document: Node) -> bool:
        """Whether it is there again, as it was."""
        holder = self._holder_in(document)
        if isinstance(holder, list):
            return isinstance(self.holder, list) and _sorted(holder) == _sorted(self.holder)
        return isinstance(holder, dict) and holder.get(str(self.parts[-1]), _NOTHING) == self.value

    def is_replaced(self, document: Node) -> bool:
        """Whether there is something else in its place."""
        holder = self._holder_in(document)
        return isinstance(holder, dict) and str(self.parts[-1]) in holder

    def _holder_in(self, document: Node) -> Any:  # noqa: ANN401 -- a part of a document
        try:
            return _at(document, self.parts[:-1])
        except (KeyError, IndexError, TypeError):
            return None


_NOTHING = object()


def _restored(removed: list[_Removed], document: Node, action: Action) -> Iterator[str]:
    """What an update adds again that actions before it have removed: as it was, or another for whatever was there."""
    for one in removed if not action.remove else ():
        if one.is_back(document):
            where = ".".join(map(str, one.parts))
            yield (
                f"action {one.action.number} of the overlay ({one.action.target}) removes, and action {action.number} "
                f"({action.target}) adds again, what the specification says itself now: {where}. Remove the first "
                "action, and that part of the second."
            )
        elif "?" not in one.action.target and one.is_replaced(document):
            yield (
                f"{one.action} removes {one.parts[-1]}, whatever it is, and action {action.number} ({action.target}) "
                "adds another: restrict the first to what it replaces, so that a change of it is noticed, such as "
                f"`[?@.{one.parts[-1]}.type == 'integer'].{one.parts[-1]}` in place of `.properties.{one.parts[-1]}`."
            )


def _idle_names(action: Action, document: Node) -> list[str]:
    """The names in the lists of a target, such as `['a', 'b']`, for which alone it matches nothing."""
    idle: list[str] = []
    for listed in NAMES.finditer(action.target):
        names = [name.strip() for name in listed[1].split(",")]
        for name in names if len(names) > 1 else []:
            target = f"{action.target[: listed.start()]}[{name}]{action.target[listed.end() :]}"
            if not _matches(replace(action, target=target), document):
                idle.append(name.strip("'\""))
    return idle


def _sorted(items: list[Any]) -> list[str]:
    return sorted(map(repr, items))


def merged(old: Any, new: Any) -> Any:  # noqa: ANN401 -- parts of documents
    """What an update makes of a value: mappings are merged, lists appended, all else is replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            **old,
            **{name: merged(old[name], value) if name in old else deepcopy(value) for name, value in new.items()},
        }
    if isinstance(old, list) and isinstance(new, list):
        return [*old, *deepcopy(new)]
    return deepcopy(new)


def _action(number: int, action: Any, file: str) -> Action:  # noqa: ANN401 -- whatever the file says
    if not isinstance(action, dict) or not isinstance(action.get("target"), str):
        raise SpecError(f"{file}: action {number} has no target")
    reason, date = action.get("description"), action.get("x-date")
    if not isinstance(reason, str) or not DATE.fullmatch(str(date)):
        raise SpecError(f"{file}: action {number} ({action['target']}) lacks its reason (description) or date (x-date)")
    remove = action.get("remove") is True
    if remove == ("update" in action):
        raise SpecError(f"{file}: action {number} ({action['target']}) needs either an update or `remove: true`")
    if empty := next(_empty(action.get("update", {}), "update"), None):
        raise SpecError(f"{file}: action {number} ({action['target']}) has an empty {empty}: remove it")
    return Action(number, action["target"], reason.strip(), str(date), remove, action.get("update"))


def _empty(update: Any, name: str) -> Iterator[str]:  # noqa: ANN401 -- a part of a document
    """Names in an update that have nothing after them, and would replace what is there by null."""
    if update is None and name not in VALUES:
        yield name
    for key, value in update.items() if isinstance(update, dict) else ():
        yield from _empty(value, key)


def _matches(action: Action, document: Node) -> list[jsonpath.JSONPathMatch]:
    try:
        return list(jsonpath.finditer(action.target, document, strict=True))
    except jsonpath.JSONPathError as error:
        raise SpecError(f"{action} has an invalid JSONPath as its target: {str(error).splitlines()[0]}") from error


def _remove(document: Node, parts: tuple[str | int, ...], action: Action) -> None:
    if not parts:
        raise SpecError(f"{action} would remove the whole document")
    del _at(document, parts[:-1])[parts[-1]]


def _update(document: Node, parts: tuple[str | int, ...], value: Any, action: Action) -> None:  # noqa: ANN401 -- a part of a document
    if not isinstance(value, list) and not (isinstance(value, dict) and isinstance(action.update, dict)):
        raise SpecError(
            f"{action} cannot replace {_cut(value)} by {_cut(action.update)}: remove the old value first, in an action "
            "before it"
        )
    changed = merged(value, _update_of(value, action))
    if parts:
        _at(document, parts[:-1])[parts[-1]] = changed
    else:
        document.update(changed)


def _cut(value: Any) -> str:  # noqa: ANN401 -- a part of a document
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _update_of(value: Any, action: Action) -> Any:  # noqa: ANN401 -- parts of documents
    """What an action merges into a value: of a list, its update is one item."""
    return [action.update] if isinstance(value, list) else action.update


def _said_already(old: Any, new: Any, name: str = "") -> Iterator[str]:  # noqa: ANN401 -- parts of documents
    """Where an update repeats what is there."""
    if isinstance(new, dict | list) and old == new and name:
        yield name
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in [key for key in new if key in old]:
            yield from _said_already(old[key], new[key], f"{name}.{key}" if name else key)
    elif isinstance(old, list) and isinstance(new, list):
        yield from (f"{name} {item!r}".strip() for item in new if item in old)
    elif old == new:
        yield f"{name}: {new!r}"


def _described_otherwise(old: Any, new: Any, *, is_fields: bool) -> Iterator[str]:  # noqa: ANN401 -- parts of documents
    """The fields that an update adds to objects that have them."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in new.keys() & old.keys():
            if is_fields and old[key] != new[key]:
                yield key
            elif not is_fields:
                yield from _described_otherwise(old[key], new[key], is_fields=key == "properties")


def _at(document: Node, parts: tuple[str | int, ...]) -> Any:  # noqa: ANN401 -- a part of a document
    found: Any = document
    for part in parts:
        found = found[part]
    return found
