"""Every change that is likely to come: what the report says of it, and what comes of a sync."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tools.spec.compare import Comparison, compare
from tools.spec.documents import SpecError, parse
from tools.spec.sync import sync
from tools.spec.write import dump

from .cases import CASES, NEW, SAME, Case
from .conftest import NAMED, Repository, generate_here
from .kinds import KINDS

LOST = [case for case in CASES if r"of together_generated\." in case.synced or "annotated as" in case.synced]
"""Those that are noticed in the generated client alone."""
EACH = pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])


def told(comparison: Comparison) -> frozenset[str]:
    """The kinds of the changes, each with its class and flags."""
    judged = [(change.found.kind, change.verdict) for change in comparison.changes]
    flags = {"source": "source_only", "tighter": "tighter", "open": "open_enum"}
    return frozenset(
        " ".join([kind, verdict.effect, *(word for word, flag in flags.items() if getattr(verdict, flag))])
        for kind, verdict in judged
    ) | frozenset("problem" for _ in comparison.problems)


@EACH
def test_the_report_tells_class_and_flags(repository: Repository, case: Case) -> None:
    changed = repository.upstream
    case.change(changed)
    comparison = compare(repository.upstream, changed, repository.recipe.surface)
    assert told(comparison) == case.found


def test_an_operation_that_moved_onto_an_address_of_ours_is_moved(repository: Repository) -> None:
    """As `GET /fine-tunes/download` became `GET /finetune/download`: clients of the old address break."""
    for kept in repository.recipe.surface.operations:
        before, after = repository.upstream, repository.upstream
        if kept.method not in before["paths"].get(kept.path, {}):
            continue  # one of openapi.additions.yaml
        moved = before["paths"][kept.path].pop(kept.method)
        before["paths"][f"/former{kept.path}"] = {**before["paths"][kept.path], kept.method: moved}
        (change,) = compare(before, after, repository.recipe.surface).changes
        assert (change.found.kind, change.verdict.effect) == ("operation-moved", "breaking")
        assert change.found.subject == f"{kept.method.upper()} /former{kept.path}"
        assert change.found.what == f"has moved to {kept.address}"


def test_an_operation_that_moved_elsewhere_concerns_nobody(repository: Repository) -> None:
    before, after = repository.upstream, repository.upstream
    weather = {"tags": ["Weather"], "responses": {"200": {"description": "Fine."}}}
    before["paths"]["/weather"], after["paths"]["/climate"] = {"get": weather}, {"get": weather}
    assert compare(before, after, repository.recipe.surface).changes == ()


@EACH
def test_a_sync_gives_a_client_that_works_or_says_why_not(
    repository: Repository, specimen: Repository, case: Case, tmp_path: Path
) -> None:
    changed = repository.upstream
    case.change(changed)
    # Most of the time of a sync is generation, which gives the same client for the same text.
    if case.synced == SAME:
        assert repository.text(changed) == repository.spec.read_text()
        return
    if case.synced == NEW and not NAMED:
        pytest.skip("minutes of generation, all in all: `make test-drift UPSTREAM=path`; below, several at once")
    if case in LOST and repository.root != specimen.root and not NAMED:
        pytest.skip("the whole client is generated before it is refused: below, all of these at once")
    root = tmp_path / "repository"
    shutil.copytree(repository.root, root)
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text(json.dumps(changed))
    before = repository.files()
    there = Repository(root, upstream, repository.upstream_as_read, repository.recipe)
    if case.synced == NEW:
        outcome = sync(upstream, root, generate_here)
        assert outcome.changed
        assert there.files() != before
        assert list(root.glob("*.new")) + list((root / "generated").glob("*.*")) == []
    else:
        with pytest.raises(SpecError) as refused:
            sync(upstream, root, generate_here)
        assert re.search(case.synced, str(refused.value), re.DOTALL), str(refused.value)
        assert there.files() == before


def test_everything_that_a_client_has_lost_is_reported_at_once(reference: Repository, tmp_path: Path) -> None:
    root, upstream, changed = tmp_path / "repository", tmp_path / "upstream.yaml", reference.upstream
    for case in LOST:
        case.change(changed)
    shutil.copytree(reference.root, root)
    upstream.write_text(json.dumps(changed))
    with pytest.raises(SpecError) as refused:
        sync(upstream, root, generate_here)
    missing = [case.name for case in LOST if not re.search(case.synced, str(refused.value), re.DOTALL)]
    assert missing == [], str(refused.value)
    assert Repository(root, upstream, changed, reference.recipe).files() == reference.files()


TOGETHER = 6
"""So many syncs try all changes that give a new client, on the small specification."""


@pytest.mark.parametrize("number", range(TOGETHER))
def test_several_changes_at_once_give_a_client_that_works(specimen: Repository, number: int, tmp_path: Path) -> None:
    """One by one they take minutes of generation: `make test-drift UPSTREAM=path`."""
    # Those of paths come last, since the others look for operations there.
    kinds = sorted((it for it in KINDS if it.synced == NEW), key=lambda it: it.number in {7, 8})
    changes = [case.change for case in CASES if case.synced == NEW] + [it.change for it in kinds]
    root, upstream, changed = tmp_path / "repository", tmp_path / "upstream.yaml", specimen.upstream
    for change in changes[number::TOGETHER]:
        change(changed)
    shutil.copytree(specimen.root, root)
    upstream.write_text(json.dumps(changed))
    assert sync(upstream, root, generate_here).changed
    assert Repository(root, upstream, changed, specimen.recipe).files() != specimen.files()
    assert list(root.glob("*.new")) + list((root / "generated").glob("*.*")) == []


def test_there_are_some_forty_cases() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


def test_what_is_no_yaml_is_refused_with_its_line(specimen: Repository, tmp_path: Path) -> None:
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text("openapi: 3.1.0\npaths:\n  /a: [\n")
    with pytest.raises(SpecError, match=r"upstream\.yaml is not YAML: line 4"):
        sync(upstream, specimen.root)


def test_the_text_of_a_document_is_read_as_it_was_written(specimen: Repository) -> None:
    assert parse(dump(specimen.upstream), "it") == specimen.upstream
