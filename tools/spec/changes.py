"""What kinds of changes there are, whom each breaks, and why."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from enum import StrEnum


class Effect(StrEnum):
    """Whom a change breaks: somebody, or nobody with something gained, or nobody at all."""

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
    """A change as it was found. `side` is `request`, `answer`, or nothing where it is about both.

    `closed` says of an enum or union in an answer that the document allows nothing else there. `field` is where it was
    found, if the subject is used in several places: it is the same change in each. `known` are the values of an enum.
    """

    kind: str
    subject: str
    what: str
    side: str = ""
    closed: bool = False
    field: str = dataclasses.field(default="", compare=False)
    known: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)


@dataclass(frozen=True)
class Change:
    """A change, what to think of it, and the operations and fields that it concerns."""

    found: Found
    verdict: Verdict
    operations: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def judged(found: Found) -> Verdict:
    """What to think of a change."""
    verdict = VERDICTS[found.kind, found.side] if (found.kind, found.side) in VERDICTS else VERDICTS[found.kind, ""]
    if found.closed and found.kind in TIGHTER_IF_CLOSED:
        return replace(verdict, tighter=True)
    return verdict


REQUEST, ANSWER, BOTH = "request", "answer", ""
TIGHTER_IF_CLOSED = frozenset({"value-removed", "kind-removed"})
_B, _A, _N = Effect.BREAKING, Effect.ADDITIVE, Effect.NEUTRAL
_SURFACE = "tools/spec/surface.yaml"

VERDICTS: dict[tuple[str, str], Verdict] = {
    # Operations
    ("operation-removed", BOTH): Verdict(_B, "calls of it fail"),
    ("operation-moved", BOTH): Verdict(_B, "calls of the old address fail"),
    ("operation-added", BOTH): Verdict(_A, "nobody calls it yet"),
    ("operation-deprecated", BOTH): Verdict(_N, "it still works"),
    ("function-renamed", BOTH): Verdict(_B, "the function is named after it", source_only=True, absorbed_by=_SURFACE),
    ("module-moved", BOTH): Verdict(
        _B, "the function's module is named after it", source_only=True, absorbed_by=_SURFACE
    ),
    ("server-changed", BOTH): Verdict(_B, "the default address leads to the old one"),
    ("prefix-moved", BOTH): Verdict(_N, "addresses are the same as a whole"),
    ("security-added", BOTH): Verdict(_B, "calls without it are refused"),
    ("security-removed", BOTH): Verdict(_A, "what was sent so far is not needed any more"),
    ("security-changed", BOTH): Verdict(_B, "calls in the old way are refused"),
    ("error-answers", BOTH): Verdict(_N, "refusals are told by their status alone", absorbed_by="only_successes"),
    # Parameters and bodies
    ("parameter-added", BOTH): Verdict(_A, "it may be left out"),
    ("parameter-added-required", BOTH): Verdict(_B, "calls without it are refused"),
    ("parameter-removed", BOTH): Verdict(_B, "calls with it are refused, or it is ignored"),
    ("parameter-renamed", BOTH): Verdict(
        _B, "the argument is named after it; the address is the same", source_only=True
    ),
    ("body-added", BOTH): Verdict(_A, "it may be left out"),
    ("body-added-required", BOTH): Verdict(_B, "calls without it are refused"),
    ("body-removed", BOTH): Verdict(_B, "what was sent in it is refused, or ignored"),
    ("now-required", REQUEST): Verdict(_B, "calls without it are refused"),
    ("now-required", ANSWER): Verdict(_N, "it was read before, too", tighter=True, absorbed_by="little_is_required"),
    ("now-optional", REQUEST): Verdict(_A, "it may be left out now"),
    ("now-optional", ANSWER): Verdict(_B, "it may be absent, where it was relied on", absorbed_by="little_is_required"),
    # Contents
    ("content-added", REQUEST): Verdict(_A, "the old form is still taken"),
    ("content-added", ANSWER): Verdict(_N, "the old form is still sent to those who ask for it"),
    ("content-removed", REQUEST): Verdict(_B, "the old form is refused"),
    ("content-removed", ANSWER): Verdict(_B, "the old form is not sent any more"),
    ("content-changed", REQUEST): Verdict(_B, "the old form is refused"),
    ("content-changed", ANSWER): Verdict(
        _B, "an old client cannot read it, and a regenerated one gives another type", tighter=True
    ),
    ("status-added", BOTH): Verdict(_B, "an old client takes it for a failure"),
    ("status-removed", BOTH): Verdict(_N, "the others are read as before", tighter=True),
    # Fields and types
    ("field-added", REQUEST): Verdict(_A, "it may be left out"),
    ("field-added", ANSWER): Verdict(_A, "old clients keep it among the fields that they do not know"),
    ("field-added-required", REQUEST): Verdict(_B, "requests without it are refused"),
    ("field-added-required", ANSWER): Verdict(
        _A, "old clients keep it among the fields that they do not know", tighter=True, absorbed_by="little_is_required"
    ),
    ("field-removed", REQUEST): Verdict(_B, "requests with it are refused, or it is ignored"),
    ("field-removed", ANSWER): Verdict(_B, "who reads it finds nothing"),
    ("type-changed", REQUEST): Verdict(_B, "values of the old type are refused"),
    ("type-changed", ANSWER): Verdict(_B, "an old client cannot read it, or its annotation is wrong", tighter=True),
    ("type-widened", REQUEST): Verdict(_A, "the old values are still taken"),
    ("type-widened", ANSWER): Verdict(_B, "an old client cannot read the new values, or its annotation is wrong"),
    ("type-narrowed", REQUEST): Verdict(_B, "some of the old values are refused"),
    ("type-narrowed", ANSWER): Verdict(_N, "what is sent now was read before, too", tighter=True),
    ("format-changed", REQUEST): Verdict(_B, "the argument has another type, and values of the old form are refused"),
    ("format-changed", ANSWER): Verdict(_B, "it is read as another type", tighter=True),
    ("null-added", REQUEST): Verdict(_A, "null may be sent now"),
    ("null-added", ANSWER): Verdict(_B, "where it is null, an old client fails", absorbed_by="anything_may_be_null"),
    ("null-removed", REQUEST): Verdict(_B, "null is refused"),
    ("null-removed", ANSWER): Verdict(
        _N, "what is sent now was read before, too", tighter=True, absorbed_by="anything_may_be_null"
    ),
    ("value-added", REQUEST): Verdict(_A, "the old values are still taken"),
    ("value-added", ANSWER): Verdict(
        _A, "our clients read it as a plain string", open_enum=True, absorbed_by="enums_are_open"
    ),
    ("value-removed", REQUEST): Verdict(_B, "the value is refused, and the enum's member is gone"),
    ("value-removed", ANSWER): Verdict(_B, "the enum's member is gone; nothing on the wire breaks", source_only=True),
    ("values-closed", REQUEST): Verdict(_B, "other values are refused"),
    ("values-closed", ANSWER): Verdict(
        _N, "what is sent now was read before, too", tighter=True, absorbed_by="enums_are_open"
    ),
    ("values-opened", REQUEST): Verdict(_A, "the old values are still taken"),
    ("values-opened", ANSWER): Verdict(
        _A, "our clients read other values as plain strings", open_enum=True, absorbed_by="enums_are_open"
    ),
    ("values-named", BOTH): Verdict(_N, "known values get an enum beside any string"),
    ("values-unnamed", BOTH): Verdict(_B, "the enum's class is gone; nothing on the wire breaks", source_only=True),
    ("kind-added", REQUEST): Verdict(_A, "the old kinds are still taken"),
    ("kind-added", ANSWER): Verdict(
        _A, "our clients read it as a free-form object", open_enum=True, absorbed_by="unions_have_a_last_resort"
    ),
    ("kind-removed", REQUEST): Verdict(_B, "objects of that kind are refused"),
    ("kind-removed", ANSWER): Verdict(_B, "its class is gone; nothing on the wire breaks", source_only=True),
    ("class-renamed", BOTH): Verdict(
        _B, "code that names the class fails; nothing on the wire changes", source_only=True
    ),
    ("others-closed", REQUEST): Verdict(_B, "fields without a name are refused"),
    ("others-closed", ANSWER): Verdict(_N, "fields without a name are not sent any more"),
    ("others-opened", BOTH): Verdict(_N, "clients keep fields that they do not know, anyway"),
    ("bounds-tightened", REQUEST): Verdict(_B, "values beyond are refused"),
    ("bounds-tightened", ANSWER): Verdict(_N, "clients do not check bounds", absorbed_by="no_bounds"),
    ("bounds-loosened", REQUEST): Verdict(_A, "more values are taken"),
    ("bounds-loosened", ANSWER): Verdict(_N, "clients do not check bounds", absorbed_by="no_bounds"),
    ("default-changed", BOTH): Verdict(
        _N,
        "our clients send no defaults: the server decides otherwise for who leaves it out",
        absorbed_by="no_defaults",
    ),
    ("deprecated", BOTH): Verdict(_N, "it still works"),
    ("not-deprecated", BOTH): Verdict(_N, "it works as before"),
}
