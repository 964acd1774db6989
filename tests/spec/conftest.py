"""Repositories in small, and the real one: a specification, and what makes an openapi.yaml and a client of it."""

from __future__ import annotations

import os
import shutil
import sys
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from openapi_python_client.cli import app
from typer.testing import CliRunner

from tools.generate import ROOT, generate
from tools.spec.documents import Node, drop_unused, operations, read_openapi
from tools.spec.sync import Recipe, made, read_recipe, sync, text_of

SPECIMEN = Path(__file__).parent / "specimen"
NAMED = os.environ.get("TOGETHER_EXT_UPSTREAM")
REFERENCE = Path(NAMED or ROOT.parent / "shared" / "reference" / "upstream-openapi-2026-04-28.yaml")
"""The public specification that the committed openapi.yaml is made of; it is no part of the repository."""

HANDWRITTEN = '''\
"""A handwritten layer in small: what uses the specimen's client."""

from together_generated import models
from together_generated.api.fine_tuning import retrieve_fine_tune as endpoint
from together_generated.models import DownloadCheckpoint

WHOLE = DownloadCheckpoint.MODEL_OUTPUT_PATH
RETRIEVE = endpoint.sync_detailed


def stands(job: models.FinetuneResponse) -> object:
    """Where a job stands."""
    return job.status
'''


@dataclass(frozen=True)
class Repository:
    """A repository's root, the public specification that its openapi.yaml is made of, and the recipe."""

    root: Path
    upstream_file: Path
    upstream_as_read: Node
    recipe: Recipe

    @property
    def upstream(self) -> Node:
        """The public specification, to be changed."""
        return deepcopy(self.upstream_as_read)

    @property
    def spec(self) -> Path:
        """The committed openapi.yaml."""
        return self.root / "openapi.yaml"

    def text(self, upstream: Node) -> str:
        """What openapi.yaml would be made of a public specification."""
        return text_of(made(upstream, self.recipe, read_openapi(self.spec)), self.recipe)

    def files(self) -> dict[str, bytes]:
        """Every file of the repository that a sync may change."""
        found = [self.spec, *(path for path in (self.root / "generated").rglob("*") if path.suffix != ".pyc")]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in found if path.is_file()}


def generate_here(into: Path, spec: Path) -> None:
    """Generate in this process, which has imported the generator already: half the time of a small client."""
    generate(into, spec, run=_in_this_process)


def _in_this_process(arguments: list[str]) -> tuple[int, str]:
    outcome = CliRunner().invoke(app, arguments, env={"PATH": str(Path(sys.executable).parent)})
    return outcome.exit_code, outcome.output


@pytest.fixture(scope="session")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The repository in small, synced once."""
    root = tmp_path_factory.mktemp("specimen") / "repository"
    # Its openapi.yaml is what is to come out.
    shutil.copytree(SPECIMEN, root, ignore=shutil.ignore_patterns("openapi.yaml"))
    (root / "together_ext").mkdir()
    (root / "together_ext" / "__init__.py").write_text(HANDWRITTEN)
    sync(root / "upstream.yaml", root, generate_here)
    return _repository(root, root / "upstream.yaml")


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """This repository's own recipe, client and handwritten layer, in a copy; and the public specification."""
    if not REFERENCE.exists():
        pytest.skip("the public specification is not there: TOGETHER_EXT_UPSTREAM says where it is")
    root = tmp_path_factory.mktemp("reference") / "repository"
    inputs = ("openapi.additions.yaml", "openapi.overlay.yaml", "tools/spec/surface.yaml", "tools/spec/words.yaml")
    for name in ("openapi.yaml", *inputs):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("generated/together_generated", "together_ext", "tests/wire/fixtures"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    whole = _repository(root, REFERENCE)
    return replace(whole, upstream_as_read=_of_our_tags(whole.upstream_as_read, whole.recipe))


@pytest.fixture(params=["specimen", "reference"])
def repository(request: pytest.FixtureRequest) -> Repository:
    """Both of them."""
    found: Repository = request.getfixturevalue(request.param)
    return found


def slow(repository: Repository) -> None:
    """Skip what takes long, on the public specification."""
    if repository.upstream_file == REFERENCE and not NAMED:
        pytest.skip("on the public specification: `make test-drift UPSTREAM=path`")


def _repository(root: Path, upstream: Path) -> Repository:
    return Repository(root, upstream, read_openapi(upstream), read_recipe(root))


def _of_our_tags(document: Node, recipe: Recipe) -> Node:
    """A public specification without the tags that we do not use: most of it, and of the time it takes to read."""
    tags = {operation.tag for operation in recipe.surface.operations}
    paths: Node = {}
    for method, path, _, found in operations(document):
        if tags & set(found["tags"]):
            paths.setdefault(path, {})[method] = found
    slim = {**document, "paths": paths, "components": {**document["components"]}}
    drop_unused(slim)
    return slim
