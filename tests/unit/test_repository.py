"""Files of the repository that no program reads while it is developed: workflows, templates, links, lock files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MARKDOWN = [
    path
    for folder in (".", "docs", "benchmarks", ".github")
    for path in sorted((ROOT / folder).glob("**/*.md" if folder != "." else "*.md"))
]
LINK = re.compile(r"\]\(([^()\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def workflow(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return found


def test_ci_runs_the_same_command_as_a_developer_on_every_supported_python() -> None:
    job = workflow("ci.yml")["jobs"]["ci"]
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = re.findall(r":: (3\.\d+)", " ".join(project["classifiers"]))
    assert supported
    assert set(supported) <= set(job["strategy"]["matrix"]["python"])


def test_ci_runs_the_documentation() -> None:
    assert "\nmake docs\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_few_permissions_and_pinned_actions(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = yaml.safe_load(text)
    assert set(found["permissions"].items()) <= {("contents", "read"), ("issues", "write")}
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)
    assert all("timeout-minutes" in job for job in found["jobs"].values())


def test_the_templates_are_forms() -> None:
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"):
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert path.name == "config.yml" or {"name", "description", "body"} <= set(found)


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_between_files_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if not re.match(r"[a-z]+:|#", target):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_lock_files_name_no_index(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"https?://|file://|--(?:extra-)?index-url|--find-links", text)
    if path.name != "torch.txt":
        packages = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==", text, re.MULTILINE | re.IGNORECASE)
        assert packages
        assert text.count("--hash=sha256:") >= len(packages)


def test_the_lowest_versions_of_all_dependencies_are_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements" / "lowest.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE))
    extras: dict[str, list[str]] = project["optional-dependencies"]
    for dependency in (*project["dependencies"], *(one for extra in extras.values() for one in extra)):
        requirement = Requirement(dependency)
        (lowest,) = (one.version for one in requirement.specifier if one.operator == ">=")
        assert Version(locked[canonicalize_name(requirement.name)]) == Version(lowest), dependency
