"""What changed between two specifications, on the operations that we keep."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tools.spec import compare_schemas
from tools.spec.changes import Change, Found, judged
from tools.spec.compare_schemas import Pair
from tools.spec.documents import Node, SpecError, followed, operations, well_formed
from tools.spec.surface import Surface

PARAMETER = re.compile(r"\{[^}]*\}")
ANYTHING = True
"""The schema of what has none."""
SCHEME_FACTS = ("type", "scheme", "in", "name")


@dataclass(frozen=True)
class Comparison:
    """The changes, and what could not be compared, each as a sentence."""

    changes: tuple[Change, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """An operation where it is found: `key` is its address with the server's path and without names in it."""

    method: str
    path: str
    key: str
    item: Node
    content: Node

    @property
    def address(self) -> str:
        """The address as people write it."""
        return f"{self.method.upper()} {self.path}"


def compare(old: Node, new: Node, surface: Surface) -> Comparison:
    """Every change from one document to the other that concerns an operation we keep."""
    before, after = _by_key(old), _by_key(new)
    kept = {_key(operation.method, _prefix(old) + operation.path) for operation in surface.operations}
    kept |= {_key(operation.method, _prefix(new) + operation.path) for operation in surface.operations}
    moved = {key: other for key in kept & before.keys() if (other := _moved_to(before[key], before, after))}
    collected: dict[Found, list[tuple[str, str]]] = {found: [] for found in _servers(old, new)}
    problems: list[str] = []
    for key in [*before, *(key for key in after if key not in before)]:
        one, other = before.get(key), after.get(key)
        if key not in kept and (one or not other or other in moved.values() or not _is_near(other, before, kept)):
            continue
        address = (one or other).address  # type: ignore[union-attr]  # one of them is there
        try:
            with well_formed(address):
                for found in _operation(old, new, one, other, moved.get(key)):
                    collected.setdefault(found, []).append((address, found.field or found.subject))
        except SpecError as error:
            problems.append(str(error) if str(error).startswith(address) else f"{address}: {error}")
    changes = [_change(found, places) for found, places in collected.items()]
    return Comparison(tuple(sorted(changes, key=_rank)), tuple(dict.fromkeys(problems)))


def _change(found: Found, places: list[tuple[str, str]]) -> Change:
    addresses, fields = ([place[at] for place in places] for at in (0, 1))
    return Change(found, judged(found), tuple(dict.fromkeys(addresses)), tuple(dict.fromkeys(fields)))


def _rank(change: Change) -> tuple[int, str, str, str]:
    effects = ("breaking", "additive", "neutral")
    return effects.index(change.verdict.effect), change.found.subject, change.found.kind, change.found.side


def _operation(
    old: Node, new: Node, one: Operation | None, other: Operation | None, moved_to: Operation | None
) -> Iterator[Found]:
    if other is None and one is not None:
        if moved_to:
            yield Found("operation-moved", one.address, f"is at {moved_to.address} now")
        else:
            yield Found("operation-removed", one.address, "is gone")
    elif one is None and other is not None:
        yield Found("operation-added", other.address, "is new")
    elif one is not None and other is not None:
        yield from _names(one, other)
        yield from _security(old, new, one, other)
        yield from _parameters(old, new, one, other)
        yield from _bodies(old, new, one, other)
        yield from _answers(old, new, one, other)


def _moved_to(one: Operation, before: dict[str, Operation], after: dict[str, Operation]) -> Operation | None:
    """The new address of an operation that is gone: that which has its ID, or answers and takes the same."""
    if one.key in after:
        return None
    fresh = (other for key, other in after.items() if key not in before and other.method == one.method)
    return next((other for other in fresh if _essence(other) == _essence(one)), None)


def _essence(operation: Operation) -> Any:  # noqa: ANN401 -- a value to be compared
    named = operation.content.get("operationId")
    return named or [operation.content.get(name) for name in ("responses", "requestBody", "summary")]


def _is_near(operation: Operation, before: dict[str, Operation], kept: set[str]) -> bool:
    """Whether a new operation belongs to those that we keep: it has a tag of theirs."""
    tags = {tag for key in kept & before.keys() for tag in before[key].content.get("tags", [])[:1]}
    return bool(tags & set(operation.content.get("tags", [])[:1]))


def _names(one: Operation, other: Operation) -> Iterator[Found]:
    """The names of the generated function and its module, and whether it is deprecated."""
    ids = [operation.content.get("operationId") for operation in (one, other)]
    if ids[0] != ids[1]:
        yield Found("function-renamed", one.address, f"has the operationId {ids[1]}, had {ids[0]}")
    tags = [next(iter(operation.content.get("tags", [])), "default") for operation in (one, other)]
    if tags[0] != tags[1]:
        yield Found("module-moved", one.address, f"has the tag {tags[1]}, had {tags[0]}")
    if other.content.get("deprecated") is True and one.content.get("deprecated") is not True:
        yield Found("operation-deprecated", one.address, "is deprecated")


def _security(old: Node, new: Node, one: Operation, other: Operation) -> Iterator[Found]:
    before, after = _schemes(old, one), _schemes(new, other)
    if before == after:
        return
    kind = "security-added" if not before else "security-removed" if not after else "security-changed"
    yield Found(kind, one.address, f"asks for {_said(after)}, asked for {_said(before)}")


def _schemes(document: Node, operation: Operation) -> frozenset[str]:
    known = document.get("components", {}).get("securitySchemes", {})
    asked = operation.content.get("security", document.get("security")) or []
    schemes = [followed(document, known.get(name, {"type": name})) for one in asked for name in one]
    return frozenset(" ".join(str(scheme[fact]) for fact in SCHEME_FACTS if fact in scheme) for scheme in schemes)


