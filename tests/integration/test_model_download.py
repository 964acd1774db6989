"""Downloads from the registry: the right folder or a typed error, nothing at the final path, nothing outside it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from together_ext import (
    IntegrityError,
    NotFoundError,
    RuleError,
    StorageError,
    TargetExistsError,
    Together,
    TransferInterruptedError,
    verify,
)
from together_ext.simulator import DPO_JOB, PARTS_PATH, Distortion, Fault, Simulator, SyntheticArchive
from together_ext.simulator.registry import PART
from together_ext.transfer import DownloadProgress
from together_ext.transfer.parts import Part, PartedRemote

from .conftest import Outcome, RawServer

Command = Callable[..., Outcome]
NAME = "acme-research/support-bot"
WEIGHTS = os.urandom(300_000)
FILES = {"config.json": b"{}", "model.safetensors": WEIGHTS, "tokenizer/merges.txt": b""}
LARGE = 2 * PART + 12_345
"""Bytes of a file of three parts."""


@pytest.fixture
def model(sim: Simulator) -> str:
    """The ID of a model with small files."""
    return sim.registry.add(NAME, FILES).id


@pytest.fixture
def large(sim: Simulator) -> str:
    """The ID of a model whose file has three parts."""
    return sim.registry.add("large", {"model.safetensors": SyntheticArchive(LARGE, "large")}).id


def content_of(folder: str | Path) -> dict[str, bytes]:
    """The files of a folder, without the receipt."""
    paths = [path for path in Path(folder).rglob("*") if path.is_file() and path.name != "together-ext.json"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def assert_nothing_outside(folder: Path, final: str = "out") -> None:
    """Nothing is at the final path, and nothing but private files of the download is beside it."""
    assert not (folder / final).exists()
    assert [path.name for path in folder.iterdir() if not path.name.startswith(f".{final}.")] == []


class TestFolder:
    def test_every_file_is_downloaded_verified_and_receipted(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        found = client.models.download(model, output=tmp_path / "out")
        assert (found.folder, found.verified, found.layout) == (str(tmp_path / "out"), "hash", "model")
        assert (found.object_id, found.name, sorted(found.files)) == (model, NAME, sorted(FILES))
        assert content_of(found.folder) == FILES
        said = json.loads((tmp_path / "out" / "together-ext.json").read_text())
        assert (said["source"], said["object"], said["revision"]) == ("registry", model, found.revision_id)
        assert said["hashes"]["model.safetensors"] == hashlib.md5(WEIGHTS, usedforsecurity=False).hexdigest()
        assert verify(found.folder).good
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        assert not [request for request in sim.storage_requests if "authorization" in request.headers]

    def test_a_complete_folder_is_verified_and_nothing_is_downloaded(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        first = client.models.download(model, output=tmp_path / "out")
        sim.forget()
        assert client.models.download(NAME, output=tmp_path / "out") == first
        assert (sim.storage_requests, [request.method for request in sim.requests].count("POST")) == ([], 0)

    def test_a_folder_that_has_changed_or_is_anothers_is_left_alone(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        client.models.download(model, output=tmp_path / "out")
        (tmp_path / "out" / "config.json").write_text("[]")
        with pytest.raises(TargetExistsError, match="has changed since"):
            client.models.download(model, output=tmp_path / "out")
        with pytest.raises(TargetExistsError, match="already exists"):
            client.models.download(sim.registry.add("b", FILES).id, output=tmp_path / "out")
        client.models.download(model, output=tmp_path / "out", overwrite=True)
        assert content_of(tmp_path / "out") == FILES
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "note.txt").write_text("mine")
        found = client.models.download(model, output=tmp_path / "own")
        assert found.folder == str(tmp_path / "own" / "acme-research--support-bot")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
    def test_a_folder_of_another_user_is_not_trusted(self, client: Together, model: str, tmp_path: Path) -> None:
        """The receipt may be forged together with the weights."""
        tmp_path.chmod(0o777)
        client.models.download(model, output=tmp_path / "out")
        os.chown(tmp_path / "out", 65534, 65534)
        with pytest.raises(
            TargetExistsError, match=r"out belongs to user 65534, so the files of .*/out are not trusted"
        ):
            client.models.download(model, output=tmp_path / "out")

    def test_a_replacement_that_fails_leaves_the_folder(
        self, client: Together, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.models.download(model, output=tmp_path / "out")
        rename = os.rename

        def refuse(source: Path, target: Path) -> None:
            if str(source).endswith(".registry-part"):
                raise OSError(errno.EIO, "Input/output error")
            rename(source, target)

        with monkeypatch.context() as broken:
            broken.setattr(os, "rename", refuse)
            with pytest.raises(StorageError, match="could not write to"):
                client.models.download(model, output=tmp_path / "out", overwrite=True)
        assert content_of(tmp_path / "out") == FILES
        client.models.download(model, output=tmp_path / "out", overwrite=True)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_an_existing_folder_or_a_separator_gets_the_model_inside(
        self, client: Together, model: str, tmp_path: Path
    ) -> None:
        found = client.models.download(model, output=f"{tmp_path}/models/")
        assert found.folder == str(tmp_path / "models" / "acme-research--support-bot")

    def test_a_job_has_the_same_files_in_the_registry_as_in_its_archive(self, client: Together, tmp_path: Path) -> None:
        job = client.fine_tuning.retrieve(DPO_JOB)
        registry = client.models.download(str(job.model_object_id), output=tmp_path / "registry")
        assert registry.files
        with Simulator() as other:  # this one's archives are replaced by small ones
            from together_ext import Together as Plain  # noqa: PLC0415 -- not the facade

            plain = Plain(other.api_key, other.url)
            archive = plain.fine_tuning.download(DPO_JOB, output=tmp_path / "archive.tar.zst", extract=True)
        assert content_of(registry.folder) == content_of(str(archive.extracted_to))

    def test_a_selection_is_by_paths_and_patterns(self, client: Together, model: str, tmp_path: Path) -> None:
        for number, (selection, expected) in enumerate(
            [
                ({"files": ["config.json"]}, {"config.json"}),
                ({"include": ["*.json", "tokenizer/*"]}, {"config.json", "tokenizer/merges.txt"}),
                ({"exclude": ["*.safetensors"]}, {"config.json", "tokenizer/merges.txt"}),
            ]
        ):
            keywords: dict[str, Any] = selection
            assert set(client.models.download(model, output=tmp_path / str(number), **keywords).files) == expected

    @pytest.mark.parametrize(
        ("selection", "sentence"),
        [
            ({"files": ["none"]}, r"has no file 'none': its files are config\.json, model\.safetensors"),
            ({"include": ["*.gguf"]}, r"no file of ml_\w+ is selected: its files are config\.json"),
            ({"files": "config.json"}, r"files is 'config\.json': expected a list of texts"),
            ({"connections": 0}, "connections is 0"),
            ({"output": "ftp://a/b"}, "ftp://"),
        ],
    )
    def test_a_wrong_request_is_refused_before_any_download(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path, selection: dict[str, Any], sentence: str
    ) -> None:
        with pytest.raises(RuleError, match=sentence):
            client.models.download(model, **{"output": tmp_path / "out", **selection})
        assert sim.storage_requests == []

    def test_a_revision_that_failed_its_validation_is_downloaded_only_if_it_is_named(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        good = sim.registry.add(NAME, FILES).revisions[0].id
        bad = {"config.json": b"[]"}
        status = "REVISION_VALIDATION_STATUS_FAILED"
        failed = sim.registry.add(NAME, bad, status=status, errors=("no weights",)).revisions[1].id
        with pytest.raises(
            RuleError, match=rf"revision {failed} of ml_\w+ failed its validation \(no weights\): name it"
        ):
            client.models.download(NAME, output=tmp_path / "out")
        assert content_of(client.models.download(NAME, output=tmp_path / "out", revision=failed).folder) == bad
        assert content_of(client.models.download(NAME, output=tmp_path / "good", revision=good).folder) == FILES


class TestFaults:
    def test_a_flipped_bit_is_noticed_and_the_file_is_right_in_the_end(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}model", corrupt=7))
        assert content_of(client.models.download(model, output=tmp_path / "out").folder) == FILES
        assert len([one for one in sim.storage_requests if "model.safetensors" in one.path]) == 2

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_a_flipped_bit_in_any_part_of_a_large_file_is_noticed(
        self, client: Together, sim: Simulator, large: str, tmp_path: Path, number: int
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}model.safetensors.part{number}", corrupt=99))
        found = client.models.download(large, output=tmp_path / "out")
        assert (Path(found.folder) / "model.safetensors").read_bytes() == SyntheticArchive(LARGE, "large").read(
            0, LARGE
        )

    def test_a_bad_small_file_ends_the_download_while_a_large_one_still_arrives(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        model = sim.registry.add(
            "mixed", {"config.json": b"{}", "model.safetensors": SyntheticArchive(LARGE, "large")}
        ).id
        sim.script(
            Fault(path=f"{PARTS_PATH}config", corrupt=1, times=None),
            Fault(path=f"{PARTS_PATH}model", stall=1_000_000, times=None),
        )
        with pytest.raises(IntegrityError, match=r"config\.json: part 1 of 1 is bad"):
            client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)

    def test_a_small_file_of_several_parts_is_downloaded_part_by_part(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        sim.registry.part_size = 200_000
        sim.script(Fault(path=f"{PARTS_PATH}model.safetensors.part2", corrupt=7))
        assert content_of(client.models.download(model, output=tmp_path / "out").folder) == FILES

    @pytest.mark.parametrize("number", range(1, 6))
    def test_of_the_parts_of_a_large_file_only_those_up_to_the_bad_one_are_requested_again(
        self, client: Together, sim: Simulator, tmp_path: Path, number: int
    ) -> None:
        """The hash of the file does not show which part is bad; none after it is requested."""
        content = os.urandom(2_500_000)
        model = sim.registry.add("parted", {"model.safetensors": content}).id
        sim.registry.part_size = 500_000
        name = f"{PARTS_PATH}model.safetensors.part"
        sim.script(Fault(path=f"{name}{number}", corrupt=99))
        assert (
            content_of(client.models.download(model, output=tmp_path / "out", connections=1).folder)[
                "model.safetensors"
            ]
            == content
        )
        again = [one.path for one in sim.storage_requests if one.path.startswith(name)][-number:]
        assert again == [f"{name}{one}" for one in range(1, number + 1)]
        sent = sum(one.path == f"{name}{number}" for one in sim.storage_requests)
        assert sent >= 2
        assert sim.bytes_sent <= len(content) + 500_000 * number + 1000

    @pytest.mark.parametrize("which", ["model", "large"])
    def test_a_part_that_stays_bad_is_an_error_that_names_file_and_part(
        self, client: Together, sim: Simulator, tmp_path: Path, which: str, request: pytest.FixtureRequest
    ) -> None:
        wanted = request.getfixturevalue(which)
        sim.script(Fault(path=f"{PARTS_PATH}model.safetensors.part1", corrupt=7, times=None))
        with pytest.raises(
            IntegrityError, match=r"model\.safetensors: part 1 of \d is bad: .* the hash of the file is"
        ):
            client.models.download(wanted, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)

    def test_a_bad_part_of_any_size_is_replaced_in_pieces(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        """A part as large as its file used to be held in memory twice."""
        content = SyntheticArchive(LARGE, "one part")
        model = sim.registry.add("one", {"model.safetensors": content}).id
        sim.registry.part_size = LARGE
        sim.script(Fault(path=f"{PARTS_PATH}model.safetensors.part1", corrupt=7))
        assert client.models.download(model, output=tmp_path / "out", connections=1).verified == "hash"
        ranges = [one.headers.get("range") for one in sim.storage_requests][-3:]
        assert ranges == [f"bytes=0-{PART - 1}", f"bytes={PART}-{2 * PART - 1}", f"bytes={2 * PART}-{LARGE - 1}"]

    @pytest.mark.parametrize(
        ("wrong", "sentence"),
        [
            (Distortion(path="../evil.txt"), r"a file with the path '\.\./evil\.txt', which is refused"),
            (Distortion(path="/etc/evil"), r"a file with the path '/etc/evil', which is refused"),
            (Distortion(path="a\\b"), "which is refused"),
            (Distortion(path="config.json/../x"), "which is refused"),
            (Distortion(path=""), "which is refused"),
            (Distortion(size=7), r"has 7 bytes, and its parts have 300,000"),
            (Distortion(missing=1), "expected all numbers from 1|its parts have 0"),
            (Distortion(hash="0" * 32), r"part 1 of 1 is bad: .*expected 0{32}"),
        ],
    )
    def test_what_contradicts_itself_is_an_error(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path, wrong: Distortion, sentence: str
    ) -> None:
        sim.registry.distort("model.safetensors", wrong)
        with pytest.raises(IntegrityError, match=sentence):
            client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)

    def test_two_files_of_one_path_are_refused(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        sim.registry.distort("model.safetensors", Distortion(path="CONFIG.json"))
        with pytest.raises(IntegrityError, match=r"'CONFIG\.json', which is refused \(.*two members with one path"):
            client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)

    def test_a_file_with_the_name_of_a_partial_file_is_refused(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        model = sim.registry.add("odd", {"a/b.bin": b"x", "a/b.bin.part": b"y"}).id
        with pytest.raises(IntegrityError, match=r"'a/b\.bin\.part'.* partial file of 'a/b\.bin'"):
            client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)
        found = client.models.download(model, output=tmp_path / "out", exclude=["*.part"])
        assert content_of(found.folder) == {"a/b.bin": b"x"}

    @pytest.mark.parametrize("files", [None, [7]], ids=str)
    def test_a_forged_receipt_is_not_used(self, client: Together, model: str, tmp_path: Path, files: object) -> None:
        found = client.models.download(model, output=tmp_path / "out")
        receipt = Path(found.folder, "together-ext.json")
        receipt.write_text(json.dumps(json.loads(receipt.read_text()) | {"files": files}))
        with pytest.raises(TargetExistsError):
            client.models.download(model, output=tmp_path / "out")

    @pytest.mark.parametrize("odd", ["sha256:00", "", "A" * 32, f"{'0' * 32}-9"])
    def test_a_hash_of_another_form_is_reported_as_verified_by_size(
        self,
        client: Together,
        sim: Simulator,
        model: str,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        odd: str,
    ) -> None:
        sim.registry.distort("model.safetensors", Distortion(hash=odd))
        found = client.models.download(model, output=tmp_path / "out")
        assert (found.verified, content_of(found.folder)) == ("size", FILES)
        (line,) = [one.getMessage() for one in caplog.records if "verified by size" in one.getMessage()]
        assert f"the hash of model.safetensors is {odd!r}" in line

    def test_files_of_two_revisions_are_never_mixed_if_their_hashes_have_another_form(
        self, client: Together, sim: Simulator, tmp_path: Path
    ) -> None:
        # Both are large, so they arrive one after the other.
        old, new = ({"a.bin": bytes([kind]) * (2 << 20), "b.bin": b"1" * (3 << 19)} for kind in (1, 2))
        for name in old:
            sim.registry.distort(name, Distortion(hash="sha256:00"))
        model = sim.registry.add("twice", dict(old)).id
        sim.script(Fault(path=f"{PARTS_PATH}b.bin", status=404))
        with pytest.raises(NotFoundError):
            client.models.download(model, output=tmp_path / "out")
        assert (tmp_path / ".out.registry-part" / "a.bin").read_bytes() == old["a.bin"]
        sim.registry.add("twice", dict(new))
        assert content_of(client.models.download(model, output=tmp_path / "out").folder) == new

    @pytest.mark.parametrize("status", [401, 403, 410])
    def test_urls_that_expire_are_renewed_for_the_same_revision(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path, status: int
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}model", status=status))
        assert content_of(client.models.download(model, output=tmp_path / "out").folder) == FILES
        bodies = [json.loads(request.body) for request in sim.requests if request.method == "POST"]
        assert len(bodies) == 2
        assert len({body["revisionId"] for body in bodies}) == 1

    def test_urls_of_a_large_file_may_expire_in_the_middle(
        self, client: Together, sim: Simulator, large: str, tmp_path: Path
    ) -> None:
        sim.storage.max_uses = 2
        sim.script(Fault(path=f"{PARTS_PATH}model.safetensors.part3", status=403))
        found = client.models.download(large, output=tmp_path / "out", connections=1)
        assert found.verified == "hash"
        # The parts that had arrived were not requested as a whole again.
        assert sim.bytes_sent < LARGE + PART

    def test_urls_that_never_work_end_the_download(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        sim.script(Fault(path=PARTS_PATH, status=403, times=None))
        with pytest.raises(TransferInterruptedError, match=r"responds with 403 to its URL, 4 times in a row"):
            client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)

    def test_urls_that_expire_after_the_first_part_of_a_small_file_end_the_download(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        """The first part was received again and again, and taken for progress."""
        sim.registry.part_size = 200_000
        sim.script(Fault(path=f"{PARTS_PATH}model.safetensors.part2", status=403, times=None))
        with pytest.raises(TransferInterruptedError, match=r"responds with 403 to its URL, [45] times in a row"):
            client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)

    def test_a_part_that_does_not_exist_is_an_error(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        sim.script(Fault(path=PARTS_PATH, status=404, times=None))
        with pytest.raises(NotFoundError, match="could not download"):
            client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)

    @pytest.mark.parametrize("fault", [{"cut": 1000}, {"reset": 1000}, {"drop": True}, {"status": 503}])
    @pytest.mark.parametrize("which", ["model", "large"])
    def test_a_broken_connection_is_retried(
        self,
        client: Together,
        sim: Simulator,
        tmp_path: Path,
        fault: dict[str, Any],
        which: str,
        request: pytest.FixtureRequest,
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}model", **fault))
        assert client.models.download(request.getfixturevalue(which), output=tmp_path / "out").verified == "hash"

    def test_a_part_that_ends_too_early_is_an_integrity_error(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        """As for an archive: a body without a length that ends properly is not a failure of the network."""
        short = Fault(path=f"{PARTS_PATH}model", status=200, body=WEIGHTS[:1000], headers={"content-length": None})
        sim.script(replace(short, times=None))
        with pytest.raises(IntegrityError, match=r"the response ended after 1,000 of 300,000 bytes"):
            client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)

    def test_a_host_that_ignores_ranges_sends_whole_parts(
        self, client: Together, sim: Simulator, large: str, tmp_path: Path
    ) -> None:
        sim.script(Fault(path=PARTS_PATH, ignore_range=True, times=None))
        assert client.models.download(large, output=tmp_path / "out").verified == "hash"

    @pytest.mark.parametrize("output", ["out/", "memory://timeouts/"])
    def test_a_timeout_of_the_callers_transport_ends_the_download(
        self, sim: Simulator, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
    ) -> None:
        class Transport(httpx.HTTPTransport):
            def handle_request(self, request: httpx.Request) -> httpx.Response:
                if PARTS_PATH in str(request.url):
                    raise TimeoutError
                return super().handle_request(request)

        monkeypatch.chdir(tmp_path)
        with (
            httpx.Client(transport=Transport()) as http_client,
            Together(sim.api_key, sim.url, http_client=http_client) as client,
            pytest.raises(TimeoutError),
        ):
            client.models.download(model, output=output)

    def test_the_headers_of_a_part_stay_at_its_host(self, raw: RawServer) -> None:
        raw.answer = (
            b"HTTP/1.1 206 X\r\nConnection: close\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nbytes"
        )
        first = RawServer()
        first.answer = f"HTTP/1.1 302 X\r\nLocation: {raw.url}/t\r\nContent-Length: 0\r\n\r\n".encode()
        headers = {"Authorization": "Bearer of-the-part", "X-Key": "of-the-part", "Range": "bytes=0-4"}
        part, home = Part(0, 5, f"{first.url}/p", headers), httpx.URL("http://api.example.com/v1")
        with first.server, httpx.Client() as client:
            remote = PartedRemote(client, home, [part], version="1", agent="a", timeout=30, action="download it")
            with remote.open(0, 5) as body:
                assert body.read(5, Event()) == b"bytes"
        assert first.received[0].count(b"of-the-part") == 2
        assert b"range: bytes=0-4" in raw.received[0].lower()
        assert b"of-the-part" not in raw.received[0]

    def test_a_part_without_encryption_is_refused_if_the_api_has_it(self, raw: RawServer) -> None:
        part = Part(0, 5, f"{raw.url}/p?X-Signature=secret")
        with httpx.Client() as client:
            home = httpx.URL("https://api.example.com/v1")
            remote = PartedRemote(client, home, [part], version="1", agent="a", timeout=30, action="download it")
            with pytest.raises(IntegrityError, match="has no encryption") as caught:
                remote.open(0, 5)
        assert (raw.received, "secret" in str(caught.value)) == ([], False)

    def test_a_host_that_refuses_ranges_is_asked_for_whole_parts(
        self, client: Together, sim: Simulator, large: str, tmp_path: Path
    ) -> None:
        refuses = Fault(path=PARTS_PATH, status=501, times=None, when=lambda request: "range" in request.headers)
        sim.script(refuses)
        assert client.models.download(large, output=tmp_path / "out").verified == "hash"

    def test_an_interrupted_download_is_resumed(
        self, client: Together, sim: Simulator, large: str, tmp_path: Path
    ) -> None:
        class StopError(Exception):
            pass

        def stop(progress: DownloadProgress) -> None:
            if progress.done > PART:
                raise StopError

        with pytest.raises(StopError):
            client.models.download(large, output=tmp_path / "out", progress=stop, limit_rate=100e6)
        assert_nothing_outside(tmp_path)
        sim.forget()
        found = client.models.download(large, output=tmp_path / "out")
        assert (found.verified, sim.bytes_sent < LARGE - PART // 2) == ("hash", True)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_a_small_file_that_the_disk_takes_only_in_part_is_an_error(
        self, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        """A limit on the size of a file is met in the middle of it, as a full disk is."""
        variables = {**os.environ, "TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url}
        # Python 3.11 would also cut the bytecode that it writes, for all later processes.
        program = [
            sys.executable,
            "-Bm",
            "together_ext",
            "models",
            "download",
            model,
            "--output",
            f"{tmp_path / 'out'}",
        ]
        limited = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *program]
        failed = subprocess.run(limited, env=variables, capture_output=True, text=True, check=False)  # noqa: S603 -- our own program
        assert (failed.returncode, f"could not write to {tmp_path / '.out.registry-part'}/" in failed.stderr) == (
            7,
            True,
        )
        assert_nothing_outside(tmp_path)
        done = subprocess.run(program, env=variables, capture_output=True, text=True, check=False)  # noqa: S603 -- the same
        assert (done.returncode, content_of(tmp_path / "out")) == (0, FILES)

    @pytest.mark.parametrize("content", [b"", b"[", b"[" * 20_000, b"\xff"], ids=len)
    def test_a_partial_folder_of_an_unknown_revision_is_used(
        self, client: Together, model: str, tmp_path: Path, content: bytes
    ) -> None:
        """Every file in it is verified by its hash."""
        partial = tmp_path / ".out.registry-part"
        partial.mkdir(mode=0o700)
        (partial / "together-ext.json").write_bytes(content)
        assert content_of(client.models.download(model, output=tmp_path / "out").folder) == FILES

    @pytest.mark.parametrize("size", [300_000, LARGE], ids=["small", "large"])
    def test_nothing_is_written_or_removed_where_a_link_in_its_place_leads(
        self, client: Together, sim: Simulator, tmp_path: Path, size: int
    ) -> None:
        """Another user can exchange the partial folder in a folder that others may write to."""
        files = {"first.bin": SyntheticArchive(size, "first"), "second.bin": SyntheticArchive(size, "second")}
        partial, elsewhere = tmp_path / ".out.registry-part", tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "precious").touch()

        def exchange(_: DownloadProgress) -> None:
            if partial.is_dir() and not partial.is_symlink():
                partial.rename(tmp_path / "moved")
                partial.symlink_to(elsewhere)

        model = sim.registry.add("exchanged", files).id
        with pytest.raises(StorageError, match=r"out.registry-part was replaced by another process"):
            client.models.download(model, output=tmp_path / "out", progress=exchange, connections=1)
        assert [path.name for path in elsewhere.iterdir()] == ["precious"]
        assert not (tmp_path / "out").exists()

    def test_a_partial_folder_that_others_may_write_to_is_not_used(
        self, client: Together, model: str, tmp_path: Path
    ) -> None:
        partial = tmp_path / ".out.registry-part"
        partial.mkdir()
        partial.chmod(0o777)
        with pytest.raises(StorageError, match="is not a private folder of this user: remove it"):
            client.models.download(model, output=tmp_path / "out")

    def test_a_location_of_another_revision_or_of_other_files_is_refused(
        self, client: Together, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        for document, sentence in (
            ({"revisionId": "rv_other", "files": []}, r"located revision rv_other of ml_\w+: expected rv_"),
            ({"files": []}, r"lists other files of ml_\w+ than it locates \(config\.json"),
            ({"files": [7]}, "has no valid form"),
        ):
            sim.script(Fault(path="/v2/", method="POST", status=200, body=json.dumps(document).encode()))
            with pytest.raises(IntegrityError, match=sentence):
                client.models.download(model, output=tmp_path / "out")
        assert_nothing_outside(tmp_path)


class TestCommand:
    def test_the_folder_is_printed_and_the_same_command_downloads_nothing_again(
        self, command: Command, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        found = command("models", "download", model, "-o", str(tmp_path), "--quiet")
        assert found.out.strip() == str(tmp_path / "acme-research--support-bot")
        assert content_of(found.out.strip()) == FILES
        sim.forget()
        again = command("models", "download", NAME, "-o", str(tmp_path), "--json")
        assert (again.json["verified"], sim.storage_requests) == ("hash", [])

    def test_files_and_patterns_are_options(self, command: Command, model: str, tmp_path: Path) -> None:
        some = command("models", "download", model, "--output", str(tmp_path / "a"), "--files", "config.json, ")
        assert (some.code, set(content_of(tmp_path / "a"))) == (0, {"config.json"})
        command("models", "download", model, "--output", str(tmp_path / "b"), "--exclude", "*.safetensors")
        assert set(content_of(tmp_path / "b")) == {"config.json", "tokenizer/merges.txt"}
        both = command("models", "download", model, "--output", "a", "-o", "b")
        assert (both.code, "exclude each other" in both.err) == (2, True)

    def test_a_bad_part_is_an_integrity_error(
        self, command: Command, sim: Simulator, model: str, tmp_path: Path
    ) -> None:
        sim.script(Fault(path=f"{PARTS_PATH}model", corrupt=7, times=None))
        failed = command("models", "download", model, "--output", str(tmp_path / "out"))
        assert (failed.code, "part 1 of 1 is bad" in failed.err) == (6, True)


@pytest.mark.parametrize("in_store", [False, True], ids=["folder", "objects"])
@pytest.mark.parametrize("size", [100, 2 << 20], ids=["small", "large"])
def test_a_stopped_download_does_not_wait_for_a_response_that_does_not_begin(
    sim: Simulator, tmp_path: Path, size: int, *, in_store: bool
) -> None:
    class StopError(Exception):
        pass

    def stop(_: DownloadProgress) -> None:
        if sim.stalled:
            raise StopError

    model = sim.registry.add("silent", {"model.safetensors": bytes(size)}).id
    sim.script(Fault(path=PARTS_PATH, hold=True, times=None))
    output = f"memory://{tmp_path.name}/silent" if in_store else tmp_path / "silent"
    with Together(sim.api_key, sim.url) as client:
        with pytest.raises(StopError):
            client.models.download(model, output=output, progress=stop)
        # A thread still waits for it, and the caller no longer does.
        sim.release()
        sim.wait_until(lambda sim: sim.bytes_sent > 0)
