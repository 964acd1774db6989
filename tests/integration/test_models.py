"""Models in the registry, the project that is meant, and the owner of the key: the clients against the simulator."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from together_ext import ApiResponseError, NoProjectError, NotFoundError, RuleError, Together
from together_ext.simulator import DPO_JOB, LORA_JOB, TRAINING_FILE, Distortion, Fault, Simulator
from together_ext.simulator.registry import PART
from together_generated import models

from .conftest import Outcome, World

Command = Callable[..., Outcome]
NAME = "acme-research/support-bot"
FILES = {"config.json": b"{}", "model.safetensors": b"weights", "tokenizer/merges.txt": b""}


@pytest.fixture
def model(sim: Simulator) -> str:
    """The ID of a model with three files, whose older revision has one."""
    sim.registry.add(NAME, {"config.json": b"{}"}, status="REVISION_VALIDATION_STATUS_FAILED", errors=("no weights",))
    return sim.registry.add(NAME, FILES).id


def answer(document: object, path: str) -> Fault:
    """A response in place of the usual one."""
    return Fault(
        path=path, status=200, body=json.dumps(document).encode(), headers={"content-type": "application/json"}
    )


class TestProject:
    def test_the_owner_of_the_key_is_identified(self, client: Together) -> None:
        me = client.whoami()
        assert me.type_ is models.WhoAmIType.PROJECT_API_KEY
        assert isinstance(me.project, models.WhoAmIProject)
        assert (me.project.id, me.project.slug) == ("project-acme", "acme-research")

    def test_the_project_of_the_key_is_requested_once(self, client: Together, sim: Simulator, model: str) -> None:
        client.models.list()
        client.models.list_files(model)
        assert [request.target for request in sim.requests] == [
            "/v3/whoami",
            "/v2/projects/project-acme/models",
            f"/v2/projects/project-acme/models/{model}/files",
        ]

    def test_a_named_project_needs_no_request(self, world: World, sim: Simulator) -> None:
        world.client(project="project-acme").models.list()
        assert [request.path for request in sim.requests] == ["/v2/projects/project-acme/models"]

    def test_the_environment_names_the_project_unless_an_argument_does(
        self, world: World, sim: Simulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOGETHER_PROJECT_ID", "acme-research")
        world.client().models.list()
        world.client(project="project-acme").models.list()
        assert [request.path for request in sim.requests] == [
            "/v2/projects/acme-research/models",
            "/v2/projects/project-acme/models",
        ]

    @pytest.mark.parametrize(
        ("owner", "sentence"),
        [
            (
                {"type": "org_api_key", "organization": {"id": "o"}},
                r"the API key \(type: org_api_key\) does not belong",
            ),
            ({"type": "robot", "project": {"id": ""}}, r"the API key \(type: robot\) does not belong to a project"),
            ({"project": "p"}, r"the API key \(type: unknown\) does not belong to a project"),
        ],
    )
    def test_a_key_without_a_project_is_told_how_to_name_one(
        self, client: Together, sim: Simulator, owner: object, sentence: str
    ) -> None:
        sim.script(answer(owner, "/v3/whoami"))
        with pytest.raises(NoProjectError, match=rf"{sentence}.*: set TOGETHER_PROJECT_ID, or pass project"):
            client.models.list()

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_server_that_does_not_identify_keys_needs_a_named_project(
        self, client: Together, sim: Simulator, status: int
    ) -> None:
        sim.script(Fault(path="/v3/whoami", status=status))
        with pytest.raises(NoProjectError, match=rf"does not report the project .*{status}.*: set TOGETHER_PROJECT_ID"):
            client.models.list()

    @pytest.mark.parametrize("project", ["", "..", "a/b", "a b", "a\n1"])
    def test_an_invalid_project_is_refused_before_any_request(self, world: World, sim: Simulator, project: str) -> None:
        with pytest.raises(RuleError, match=r"project is .*: expected the ID of a project"):
            world.client(project=project)
        assert sim.requests == []

    def test_a_project_that_the_server_sends_cannot_change_the_address(self, client: Together, sim: Simulator) -> None:
        sim.script(answer({"type": "project_api_key", "project": {"id": "../../v1/files"}}, "/v3/whoami"))
        with pytest.raises(RuleError, match="expected a project ID"):
            client.models.list()


class TestModels:
    def test_all_pages_are_listed(self, client: Together, sim: Simulator) -> None:
        for number in range(7):
            sim.registry.add(f"m{number}", {"config.json": b"{}"})
        sim.registry.page_size = 3
        listed = client.models.list()
        assert [one.name for one in listed.data if one.name and "/m" in str(one.name)] == [
            f"acme-research/m{number}" for number in range(7)
        ]
        assert listed.next_cursor is None
        assert [request.query for request in sim.requests[1:]] == [
            {},
            {"after": "c3"},
            {"after": "c6"},
            {"after": "c9"},
        ]

    def test_a_list_without_end_is_read_to_its_limit(self, client: Together, sim: Simulator) -> None:
        sim.script(answer({"data": [{"id": "ml_1"}] * 100_001, "next_cursor": "a"}, "/v2/projects/project-acme/models"))
        with pytest.raises(ApiResponseError, match="the list exceeds the limit of 100,000 items"):
            client.models.list()
        sim.script(answer({"data": [], "next_cursor": "c" * 8001}, "/v2/projects/project-acme/models"))
        with pytest.raises(ApiResponseError, match="a cursor exceeds the limit of 8,000 characters"):
            client.models.list()

    def test_a_model_is_retrieved_by_id_or_name(self, client: Together, model: str) -> None:
        for wanted in (model, NAME):
            found = client.models.retrieve(wanted)
            assert (found.id, found.name) == (model, NAME)

    def test_a_job_names_its_model_and_adapter(self, client: Together) -> None:
        job = client.fine_tuning.retrieve(DPO_JOB)
        for wanted, kind in ((job.model_object_id, "DEFAULT"), (job.adapter_object_id, "ADAPTER")):
            assert isinstance(wanted, str)
            weights = client.models.retrieve(wanted).weights
            assert isinstance(weights, models.RegistryWeights)
            assert weights.type_ == f"WEIGHTS_TYPE_{kind}"
        paths = [one.path for one in client.models.list_files(str(job.adapter_object_id)).data]
        assert {"adapter_config.json", "adapter_model.safetensors"} <= set(paths)
        assert client.fine_tuning.retrieve(LORA_JOB).model_object_id is models.FinetuneResponse("x").model_object_id

    def test_checkpoints_name_their_weights(self, client: Together) -> None:
        for checkpoint in client.fine_tuning.list_checkpoints(DPO_JOB):
            assert checkpoint.object_id
            assert client.models.list_files(checkpoint.object_id).revision_id == checkpoint.revision_id

    def test_revisions_are_listed_newest_first_with_their_validation(self, client: Together, model: str) -> None:
        newest, oldest = client.models.list_revisions(NAME).data
        assert newest.validation_status is models.RevisionValidationStatus.REVISION_VALIDATION_STATUS_SUCCESS
        assert oldest.validation_status is models.RevisionValidationStatus.REVISION_VALIDATION_STATUS_FAILED
        assert isinstance(oldest.validation_errors, list)
        assert [error.message for error in oldest.validation_errors] == ["no weights"]
        assert client.models.list_revisions(model).data[0].revision_id == newest.revision_id

    def test_the_files_of_the_latest_revision_are_listed_unless_another_is_named(
        self, client: Together, model: str
    ) -> None:
        listed = client.models.list_files(model)
        assert {(one.path, one.size_bytes, one.hash_) for one in listed.data} == {
            (
                path,
                str(len(content)),
                hashlib.md5(content, usedforsecurity=False).hexdigest() + ("" if content else "-0"),
            )
            for path, content in FILES.items()
        }
        assert listed.total_size_bytes == "9"
        _, oldest = client.models.list_revisions(model).data
        assert [one.path for one in client.models.list_files(model, revision=str(oldest.revision_id)).data] == [
            "config.json"
        ]

    def test_all_pages_of_files_are_of_one_revision(self, client: Together, sim: Simulator, model: str) -> None:
        sim.registry.page_size = 2
        listed = client.models.list_files(model)
        assert [one.path for one in listed.data] == [*FILES]
        assert sim.requests[-1].query == {"after": "c2", "revisionId": listed.revision_id}

    def test_a_size_may_be_a_number(self, client: Together, sim: Simulator, model: str) -> None:
        sim.script(answer({"data": [{"path": "a", "sizeBytes": 7}]}, f"/v2/projects/project-acme/models/{model}/files"))
        assert [one.size_bytes for one in client.models.list_files(model).data] == [7]

    def test_odd_items_are_skipped(self, client: Together, sim: Simulator) -> None:
        document = {"data": [7, {"id": "ml_1"}, None], "next_cursor": 5}
        sim.script(answer(document, "/v2/projects"))
        assert [one.id for one in client.models.list().data] == ["ml_1"]

    def test_a_list_that_does_not_end_is_an_error(self, client: Together, sim: Simulator) -> None:
        page = answer({"data": [], "next_cursor": "c\x1b1"}, "/v2/projects")
        sim.script(page, page)
        with pytest.raises(ApiResponseError, match=r"the cursor 'c.*1' occurs twice \(maximum: 10000 pages\)"):
            client.models.list()

    def test_what_does_not_exist_is_not_found(self, client: Together, model: str) -> None:
        with pytest.raises(NotFoundError, match="could not retrieve the model acme-research/none"):
            client.models.retrieve("acme-research/none")
        with pytest.raises(NotFoundError, match="Revision rv_none"):
            client.models.list_files(model, revision="rv_none")

    @pytest.mark.parametrize("wanted", ["", "..", "a/..", "a/b/c", "a b", "ml_?x", None, "ml_1\n", "/a"])
    def test_an_invalid_model_is_refused_before_any_request(
        self, client: Together, sim: Simulator, wanted: str
    ) -> None:
        for call in (client.models.retrieve, client.models.list_files, client.models.list_revisions):
            with pytest.raises(RuleError, match=r"expected the ID \(ml_...\) or the name \(project/model\) of a model"):
                call(wanted)
        assert sim.requests == []

    @pytest.mark.parametrize("revision", ["", "..", "rv/1", 7])
    def test_an_invalid_revision_is_refused_before_any_request(
        self, client: Together, sim: Simulator, revision: str
    ) -> None:
        with pytest.raises(RuleError, match="expected a revision ID"):
            client.models.list_files("ml_1", revision=revision)
        assert sim.requests == []


class TestCommands:
    def test_models_are_listed(self, command: Command, model: str) -> None:
        found = command("models", "list")
        assert f"{model}  default  {NAME}" in " ".join(found.out.split()).replace(" ", "  ")
        assert NAME in [one["name"] for one in command("models", "list", "--json").json["data"]]

    def test_a_model_its_files_and_revisions_are_shown(self, command: Command, model: str) -> None:
        assert NAME in command("models", "retrieve", model).out
        files = command("models", "files", NAME).out
        assert "tokenizer/merges.txt" in files
        revisions = command("models", "revisions", model).out
        assert ("success" in revisions, "failed" in revisions, "no weights" in revisions) == (True, True, True)
        revision = command("models", "revisions", model, "--json").json["data"][1]["revisionId"]
        assert "merges" not in command("models", "files", model, "--revision", revision).out

    def test_whoami_shows_organization_and_project(self, command: Command) -> None:
        assert "Acme" in command("whoami").out
        assert command("whoami", "--json").json["project"]["slug"] == "acme-research"

    def test_the_result_of_whoami_is_the_id_of_the_project(self, command: Command, sim: Simulator) -> None:
        project = command("whoami", "--quiet").out
        assert project == "project-acme\n"
        assert command("models", "list", "--project", project.strip()).code == 0
        sim.script(answer({"type": "org_api_key"}, "/v3/whoami"))
        assert command("whoami", "--quiet").out == ""

    @pytest.mark.parametrize(
        "words", ["whoami", "models retrieve MODEL", f"files retrieve {TRAINING_FILE}", f"ft retrieve {DPO_JOB}"]
    )
    def test_details_have_labels_in_one_form_and_plain_words(self, words: str, command: Command, model: str) -> None:
        rows = [line.split("\t") for line in command(*words.replace("MODEL", model).split()).out.splitlines()]
        assert [label for label, _ in rows if not re.fullmatch(r"[a-z0-9_]+", label)] == []
        assert [value for _, value in rows if re.search(r"\b(?:VISIBILITY|WEIGHTS_TYPE)_", value)] == []
        found = dict(rows)
        if "visibility" in found:
            assert (found["visibility"], found["weights"].split(",")[0]) == ("private", "type=default")

    def test_the_project_is_an_option(self, command: Command, sim: Simulator) -> None:
        assert command("models", "list", "--project", "acme-research").code == 0
        assert [request.path for request in sim.requests] == ["/v2/projects/acme-research/models"]
        failed = command("models", "list", "--project", "a b")
        assert (failed.code, "expected the ID of a project" in failed.err) == (2, True)

    def test_a_key_without_a_project_is_wrong_usage(self, command: Command, sim: Simulator) -> None:
        sim.script(answer({"type": "org_api_key"}, "/v3/whoami"))
        failed = command("models", "list", "--json")
        assert (failed.code, failed.json["error"]["code"]) == (2, "no_project")


class TestSimulatedRegistry:
    """What the simulator says of files, checked byte by byte."""

    def located(self, sim: Simulator, **wanted: object) -> list[dict[str, Any]]:
        """The files in the response to a request for downloads."""
        url = f"{sim.url.removesuffix('/v1')}/v2/projects/project-acme/models/download"
        found = httpx.post(url, json=wanted, headers={"authorization": f"Bearer {sim.api_key}"})
        assert found.status_code == 200, found.text
        files: list[dict[str, Any]] = found.json()["files"]
        return files

    def test_parts_follow_one_another_and_their_hashes_make_that_of_the_file(self, sim: Simulator) -> None:
        size = PART + 1000
        made = sim.registry.add(NAME, {"a/model.safetensors": size, "empty.txt": b""})
        large, empty = self.located(sim, objectId=made.id)
        contents = [httpx.get(part["url"], headers=part["headers"]).content for part in large["parts"]]
        assert [len(content) for content in contents] == [PART, 1000]
        digests = b"".join(hashlib.md5(content, usedforsecurity=False).digest() for content in contents)
        assert large["hash"] == f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-2"
        assert (large["path"], large["sizeBytes"]) == ("a/model.safetensors", str(size))
        assert (empty["sizeBytes"], empty["parts"][0]["sizeBytes"]) == ("0", "0")

    def test_a_part_needs_its_header_and_its_url_expires(self, sim: Simulator) -> None:
        made = sim.registry.add(NAME, {"model.safetensors": b"weights"})
        (file,) = self.located(sim, objectId=made.name, paths=["model.safetensors"])
        (part,) = file["parts"]
        assert httpx.get(part["url"]).status_code == 403
        ranged = httpx.get(part["url"], headers={**part["headers"], "range": "bytes=2-3"})
        assert (ranged.status_code, ranged.content) == (206, b"ig")
        sim.storage.expire()
        assert httpx.get(part["url"], headers=part["headers"]).status_code == 403

    def test_faults_apply_to_parts(self, sim: Simulator) -> None:
        made = sim.registry.add(NAME, {"model.safetensors": b"weights"})
        (file,) = self.located(sim, objectId=made.id)
        (part,) = file["parts"]
        sim.script(Fault(corrupt=0), Fault(ignore_range=True), Fault(path="/parts/", status=410))
        assert httpx.get(part["url"], headers=part["headers"]).content == b"\x88eights"
        whole = httpx.get(part["url"], headers={**part["headers"], "range": "bytes=2-3"})
        assert (whole.status_code, whole.content) == (200, b"weights")
        assert httpx.get(part["url"], headers=part["headers"]).status_code == 410

    def test_what_the_responses_say_of_a_file_can_be_wrong(self, sim: Simulator) -> None:
        made = sim.registry.add(NAME, {"a": b"1", "b": PART + 1, "c": b"3"})
        sim.registry.distort("a", Distortion(path="../evil", hash="sha256:00"))
        sim.registry.distort("b", Distortion(missing=1))
        sim.registry.distort("c", Distortion(size=9))
        first, second, third = self.located(sim, objectId=made.id)
        assert (first["path"], first["hash"]) == ("../evil", "sha256:00")
        assert [part["partNumber"] for part in second["parts"]] == [2]
        assert third["sizeBytes"] == "9"

    def test_a_job_has_the_same_files_in_the_registry_as_in_its_archive(self, sim: Simulator) -> None:
        found = sim.registry.get(str(sim.job(DPO_JOB).model_output_name))
        assert found is not None
        (revision,) = found.revisions
        assert {"config.json", "model.safetensors.index.json"} <= revision.files().keys()
