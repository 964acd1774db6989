"""The commit of the public specification that openapi.yaml is made from."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.spec.documents import SpecError, read_openapi
from tools.spec.source import address, commit_of, recorded
from tools.spec.sync import sync

from .conftest import Repository
from .kinds import KINDS

CHANGES = {kind.name: kind.change for kind in KINDS}
FIRST, SECOND = "0123abcd" * 5, "4567cdef" * 5


@pytest.fixture
def copied(specimen: Repository, tmp_path: Path) -> tuple[Path, Callable[[Path, Path], None]]:
    """A copy of the specimen, and a generator that gives its client, whatever the specification says."""
    root = tmp_path / "repository"
    shutil.copytree(specimen.root, root)

    def generate(into: Path, _spec: Path) -> None:
        shutil.copytree(specimen.root / "generated" / "together_generated", into)

    return root, generate


def test_the_commit_is_recorded_and_stays_as_long_as_nothing_changes(
    specimen: Repository, copied: tuple[Path, Callable[[Path, Path], None]]
) -> None:
    root, generate = copied
    assert sync(specimen.upstream_file, root, generate, FIRST).commit == FIRST
    document = read_openapi(root / "openapi.yaml")
    assert document["info"]["x-made-from"] == address(FIRST)
    again = sync(specimen.upstream_file, root, generate)
    assert (again.changed, again.commit, again.comparison.changes) == (False, FIRST, ())
    assert sync(specimen.upstream_file, root, generate, SECOND).commit == SECOND
    assert recorded(read_openapi(root / "openapi.yaml")) == SECOND


def test_a_commit_that_is_not_known_is_not_recorded(
    specimen: Repository, tmp_path: Path, copied: tuple[Path, Callable[[Path, Path], None]]
) -> None:
    """That of before would be wrong."""
    root, generate = copied
    sync(specimen.upstream_file, root, generate, FIRST)
    changed = specimen.upstream
    CHANGES["a status is replaced"](changed)
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text(json.dumps(changed))
    assert sync(upstream, root, generate).commit is None
    assert recorded(read_openapi(root / "openapi.yaml")) is None


def test_the_commit_of_a_clone_is_found(tmp_path: Path) -> None:
    file = tmp_path / "openapi.yaml"
    assert commit_of(file) is None
    file.write_text("openapi: 3.1.0\n")

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=N", "-c", "user.email=n@example.com", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 -- fixed

    git("init", "--quiet")
    git("add", "openapi.yaml")
    git("commit", "--quiet", "--message", "First")
    assert commit_of(file) == git("rev-parse", "HEAD")
    file.write_text("openapi: 3.1.1\n")
    assert commit_of(file) is None


def test_what_is_no_commit_is_refused() -> None:
    with pytest.raises(SpecError, match=r"COMMIT is 'main/../x'; use the hash of a commit of https://github\.com/"):
        address("main/../x")


def test_a_change_and_its_inverse_are_synced_there_and_back(specimen: Repository, tmp_path: Path) -> None:
    """With the real generator: the specification, the client, every byte."""
    root, upstream = tmp_path / "repository", tmp_path / "upstream.yaml"
    shutil.copytree(specimen.root, root)
    changed = specimen.upstream
    CHANGES["a status is replaced"](changed)
    CHANGES["a list is described under default"](changed)
    upstream.write_text(json.dumps(changed))
    assert sync(upstream, root).changed
    there = Repository(root, upstream, changed, specimen.recipe)
    assert there.files() != specimen.files()
    assert sync(specimen.upstream_file, root).changed
    assert there.files() == specimen.files()
