"""`download(..., extract=True)`: from a job to a folder, in all three worlds and on the command line."""

from __future__ import annotations

import io
import json
import os
import random
import tarfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from tests.archives import packed
from tests.waits import PATIENCE, wait_until
from together_ext import (
    ArchiveError,
    DownloadResult,
    IntegrityError,
    RuleError,
    TargetExistsError,
    Together,
    TogetherExtError,
    verify,
)
from together_ext.cli import main
from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, BytesArchive, Fault, Simulator
from together_ext.simulator.archives import pack
from together_ext.simulator.models import adapter_files
from together_ext.simulator.records import Request

from .conftest import Outcome

FILES = {"adapter_config.json": b"{}", "adapter_model.safetensors": bytes(range(256)) * 4000}


@pytest.fixture(autouse=True)
def served(sim: Simulator) -> bytes:
    """What the server has: a real archive."""
    archive = packed(FILES)
    sim.add_archive(LORA_JOB, BytesArchive(archive))
    return archive


def release(sim: Simulator, fetching: Future[DownloadResult]) -> None:
    """Release all responses, repeatedly, since some may be about to stall."""

    def done() -> bool:
        sim.release()
        return fetching.done()

    wait_until(done)


def downloads(sim: Simulator) -> int:
    """How often the archive was requested."""
    return sum(request.path.endswith(DOWNLOAD_PATH) for request in sim.requests)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_is_complete_and_the_archive_is_removed(client: Together, folder: Path) -> None:
    result = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True)

    assert result.layout == "adapter"
    assert result.files == tuple(sorted(FILES))

    assert result.extracted_to is not None
    made = Path(result.extracted_to)
    assert result.filename == result.extracted_to
    assert names(folder) == [made.name]
    assert names(made) == [*sorted(FILES), "together-ext.json"]
    assert all((made / name).read_bytes() == data for name, data in FILES.items())
    assert verify(made).good


def test_the_receipt_names_the_job(client: Together, folder: Path, served: bytes) -> None:
    result = client.fine_tuning.download(f"{LORA_JOB}:500", output=folder, checkpoint_type="adapter", extract=True)

    receipt = json.loads((Path(str(result.extracted_to)) / "together-ext.json").read_text())
    assert (receipt["job"], receipt["step"], receipt["type"]) == (LORA_JOB, 500, "adapter")
    assert receipt["base_model"]
    assert receipt["archive"]["size"] == len(served)
    assert receipt["archive"]["validator"]


def test_the_archive_can_be_kept(client: Together, folder: Path, served: bytes) -> None:
    result = client.fine_tuning.download(
        LORA_JOB, checkpoint_type="adapter", output="a/model.tar.zst", extract=True, keep_archive=True
    )

    assert names(folder / "a") == ["model", "model.tar.zst"]
    assert Path(result.filename).read_bytes() == served
    assert result.extracted_to == str(folder / "a" / "model")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
@pytest.mark.parametrize("planted", ["", "together-ext.json"], ids=["folder", "receipt"])
def test_an_extracted_folder_of_another_user_is_not_trusted(client: Together, folder: Path, planted: str) -> None:
    """The receipt may be forged together with the weights: in a folder such as /tmp, anyone can make it first."""
    folder.chmod(0o777)
    first = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True)
    Path(str(first.extracted_to)).chmod(0o777)
    os.chown(Path(str(first.extracted_to), planted), 65534, 65534)
    with pytest.raises(TargetExistsError, match=r"belongs to user 65534, so the files of .* are not trusted"):
        client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True)
    plan = client.fine_tuning.plan_downloads([LORA_JOB], checkpoint_type="adapter", extract=True)
    assert [entry.state for entry in plan.entries] == ["conflicting"]
    assert names(folder) == [Path(str(first.extracted_to)).name]


def test_an_extracted_folder_is_not_downloaded_again(client: Together, folder: Path, sim: Simulator) -> None:
    first = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True)
    asked = downloads(sim)
    assert asked >= 1

    again = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True)

    assert again.extracted_to == first.extracted_to
    assert again.resumed_from == again.size == first.size
    assert downloads(sim) == asked
    assert len(names(folder)) == 1
    assert (again.layout, again.files) == (first.layout, first.files)


