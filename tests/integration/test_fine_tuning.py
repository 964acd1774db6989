"""Jobs, events and checkpoints as a user gets them, and where downloaded files go."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import httpx
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from together_ext import (
    AsyncTogether,
    BadRequestError,
    Checkpoint,
    ConflictError,
    DownloadProgress,
    DownloadResult,
    IntegrityError,
    RuleError,
    StorageError,
    TargetExistsError,
    Together,
)
from together_ext.leases import Lease, Patience
from together_ext.simulator import (
    DOWNLOAD_PATH,
    DPO_JOB,
    FULL_JOB,
    LORA_JOB,
    RUNNING_JOB,
    BytesArchive,
    Fault,
    Simulator,
)
from together_ext.simulator.archives import pack
from together_generated.models import BatchSizeMax, FinetuneJobStatus, FullTrainingType, FullTrainingTypeType

if TYPE_CHECKING:
    from tests.integration.conftest import World

STEM = "acme-research--Meta-Llama-3.1-8B-Instruct-Reference-support-bot-1a2b3c4d"
ZST = b"\x28\xb5\x2f\xfd\x20\x5b\xd9\x02\x00" + bytes(range(91))


def answer(sim: Simulator, path: str, document: object, **more: object) -> None:
    """Let the next request for a path return this document."""
    sim.script(Fault(path=path, status=200, body=json.dumps(document).encode(), **more))  # type: ignore[arg-type]


# Jobs -----------------------------------------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first(client: Together) -> None:
    jobs = client.fine_tuning.list().data
    dates = [job.created_at for job in jobs if isinstance(job.created_at, datetime)]
    assert len(dates) == len(jobs) == 5
    assert dates == sorted(dates, reverse=True)
    assert jobs[0].id == RUNNING_JOB


def test_jobs_with_invalid_dates_are_listed_last(client: Together, sim: Simulator) -> None:
    odd: list[object] = [None, "", "soon", 5, "2026-13-45", "9999999-01-01", {}, "0001-01-01T00:00:00+14:00"]
    jobs: list[dict[str, object]] = [{"id": f"ft-odd-{number}", "created_at": date} for number, date in enumerate(odd)]
    jobs += [
        {"id": "ft-naive", "created_at": "2026-02-01T00:00:00"},
        {"id": "ft-day", "created_at": "2026-03-01"},
        {"id": "ft-east", "created_at": "2026-02-01T12:00:00.123456789+14:00"},
        {"id": "ft-absent"},
    ]
    answer(sim, "/fine-tunes", {"data": jobs})
    found = [job.id for job in client.fine_tuning.list().data]
    assert found[:3] == ["ft-day", "ft-naive", "ft-east"]
    assert sorted(found) == sorted(str(job["id"]) for job in jobs)


@pytest.mark.parametrize("document", [{}, {"data": None}, {"data": []}, {"data": {}}, {"data": "none"}], ids=str)
def test_lists_without_data_are_empty(client: Together, sim: Simulator, document: object) -> None:
    for path in ("/fine-tunes", f"/fine-tunes/{LORA_JOB}/events", f"/fine-tunes/{LORA_JOB}/checkpoints"):
        answer(sim, path, document)
    assert client.fine_tuning.list().data == []
    assert client.fine_tuning.list_events(LORA_JOB).data == []
    assert client.fine_tuning.list_checkpoints(LORA_JOB) == []


def test_one_invalid_job_never_hides_the_others(
    client: Together, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    jobs: list[object] = [
        {"id": "ft-good", "status": "completed", "created_at": "2026-01-02T00:00:00Z"},
        {"status": "running", "created_at": "2026-01-01T00:00:00Z"},
        None,
        "ft-text",
        [],
        {"id": "ft-odd", "status": {"a": 1}, "training_type": 5, "batch_size": [], "created_at": 7, "progress": "x"},
    ]
    answer(sim, "/fine-tunes", {"data": jobs, "novel": 1})
    with caplog.at_level("WARNING", logger="together_ext"):
        listed = client.fine_tuning.list()
    found = listed.data
    assert [job.id for job in found] == ["ft-good", "", "ft-odd"]
    assert found[0].status is FinetuneJobStatus.COMPLETED
    assert listed.additional_properties == {"novel": 1}
    said = [record.getMessage() for record in caplog.records]
    assert said == ["the server sent 3 items that are not a valid job; they are skipped"]


def test_unknown_values_of_the_server_are_passed_through(client: Together, sim: Simulator) -> None:
    sim.job(LORA_JOB).overrides.update(status="hibernating", novel={"a": [1]}, training_method={"method": "rlhf"})
    job = client.fine_tuning.retrieve(LORA_JOB)
    assert job.status == "hibernating"
    assert job.additional_properties["novel"] == {"a": [1]}
    assert next(one for one in client.fine_tuning.list().data if one.id == LORA_JOB).status == "hibernating"


def test_a_job_is_created_cancelled_and_deleted(client: Together, sim: Simulator) -> None:
    created = client.fine_tuning.create(
        training_file="file-1",
        model="acme/Tiny",
        batch_size="max",
        suffix=None,
        training_type=FullTrainingType(type_=FullTrainingTypeType.FULL),
    )
    assert json.loads(sim.requests[-1].body) == {
        "training_file": "file-1",
        "model": "acme/Tiny",
        "batch_size": "max",
        "training_type": {"type": "Full"},
    }
    assert created.batch_size is BatchSizeMax.MAX
    assert created.status == "pending"
    with pytest.raises(ConflictError, match="cancel it before"):
        client.fine_tuning.delete(created.id)
    assert client.fine_tuning.cancel(created.id).status == "cancel_requested"
    sim.advance(created.id)
    assert "deleted" in str(client.fine_tuning.delete(created.id).message)
    assert [job.id for job in client.fine_tuning.list().data].count(created.id) == 0


def test_a_finished_job_cannot_be_cancelled(client: Together) -> None:
    with pytest.raises(BadRequestError, match=f"could not cancel {LORA_JOB}: .*cannot be cancelled"):
        client.fine_tuning.cancel(LORA_JOB)


@pytest.mark.parametrize(
    "parameter",
    [{"learning_rate": float("nan")}, {"learning_rate": float("inf")}, {"suffix": object()}, {"model": {1, 2}}],
    ids=lambda parameter: next(iter(parameter)),
)
def test_a_parameter_that_is_not_json_is_refused(
    client: Together, sim: Simulator, parameter: dict[str, object]
) -> None:
    """It used to be reported as a response that was not JSON."""
    wanted: dict[str, object] = {"training_file": "file-1", "model": "acme/Tiny"} | parameter
    with pytest.raises(RuleError, match="expected"):
        client.fine_tuning.create(**wanted)  # type: ignore[arg-type]
    assert sim.requests == []


@pytest.mark.parametrize("parameters", [{"model": "m"}, {"training_file": "f", "modle": "x"}])
def test_a_missing_or_unknown_keyword_is_a_type_error(
    client: Together, sim: Simulator, parameters: dict[str, object]
) -> None:
    with pytest.raises(TypeError, match=r"training_file|modle"):
        client.fine_tuning.create(**parameters)  # type: ignore[arg-type]
    assert sim.requests == []


# Events and checkpoints -----------------------------------------------------------------------------------------------


def test_events_keep_the_servers_order(client: Together, sim: Simulator) -> None:
    events = client.fine_tuning.list_events(id=LORA_JOB).data
    assert [event.message for event in events] == [event.message for event in sim.job(LORA_JOB).events]


def test_invalid_events_hide_no_other(client: Together, sim: Simulator) -> None:
    items: list[object] = [{"message": "a", "type": "NOVEL", "level": ""}, None, {"message": "b", "level": None}, 3]
    answer(sim, f"/fine-tunes/{LORA_JOB}/events", {"data": items})
    assert [event.message for event in client.fine_tuning.list_events(LORA_JOB).data] == ["a", "b"]


def test_checkpoints_are_listed_newest_first_and_named_for_download(client: Together) -> None:
    found = client.fine_tuning.list_checkpoints(LORA_JOB)
    assert [one.step for one in found] == [1000, 750, 500, 250]
    assert [one.name for one in found] == [LORA_JOB, f"{LORA_JOB}:750", f"{LORA_JOB}:500", f"{LORA_JOB}:250"]
    assert all(one.created_at is not None and one.created_at.tzinfo is not None for one in found)
    assert all(one.timestamp.endswith("Z") and one.path.startswith("s3://") for one in found)


def test_a_checkpoint_cannot_be_changed(client: Together) -> None:
    checkpoint = client.fine_tuning.list_checkpoints(LORA_JOB)[0]
    with pytest.raises(AttributeError):
        checkpoint.step = 5  # type: ignore[misc]


def test_invalid_checkpoints_hide_no_other(client: Together, sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """Steps that were null, text or halves used to end the whole list with a TypeError."""
    items: list[object] = [
        {"step": 5, "checkpoint_type": "INTERMEDIATE checkpoint", "created_at": "2026-01-01T00:00:00"},
        {"step": None, "created_at": "2026-01-02T00:00:00Z"},
        {"step": "7"},
        {"step": 7.5},
        {"step": True},
        {"step": -1},
        {},
        None,
        {"step": 6, "checkpoint_type": 5, "created_at": 5, "path": None, "novel": 1},
        {"step": 9, "checkpoint_type": None, "created_at": "then"},
    ]
    answer(sim, f"/fine-tunes/{LORA_JOB}/checkpoints", {"data": items})
    with caplog.at_level("WARNING", logger="together_ext"):
        found = client.fine_tuning.list_checkpoints(LORA_JOB)
    day = datetime(2026, 1, 1, tzinfo=UTC)
    assert found == [
        Checkpoint(5, "INTERMEDIATE checkpoint", f"{LORA_JOB}:5", day, "2026-01-01T00:00:00", ""),
        Checkpoint(9, "", LORA_JOB, None, "then", ""),
        Checkpoint(6, "", LORA_JOB, None, "", ""),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "the server sent 2 items that are not a valid FineTuneCheckpoint; they are skipped",
        f"the server sent 5 items that are not a valid checkpoint of {LORA_JOB} with a step; they are skipped",
    ]


# Names of files -------------------------------------------------------------------------------------------------------

NAMES = [
    pytest.param("acct/M", "acct--M", id="account and model"),
    pytest.param("../../evil", "evil", id="parents"),
    pytest.param("..", LORA_JOB, id="only parents"),
    pytest.param("/etc/passwd", "etc--passwd", id="absolute"),
    pytest.param("//", LORA_JOB, id="only separators"),
    pytest.param("..\\..\\evil", "evil", id="parents of another system"),
    pytest.param("C:\\evil", "C---evil", id="drive of another system"),
    pytest.param("-rf", "rf", id="an option"),
    pytest.param(".hidden", "hidden", id="hidden"),
    pytest.param("~root/x", "root--x", id="home"),
    pytest.param("a b\tc\nd\x00e\x1b[31m", "a-b-c-d-e--31m", id="control characters"),
    pytest.param("$(reboot);`x`|'\"*?", "reboot---x------", id="shell"),
    pytest.param("Modèle/日本", "Modèle--日本", id="unicode"),
    pytest.param("a\u202eb\u200bc", "a-b-c", id="invisible"),
    pytest.param("x" * 300, "x" * 200, id="long"),
    pytest.param("é" * 300, "é" * 100, id="long in bytes"),
    pytest.param("", LORA_JOB, id="empty"),
    pytest.param("...", LORA_JOB, id="dots"),
    pytest.param(None, LORA_JOB, id="null"),
    pytest.param(5, LORA_JOB, id="a number"),
    pytest.param(["x"], LORA_JOB, id="a list"),
    pytest.param("absent", LORA_JOB, id="absent"),
]


@pytest.mark.off_contract
@pytest.mark.parametrize(("name", "stem"), NAMES)
def test_the_servers_name_never_decides_a_folder(
    client: Together, sim: Simulator, folder: Path, name: object, stem: str
) -> None:
    if name == "absent":
        sim.job(LORA_JOB).absent.add("model_output_name")
    else:
        sim.job(LORA_JOB).overrides["model_output_name"] = name
    final = client.fine_tuning.download(LORA_JOB)
    longest = client.fine_tuning.download(f"{LORA_JOB}:250", checkpoint_type="adapter")
    if "reboot" not in stem:
        assert Path(final.filename).name == f"{stem}.tar.zst"
        assert Path(longest.filename).name == f"{stem}-checkpoint-250-adapter.tar.zst"
    everything = sorted(path for path in folder.parent.rglob("*") if path.is_file())
    assert everything == sorted([Path(final.filename), Path(longest.filename)])
    for path in everything:
        assert path.parent == folder
        assert len(os.fsencode(path.name)) <= 255
        assert path.name[0] not in ".-~"


@given(name=st.text(max_size=400) | st.text(alphabet="./\\~-\x00 \u202eé日", max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_gives_a_file_in_the_folder(tmp_path: Path, name: str) -> None:
    """One world is enough: the rule is the same code."""
    with Simulator() as sim, Together(api_key=sim.api_key, base_url=sim.url) as client:
        sim.add_archive(LORA_JOB, ZST)
        sim.job(LORA_JOB).overrides["model_output_name"] = name.encode("utf-8", "replace").decode()
        result = client.fine_tuning.download(LORA_JOB, output=tmp_path, overwrite=True)
    assert Path(result.filename).parent == tmp_path
    assert Path(result.filename).is_file()


# Places of files ------------------------------------------------------------------------------------------------------


def test_without_an_output_the_file_is_in_the_current_folder(client: Together, folder: Path) -> None:
    result = client.fine_tuning.download(LORA_JOB)
    assert result.filename == str(folder / f"{STEM}.tar.zst")
    assert Path(result.filename).read_bytes() == ZST
    assert (result.object, result.size, result.resumed_from) == ("local", len(ZST), 0)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (".", "{stem}.tar.zst"),
        ("..", "../{stem}.tar.zst"),
        ("there", "there/{stem}.tar.zst"),
        ("there/", "there/{stem}.tar.zst"),
        (b"there", "there/{stem}.tar.zst"),
        (Path("there"), "there/{stem}.tar.zst"),
        ("new/", "new/{stem}.tar.zst"),
        ("new/deep/er/", "new/deep/er/{stem}.tar.zst"),
        (b"new/", "new/{stem}.tar.zst"),
        ("there/../new/", "new/{stem}.tar.zst"),
        ("file", "file"),
        ("my.tar.gz", "my.tar.gz"),
        ("./new/deep/my file.bin", "new/deep/my file.bin"),
        (b"raw.zst", "raw.zst"),
        (Path("new/x.tar.zst"), "new/x.tar.zst"),
        ("naïve.tar", "naïve.tar"),
        (" ", " "),
        ("a\nb", "a\nb"),
        ("link", "link/{stem}.tar.zst"),
    ],
    ids=repr,
)
def test_the_output_is_a_folder_or_the_file_itself(
    client: Together, folder: Path, output: str | os.PathLike[str], found: str
) -> None:
    (folder / "there").mkdir()
    (folder / "link").symlink_to(folder / "there")
    result = client.fine_tuning.download(LORA_JOB, output=output)
    expected = os.path.abspath(folder / found.format(stem=STEM))  # noqa: PTH100 -- as a string, links kept
    assert result.filename == expected
    assert Path(expected).read_bytes() == ZST
    leftovers = [path for path in folder.parent.rglob("*") if path.is_file() and "part" in path.name]
    assert leftovers == []


def test_the_output_is_absolute_or_in_the_home_folder(
    client: Together, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    fine_tuning = client.fine_tuning
    assert fine_tuning.download(LORA_JOB, output="~").filename == str(folder / f"{STEM}.tar.zst")
    assert fine_tuning.download(LORA_JOB, output="~/a/b.zst").filename == str(folder / "a/b.zst")
    assert fine_tuning.download(LORA_JOB, output="~/c/").filename == str(folder / f"c/{STEM}.tar.zst")
    assert fine_tuning.download(LORA_JOB, output=str(folder / "d")).filename == str(folder / "d")


@pytest.mark.parametrize(
    ("output", "reason"),
    [("file/x.zst", "parents are folders"), ("file/", "folder"), ("x" * 300, "shorter name"), ("x" * 252, "shorter")],
    ids=["below a file", "a file as folder", "too long", "too long for the partial file"],
)
def test_an_impossible_path_is_reported_before_the_download(
    client: Together, sim: Simulator, folder: Path, output: str, reason: str
) -> None:
    """A name too long for the system used to end in a plain OSError."""
    (folder / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=reason):
        client.fine_tuning.download(LORA_JOB, output=output)
    assert not [request for request in sim.requests if request.path == DOWNLOAD_PATH]


def test_a_complete_file_is_not_downloaded_again(client: Together, sim: Simulator, folder: Path) -> None:
    first = client.fine_tuning.download(LORA_JOB)
    sim.forget()
    again = client.fine_tuning.download(LORA_JOB)
    assert (again.filename, again.size, again.resumed_from) == (first.filename, first.size, first.size)
    assert len(list(folder.iterdir())) == 1


def test_a_different_file_of_that_name_is_kept_by_default(client: Together, sim: Simulator, folder: Path) -> None:
    path = folder / f"{STEM}.tar.zst"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="differs from the remote file") as caught:
        client.fine_tuning.download(LORA_JOB)
    assert isinstance(caught.value, TargetExistsError)
    assert path.read_bytes() == b"mine"
    assert client.fine_tuning.download(LORA_JOB, overwrite=True).filename == str(path)
    assert path.read_bytes() == ZST
    assert sim.bytes_sent >= len(ZST)


@pytest.mark.parametrize("extension", ["tar.zst", "tar"])
def test_a_file_whose_ends_alone_are_those_of_the_archive_is_not_taken_for_it(
    client: Together, sim: Simulator, folder: Path, extension: str
) -> None:
    """As a tool leaves it that allocates the file first and downloads both ends before the middle."""
    packed = pack({f"model-{part}.safetensors": hashlib.shake_128(b"%d" % part).digest(40_000) for part in range(10)})
    content = packed if extension == "tar.zst" else zstd.decompress(packed)
    sim.add_archive(LORA_JOB, BytesArchive(content))
    path = folder / f"{STEM}.{extension}"
    path.write_bytes(content)
    assert client.fine_tuning.download(LORA_JOB).verified == "structure"
    with_hole = content[:100_000] + bytes(200_000) + content[300_000:]
    path.write_bytes(with_hole)
    with pytest.raises(TargetExistsError, match="exists and is damaged: move it"):
        client.fine_tuning.download(LORA_JOB)
    assert path.read_bytes() == with_hole
    client.fine_tuning.download(LORA_JOB, overwrite=True)
    assert path.read_bytes() == content


@pytest.mark.parametrize("output", [None, "named.weights", "missing/"])
def test_a_cut_archive_is_not_kept_under_any_name(
    client: Together, sim: Simulator, folder: Path, output: str | None
) -> None:
    """A cache may serve it with a consistent length."""
    content = pack({"adapter_model.safetensors": hashlib.shake_128(b"weights").digest(400_000)})
    sim.add_archive(LORA_JOB, BytesArchive(content[:-1000]))
    with pytest.raises(IntegrityError, match="the archive is truncated"):
        client.fine_tuning.download(LORA_JOB, output=output)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_merged_adapter_and_steps_do_not_collide(client: Together, folder: Path) -> None:
    for name in (LORA_JOB, f"{LORA_JOB}:250", f"{LORA_JOB}:500"):
        for kind in ("merged", "adapter"):
            client.fine_tuning.download(name, checkpoint_type=kind)
    assert len(list(folder.iterdir())) == 6


# Extensions -----------------------------------------------------------------------------------------------------------


def tar() -> bytes:
    """A small archive."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("config.json"))
    return file.getvalue()


