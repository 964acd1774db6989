"""Terminals of 60, 80 and 120 columns: no word, ID or path is broken, lists can be filtered, and empty lists say so."""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from together_ext.cli.commands.download_many import NOTHING_SELECTED
from together_ext.simulator import DPO_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Fault, Simulator

if TYPE_CHECKING:
    from tests.integration.conftest import Outcome

Command = Callable[..., "Outcome"]

LISTS = {
    "ft list": [LORA_JOB, "completed", "LoRA", "full"],
    f"ft list-checkpoints {LORA_JOB}": [f"{LORA_JOB}:750", "Intermediate", "1000"],
    f"ft list-events {LORA_JOB}": ["meta-llama/Meta-Llama-3.1-8B-Instruct-Reference"],
    f"ft retrieve {LORA_JOB}": [LORA_JOB, f"s3://simulated-finetunes/{LORA_JOB}/final", "lr_scheduler_type=cosine,"],
    f"ft metrics {LORA_JOB}": [f"{LORA_JOB}:750", "0.67852", "TRAIN_LEARNING_RATE"],
    "ft models": ["meta-llama/Meta-Llama-3.1-8B-Instruct-Reference"],
    "ft price -t file-1 -M acme/Tiny": ["$0.71"],
    "files list": ["file-1", "conversations.jsonl"],
    "endpoints list": ["STATE", "NAME"],
    "endpoints hardware": ["1x_nvidia_h100_80gb_sxm", "$3.36"],
}


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def tar_of(name: str) -> bytes:
    """An archive with one empty file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    return packed.getvalue()


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("line", LISTS)
def test_no_word_is_broken(
    line: str, columns: int, command: Command, on_a_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command("endpoints", "create", "--model", "acme/Tiny", "--hardware", "1x_nvidia_h100_80gb_sxm", "--yes")
    monkeypatch.setenv("COLUMNS", str(columns))
    out = re.sub(r"\x1b\[[0-9;]*m", "", on_a_terminal(*line.split()))
    table = [text for text in out.splitlines() if not text.startswith("warning: ")]
    too_wide = [text for text in table if len(text.rstrip()) > columns and len(text.split()) > 1]
    assert too_wide == []
    assert set(LISTS[line]) <= set(out.replace(",\n", "\n").split()) | set(out.split())


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize(
    "command_line", ["", "ft", "ft create", "ft download", "ft metrics", "endpoints create", "chat"]
)
def test_help_is_wrapped_between_words(
    command_line: str, columns: int, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = command(*command_line.split(), "--help").out
    assert max(map(len, out.splitlines())) <= columns
    assert "{" not in out


def test_times_in_tables_are_marked_as_utc(command: Command, on_a_terminal: Callable[..., str], sim: Simulator) -> None:
    sim.add_archive(DPO_JOB, tar_of("config.json"))
    model = command("models", "list", "-q").out.split()[-1]
    command("ft", "download", DPO_JOB, "--extract", "-o", "models")
    tables = ("ft list", f"ft list-checkpoints {LORA_JOB}", f"ft list-events {LORA_JOB}", "files list", "ls models")
    for line in (*tables, f"models revisions {model}"):
        out = on_a_terminal(*line.split())
        assert re.search(r"[A-Z] \(UTC\)", out), line
        assert re.search(r"\b20\d\d-\d\d-\d\d \d\d:\d\d\b", out), line
        assert not re.search(r"\d\d:\d\d:\d\d", out), line


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_several_downloads_are_a_table(
    columns: int, command: Command, on_a_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("ft", "download", LORA_JOB, FULL_JOB, "-o", "models").code == 0
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    out = on_a_terminal("ft", "download", LORA_JOB, FULL_JOB, "-o", "models")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
    assert [text for text in lines if "\t" in text or (len(text) > columns and len(text.split()) > 1)] == []
    assert {LORA_JOB, FULL_JOB, "NAME", "SIZE"} <= set(" ".join(lines).split())


def test_messages_are_wrapped_between_words(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("COLUMNS", "60")
    assert command("ft", "delete", f"{LORA_JOB}:500", "--yes").code == 2
    lines = err.getvalue().splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 60
    assert f"{LORA_JOB}:500" in " ".join(lines)


# Filters --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--limit", "2"), [RUNNING_JOB, DPO_JOB]),
        (("--status", "running"), [RUNNING_JOB]),
        (("--status", "RUNNING", "--status", "completed", "-n", "2"), [RUNNING_JOB, DPO_JOB]),
        (("--status", "completed"), [DPO_JOB, LORA_JOB, FULL_JOB]),
        (("--suffix", "support-bot"), [LORA_JOB]),
        (("--suffix", "support"), []),
        (("--status", "error", "--suffix", "support-bot"), []),
    ],
)
def test_jobs_can_be_filtered(options: tuple[str, ...], found: list[str], command: Command) -> None:
    assert command("ft", "list", *options, "-q").out.split() == found
    assert [line.split("\t")[0] for line in command("ft", "list", *options).out.splitlines()] == found
    document = json.loads(command("ft", "list", *options, "--json").out)
    assert [job["id"] for job in document["data"]] == found


def test_a_limit_is_at_least_one(command: Command, sim: Simulator) -> None:
    outcome = command("ft", "list", "--limit", "0")
    assert (outcome.code, sim.requests) == (2, [])
    assert "--limit" in outcome.err


@pytest.mark.off_contract
@pytest.mark.parametrize(
    ("training", "shown"),
    [({"type": "Lora"}, "LoRA"), ({"type": "Full"}, "full"), ({"type": "Sparse\x1b"}, "Sparse"), ({}, "-"), (7, "-")],
)
def test_the_type_of_a_job_is_shown(training: object, shown: str, command: Command, sim: Simulator) -> None:
    sim.job(RUNNING_JOB).overrides = {"training_type": training}
    assert command("ft", "list", "--limit", "1").out.rstrip("\n").split("\t")[4].strip() == shown


# Empty lists ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "body", "said"),
    [
        ("ft list", {"data": []}, "no jobs"),
        ("ft list --status completed", {"data": []}, "no jobs match the filters"),
        (f"ft list-checkpoints {LORA_JOB}", {"data": []}, f"{LORA_JOB} has no checkpoints"),
        (f"ft list-events {LORA_JOB}", {"data": []}, f"{LORA_JOB} has no events"),
        ("ft models", {"models": []}, "no base models"),
        ("ft models nothing", None, "no base model contains 'nothing'"),
        ("files list", {"data": []}, "no files"),
        ("endpoints list", {"data": []}, "no endpoints"),
        ("endpoints hardware", {"data": []}, "no hardware"),
        ("ft download --suffix nothing --dry-run", None, NOTHING_SELECTED),
        ("ls .", None, "no extracted folders"),
        ("prune . --keep last", None, "no extracted folders"),
    ],
)
def test_an_empty_list_prints_a_message(
    line: str, body: object, said: str, command: Command, on_a_terminal: Callable[..., str], sim: Simulator
) -> None:
    if body is not None:
        headers = {"content-type": "application/json"}
        sim.script(Fault(path="/", status=200, body=json.dumps(body).encode(), headers=headers, times=None))
    *warnings, shown = on_a_terminal(*line.split()).splitlines()
    assert (shown, all(text.startswith("warning: ") for text in warnings)) == (said, True)
    plain, quiet = command(*line.split()), command(*line.split(), "--quiet")
    assert (plain.code, plain.out, plain.err.splitlines()) == (0, "", [*warnings, said])
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


# After an extraction --------------------------------------------------------------------------------------------------


def test_an_extraction_ends_with_the_inspect_command(command: Command, sim: Simulator, folder: Path) -> None:
    sim.add_archive(LORA_JOB, tar_of("config.json"))
    outcome = command("ft", "download", LORA_JOB, "--extract", "-o", "my models")
    made = outcome.out.splitlines()[0]
    hint = outcome.err.splitlines()[-1]
    assert hint == f"to see how to load the model, run: together-ext inspect '{made}'"
    assert made.startswith(f"{folder}/my models/")
    assert not any("vllm" in line or "pip " in line for line in outcome.err.splitlines())


# Help -----------------------------------------------------------------------------------------------------------------


def test_no_example_skips_a_confirmation() -> None:
    from together_ext.cli.app import COMMANDS, app  # noqa: PLC0415 -- Typer is slow to load

    groups = [group.typer_instance.info.cls for group in app.registered_groups if group.typer_instance is not None]
    entries = [*COMMANDS, *(entry for group in groups for entry in group.entries)]  # type: ignore[union-attr]
    assert len(entries) > 20
    assert [line for _, _, line in entries if re.search(r"--yes|-y\b", line)] == []
