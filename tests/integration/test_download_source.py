"""`download(..., extract=True, source=...)`: the same folder from the registry as from the archive."""

from __future__ import annotations

import json
import logging
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from together_ext import (
    DownloadResult,
    IntegrityError,
    NoProjectError,
    NotFoundError,
    NotInRegistryError,
    RuleError,
    TargetExistsError,
    Together,
    TogetherExtError,
    TransferInterruptedError,
    verify,
)
from together_ext.bulk import PlannedDownload
from together_ext.simulator import (
    DOWNLOAD_PATH,
    DPO_JOB,
    LORA_JOB,
    PARTS_PATH,
    BytesArchive,
    Distortion,
    Fault,
    Simulator,
    SyntheticArchive,
)
from together_ext.simulator.archives import pack
from together_ext.simulator.models import adapter_files

from .conftest import Outcome

Command = Callable[..., Outcome]
Source = Literal["registry", "auto"]
WEIGHTS = {"config.json": b"{}", "model.safetensors": b"archive"}
MODEL_ALONE = b'{"data": [{"step": 60, "checkpoint_type": "Intermediate", "checkpoint": "model", "object_id": "ml_1"}]}'
"""A list with a checkpoint whose adapter is not in the registry."""


@pytest.fixture(autouse=True)
def _served(sim: Simulator) -> None:
    """The archive, told from the files in the registry by its content."""
    sim.add_archive(DPO_JOB, BytesArchive(pack(WEIGHTS)))
    sim.add_archive(LORA_JOB, BytesArchive(pack(WEIGHTS)))


def content_of(folder: str | None) -> dict[str, bytes]:
    """The files of a folder, without the receipt."""
    paths = [path for path in Path(str(folder)).rglob("*") if path.is_file() and path.name != "together-ext.json"]
    return {path.relative_to(str(folder)).as_posix(): path.read_bytes() for path in paths}


def receipt_of(result: DownloadResult) -> dict[str, Any]:
    """The receipt of a folder."""
    document: dict[str, Any] = json.loads((Path(str(result.extracted_to)) / "together-ext.json").read_text())
    return document


def archives(sim: Simulator) -> int:
    """How often an archive was requested."""
    return sum(request.path.endswith(DOWNLOAD_PATH) for request in sim.requests)


