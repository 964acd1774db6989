"""What the commands print, send and leave on the disk when all goes well."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import attrs
import pytest

from together_ext.cli import main
from together_ext.simulator import DPO_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Fault, Simulator
from together_generated.models import FinetuneCreateRequest
from tools.json_documents import Check

SMALL = b"\x28\xb5\x2f\xfd\x20\x5b\xd9\x02\x00" + bytes(range(91))
COMMANDS = (
    "list",
    "retrieve",
    "status",
    "wait",
    "list-checkpoints",
    "list-events",
    "download",
    "create",
    "price",
    "limits",
    "models",
    "metrics",
    "cancel",
    "delete",
)
NAME = "acme-research--Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 -- any JSON
        """The one document on standard output."""
        return json.loads(self.out)


class Cli:
    """The program, in this process, in a folder of its own."""

    def __init__(self, sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str], conforms: Check) -> None:
        self.sim, self.folder, self._capsys, self._conforms = sim, folder, capsys, conforms

    def __call__(self, *args: str) -> Outcome:
        """Run a command that shall succeed."""
        code = main(args)
        captured = self._capsys.readouterr()
        assert code == 0, captured.err
        self._conforms(args, captured.out)
        return Outcome(code, captured.out, captured.err)


@pytest.fixture
def cli(
    sim: Simulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    conforms: Check,
) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    monkeypatch.setenv("TOGETHER_BASE_URL", sim.url)
    monkeypatch.setenv("COLUMNS", "80")
    return Cli(sim, tmp_path, capsys, conforms)


class Terminal(io.StringIO):
    """A user at a keyboard."""

    def isatty(self) -> bool:
        return True


def cells(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


# Help -----------------------------------------------------------------------------------------------------------------


def test_help_lists_every_command(cli: Cli) -> None:
    outer, inner = cli("--help").out, cli("ft", "--help").out
    assert "fine-tuning" in outer
    assert "simulator" in outer
    assert all(f"  {command}  " in inner for command in COMMANDS)


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("ft",),
        ("simulator",),
        ("extract",),
        ("verify",),
        ("inspect",),
        ("chat",),
        *(("fine-tuning", name) for name in COMMANDS),
        *(("files", name) for name in ("upload", "list", "retrieve", "content", "delete")),
        *(("endpoints", name) for name in ("create", "list", "retrieve", "start", "stop", "delete", "hardware")),
    ],
)
def test_help_fits_80_columns_and_has_an_example(command: tuple[str, ...], cli: Cli) -> None:
    text = cli(*command, "--help").out
    assert max(map(len, text.splitlines())) <= 80
    assert "Example:\n    together-ext " in text or 'Example:\n    test "$(together-ext ' in text
    assert "..." not in text.partition("Commands:")[2].partition("Example:")[0]
    for option in ("--json", "-q, --quiet", "--verbose", "--base-url URL", "-h, --help"):
        assert option in text


def test_the_version_is_that_of_the_package(cli: Cli) -> None:
    from together_ext import __version__  # noqa: PLC0415

    assert cli("--version").out == f"together-ext {__version__}\n"


# Jobs -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["fine-tuning", "ft", "fine_tuning"])
def test_jobs_are_listed_newest_first_and_in_full(group: str, cli: Cli) -> None:
    rows = cells(cli(group, "list").out)
    assert [row[0] for row in rows][:3] == [RUNNING_JOB, DPO_JOB, LORA_JOB]
    assert rows[2][1:] == ["completed", "2026-01-15T08:30:00.589793+00:00", NAME.replace("--", "/"), "LoRA"]
    assert {row[0]: row[4] for row in rows}[FULL_JOB] == "full"


def test_quiet_lists_only_the_ids(cli: Cli) -> None:
    assert cli("ft", "list", "-q").out.split()[:2] == [RUNNING_JOB, DPO_JOB]


@pytest.mark.parametrize("args", [("--json", "ft", "list"), ("ft", "--json", "list"), ("ft", "list", "--json")])
def test_json_is_accepted_at_every_position(args: tuple[str, ...], cli: Cli) -> None:
    outcome = cli(*args)
    assert [job["id"] for job in outcome.json["data"]][:2] == [RUNNING_JOB, DPO_JOB]
    assert outcome.err == ""


def test_the_base_url_can_be_given(cli: Cli, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_BASE_URL", "http://127.0.0.1:9")
    assert LORA_JOB in cli("ft", "list", "--base-url", sim.url).out
    assert LORA_JOB in cli("--base-url", sim.url.removesuffix("/v1"), "ft", "list").out
    assert LORA_JOB in cli("ft", "list", "--base_url", sim.url).out


def test_a_job_is_shown_as_names_and_values(cli: Cli) -> None:
    pairs = dict(cells(cli("ft", "retrieve", LORA_JOB).out))
    assert pairs["id"] == LORA_JOB
    assert pairs["status"] == "completed"
    assert pairs["events"] == "17"
    assert pairs["lr_scheduler"] == ("lr_scheduler_type=cosine, lr_scheduler_args=(num_cycles=0.5, min_lr_ratio=0.1)")
    assert "validation_file" not in pairs
    assert cli("ft", "retrieve", LORA_JOB, "--json").json["events"][0]["message"] == "Fine tune request created"


def test_the_status_is_printed_alone(cli: Cli, sim: Simulator) -> None:
    assert cli("ft", "status", RUNNING_JOB).out == "running\n"
    assert cli("ft", "status", RUNNING_JOB, "--json").json == {"id": RUNNING_JOB, "status": "running"}
    sim.job(RUNNING_JOB).status = "pondering"
    assert cli("ft", "status", RUNNING_JOB).out == "pondering\n"
    sim.job(RUNNING_JOB).absent = {"status"}
    assert cli("ft", "status", RUNNING_JOB).out == "unknown\n"


def test_checkpoints_are_listed_by_names_that_download_accepts(cli: Cli) -> None:
    rows = cells(cli("ft", "list_checkpoints", LORA_JOB).out)
    assert rows[0] == ["1000", "Final", LORA_JOB, "2026-01-15T09:06:06.839793+00:00"]
    assert [row[:3] for row in rows[1:]] == [[str(s), "Intermediate", f"{LORA_JOB}:{s}"] for s in (750, 500, 250)]
    found = cli("ft", "list-checkpoints", LORA_JOB, "--json").json["data"]
    assert found[1]["name"] == f"{LORA_JOB}:750"
    assert found[1]["created_at"] == "2026-01-15T08:51:40.339793+00:00"
    for name in cli("ft", "list-checkpoints", LORA_JOB, "-q").out.split():
        cli("ft", "download", name)


def test_events_are_listed(cli: Cli) -> None:
    rows = cells(cli("ft", "list-events", LORA_JOB).out)
    assert rows[0] == ["2026-01-15T08:30:00.589793+00:00", "info", "Fine tune request created"]
    assert cells(cli("ft", "list-events", FULL_JOB).out)[0][1] == "-"
    assert cli("ft", "list-events", LORA_JOB, "--json").json["data"][0]["type"] == "job_pending"


def test_text_of_the_server_cannot_control_the_terminal(cli: Cli, sim: Simulator) -> None:
    job = sim.job(LORA_JOB)
    job.overrides = {
        "model_output_name": "\x1b]0;evil\x07na\tme\n[red]",
        "status": "\x9b31mdone",
        "suffix": "\u202eabc",
    }
    for command in (("list",), ("retrieve", LORA_JOB), ("status", LORA_JOB)):
        for option in ((), ("--json",), ("-q",)):
            out = cli("ft", *command, *option).out
            assert not {char for char in out if not char.isprintable()} - {"\n", "\t"}
    assert ["31mdone"] in [row[1:2] for row in cells(cli("ft", "list").out)]
    assert "[red]" in cli("ft", "list").out


# Creating and ending --------------------------------------------------------------------------------------------------


def test_a_job_is_created_with_the_given_options_only(cli: Cli, sim: Simulator) -> None:
    outcome = cli("ft", "create", "--training-file", "file-1", "--model", "acme/Tiny", "--yes")
    assert json.loads(sim.requests[-1].body) == {"training_file": "file-1", "model": "acme/Tiny"}
    assert outcome.out == f"{cli('ft', 'list', '-q').out.split()[0]}\n"
    assert f"together-ext ft wait {outcome.out.strip()}" in outcome.err
    assert "estimated price: $0.71 (1,482,137 training tokens)" in outcome.err


def test_every_field_of_a_job_has_an_option(cli: Cli, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "wandb-key")
    monkeypatch.setenv("HF_TOKEN", "hf-token")
    cli(
        *("ft", "create", "--training_file", "f", "--model", "m", "--validation-file", "v", "--n-epochs", "2"),
        *(
            "--n_checkpoints",
            "3",
            "--n-evals",
            "4",
            "--batch-size",
            "8",
            "--gradient-accumulation-steps",
            "2",
            "--learning-rate",
            "1e-5",
            "--suffix",
            "s",
        ),
        *("--warmup-ratio", "0.1", "--weight-decay", "0.2", "--max-grad-norm", "0", "--random-seed", "7"),
        *("--max-seq-length", "512", "--no-packing", "--lr-scheduler-type", "linear", "--min_lr_ratio", "0.1"),
        *("--early-stopping", "--early-stopping-patience", "1", "--early-stopping-min-delta", "0.1"),
        *("--early-stopping-warmup-evals", "0"),
        *("--lora-r", "16", "--training-method", "sft", "--train-on-inputs", "auto", "--train-vision"),
        *("--from-hf-model", "a/b", "--hf-model-revision", "main", "--yes"),
        *("--hf-output-repo-name", "a/c", "--hf-token-from-env", "--wandb", "--wandb-base-url", "http://w"),
        *("--wandb-project-name", "p", "--wandb-name", "n", "--wandb-entity", "e"),
    )
    sent = json.loads(sim.requests[-1].body)
    fields = {field.name for field in attrs.fields(FinetuneCreateRequest) if field.init}
    assert set(sent) == fields - {"train_on_inputs", "from_checkpoint"}
    assert sent["training_type"] == {"type": "Lora", "lora_r": 16, "lora_alpha": 16}
    assert sent["training_method"] == {"method": "sft", "train_on_inputs": "auto"}
    assert (sent["wandb_api_key"], sent["hf_api_token"]) == ("wandb-key", "hf-token")
    assert (sent["packing"], sent["max_grad_norm"], sent["batch_size"]) == (False, 0, 8)
    assert sent["multimodal_params"] == {"train_vision": True}


def test_keys_of_other_services_are_sent_only_on_request(
    cli: Cli, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "wandb-key")
    monkeypatch.setenv("HF_TOKEN", "hf-token")
    outcome = cli("ft", "create", "--training-file", "f", "--model", "m", "--wandb-name", "n", "--json", "--yes")
    assert outcome.json["status"] == "pending"
    assert not {"wandb_api_key", "hf_api_token"} & set(json.loads(sim.requests[-1].body))


@pytest.mark.parametrize(
    ("answer", "sent"), [("y\n", True), ("YES\n", True), ("\n", False), ("no\n", False), ("", False)]
)
@pytest.mark.usefixtures("cli")
def test_cancel_requires_confirmation(
    answer: str,
    sent: bool,  # noqa: FBT001
    sim: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    code = main(["ft", "cancel", RUNNING_JOB])
    captured = capsys.readouterr()
    assert f"cancel {RUNNING_JOB}? [y/N]" in captured.err
    assert [request.method for request in sim.requests] == (["POST"] if sent else [])
    assert (code, captured.out) == ((0, f"{RUNNING_JOB}\tcancel_requested\n") if sent else (1, ""))


def test_yes_skips_the_confirmation(cli: Cli, sim: Simulator) -> None:
    assert cli("ft", "cancel", RUNNING_JOB, "--yes").out == f"{RUNNING_JOB}\tcancel_requested\n"
    assert cli("ft", "delete", LORA_JOB, "-y").out == f"Fine-tune job {LORA_JOB} has been deleted\n"
    assert cli("ft", "delete", FULL_JOB, "-y", "--json").json == {
        "message": f"Fine-tune job {FULL_JOB} has been deleted"
    }
    assert LORA_JOB not in cli("ft", "list").out
    sim.script(Fault(path="/fine-tunes", status=200, body=b"{}"))
    assert cli("ft", "delete", DPO_JOB, "-y").out == f"deleted {DPO_JOB}\n"


@pytest.mark.parametrize("command", ["cancel", "delete"])
@pytest.mark.parametrize("gone", [False, True])
def test_without_a_terminal_nothing_is_sent(
    command: str,
    gone: bool,  # noqa: FBT001
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", None if gone else io.StringIO("y\n"))
    assert main(["ft", command, LORA_JOB]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        captured.err == f"error: confirmation required to {command} {LORA_JOB}: pass --yes to run non-interactively\n"
    )
    assert cli.sim.requests == []


# Downloading ----------------------------------------------------------------------------------------------------------


def test_the_commands_of_the_documentation_work(cli: Cli, sim: Simulator) -> None:
    """Copied from it, with the program's name changed."""
    sim.add_job("ft-abc123", steps=(48, 96), archive=SMALL)
    paths = [
        Path(cli(*line.split()[1:]).out.splitlines()[0])
        for line in (
            "together-ext fine-tuning download ft-abc123",
            "together-ext fine-tuning download ft-abc123 --output_dir ./my-model",
            "together-ext fine-tuning download ft-abc123 --checkpoint-step 48",
            "together-ext fine-tuning download ft-abc123 --checkpoint-type merged",
            "together-ext fine-tuning download ft-abc123 --checkpoint-type adapter",
            "together-ext ft download ft-abc123 -c adapter -s 96",
        )
    ]
    stem = "acme-research--Tiny-Llama-added-0badcafe"
    assert [str(path.relative_to(cli.folder)) for path in paths] == [
        f"{stem}.tar.zst",
        f"my-model/{stem}.tar.zst",
        f"{stem}-checkpoint-48.tar.zst",
        f"{stem}.tar.zst",
        f"{stem}-adapter.tar.zst",
        f"{stem}-checkpoint-96-adapter.tar.zst",
    ]
    assert all(path.read_bytes() == SMALL for path in paths)


