"""Additions: what the public specification lacks is added, and nothing is lost when it catches up."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools.spec.additions import merged, read_additions
from tools.spec.documents import SCHEMAS, Node, SpecError, operations, parse
from tools.spec.sync import made, read_recipe, sync, text_of

from .cases import JSON, operation, schema
from .conftest import SPECIMEN, Repository

ADDITIONS = "openapi.additions.yaml"


def outcome(repository: Repository, upstream: Node) -> tuple[str, list[str]]:
    """What openapi.yaml is made of a specification, and what the sync says about additions."""
    _, idle = merged(upstream, repository.recipe.additions, repository.recipe.surface)
    return repository.text(upstream), [str(one) for one in idle]


def test_while_the_specification_lacks_everything_all_additions_are_needed(repository: Repository) -> None:
    assert outcome(repository, repository.upstream) == (repository.spec.read_text(), [])


def test_a_specification_that_has_caught_up_with_all_gives_the_same_file_and_every_addition_is_reported(
    repository: Repository,
) -> None:
    caught_up, _ = merged(repository.upstream, repository.recipe.additions, repository.recipe.surface)
    text, idle = outcome(repository, caught_up)
    assert text == repository.spec.read_text()
    addresses = [f"{method.upper()} {path}" for method, path, _, _ in operations(repository.recipe.additions)]
    assert idle == [f"The public specification has {one} now: remove it from {ADDITIONS}" for one in addresses]


def test_the_sync_reports_what_is_no_longer_needed_and_changes_no_byte(specimen: Repository, tmp_path: Path) -> None:
    upstream = specimen.upstream
    schema(upstream, "FinetuneResponse")["properties"]["user_id"] = {"type": "string"}
    (tmp_path / "upstream.yaml").write_text(json.dumps(upstream))
    root = tmp_path / "repository"
    shutil.copytree(specimen.root, root)
    done = sync(tmp_path / "upstream.yaml", root)
    assert [str(one) for one in done.idle] == [
        f"The public specification has response.user_id of GET /fine-tunes/{{id}} now: remove it from {ADDITIONS}"
    ]
    assert not done.changed


def test_a_type_that_the_specification_names_and_describes_in_its_own_way_keeps_the_fields_that_it_lacks(
    specimen: Repository,
) -> None:
    upstream = specimen.upstream
    owner = {"type": "object", "properties": {"type": {"type": "string"}, "user": {"type": "string"}}}
    upstream["components"]["schemas"]["WhoAmI"] = owner
    upstream["paths"]["/whoami"] = {
        "get": {
            "tags": ["Account"],
            "servers": [{"url": "https://api.example.com/v3"}],
            "responses": {"200": {"content": {"application/json": {"schema": {"$ref": SCHEMAS + "WhoAmI"}}}}},
        }
    }
    text, idle = outcome(specimen, upstream)
    fields = parse(text, "it")["components"]["schemas"]["WhoAmI"]["properties"]
    assert fields.keys() == {"type", "user", "project"}
    assert idle == [f"The public specification has response.type of GET /v3/whoami now: remove it from {ADDITIONS}"]


@pytest.mark.parametrize(
    "status",
    [
        {"type": "string", "enum": ["running", "on_hold"]},
        {"anyOf": [{"type": "string", "enum": ["running", "on_hold"]}, {"type": "null"}]},
        {"oneOf": [{"const": "running"}, {"const": "on_hold"}]},
        {"type": "string"},
    ],
)
def test_a_value_that_the_specification_allows_in_any_form_is_no_longer_needed(
    specimen: Repository, status: Node
) -> None:
    upstream = specimen.upstream
    schema(upstream, "FinetuneResponse")["properties"]["status"] = status
    _, idle = merged(upstream, specimen.recipe.additions, specimen.recipe.surface)
    assert [one.parts for one in idle] == [("response.status on_hold",)]


@pytest.mark.parametrize(
    "status", [{"oneOf": [{"const": "running"}, {"const": "paused"}]}, {"allOf": [{"enum": ["running", "paused"]}]}]
)
def test_a_value_is_added_to_a_set_in_whatever_form_it_is(specimen: Repository, status: Node) -> None:
    upstream = specimen.upstream
    schema(upstream, "FinetuneResponse")["properties"]["status"] = status
    found, idle = merged(upstream, specimen.recipe.additions, specimen.recipe.surface)
    assert idle == []
    assert "on_hold" in str(schema(found, "FinetuneResponse")["properties"]["status"])


def test_fields_are_added_to_a_type_that_is_put_together_or_described_on_the_spot(specimen: Repository) -> None:
    upstream = specimen.upstream
    job = {"allOf": [{"$ref": SCHEMAS + "FinetuneResponse"}, {"properties": {"user_id": {"type": "string"}}}]}
    retrieve = operation(upstream, "GET /fine-tunes/{id}")
    retrieve["responses"] = {"2XX": {"content": {"application/json; charset=utf-8": {"schema": job}}}}
    found, idle = merged(upstream, specimen.recipe.additions, specimen.recipe.surface)
    assert [one.parts for one in idle] == [("response.user_id",)]
    (content,) = operation(found, "GET /fine-tunes/{id}")["responses"]["200"]["content"].values()
    assert {"user_id", "model_object_id", "status"} <= content["schema"]["properties"].keys()


def test_parts_of_an_operation_that_is_not_in_the_specification_are_not_added(specimen: Repository) -> None:
    upstream = specimen.upstream
    upstream["paths"]["/fine-tunes/{id}/job"] = upstream["paths"].pop("/fine-tunes/{id}")
    found, _ = merged(upstream, specimen.recipe.additions, specimen.recipe.surface)
    assert "/fine-tunes/{id}" not in found["paths"]
    with pytest.raises(SpecError, match=r"write `retrieve_fine_tune: .*'GET /fine-tunes/\{id\}/job'"):
        specimen.text(upstream)


def test_parts_are_added_to_an_operation_that_has_moved(specimen: Repository) -> None:
    """Under its new address, once `surface.yaml` has both, as the sync advises."""
    upstream = specimen.upstream
    upstream["paths"]["/fine-tunes/{job}/job"] = upstream["paths"].pop("/fine-tunes/{id}")
    (kept,) = (one for one in specimen.recipe.surface.operations if one.address == "GET /fine-tunes/{id}")
    moved = replace(kept, path="/fine-tunes/{id}/job", former=(kept.address,))
    others = [one for one in specimen.recipe.surface.operations if one is not kept]
    surface = replace(specimen.recipe.surface, operations=(*others, moved))
    found, idle = merged(upstream, specimen.recipe.additions, surface)
    assert idle == []
    assert {"user_id", "model_object_id"} <= schema(found, "FinetuneResponse")["properties"].keys()
    forgotten = replace(surface, operations=(*others, replace(moved, former=())))
    with pytest.raises(SpecError, match=r"has parts of GET /fine-tunes/\{id\}, .*: correct the address, or remove"):
        merged(upstream, specimen.recipe.additions, forgotten)


def test_parts_of_a_field_that_is_not_in_the_specification_are_refused(specimen: Repository) -> None:
    """They would become a field with these parts alone, under the name that the list of jobs had."""
    upstream = specimen.upstream
    jobs = schema(upstream, "FinetuneTruncatedList")
    jobs["properties"]["jobs"] = jobs["properties"].pop("data")
    parts = {"properties": {"data": {"items": {"properties": {"region": {"type": "string"}}}}}}
    added: Node = deepcopy(specimen.recipe.additions)
    added["paths"]["/fine-tunes"] = {
        "get": {"x-parts": True, "responses": {"200": {"content": {JSON: {"schema": parts}}}}}
    }
    with pytest.raises(SpecError) as refused:
        merged(upstream, added, specimen.recipe.surface)
    assert str(refused.value) == (
        "openapi.additions.yaml has parts of GET /fine-tunes in response.data, which the specification does not have "
        "(is it called jobs now?): correct or remove them"
    )


def test_parts_without_their_mark_are_refused(tmp_path: Path) -> None:
    document = parse((SPECIMEN / ADDITIONS).read_text(), "it")
    del document["paths"]["/fine-tunes/{id}"]["get"]["x-parts"]
    (tmp_path / ADDITIONS).write_text(json.dumps(document))
    with pytest.raises(SpecError, match=r"GET /fine-tunes/\{id\} describes no parameter 'id': .*`x-parts: true`"):
        read_additions(tmp_path / ADDITIONS)


@pytest.mark.parametrize("odd", [{"x-date": None}, {"x-date": "soon"}, {"x-source": " "}, {"x-source": None}])
def test_an_addition_without_source_or_date_is_refused(tmp_path: Path, odd: dict[str, Any]) -> None:
    document = parse((SPECIMEN / ADDITIONS).read_text(), "it")
    document["paths"]["/v3/whoami"]["get"].update(odd)
    (tmp_path / ADDITIONS).write_text(json.dumps(document))
    with pytest.raises(SpecError, match=r"additions\.yaml: GET /v3/whoami lacks its source \(x-source\) or date"):
        read_additions(tmp_path / ADDITIONS)


def test_an_addition_whose_reference_leads_nowhere_is_refused(tmp_path: Path) -> None:
    document = parse((SPECIMEN / ADDITIONS).read_text(), "it")
    del document["components"]["schemas"]["WhoAmI"]
    (tmp_path / ADDITIONS).write_text(json.dumps(document))
    with pytest.raises(
        SpecError, match=r"additions\.yaml: #/components/schemas/WhoAmI does not exist: describe it there"
    ):
        read_additions(tmp_path / ADDITIONS)


def test_a_type_that_no_operation_refers_to_is_refused(tmp_path: Path) -> None:
    """It would be ignored; a type that only another unused type refers to, too."""
    document = parse((SPECIMEN / ADDITIONS).read_text(), "it")
    document["components"]["schemas"] |= {
        "Lost": {"type": "object", "properties": {"part": {"$ref": "#/components/schemas/LostPart"}}},
        "LostPart": {"type": "string"},
    }
    (tmp_path / ADDITIONS).write_text(json.dumps(document))
    with pytest.raises(
        SpecError, match=r"no operation refers to the type Lost, LostPart, so it would be ignored: refer"
    ):
        read_additions(tmp_path / ADDITIONS)


def test_a_repository_without_additions_has_none(tmp_path: Path, specimen: Repository) -> None:
    root = tmp_path / "repository"
    shutil.copytree(specimen.root, root)
    (root / ADDITIONS).unlink()
    assert "user_id" not in str(made_without_account(root, specimen.upstream))


def made_without_account(root: Path, upstream: Node) -> str:
    """What is made where `surface.yaml` and `words.yaml` name nothing of the additions."""
    surface = root / "tools/spec/surface.yaml"
    surface.write_text(surface.read_text().replace("  Account:\n    whoami: GET /v3/whoami\n", ""))
    words = root / "tools/spec/words.yaml"
    given = parse(words.read_text(), "words")
    given["types"] = {name: it for name, it in given["types"].items() if not name.startswith("WhoAmI")}
    given["operations"].pop("whoami")
    for name in ("user_id", "model_object_id"):
        given["types"]["FinetuneResponse"]["fields"].pop(name)
    words.write_text(json.dumps(given))
    recipe = read_recipe(root)
    return text_of(made(upstream, recipe), recipe)
