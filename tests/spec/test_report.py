"""The report and the commands: the verdict, what to look at, the exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tools.generate import ROOT
from tools.spec.__main__ import main
from tools.spec.documents import Node

from .cases import CASES
from .conftest import Repository

Diff = Callable[..., int]
CHANGES = {case.name: case.change for case in CASES}


@pytest.fixture
def diff(specimen: Repository, tmp_path: Path) -> Diff:
    """Compare the specimen with what these cases make of it; gives the exit code."""

    def diff(*cases: str, options: tuple[str, ...] = ()) -> int:
        changed: Node = specimen.upstream
        for case in cases:
            CHANGES[case](changed)
        new = tmp_path / "new.yaml"
        new.write_text(yaml.safe_dump(changed))
        return main(["--root", str(specimen.root), "diff", str(specimen.upstream_file), str(new), *options])

    return diff


@pytest.mark.parametrize(
    ("cases", "code", "verdict"),
    [
        ([], 0, "No changes."),
        (["a field is added to an answer", "a default is changed"], 0, "Nothing breaks: 1 additive, 1 neutral."),
        (["a tag is renamed"], 1, "Breaking in source only, by names of generated code: 1 breaking."),
        (["a tag is renamed", "the server is moved", "a default is changed"], 1, "Breaking: 2 breaking, 1 neutral."),
        (["a reference leads nowhere"], 2, "Not comparable as a whole: 1 operations could not be read."),
    ],
)
def test_a_line_and_an_exit_code_say_whether_anybody_breaks(
    diff: Diff, capsys: pytest.CaptureFixture[str], cases: list[str], code: int, verdict: str
) -> None:
    assert diff(*cases) == code
    assert f"**{verdict}**" in capsys.readouterr().out
    assert diff(*cases, options=("--json",)) == code
    assert json.loads(capsys.readouterr().out)["verdict"] == verdict


def test_people_read_what_why_flags_and_where(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    diff("a value is added to an answer", "a field of an answer is renamed", "a parameter is dropped")
    assert capsys.readouterr().out == (
        "# From upstream.yaml to new.yaml\n\n**Breaking: 2 breaking, 2 additive.**\n\n## Breaking\n\n"
        "- `DELETE /fine-tunes/{id} ?force` (request) is gone: calls with it are refused, or it is ignored.\n"
        "- `FinetuneResponse.queue_depth` (answer) is gone (is it called queue_depths now?): who reads it finds"
        " nothing. In GET /fine-tunes/{id}.\n\n## Additive\n\n"
        "- `FinetuneJobStatus` (answer) knows hibernating besides: our clients read it as a plain string. *[open enum]*"
        " With us it is absorbed by enums_are_open. In GET /fine-tunes, POST /fine-tunes, GET /fine-tunes/{id}.\n"
        "- `FinetuneResponse.queue_depths` (answer) is new: old clients keep it among the fields that they do not know."
        " In GET /fine-tunes/{id}.\n\n"
        "## What the handwritten layer must look at\n\n"
        "- `FinetuneJobStatus`: together_ext/__init__.py:13\n"
    )


def test_machines_read_the_same(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("a required field is added to an answer", options=("--json",)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["breaking"] is False
    assert document["changes"] == [
        {
            "subject": "FinetuneResponse.carbon_grams",
            "kind": "field-added-required",
            "side": "answer",
            "class": "additive",
            "what": "is new, and required",
            "why": "old clients keep it among the fields that they do not know",
            "source_only": False,
            "tighter": True,
            "open_enum": False,
            "absorbed_by": "little_is_required",
            "operations": ["GET /fine-tunes/{id}"],
            "fields": [],
        }
    ]
    assert (document["problems"], document["look_at"]) == ([], [])


def test_what_uses_a_function_a_class_or_a_field_is_told(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    diff("a parameter of the path is renamed", "another success is described", options=("--json",))
    assert json.loads(capsys.readouterr().out)["look_at"] == []
    diff("a field of an answer becomes optional", options=("--json",))
    (look,) = json.loads(capsys.readouterr().out)["look_at"]
    assert look == {"subject": "FinetuneResponse.status", "places": ["together_ext/__init__.py:13"]}


def test_a_sync_ends_with_what_is_to_be_done(specimen: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(specimen.root), "sync", str(specimen.upstream_file)]) == 0
    assert capsys.readouterr().out.endswith("- Nothing: openapi.yaml and generated/ were up to date.\n")


def test_a_sync_that_is_refused_says_that_nothing_has_changed(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text("a: [")
    assert main(["--root", str(specimen.root), "sync", str(upstream)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("openapi.yaml and generated/ are as they were, because:\nupstream.yaml is not YAML: line 2:")


def test_a_sync_says_what_has_no_words_yet(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, upstream = tmp_path / "repository", tmp_path / "upstream.yaml"
    shutil.copytree(specimen.root, root)
    changed = specimen.upstream
    CHANGES["a field is added to an answer"](changed)
    upstream.write_text(yaml.safe_dump(changed))
    assert main(["--root", str(root), "sync", str(upstream)]) == 0
    out = capsys.readouterr().out
    assert "`FinetuneResponse.carbon_grams` (answer) is new" in out
    assert "- Describe in tools/spec/words.yaml: FinetuneResponse.carbon_grams. Then sync again.\n" in out
    assert "- openapi.yaml and generated/ are new: `git diff`, then `make check test`.\n" in out


@pytest.mark.parametrize("command", ["sync-spec", "spec-diff", "test-drift"])
def test_make_says_what_a_command_needs(command: str) -> None:
    done = subprocess.run(  # noqa: S603 -- one of two commands of ours
        ["make", command, "READY="],  # noqa: S607 -- whichever make a developer has
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        # Without what another make, which may have called the tests, hands down.
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode != 0
    assert done.stdout.startswith(f"make {command} ")
