"""Each refusal says what to do: whoever does it to the letter ends in a sync, or in a second exact sentence."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.generate import GenerationError
from tools.spec.documents import Node, SpecError, parse
from tools.spec.sync import compared, made, read_recipe, sync

from .cases import CASES, NEW, SAME, fields
from .conftest import Repository, slow
from .kinds import CHECKED, KINDS, SCHEMAS

TIMES = 3
"""After so many sentences a sync goes through."""
CHANGES = {**{case.name: case.change for case in CASES}, **{kind.name: kind.change for kind in KINDS}}
REFUSED = {
    **{case.name: case.synced for case in CASES if case.synced not in {SAME, NEW}},
    **{kind.name: kind.synced for kind in KINDS if kind.synced not in {SAME, NEW}},
}
NEEDS_ANOTHER_SPECIFICATION = {
    "a reference leads nowhere": "does not exist",
    "a type consists of itself": "consists of itself",
    "something has another shape": "does not have the structure of OpenAPI",
    "parts contradict each other": "as an allOf requires",
    "a new field leads nowhere": "does not exist",
    "a new field leads to another file": "bundle the specification",
}
"""What no file of ours can mend: the sentence names the thing at fault in the specification."""
AFTER_GENERATION = {
    "a value that we use is removed from a request",
    *(name for name, synced in REFUSED.items() if synced.startswith(CHECKED) or "annotated as" in synced),
}
"""What is refused by a look at the generated client."""


HINTED = re.compile(r"([^\s,]+)(?: \(is it called (\S+) now\?\))?")
"""A name in a list, and what it may be called now."""


class Maintainer:
    """Does what a sentence says, to the letter, in the files of a repository."""

    def __init__(self, root: Path) -> None:
        self.surface, self.words = root / "tools/spec/surface.yaml", root / "tools/spec/words.yaml"
        self.overlay, self.additions = root / "openapi.overlay.yaml", root / "openapi.additions.yaml"

    def follow(self, sentence: str) -> None:
        """Follow every advice in a sentence that there is a way to follow."""
        files = (self.surface, self.words, self.overlay, self.additions)
        before = [path.read_text() for path in files]
        for pattern, do in self._advice():
            if found := re.search(pattern, sentence, re.DOTALL):
                do(found)
                break
        assert before != [path.read_text() for path in files], sentence

    def _advice(self) -> Iterator[tuple[str, Callable[[re.Match[str]], None]]]:
        yield r"under types:\n(?P<lines>.*)$", self._name_types
        yield r"(is|are) not in the specification:\n", self._operations
        yield r"renames types that are not in the specification: (?P<names>[^:]*?)\. Remove", self._remove_types
        yield r"names the types of places that have none now: (?P<names>.*?)\. Rename or", self._remove_types
        yield r"describes what is not in the specification now: (?P<names>.*?)\. Rename or remove", self._remove_words
        yield r"replace that line by (?P<lines>.*)$", self._name_members
        yield r"the same name there, in `\S+: (?P<name>\w+)` and `(?P<place>\S+): ", self._give_the_same_name
        yield r"another name there, under types \(`(?P<type>\w+): NAME`", self._name_another
        yield r"action (?P<first>\d+) of the overlay .* removes, and action (?P<second>\d+) ", self._drop_both
        yield r"action (?P<number>\d+) of the overlay .* (says what|adds what|matches nothing)", self._drop_action
        yield r"under forms, .* now: (?P<names>.*?)\. Change what uses", self._remove_forms
        yield r"has parts of (?P<address>[^,]*), which neither .* or remove them", self._remove_parts
        yield (
            r"no operation refers to the type (?P<names>[^:]*), so it would be ignored: .* remove it",
            self._remove_unused,
        )
        yield r"change `prefix`", self._change_prefix
        yield r"`remove: true` for (?P<target>\$\S+) to openapi", self._remove_servers
        yield r"or remove (?P<id>\w+) from tools/spec/surface", self._remove_operation

    def _edit(self, path: Path, change: Callable[[Node], None]) -> None:
        content = parse(path.read_text(), path.name)
        change(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def _name_types(self, found: re.Match[str]) -> None:
        def change(surface: Node) -> None:
            for line in found["lines"].splitlines():
                wanted = re.search(r"`([^`]+): (\w+)`(?: in place of `([^`]+): \w+`)?", line)
                assert wanted, line
                surface["types"].pop(wanted[3], None)
                surface["types"][wanted[1]] = wanted[2]

        self._edit(self.surface, change)

    def _operations(self, found: re.Match[str]) -> None:
        sentence = found.string

        def change(surface: Node) -> None:
            for line in re.findall(r"write `(\w+: \[[^\]]+\])`", sentence):
                ((called, addresses),) = parse(line, "the line").items()
                self._of(surface, called)[called] = addresses
            for called in re.findall(r"(\w+) \([^)]*\): no other operation is similar", sentence):
                del self._of(surface, called)[called]
                for lines in ("types", "forms"):
                    surface[lines] = {
                        it: name for it, name in surface[lines].items() if not it.startswith(f"{called}.")
                    }

        self._edit(self.surface, change)

    @staticmethod
    def _of(surface: Node, called: str) -> Any:  # noqa: ANN401 -- part of a file
        return next(operations for operations in surface["operations"].values() if called in operations)

    def _give_the_same_name(self, found: re.Match[str]) -> None:
        self._edit(self.surface, lambda surface: surface["types"].update({found["place"]: found["name"]}))

    def _name_another(self, found: re.Match[str]) -> None:
        self._edit(self.surface, lambda surface: surface["types"].update({found["type"]: "AnotherName"}))

    def _remove_types(self, found: re.Match[str]) -> None:
        """Remove the lines, or rename the places where the sentence has a name."""

        def change(surface: Node) -> None:
            for place, new in HINTED.findall(found["names"]):
                called = surface["types"].pop(place)
                if new:
                    surface["types"][f"{place.rpartition('.')[0]}.{new}"] = called

        self._edit(self.surface, change)

    def _remove_parts(self, found: re.Match[str]) -> None:
        method, _, path = found["address"].partition(" ")
        self._edit(self.additions, lambda additions: additions["paths"][path].pop(method.lower()))

    def _remove_unused(self, found: re.Match[str]) -> None:
        def change(additions: Node) -> None:
            for name in found["names"].split(", "):
                del additions["components"]["schemas"][name]

        self._edit(self.additions, change)

    def _remove_forms(self, found: re.Match[str]) -> None:
        def change(surface: Node) -> None:
            for place in re.findall(r"(\S+) \(", found["names"]):
                del surface["forms"][place]

        self._edit(self.surface, change)

    def _remove_words(self, found: re.Match[str]) -> None:
        """Remove the words, or rename them where the sentence has a name."""

        def change(words: Node) -> None:
            for name, new in HINTED.findall(found["names"]):
                holder, _, part = name.partition(".")
                if not part:
                    words["types" if holder in words["types"] else "operations"].pop(holder)
                    continue
                is_type = holder in words["types"]
                known = words["types"][holder]["fields"] if is_type else words["operations"][holder]["parameters"]
                about = known.pop(part)
                if new:
                    known[new] = about

        self._edit(self.words, change)

    def _name_members(self, found: re.Match[str]) -> None:
        def change(surface: Node) -> None:
            for number, (place, union) in enumerate(re.findall(r"`((\S+)\([^)]*\)): NAME`", found["lines"])):
                surface["types"].pop(union, None)
                surface["types"][place] = f"Name{number}"

        self._edit(self.surface, change)

    def _drop_both(self, found: re.Match[str]) -> None:
        """Remove the first action, and of the second what it adds again: here, all of it."""

        def change(overlay: Node) -> None:
            numbers = {int(found["first"]), int(found["second"])}
            overlay["actions"] = [one for number, one in enumerate(overlay["actions"], 1) if number not in numbers]

        self._edit(self.overlay, change)

    def _drop_action(self, found: re.Match[str]) -> None:
        def change(overlay: Node) -> None:
            del overlay["actions"][int(found["number"]) - 1]

        self._edit(self.overlay, change)

    def _change_prefix(self, _found: re.Match[str]) -> None:
        self._edit(self.surface, lambda surface: surface.update(prefix="/v2"))

    def _remove_servers(self, found: re.Match[str]) -> None:
        action = {"target": found["target"], "description": "The same.", "x-date": "2026-11-29", "remove": True}
        self._edit(self.overlay, lambda overlay: overlay["actions"].append(action))

    def _remove_operation(self, found: re.Match[str]) -> None:
        self._edit(self.surface, lambda surface: self._of(surface, found["id"]).pop(found["id"]))


def some_schema(**schema: Any) -> Callable[[Node], None]:  # noqa: ANN401 -- a schema
    """A change that gives a job a field of this schema."""
    return lambda document: fields(document, "FinetuneResponse").update(odd=schema)


def a_tree(document: Node) -> None:
    """Describe a type that extends itself, by an `allOf` in an `allOf`."""
    depth, height = ({"properties": {name: {"type": "integer"}}} for name in ("depth", "height"))
    parent = {"allOf": [{"$ref": SCHEMAS + "Tree"}, height]}
    document["components"]["schemas"]["Tree"] = {"allOf": [depth, {"properties": {"parent": parent}}]}
    some_schema(**{"$ref": SCHEMAS + "Tree"})(document)


REPORT = ": report it to the owner of the specification, and use a corrected copy until then"
FAULTS: dict[str, tuple[Callable[[Node], None], str]] = {
    "a reference into another document": (
        some_schema(**{"$ref": "more.yaml#/A"}),
        "more.yaml#/A is in another document: bundle the specification into one file first",
    ),
    "values that contradict each other": (
        some_schema(allOf=[{"enum": ["a"]}, {"enum": ["b"]}]),
        f"GET /fine-tunes/{{id}}: no value satisfies both 'a' and 'b' of an allOf{REPORT}",
    ),
    "members that contradict the rest": (
        some_schema(allOf=[{"oneOf": [{"type": "string"}, {"type": "integer"}]}, {"type": "boolean"}]),
        f"GET /fine-tunes/{{id}}: no member of a oneOf satisfies the other parts of an allOf{REPORT}",
    ),
    "a field that contains itself": (
        some_schema(properties={"more": {"$ref": SCHEMAS + "FinetuneResponse/properties/odd"}}),
        "FinetuneResponse/properties/odd contains a reference to itself: give it a name under components/schemas, in",
    ),
    "a type that extends itself": (
        a_tree,
        "Tree is an allOf that contains itself: describe it without allOf, in a copy of the specification",
    ),
    "a list of fields": (
        some_schema(properties=["id"]),
        "GET /fine-tunes/{id} does not have the structure of OpenAPI (",
    ),
}
"""What no file of ours can correct, and the sentence for it."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_specification_is_named_with_its_operation_and_a_way_out(
    specimen: Repository, tmp_path: Path, name: str
) -> None:
    changed = specimen.upstream
    change, sentence = FAULTS[name]
    change(changed)
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text(json.dumps(changed))
    with pytest.raises(SpecError) as refused:
        sync(upstream, specimen.root, generated)
    assert sentence in str(refused.value)


