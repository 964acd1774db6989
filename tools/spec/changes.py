"""What kinds of changes there are, whom each breaks, and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Container
from dataclasses import dataclass, replace
from enum import StrEnum


class Effect(StrEnum):
    """What a change does: it breaks callers, adds something, or neither."""

    BREAKING = "breaking"
    ADDITIVE = "additive"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class Verdict:
    """What to think of a kind of change. `absorbed_by` is what of ours keeps it from our users."""

    effect: Effect
    why: str
    source_only: bool = False
    tighter: bool = False
    open_enum: bool = False
    absorbed_by: str = ""


@dataclass(frozen=True)
class Found:
    """A change as it was found. `side` is `request`, `response`, or nothing where it is about both.

    `closed` says of an enum or union in a response that the document allows nothing else there, `unused` that it is
    about a media type that our client does not use. `field` is where it was found, if the subject is used in several
    places: it is the same change in each. `known` are the values of an enum, the URL of a server, or headers; `gone`
    are the values that were removed.
    """

    kind: str
    subject: str
    what: str
    side: str = ""
    closed: bool = False
    unused: bool = False
    field: str = dataclasses.field(default="", compare=False)
    known: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    gone: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)


@dataclass(frozen=True)
class Change:
    """A change, what to think of it, and the operations and fields that it concerns."""

    found: Found
    verdict: Verdict
    operations: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    @property
    def breaks(self) -> bool:
        """Whether it breaks users of this package: nothing of ours absorbs it."""
        return self.verdict.effect is Effect.BREAKING and not self.verdict.absorbed_by


def judged(found: Found, without: Container[str] = ()) -> Verdict:
    """What to think of a change.

    Args:
        found: The change.
        without: The rules that are switched off, and absorb nothing.
    """
    verdict = VERDICTS[found.kind, found.side] if (found.kind, found.side) in VERDICTS else VERDICTS[found.kind, ""]
    if found.unused:
        verdict = replace(verdict, absorbed_by=ONE_FORM)
    if verdict.absorbed_by in without or not _is_absorbed(found):
        verdict = replace(verdict, absorbed_by="")
    if found.closed and found.kind in TIGHTER_IF_CLOSED:
        return replace(verdict, tighter=True)
    return verdict


def _is_absorbed(found: Found) -> bool:
    """Whether the rules about what is absent or null hold for it: fields alone, and no IDs, which stay required."""
    if found.unused or found.kind not in {"null-added", "now-optional"} or found.side != "response":
        return True
    name = found.subject.rpartition(".")[2]
    return "." in found.subject and name != "id" and not name.endswith(("[]", "{}"))


REQUEST, RESPONSE, BOTH = "request", "response", ""
TIGHTER_IF_CLOSED = frozenset({"value-removed", "kind-removed"})
_B, _A, _N = Effect.BREAKING, Effect.ADDITIVE, Effect.NEUTRAL
SURFACE = "tools/spec/surface.yaml"
SERVER, CREDENTIALS = "the server", "the credentials"
"""The subjects of changes that concern many operations alike."""
ONE_FORM = "one_form_of_contents"
"""The rule that keeps one media type of several."""

VERDICTS: dict[tuple[str, str], Verdict] = {
    # Operations
    ("operation-removed", BOTH): Verdict(_B, "calls of it fail"),
    ("operation-moved", BOTH): Verdict(_B, "calls of the old address fail"),
    ("operation-added", BOTH): Verdict(_A, "the client does not call it yet"),
    ("operation-described", BOTH): Verdict(_N, "the client has it already", absorbed_by=SURFACE),
    ("operation-deprecated", BOTH): Verdict(_N, "it still works"),
    ("function-renamed", BOTH): Verdict(_B, "the function is named after it", source_only=True, absorbed_by=SURFACE),
    ("module-moved", BOTH): Verdict(
        _B, "the function's module is named after it", source_only=True, absorbed_by=SURFACE
    ),
    ("server-changed", BOTH): Verdict(_B, "requests to the old address fail"),
    ("server-restated", BOTH): Verdict(_N, "a relative URL names no host: clients keep theirs"),
    ("prefix-moved", BOTH): Verdict(_N, "the addresses as a whole are the same", absorbed_by=SURFACE),
    ("security-added", BOTH): Verdict(_B, "calls without it are refused"),
    ("security-alternative-added", BOTH): Verdict(_A, "the old way is still accepted"),
    ("security-removed", BOTH): Verdict(_A, "what was sent before is no longer needed"),
    ("security-restated", BOTH): Verdict(_N, "clients send the same header"),
    ("security-changed", BOTH): Verdict(_B, "calls in the old way are refused"),
    ("error-responses", BOTH): Verdict(_N, "errors are determined by their status", absorbed_by="only_successes"),
    # Parameters and bodies
    ("parameter-added", BOTH): Verdict(_A, "it may be left out"),
    ("parameter-added-required", BOTH): Verdict(_B, "calls without it are refused"),
    ("parameter-removed", BOTH): Verdict(_B, "calls with it are refused, or it is ignored"),
    ("parameter-moved", BOTH): Verdict(_B, "calls that send it in the old place are refused, or it is ignored"),
    ("parameter-restated", BOTH): Verdict(_B, "values that are sent in the old form are refused, or misread"),
    ("parameter-renamed", BOTH): Verdict(
        _B, "the argument is named after it; the address is the same", source_only=True, absorbed_by=SURFACE
    ),
    ("body-added", BOTH): Verdict(_A, "it may be left out"),
    ("body-added-required", BOTH): Verdict(_B, "calls without it are refused"),
    ("body-removed", BOTH): Verdict(_B, "what was sent in it is refused, or ignored"),
    ("now-required", REQUEST): Verdict(_B, "calls without it are refused"),
    ("now-required", RESPONSE): Verdict(
        _N, "clients could read it before", tighter=True, absorbed_by="little_is_required"
    ),
    ("now-optional", REQUEST): Verdict(_A, "it may be left out now"),
    ("now-optional", RESPONSE): Verdict(
        _B, "code that relies on it fails where it is absent", absorbed_by="little_is_required"
    ),
    # Contents
    ("content-added", REQUEST): Verdict(_A, "the old form is still accepted", absorbed_by=ONE_FORM),
    ("content-added", RESPONSE): Verdict(
        _N, "the old form is still sent to clients that accept it", absorbed_by=ONE_FORM
    ),
    ("content-removed", REQUEST): Verdict(_B, "the old form is refused"),
    ("content-removed", RESPONSE): Verdict(_B, "the old form is no longer sent"),
    ("content-changed", REQUEST): Verdict(_B, "the old form is refused"),
    ("content-changed", RESPONSE): Verdict(
        _B, "an old client cannot read it, and a regenerated one returns another type", tighter=True
    ),
    ("form-changed", BOTH): Verdict(
        _B, "name the form to keep in tools/spec/surface.yaml, under forms", source_only=True
    ),
    ("bytes-restated", RESPONSE): Verdict(_N, "clients read bytes in both cases", absorbed_by="bytes_are_bytes"),
    ("status-added", BOTH): Verdict(_B, "an old client treats it as an error"),
    ("status-removed", BOTH): Verdict(_N, "the others are read as before", tighter=True),
    ("status-restated", BOTH): Verdict(_N, "clients read it as 200", absorbed_by="only_successes"),
    ("response-removed", BOTH): Verdict(_B, "a client cannot be generated for it"),
    # Fields and types
    ("field-added", REQUEST): Verdict(_A, "it may be left out"),
    ("field-added", RESPONSE): Verdict(_A, "old clients keep it among the unknown fields"),
    ("field-added-required", REQUEST): Verdict(_B, "requests without it are refused"),
    ("field-added-required", RESPONSE): Verdict(
        _A, "old clients keep it among the unknown fields", tighter=True, absorbed_by="little_is_required"
    ),
    ("field-removed", REQUEST): Verdict(_B, "requests with it are refused, or it is ignored"),
    ("field-removed", RESPONSE): Verdict(_B, "code that reads it gets no value"),
    ("type-changed", REQUEST): Verdict(_B, "values of the old type are refused"),
    ("type-changed", RESPONSE): Verdict(_B, "an old client cannot read it, or its annotation is wrong", tighter=True),
    ("type-widened", REQUEST): Verdict(_A, "the old values are still accepted"),
    ("type-widened", RESPONSE): Verdict(_B, "an old client cannot read the new values, or its annotation is wrong"),
    ("type-narrowed", REQUEST): Verdict(_B, "some of the old values are refused"),
    ("type-narrowed", RESPONSE): Verdict(_N, "clients could read its values before", tighter=True),
    ("format-changed", REQUEST): Verdict(_B, "the argument has another type, and values of the old format are refused"),
    ("format-changed", RESPONSE): Verdict(_B, "it is read as another type", tighter=True),
    ("null-added", REQUEST): Verdict(_A, "null may be sent now"),
    ("null-added", RESPONSE): Verdict(_B, "an old client fails where it is null", absorbed_by="anything_may_be_null"),
    ("null-removed", REQUEST): Verdict(_B, "null is refused"),
    ("null-removed", RESPONSE): Verdict(
        _N, "clients could read its values before", tighter=True, absorbed_by="anything_may_be_null"
    ),
    ("value-added", REQUEST): Verdict(_A, "the old values are still accepted"),
    ("value-added", RESPONSE): Verdict(
        _A, "our clients read it as a plain string", open_enum=True, absorbed_by="enums_are_open"
    ),
    ("value-removed", REQUEST): Verdict(_B, "the value is refused, and the enum's member is removed"),
    ("value-removed", RESPONSE): Verdict(
        _B, "code that compares with it never matches, and the enum's member is removed"
    ),
    ("values-closed", REQUEST): Verdict(_B, "other values are refused"),
    ("values-closed", RESPONSE): Verdict(
        _N, "clients could read its values before", tighter=True, absorbed_by="enums_are_open"
    ),
    ("values-opened", REQUEST): Verdict(_A, "the old values are still accepted"),
    ("values-opened", RESPONSE): Verdict(
        _A, "our clients read other values as plain strings", open_enum=True, absorbed_by="enums_are_open"
    ),
    ("values-named", BOTH): Verdict(_N, "known values get an enum beside any string"),
    ("values-unnamed", BOTH): Verdict(_B, "the enum's class is removed; nothing on the wire breaks", source_only=True),
    ("kind-added", REQUEST): Verdict(_A, "the old kinds are still accepted"),
    ("kind-added", RESPONSE): Verdict(
        _A, "our clients read it as a free-form object", open_enum=True, absorbed_by="unions_have_a_last_resort"
    ),
    ("kind-removed", REQUEST): Verdict(_B, "objects of that kind are refused"),
    ("kind-removed", RESPONSE): Verdict(_B, "its class is removed; nothing on the wire breaks", source_only=True),
    ("class-renamed", BOTH): Verdict(
        _B, "code that names the class fails; nothing on the wire changes", source_only=True
    ),
    ("others-closed", REQUEST): Verdict(_B, "other fields are refused"),
    ("others-closed", RESPONSE): Verdict(
        _N, "a regenerated client would drop unknown fields", tighter=True, absorbed_by="responses_are_open"
    ),
    ("others-opened", BOTH): Verdict(_N, "clients keep unknown fields in both cases"),
    ("bounds-tightened", REQUEST): Verdict(_B, "values outside the bounds are refused"),
    ("bounds-tightened", RESPONSE): Verdict(_N, "clients do not check bounds", absorbed_by="no_bounds"),
    ("bounds-loosened", REQUEST): Verdict(_A, "more values are accepted"),
    ("bounds-loosened", RESPONSE): Verdict(_N, "clients do not check bounds", absorbed_by="no_bounds"),
    ("default-changed", BOTH): Verdict(
        _N, "our clients send no defaults: the server applies its own", absorbed_by="no_defaults"
    ),
    ("deprecated", BOTH): Verdict(_N, "it still works"),
    ("not-deprecated", BOTH): Verdict(_N, "it works as before"),
}