def test_an_existing_archive_is_kept(client: Together, folder: Path, served: bytes) -> None:
    client.fine_tuning.download(LORA_JOB, output="model.tar.zst", checkpoint_type="adapter")

    result = client.fine_tuning.download(LORA_JOB, output="model.tar.zst", checkpoint_type="adapter", extract=True)

    assert names(folder) == ["model", "model.tar.zst"]
    assert (folder / "model.tar.zst").read_bytes() == served
    assert (result.filename, result.extracted_to) == (str(folder / "model.tar.zst"), str(folder / "model"))


def test_an_archive_of_a_concurrent_run_is_kept(client: Together, folder: Path, sim: Simulator) -> None:
    """One run wants the archive and one the folder, at once: the second waits, and may not take it away."""

    def plain() -> DownloadResult:
        return client.fine_tuning.download(LORA_JOB, output="model.tar.zst", checkpoint_type="adapter")

    def unpacked() -> DownloadResult:
        return client.fine_tuning.download(
            LORA_JOB, output="model.tar.zst", checkpoint_type="adapter", extract=True, spool=True
        )

    content = random.Random(3).randbytes(1 << 20)  # noqa: S311 -- nothing secret
    sim.add_archive(LORA_JOB, BytesArchive(packed({"adapter_config.json": b"{}", "adapter.bin": content})))
    # Behind the front, which is read before the lock is taken.
    sim.faults.append(Fault(stall=100_000))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(plain)
        wait_until((folder / "model.tar.zst.part.lock").exists)
        second = pool.submit(unpacked)
        # It asks for the front before it finds that somebody is at it.
        wait_until(lambda: downloads(sim) == 2)
        release(sim, second)
        results = [first.result(PATIENCE), second.result(PATIENCE)]
    assert [Path(result.filename).name for result in results] == ["model.tar.zst"] * 2
    assert names(folder) == ["model", "model.tar.zst"]


@pytest.mark.parametrize("exists", ["folder", "nothing"])
def test_a_download_that_fails_at_the_start_ends(client: Together, folder: Path, sim: Simulator, exists: str) -> None:
    """Its follower is released."""
    name = client.fine_tuning.download(LORA_JOB, output="elsewhere/", checkpoint_type="adapter").filename
    if exists == "folder":
        (folder / Path(name).name).mkdir()
    else:
        sim.faults.append(Fault(status=404, times=None))
    with pytest.raises(TogetherExtError):
        client.fine_tuning.download(LORA_JOB, output=folder, checkpoint_type="adapter", extract=True)
    assert not list(folder.glob(".*"))


def test_an_archive_to_keep_is_downloaded_for_an_existing_folder(client: Together, folder: Path, served: bytes) -> None:
    client.fine_tuning.download(LORA_JOB, output="model.tar.zst", checkpoint_type="adapter", extract=True)

    result = client.fine_tuning.download(
        LORA_JOB, output="model.tar.zst", checkpoint_type="adapter", extract=True, keep_archive=True
    )

    assert Path(result.filename).read_bytes() == served
    assert (result.size, result.resumed_from) == (len(served), 0)
    assert names(folder) == ["model", "model.tar.zst"]


def test_files_of_the_user_are_never_replaced_and_nothing_is_downloaded(
    client: Together, folder: Path, sim: Simulator
) -> None:
    (folder / "model").mkdir()
    (folder / "model" / "thesis.txt").write_text("precious")

    with pytest.raises(TargetExistsError, match=r"has no valid together-ext\.json"):
        client.fine_tuning.download(
            LORA_JOB, output="model.tar.zst", checkpoint_type="adapter", extract=True, overwrite=True
        )
    assert (folder / "model" / "thesis.txt").read_text() == "precious"
    assert downloads(sim) == 0


@pytest.mark.parametrize("at_it", [False, True])
def test_partial_files_of_a_process_killed_after_the_extraction_are_removed(
    client: Together, folder: Path, *, at_it: bool
) -> None:
    client.fine_tuning.download(LORA_JOB, output="model.tar.zst", checkpoint_type="adapter", extract=True)
    left = ["model.tar.zst.part", "model.tar.zst.part.json", *(["model.tar.zst.part.lock"] if at_it else [])]
    for name in left:
        (folder / name).write_text("left")

    client.fine_tuning.download(LORA_JOB, output="model.tar.zst", checkpoint_type="adapter", extract=True)

    assert names(folder) == ["model", *(left if at_it else [])]


