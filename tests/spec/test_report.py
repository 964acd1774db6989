"""The report and the commands: the verdict, what to look at, the exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tools.generate import ROOT
from tools.spec.__main__ import main
from tools.spec.documents import Node

from .cases import CASES
from .conftest import Repository
from .kinds import KINDS

Diff = Callable[..., int]
CHANGES = {**{case.name: case.change for case in CASES}, **{kind.name: kind.change for kind in KINDS}}
COMPARES = '''\
from typing import Final

DEFAULT_BASE_URL = "https://api.example.com/v1"
ENDED: Final = {"completed", "error"}


def ended(status: str) -> bool:
    """Says: completed."""
    match status:
        case "completed":
            return True
    return status == "completed" or {"completed": 1}[status] == 1


def jobs(status: str = "completed") -> None:
    """Its default."""
    Route("/fine-tunes/{job}/events", {"queue_depth": 1}, {"Authorization": "Bearer"})
'''


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
        (["a field is added to a response", "a default is changed"], 0, "Nothing breaks: 1 additive, 1 neutral."),
        (["a tag is renamed"], 0, "Nothing breaks: 1 absorbed."),
        (["a kind is removed from a union"], 1, "Breaking in source only, by names of generated code: 1 breaking."),
        (
            ["a tag is renamed", "the server is moved", "a default is changed"],
            1,
            "Breaking: 1 breaking, 1 absorbed, 1 neutral.",
        ),
        (["a reference leads nowhere"], 2, "Not fully comparable: 1 operation could not be read."),
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
    diff("a value is added to a response", "a field of a response is renamed", "a parameter is dropped")
    assert capsys.readouterr().out == (
        "# From upstream.yaml to new.yaml\n\n**Breaking: 2 breaking, 2 additive.**\n\n## Breaking\n\n"
        "- `DELETE /fine-tunes/{id} ?force` (request) was removed: calls with it are refused, or it is ignored.\n"
        "- `FinetuneResponse.queue_depth` (response) was removed (is it called queue_depths now?): code that"
        " reads it gets no value. In GET /fine-tunes/{id}.\n\n## Additive\n\n"
        "- `FinetuneJobStatus` (response) has the new value hibernating: our clients read it as a plain string."
        " *[open enum]* Absorbed by enums_are_open. In GET /fine-tunes, POST /fine-tunes, GET /fine-tunes/{id}.\n"
        "- `FinetuneResponse.queue_depths` (response) is new: old clients keep it among the unknown fields."
        " In GET /fine-tunes/{id}.\n\n"
        "## Code to review in the handwritten layer\n\n"
        "- `FinetuneJobStatus`: together_ext/__init__.py:13\n"
    )


def test_machines_read_the_same(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("a required field is added to a response", options=("--json",)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["breaking"] is False
    assert document["changes"] == [
        {
            "subject": "FinetuneResponse.carbon_grams",
            "kind": "field-added-required",
            "side": "response",
            "class": "additive",
            "what": "is new, and required",
            "why": "old clients keep it among the unknown fields",
            "source_only": False,
            "tighter": True,
            "open_enum": False,
            "absorbed": False,
            "absorbed_by": "little_is_required",
            "operations": ["GET /fine-tunes/{id}"],
            "fields": [],
        }
    ]
    assert (document["problems"], document["look_at"]) == ([], [])


def test_what_uses_a_function_a_class_or_a_field_is_told(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    diff("a parameter of the path is renamed", "another success is described", options=("--json",))
    assert json.loads(capsys.readouterr().out)["look_at"] == []
    diff("a field of a response becomes optional", options=("--json",))
    (look,) = json.loads(capsys.readouterr().out)["look_at"]
    assert look == {"subject": "FinetuneResponse.status", "places": ["together_ext/__init__.py:13"]}


def test_a_sync_ends_with_what_is_to_be_done(specimen: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(specimen.root), "sync", str(specimen.upstream_file)]) == 0
    assert capsys.readouterr().out.endswith("- Nothing: openapi.yaml and generated/ were up to date.\n")


def test_a_sync_that_only_records_another_commit_says_that_no_operation_has_changed(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "repository"
    shutil.copytree(specimen.root, root)
    assert main(["--root", str(root), "sync", str(specimen.upstream_file), "--commit", "0123abcd" * 5]) == 0
    out = capsys.readouterr().out
    assert "**No changes.**" in out
    assert "- Operations are unchanged, but openapi.yaml or generated/ is not: review `git diff`.\n" in out
    assert "have changed: review" not in out


def test_a_sync_that_cannot_write_says_so_and_changes_nothing(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, upstream, changed = tmp_path / "repository", tmp_path / "upstream.yaml", specimen.upstream
    shutil.copytree(specimen.root, root)
    (root / "openapi.new").mkdir()
    CHANGES["a status is replaced"](changed)
    upstream.write_text(yaml.safe_dump(changed))
    assert main(["--root", str(root), "sync", str(upstream)]) == 2
    name = root / "openapi.new"
    assert capsys.readouterr().err == (
        f"openapi.yaml and generated/ are unchanged:\n{name} cannot be written: Is a directory\n"
    )
    assert (root / "openapi.yaml").read_text() == specimen.spec.read_text()


def test_a_sync_that_is_refused_says_that_nothing_has_changed(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text("a: [")
    assert main(["--root", str(specimen.root), "sync", str(upstream)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("openapi.yaml and generated/ are unchanged:\nupstream.yaml is not YAML: line 2:")


def test_a_sync_says_what_has_no_words_yet(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, upstream = tmp_path / "repository", tmp_path / "upstream.yaml"
    shutil.copytree(specimen.root, root)
    changed = specimen.upstream
    CHANGES["a field is added to a response"](changed)
    upstream.write_text(yaml.safe_dump(changed))
    assert main(["--root", str(root), "sync", str(upstream)]) == 0
    out = capsys.readouterr().out
    assert "`FinetuneResponse.carbon_grams` (response) is new" in out
    assert "- Describe in tools/spec/words.yaml: FinetuneResponse.carbon_grams. Then sync again.\n" in out
    assert "- openapi.yaml and generated/ have changed: review `git diff`, then run `make check test`.\n" in out


@pytest.mark.parametrize(
    ("case", "subject", "lines"),
    [
        ("a status is replaced", "FinetuneJobStatus == 'completed'", (4, 10, 12, 15)),
        ("a field of a response is renamed", "FinetuneResponse.queue_depth", (17,)),
        ("an operation is moved", "GET /fine-tunes/{id}/events", (17,)),
        ("one alternative is replaced", "the credentials", (17,)),
        ("the server is moved", "the server", (3,)),
    ],
)
def test_the_lines_that_spell_out_what_has_changed_are_reported(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, subject: str, lines: tuple[int]
) -> None:
    root = tmp_path / "repository"
    shutil.copytree(specimen.root, root)
    (root / "together_ext" / "states.py").write_text(COMPARES)
    changed = specimen.upstream
    CHANGES[case](changed)
    new = tmp_path / "new.yaml"
    new.write_text(yaml.safe_dump(changed))
    assert main(["--root", str(root), "diff", str(specimen.upstream_file), str(new), "--json"]) == 1
    looks = {look["subject"]: look["places"] for look in json.loads(capsys.readouterr().out)["look_at"]}
    assert looks[subject] == [f"together_ext/states.py:{line}" for line in lines]


def test_credentials_of_all_operations_are_one_entry(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("one alternative is replaced") == 1
    assert "**Breaking: 1 breaking.**" in (out := capsys.readouterr().out)
    assert "- `the credentials` are apiKey header X-Key, were http bearer: calls in the old way are refused. In " in out


def test_an_addition_that_is_described_now_is_not_new(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("an addition is described") == 0
    assert "- `GET /v3/whoami` is described now: the client has it already." in capsys.readouterr().out


@pytest.mark.parametrize("broken", ["a: [", "swagger: '2.0'", None])
def test_machines_read_one_document_also_of_what_cannot_be_read(
    specimen: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str | None
) -> None:
    new = tmp_path / "new.yaml"
    if broken is not None:
        new.write_text(broken)
    assert main(["--root", str(specimen.root), "diff", str(specimen.upstream_file), str(new), "--json"]) == 2
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["changes"], document["look_at"], err) == ([], [], "")
    (problem,) = document["problems"]
    assert "new.yaml" in problem


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("tools/spec/surface.yaml", "operations: [", "surface.yaml is not YAML"),
        ("tools/spec/surface.yaml", "operations: {Jobs: [x]}", "surface.yaml does not have the structure that docs/"),
        ("tools/spec/words.yaml", "- x", "words.yaml is not a mapping of mappings"),
        ("openapi.overlay.yaml", "overlay: 2.0.0", "is not an OpenAPI Overlay"),
        ("openapi.additions.yaml", None, "openapi.additions.yaml is not UTF-8 text"),
        ("together_ext/broken.py", "def\n", "broken.py:1 is not Python: "),
    ],
)
def test_machines_read_one_document_also_if_a_file_of_ours_is_broken(
    specimen: Repository,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    text: str | None,
    problem: str,
) -> None:
    root, upstream = tmp_path / "repository", str(specimen.upstream_file)
    shutil.copytree(specimen.root, root)
    (root / file).write_bytes(b"\xff" if text is None else text.encode())
    assert main(["--root", str(root), "diff", upstream, upstream, "--json"]) == 2
    out, err = capsys.readouterr()
    (told,) = json.loads(out)["problems"]
    assert problem in told
    assert err == ""
    assert main(["--root", str(root), "diff", upstream, upstream]) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"{told}\n")


def test_absorbed_changes_are_marked(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff("only what is absorbed has changed", "a field of a response may be null") == 0
    out = capsys.readouterr().out
    assert out.count("*[absorbed]*") == 3
    assert "**Nothing breaks: 3 absorbed.**" in out
    diff("only what is absorbed has changed", options=("--json",))
    assert {change["absorbed"] for change in json.loads(capsys.readouterr().out)["changes"]} == {True}


def test_a_renamed_parameter_gets_a_hint_at_its_new_name(diff: Diff, capsys: pytest.CaptureFixture[str]) -> None:
    diff("a parameter of the query is renamed")
    assert "?checkpoint_step` (request) was removed (is it called checkpoint_steps now?)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("case", "code"), [("the server is moved", 0), ("a default is changed", 0), ("a reference leads nowhere", 2)]
)
def test_make_fails_for_a_person_only_if_nothing_could_be_compared(
    specimen: Repository, tmp_path: Path, case: str, code: int
) -> None:
    """That something breaks is what a person wants to read, and no error of `make`."""
    changed = specimen.upstream
    CHANGES[case](changed)
    new = tmp_path / "new.yaml"
    new.write_text(yaml.safe_dump(changed))
    done = make(
        "spec-diff", "READY=", f"OLD={specimen.upstream_file}", f"NEW={new}", f"BIN={Path(sys.executable).parent}"
    )
    assert done.returncode == code, done.stderr
    assert "# From upstream.yaml to new.yaml" in done.stdout


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make, without what another make, which may have called the tests, hands down."""
    return subprocess.run(  # noqa: S603 -- commands of ours
        ["make", *arguments],  # noqa: S607 -- whichever make a developer has
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
    )


@pytest.mark.parametrize("command", ["sync-spec", "spec-diff", "test-drift"])
def test_make_says_what_a_command_needs(command: str) -> None:
    done = make(command, "READY=")
    assert done.returncode != 0
    assert done.stdout.startswith(f"make {command} ")


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ("a field of a request becomes read only", "(request) was removed (it is read-only now)"),
        ("a field of a response becomes write only", "(response) was removed (it is write-only now)"),
        ("a union says what is required", "has alternatives of required [['model'], ['n_epochs']], had none"),
    ],
)
def test_the_report_says_why_a_field_is_refused(
    diff: Diff, capsys: pytest.CaptureFixture[str], change: str, hint: str
) -> None:
    assert diff(change) == 1
    assert hint in capsys.readouterr().out
