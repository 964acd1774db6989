"""Weights from the registry in an object store: each file an object that appears when its hash is right."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from together_ext import IntegrityError, NotFoundError, RuleError, TargetExistsError, Together
from together_ext.destinations.checking import verify_objects
from together_ext.destinations.object_state import PARTIAL
from together_ext.destinations.store import Store
from together_ext.destinations.urls import parse_url
from together_ext.simulator import (
    DOWNLOAD_PATH,
    DPO_JOB,
    PARTS_PATH,
    BytesArchive,
    Distortion,
    Fault,
    Simulator,
    SyntheticArchive,
)
from together_ext.simulator.archives import pack
from together_ext.simulator.registry import PART

from .conftest import Outcome

Command = Callable[..., Outcome]
Kind = Literal["merged", "adapter"]
RECEIPT = "together-ext.json"
LARGE = os.urandom(9_500_000)
PARTED = 4_000_000
"""Bytes of a part: the large files have three."""
FILES = {"sub/config.json": b"{}", "sub/empty": b"", "sub/small.bin": os.urandom(PARTED + 5), "sub/large.bin": LARGE}
"""All in one folder, which is a part of their names."""
WEIGHTS = {"config.json": b"{}", "model.safetensors": b"archive"}


@pytest.fixture
def place() -> str:
    """A prefix that no other test has."""
    return f"memory://{secrets.token_hex(8)}/weights"


@pytest.fixture
def model(sim: Simulator) -> str:
    """The ID of a model with files of all sizes, of one part and of several."""
    sim.registry.part_size = PARTED
    return sim.registry.add("all-sizes", dict(FILES)).id


def content(url: str) -> dict[str, bytes]:
    """Everything below a URL, by name."""
    store = Store(parse_url(url, "url"))
    return {name: store.content(name) for name in store.list()}


def weights_at(url: str) -> dict[str, bytes]:
    """The same without the receipt, which must be there."""
    found = content(url)
    assert PARTIAL not in found
    assert verify_objects(url).good
    del found[RECEIPT]
    return found


def requests_of_parts(sim: Simulator) -> Counter[str]:
    """How often each part was requested."""
    return Counter(request.path.removeprefix(PARTS_PATH) for request in sim.storage_requests)


class TestObjects:
    def test_the_layout_in_a_forged_receipt_is_not_repeated(
        self, sync_client: Together, model: str, place: str
    ) -> None:
        sync_client.models.download(model, output=place)
        store = Store(parse_url(place, "url"))
        store.put(RECEIPT, store.content(RECEIPT).replace(b'"layout": "model"', b'"layout": "\\u001b[31mEVIL"'))
        assert b"EVIL" in store.content(RECEIPT)
        found = sync_client.models.download(model, output=place)
        assert (found.layout, found.verified) == ("unknown", "size")

    @pytest.mark.parametrize("kind", ["merged", "adapter"])
    def test_a_jobs_weights_are_those_of_a_local_folder(
        self, client: Together, sim: Simulator, tmp_path: Path, place: str, kind: Kind
    ) -> None:
        download = client.fine_tuning.download
        local = download(DPO_JOB, checkpoint_type=kind, extract=True, source="registry", output=tmp_path / "out")
        found = download(DPO_JOB, checkpoint_type=kind, extract=True, source="registry", output=place)
        assert (found.source, found.verified, found.resumed_from) == ("registry", "hash", 0)
        assert (found.filename, found.extracted_to, found.files) == (place, place, local.files)
        folder = Path(str(local.extracted_to))
        assert weights_at(place) == {name: (folder / name).read_bytes() for name in local.files}
        said, other = json.loads(content(place)[RECEIPT]), json.loads((folder / RECEIPT).read_text())
        assert {**said, "files": 0, "time": 0} == {**other, "files": 0, "time": 0}
        sim.forget()
        again = download(DPO_JOB, checkpoint_type=kind, extract=True, source="registry", output=place)
        assert (again.source, again.resumed_from, again.files) == ("registry", again.size, found.files)
        assert sim.storage_requests == []

    def test_files_of_all_sizes_keep_their_names(
        self, client: Together, sim: Simulator, model: str, place: str
    ) -> None:
        found = client.models.download(model, output=place)
        assert (found.folder, found.verified, sorted(found.files)) == (place, "hash", sorted(FILES))
        assert weights_at(place) == FILES
        said = json.loads(content(place)[RECEIPT])
        assert (said["source"], said["object"], said["revision"]) == ("registry", model, found.revision_id)
        assert set(requests_of_parts(sim).values()) == {1}
        sim.forget()
        assert sorted(client.models.download(model, output=place).files) == sorted(FILES)
        assert sim.storage_requests == []

    def test_a_prefix_gets_the_models_name_and_a_selection_is_kept_apart(
        self, client: Together, model: str, place: str
    ) -> None:
        found = client.models.download(model, output=f"{place}/", include=["*.json"])
        assert found.folder == f"{place}/acme-research--all-sizes"
        assert weights_at(found.folder) == {"sub/config.json": b"{}"}
        with pytest.raises(TargetExistsError, match="has other files of the same revision"):
            client.models.download(model, output=f"{place}/")
        client.models.download(model, output=f"{place}/", include=["*/empty"], overwrite=True)
        assert weights_at(found.folder) == {"sub/empty": b""}

    def test_another_revision_is_not_replaced_unless_it_may(self, client: Together, sim: Simulator, place: str) -> None:
        model = sim.registry.add("some", {"config.json": b"{}"}).id
        client.models.download(model, output=place)
        sim.registry.add("some", {"config.json": b"[]"})
        with pytest.raises(TargetExistsError, match="has other weights"):
            client.models.download(model, output=place)
        client.models.download(model, output=place, overwrite=True)
        assert weights_at(place) == {"config.json": b"[]"}

    def test_many_downloads_share_a_prefix(self, client: Together, place: str) -> None:
        names = [DPO_JOB, f"{DPO_JOB}:60"]
        outcomes = client.fine_tuning.download_many(names, output=f"{place}/", extract=True, source="registry")
        found = [outcome.unwrap() for outcome in outcomes]
        assert {one.source for one in found} == {"registry"}
        assert all(verify_objects(str(one.extracted_to)).good for one in found)

    @pytest.mark.parametrize("options", [{"storage_options": {"region": "x"}}, {"output": "s3://"}])
    def test_a_wrong_request_is_refused_before_any_request(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path, options: dict[str, Any]
    ) -> None:
        with pytest.raises(RuleError):
            client.models.download(model, **{"output": tmp_path / "out", **options})
        assert sim.requests == []


class TestFaults:
    @pytest.mark.parametrize(
        ("part", "again"),
        [
            ("config.json.part1", {"config.json.part1"}),
            ("small.bin.part2", {"small.bin.part1", "small.bin.part2"}),
            # The hash of a large file is known at its end alone, so that the whole file is requested again.
            ("large.bin.part2", {f"large.bin.part{number}" for number in (1, 2, 3)}),
        ],
    )
    def test_a_flipped_bit_is_noticed_before_the_object_appears(
        self, client: Together, sim: Simulator, model: str, place: str, part: str, again: set[str]
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}{part}", corrupt=0))
        assert client.models.download(model, output=place).verified == "hash"
        assert weights_at(place) == FILES
        assert {name for name, count in requests_of_parts(sim).items() if count > 1} == again

    @pytest.mark.parametrize("part", ["config.json.part1", "large.bin.part3"])
    def test_a_file_that_stays_bad_is_never_published(
        self, client: Together, sim: Simulator, model: str, place: str, part: str
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}{part}", corrupt=0, times=None))
        with pytest.raises(
            IntegrityError, match=rf"could not download sub/{part[:6]}\S+: .*of \d.* is bad: .*expected"
        ):
            client.models.download(model, output=place)
        left = content(place)
        assert RECEIPT not in left
        assert f"sub/{part.rpartition('.')[0]}" not in left
        assert {name: data for name, data in left.items() if name != PARTIAL}.items() <= FILES.items()
        sim.faults.clear()
        client.models.download(model, output=place)
        assert weights_at(place) == FILES

    def test_urls_that_expire_in_the_middle_of_a_file_are_renewed(
        self, client: Together, sim: Simulator, model: str, place: str
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}large.bin.part3", status=403))
        assert client.models.download(model, output=place).verified == "hash"
        assert weights_at(place) == FILES
        # What was uploaded before is not requested again.
        assert requests_of_parts(sim)["large.bin.part1"] == 1

    @pytest.mark.parametrize("fault", [{"cut": 1000}, {"reset": 1000}, {"drop": True}, {"status": 503}])
    def test_a_broken_connection_is_retried(
        self, client: Together, sim: Simulator, model: str, place: str, fault: dict[str, Any]
    ) -> None:
        sim.script(*(Fault(path=f"{PARTS_PATH}{name}", **fault) for name in ("config", "small", "large")))
        client.models.download(model, output=place)
        assert weights_at(place) == FILES

    @pytest.mark.parametrize(
        "wrong", [Distortion(path="../evil"), Distortion(path="/evil"), Distortion(size=7), Distortion(missing=1)]
    )
    def test_what_contradicts_itself_is_an_error_and_nothing_is_published(
        self, client: Together, sim: Simulator, model: str, place: str, wrong: Distortion
    ) -> None:
        sim.registry.distort("sub/small.bin", wrong)
        with pytest.raises(IntegrityError):
            client.models.download(model, output=place)
        assert content(place).keys() <= {PARTIAL}

    def test_a_hash_of_another_form_is_reported_as_verified_by_size(
        self, client: Together, sim: Simulator, model: str, place: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        sim.registry.distort("sub/large.bin", Distortion(hash="sha256:00"))
        assert client.models.download(model, output=place).verified == "size"
        assert weights_at(place) == FILES
        assert len([one for one in caplog.records if "verified by size" in one.getMessage()]) == 1

    @pytest.mark.parametrize("ignore_range", [False, True])
    def test_a_part_that_is_larger_than_the_usual_ones_is_requested_in_pieces(
        self, client: Together, sim: Simulator, place: str, *, ignore_range: bool
    ) -> None:
        size = PART + 1_000_000
        model = sim.registry.add("one-part", {"model.safetensors": size}).id
        sim.registry.part_size = 2 * PART
        sim.script(Fault(path=PARTS_PATH, ignore_range=ignore_range, times=None))
        assert client.models.download(model, output=place).verified == "hash"
        assert weights_at(place)["model.safetensors"] == SyntheticArchive(size, "model.safetensors").read(0, size)
        assert requests_of_parts(sim) == {"model.safetensors.part1": 2}

    def test_an_interrupted_download_is_resumed_file_by_file(
        self, client: Together, sim: Simulator, place: str
    ) -> None:
        contents: dict[str, Any] = {f"{number}.bin": os.urandom(8_500_000) for number in range(3)}
        model = sim.registry.add("three", dict(contents)).id

        sim.script(Fault(path=f"{PARTS_PATH}2.bin", status=404, times=None))
        with pytest.raises(NotFoundError):
            client.models.download(model, output=place, connections=1)
        left = content(place)
        named = {file["path"] for file in json.loads(left[PARTIAL])["files"]}
        assert named == contents.keys() - {"2.bin"}
        assert RECEIPT not in left
        sim.faults.clear()
        sim.forget()
        client.models.download(model, output=place)
        assert weights_at(place) == contents
        assert requests_of_parts(sim) == {"2.bin.part1": 1}

    def test_a_download_that_was_killed_after_its_last_file_only_writes_the_receipt(
        self, client: Together, sim: Simulator, place: str
    ) -> None:
        contents = {f"{number}.bin": os.urandom(8_500_000) for number in range(2)}
        model = sim.registry.add("two", dict(contents)).id
        sim.script(Fault(path=f"{PARTS_PATH}1.bin", status=404, times=None))
        with pytest.raises(NotFoundError):
            client.models.download(model, output=place, connections=1)
        sim.faults.clear()
        sim.forget()
        store, last = Store(parse_url(place, "url")), contents["1.bin"]
        partial = json.loads(store.content(PARTIAL))
        partial["files"].append({"path": "1.bin", "size": len(last), "sha256": hashlib.sha256(last).hexdigest()})
        store.put("1.bin", last)
        store.put(PARTIAL, json.dumps(partial).encode())
        client.models.download(model, output=place)
        assert weights_at(place) == contents
        assert requests_of_parts(sim) == {}

    def test_a_job_resumes_with_what_its_partial_receipt_names(
        self, client: Together, sim: Simulator, place: str
    ) -> None:
        contents = {"config.json": b"{}", **{f"model-{one}.safetensors": os.urandom(8_500_000) for one in "12"}}
        model = sim.registry.add("large", dict(contents))
        sim.job(DPO_JOB).overrides |= {"model_object_id": model.id, "model_object_revision_id": model.revisions[0].id}
        download = client.fine_tuning.download
        sim.script(Fault(path=f"{PARTS_PATH}model-2", status=404, times=None))
        with pytest.raises(NotFoundError):
            download(DPO_JOB, extract=True, source="auto", output=place)
        assert not [request for request in sim.requests if request.path.endswith(DOWNLOAD_PATH)]
        partial = json.loads(content(place)[PARTIAL])
        assert {file["path"] for file in partial["files"]} >= {"model-1.safetensors"}
        assert (partial["job"], partial["object"]) == (DPO_JOB, model.id)
        kept = sum(file["size"] for file in partial["files"])
        sim.faults.clear()
        sim.forget()
        found = download(DPO_JOB, extract=True, source="auto", output=place)
        assert (found.source, found.resumed_from, weights_at(place)) == ("registry", kept, contents)
        assert "model-1.safetensors.part1" not in requests_of_parts(sim)

    def test_auto_falls_back_to_the_archive_before_the_first_byte(
        self, client: Together, sim: Simulator, place: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        sim.add_archive(DPO_JOB, BytesArchive(pack(WEIGHTS)))
        sim.script(Fault(path=PARTS_PATH, status=403, times=None))
        with caplog.at_level(logging.WARNING, "together_ext"):
            found = client.fine_tuning.download(DPO_JOB, extract=True, source="auto", output=place)
        assert (found.source, weights_at(place)) == ("archive", WEIGHTS)
        assert len([one for one in caplog.records if "downloading the archive" in one.getMessage()]) == 1


def test_the_command_line_saves_a_model_in_an_object_store(command: Command, model: str, place: str) -> None:
    done = command("models", "download", model, "-o", place, "--quiet")
    assert done.out.strip() == f"{place}/acme-research--all-sizes"
    assert weights_at(done.out.strip()) == FILES
    itself = command("models", "download", model, "--output", f"{place}/exact", "--files", "sub/config.json", "--json")
    assert (itself.code, itself.json["folder"]) == (0, f"{place}/exact")
    assert command("verify", f"{place}/exact").code == 0
    refused = command("models", "download", model, "-o", "x", "--storage-option", "key=secret")
    assert (refused.code, "secret" in refused.err.replace("storage", "")) == (2, False)