def test_a_changed_folder_is_refused_before_the_download(client: Together, folder: Path, sim: Simulator) -> None:
    made = Path(
        str(client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", output=folder, extract=True).extracted_to)
    )
    (made / "adapter_config.json").write_text("mine")
    asked = downloads(sim)

    with pytest.raises(TargetExistsError, match="has changed since"):
        client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", output=folder, extract=True)
    assert downloads(sim) == asked

    client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", output=folder, extract=True, overwrite=True)
    assert verify(made).good


def test_an_unrelated_folder_is_refused_before_the_download(client: Together, folder: Path, sim: Simulator) -> None:
    (folder / "model").mkdir()
    (folder / "model" / "mine").write_text("mine")

    with pytest.raises(TargetExistsError):
        client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", output="model.tar.zst", extract=True)
    assert downloads(sim) == 0
    assert names(folder / "model") == ["mine"]


def test_an_archive_that_cannot_be_extracted_is_kept_and_not_downloaded_again(
    client: Together, folder: Path, sim: Simulator, served: bytes
) -> None:
    damaged = served[:-1] + bytes([served[-1] ^ 1])  # in the checksum of the frame
    sim.add_archive(LORA_JOB, BytesArchive(damaged))

    for _ in range(2):
        with pytest.raises(ArchiveError):
            client.fine_tuning.download(
                LORA_JOB, checkpoint_type="adapter", output="model.tar.zst", extract=True, spool=True
            )
        assert names(folder) == ["model.tar.zst"]
    assert (folder / "model.tar.zst").read_bytes() == damaged


@pytest.mark.parametrize("spool", [True, False])
def test_a_cut_archive_is_not_kept(
    client: Together, folder: Path, sim: Simulator, served: bytes, *, spool: bool
) -> None:
    sim.add_archive(LORA_JOB, BytesArchive(served[:-9]))

    with pytest.raises(IntegrityError, match="truncated"):
        client.fine_tuning.download(
            LORA_JOB, checkpoint_type="adapter", output="model.tar.zst", extract=True, spool=spool
        )

    assert names(folder) == []


@pytest.mark.parametrize("spool", [True, False])
def test_weights_of_another_type_are_refused(client: Together, folder: Path, *, spool: bool) -> None:
    with pytest.raises(ArchiveError, match="contains an adapter, but a model was requested"):
        client.fine_tuning.download(
            LORA_JOB, output="model.tar.zst", checkpoint_type="merged", extract=True, spool=spool
        )

    assert names(folder) == ["model.tar.zst"] * spool


ALIAS = "togethercomputer/Meta-Llama-3.1-8B-Instruct-Reference__TOG__FT"
PUBLIC = "meta-llama/Llama-3.1-8B-Instruct"


class TestBaseModel:
    @pytest.fixture(autouse=True)
    def adapter(self, sim: Simulator, folder: Path) -> None:  # noqa: ARG002 -- nothing goes anywhere else
        """What the server has: an adapter with a private base model."""
        sim.add_archive(LORA_JOB, BytesArchive(pack(adapter_files("seed"), root="output")))

    def base(self, result: DownloadResult) -> object:
        """The base model that the extracted adapter names."""
        return json.loads((Path(str(result.extracted_to)) / "adapter_config.json").read_text())[
            "base_model_name_or_path"
        ]

    def test_a_private_base_model_is_replaced_and_a_rerun_accepts_it(self, client: Together, sim: Simulator) -> None:
        first = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True)
        asked = downloads(sim)
        again = client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True)

        assert self.base(first) == PUBLIC
        receipt = json.loads((Path(str(first.extracted_to)) / "together-ext.json").read_text())
        assert (receipt["base_model"], receipt["base_model_alias"]) == (PUBLIC, ALIAS)
        assert (again.extracted_to, downloads(sim)) == (first.extracted_to, asked)

    @pytest.mark.parametrize(("options", "base"), [({"fix_base": False}, ALIAS), ({"base_model": "./mine"}, "./mine")])
    def test_a_different_base_model_is_not_taken_for_the_existing_one(
        self, client: Together, options: dict[str, Any], base: str
    ) -> None:
        def download(**more: Any) -> DownloadResult:  # noqa: ANN401 -- keywords of `download`
            return client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", extract=True, **more)

        download()
        with pytest.raises(TargetExistsError, match=f"with the base model {PUBLIC}"):
            download(**options)
        assert self.base(download(**options, overwrite=True)) == base
        assert self.base(download(**options)) == base
        with pytest.raises(TargetExistsError, match="with the base model"):
            download()

    @pytest.mark.parametrize(
        ("options", "word"),
        [
            ({"base_model": "name", "extract": True}, "invalid base model"),
            ({"base_model": "org/name", "extract": True, "fix_base": False}, "exclude each other"),
            ({"base_model": "org/name"}, "base_model is given without extract=True"),
        ],
    )
    def test_a_contradictory_base_model_is_refused_before_any_request(
        self, client: Together, sim: Simulator, options: dict[str, Any], word: str
    ) -> None:
        with pytest.raises(RuleError, match=word):
            client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", **options)
        assert sim.requests == []

    def test_a_base_model_for_a_full_model_is_refused_before_the_download(
        self, client: Together, sim: Simulator
    ) -> None:
        with pytest.raises(RuleError, match="base_model is given"):
            client.fine_tuning.download(LORA_JOB, extract=True, base_model="org/name")
        assert downloads(sim) == 0

    def test_the_command_shows_the_next_step(
        self, sim: Simulator, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
    ) -> None:
        monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
        command = ["ft", "download", LORA_JOB, "--checkpoint-type", "adapter", "--extract", "--base-url", sim.url]

        assert main([*command, "--quiet"]) == 0
        captured = capsys.readouterr()
        place = captured.out.strip()
        assert captured.err == ""
        assert main(command) == 0
        assert capsys.readouterr().err == f"to see how to load the model, run: together-ext inspect {place}\n"
        assert main([*command, "--json"]) == 0
        captured = capsys.readouterr()
        assert [step["tool"] for step in json.loads(captured.out)["next_steps"]][:4] == [
            "vllm",
            "sglang",
            "tgi",
            "peft",
        ]
        assert json.loads(captured.out)["extracted_to"] == place
        assert captured.err == ""
        assert main([*command, "--base-model", "org/name", "-o", "other", "--quiet"]) == 0
        (other,) = (folder / "other").iterdir()
        assert json.loads((other / "adapter_config.json").read_text())["base_model_name_or_path"] == "org/name"

    @pytest.mark.parametrize(
        "options",
        [["--base-model", "org/name"], ["--no-fix-base"], ["--extract", "--no-fix-base", "--base-model", "org/name"]],
    )
    def test_contradictory_options_are_wrong_usage(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch, options: list[str]
    ) -> None:
        monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
        assert main(["ft", "download", LORA_JOB, *options, "--base-url", sim.url]) == 2
        assert sim.requests == []