@pytest.mark.parametrize("option", ["-o", "--output-dir", "--output_dir"])
@pytest.mark.parametrize("place", ["models", "models/", "deep/er", "."])
def test_the_output_folder_is_created(option: str, place: str, cli: Cli) -> None:
    path = cli.folder / place / f"{NAME}.tar.zst"
    assert cli("ft", "download", LORA_JOB, option, place, "-q").out == f"{path}\n"
    assert path.read_bytes() == SMALL


def test_the_output_file_is_that_path(cli: Cli) -> None:
    outcome = cli("ft", "download", LORA_JOB, "--output", "new/weights")
    assert outcome.out.splitlines()[0] == str(cli.folder / "new" / "weights")
    assert (cli.folder / "new" / "weights").read_bytes() == SMALL


def test_the_default_output_is_the_current_folder(cli: Cli) -> None:
    outcome = cli("ft", "download", f"{LORA_JOB}:500", "--checkpoint_type", "ADAPTER")
    path, summary = outcome.out.splitlines()
    assert path == str(cli.folder / f"{NAME}-checkpoint-500-adapter.tar.zst")
    assert summary.startswith("100 B in ")
    assert summary.endswith("/s)")
    assert outcome.err == ""


def test_an_existing_file_is_not_downloaded_again(cli: Cli, sim: Simulator) -> None:
    cli("ft", "download", LORA_JOB, "-s", "500")
    before = len(sim.requests)
    assert cli("ft", "download", LORA_JOB, "-s", "500").out.splitlines()[1] == "already downloaded (100 B)"
    cli("ft", "download", LORA_JOB, "-s", "500", "--overwrite", "--connections", "2")
    assert len(sim.requests) > before


def test_a_download_is_printed_as_json(cli: Cli) -> None:
    outcome = cli("ft", "download", f"{LORA_JOB}:250", "--json")
    assert outcome.json == {
        "object": "local",
        "id": LORA_JOB,
        "checkpoint_step": 250,
        "checkpoint_type": "merged",
        "filename": str(cli.folder / f"{NAME}-checkpoint-250.tar.zst"),
        "size": 100,
        "sha256": None,
        "extracted_to": None,
        "layout": None,
        "files": [],
        "resumed_from": 0,
        "source": "archive",
        "verified": "structure",
        "best": None,
    }
    assert outcome.err == ""


def test_a_different_file_is_replaced_only_if_allowed(cli: Cli) -> None:
    (cli.folder / "weights").write_bytes(b"older")
    assert main(["ft", "download", LORA_JOB, "--output", "weights"]) == 7
    assert (cli.folder / "weights").read_bytes() == b"older"
    cli("ft", "download", LORA_JOB, "--output", "weights", "--overwrite")
    assert (cli.folder / "weights").read_bytes() == SMALL
