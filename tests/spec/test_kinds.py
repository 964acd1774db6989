"""Every kind of change at which the report or a sync once failed: what the report says, and what comes of a sync."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tools.generate import GenerationError
from tools.spec.compare import compare
from tools.spec.documents import SpecError, parse
from tools.spec.sync import compared, made, sync, text_of

from .cases import CASES, NEW, SAME, Case
from .conftest import NAMED, REFERENCE, Repository, generate_here, slow
from .kinds import CHECKED, KINDS, Kind
from .test_drift import told

EACH = pytest.mark.parametrize("kind", [pytest.param(kind, id=f"{kind.number} {kind.name}") for kind in KINDS])
LATE = pytest.mark.parametrize(
    "kind", [pytest.param(kind, id=f"{kind.number} {kind.name}") for kind in KINDS if kind.synced.startswith(CHECKED)]
)


EVERY: list[Case | Kind] = [*CASES, *KINDS]


def nothing(_into: Path, _spec: Path) -> None:
    """Generate nothing: a sync that gets as far as this was not refused before."""
    raise GenerationError("so far, so good")


@EACH
def test_the_report_says_what_changed(repository: Repository, kind: Kind) -> None:
    slow(repository)
    changed = repository.upstream
    kind.change(changed)
    assert told(compare(repository.upstream, changed, repository.recipe.surface)) == kind.found


@EACH
def test_a_sync_gives_the_same_file_or_a_new_one_or_says_why_not(
    repository: Repository, kind: Kind, tmp_path: Path
) -> None:
    slow(repository)
    changed = repository.upstream
    kind.change(changed)
    if kind.synced == SAME:
        assert repository.text(changed) == repository.spec.read_text()
        return
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text(json.dumps(changed))
    expected = "so far, so good" if kind.synced == NEW or kind.synced.startswith(CHECKED) else kind.synced
    with pytest.raises(SpecError) as refused:
        sync(upstream, repository.root, nothing)
    assert re.search(expected, str(refused.value), re.DOTALL), str(refused.value)
    if kind.synced == NEW:
        assert repository.text(changed) != repository.spec.read_text()


@LATE
def test_a_generated_client_is_checked_against_payloads(repository: Repository, kind: Kind, tmp_path: Path) -> None:
    slow(repository)
    changed = repository.upstream
    kind.change(changed)
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text(json.dumps(changed))
    before = repository.files()
    with pytest.raises(SpecError) as refused:
        sync(upstream, repository.root, generate_here)
    assert re.search(kind.synced.removeprefix(CHECKED), str(refused.value), re.DOTALL), str(refused.value)
    assert repository.files() == before


@pytest.mark.skipif(not NAMED, reason="a minute of generation: `make test-drift UPSTREAM=path`")
@pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.name) for kind in KINDS if kind.synced == NEW])
def test_a_client_is_generated_and_reads_the_payloads(repository: Repository, kind: Kind, tmp_path: Path) -> None:
    changed = repository.upstream
    kind.change(changed)
    root, upstream = tmp_path / "repository", tmp_path / "upstream.yaml"
    shutil.copytree(repository.root, root)
    upstream.write_text(json.dumps(changed))
    if kind.used and repository.upstream_file == REFERENCE:
        with pytest.raises(SpecError, match=kind.used):
            sync(upstream, root, generate_here)
    else:
        assert sync(upstream, root, generate_here).changed


def test_every_kind_has_three_variants() -> None:
    counted = Counter(kind.number for kind in KINDS)
    assert {number: counted[number] for number in range(1, 16) if counted[number] < 3} == {}
    assert len(KINDS) >= 60
    assert len({kind.name for kind in KINDS} | {case.name for case in CASES}) == len(KINDS) + len(CASES)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in EVERY])
def test_what_is_absorbed_changes_no_byte(repository: Repository, case: Case | Kind) -> None:
    """The exit code of the report says that nothing breaks: so it has to be."""
    slow(repository)
    changed = repository.upstream
    case.change(changed)
    changes = compared(repository.upstream, changed, repository.recipe).changes if "problem" not in case.found else ()
    if changes and all(change.verdict.effect == "breaking" and not change.breaks for change in changes):
        assert repository.text(changed) == repository.spec.read_text()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in EVERY])
def test_a_change_and_its_inverse_give_the_first_file(repository: Repository, case: Case | Kind) -> None:
    slow(repository)
    changed = repository.upstream
    case.change(changed)
    try:
        known = parse(repository.text(changed), "openapi.yaml")
    except SpecError:
        return
    back = text_of(made(repository.upstream, repository.recipe, known), repository.recipe)
    assert back == repository.spec.read_text()
