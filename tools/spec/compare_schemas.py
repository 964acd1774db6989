"""What changed between two schemas, seen from one side: what clients send, or what they read."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tools.spec.changes import Found
from tools.spec.documents import Node
from tools.spec.normal import LOWER, UPPER
from tools.spec.shape import Fields, Many, Plain, Shape, fingerprint_of, shape

LONG = 60
"""So many characters of a value are shown."""
ALIKE = 0.5
"""From this share of the fields in common on, two objects are one that was changed."""


@dataclass(frozen=True)
class Pair:
    """Two documents that are compared, and the pairs of schemas that were looked at, since they may go in circles."""

    old: Node
    new: Node
    side: str
    # With the schemas themselves: the numbers of those that are gone would be given to others.
    seen: dict[tuple[int, int], tuple[Any, Any]] = field(default_factory=dict)

    def found(self, kind: str, subject: str, what: str, *, closed: bool = False) -> Found:
        """A change on this side."""
        return Found(kind, subject, what, self.side, closed and self.side == "response")


def schemas(pair: Pair, old: Any, new: Any, subject: str) -> Iterator[Found]:  # noqa: ANN401 -- schemas may be true or false
    """Every change from one schema to the other.

    Raises:
        SpecError: A reference of one of them leads nowhere.
    """
    if (id(old), id(new)) in pair.seen:
        return
    pair.seen[id(old), id(new)] = (old, new)
    before, after = shape(pair.old, old), shape(pair.new, new)
    yield from _marks(pair, before, after, subject)
    if before.nullable != after.nullable and not (before.anything or after.anything):
        kind, what = ("null-added", "may be null now") if after.nullable else ("null-removed", "may no longer be null")
        yield pair.found(kind, subject, what)
    yield from _types(pair, before, after, subject)
    for type_ in sorted(before.types & after.types - {"array", "object"}):
        yield from _plain(pair, before, after, type_, subject)
    for one, other in zip(before.many, after.many, strict=False):
        yield from _bounds(pair, one, other, subject)
        yield from schemas(pair, one.items, other.items, f"{subject}[]")
    yield from _objects(pair, before, after, subject)


def _marks(pair: Pair, before: Shape, after: Shape, subject: str) -> Iterator[Found]:
    if before.default != after.default:
        yield pair.found(
            "default-changed", subject, f"has the default {_told(after.default)}, had {_told(before.default)}"
        )
    if before.deprecated != after.deprecated:
        what = "is deprecated" if after.deprecated else "is no longer deprecated"
        yield pair.found("deprecated" if after.deprecated else "not-deprecated", subject, what)


def _types(pair: Pair, before: Shape, after: Shape, subject: str) -> Iterator[Found]:
    old, new = _kinds(before), _kinds(after)
    if old == new:
        return
    # An integer is a number, too; and anything is everything.
    widened = "anything" in new or (old - new <= {"integer"} and ("integer" not in old - new or "number" in new))
    narrowed = "anything" in old or (new - old <= {"integer"} and ("integer" not in new - old or "number" in old))
    kind = "type-widened" if widened else "type-narrowed" if narrowed else "type-changed"
    yield pair.found(kind, subject, f"is {_listed(new, ' or ')}, was {_listed(old, ' or ')}")


def _kinds(one: Shape) -> frozenset[str]:
    return one.types | ({"anything"} if one.anything or not (one.types or one.nullable) else frozenset())


def _plain(pair: Pair, before: Shape, after: Shape, type_: str, subject: str) -> Iterator[Found]:
    old, new = before.values(type_), after.values(type_)
    closed = not after.is_open(type_)
    if old is not None and new is not None:
        # A change of a named enum is reported once, wherever it is used.
        enums = {one.name for one in _of_type(before, type_) if one.values and one.name}
        enum = enums.pop() if len(enums) == 1 else subject
        for found in _values(pair, old, new, enum, closed=closed):
            yield replace(found, field=subject, known=frozenset(map(str, old | new)))
        if before.is_open(type_) and closed:
            yield pair.found("values-closed", subject, "may only be one of the known values")
        elif not before.is_open(type_) and not closed:
            yield pair.found("values-opened", subject, "may be any value besides the known ones")
    elif old is None and new is not None:
        kind = "values-closed" if closed else "values-named"
        yield pair.found(kind, subject, f"has the known values {_listed(new)}")
    elif old is not None:
        kind = "values-unnamed" if before.is_open(type_) else "values-opened"
        yield pair.found(kind, subject, f"may be any {type_}, was one of {_listed(old)}")
    ones, others = _of_type(before, type_), _of_type(after, type_)
    formats, new_formats = {one.format for one in ones}, {one.format for one in others}
    if formats != new_formats:
        was, now = (_listed((one or "none" for one in some), " or ") for some in (formats, new_formats))
        yield pair.found("format-changed", subject, f"has the format {now}, had {was}")
    names, new_names = ({_names(one) for one in some if one.values} for some in (ones, others))
    if names and new_names and names != new_names:
        classes, new_classes = ({class_ for class_, _ in some} for some in (names, new_names))
        own, new_own = ({name for _, name in some} for some in (names, new_names))
        yield _renamed(classes, new_classes, own, new_own, subject)
    if len(ones) == len(others) == 1:
        yield from _bounds(pair, ones[0], others[0], subject)


def _values(pair: Pair, old: frozenset[Any], new: frozenset[Any], subject: str, *, closed: bool) -> Iterator[Found]:
    if new - old:
        yield pair.found("value-added", subject, f"has the new {_values_of(new - old)}")
    if old - new:
        found = pair.found("value-removed", subject, f"no longer has the {_values_of(old - new)}", closed=closed)
        yield replace(found, gone=frozenset(map(str, old - new)))


def _bounds(pair: Pair, old: Plain | Many | Fields, new: Plain | Many | Fields, subject: str) -> Iterator[Found]:
    for name in sorted(old.bounds.keys() | new.bounds.keys()):
        before, after = old.bounds.get(name), new.bounds.get(name)
        if before == after:
            continue
        numbers = [it for it in (before, after) if isinstance(it, int | float) and not isinstance(it, bool)]
        if name in LOWER | UPPER and len(numbers) == len((before, after)):
            tightened = (numbers[1] > numbers[0]) == (name in LOWER)
        else:
            tightened = after is not None
        kind = "bounds-tightened" if tightened else "bounds-loosened"
        yield pair.found(kind, subject, f"has {name} {_told(after)}, had {_told(before)}")


def _objects(pair: Pair, before: Shape, after: Shape, subject: str) -> Iterator[Found]:
    matched, gone, fresh = _matched(pair, list(before.objects), list(after.objects))
    if before.objects and after.objects:
        for one in fresh:
            yield pair.found("kind-added", subject, f"may also be {_called(one, pair.new)}")
        for one in gone:
            yield pair.found("kind-removed", subject, f"may no longer be {_called(one, pair.old)}", closed=True)
    for one, other in matched:
        if _names(one) != _names(other) and (one.properties or other.properties):
            yield _renamed({_class(one)}, {_class(other)}, {one.name}, {other.name}, subject)
        yield from _bounds(pair, one, other, one.name or subject)
        yield from _fields(pair, one, other, one.name or subject)


def _matched(
    pair: Pair, old: list[Fields], new: list[Fields]
) -> tuple[list[tuple[Fields, Fields]], list[Fields], list[Fields]]:
    """Which objects of two unions are the same: by tags, names, all or most of their fields; and the rest."""
    if len(old) == len(new) == 1:
        return [(old[0], new[0])], [], []
    matched: list[tuple[Fields, Fields]] = []
    tests: tuple[Callable[[Fields, Fields], bool], ...] = (
        lambda one, other: fingerprint_of(pair.old, one) == fingerprint_of(pair.new, other),
        lambda one, other: bool(one.tags(pair.old)) and one.tags(pair.old) == other.tags(pair.new),
        lambda one, other: bool(one.name) and one.name == other.name,
        lambda one, other: _likeness(one, other) >= ALIKE,
    )
    for test in tests:
        for one in list(old):
            other = next((other for other in new if test(one, other)), None)
            if other is not None:
                matched.append((one, other))
                old.remove(one)
                new.remove(other)
    return matched, old, new


def _likeness(one: Fields, other: Fields) -> float:
    every = one.properties.keys() | other.properties.keys()
    return len(one.properties.keys() & other.properties.keys()) / len(every) if every else 1.0


def _fields(pair: Pair, old: Fields, new: Fields, subject: str) -> Iterator[Found]:
    described = new.properties
    old, new = _of_side(old, pair.side), _of_side(new, pair.side)
    for name in [name for name in old.properties if name not in new.properties]:
        kept_for = "read" if pair.side == "request" else "write"
        hint = f" (it is {kept_for}-only now)" if name in described else _renamed_to(pair, old, new, name)
        yield pair.found("field-removed", f"{subject}.{name}", f"was removed{hint}")
    for name in [name for name in new.properties if name not in old.properties]:
        kind, what = (
            ("field-added-required", "is new, and required") if name in new.required else ("field-added", "is new")
        )
        yield pair.found(kind, f"{subject}.{name}", what)
    for name in [name for name in old.properties if name in new.properties]:
        yield from required(pair, f"{subject}.{name}", was=name in old.required, now=name in new.required)
        yield from schemas(pair, old.properties[name], new.properties[name], f"{subject}.{name}")
    yield from _others(pair, old, new, subject)


def _of_side(one: Fields, side: str) -> Fields:
    """The object with the fields that this side has: clients do not send what is read-only."""
    mark = "readOnly" if side == "request" else "writeOnly"
    fields = {
        name: field
        for name, field in one.properties.items()
        if not (isinstance(field, dict) and field.get(mark) is True)
    }
    return replace(one, properties=fields)


def required(pair: Pair, subject: str, *, was: bool, now: bool) -> Iterator[Found]:
    """Whether a field, a parameter or a body has come to be required, or to be optional."""
    if now and not was:
        yield pair.found("now-required", subject, "is required now")
    elif was and not now:
        yield pair.found("now-optional", subject, "may be left out now")


def _others(pair: Pair, old: Fields, new: Fields, subject: str) -> Iterator[Found]:
    was, now = _allowed(pair.old, old.others), _allowed(pair.new, new.others)
    if was == now == "typed":
        yield from schemas(pair, old.others, new.others, f"{subject}{{}}")
    elif "nothing" in (was, now) and was != now:
        closed = now == "nothing"
        what = (
            "no longer has fields beside the described ones" if closed else "may have fields beside the described ones"
        )
        yield pair.found("others-closed" if closed else "others-opened", subject, what)
    elif was != now:
        kind, what = ("type-narrowed", "is typed now") if now == "typed" else ("type-widened", "may be anything now")
        yield pair.found(kind, f"{subject}{{}}", what)


def _allowed(document: Node, others: Any) -> str:  # noqa: ANN401 -- a schema may be true or false
    """What fields without a name may hold."""
    if others is False:
        return "nothing"
    one = shape(document, others)
    return "anything" if one.anything and not one.types else "typed"


def _renamed_to(pair: Pair, old: Fields, new: Fields, name: str) -> str:
    """A hint at the new field that an old one may have become: of the same types, and of a similar name."""
    types = shape(pair.old, old.properties[name]).types
    fresh = [other for other in new.properties if other not in old.properties]
    return is_it_called(name, [other for other in fresh if shape(pair.new, new.properties[other]).types == types])


def is_it_called(name: str, others: Iterable[str]) -> str:
    """A hint at what something that was removed may be called now; nothing if no name is similar."""
    nearest = difflib.get_close_matches(name, list(others), n=1, cutoff=0.5)
    return f" (is it called {nearest[0]} now?)" if nearest else ""


def _values_of(values: Iterable[Any]) -> str:
    listed = list(values)
    return f"value{'s' if len(listed) > 1 else ''} {_listed(listed)}"


def _class(one: Fields | Plain) -> str:
    """What the generator calls its class; nothing if it is named after its place."""
    return one.title or one.name


def _names(one: Fields | Plain) -> tuple[str, str]:
    """The name of its class as the generator gives it, and its own, which ours has."""
    return _class(one), one.name


def _renamed(old: set[str], new: set[str], old_names: set[str], new_names: set[str], subject: str) -> Found:
    """A class that has another name: by the classes, or by the names if these are the same."""
    if old == new:
        old, new = old_names, new_names
    before, after = (_listed(filter(None, names)) for names in (old - new, new - old))
    if before and after:
        what = f"the class {before} is called {after} now"
    elif after:
        what = f"its class, which was named after its place, is called {after} now"
    else:
        what = f"the class {before} is named after its place now"
    return Found("class-renamed", subject, what)


def _called(one: Fields, document: Node) -> str:
    if one.name:
        return f"a {one.name}"
    tags = " and ".join(f"{name}: {value}" for name, value in sorted(one.tags(document), key=str))
    return f"an object with {tags}" if tags else f"an object with {_listed(one.properties) or 'any fields'}"


def _of_type(one: Shape, type_: str) -> list[Plain]:
    return [plain for plain in one.plain if plain.type == type_]


def _listed(values: Iterable[Any], joint: str = ", ") -> str:
    return joint.join(sorted(str(value) for value in values))


def _told(value: Any) -> str:  # noqa: ANN401 -- a value of a document
    told = "none" if value is None else repr(value)
    return told if len(told) <= LONG else f"{told[:LONG]}..."