def generated(_into: Path, _spec: Path) -> None:
    """Stop a sync where it would generate: whatever can be advised before was followed."""
    raise GenerationError("it was generated")


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in AFTER_GENERATION])
def test_advice_that_is_followed_leads_to_a_sync(repository: Repository, tmp_path: Path, name: str) -> None:
    slow(repository)
    root, upstream = tmp_path / "repository", tmp_path / "upstream.yaml"
    shutil.copytree(repository.root, root)
    changed = repository.upstream
    CHANGES[name](changed)
    upstream.write_text(json.dumps(changed))
    maintainer = Maintainer(root)
    sentences: list[str] = []
    for _ in range(TIMES + 1):
        with pytest.raises(SpecError) as refused:
            sync(upstream, root, generated)
        sentence = str(refused.value)
        assert sentence not in sentences
        if "it was generated" in sentence:
            return
        sentences.append(sentence)
        if name in NEEDS_ANOTHER_SPECIFICATION:
            assert NEEDS_ANOTHER_SPECIFICATION[name] in sentence
            return
        maintainer.follow(sentence)
    raise AssertionError("\n\n".join(sentences))


AT_ONCE = {
    "jobs": (
        "a field of a response is renamed",
        "an operation is moved and a parameter with it",
        "a parameter is dropped",
        "a status is replaced",
        "an id is corrected",
        "the job is renamed",
    ),
    "operations": (
        "a status that we know is described",
        "an operation gets another method",
        "a list is described under default",
        "a parameter of the query is renamed",
        "a body is removed",
        "a list and its items are closed",
        "a path has a server of its own",
    ),
    "types": (
        "two operations are removed",
        "a place that has a name becomes a union",
        "a field is removed from a request",
        "what is required is corrected",
        "a new type takes the name of another that gets one",
        "a type is described on the spot",
    ),
}
"""Changes of one specification, as a maintainer finds them after some weeks."""


