"""The drift report: what changed, whom it breaks, and what the handwritten layer must look at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.spec.addresses import key_of, keys_of
from tools.spec.changes import CREDENTIALS, SERVER, Change, Effect
from tools.spec.compare import Comparison
from tools.spec.documents import SpecError
from tools.spec.surface import Surface
from tools.uses import Use, attributes, literals, uses

SEVERAL = 3
"""So many values of an enum in one module are no accident."""
HEADINGS = {
    Effect.BREAKING: "Breaking",
    Effect.ADDITIVE: "Additive",
    Effect.NEUTRAL: "Neutral",
}


@dataclass(frozen=True)
class Look:
    """Something that the handwritten layer uses and a change concerns, and where."""

    subject: str
    places: tuple[str, ...]


def verdict(comparison: Comparison) -> str:
    """One line: whether anybody breaks."""
    if comparison.problems:
        return f"Not fully comparable: {_number(len(comparison.problems), 'operation')} could not be read."
    changes = comparison.changes
    if not changes:
        return "No changes."
    breaking = [change for change in changes if change.breaks]
    absorbed = [change for change in _of(changes, Effect.BREAKING) if not change.breaks]
    counts = {
        "breaking": len(breaking),
        "absorbed": len(absorbed),
        **{str(effect): len(_of(changes, effect)) for effect in (Effect.ADDITIVE, Effect.NEUTRAL)},
    }
    counted = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    if not breaking:
        return f"Nothing breaks: {counted}."
    if all(change.verdict.source_only for change in breaking):
        return f"Breaking in source only, by names of generated code: {counted}."
    return f"Breaking: {counted}."


def unreadable(problem: str) -> Comparison:
    """The comparison of documents of which one cannot be read."""
    return Comparison((), (problem,))


def what_to_look_at(comparison: Comparison, package: Path, surface: Surface) -> list[Look]:
    """Where the handwritten layer uses what changed; neutral changes are left out.

    Args:
        comparison: The changes.
        package: The handwritten package.
        surface: By its IDs the operations' functions are called.

    Raises:
        SpecError: A module of the package is not Python.
    """
    try:
        generated, names, strings = uses(package), attributes(package), literals(package)
    except SyntaxError as error:
        raise SpecError(f"{error.filename}:{error.lineno} is not Python: {error.msg}") from error
    looks: dict[str, list[str]] = {}
    for change in comparison.changes:
        if change.verdict.effect is not Effect.NEUTRAL:
            for value in sorted(change.found.gone):
                subject = f"{change.found.subject} == {value!r}"
                looks.setdefault(subject, []).extend(_of_value(value, change, generated, strings))
            places = [*_places(change, generated, names, surface), *_spelled_out(change, strings)]
            looks.setdefault(change.found.subject, []).extend(places)
    return [Look(subject, tuple(sorted(set(places), key=_by_line))) for subject, places in looks.items() if places]


def as_markdown(comparison: Comparison, looks: list[Look], title: str) -> str:
    """The report for people."""
    return "\n".join(_lines(comparison, looks, title)) + "\n"


def as_json(comparison: Comparison, looks: list[Look]) -> str:
    """The report for machines."""
    return json.dumps(
        {
            "verdict": verdict(comparison),
            "breaking": any(change.breaks for change in comparison.changes),
            "changes": [_as_data(change) for change in comparison.changes],
            "problems": list(comparison.problems),
            "look_at": [{"subject": look.subject, "places": list(look.places)} for look in looks],
        },
        indent=2,
        ensure_ascii=False,
    )


def _lines(comparison: Comparison, looks: list[Look], title: str) -> Iterator[str]:
    yield from (f"# {title}", "", f"**{verdict(comparison)}**")
    for effect, heading in HEADINGS.items():
        if changes := sorted(_of(comparison.changes, effect), key=lambda change: not change.breaks):
            yield from ("", f"## {heading}", "")
            yield from (_line(change) for change in changes)
    if comparison.problems:
        yield from ("", "## Not compared", "")
        yield from (f"- {problem}" for problem in comparison.problems)
    yield from ("", "## Code to review in the handwritten layer", "")
    yield from (f"- `{look.subject}`: {', '.join(look.places)}" for look in looks)
    if not looks:
        yield "None: together_ext uses nothing that changed."


def _line(change: Change) -> str:
    found, judged = change.found, change.verdict
    flags = "".join(f" *[{flag}]*" for flag in _flags(change))
    side = f" ({found.side})" if found.side else ""
    absorbed = f" Absorbed by {judged.absorbed_by}." if judged.absorbed_by else ""
    where = "" if change.operations == () or found.subject.startswith(change.operations) else _where(change)
    return f"- `{found.subject}`{side} {found.what}: {judged.why}.{flags}{absorbed}{where}"


def _where(change: Change) -> str:
    shown = ", ".join(change.operations[:3])
    more = len(change.operations) - 3
    return f" In {shown}{f' and {more} more' if more > 0 else ''}."


def _flags(change: Change) -> list[str]:
    judged = change.verdict
    flags = {
        "absorbed": judged.effect is Effect.BREAKING and not change.breaks,
        "source only": judged.source_only,
        "tighter": judged.tighter,
        "open enum": judged.open_enum,
    }
    return [name for name, is_set in flags.items() if is_set]


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _of(changes: tuple[Change, ...], effect: Effect) -> list[Change]:
    return [change for change in changes if change.verdict.effect is effect]


def _as_data(change: Change) -> dict[str, object]:
    found, judged = change.found, change.verdict
    return {
        "subject": found.subject,
        "kind": found.kind,
        "side": found.side or None,
        "class": str(judged.effect),
        "what": found.what,
        "why": judged.why,
        "source_only": judged.source_only,
        "tighter": judged.tighter,
        "open_enum": judged.open_enum,
        "absorbed": "absorbed" in _flags(change),
        "absorbed_by": judged.absorbed_by or None,
        "operations": list(change.operations),
        "fields": [field for field in change.fields if field != found.subject],
    }


def _by_line(place: str) -> tuple[str, int]:
    file, _, line = place.rpartition(":")
    return file, int(line)


def _of_value(
    value: str, change: Change, generated: list[Use], strings: dict[str, dict[str, list[int]]]
) -> Iterator[str]:
    """Where a module spells out a value that was removed, as a string or as a member of the enum."""
    member, enum = re.sub(r"\W", "_", value).upper(), change.found.subject.rpartition(".")[2]
    yield from (f"{file}:{line}" for file, texts in strings.items() for line in texts.get(value, ()))
    yield from (use.place for use in generated if use.name == member and use.module.endswith(f".{enum}"))


def _spelled_out(change: Change, strings: dict[str, dict[str, list[int]]]) -> Iterator[str]:
    """Where a module spells out what has changed, other than by a name of the generated client."""
    concerns = _spelling(change)
    for file, texts in strings.items():
        yield from (f"{file}:{line}" for text, lines in texts.items() if concerns(text) for line in lines)
        # Several values of an enum: one may be any word.
        known = change.found.known & texts.keys() if change.found.kind.startswith("value") else set()
        if len(known) >= SEVERAL:
            yield f"{file}:{min(texts[value][0] for value in known)}"


def _spelling(change: Change) -> Callable[[str], bool]:
    """Whether a string is the URL of a server, a header, an address, or the name of a field that was removed."""
    found = change.found
    match found.kind:
        case "server-changed":
            return lambda text: any(known in text for known in found.known)
        case "security-changed" | "security-added":
            return lambda text: text in found.known
        case "operation-moved" | "operation-removed":
            path = key_of(found.subject).partition(" ")[2]
            return lambda text: key_of(f"GET {text}").partition(" ")[2] == path
        case "field-removed" | "parameter-removed" | "parameter-moved":
            return lambda text: text == re.split(r"[.?]", found.subject)[-1]
        case _:
            return lambda _: False


def _places(change: Change, generated: list[Use], names: dict[str, list[str]], surface: Surface) -> Iterator[str]:
    """Where the class, the field or the function of a change is used.

    A field counts where a module reads an attribute of its name: that may be another one's, so it is a hint.
    """
    subject = change.found.subject
    if subject in {SERVER, CREDENTIALS}:
        return
    if " " in subject:
        # Such as `GET /fine-tunes ?limit` or `POST /fine-tunes body`.
        address = " ".join(subject.split(" ")[:2])
        key = key_of(address)
        functions = {operation.id for operation in surface.operations if key in keys_of(operation)}
        yield from (use.place for use in generated if use.name in functions)
        return
    for place in {subject, *change.fields}:
        type_, _, field = place.replace("[]", "").partition(".")
        if field:
            attribute = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field.split(".")[-1]).lower()
            yield from names.get(attribute, [])
        else:
            yield from (use.place for use in generated if use.name == type_)