CONTENTS = [
    pytest.param(ZST, ".tar.zst", id="zstd"),
    pytest.param(b"\x50\x2a\x4d\x18\x24\x00\x00\x00" + bytes(36), ".tar.zst", id="zstd with a skippable frame"),
    pytest.param(b"\x1f\x8b\x08" + bytes(40), ".tar.gz", id="gzip"),
    pytest.param(tar(), ".tar", id="tar"),
    pytest.param(b"\x80\x02\x00\x01" * 20, ".bin", id="unknown"),
    pytest.param(b"\x00", ".bin", id="one byte"),
]
TYPES = ["application/octet-stream", "application/x-tar", "text/html; charset=utf-8", "application/json", "text/plain"]


@pytest.mark.off_contract
@pytest.mark.parametrize("media_type", [*TYPES, None])
@pytest.mark.parametrize(("content", "extension"), CONTENTS)
def test_the_content_determines_the_extension(
    sim: Simulator, folder: Path, content: bytes, extension: str, media_type: str | None
) -> None:
    """Files that servers know nothing of are often called text. One world is enough: the rule is the same code."""
    sim.add_archive(LORA_JOB, content)
    sim.script(Fault(headers={"content-type": media_type}, times=None))
    with Together(api_key=sim.api_key, base_url=sim.url) as client:
        result = client.fine_tuning.download(LORA_JOB)
        assert result.filename == str(folder / f"{STEM}{extension}")
        exactly = client.fine_tuning.download(LORA_JOB, output="my.file")
    assert exactly.filename == str(folder / "my.file")
    assert Path(exactly.filename).read_bytes() == Path(result.filename).read_bytes() == content