class TestSameFolder:
    def test_archive_and_registry_give_identical_folders(self, tmp_path: Path) -> None:
        """Receipts differ in the source, and in what only one source has."""
        with Simulator() as sim, Together(sim.api_key, sim.url) as client:
            for kind in ("merged", "adapter"):
                for name in (DPO_JOB, f"{DPO_JOB}:60"):
                    both = [
                        client.fine_tuning.download(
                            name, checkpoint_type=kind, extract=True, source=source, output=f"{tmp_path}/{source}/"
                        )
                        for source in ("archive", "registry")
                    ]
                    of_archive, of_registry = both
                    assert content_of(of_archive.extracted_to) == content_of(of_registry.extracted_to)
                    assert (of_registry.source, of_registry.verified) == ("registry", "hash")
                    assert (of_registry.files, of_registry.layout) == (of_archive.files, of_archive.layout)
                    assert verify(str(of_registry.extracted_to)).good
                    said, other = map(receipt_of, both)
                    assert said.keys() - other.keys() == {"archive"}
                    assert other.keys() - said.keys() == {"object", "revision", "hashes"}
                    same = said.keys() - {"archive", "source", "time"}
                    assert {key: said[key] for key in same} == {key: other[key] for key in same}

    def test_the_base_model_of_an_adapter_is_repaired(self, client: Together, tmp_path: Path) -> None:
        found = client.fine_tuning.download(
            DPO_JOB, checkpoint_type="adapter", extract=True, source="registry", output=tmp_path / "out.tar"
        )
        config = json.loads(content_of(found.extracted_to)["adapter_config.json"])
        assert config["base_model_name_or_path"] == "meta-llama/Llama-3.1-8B-Instruct"
        assert "__TOG__" in receipt_of(found)["base_model_alias"]
        assert found.filename == found.extracted_to == str(tmp_path / "out")

    def test_a_complete_folder_is_not_downloaded_again_from_either_source(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        output = tmp_path / "out.tar"
        client.fine_tuning.download(DPO_JOB, extract=True, source="registry", output=output)
        sim.forget()
        again = client.fine_tuning.download(DPO_JOB, extract=True, source="registry", output=output)
        other = client.fine_tuning.download(DPO_JOB, extract=True, output=output)
        assert again == other
        assert (again.source, again.verified, again.resumed_from) == ("registry", "hash", again.size)
        assert (archives(sim), sim.storage_requests) == (0, [])
        (tmp_path / "out" / "config.json").write_text("[]")
        with pytest.raises(TargetExistsError, match="has changed since"):
            client.fine_tuning.download(DPO_JOB, extract=True, source="registry", output=output)

    def test_many_downloads_take_the_source(self, client: Together, sim: Simulator, tmp_path: Path) -> None:
        found = [
            one.unwrap()
            for one in client.fine_tuning.download_many(
                [DPO_JOB, f"{DPO_JOB}:60"], output=tmp_path, extract=True, source="registry"
            )
        ]
        assert ({one.source for one in found}, archives(sim)) == ({"registry"}, 0)


class TestFallback:
    """What the registry refuses before the first byte."""

    @pytest.mark.parametrize(
        ("job", "faults", "sentence", "kind"),
        [
            (LORA_JOB, [], "the job has no model_object_id", NotInRegistryError),
            (
                f"{DPO_JOB}:60",
                [Fault(path=f"/fine-tunes/{DPO_JOB}/checkpoints", status=200, body=MODEL_ALONE, times=None)],
                "the checkpoint has no object_id for the adapter",
                NotInRegistryError,
            ),
            (DPO_JOB, [Fault(path="/v2/", status=404, times=None)], "could not list the files", NotInRegistryError),
            (DPO_JOB, [Fault(path="/v3/", status=404, times=None)], "TOGETHER_PROJECT_ID", NoProjectError),
            (
                DPO_JOB,
                [Fault(path="/v3/", status=200, body=b'{"type": "org_api_key"}', times=None)],
                "does not belong to a project: set TOGETHER_PROJECT_ID",
                NoProjectError,
            ),
            (DPO_JOB, [Fault(path=PARTS_PATH, status=403, times=None)], "responds with 403", TransferInterruptedError),
        ],
    )
    def test_auto_downloads_the_archive_with_one_line_and_registry_says_what_to_do(
        self,
        client: Together,
        sim: Simulator,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        job: str,
        faults: list[Fault],
        sentence: str,
        kind: type[Exception],
    ) -> None:
        adapter: Any = {"checkpoint_type": "adapter"} if ":" in job else {}
        if adapter:
            sim.add_archive(DPO_JOB, BytesArchive(pack(adapter_files("test"))))
        sim.script(*faults)
        with pytest.raises(kind, match=sentence) as caught:
            client.fine_tuning.download(job, extract=True, source="registry", output=tmp_path / "out.tar", **adapter)
        if kind is NotInRegistryError:
            assert "download the archive (source='archive', --source archive)" in str(caught.value)
        assert (archives(sim), (tmp_path / "out").exists()) == (0, False)
        with caplog.at_level(logging.WARNING, "together_ext"):
            found = client.fine_tuning.download(
                job, extract=True, source="auto", output=tmp_path / "out.tar", **adapter
            )
        assert (found.source, receipt_of(found)["source"]) == ("archive", "archive")
        (line,) = [one.getMessage() for one in caplog.records if "downloading the archive" in one.getMessage()]
        assert sentence in line
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    @pytest.mark.off_contract
    @pytest.mark.parametrize(
        "fault",
        [
            *(Fault(path=path, status=status) for path in ("/v2/", "/v3/") for status in (400, 401, 403, 500, 504)),
            *(Fault(path=path, drop=True) for path in ("/v2/", "/v3/")),
            *(
                Fault(path=path, status=200, body=body)
                for path in ("/v2/", "/v3/")
                for body in (b"{", b"[]", b"<html>")
            ),
            Fault(path="/v2/", status=200, body=b'{"data": [], "next_cursor": "c1"}'),
            Fault(path="/v2/", method="POST", status=404),
            Fault(path="/v2/", method="POST", status=200, body=b'{"revisionId": "rv_other", "files": []}'),
            *(Fault(path=PARTS_PATH, status=status) for status in (400, 401, 403, 404, 410, 416)),
        ],
        ids=repr,
    )
    def test_auto_passes_over_whatever_the_registry_fails_with_before_the_first_byte(
        self, sim: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Fault
    ) -> None:
        self.assert_passed_over(sim, tmp_path, caplog, fault)

    @pytest.mark.parametrize("path", ["/v2/", "/v3/"])
    def test_auto_passes_over_a_registry_that_does_not_respond(
        self, sim: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str
    ) -> None:
        sim.script(Fault(path=path, hold=True, times=None))
        with Together(sim.api_key, sim.url, timeout=2, max_retries=0) as client:
            found = client.fine_tuning.download(DPO_JOB, extract=True, source="auto", output=tmp_path / "out.tar")
        assert (found.source, content_of(found.extracted_to)) == ("archive", WEIGHTS)
        (line,) = [one.getMessage() for one in caplog.records if "downloading the archive" in one.getMessage()]
        assert "no response within the timeout" in line

    @pytest.mark.parametrize(
        "wrong", [Distortion(path="../evil"), Distortion(path="/evil"), Distortion(size=7), Distortion(missing=1)]
    )
    def test_auto_passes_over_a_listing_that_contradicts_itself(
        self, sim: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture, wrong: Distortion
    ) -> None:
        sim.registry.distort("config.json", wrong)
        self.assert_passed_over(sim, tmp_path, caplog)

    def test_auto_passes_over_a_revision_that_failed_its_validation(
        self, sim: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        status = "REVISION_VALIDATION_STATUS_FAILED"
        model = sim.registry.add("bad", {"config.json": b"{}", "model.safetensors": b"bad"}, status=status)
        sim.job(DPO_JOB).overrides |= {"model_object_id": model.id, "model_object_revision_id": None}
        self.assert_passed_over(sim, tmp_path, caplog)

    @staticmethod
    def assert_passed_over(
        sim: Simulator, folder: Path, caplog: pytest.LogCaptureFixture, fault: Fault | None = None
    ) -> None:
        """`registry` fails and leaves nothing; `auto` downloads the archive, with one line."""
        sim.script(*([replace(fault, times=None)] if fault else ()))
        with Together(sim.api_key, sim.url, max_retries=0) as client:
            with pytest.raises(TogetherExtError):
                client.fine_tuning.download(DPO_JOB, extract=True, source="registry", output=folder / "out.tar")
            assert (archives(sim), (folder / "out").exists()) == (0, False)
            found = client.fine_tuning.download(DPO_JOB, extract=True, source="auto", output=folder / "out.tar")
        assert (found.source, content_of(found.extracted_to)) == ("archive", WEIGHTS)
        lines = [one for one in caplog.records if "downloading the archive" in one.getMessage()]
        assert [line.levelname for line in lines] == ["WARNING"]
        assert [path.name for path in folder.iterdir()] == ["out"]

    @pytest.mark.parametrize(
        "faults",
        [
            [Fault(path=f"{PARTS_PATH}model-00001", status=404)],
            [Fault(path=f"{PARTS_PATH}model-00001", status=403)],
            [Fault(path=f"{PARTS_PATH}model-00001", corrupt=7)],
            # The URLs expire, and are not renewed.
            [Fault(path=f"{PARTS_PATH}model-00001", status=410), Fault(path="/v2/", method="POST", status=404, skip=1)],
            [Fault(path=f"{PARTS_PATH}model-00001", status=401), Fault(path="/v2/", method="POST", status=401, skip=1)],
        ],
        ids=repr,
    )
    def test_auto_never_mixes_the_sources_after_the_first_byte(
        self, sim: Simulator, tmp_path: Path, faults: list[Fault]
    ) -> None:
        sim.script(*(replace(fault, times=None) for fault in faults))
        with Together(sim.api_key, sim.url, max_retries=0) as client:
            with pytest.raises(TogetherExtError):
                client.fine_tuning.download(
                    DPO_JOB, extract=True, source="auto", output=tmp_path / "out.tar", connections=1
                )
            assert (archives(sim), (tmp_path / "out").exists()) == (0, False)
            sim.faults.clear()
            sim.forget()
            found = client.fine_tuning.download(DPO_JOB, extract=True, source="auto", output=tmp_path / "out.tar")
        assert (found.source, found.verified, archives(sim)) == ("registry", "hash", 0)
        # The larger file had arrived before.
        assert found.resumed_from > found.size // 2
        assert not [one for one in sim.storage_requests if "model-00002" in one.path]

    def test_auto_prefers_the_registry(
        self, client: Together, sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOGETHER_EXT_SOURCE", "auto")
        assert client.fine_tuning.download(DPO_JOB, extract=True, output=tmp_path / "out.tar").source == "registry"
        assert archives(sim) == 0
        # The archive itself is in no registry.
        assert client.fine_tuning.download(DPO_JOB, output=tmp_path / "other.tar.zst").source == "archive"

    def test_weights_of_another_layout_are_not_taken(self, client: Together, sim: Simulator, tmp_path: Path) -> None:
        sim.registry.distort("config.json", Distortion(path="adapter_config.json"))
        with pytest.raises(IntegrityError, match=r"ml_\w+ in the registry contains an adapter, but a model"):
            client.fine_tuning.download(DPO_JOB, extract=True, source="registry", output=tmp_path / "out.tar")
        assert sim.storage_requests == []
        found = client.fine_tuning.download(DPO_JOB, extract=True, source="auto", output=tmp_path / "out.tar")
        assert content_of(found.extracted_to) == WEIGHTS

    def test_what_fails_later_is_an_error_and_a_rerun_continues_with_the_registry(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}model-00002", corrupt=7, times=None))
        with pytest.raises(IntegrityError, match="is bad"):
            client.fine_tuning.download(DPO_JOB, extract=True, source="auto", output=tmp_path / "out.tar")
        assert (archives(sim), (tmp_path / "out").exists()) == (0, False)
        sim.faults.clear()
        found = client.fine_tuning.download(DPO_JOB, extract=True, source="auto", output=tmp_path / "out.tar")
        assert (found.source, found.verified, archives(sim)) == ("registry", "hash", 0)


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"source": "registry"}, r"source is 'registry' without extract=True: .*add extract=True"),
            ({"source": "cloud", "extract": True}, "source is 'cloud': choose one of archive, registry, auto"),
            ({"source": "registry", "extract": True, "keep_archive": True}, "keep_archive is for archives"),
            ({"source": "registry", "extract": True, "spool": False}, "spool is for archives"),
        ],
    )
    def test_before_any_request(
        self, client: Together, sim: Simulator, tmp_path: Path, options: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(RuleError, match=sentence):
            client.fine_tuning.download(DPO_JOB, **{"output": tmp_path / "out.tar", **options})
        with pytest.raises(RuleError, match=sentence):
            list(client.fine_tuning.download_many([DPO_JOB], **{"output": f"{tmp_path}/", **options}))
        assert sim.requests == []

    def test_on_the_command_line(self, command: Command, sim: Simulator, tmp_path: Path) -> None:
        refused = command("ft", "download", DPO_JOB, "--source", "registry")
        assert (refused.code, "--source registry requires --extract" in refused.err) == (2, True)
        wrong = command("ft", "download", DPO_JOB, "--source", "cloud", "--extract")
        assert (wrong.code, "choose one of archive, registry, auto" in wrong.err) == (2, True)
        assert sim.requests == []
        done = command(*("ft", "download", DPO_JOB, "--source", "registry", "--extract", "-o", str(tmp_path), "--json"))
        assert (done.json["source"], done.json["verified"]) == ("registry", "hash")


class TestPlan:
    @pytest.mark.parametrize("where", ["folder", "objects"])
    def test_a_plan_has_size_and_number_of_files(
        self, client: Together, sim: Simulator, tmp_path: Path, where: str
    ) -> None:
        output = f"{tmp_path}/" if where == "folder" else f"memory://{secrets.token_hex(8)}/"
        sizes: dict[str, Any] = {"config.json": b"{}", "a.safetensors": 8_500_000, "b.safetensors": 9_000_000}
        model = sim.registry.add("large", sizes)
        sim.job(DPO_JOB).overrides |= {"model_object_id": model.id, "model_object_revision_id": None}
        options: Any = {"output": output, "extract": True, "source": "registry"}

        def plan() -> PlannedDownload:
            (entry,) = client.fine_tuning.plan_downloads([DPO_JOB], **options).entries
            return entry

        first = plan()
        whole = 17_500_002
        assert (first.source, first.state, first.size, first.files) == ("registry", "new", whole, 3)
        assert first.needed == (whole if where == "folder" else 0)
        assert sim.storage_requests == []
        bad = sorted(["a", "b"])[0 if where == "folder" else 1]
        sim.script(Fault(path=f"{PARTS_PATH}{bad}.safetensors", status=404, times=None))
        with pytest.raises(NotFoundError):
            client.fine_tuning.download(DPO_JOB, connections=1, **options)
        later = plan()
        assert (later.state, later.size, later.files) == ("resumable", whole, 3)
        assert 8_500_000 <= later.present <= 9_000_002
        assert later.needed == (whole - later.present if where == "folder" else 0)
        sim.faults.clear()
        assert client.fine_tuning.download(DPO_JOB, **options).resumed_from == later.present
        done = plan()
        assert (done.source, done.state, done.size, done.present) == ("registry", "complete", whole, whole)

    def test_with_auto_a_plan_names_the_source_that_would_be_used(self, client: Together, tmp_path: Path) -> None:
        options: Any = {"output": f"{tmp_path}/", "extract": True, "source": "auto"}
        plan = client.fine_tuning.plan_downloads([DPO_JOB, LORA_JOB], **options)
        assert [(entry.source, entry.files) for entry in plan.entries] == [("registry", 8), ("archive", None)]
        assert all(entry.size for entry in plan.entries)

    def test_with_registry_alone_weights_that_it_lacks_are_refused(
        self, client: Together, command: Command, tmp_path: Path
    ) -> None:
        options: Any = {"output": f"{tmp_path}/", "extract": True, "source": "registry"}
        (entry,) = client.fine_tuning.plan_downloads([LORA_JOB], **options).entries
        assert (entry.state, type(entry.error)) == ("refused", NotInRegistryError)
        arguments = ("--extract", "--source", "registry", "-o", str(tmp_path), "--json")
        found = command("ft", "download", DPO_JOB, "--dry-run", *arguments)
        assert [(one["source"], one["files"]) for one in found.json["data"]] == [("registry", 8)]


class TestVerified:
    @pytest.mark.parametrize("source", ["registry", "auto"])
    @pytest.mark.parametrize("odd", ["sha256:00", "", "A" * 32, f"{'0' * 32}-9"])
    def test_a_hash_of_another_form_is_never_reported_as_verified_by_hash(
        self,
        client: Together,
        sim: Simulator,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        source: Source,
        odd: str,
    ) -> None:
        sim.registry.distort("model-00001-of-00002.safetensors", Distortion(hash=odd))
        found = client.fine_tuning.download(DPO_JOB, extract=True, source=source, output=tmp_path / "out.tar")
        assert (found.source, found.verified) == ("registry", "size")
        assert len([one for one in caplog.records if "verified by size" in one.getMessage()]) == 1


class TestResume:
    def test_a_download_that_ends_in_the_middle_of_a_file_requests_only_what_is_missing(
        self, sim: Simulator, tmp_path: Path
    ) -> None:
        size, part = 9_000_000, 1_000_000
        model = sim.registry.add("parted", {"config.json": b"{}", "model.safetensors": size})
        sim.registry.part_size = part
        sim.job(DPO_JOB).overrides |= {"model_object_id": model.id, "model_object_revision_id": None}
        options: Any = {"output": tmp_path / "out.tar", "extract": True, "source": "registry", "connections": 1}
        sim.script(Fault(path=f"{PARTS_PATH}model.safetensors.part7", status=404, times=None))
        with Together(sim.api_key, sim.url, max_retries=0) as client:
            with pytest.raises(NotFoundError):
                client.fine_tuning.download(DPO_JOB, **options)
            assert not (tmp_path / "out").exists()
            sim.faults.clear()
            sim.forget()
            found = client.fine_tuning.download(DPO_JOB, **options)
        assert (found.source, found.verified) == ("registry", "hash")
        weights = content_of(found.extracted_to)["model.safetensors"]
        assert weights == SyntheticArchive(size, "model.safetensors").read(0, size)
        asked = Counter[int]()
        for request in sim.storage_requests:
            if "model" in request.path:
                span = request.headers.get("range", f"bytes=0-{part - 1}").removeprefix("bytes=")
                first, last = map(int, span.split("-"))
                asked[int(request.path.rpartition("part")[2])] += last - first + 1
        # Of what is kept, the beginning and the end are compared.
        compared = 64 << 10
        assert asked == {1: compared, 6: compared, 7: part, 8: part, 9: part}
        assert found.resumed_from in {6 * part, 6 * part + 2}


def test_a_step_with_several_forms_is_one_row_and_one_name(command: Command, client: Together) -> None:
    """Newer servers list the model and the adapter of a step."""
    listed = client.fine_tuning.list_checkpoints(DPO_JOB)
    assert [(one.step, one.object_kind) for one in listed[:2]] == [(120, "model"), (120, "adapter")]
    assert command("ft", "list-checkpoints", DPO_JOB, "--quiet").out.split() == [DPO_JOB, f"{DPO_JOB}:60"]
    assert len(command("ft", "list-checkpoints", DPO_JOB, "--json").json["data"]) == len(listed)
