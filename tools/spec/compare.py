"""What changed between two specifications, on the operations that we keep."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from tools.spec import compare_schemas
from tools.spec.addresses import (
    ALIKE,
    Operation,
    by_key,
    has_prefix,
    keys_of,
    likeness,
    names_in,
    nearest,
    server_of,
)
from tools.spec.changes import CREDENTIALS, SERVER, SURFACE, Change, Found, judged
from tools.spec.compare_schemas import Pair, is_it_called
from tools.spec.contents import STREAM, chosen, is_bytes, media_type, schema_of, sent_as
from tools.spec.documents import Node, SpecError, followed, reached, well_formed
from tools.spec.surface import Surface

ANYTHING = True
"""The schema of what has none."""
SCHEME_FACTS = ("type", "scheme", "in", "name")
AUTHORIZATION = "Authorization"
BEARER = f"{AUTHORIZATION}: bearer"
NOTHING: frozenset[str] = frozenset()
"""The credentials of an alternative that requires none."""


@dataclass(frozen=True)
class Comparison:
    """The changes, and what could not be compared, each as a sentence."""

    changes: tuple[Change, ...]
    problems: tuple[str, ...]

    def with_our_names(self) -> Comparison:
        """The same, for specifications whose classes are generated under the same names: `surface.yaml` absorbs it."""
        changes = (
            replace(change, verdict=replace(change.verdict, absorbed_by=SURFACE))
            if change.found.kind == "class-renamed"
            else change
            for change in self.changes
        )
        return replace(self, changes=tuple(changes))


def compare(old: Node, new: Node, surface: Surface) -> Comparison:
    """Every change from one document to the other that concerns an operation we keep.

    Raises:
        SpecError: The `$ref` of a path leads nowhere.
    """
    before, after = by_key(old, surface.prefix), by_key(new, surface.prefix)
    pairs = _pairs(before, after, surface)
    collected: dict[Found, list[tuple[str, str]]] = {found: [] for found in _servers(old, new, surface)}
    ours = {key for kept in surface.operations for key in keys_of(kept)}
    problems: list[str] = []
    for one, other in pairs:
        address = (one or other).address  # type: ignore[union-attr]  # one of them is there
        try:
            with well_formed(address):
                for found in _operation(one, other, _forms(one, other, surface), ours):
                    collected.setdefault(found, []).append((address, found.field or found.subject))
                for it in (one, other) if one and other else ():
                    # What is new is not looked into, and a sync stops at a reference that leads nowhere.
                    reached(it.document, [it.content, it.parameters])
        except SpecError as error:
            problems.append(str(error) if str(error).startswith(address) else f"{address}: {error}")
    changes = [
        _change(found, places, surface)
        for found, places in collected.items()
        if not (found.unused and replace(found, unused=False) in collected)
    ]
    return Comparison(tuple(sorted(changes, key=_rank)), tuple(dict.fromkeys(problems)))


def _pairs(
    before: dict[str, Operation], after: dict[str, Operation], surface: Surface
) -> list[tuple[Operation | None, Operation | None]]:
    """Each operation that we keep, before and after; and those that are new beside them.

    An operation is recognized by its address or one that it had before; else by its likeness to one that is new, or
    was removed.
    """
    pairs = [
        tuple(next((there[key] for key in keys_of(kept) if key in there), None) for there in (before, after))
        for kept in surface.operations
    ]
    taken = {one.key for pair in pairs for one in pair if one}
    gone = [one for key, one in before.items() if key not in after and key not in taken]
    fresh = [one for key, one in after.items() if key not in before and key not in taken]
    found: list[tuple[Operation | None, Operation | None]] = []
    for one, other in pairs:
        if one and not other:
            other = _alike(one, fresh)  # noqa: PLW2901 -- the operation that it has become
        elif other and not one:
            one = _alike(other, gone)  # noqa: PLW2901 -- the operation that it was
        if one or other:
            found.append((one, other))
    tags = {tag for one, _ in found if one for tag in one.content.get("tags", [])[:1]}
    near = [(None, one) for one in fresh if tags & set(one.content.get("tags", [])[:1])]
    return [*found, *near]


def _forms(one: Operation | None, other: Operation | None, surface: Surface) -> dict[str, str]:
    """The media types of its `body` and `response` that `surface.yaml` names."""
    keys = {it.key for it in (one, other) if it}
    ids = [kept.id for kept in surface.operations if keys & {*keys_of(kept)}]
    return {
        role: surface.forms[f"{id_}.{role}"]
        for id_ in ids
        for role in ("body", "response")
        if f"{id_}.{role}" in surface.forms
    }


def _alike(one: Operation, others: list[Operation]) -> Operation | None:
    """The most alike of the others, which is then removed from them; None if it is not alike."""
    other = next(iter(nearest(one, others)), None)
    if other is None or likeness(one, other) < ALIKE:
        return None
    others.remove(other)
    return other


def _change(found: Found, places: list[tuple[str, str]], surface: Surface) -> Change:
    addresses, fields = ([place[at] for place in places] for at in (0, 1))
    return Change(found, judged(found, surface.without), tuple(dict.fromkeys(addresses)), tuple(dict.fromkeys(fields)))


def _rank(change: Change) -> tuple[int, str, str, str]:
    effects = ("breaking", "additive", "neutral")
    return effects.index(change.verdict.effect), change.found.subject, change.found.kind, change.found.side


def _operation(
    one: Operation | None, other: Operation | None, forms: Mapping[str, str], ours: Container[str]
) -> Iterator[Found]:
    if one is None and other is not None:
        is_ours = other.key in ours
        kind, what = ("operation-described", "is described now") if is_ours else ("operation-added", "is new")
        yield Found(kind, other.address, what)
    elif other is None and one is not None:
        yield Found("operation-removed", one.address, "was removed")
    elif one is not None and other is not None:
        if one.key != other.key:
            yield Found("operation-moved", one.address, f"has moved to {other.address}")
        yield from _server_of_its_own(one, other)
        yield from _names(one, other)
        yield from _security(one, other)
        yield from _parameters(one, other)
        yield from _bodies(one, other, forms)
        yield from _responses(one, other, forms)


def _server_of_its_own(one: Operation, other: Operation) -> Iterator[Found]:
    if one.server != other.server:
        was, now = (it.server or server_of(it.document) or "not specified" for it in (one, other))
        yield Found("server-changed", one.address, f"has the server {now}, had {was}")


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


def _security(one: Operation, other: Operation) -> Iterator[Found]:
    was, now = _alternatives(one), _alternatives(other)
    before, after = (frozenset(map(_credentials, alternatives)) for alternatives in (was, now))
    if before == after:
        kind = "security-restated" if _said(was) != _said(now) else ""
    elif before and not after:
        kind = "security-removed"
    # What was sent before is still enough.
    elif before <= after or NOTHING in after:
        kind = "security-alternative-added"
    else:
        kind = "security-changed" if before else "security-added"
    if kind:
        # The same for all operations that share it, mostly all of them.
        what = f"are {_said(now)}, were {_said(was)}"
        yield Found(kind, CREDENTIALS, what, field=one.address, known=frozenset({AUTHORIZATION}))


def _alternatives(operation: Operation) -> list[list[Node]]:
    """The schemes of each alternative; no alternatives where none is required."""
    document = operation.document
    known = document.get("components", {}).get("securitySchemes", {})
    required = operation.content.get("security", document.get("security")) or []
    return [[followed(document, known.get(name, {"type": name})) for name in one] for one in required]


def _credentials(schemes: list[Node]) -> frozenset[str]:
    return frozenset(map(_credential, schemes))


def _facts(scheme: Node) -> str:
    return " ".join(str(scheme[fact]) for fact in SCHEME_FACTS if fact in scheme)


def _credential(scheme: Node) -> str:
    """What a client sends for a scheme: of two schemes with the same, one is the other in other words.

    Bearer tokens, OAuth 2 and OpenID Connect share a header. A key in that header is a bearer token only if its
    description says so, since OpenAPI has no other place for the word before the key.
    """
    kind, name = str(scheme.get("type")), str(scheme.get("name"))
    if kind == "http":
        return f"{AUTHORIZATION}: {str(scheme.get('scheme')).lower()}"
    if kind in {"oauth2", "openIdConnect"}:
        return BEARER
    if kind == "apiKey" and scheme.get("in") == "header":
        is_bearer = name.lower() == "authorization" and "bearer" in str(scheme.get("description")).lower()
        return BEARER if is_bearer else f"{name.lower()}:"
    return _facts(scheme)


def _said(alternatives: list[list[Node]]) -> str:
    told = {" and ".join(sorted(map(_facts, schemes))) or "none" for schemes in alternatives}
    return " or ".join(sorted(told)) or "none"


def _parameters(one: Operation, other: Operation) -> Iterator[Found]:
    before, after = _by_name(one, other), _by_name(other, one)
    pair = Pair(one.document, other.document, "request")
    gone, fresh = [key for key in before if key not in after], [key for key in after if key not in before]
    places = {key: key for key in before if key in after}
    for key in gone:
        name = before[key]["name"]
        subject = f"{one.address} ?{name}"
        if place := next((it for it in fresh if after[it]["name"] == name), None):
            fresh.remove(place)
            places[key] = place
            yield Found("parameter-moved", subject, f"is in the {place[0]} now, was in the {key[0]}", "request")
        else:
            alike = [after[it]["name"] for it in fresh if it[0] == key[0]]
            yield Found("parameter-removed", subject, f"was removed{is_it_called(name, alike)}", "request")
    for key in fresh:
        is_required = after[key].get("required") is True
        kind = "parameter-added-required" if is_required else "parameter-added"
        what = "is new, and required" if is_required else "is new"
        yield Found(kind, f"{one.address} ?{after[key]['name']}", what, "request")
    for key, place in places.items():
        yield from _parameter(pair, before[key], after[place], one.address)


def _parameter(pair: Pair, former: Node, parameter: Node, address: str) -> Iterator[Found]:
    subject = f"{address} ?{parameter['name']}"
    if former["name"] != parameter["name"]:
        what = f"is called {parameter['name']} now, was {former['name']}"
        yield Found("parameter-renamed", f"{address} ?{former['name']}", what, "request")
    if former.get("deprecated", False) is False and parameter.get("deprecated") is True:
        yield Found("deprecated", subject, "is deprecated", "request")
    was, now = former.get("required") is True, parameter.get("required") is True
    yield from compare_schemas.required(pair, subject, was=was, now=now)
    forms = sent_as(pair.old, former), sent_as(pair.new, parameter)
    if forms[0] != forms[1] and former["in"] == parameter["in"]:
        yield Found("parameter-restated", subject, f"is sent {forms[1]}, was sent {forms[0]}", "request")
    yield from compare_schemas.schemas(pair, schema_of(former), schema_of(parameter), subject)


def _by_name(operation: Operation, other: Operation) -> dict[tuple[str, str], Node]:
    """The parameters; those of the path by their number, as their names are not on the wire.

    Where the operation has moved, those that have the same name are the same.
    """
    own, theirs = names_in(operation.path), names_in(other.path)
    moved = operation.key != other.key
    places = {name: f"#{place}" for place, name in enumerate(name for name in own if not moved or name not in theirs)}
    found: dict[tuple[str, str], Node] = {}
    for one in operation.parameters:
        in_path = one["in"] == "path"
        found[one["in"], str(places.get(one["name"], one["name"]) if in_path else one["name"])] = one
    return found


def _bodies(one: Operation, other: Operation, forms: Mapping[str, str]) -> Iterator[Found]:
    before = followed(one.document, one.content.get("requestBody"))
    after = followed(other.document, other.content.get("requestBody"))
    subject, pair = f"{one.address} body", Pair(one.document, other.document, "request")
    if before is None and after is not None:
        is_required = after.get("required") is True
        what = "is new, and required" if is_required else "is new"
        yield Found("body-added-required" if is_required else "body-added", subject, what, "request")
    elif before is not None and after is None:
        yield Found("body-removed", subject, "was removed", "request")
    elif before is not None and after is not None:
        now = after.get("required") is True
        yield from compare_schemas.required(pair, subject, was=before.get("required") is True, now=now)
        yield from _contents(pair, before, after, subject, forms.get("body"))


def _responses(one: Operation, other: Operation, forms: Mapping[str, str]) -> Iterator[Found]:
    before, after = one.responses, other.responses
    good = [{status: it for status, it in them.items() if status[:1] == "2"} for them in (before, after)]
    pair, subject = Pair(one.document, other.document, "response"), f"{one.address} response"
    if good[0] and not good[1]:
        others = ", ".join(after) or "none at all"
        yield Found("response-removed", subject, f"is no longer described (described: {others})", "response")
        return
    if _statuses(one) != _statuses(other) and good[0].keys() == good[1].keys():
        was, now = ", ".join(sorted(_statuses(one))), ", ".join(sorted(_statuses(other)))
        yield Found("status-restated", subject, f"is described under {now}, was under {was}", "response")
    fresh, gone = ([it for it in ones if it not in others] for ones, others in ((good[1], good[0]), good))
    for status in fresh:
        yield Found("status-added", subject, f"may have the status {status}", "response")
    for status in gone:
        yield Found("status-removed", subject, f"no longer has the status {status}", "response")
    # A success that has another status now may be another one, too.
    for was, now in (*((status, status) for status in good[0] if status in good[1]), *zip(gone, fresh, strict=False)):
        yield from _contents(pair, good[0][was], good[1][now], subject, forms.get("response"))
    if before.keys() - good[0].keys() != after.keys() - good[1].keys():
        yield Found("error-responses", one.address, "describes other errors")


def _statuses(operation: Operation) -> frozenset[str]:
    """The statuses under which successes are described, as the document has them."""
    given = frozenset(map(str, operation.content.get("responses") or {}))
    return frozenset(status for status in given if status[:1] == "2") or given & {"default"}


def _contents(pair: Pair, before: Node, after: Node, subject: str, form: str | None) -> Iterator[Found]:
    old, new = _by_type(before), _by_type(after)
    fresh, gone = [kind for kind in new if kind not in old], [kind for kind in old if kind not in new]
    was, now = chosen(old, form), chosen(new, form)
    # The handwritten layer reads streams, of which the generated client knows nothing.
    unused = was == now and was is not None and STREAM not in gone
    if fresh and gone:
        both = [is_bytes(kind, it[kind]) for it, kinds in ((old, gone), (new, fresh)) for kind in kinds]
        kind = "bytes-restated" if all(both) and pair.side == "response" else "content-changed"
        yield replace(pair.found(kind, subject, f"is {', '.join(fresh)}, was {', '.join(gone)}"), unused=unused)
    elif fresh and was and now != was:
        what = f"may also be {', '.join(fresh)}; the generated client would use {now}, used {was}"
        yield pair.found("form-changed", subject, what)
    elif fresh:
        also = "may also be" if old else "is"
        yield pair.found("content-added", subject, f"{also} {', '.join(fresh)}")
    elif gone:
        yield replace(pair.found("content-removed", subject, f"may no longer be {', '.join(gone)}"), unused=unused)
    # What the client uses comes first: what other media types share with it is reported there.
    for kind in sorted(old.keys() & new.keys(), key=lambda kind: (kind not in {was, now}, kind)):
        if pair.side == "response" and is_bytes(kind, old[kind]) and is_bytes(kind, new[kind]):
            continue  # whatever their schemas say
        was_schema, now_schema = (it[kind].get("schema", ANYTHING) for it in (old, new))
        for found in compare_schemas.schemas(pair, was_schema, now_schema, subject):
            yield replace(found, unused=kind not in {was, now, STREAM})


def _by_type(holder: Node) -> dict[str, Node]:
    return {media_type(kind, content): content for kind, content in (holder.get("content") or {}).items()}


def _servers(old: Node, new: Node, surface: Surface) -> Iterator[Found]:
    before, after = server_of(old), server_of(new)
    if not before or before == after:
        return
    what = f"is {after or 'not specified'}, was {before}"
    hosts = [urlsplit(url).netloc for url in (before, after)]
    is_told = after or any(path.startswith(f"{surface.prefix}/") for path in new["paths"])
    if is_told and not all(hosts) and has_prefix(old, surface) == has_prefix(new, surface):
        yield Found("server-restated", SERVER, what)
    elif urlsplit(before)[:2] != urlsplit(after)[:2] or has_prefix(old, surface) != has_prefix(new, surface):
        yield Found("server-changed", SERVER, what, known=frozenset({before, urlsplit(before).netloc}))
    elif has_prefix(new, surface):
        yield Found("prefix-moved", SERVER, f"{what}; the rest is in the paths")
    else:
        yield Found("server-changed", SERVER, what, known=frozenset({before}))