def test_partial_folders_of_a_killed_run_are_removed(client: Together, folder: Path) -> None:
    (folder / ".model.unpacking-a1b2").mkdir(mode=0o700)
    (folder / ".model.unpacking-a1b2" / "half").mkdir()
    (folder / ".model.unpacking-a1b2" / "half" / "file").write_text("half")

    client.fine_tuning.download(LORA_JOB, checkpoint_type="adapter", output="model.tar.zst", extract=True)

    assert names(folder) == ["model"]


@pytest.mark.parametrize("spool", [True, False])
def test_weights_are_extracted_while_they_arrive(
    client: Together, folder: Path, sim: Simulator, *, spool: bool
) -> None:
    """The last bytes are held back: whatever is there by then was extracted before."""
    content = random.Random(1).randbytes(12 << 20)  # noqa: S311 -- nothing secret
    archive = packed({"config.json": b"{}", "model.safetensors": content})
    sim.add_archive(LORA_JOB, BytesArchive(archive))
    sim.faults.append(Fault(when=lambda request: not in_front(request), stall=0, times=None))
    with ThreadPoolExecutor(1) as pool:
        fetching = pool.submit(client.fine_tuning.download, LORA_JOB, output="model.tar.zst", extract=True, spool=spool)
        growing = ".model.unpacking-*/output/model.safetensors"
        wait_until(lambda: any(path.stat().st_size >= 6 << 20 for path in folder.glob(growing)))
        assert not (folder / "model").exists()
        assert bool(list(folder.glob("model.tar.zst*"))) is spool
        assert not fetching.done()
        sim.faults.clear()
        release(sim, fetching)
        result = fetching.result(PATIENCE)
    assert names(folder) == ["model"]
    assert (folder / "model" / "model.safetensors").read_bytes() == content
    assert result.size == len(archive)
    assert verify(folder / "model").good