@pytest.mark.parametrize("name", AT_ONCE)
def test_advice_leads_to_a_sync_where_many_things_have_changed(specimen: Repository, tmp_path: Path, name: str) -> None:
    root, upstream = tmp_path / "repository", tmp_path / "upstream.yaml"
    shutil.copytree(specimen.root, root)
    changed = specimen.upstream
    for change in AT_ONCE[name]:
        CHANGES[change](changed)
    upstream.write_text(json.dumps(changed))
    maintainer = Maintainer(root)
    sentences: list[str] = []
    while len(sentences) <= TIMES * len(AT_ONCE[name]):
        with pytest.raises(SpecError) as refused:
            sync(upstream, root, generated)
        if "it was generated" in str(refused.value):
            return
        assert str(refused.value) not in sentences
        sentences.append(str(refused.value))
        maintainer.follow(sentences[-1])
    raise AssertionError("\n\n".join(sentences))


def test_a_moved_operation_stays_breaking_after_the_advice_was_followed(specimen: Repository, tmp_path: Path) -> None:
    """The report of the public documents, and that of the sync, with the address of now and that of before."""
    root = tmp_path / "repository"
    shutil.copytree(specimen.root, root)
    changed = specimen.upstream
    CHANGES["an operation is moved and requires more"](changed)
    with pytest.raises(SpecError) as refused:
        made(changed, specimen.recipe, parse(specimen.spec.read_text(), "it"))
    Maintainer(root).follow(str(refused.value))
    recipe = read_recipe(root)
    text = Repository(root, root, changed, recipe).text(changed)
    committed = parse(specimen.spec.read_text(), "it")
    for old, new in ((specimen.upstream, changed), (committed, parse(text, "it"))):
        changes = compared(old, new, recipe).changes
        moved = [change for change in changes if change.found.kind == "operation-moved"]
        assert [(change.found.subject, change.found.what) for change in moved] == [
            ("POST /fine-tunes/estimate-price", "has moved to POST /fine-tunes/price")
        ]
        assert "field-added-required" in {change.found.kind for change in changes if change.breaks}
        assert not [change for change in changes if change.found.kind in {"operation-added", "operation-removed"}]