@pytest.mark.parametrize("media_type", ["text/html", "application/octet-stream", "application/x-tar", None])
@pytest.mark.parametrize(
    "content",
    [
        b"<html><body>Sign in</body></html>",
        b"\n\n  <!doctype html>",
        b"\xef\xbb\xbf<html>",
        b'{"error": "no such file"}',
        b'[{"error": 1}]',
    ],
)
@pytest.mark.parametrize("output", [None, "my.tar.zst"])
def test_a_page_or_message_is_not_kept(
    sim: Simulator, folder: Path, content: bytes, media_type: str | None, output: str | None
) -> None:
    sim.add_archive(LORA_JOB, content)
    sim.script(Fault(headers={"content-type": media_type}, times=None))
    with (
        Together(api_key=sim.api_key, base_url=sim.url) as client,
        pytest.raises(IntegrityError, match=r"sent text .* instead of an archive"),
    ):
        client.fine_tuning.download(LORA_JOB, output=output)
    assert list(folder.iterdir()) == []


def test_plain_text_is_not_kept_if_the_server_labels_it_as_text(client: Together, sim: Simulator, folder: Path) -> None:
    sim.add_archive(LORA_JOB, b"Service under maintenance")
    sim.script(Fault(headers={"content-type": "text/plain"}, times=None))
    with pytest.raises(IntegrityError, match="under maintenance"):
        client.fine_tuning.download(LORA_JOB)
    assert list(folder.iterdir()) == []


