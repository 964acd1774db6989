"""The documents of `--json`: each command prints what its published schema says."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from together_ext.simulator import DPO_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Simulator
from tools.docs.commands import entries
from tools.json_documents import check_document, command_of
from tools.json_schemas import COMMANDS, WITHOUT

from .conftest import Outcome

Command = Callable[..., Outcome]


@pytest.fixture
def archive(sim: Simulator, folder: Path) -> str:
    """A small archive of a model, in the current folder and as the weights of a job."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        member = tarfile.TarInfo("config.json")
        member.size = 2
        tar.addfile(member, io.BytesIO(b"{}"))
    sim.add_archive(LORA_JOB, written.getvalue())
    (folder / "model.tar").write_bytes(written.getvalue())
    return "model.tar"


def test_every_command_prints_the_document_of_its_schema(
    command: Command, sim: Simulator, folder: Path, archive: str
) -> None:
    (folder / "train.jsonl").write_text('{"text": "one"}\n' * 3)
    model = sim.registry.add("acme-research/support-bot", {"config.json": b"{}"}).id
    file_id = command("files", "upload", "train.jsonl", "--json").json["id"]
    hardware = command("endpoints", "hardware", "--json").json["data"][0]["id"]
    base = command("ft", "models", "--json").json["data"][0]
    made = command("endpoints", "create", "--model", "m", "--hardware", hardware, "--yes", "--json").json["id"]
    lines = f"""
        ft list
        ft list --limit 1
        ft retrieve {LORA_JOB}
        ft status {LORA_JOB}
        ft wait {FULL_JOB}
        ft list-checkpoints {LORA_JOB}
        ft metrics {LORA_JOB}
        ft metrics {DPO_JOB}
        ft list-events {LORA_JOB}
        ft list-events {FULL_JOB} --follow
        ft download {LORA_JOB}
        ft download {LORA_JOB}:best -o best --extract
        ft download {LORA_JOB} {FULL_JOB} -o several
        ft download {LORA_JOB}:250 {LORA_JOB}:500 -o folders --extract
        ft create -t {file_id} -M m --yes
        ft price -t {file_id} -M m
        ft preview -t {file_id} -M {base}
        ft download-tokenized-dataset {FULL_JOB} -o datasets
        ft limits {base}
        ft models
        ft cancel {RUNNING_JOB} --yes
        ft delete {FULL_JOB} --yes
        files list
        files retrieve {file_id}
        files download {file_id} -o copy.jsonl
        files check train.jsonl
        files delete {file_id} --yes
        models list
        models retrieve {model}
        models files {model}
        models revisions {model}
        models download {model} -o registry
        endpoints list
        endpoints retrieve {made}
        endpoints start {made} --yes
        endpoints stop {made} --yes
        endpoints delete {made} --yes
        chat m Hello
        whoami
        extract {archive}
        verify model
        inspect model
        inspect {archive}
        ls .
        prune . --keep last
        doctor
    """
    names = {"files upload", "endpoints hardware", "endpoints create"}
    for line in filter(None, map(str.strip, lines.splitlines())):
        outcome = command(*line.split(), "--json")  # the fixture checks the document
        assert outcome.code == 0, (line, outcome.err)
        names.add(command_of(line.split()))
    # A running simulator has a test of its own (test_cli_streams).
    assert names | {"simulator"} == COMMANDS.keys()


def test_every_command_has_a_schema() -> None:
    found = {entry.name.removeprefix("together-ext ") for entry in entries() if not entry.is_group}
    assert found - WITHOUT == COMMANDS.keys()


def test_lists_have_one_shape(command: Command) -> None:
    for name in ("list", f"list-checkpoints {LORA_JOB}", f"list-events {LORA_JOB}", f"metrics {LORA_JOB}", "models"):
        assert command("ft", *name.split(), "--json").json["data"]


@pytest.mark.parametrize(
    "arguments", [("ft", "status", "ft-none"), ("verify", "."), ("ft", "list", "--nothing"), ("ft",)]
)
def test_an_error_is_a_document(arguments: tuple[str, ...], command: Command) -> None:
    outcome = command(*arguments, "--json")
    assert outcome.code != 0
    assert sorted(outcome.json["error"]) == ["code", "message"]


def test_a_folder_that_has_changed_is_an_error_with_the_differences(command: Command, archive: str) -> None:
    command("extract", archive, "-q")
    Path("model/more.txt").write_text("more")
    document = command("verify", "model", "--json").json
    assert (document["error"]["code"], document["extra"]) == ("folder_changed", ["more.txt"])


@pytest.mark.parametrize(
    ("arguments", "document"),
    [
        (("ft", "list"), []),
        (("ft", "ls"), {}),
        (("ft", "--quiet", "list_checkpoints", LORA_JOB), {"data": [{"step": "250"}]}),
        ((LORA_JOB, "ft", LORA_JOB), {"status": "completed"}),
        (("ft", "download", LORA_JOB), {"data": [{"name": LORA_JOB, "seconds": 1}]}),
        (("whoami",), {"error": "no"}),
    ],
)
def test_another_document_is_not_accepted(arguments: tuple[str, ...], document: object) -> None:
    with pytest.raises(AssertionError, match="does not have the schema"):
        check_document([*arguments, "--json"], json.dumps(document))