def test_a_moved_operation_stays_breaking_without_its_former_address(specimen: Repository) -> None:
    """Even if the maintainer forgets where it was."""
    changed = specimen.upstream
    CHANGES["an operation is moved and a parameter with it"](changed)
    addresses = {"download_fine_tune": "/fine-tunes/{ft_id}/download"}
    surface = specimen.recipe.surface
    kept = tuple(type(one)(one.id, one.tag, one.method, addresses.get(one.id, one.path)) for one in surface.operations)
    recipe = replace(specimen.recipe, surface=replace(surface, operations=kept))
    changes = compared(specimen.upstream, changed, recipe).changes
    assert [change.found.kind for change in changes] == ["operation-moved", "parameter-moved"]
    assert all(change.breaks for change in changes)


def test_of_several_operations_the_nearest_is_that_which_does_the_same(specimen: Repository) -> None:
    changed = specimen.upstream
    events = changed["paths"].pop("/fine-tunes/{id}/events")
    # The name of one is nearer; what the other takes and returns is the same.
    changed["paths"]["/jobs/{job_id}/history"] = events
    data = {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "string"}}}}
    response = {"description": "Others.", "content": {"application/json": {"schema": data}}}
    changed["paths"]["/fine-tunes/{id}/event"] = {"get": {**events["get"], "responses": {"200": response}}}
    sentence = r"if it has moved to GET /jobs/\{job_id\}/history, write .* Or is it GET /fine-tunes/\{id\}/event\?"
    with pytest.raises(SpecError, match=sentence):
        made(changed, specimen.recipe, parse(specimen.spec.read_text(), "it"))