def test_an_empty_file_is_not_kept(client: Together, sim: Simulator, folder: Path) -> None:
    sim.add_archive(LORA_JOB, b"")
    with pytest.raises(IntegrityError, match="empty file"):
        client.fine_tuning.download(LORA_JOB)
    assert list(folder.iterdir()) == []


# Progress -------------------------------------------------------------------------------------------------------------


def test_progress_ends_with_the_whole_file(client: Together, sim: Simulator, folder: Path) -> None:
    sim.add_archive(FULL_JOB, 3_000_000)
    seen: list[DownloadProgress] = []
    result = client.fine_tuning.download(FULL_JOB, progress=seen.append)
    assert (seen[-1].done, seen[-1].total) == (3_000_000, 3_000_000)
    assert result.size == 3_000_000
    assert len(list(folder.iterdir())) == 1


def test_an_exception_of_progress_stops_the_download(world: World, sim: Simulator, folder: Path) -> None:
    class Enough(Exception):  # noqa: N818
        pass

    def enough(_: DownloadProgress) -> None:
        raise Enough

    sim.add_archive(DPO_JOB, 300_000)
    with pytest.raises(Enough):
        world.client().fine_tuning.download(DPO_JOB, progress=enough)
    assert world.client().fine_tuning.download(DPO_JOB).size == 300_000
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(("lock", "extract"), [(".weights.unpacking.lock", True), ("weights.tar.zst.part.lock", False)])
def test_a_wait_for_another_process_is_visible(
    world: World, sim: Simulator, folder: Path, lock: str, *, extract: bool
) -> None:
    lease = Lease.acquire(folder / lock, "downloads it", Patience())
    seen: list[DownloadProgress] = []

    def progress(now: DownloadProgress) -> None:
        seen.append(now)
        if now.state == "waiting_for_lock":
            lease.release()

    sim.add_archive(LORA_JOB, BytesArchive(pack({"config.json": b"{}", "model.safetensors": b"0"})))
    output = folder / "weights.tar.zst"
    world.client().fine_tuning.download(LORA_JOB, output=output, progress=progress, extract=extract)
    assert (seen[0].state, seen[-1].state) == ("waiting_for_lock", "transferring")
    assert f"process {os.getpid()} on" in (seen[0].reason or "")


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("own_http_client", [False, True], ids=["ours", "the user's own"])
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # httpx leaves its own behind, which trio tells
def test_a_cancelled_task_stops_its_download_and_the_next_one_resumes(
    sim: Simulator, folder: Path, backend: str, *, own_http_client: bool
) -> None:
    """The engine's threads end with the task, and what has arrived is kept."""
    size = 3_000_000
    archive = sim.add_archive(LORA_JOB, size)
    sim.script(Fault(stall=2_000_000))

    async def cancelled_and_resumed() -> DownloadResult:
        async with httpx.AsyncClient() as http_client:
            given = http_client if own_http_client else None
            async with AsyncTogether(api_key=sim.api_key, base_url=sim.url, http_client=given) as client:
                async with anyio.create_task_group() as group:
                    group.start_soon(client.fine_tuning.download, LORA_JOB)
                    await anyio.to_thread.run_sync(sim.wait_until, lambda one: one.stalled == 1)
                    group.cancel_scope.cancel()
                sim.release()
                return await client.fine_tuning.download(LORA_JOB)

    result = anyio.run(cancelled_and_resumed, backend=backend)
    assert Path(result.filename).read_bytes() == archive.read(0, size)
    assert [found.name for found in folder.iterdir()] == [Path(result.filename).name]
    assert 0 <= result.resumed_from < size