def in_front(request: Request) -> bool:
    """Whether a request is the first one, for the file's front."""
    return request.headers.get("range", "").startswith("bytes=0-")


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(cut=3_000_000, times=3)],
        [Fault(ignore_range=True, times=None)],
        [Fault(ignore_range=True, cut=3_000_000), Fault(ignore_range=True, times=None)],
        [Fault(ignore_range=True, chunked=True, times=None)],
        [Fault(replace=True, skip=1)],
    ],
    ids=["broken", "one stream", "a broken stream", "no length", "another version in the middle"],
)
@pytest.mark.parametrize("keep_archive", [True, False])
def test_after_any_fault_the_folder_has_the_content_of_the_archive(
    client: Together, folder: Path, sim: Simulator, faults: list[Fault], *, keep_archive: bool
) -> None:
    content = random.Random(2).randbytes(10 << 20)  # noqa: S311 -- nothing secret
    sim.add_archive(LORA_JOB, BytesArchive(packed({"config.json": b"{}", "model.safetensors": content})))
    sim.faults.append(*faults)

    client.fine_tuning.download(LORA_JOB, output="model.tar.zst", extract=True, keep_archive=keep_archive)
    assert names(folder) == ["model", "model.tar.zst"][: 1 + keep_archive]
    client.fine_tuning.download(LORA_JOB, output="archive")
    with tarfile.open(fileobj=io.BytesIO(zstd.decompress((folder / "archive").read_bytes()))) as tar:
        for member in tar:
            expected = tar.extractfile(member)
            assert expected is not None
            assert (folder / "model" / member.name.removeprefix("output/")).read_bytes() == expected.read()
    assert verify(folder / "model").good


def test_the_second_of_two_downloads_finds_the_folder_complete(client: Together, folder: Path, sim: Simulator) -> None:
    def download() -> DownloadResult:
        return client.fine_tuning.download(LORA_JOB, output="model.tar.zst", checkpoint_type="adapter", extract=True)

    sim.faults.append(Fault(hold=True))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(download)
        wait_until((folder / ".model.unpacking.lock").exists)
        second = pool.submit(download)
        release(sim, first)
        results = [first.result(PATIENCE), second.result(PATIENCE)]
    assert downloads(sim) == 1
    assert results[0].extracted_to == results[1].extracted_to
    assert names(folder) == ["model"]


@pytest.mark.parametrize("spool", [True, False])
def test_a_failed_download_keeps_its_bytes_and_leaves_no_folder(
    client: Together, folder: Path, sim: Simulator, *, spool: bool
) -> None:
    sim.add_archive(LORA_JOB, 10_000_000)
    sim.faults.append(Fault(status=410, skip=1, times=None))
    with pytest.raises(TogetherExtError):
        client.fine_tuning.download(LORA_JOB, output="model.tar.zst", extract=True, spool=spool)
    assert names(folder) == ["model.tar.zst.part", "model.tar.zst.part.json"] * spool


def test_on_the_command_line_quiet_prints_the_folder(
    sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    base = ["--base-url", sim.url]

    assert (
        main(
            ["ft", "download", LORA_JOB, "--checkpoint-type", "adapter", "-o", "models", "--extract", "--quiet", *base]
        )
        == 0
    )
    made = Path(capsys.readouterr().out.strip())
    assert made.parent == folder / "models"
    assert main(["verify", str(made), "--quiet"]) == 0
    assert main(["ft", "download", LORA_JOB, "--keep-archive", *base]) == 2


def test_the_receipt_records_that_a_checkpoint_is_the_best(command: Callable[..., Outcome], folder: Path) -> None:
    made = command("ft", "download", f"{LORA_JOB}:best", "-c", "adapter", "-o", "models", "--extract", "-q").out.strip()
    assert "loss" in json.loads((Path(made) / "together-ext.json").read_text())["best"]
    assert command("prune", str(folder / "models"), "--keep", "best").out.startswith("keep\t")


@pytest.mark.parametrize("name", ["my weights", "weights.tar.zst"])
def test_the_folder_of_an_output_without_an_extension_is_explained(
    name: str, command: Callable[..., Outcome], folder: Path
) -> None:
    outcome = command("ft", "download", LORA_JOB, "-c", "adapter", "--output", name, "--extract")
    made = folder / ("weights" if name == "weights.tar.zst" else f"{name}-unpacked")
    assert outcome.out.startswith(f"{made}\n")
    explained = f"--output names the archive; for a folder called {name}, pass --output '{name}.tar.zst'\n"
    assert (explained in outcome.err) == (made.name == f"{name}-unpacked")
    again = command("ft", "download", LORA_JOB, "-c", "adapter", "--output", name, "--extract", "--quiet")
    assert (again.out, again.err) == (f"{made}\n", "")