def _said(schemes: frozenset[str]) -> str:
    return " or ".join(sorted(schemes)) or "nothing"


def _parameters(old: Node, new: Node, one: Operation, other: Operation) -> Iterator[Found]:
    before, after = _by_name(old, one), _by_name(new, other)
    pair = Pair(old, new, "request")
    for key in [key for key in before if key not in after]:
        yield Found("parameter-removed", f"{one.address} ?{before[key]['name']}", "is gone", "request")
    for key, parameter in after.items():
        subject = f"{one.address} ?{parameter['name']}"
        is_required = parameter.get("required") is True
        if key not in before:
            kind = "parameter-added-required" if is_required else "parameter-added"
            yield Found(kind, subject, "is new, and required" if is_required else "is new", "request")
            continue
        former = before[key]
        if former["name"] != parameter["name"]:
            what = f"is called {parameter['name']} now, was {former['name']}"
            yield Found("parameter-renamed", f"{one.address} ?{former['name']}", what, "request")
        if former.get("deprecated", False) is False and parameter.get("deprecated") is True:
            yield Found("deprecated", subject, "is deprecated", "request")
        yield from compare_schemas.required(pair, subject, was=former.get("required") is True, now=is_required)
        yield from compare_schemas.schemas(
            pair, former.get("schema", ANYTHING), parameter.get("schema", ANYTHING), subject
        )


def _by_name(document: Node, operation: Operation) -> dict[tuple[str, str], Node]:
    """The parameters; those of the path by their number, as their names are not on the wire."""
    found: dict[tuple[str, str], Node] = {}
    places = {name: str(place) for place, name in enumerate(PARAMETER.findall(operation.path))}
    for parameter in [*operation.item.get("parameters", []), *operation.content.get("parameters", [])]:
        one = followed(document, parameter)
        name = places.get(f"{{{one['name']}}}", one["name"]) if one["in"] == "path" else one["name"]
        found[one["in"], name] = one
    return found


def _bodies(old: Node, new: Node, one: Operation, other: Operation) -> Iterator[Found]:
    before = followed(old, one.content.get("requestBody"))
    after = followed(new, other.content.get("requestBody"))
    subject, pair = f"{one.address} body", Pair(old, new, "request")
    if before is None and after is not None:
        is_required = after.get("required") is True
        what = "is new, and required" if is_required else "is new"
        yield Found("body-added-required" if is_required else "body-added", subject, what, "request")
    elif before is not None and after is None:
        yield Found("body-removed", subject, "is gone", "request")
    elif before is not None and after is not None:
        now = after.get("required") is True
        yield from compare_schemas.required(pair, subject, was=before.get("required") is True, now=now)
        yield from _contents(pair, before, after, subject)


def _answers(old: Node, new: Node, one: Operation, other: Operation) -> Iterator[Found]:
    before, after = one.content.get("responses", {}), other.content.get("responses", {})
    good = [{status: answer for status, answer in answers.items() if status[:1] == "2"} for answers in (before, after)]
    pair = Pair(old, new, "answer")
    for status in [status for status in good[1] if status not in good[0]]:
        yield Found("status-added", f"{one.address} answer", f"may have the status {status}", "answer")
    for status in [status for status in good[0] if status not in good[1]]:
        yield Found("status-removed", f"{one.address} answer", f"has not the status {status} any more", "answer")
    for status in [status for status in good[0] if status in good[1]]:
        former, latter = followed(old, good[0][status]), followed(new, good[1][status])
        yield from _contents(pair, former, latter, f"{one.address} answer")
    if before.keys() - good[0].keys() != after.keys() - good[1].keys():
        yield Found("error-answers", one.address, "describes other refusals")


def _contents(pair: Pair, before: Node, after: Node, subject: str) -> Iterator[Found]:
    old, new = before.get("content") or {}, after.get("content") or {}
    fresh, gone = [kind for kind in new if kind not in old], [kind for kind in old if kind not in new]
    if fresh and gone:
        yield pair.found("content-changed", subject, f"is {', '.join(fresh)}, was {', '.join(gone)}")
    elif fresh:
        yield pair.found("content-added", subject, f"may be {', '.join(fresh)}, too")
    elif gone:
        yield pair.found("content-removed", subject, f"may not be {', '.join(gone)} any more")
    for kind in [kind for kind in old if kind in new]:
        yield from compare_schemas.schemas(
            pair, old[kind].get("schema", ANYTHING), new[kind].get("schema", ANYTHING), subject
        )


def _servers(old: Node, new: Node) -> Iterator[Found]:
    before, after = _server(old), _server(new)
    if before and urlsplit(before)[:2] != urlsplit(after)[:2]:
        yield Found("server-changed", "the server", f"is {after or 'not told'}, was {before or 'not told'}")
    elif before and before != after:
        yield Found("prefix-moved", "the server", f"is {after}, was {before}; the rest is in the paths")


def _server(document: Node) -> str:
    servers = document.get("servers") or [{}]
    return str(servers[0].get("url", "")).rstrip("/")


def _prefix(document: Node) -> str:
    return urlsplit(_server(document)).path


def _by_key(document: Node) -> dict[str, Operation]:
    prefix = _prefix(document)
    return {
        _key(method, prefix + path): Operation(
            method, path, _key(method, prefix + path), document["paths"][path], content
        )
        for method, path, content in operations(document)
    }


def _key(method: str, path: str) -> str:
    return f"{method} {PARAMETER.sub('{}', path)}"
