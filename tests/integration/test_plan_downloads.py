"""The plan of many downloads: `plan_downloads` and `ft download --dry-run`."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from together_ext import RuleError, TargetExistsError, Together
from together_ext.archive.receipt import RECEIPT
from together_ext.bulk import DownloadPlan, all_checkpoints
from together_ext.cli.exits import Exit
from together_ext.destinations.listing import Stored
from together_ext.destinations.object_state import CLAIMS, PARTIAL
from together_ext.destinations.store import Store
from together_ext.destinations.urls import parse_url
from together_ext.simulator import FAILED_JOB, LORA_JOB, Fault, Simulator
from together_ext.simulator.archives import pack
from together_ext.simulator.models import adapter_files
from together_ext.transfer import DownloadProgress

from .conftest import SMALL, Outcome, World

HEAD = 512
"""Bytes of an archive that a plan requests."""

LARGE = 24 << 20


@pytest.fixture
def client(sim: Simulator) -> Iterator[Together]:
    """The sync client: one test shows that the async one does the same."""
    with Together(api_key=sim.api_key, base_url=sim.url) as client:
        yield client


@pytest.fixture
def jobs(sim: Simulator) -> list[str]:
    """Jobs with large archives, each with its own output name."""
    names = [f"ft-{number}" for number in range(3)]
    for name in names:
        sim.add_job(name, archive=LARGE, model_output_name=f"acme/{name}")
    return names


def states(plan: DownloadPlan) -> dict[str, tuple[str, int, int]]:
    """State, present and needed bytes by name."""
    return {entry.name: (entry.state, entry.present, entry.needed) for entry in plan.entries}


def test_a_plan_reports_each_download_and_writes_nothing(
    world: World, sim: Simulator, folder: Path, jobs: list[str]
) -> None:
    plan: DownloadPlan = world.client().fine_tuning.plan_downloads([*jobs, FAILED_JOB], output="out")

    assert states(plan) == {**dict.fromkeys(jobs, ("new", 0, LARGE)), FAILED_JOB: ("refused", 0, 0)}
    assert [entry.path for entry in plan.entries[:1]] == [str(folder / "out" / "acme--ft-0.tar.zst")]
    assert {entry.size for entry in plan.entries} == {LARGE, None}
    assert plan.needed == plan.remaining == len(jobs) * LARGE
    assert plan.free
    assert list(folder.iterdir()) == []
    ranges = [request.headers["range"] for request in sim.requests if "range" in request.headers]
    assert ranges == [f"bytes=0-{HEAD - 1}"] * len(jobs)


def test_a_plan_counts_what_an_interrupted_download_has_left(
    client: Together, sim: Simulator, folder: Path, jobs: list[str]
) -> None:
    def stop(now: DownloadProgress) -> None:
        if now.done:
            raise RuntimeError("enough")

    client.fine_tuning.download(jobs[0], output="out/")
    sim.script(Fault(rate=LARGE, times=None))
    with pytest.raises(RuntimeError):
        client.fine_tuning.download(jobs[1], output="out/", progress=stop)

    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    plan = client.fine_tuning.plan_downloads(jobs, output="out/")

    found = states(plan)
    assert found[jobs[0]] == ("complete", LARGE, 0)
    state, present, needed = found[jobs[1]]
    assert state == "resumable"
    assert 0 < present < LARGE
    assert present + needed == LARGE
    assert plan.remaining == needed + LARGE
    assert found[jobs[2]] == ("new", 0, LARGE)
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before


def test_a_plan_never_takes_another_file_for_the_right_one(client: Together, folder: Path, jobs: list[str]) -> None:
    paths = {name: Path(client.fine_tuning.download(name).filename) for name in jobs}
    data = paths[jobs[1]].read_bytes()
    # A copy has no mark, and only the download compares its end.
    paths[jobs[1]].unlink()
    paths[jobs[1]].write_bytes(data[:-1] + b"x")
    paths[jobs[2]].write_bytes(b"something else")

    plan = client.fine_tuning.plan_downloads(jobs, output=folder)

    assert {entry.name: entry.state for entry in plan.entries} == dict(
        zip(jobs, ("complete", "unverified", "conflicting"), strict=True)
    )
    assert isinstance(plan.entries[2].error, TargetExistsError)
    assert plan.needed == 0
    replaced = client.fine_tuning.plan_downloads(jobs, output=folder, overwrite=True)
    assert {entry.state for entry in replaced.entries} == {"new"}


def test_a_plan_of_extracted_folders(client: Together, sim: Simulator, folder: Path) -> None:
    archive = pack(adapter_files("seed"))
    sim.add_archive(LORA_JOB, archive)
    names = [f"{LORA_JOB}:500", f"{LORA_JOB}:750"]
    options: dict[str, Any] = {"extract": True, "checkpoint_type": "adapter"}
    made = client.fine_tuning.download(names[0], **options).extracted_to
    sim.forget()

    plan = client.fine_tuning.plan_downloads(names, **options)

    assert states(plan) == {
        names[0]: ("complete", len(archive), 0),
        names[1]: ("new", 0, len(archive)),
    }
    assert plan.entries[0].path == made
    assert str(plan.entries[1].path) == str(made).replace("500", "750")
    assert len([request for request in sim.requests if "range" in request.headers]) == 1

    spooled = client.fine_tuning.plan_downloads(names[1], spool=True, **options)
    assert spooled.needed == 2 * len(archive)
    (Path(str(made)) / "adapter_config.json").write_text("{}")
    (entry,) = client.fine_tuning.plan_downloads(names[0], **options).entries
    assert isinstance(entry.error, TargetExistsError)
    shutil.rmtree(str(made))
    assert client.fine_tuning.plan_downloads(names[0], **options).needed == len(archive)
    assert folder.is_dir()


# Object stores --------------------------------------------------------------------------------------------------------


@pytest.fixture
def url() -> str:
    """A bucket that no other test has."""
    return f"memory://{secrets.token_hex(8)}/"


def stored(url: str) -> dict[str, Stored]:
    """Everything below a URL; an entity tag changes with each write."""
    return dict(Store(parse_url(url, "url")).list())


def test_a_plan_shows_the_state_of_archives_in_an_object_store(
    client: Together, sim: Simulator, url: str, jobs: list[str]
) -> None:
    store = Store(parse_url(url, "url"))
    paths = [client.fine_tuning.download(name, output=url).filename for name in jobs[:2]]
    store.put(paths[1].removeprefix(url), b"something else")
    before = stored(url)
    sim.forget()

    plan = client.fine_tuning.plan_downloads([*jobs, FAILED_JOB], output=url)

    complete, different, missing, failed = plan.entries
    assert (complete.state, complete.path, complete.size, complete.present) == ("complete", paths[0], LARGE, LARGE)
    assert (different.state, different.path, type(different.error)) == ("conflicting", paths[1], TargetExistsError)
    assert (missing.state, missing.path) == ("new", f"{url}acme--{jobs[2]}.tar.zst")
    assert failed.state == "refused"
    assert (plan.needed, plan.free, plan.fits, plan.remaining) == (0, None, True, LARGE)
    assert stored(url) == before
    ranges = [request.headers["range"] for request in sim.requests if "range" in request.headers]
    assert ranges == [f"bytes=0-{HEAD - 1}"] * len(jobs)
    # An object that another program has uploaded has no mark.
    store.put(paths[0].removeprefix(url), bytes(LARGE))
    (unverified,) = client.fine_tuning.plan_downloads(jobs[0], output=url).entries
    assert (unverified.state, unverified.present) == ("unverified", LARGE)
    (replaced,) = client.fine_tuning.plan_downloads(jobs[1], output=url, overwrite=True).entries
    assert replaced.state == "new"


def test_a_plan_shows_the_state_of_extracted_weights_in_an_object_store(
    client: Together, sim: Simulator, url: str
) -> None:
    archive = pack(adapter_files("seed"))
    sim.add_archive(LORA_JOB, archive)
    names = [f"{LORA_JOB}:{step}" for step in (250, 500, 750)]
    options: dict[str, Any] = {"extract": True, "checkpoint_type": "adapter", "output": url}
    places = [str(client.fine_tuning.download(name, **options).extracted_to) for name in names[:2]]
    # As an interrupted run leaves it: a partial receipt in place of the receipt.
    interrupted = Store(parse_url(places[1], "url"))
    document = json.loads(interrupted.content(RECEIPT))
    document[CLAIMS] = dict.fromkeys(file["path"] for file in document["files"])
    document["files"] = document["files"][:1]
    interrupted.put(PARTIAL, json.dumps(document).encode())
    interrupted.remove([RECEIPT])
    before = stored(url)
    sim.forget()

    plan = client.fine_tuning.plan_downloads(names, **options)

    kept = document["files"][0]["size"]
    assert [(entry.state, entry.size, entry.present, entry.path) for entry in plan.entries] == [
        ("complete", len(archive), len(archive), places[0]),
        ("resumable", len(archive), kept, places[1]),
        ("new", len(archive), 0, places[1].replace("500", "750")),
    ]
    # An archive that is resumed is streamed again from its beginning.
    assert plan.remaining == 2 * len(archive)
    assert stored(url) == before
    assert len([request for request in sim.requests if "range" in request.headers]) == len(names) - 1

    interrupted.put(PARTIAL, json.dumps({**document, "step": 1}).encode())
    (conflicting,) = client.fine_tuning.plan_downloads(names[1], **options).entries
    assert isinstance(conflicting.error, TargetExistsError)


def test_a_dry_run_of_an_object_store_has_no_free_space(command: Callable[..., Outcome], url: str) -> None:
    outcome = command("ft", "download", LORA_JOB, "-o", url, "--dry-run")
    assert outcome.code == Exit.DONE
    assert outcome.out.startswith("new\t100 B\t-\tarchive\t")
    assert outcome.err.splitlines()[-1].endswith("1 download planned: 100 B to download")
    command("ft", "download", LORA_JOB, "-o", url)
    document = command("ft", "download", LORA_JOB, "-o", url, "--dry-run", "--json").json
    (entry,) = document.pop("data")
    assert (entry["state"], entry["path"].startswith(url)) == ("complete", True)
    assert document == {"remaining": 0, "needed": 0, "free": None}


def test_two_downloads_of_one_path_are_refused_in_the_plan(client: Together, sim: Simulator, folder: Path) -> None:
    for job in ("ft-a", "ft-b"):
        sim.add_job(job, archive=LARGE, model_output_name="acme/same")
    plan = client.fine_tuning.plan_downloads(["ft-a", "ft-b"])
    assert sorted(entry.state for entry in plan.entries) == ["conflicting", "new"]
    assert list(folder.iterdir()) == []


def test_a_plan_of_a_selection_lists_its_names(client: Together) -> None:
    names = [checkpoint.name for checkpoint in client.fine_tuning.list_checkpoints(LORA_JOB)]
    plan = client.fine_tuning.plan_downloads(all_checkpoints(LORA_JOB))
    assert [entry.name for entry in plan.entries] == names
    assert client.fine_tuning.plan_downloads([]).entries == ()


def test_a_plan_refuses_bad_input_before_any_request(client: Together, sim: Simulator) -> None:
    with pytest.raises(RuleError, match="nonsense"):
        client.fine_tuning.plan_downloads([LORA_JOB, "nonsense"])
    assert sim.requests == []


# The command line -----------------------------------------------------------------------------------------------------

Command = Callable[..., Outcome]


def test_a_dry_run_prints_the_plan(command: Command, folder: Path) -> None:
    outcome = command("ft", "download", LORA_JOB, FAILED_JOB, "-o", "models", "--dry-run")

    assert outcome.code == Exit.PARTLY
    rows = [line.split("\t") for line in outcome.out.splitlines()]
    assert [row[0] for row in rows] == ["new", "refused"]
    assert rows[0][1:5] == ["100 B", "-", "archive", LORA_JOB]
    assert Path(rows[0][5]).parent == folder / "models"
    assert "refused: " in outcome.err
    assert "2 downloads planned: 100 B to download; 100 B needed, " in outcome.err
    assert list(folder.iterdir()) == []


def test_a_dry_run_is_one_document(command: Command, folder: Path) -> None:
    command("ft", "download", LORA_JOB, "-o", "models")
    outcome = command("ft", "download", LORA_JOB, f"{FAILED_JOB}:1", "-o", "models", "--dry-run", "--json")

    first, second = outcome.json["data"]
    assert (first["state"], first["size"], first["present"], first["source"]) == (
        "complete",
        len(SMALL),
        len(SMALL),
        "archive",
    )
    assert Path(first["path"]) in (folder / "models").iterdir()
    assert second["state"] == "refused"
    assert second["error"]["message"]
    assert outcome.json["needed"] == 0
    assert outcome.json["free"] > 0


def test_a_dry_run_of_one_checkpoint(command: Command, folder: Path) -> None:
    outcome = command("ft", "download", LORA_JOB, "-s", "500", "--dry-run", "--quiet")
    assert outcome.code == Exit.DONE
    assert Path(outcome.out.strip()).name.endswith("-checkpoint-500.tar.zst")
    assert outcome.err == ""
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dry-run", "--wait"], "--dry-run and --wait cannot be combined"),
        (["--dry-run", "--manifest", "x"], "--dry-run and --manifest cannot be combined"),
        (["--dry-run", "--output", "x"], "--dry-run and --output cannot be combined"),
        (["--once-per-host"], "--once-per-host requires --dask"),
    ],
)
def test_what_a_dry_run_cannot_do_is_refused(
    command: Command, sim: Simulator, options: list[str], message: str
) -> None:
    outcome = command("ft", "download", LORA_JOB, *options)
    assert outcome.code == Exit.USAGE
    assert message in outcome.err
    assert sim.requests == []
