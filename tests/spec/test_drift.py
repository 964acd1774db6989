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
from .conftest import NAMED, REFERENCE, Repository

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


@EACH
def test_a_sync_gives_a_client_that_works_or_says_why_not(repository: Repository, case: Case, tmp_path: Path) -> None:
    changed = repository.upstream
    case.change(changed)
    # Most of the time of a sync is generation, which gives the same client for the same text.
    if case.synced == SAME:
        assert repository.text(changed) == repository.spec.read_text()
        return
    if case.synced == NEW and repository.upstream_file == REFERENCE and not NAMED:
        pytest.skip("two minutes of generation, all in all: `make test-drift UPSTREAM=path`")
    root = tmp_path / "repository"
    shutil.copytree(repository.root, root)
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text(json.dumps(changed))
    before = repository.files()
    there = Repository(root, upstream, repository.upstream_as_read, repository.recipe)
    if case.synced == NEW:
        outcome = sync(upstream, root)
        assert outcome.changed
        assert there.files() != before
        assert list(root.glob("*.new")) + list((root / "generated").glob("*.*")) == []
    else:
        with pytest.raises(SpecError) as refused:
            sync(upstream, root)
        assert re.search(case.synced, str(refused.value), re.DOTALL), str(refused.value)
        assert there.files() == before


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
