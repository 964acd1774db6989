"""The pipeline as a whole: the committed file comes out of it, step by step and twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.generate import ROOT
from tools.spec.__main__ import main
from tools.spec.documents import SpecError, parse, read_openapi
from tools.spec.sync import made, put, read_recipe, sync
from tools.spec.words import undescribed
from tools.spec.write import HEAD, dump, write

from .conftest import REFERENCE, SPECIMEN, Repository
from .kinds import a_parameter_of_the_query_has_the_name_of_one_of_the_path


@pytest.mark.skipif(not REFERENCE.exists(), reason="the public specification is no part of the repository")
def test_the_committed_file_comes_out_of_the_public_specification_twice() -> None:
    recipe = read_recipe(ROOT)
    committed = (ROOT / "openapi.yaml").read_text()
    assert write(made(read_openapi(REFERENCE), recipe), recipe.words) == committed
    assert write(made(read_openapi(REFERENCE), recipe), recipe.words) == committed


def test_the_specimen_comes_out_as_it_was_looked_at(specimen: Repository) -> None:
    """Its openapi.yaml was read by people; whatever a rule has come to do otherwise shows here."""
    assert specimen.spec.read_text() == (SPECIMEN / "openapi.yaml").read_text()


def test_the_committed_file_is_as_the_pipeline_writes_it() -> None:
    """Where nobody has the public specification, an edit by hand shows at least in form, order or words."""
    recipe, committed = read_recipe(ROOT), ROOT / "openapi.yaml"
    assert write(read_openapi(committed), recipe.words) == committed.read_text()


def test_everything_that_is_committed_is_described_in_our_words() -> None:
    recipe = read_recipe(ROOT)
    assert list(undescribed(read_openapi(ROOT / "openapi.yaml"), recipe.words)) == []


def test_the_committed_file_has_the_operations_of_the_surface_and_no_other() -> None:
    document = read_openapi(ROOT / "openapi.yaml")
    found = {
        (operation["operationId"], tag, method, path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for tag in operation["tags"]
    }
    assert found == {(kept.id, kept.tag, kept.method, kept.path) for kept in read_recipe(ROOT).surface.operations}


STATEMENTS = [
    ("download_fine_tune", None, ["compressed", "400 for invalid parameters", "404 for a job that is not found"]),
    ("download_fine_tune", "ft_id", ["starts with `ft-`"]),
    ("download_fine_tune", "checkpoint_step", ["step", "the server ignores `checkpoint`"]),
    (
        "download_fine_tune",
        "checkpoint",
        ["`merged`", "`adapter`", "`model_output_path`", "Required if `checkpoint_step` is not set"],
    ),
    ("cancel_fine_tune", None, ["400 for invalid parameters", "404 for a job that is not found"]),
    ("cancel_fine_tune", "id", ["starts with `ft-`"]),
]
"""What the API's documentation says of the wire, by operation and parameter."""


@pytest.mark.parametrize(("operation_id", "parameter", "said"), STATEMENTS)
def test_the_descriptions_keep_what_the_documentation_says_of_the_wire(
    operation_id: str, parameter: str | None, said: list[str]
) -> None:
    paths = read_openapi(ROOT / "openapi.yaml")["paths"]
    (operation,) = [found for item in paths.values() for found in item.values() if found["operationId"] == operation_id]
    described = {found["name"]: found["description"] for found in operation["parameters"]}
    text = operation["description"] if parameter is None else described[parameter]
    assert [statement for statement in said if statement not in text] == []


def test_the_steps_one_by_one_make_what_the_whole_makes(
    repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = repository.upstream_file
    for step in ("additions", "prune", "rules", "overlay", "write"):
        assert main(["--root", str(repository.root), step, str(given)]) == 0
        given = tmp_path / f"{step}.yaml"
        given.write_text(capsys.readouterr().out)
    assert given.read_text() == repository.spec.read_text()


def test_a_sync_with_the_same_specification_changes_no_byte(specimen: Repository) -> None:
    before = specimen.files()
    outcome = sync(specimen.upstream_file, specimen.root)
    assert (outcome.changed, outcome.comparison.changes, outcome.undescribed) == (False, (), ())
    assert specimen.files() == before


def test_a_sync_renews_a_client_that_was_edited_by_hand(specimen: Repository, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    shutil.copytree(specimen.root, root)
    package = root / "generated" / "together_generated"
    (package / "client.py").write_text("edited = True\n")
    (package / "stray.py").touch()
    assert sync(specimen.upstream_file, root).changed
    assert Repository(root, root, {}, specimen.recipe).files() == specimen.files()


def test_what_cannot_be_put_in_place_leaves_both_as_they_were(specimen: Repository, tmp_path: Path) -> None:
    """A folder stands where openapi.yaml is to be put: the second of two renames fails, and the first is undone."""
    root, fresh = tmp_path / "repository", tmp_path / "fresh"
    shutil.copytree(specimen.root, root)
    shutil.copytree(specimen.root / "generated", fresh)
    (fresh / "together_generated" / "client.py").write_text("")
    (root / "openapi.yaml").unlink()
    (root / "openapi.yaml" / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="openapi"):
        put(specimen.spec, fresh / "together_generated", root)
    made_of = {path.name: path.read_bytes() for path in (root / "generated" / "together_generated").glob("*.py")}
    assert made_of["client.py"] == (specimen.root / "generated" / "together_generated" / "client.py").read_bytes()
    assert [path.name for path in (root / "generated").iterdir()] == ["together_generated"]
    assert not (root / "openapi.new").exists()


def test_a_lost_payload_stops_a_sync(specimen: Repository, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    shutil.copytree(specimen.root, root)
    (root / "tests" / "wire" / "fixtures" / "FinetuneResponse.json").write_text('{"no_id": {"status": "running"}}')
    (root / "openapi.yaml").write_text("openapi: 3.1.0\npaths: {}\n")
    with pytest.raises(SpecError, match=r"payload FinetuneResponse no_id: cannot be read: KeyError: 'id'"):
        sync(specimen.upstream_file, root)
    assert (root / "openapi.yaml").read_text() == "openapi: 3.1.0\npaths: {}\n"


def test_what_is_written_is_read_back_as_it_was(repository: Repository) -> None:
    text = repository.spec.read_text()
    assert text.startswith(HEAD)
    assert max(len(line) for line in text.splitlines()) <= 120
    document = read_openapi(repository.spec)
    assert HEAD + dump(document) == text


def test_parameters_of_one_name_in_two_places_are_both_kept(specimen: Repository) -> None:
    changed = specimen.upstream
    a_parameter_of_the_query_has_the_name_of_one_of_the_path(changed)
    events = parse(specimen.text(changed), "it")["paths"]["/fine-tunes/{id}/events"]["get"]
    assert [(one["in"], one["name"]) for one in events["parameters"]] == [("path", "id"), ("query", "id")]
