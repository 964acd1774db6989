"""`together-ext ft download` of several names: which, what is printed, the manifest, and the exit code."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from together_ext.cli.exits import Exit
from together_ext.cli.render.many import Lines
from together_ext.cli.render.tally import Tally
from together_ext.simulator import FAILED_JOB, FULL_JOB, LORA_JOB, Fault, Simulator
from together_ext.simulator.archives import pack
from together_ext.simulator.models import adapter_files
from together_ext.transfer import DownloadProgress

from .conftest import SMALL, Outcome

Command = Callable[..., Outcome]


def test_several_ids_print_a_line_each(command: Command, folder: Path) -> None:
    outcome = command("ft", "download", LORA_JOB, FULL_JOB, "-o", "models")

    assert outcome.code == Exit.DONE
    rows = [line.split("\t") for line in outcome.out.splitlines()]
    assert {Path(path) for path, _, _ in rows} == set((folder / "models").iterdir())
    assert {name for _, name, _ in rows} == {LORA_JOB, FULL_JOB}
    assert {size for _, _, size in rows} == {"100 B"}
    assert outcome.err.startswith("2 of 2 downloaded, 200 B in ")
    again = command("ft", "download", LORA_JOB, FULL_JOB, "-o", "models")
    assert again.err.startswith("2 of 2 downloaded (2 already existed), 0 B in ")


def test_quiet_prints_paths_alone(command: Command, folder: Path) -> None:
    outcome = command("ft", "download", LORA_JOB, FULL_JOB, "-q")
    assert {Path(line) for line in outcome.out.splitlines()} == set(folder.iterdir())
    assert outcome.err == ""


def test_json_is_one_document(command: Command) -> None:
    outcome = command("ft", "download", LORA_JOB, FAILED_JOB, "--json")

    entries = {entry["name"]: entry for entry in outcome.json["data"]}
    assert entries[LORA_JOB]["result"]["size"] == len(SMALL)
    assert entries[FAILED_JOB]["error"]["code"] == "job_not_ready"
    assert outcome.code == Exit.PARTLY


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([LORA_JOB, FULL_JOB], Exit.DONE),
        ([LORA_JOB, FAILED_JOB], Exit.PARTLY),
        ([FAILED_JOB, f"{FAILED_JOB}:999"], Exit.FAILED),
        (["ft-unknown", "ft-unknown-too"], Exit.NOT_FOUND),
        ([LORA_JOB, "nonsense"], Exit.USAGE),
    ],
)
def test_the_exit_code_tells_whether_some_or_all_failed(command: Command, ids: list[str], code: Exit) -> None:
    outcome = command("ft", "download", *ids)
    assert outcome.code == code
    errors = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert bool(errors) == (code is not Exit.DONE)


def test_every_checkpoint_is_downloaded(command: Command, folder: Path) -> None:
    listed = command("ft", "list-checkpoints", LORA_JOB, "-q").out.split()
    outcome = command("ft", "download", LORA_JOB, "--all-checkpoints", "-q")
    assert outcome.code == Exit.DONE
    assert len(outcome.out.splitlines()) == len(listed) == len(list(folder.iterdir())) > 1


def test_jobs_are_chosen_by_status(command: Command, sim: Simulator, folder: Path) -> None:
    listed = command("ft", "list", "--status", "completed", "-q").out.split()
    for job in listed:
        sim.add_archive(job, SMALL)
    outcome = command("ft", "download", "--status", "completed", "-q")
    assert outcome.code == Exit.DONE
    assert len(outcome.out.splitlines()) == len(listed) == len(list(folder.iterdir())) > 1


def test_a_selection_without_a_match_is_reported(command: Command, folder: Path) -> None:
    for more in ([], ["--dry-run"]):
        outcome = command("ft", "download", "--suffix", "typo", *more)
        assert (outcome.code, outcome.out) == (Exit.DONE, "")
        assert outcome.err == "nothing to download: no name is given, and no job matches --suffix and --status\n"
    assert list(folder.iterdir()) == []


def test_names_come_from_a_file(command: Command, folder: Path) -> None:
    (folder / "names.txt").write_text(f"# two\n{LORA_JOB}\n\n  {FULL_JOB}\n")
    outcome = command("ft", "download", "--from", "names.txt", "-o", "out", "-q")
    assert outcome.code == Exit.DONE
    assert len(list((folder / "out").iterdir())) == 2


def test_names_come_from_standard_input(command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{LORA_JOB}\n{FULL_JOB}\n"))
    assert command("ft", "download", "--from", "-", "-o", "out", "-q").code == Exit.DONE
    assert len(list((folder / "out").iterdir())) == 2


def test_a_list_of_one_name_prints_what_a_longer_list_does(command: Command, folder: Path) -> None:
    (folder / "names.txt").write_text(f"\ufeff{LORA_JOB}\r\n", encoding="utf-8")
    outcome = command("ft", "download", "--from", "names.txt", "--json")
    assert [entry["name"] for entry in outcome.json["data"]] == [LORA_JOB]


def test_a_closed_standard_input_is_reported(command: Command, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    outcome = command("ft", "download", "--from", "-")
    assert outcome.code == Exit.USAGE
    assert "standard input is closed" in outcome.err
    assert sim.requests == []


def test_a_list_that_is_a_manifest_too_keeps_its_last_line(command: Command, folder: Path) -> None:
    names = folder / "names.txt"
    names.write_text(LORA_JOB)
    assert command("ft", "download", "--from", "names.txt", "--manifest", "names.txt").code == Exit.DONE
    first, second = names.read_text().splitlines()
    assert first == json.loads(second)["name"] == LORA_JOB


def test_control_characters_of_a_listed_job_are_not_printed(command: Command, sim: Simulator) -> None:
    listed = {"data": [{"id": "ft-\x1b[31mred\x07\nerror: x", "status": "completed"}]}
    sim.script(Fault(path="/fine-tunes", status=200, body=json.dumps(listed).encode()))
    outcome = command("ft", "download", "--status", "completed")
    assert outcome.code == Exit.USAGE
    assert not set("\x1b\x07") & set(outcome.err)
    assert len([line for line in outcome.err.splitlines() if line.startswith("error: ")]) == 1


def test_an_empty_list_of_names_downloads_nothing(command: Command, folder: Path) -> None:
    (folder / "names.txt").write_text("# nothing yet\n")
    outcome = command("ft", "download", "--from", "names.txt")
    assert (outcome.code, outcome.out) == (Exit.DONE, "")


def test_a_manifest_has_what_came_where_and_can_be_given_back(command: Command, sim: Simulator, folder: Path) -> None:
    sim.add_archive(LORA_JOB, pack(adapter_files("seed")))
    names = [f"{LORA_JOB}:500", FAILED_JOB]
    options = ("-c", "adapter", "--extract", "--manifest", "manifest.jsonl")

    assert command("ft", "download", *names, *options).code == Exit.PARTLY

    lines = (folder / "manifest.jsonl").read_text().splitlines()
    entries = {entry["name"]: entry for entry in map(json.loads, lines)}
    assert set(entries) == set(names)
    assert entries[FAILED_JOB]["error"]["code"] == "job_not_ready"
    good = entries[names[0]]
    made = Path(good["result"]["extracted_to"])
    assert {file["path"] for file in good["files"]} == {path.name for path in made.iterdir()} - {"together-ext.json"}
    assert all(len(file["sha256"]) == 64 for file in good["files"])

    again = command("ft", "download", "--from", "manifest.jsonl", *options[:3], "-q")
    assert again.code == Exit.PARTLY
    assert again.out.splitlines() == [str(made)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no ID is given"),
        (["ft-a", "ft-b", "--output", "x"], "--output is for a single download"),
        (["ft-a", "ft-b", "-s", "5"], "--checkpoint-step is for a single download"),
        (["ft-a", "ft-b", "--wait"], "--wait is for a single download"),
        (["--all-checkpoints", "--suffix", "x"], "requires IDs of jobs"),
        (["--all-checkpoints", "ft-a:5"], "names a checkpoint"),
        (["--from", "missing.txt"], "--from missing.txt cannot be read"),
        (["--from", "binary"], "it is not text in UTF-8"),
        (["--from", "/dev/zero"], "line 1 of /dev/zero is longer than"),
        (["--from", "broken.jsonl"], "line 2 of broken.jsonl is not an entry"),
        (["--from", "s3://bucket/names"], "s3"),
        (["ft-a", "ft-b", "--manifest", "s3://bucket/names"], "s3"),
        (["ft-a", "ft-b", "--parallel", "0"], "'--parallel': 0 is not in the range"),
        (["--suffix", ""], "suffix is ''"),
    ],
)
def test_wrong_usage_is_refused_before_any_request(
    command: Command, sim: Simulator, folder: Path, arguments: list[str], message: str
) -> None:
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    (folder / "broken.jsonl").write_text('{"name": "ft-a"}\n{"name": 5}\n')
    outcome = command("ft", "download", *arguments)
    assert outcome.code == Exit.USAGE
    assert message in outcome.err
    assert sim.requests == []


def test_a_manifest_that_cannot_be_written_is_reported_before_any_request(
    command: Command, sim: Simulator, folder: Path
) -> None:
    assert folder.is_dir()
    outcome = command("ft", "download", LORA_JOB, FULL_JOB, "--manifest", "no/such/folder.jsonl")
    assert outcome.code == Exit.STORAGE
    assert "no/such/folder.jsonl" in outcome.err
    assert sim.requests == []


def test_a_manifest_on_a_full_disk_is_named(command: Command) -> None:
    outcome = command("ft", "download", LORA_JOB, FULL_JOB, "--manifest", "/dev/full")
    assert outcome.code == Exit.STORAGE
    assert "/dev/full" in outcome.err


# What is shown meanwhile ----------------------------------------------------------------------------------------------


def report(name: str, done: int, *, connections: int = 1, rate: float = 0.0) -> DownloadProgress:
    """A progress of a file of 100 bytes."""
    return DownloadProgress(done, 100, 0, rate, None, connections, name=name)


def test_the_line_sums_up_all_downloads() -> None:
    tally = Tally(3)
    assert tally.line() == "0 of 3 downloaded, 0 B"
    tally.update(report("a", 50, rate=1000))
    tally.update(report("b", 20, rate=500))
    assert tally.line() == "0 of 3 downloaded, 70 B, 1.50 kB/s"
    tally.update(report("a", 100, connections=0))
    tally.end("a", failed=False)
    tally.end("b", failed=True)
    assert tally.line() == "1 of 3 downloaded, 120 B, 1 failed"


def test_a_line_is_printed_every_few_seconds() -> None:
    lines: list[str] = []
    now = [0.0]
    display = Lines(Tally(None), lines.append, lambda: now[0])
    for now[0] in (0, 2.9, 3.0, 3.1, 7.9, 8.1):
        display.update(report("a", int(now[0])))
    assert lines == ["0 downloaded, 3 B", "0 downloaded, 8 B"]


def test_dask_without_its_extra_is_one_sentence(
    command: Command, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = command("ft", "download", LORA_JOB, "--dask", "tcp://127.0.0.1:8786")
    assert outcome.code == Exit.FAILED
    assert outcome.err == "error: Dask needs the extra 'dask': run pip install '.[dask]' in the source folder\n"
    assert sim.requests == []
