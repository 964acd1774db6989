"""The overlay: what an action does, and what stops it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.spec.documents import Node, SpecError
from tools.spec.overlay import Action, apply, read_overlay

ACTION = {"target": "$.info", "description": "A reason.", "x-date": "2026-11-25", "update": {"title": "Ours"}}


def document() -> Node:
    """A specification with something to be changed."""
    job = {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Theirs", "version": "1"},
        "paths": {"/jobs": {"get": {"responses": {"200": {"$ref": "#/components/schemas/Job"}}}}},
        "components": {"schemas": {"Job": job | {"enum": ["a", "b"]}, "Unused": {}}},
    }


def overlaid(tmp_path: Path, *actions: Any) -> Node:  # noqa: ANN401 -- whatever an overlay says
    """The document after these actions; each is as `ACTION` but for what it says otherwise."""
    file = tmp_path / "overlay.yaml"
    whole = [{**ACTION, **action} if isinstance(action, dict) else action for action in actions]
    whole = [
        {key: value for key, value in one.items() if value != "-"} if isinstance(one, dict) else one for one in whole
    ]
    file.write_text(yaml.safe_dump({"overlay": "1.0.0", "info": {}, "actions": whole}))
    return apply(document(), read_overlay(file))


def test_mappings_are_merged_and_what_is_not_used_any_more_is_gone(tmp_path: Path) -> None:
    found = overlaid(tmp_path, {})
    assert found["info"] == {"title": "Ours", "version": "1"}
    assert list(found["components"]["schemas"]) == ["Job"]


def test_a_list_gets_one_more_item(tmp_path: Path) -> None:
    found = overlaid(tmp_path, {"target": "$.components.schemas.Job.enum", "update": "c"})
    assert found["components"]["schemas"]["Job"]["enum"] == ["a", "b", "c"]


def test_a_list_in_an_update_is_appended(tmp_path: Path) -> None:
    found = overlaid(tmp_path, {"target": "$.components.schemas.Job", "update": {"enum": ["c", "d"]}})
    assert found["components"]["schemas"]["Job"]["enum"] == ["a", "b", "c", "d"]


def test_actions_see_what_those_before_them_have_made(tmp_path: Path) -> None:
    place = "$.components.schemas.Job.properties"
    removed = {"target": "$.components.schemas.Job[?@.id.format == 'uuid'].id", "remove": True, "update": "-"}
    found = overlaid(tmp_path, removed, {"target": place, "update": {"id": {"type": "string"}}})
    assert found["components"]["schemas"]["Job"]["properties"] == {"id": {"type": "string"}}


def test_the_whole_document_can_be_updated(tmp_path: Path) -> None:
    assert overlaid(tmp_path, {"target": "$", "update": {"servers": []}})["servers"] == []


def test_several_items_of_a_list_are_removed_at_once(tmp_path: Path) -> None:
    found = overlaid(tmp_path, {"target": "$.components.schemas.Job.enum[*]", "remove": True, "update": "-"})
    assert found["components"]["schemas"]["Job"]["enum"] == []


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ({"target": "$.gone"}, r"action 1 of the overlay \(\$\.gone\) matches nothing\. Its reason is: A reason\."),
        ({"target": "$.a["}, r"has an invalid JSONPath as its target: unexpected end of query"),
        ({"update": {"version": "1"}}, r"says what the specification says itself now: version: '1'"),
        (
            {"target": "$.components.schemas.Job.enum", "update": "b"},
            r"says what the specification says itself now: 'b'",
        ),
        ({"target": "$.info.title", "update": "x"}, r"cannot replace 'Theirs' by 'x': remove the old value first"),
        ({"target": "$.info", "update": "x"}, r"cannot replace \{.* by 'x': remove the old value first"),
        ({"target": "$", "remove": True, "update": "-"}, r"would remove the whole document"),
        ({"target": "-"}, r"overlay\.yaml: action 1 has no target"),
        ("a text", r"overlay\.yaml: action 1 has no target"),
        ({"description": "-"}, r"action 1 \(\$\.info\) lacks its reason \(description\) or date"),
        ({"x-date": "soon"}, r"lacks its reason \(description\) or date \(x-date\)"),
        ({"update": "-"}, r"needs either an update or `remove: true`"),
        ({"remove": True}, r"needs either an update or `remove: true`"),
        ({"update": None}, r"action 1 \(\$\.info\) has an empty update: remove it"),
        ({"update": {"a": {"const": None, "properties": None}}}, r"has an empty properties: remove it"),
    ],
)
def test_an_action_that_cannot_be_done_is_an_error(tmp_path: Path, action: Any, sentence: str) -> None:  # noqa: ANN401
    with pytest.raises(SpecError, match=sentence):
        overlaid(tmp_path, action)


@pytest.mark.parametrize("text", ["", "overlay: 2.0.0", "overlay: 1.0.0", "[1]"])
def test_what_is_no_overlay_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "overlay.yaml"
    file.write_text(text)
    with pytest.raises(SpecError, match=r"overlay\.yaml (is not an OpenAPI Overlay|has no actions)"):
        read_overlay(file)


# What has become superfluous ------------------------------------------------------------------------------------

PLACE = "$.components.schemas.Job.properties"
REMOVE = {"target": f"{PLACE}.id", "remove": True, "update": "-"}


def test_what_is_removed_and_added_as_it_was_is_an_error_that_names_both(tmp_path: Path) -> None:
    again = {"target": PLACE, "update": {"name": {}, "id": {"format": "uuid", "type": "string"}}}
    with pytest.raises(SpecError) as refused:
        overlaid(tmp_path, {}, REMOVE, again)
    assert str(refused.value) == (
        "action 2 of the overlay ($.components.schemas.Job.properties.id) removes, and action 3 "
        "($.components.schemas.Job.properties) adds again, what the specification says itself now: "
        "components.schemas.Job.properties.id. Remove the first action, and that part of the second."
    )


def test_an_item_of_a_list_that_is_removed_and_added_is_found_in_any_order(tmp_path: Path) -> None:
    enum = "$.components.schemas.Job.enum"
    removed = {"target": f"{enum}[?@ == 'a']", "remove": True, "update": "-"}
    with pytest.raises(SpecError, match=r"action 1 of the overlay .* removes, and action 2 .* adds again"):
        overlaid(tmp_path, removed, {"target": enum, "update": "a"})


def test_what_is_removed_and_added_in_another_form_has_to_be_what_the_action_says(tmp_path: Path) -> None:
    """Else a change of what it replaces would be lost in silence."""
    another = {"target": PLACE, "update": {"id": {"type": "integer"}}}
    with pytest.raises(SpecError) as refused:
        overlaid(tmp_path, REMOVE, another)
    assert str(refused.value) == (
        "action 1 of the overlay ($.components.schemas.Job.properties.id) removes id, whatever it is, and action 2 "
        "($.components.schemas.Job.properties) adds another: restrict the first to what it replaces, so that a change "
        "of it is noticed, such as `[?@.id.type == 'integer'].id` in place of `.properties.id`."
    )
    restricted = {**REMOVE, "target": "$.components.schemas.Job[?@.id.type == 'string'].id"}
    found = overlaid(tmp_path, restricted, another)
    assert found["components"]["schemas"]["Job"]["properties"] == {"id": {"type": "integer"}}


@pytest.mark.parametrize(
    ("target", "update"),
    [
        (PLACE, {"id": {"type": "integer"}, "name": {}}),
        ("$.components.schemas.Job", {"properties": {"id": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}),
    ],
)
def test_a_field_that_is_added_and_described_otherwise_now_is_an_error(
    tmp_path: Path, target: str, update: dict[str, Any]
) -> None:
    sentence = r"adds what the specification describes otherwise now: id\. Remove that part of it, or all of it; or, if"
    with pytest.raises(SpecError, match=sentence):
        overlaid(tmp_path, {"target": target, "update": update})


def test_a_name_of_a_target_that_matches_nothing_any_more_is_told(tmp_path: Path) -> None:
    action = {"target": f"{PLACE}['id', 'gone', \"lost\"]", "remove": True, "update": "-"}
    with pytest.raises(SpecError, match=r"matches nothing for gone, lost\. Its reason is: A reason\. Remove these"):
        overlaid(tmp_path, action)


UUID = {"type": "string", "format": "uuid"}


def test_what_the_specification_says_itself_in_some_places_alone_is_moved_to_an_action_for_the_others() -> None:
    """Removing it would lose it in the others, in silence."""
    given = document()
    given["components"]["schemas"]["Short Job"] = {"properties": {"name": {}}}
    both = "$.components.schemas[*].properties"
    action = Action(1, both, "A reason.", "2026-11-25", remove=False, update={"id": UUID, "size": {}})
    with pytest.raises(SpecError) as refused:
        apply(given, [action])
    assert str(refused.value) == (
        "action 1 of the overlay ($.components.schemas[*].properties) says what the specification says itself now for "
        "$.components.schemas.Job.properties: id. Move that part to an action for "
        "$.components.schemas['Short Job'].properties alone."
    )


def test_all_superfluous_actions_are_named_up_to_one_that_matches_nothing(tmp_path: Path) -> None:
    """Actions after that one may rely on it."""
    same = {"update": {"version": "1"}}
    with pytest.raises(SpecError) as refused:
        overlaid(tmp_path, same, {"target": PLACE, "update": {"id": UUID}}, {"target": "$.gone"}, same)
    numbers = [sentence.split(" of the overlay")[0] for sentence in str(refused.value).splitlines()]
    assert numbers == ["action 1", "action 2", "action 3"]
