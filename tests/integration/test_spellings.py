"""Commands as users of the official command line 3.1.1 type them, and what is suggested for mistyped ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from together_ext.cli.spellings import Spellings, suggestions
from together_ext.simulator import FULL_JOB, LORA_JOB, MODEL, RUNNING_JOB, TRAINING_FILE, Fault, Simulator
from tools.docs.commands import entries

if TYPE_CHECKING:
    from tests.integration.conftest import Outcome

Command = Callable[..., "Outcome"]

LINE = json.dumps({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}) + "\n"

SAME = {
    ("ft", "ls"): ("ft", "list"),
    ("ft", "get", LORA_JOB): ("ft", "retrieve", LORA_JOB),
    ("ft", LORA_JOB): ("ft", "retrieve", LORA_JOB),
    ("fine_tuning", LORA_JOB, "--json"): ("ft", "retrieve", LORA_JOB, "--json"),
    ("ft", "list-metrics", FULL_JOB): ("ft", "metrics", FULL_JOB),
    ("ft", "list_metrics", FULL_JOB): ("ft", "metrics", FULL_JOB),
    ("ft", "model-limits", MODEL): ("ft", "limits", MODEL),
    ("ft", "model-limits", "-M", MODEL): ("ft", "limits", MODEL),
    ("ft", "get", LORA_JOB, "--no-plots", "--no-json"): ("ft", "retrieve", LORA_JOB),
    ("files", "ls"): ("files", "list"),
    ("files", "get", TRAINING_FILE): ("files", "retrieve", TRAINING_FILE),
    ("files", TRAINING_FILE): ("files", "retrieve", TRAINING_FILE),
    ("files", "download", TRAINING_FILE, "--stdout"): ("files", "content", TRAINING_FILE),
    ("models", "ls"): ("models", "list"),
    ("endpoints", "ls"): ("endpoints", "list"),
    ("ft", "list", "--timeout", "30", "--max-retries", "0", "--non-interactive", "--debug"): ("ft", "list"),
}
"""The official spelling, and ours."""


@pytest.mark.parametrize("theirs", SAME, ids=" ".join)
def test_a_spelling_means_the_same_command(command: Command, theirs: tuple[str, ...]) -> None:
    ours, outcome = command(*SAME[theirs]), command(*theirs)
    assert (outcome.code, outcome.out) == (0, ours.out)


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        (["download", LORA_JOB], "fine-tuning download, files download"),
        (["lst"], "list"),
        (["ft", "limits"], "one MODEL is required"),
        (["ft", "lst"], "list"),
        (["fils", "list"], "files"),
        (["ft", "list-checkpoint", LORA_JOB], "list-checkpoints"),
        (["upload", "a.jsonl"], "files upload"),
        (["retreive", LORA_JOB], "fine-tuning retrieve"),
        (["ft", "download", LORA_JOB, "--checkpint-type", "adapter"], "--checkpoint-type"),
        (["ft", "retrieve", TRAINING_FILE], "together-ext files retrieve"),
        (["files", "retrieve", LORA_JOB], "together-ext ft retrieve"),
        (["ft", "create", "-m", MODEL, "-t", TRAINING_FILE], f"-M {MODEL}"),
        (["ft", "list", "--api-key", "sk-secret"], "--api-key-file"),
        (["ft", "list", "--after", LORA_JOB], "lists are complete"),
        (["ft", "retrieve", "--fine_tune_id", LORA_JOB], "pass the ID without it"),
        (["files", "upload", "--file", "train.jsonl"], "pass the file without it"),
        (["models", "public"], "together-ext ft models"),
        (["models", "upload", "x"], "use the official command line"),
        (["batches", "list"], "use the official command line"),
    ],
)
def test_a_mistake_shows_what_to_type(command: Command, sim: Simulator, typed: list[str], suggested: str) -> None:
    outcome = command(*typed)
    assert (outcome.code, suggested in outcome.err) == (2, True), outcome.err
    assert "sk-secret" not in outcome.err
    assert sim.requests == []


EVERYDAY = f"""
whoami
files check train.jsonl
files upload train.jsonl
files upload --purpose eval ./val.jsonl
files ls
files get {TRAINING_FILE}
files download {TRAINING_FILE} --output data
ft model-limits {MODEL}
ft create -t train.jsonl -v val.jsonl -M {MODEL} --lora --n-epochs 2 --suffix first --confirm
ft create --training-file {TRAINING_FILE} --model {MODEL} --no-lora --confirm
ft ls
ft {LORA_JOB}
ft list-events {LORA_JOB}
ft list-checkpoints {LORA_JOB}
ft list-metrics {LORA_JOB}
ft download {LORA_JOB} -o out -c adapter
ft download {LORA_JOB}:500 --output-dir out --checkpoint-type merged
ft cancel {RUNNING_JOB} --yes
ft delete {FULL_JOB} --force
models ls
models get {{registered}}
models ls-files {{registered}}
models download {{registered}} out
files delete {TRAINING_FILE} --yes
"""
"""What a user of the official command line types on the first days, in order."""


def test_the_first_days_of_a_user_of_the_official_command_line(command: Command, sim: Simulator, folder: Path) -> None:
    (folder / "train.jsonl").write_text(LINE * 3)
    (folder / "val.jsonl").write_text(LINE)
    typed = EVERYDAY.format(registered=sim.registry.all()[0].id).split("\n")[1:-1]
    assert len(typed) >= 20
    failed = [(line, outcome.err) for line in typed if (outcome := command(*line.split())).code]
    assert failed == []
    assert len(list((folder / "out").glob("*.tar.zst"))) == 2


class TestCreate:
    def test_local_files_are_uploaded_first(self, command: Command, sim: Simulator, folder: Path) -> None:
        (folder / "train.jsonl").write_text(LINE)
        (folder / "val.jsonl").write_text(LINE * 2)
        outcome = command("ft", "create", "-t", "./train.jsonl", "-v", "val.jsonl", "-M", MODEL, "-m", "sft", "-y")
        assert outcome.code == 0, outcome.err
        created = sim._account.all()[-1].settings
        names = {str(created[name]): name for name in ("training_file", "validation_file")}
        uploaded = {file.id: file.name for file in sim._files.all()}
        assert {uploaded[file_id] for file_id in names} == {"train.jsonl", "val.jsonl"}
        assert f"uploaded ./train.jsonl as {created['training_file']}" in outcome.err

    def test_an_invalid_file_or_option_is_refused_before_any_request(
        self, command: Command, sim: Simulator, folder: Path
    ) -> None:
        (folder / "train.jsonl").write_text("{}\n")
        create = ("ft", "create", "-t", "train.jsonl", "-M", MODEL, "-y")
        assert command(*create, "-m", "dpo", "--train-on-inputs", "true").code == 2
        assert "line 1" in command(*create).err
        assert sim.requests == []
        assert command("ft", "create", "-t", "missing.jsonl", "-M", MODEL, "-y").code == 4

    def test_a_price_needs_an_uploaded_file(self, command: Command, sim: Simulator) -> None:
        outcome = command("ft", "price", "-t", "train.jsonl", "-M", MODEL)
        assert (outcome.code, "files upload" in outcome.err, sim.requests) == (2, True, [])


class TestFiles:
    def test_a_file_is_downloaded_under_its_own_name(self, command: Command, sim: Simulator, folder: Path) -> None:
        file_id = sim.add_file(b"content", "../../.a b:c.jsonl")
        outcome = command("files", "download", file_id, "--output", "datasets")
        path = folder / "datasets" / "a b-c.jsonl"
        assert (outcome.code, path.read_bytes()) == (0, b"content"), outcome.err
        assert outcome.out.strip().endswith("datasets/a b-c.jsonl")
        assert command("files", "download", file_id, "--output", "datasets").code == 0
        path.write_bytes(b"changed")
        assert command("files", "download", file_id, "--output", "datasets").code == 7
        assert path.read_bytes() == b"changed"
        assert command("files", "download", file_id).code == 0
        assert command("files", "download", file_id, "-o", "other.jsonl", "--json").json["size"] == 7

    def test_the_purpose_of_an_upload_is_an_option(self, command: Command, sim: Simulator, folder: Path) -> None:
        (folder / "train.jsonl").write_text(LINE)
        assert command("files", "upload", "train.jsonl", "--purpose", "eval").code == 0
        assert sim._files.all()[-1].purpose == "eval"

    def test_a_download_goes_to_a_path_or_to_standard_output(self, command: Command) -> None:
        assert command("files", "download", TRAINING_FILE, "--stdout", "-o", "x").code == 2

    def test_a_file_is_checked_without_a_request(self, command: Command, sim: Simulator, folder: Path) -> None:
        (folder / "good.jsonl").write_text(LINE * 3)
        (folder / "bad.jsonl").write_text(LINE + "[]\n")
        (folder / "table.csv").write_text("a,b\n")
        assert command("files", "check", "good.jsonl").out == "OK: 3 lines are valid\n"
        assert command("files", "check", "good.jsonl", "--json").json["lines"] == 3
        assert "line 2" in command("files", "check", "bad.jsonl").err
        assert command("files", "check", "table.csv").code == 0
        assert command("files", "check", "table.txt").code == 2
        assert command("files", "check", "missing.jsonl").code == 4
        assert sim.requests == []


class TestKeys:
    def test_the_key_is_read_from_a_file(
        self, command: Command, sim: Simulator, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "key").write_text(f"{sim.api_key}\n")
        monkeypatch.delenv("TOGETHER_API_KEY")
        assert command("ft", "list", "--api-key-file", "key").code == 0

    @pytest.mark.parametrize("content", [None, b"", b"two words", b"\xff"])
    def test_a_file_without_a_key_is_refused(
        self, command: Command, sim: Simulator, folder: Path, content: bytes | None
    ) -> None:
        if content is not None:
            (folder / "key").write_bytes(content)
        outcome = command("ft", "list", "--api-key-file", "key")
        assert (outcome.code, "--api-key-file" in outcome.err, sim.requests) == (2, True, [])


def test_a_command_that_is_not_interactive_asks_nothing(command: Command, sim: Simulator) -> None:
    outcome = command("ft", "delete", LORA_JOB, "--non-interactive")
    assert (outcome.code, "--yes" in outcome.err) == (2, True)
    assert command("ft", "delete", LORA_JOB, "--non-interactive", "--force").code == 0
    assert LORA_JOB not in [job.id for job in sim.jobs()]


GLOBAL = ("--timeout", "--max-retries", "--non-interactive", "--api-key-file", "--project", "--base-url", "--json")


def test_every_command_takes_the_common_options() -> None:
    """`--timeout` of a command that waits for a job is the time limit of the wait."""
    missing = {
        entry.name: [name for name in GLOBAL if not any(name in option.opts for option in entry.command.params)]
        for entry in entries()
    }
    assert {name: left for name, left in missing.items() if left} == {}
    own = {
        entry.name.removeprefix("together-ext ")
        for entry in entries()
        if any("--timeout" in option.opts and option.metavar == "TIME" for option in entry.command.params)
    }
    assert own == {"fine-tuning wait", "fine-tuning download"}


@pytest.mark.parametrize(
    "typed",
    [
        ("files", "list", "--max-retries", "2"),
        ("files", "--max-retries", "2", "list"),
        ("--max-retries", "2", "--timeout", "20", "files", "list"),
    ],
    ids=" ".join,
)
def test_a_common_option_counts_at_every_place(command: Command, sim: Simulator, typed: tuple[str, ...]) -> None:
    sim.script(Fault(path="/files", status=503, times=2))
    assert (command(*typed).code, len(sim.requests)) == (0, 3)
    sim.script(Fault(path="/files", status=503))
    assert command("files", "list", "--max-retries", "0").code == 8


def test_the_timeout_of_a_request_goes_before_a_command_that_has_its_own(command: Command, sim: Simulator) -> None:
    assert command("--timeout", "20", "ft", "download", LORA_JOB).code == 0
    sim.script(Fault(path="/fine-tunes", hold=True))
    outcome = command("--timeout", "0.05", "--max-retries", "0", "ft", "wait", LORA_JOB, "--timeout", "0s")
    sim.release()
    assert (outcome.code, "no response within the timeout" in outcome.err) == (8, True)


def test_the_project_is_that_of_the_option(command: Command, sim: Simulator) -> None:
    assert command("models", "list", "--project", "other").code in {0, 4}
    assert [request.path for request in sim.requests] == ["/v2/projects/other/models"]


def test_a_known_name_is_never_another_spelling() -> None:
    spellings = Spellings({"ls": "list", "get": "retrieve"}, "ft-")
    known = ["list", "ft-list", "get"]
    assert spellings.resolved(["ls", "a"], known) == ["list", "a"]
    assert spellings.resolved(["get"], known) == ["get"]
    assert spellings.resolved(["ft-list"], known) == ["ft-list"]
    assert spellings.resolved(["ft-1", "--json"], known) == ["retrieve", "ft-1", "--json"]
    assert spellings.resolved(["other"], known) == ["other"]


def test_exact_names_one_level_below_come_first() -> None:
    below = {"files": ["download", "list"], "models": ["download"]}
    assert suggestions("download", ["upload"], below) == ["files download", "models download"]
    assert suggestions("xyz", ["upload"], below) == []


def test_each_client_announces_the_end_of_endpoints_once_on_use(sim: Simulator, folder: Path) -> None:
    code = (
        "from together_ext import Together\n"
        "client = Together()\n"
        "for _ in range(2):\n"
        "    client.endpoints.list()\n"
        "print(Together().fine_tuning.list().data[0].id)\n"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        env=os.environ | {"TOGETHER_BASE_URL": sim.url, "TOGETHER_API_KEY": sim.api_key},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.count("by the end of 2026") == 1
    assert done.stdout.startswith("ft-")
