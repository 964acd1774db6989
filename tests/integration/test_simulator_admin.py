"""The simulator as others use it: the admin interface over HTTP, the state file, seeds, and other addresses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from together_ext.errors import ConfigurationError
from together_ext.simulator import (
    DOWNLOAD_PATH,
    DPO_JOB,
    FULL_JOB,
    LORA_JOB,
    MODEL,
    RUNNING_JOB,
    TRAINING_FILE,
    Fault,
    Simulator,
)

CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "a b c d"}]}


def client_of(url: str, key: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, verify=False)  # noqa: S501 -- no TLS


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def api(sim: Simulator) -> Iterator[httpx.Client]:
    with client_of(sim.url, sim.api_key) as client:
        yield client


@pytest.fixture
def admin(sim: Simulator) -> Iterator[httpx.Client]:
    with client_of(sim.admin_url, sim.admin_token) as client:
        yield client


def injected(admin: httpx.Client, fault: Any) -> Any:  # noqa: ANN401 -- JSON
    answer = admin.post("/faults", json=fault)
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


class TestJobs:
    def test_jobs_are_listed_in_full(self, admin: httpx.Client) -> None:
        jobs = {job["id"]: job for job in admin.get("/jobs").json()["data"]}
        assert {LORA_JOB, FULL_JOB} < jobs.keys()
        assert jobs[LORA_JOB]["events"]

    def test_a_job_is_added_with_any_status_and_steps(self, sim: Simulator, admin: httpx.Client) -> None:
        sent = {"id": "ft-new", "status": "running", "training_type": "Full", "steps": [5, 10], "archive_size": 1000}
        answer = admin.post("/jobs", json=sent)
        assert (answer.status_code, answer.json()["id"], answer.json()["status"]) == (201, "ft-new", "running")
        assert admin.post("/jobs/ft-new/advance", json={"to": "completed"}).json()["status"] == "completed"
        assert sim.archive("ft-new").size == 1000
        assert admin.post("/jobs").json()["status"] == "completed"

    def test_a_job_moves_one_state_at_a_time_and_fails(self, admin: httpx.Client) -> None:
        assert admin.post(f"/jobs/{RUNNING_JOB}/advance").json() == {"id": RUNNING_JOB, "status": "compressing"}
        answer = admin.post(f"/jobs/{RUNNING_JOB}/fail", json={"message": "no memory", "status": "user_error"})
        assert answer.json() == {"id": RUNNING_JOB, "status": "user_error"}

    @pytest.mark.parametrize(
        ("path", "sent", "status", "named"),
        [
            ("/jobs", {"stepz": [1]}, 400, "stepz"),
            ("/jobs", {"steps": []}, 400, "steps"),
            ("/jobs", {"steps": [2, 1]}, 400, "steps"),
            ("/jobs", {"steps": [True]}, 400, "steps"),
            ("/jobs", {"archive_size": "1"}, 400, "archive_size"),
            ("/jobs", {"archive_size": True}, 400, "archive_size"),
            (f"/jobs/{LORA_JOB}/advance", {"to": 1}, 400, "to"),
            ("/jobs/ft-none/advance", {}, 404, "id"),
            ("/jobs/ft-none/fail", {}, 404, "id"),
        ],
    )
    def test_an_invalid_request_names_the_field(
        self, admin: httpx.Client, path: str, sent: object, status: int, named: str
    ) -> None:
        answer = admin.post(path, json=sent)
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, named)


class TestFaults:
    def test_a_fault_is_listed_until_it_has_happened(self, admin: httpx.Client, api: httpx.Client) -> None:
        fault = {"path": "/fine-tunes", "method": "GET", "skip": 1, "status": 503, "headers": {"Retry-After": "0"}}
        assert injected(admin, fault) == [{**fault, "headers": {"retry-after": "0"}}]
        assert [api.get("/fine-tunes").status_code for _ in range(3)] == [200, 503, 200]
        assert admin.get("/faults").json() == {"data": []}

    def test_several_faults_are_injected_and_cleared(self, sim: Simulator, admin: httpx.Client) -> None:
        injected(admin, [{"status": 500, "body": "no", "times": None}, {"cut": 1000}])
        assert list(sim.faults) == [Fault(status=500, body=b"no", times=None), Fault(cut=1000)]
        assert admin.get("/faults").json()["data"] == [{"status": 500, "body": "no", "times": None}, {"cut": 1000}]
        admin.delete("/faults")
        assert len(sim.faults) == 0

    @pytest.mark.parametrize(
        ("fault", "named"),
        [
            ({"statuz": 500}, "statuz"),
            ({"when": "always"}, "when"),
            ({"status": 99}, "status"),
            ({"status": "500"}, "status"),
            ({"cut": -1}, "cut"),
            ({"cut": 1.5}, "cut"),
            ({"delay": -1}, "delay"),
            ({"drop": 1}, "drop"),
            ({"times": True}, "times"),
            ({"path": 1}, "path"),
            ({"body": 1}, "body"),
            ({"headers": ["a"]}, "headers"),
            ({"headers": {"a": 1}}, "headers"),
            ([{"cut": 1}, "cut"], None),
            ("cut", None),
        ],
    )
    def test_an_invalid_fault_is_refused_whole(
        self, sim: Simulator, admin: httpx.Client, fault: object, named: str | None
    ) -> None:
        answer = admin.post("/faults", json=fault)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, named)
        assert len(sim.faults) == 0

    def test_any_response_can_be_cut(self, admin: httpx.Client, api: httpx.Client) -> None:
        injected(admin, {"path": "/fine-tunes", "cut": 100})
        with pytest.raises(httpx.RemoteProtocolError):
            api.get("/fine-tunes")
        assert api.get("/fine-tunes").status_code == 200

    def test_any_response_can_be_reset(self, admin: httpx.Client, api: httpx.Client) -> None:
        injected(admin, {"path": "/chat", "reset": 10})
        with pytest.raises(httpx.TransportError):
            api.post("/chat/completions", json=CHAT)

    def test_a_chunk_can_be_malformed_in_a_stream(self, admin: httpx.Client, api: httpx.Client) -> None:
        injected(admin, {"path": "/chat", "bad_chunk": 300})
        with api.stream("POST", "/chat/completions", json={**CHAT, "stream": True}) as response:
            with pytest.raises(httpx.RemoteProtocolError):
                response.read()
            assert response.num_bytes_downloaded == 300

    def test_a_chunk_can_be_malformed_in_a_download(self, sim: Simulator, api: httpx.Client) -> None:
        sim.script(Fault(bad_chunk=1000))
        with api.stream("GET", DOWNLOAD_PATH, params={"ft_id": LORA_JOB}) as response:
            assert "content-length" not in response.headers
            with pytest.raises(httpx.RemoteProtocolError):
                response.read()

    def test_a_paused_response_is_released(self, sim: Simulator, admin: httpx.Client, api: httpx.Client) -> None:
        injected(admin, {"path": "/chat", "stall": 300})
        with api.stream("POST", "/chat/completions", json={**CHAT, "stream": True}) as response:
            sim.wait_until(lambda sim: sim.stalled == 1)
            admin.post("/release")
            assert b"[DONE]" in response.read()

    def test_a_response_can_be_late(self, admin: httpx.Client, api: httpx.Client) -> None:
        injected(admin, {"path": "/fine-tunes", "delay": 0.001})
        assert api.get("/fine-tunes").status_code == 200
        assert admin.get("/faults").json()["data"] == []


class TestJournal:
    def test_the_journal_has_both_hosts_and_no_key(
        self, sim: Simulator, admin: httpx.Client, api: httpx.Client
    ) -> None:
        sim.redirect_downloads = True
        api.post("/chat/completions", json=CHAT)
        archive = api.get(DOWNLOAD_PATH, params={"ft_id": LORA_JOB, "checkpoint": "adapter"}, follow_redirects=True)
        text = admin.get("/requests").text
        assert sim.api_key not in text
        chat, download, stored = json.loads(text)["data"]
        assert (chat["host"], chat["method"], chat["path"], chat["status"]) == ("api", "POST", "/chat/completions", 200)
        assert json.loads(chat["body"]) == CHAT
        assert (download["status"], download["query"]["checkpoint"]) == (302, "adapter")
        assert (stored["host"], stored["sent"], stored["finished"]) == ("storage", len(archive.content), True)

    def test_a_body_that_is_not_text_is_encoded(self, admin: httpx.Client, api: httpx.Client) -> None:
        api.post("/fine-tunes", content=b"\xff\x00")
        (request,) = admin.get("/requests").json()["data"]
        assert (request["body"], request["body_base64"]) == ("", "/wA=")

    def test_it_has_no_requests_of_the_admin_interface_and_is_cleared(
        self, sim: Simulator, admin: httpx.Client, api: httpx.Client
    ) -> None:
        sim.script(Fault(path="/", status=500))
        admin.get("/jobs").raise_for_status()
        assert api.get("/fine-tunes").status_code == 500
        assert len(admin.get("/requests").json()["data"]) == 1
        admin.delete("/requests")
        assert admin.get("/requests").json()["data"] == []


def test_a_reset_restores_everything(sim: Simulator, admin: httpx.Client, api: httpx.Client) -> None:
    before = admin.get("/jobs").json()
    files = [file["id"] for file in api.get("/files").json()["data"]]
    archive = sim.archive(LORA_JOB).etag
    api.delete(f"/fine-tunes/{LORA_JOB}")
    api.delete(f"/files/{TRAINING_FILE}")
    sim.advance(RUNNING_JOB)
    sim.add_archive(DPO_JOB, b"another")
    sim.replace_archives(LORA_JOB)
    sim.script(Fault(status=500))
    sim.limits.clear()
    sim.redirect_downloads, sim.rate_limit = True, 1.0
    assert admin.post("/reset").status_code == 204
    assert admin.get("/jobs").json() == before
    assert [file["id"] for file in api.get("/files").json()["data"]] == files
    assert (sim.archive(LORA_JOB).etag, sim.archive(DPO_JOB).size > 1000) == (archive, True)
    settings: list[object] = [len(sim.faults), MODEL in sim.limits, sim.redirect_downloads, sim.rate_limit]
    assert settings == [0, True, False, None]
    assert [request.path for request in sim.requests] == ["/files"]


class TestAccess:
    """The admin interface is as closed as the API."""

    @pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
    def test_foreign_pages_are_refused(self, admin: httpx.Client, headers: dict[str, str]) -> None:
        assert admin.post("/reset", headers=headers).status_code == 403

    def test_a_key_is_needed(self, sim: Simulator) -> None:
        with client_of(sim.admin_url, "wrong") as client:
            assert client.get("/jobs").status_code == 401

    def test_on_another_address_the_admin_interface_has_a_token_of_its_own(self) -> None:
        with Simulator(host="0.0.0.0", names=["simulator"]) as sim:  # noqa: S104 -- what is tested
            assert sim.url == f"http://simulator:{sim.port}/v1"
            base = f"http://127.0.0.1:{sim.port}/simulator"
            for key, status in ((sim.api_key, 401), (sim.admin_token, 200)):
                with client_of(base, key) as client:
                    assert client.get("/jobs", headers={"Host": "simulator:1"}).status_code == status
                    assert client.get("/jobs", headers={"Host": "another"}).status_code == 403

    def test_every_address_is_named_by_the_loopback_one(self) -> None:
        with Simulator(host="0.0.0.0", admin_token="given") as sim:  # noqa: S104 -- what is tested
            assert sim.url == f"http://127.0.0.1:{sim.port}/v1"
            assert sim.admin_token == "given"


class TestState:
    def test_a_link_at_a_temporary_name_is_not_followed(self, tmp_path: Path) -> None:
        """Another user can put it in a shared folder, if the name can be guessed."""
        victim, path = tmp_path / "victim", tmp_path / "state.json"
        victim.write_bytes(b"precious")
        path.with_name(f"state.json.{os.getpid()}.tmp").symlink_to(victim)
        with Simulator(state=path):
            pass
        assert victim.read_bytes() == b"precious"
        assert path.is_file()

    def test_a_simulator_goes_on_where_another_one_ended(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "state.json"
        with Simulator(state=path) as sim, client_of(sim.url, sim.api_key) as api:
            created = api.post("/fine-tunes", json={"training_file": TRAINING_FILE, "model": MODEL}).json()["id"]
            file = api.post("/files/upload", data={"purpose": "eval"}, files={"file": ("a.jsonl", b"\xff\n")}).json()
            wanted = {"model": MODEL, "hardware": "1x_nvidia_h100_80gb_sxm", "autoscaling": {"min_replicas": 1}}
            endpoint = api.post("/endpoints", json=wanted).json()
            api.delete(f"/fine-tunes/{LORA_JOB}")
            assert created in path.read_text()  # saved before the response, not only at the end
            sim.advance(created, "completed")
            before = [api.get(f"/fine-tunes/{job}").json() for job in (created, FULL_JOB, RUNNING_JOB)]
        assert path.stat().st_mode & 0o777 == 0o600
        with Simulator(state=path) as sim, client_of(sim.url, sim.api_key) as api:
            assert [api.get(f"/fine-tunes/{job}").json() for job in (created, FULL_JOB, RUNNING_JOB)] == before
            assert api.get(f"/fine-tunes/{LORA_JOB}").status_code == 404
            assert api.get(f"/files/{file['id']}/content").content == b"\xff\n"
            assert [found["id"] for found in api.get("/endpoints").json()["data"]] == [endpoint["id"]]
            assert (
                api.post("/fine-tunes", json={"training_file": TRAINING_FILE, "model": MODEL}).json()["id"] != created
            )

    @pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"format": "another"}', b"[" * 100_000])
    def test_another_file_is_refused_and_kept(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "state.json"
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="not a state file"):
            Simulator(state=path).start()
        assert path.read_bytes() == content


def test_a_seed_changes_new_ids_and_archives_and_repeats_them() -> None:
    def values(seed: str | None) -> tuple[object, ...]:
        with Simulator(seed=seed) as sim, client_of(sim.url, sim.api_key) as api:
            created = api.post("/fine-tunes", json={"training_file": TRAINING_FILE, "model": MODEL}).json()["id"]
            return created, sim.add_file(), sim.archive(LORA_JOB, form="adapter").etag

    first, second = values("1"), values("1")
    assert first == second
    assert not set(first) & set(values("2"))
    assert not set(first) & set(values(None))
