"""The official clients for Python and Node use the simulator as they use the service: `make test-official`."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from together_ext.simulator import DPO_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Simulator
from together_ext.simulator.registry import PART

CLIENTS = Path(os.environ.get("OFFICIAL_CLIENTS", ".venv-official")).resolve()
MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct-Reference"
FILE = "file-3a7c9f10-55d2-4c7e-8d3e-91b2c4d6e8f0"

BOTH = """
import json, sys
from together import Together
client = Together()
found = {}
found["jobs"] = [job.id for job in client.fine_tuning.list().data]
for id in sys.argv[1:]:
    job = client.fine_tuning.retrieve(id)
    listed = client.fine_tuning.list_checkpoints(id)
    found[id] = {
        "status": getattr(job.status, "value", job.status),
        "kind": job.training_type.type,
        "events": [event.message for event in client.fine_tuning.list_events(id).data],
        "checkpoints": len(listed if isinstance(listed, list) else listed.data),
    }
new = client.fine_tuning.create(training_file=FILE, model=MODEL, lora=True, n_epochs=2, suffix="official")
found["new"] = new.id
status = client.fine_tuning.cancel(new.id).status
found["cancelled"] = getattr(status, "value", status)
print("FOUND" + json.dumps(found))
"""

DOWNLOAD_1 = """
import sys
from together import Together
result = Together().fine_tuning.download(id=sys.argv[1], output="model.tar.zst", checkpoint_type="adapter")
print(result.filename, result.size)
"""

DOWNLOAD_3 = """
import sys
from together import Together
client = Together()
with client.fine_tuning.with_streaming_response.content(ft_id=sys.argv[1], checkpoint="adapter") as response:
    response.stream_to_file("model.tar.zst")
"""

REST_3 = """
import json, sys
from together import Together
client = Together()
found = {
    "metrics": len(client.fine_tuning.list_metrics(sys.argv[1], global_step_from=500).metrics),
    "limits": client.fine_tuning.model_limits(model_name=MODEL).lora_training.max_rank,
    "price": client.fine_tuning.estimate_price(training_file=FILE, model=MODEL, n_epochs=2).estimated_total_price,
    "answer": client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Hi"}]
    ).choices[0].message.content,
    "files": [file.id for file in client.files.list().data],
    "deleted": client.fine_tuning.delete(sys.argv[1]).message,
}
print("FOUND" + json.dumps(found))
"""

TRAINING = json.dumps({"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}) + "\n"

STREAM = """
import json
from together import Together
stream = Together().chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "a b"}], stream=True)
chunks = list(stream)
print("FOUND" + json.dumps([chunk.choices[0].delta.content for chunk in chunks]))
"""

PARTS_1 = """
import together.filemanager as manager
import together.resources.files as files
files.MULTIPART_THRESHOLD_GB = 0
manager.MultipartUploadManager._calculate_parts = lambda self, size: (50, -(-size // 50))
"""

PARTS_3 = """
import together.lib.resources.files as files
files.MULTIPART_THRESHOLD_GB = 0
files._calculate_parts = lambda size: (50, -(-size // 50))
"""

UPLOAD = """
from together import Together
print("FOUND" + '"' + Together().files.upload("train.jsonl").id + '"')
"""

NAMES_3 = """
import json
from together.lib.cli import app
names = [f"{group} {name}" for group in ("fine-tuning", "files", "models") for name in app[group] if name[0] != "-"]
print("FOUND" + json.dumps(names))
"""


@dataclass(frozen=True)
class Client:
    """An official client that talks to a simulator."""

    version: int
    sim: Simulator
    folder: Path

    def python(self, code: str, *arguments: str) -> str:
        """Run a script in the client's environment; returns what it prints."""
        head = f"FILE, MODEL = {FILE!r}, {MODEL!r}\n"
        return self._run("python", "-W", "ignore", "-c", head + code, *arguments)

    def command(self, *arguments: str) -> str:
        """Run a fine-tuning command of the client's own command line."""
        return self.together("fine-tuning", *arguments)

    def together(self, *arguments: str) -> str:
        """Run the client's own command line."""
        return self._run("together", *arguments)

    def _run(self, program: str, *arguments: str) -> str:
        # The two lines that `together-ext simulator` prints, for both versions.
        environment = os.environ | {
            "TOGETHER_BASE_URL": self.sim.url,
            "TOGETHER_API_KEY": self.sim.api_key,
            "TOGETHER_NO_BANNER": "1",
            "COLUMNS": "300",
            "NO_COLOR": "1",
        }
        done = subprocess.run(  # noqa: S603 -- a pinned client
            [CLIENTS / str(self.version) / "bin" / program, *arguments],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout


@pytest.fixture(params=[1, 3], ids=["1.5.35", "3.1.1"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    with Simulator() as simulator:
        (tmp_path / "train.jsonl").write_text(TRAINING)
        yield Client(request.param, simulator, tmp_path)


@pytest.fixture
def newest(tmp_path: Path) -> Iterator[Client]:
    with Simulator() as simulator:
        (tmp_path / "train.jsonl").write_text(TRAINING)
        yield Client(3, simulator, tmp_path)


def found(out: str) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(out.partition("FOUND")[2])


def test_jobs_events_and_checkpoints_are_read_and_a_job_is_created_and_cancelled(client: Client) -> None:
    answers = found(client.python(BOTH, LORA_JOB, FULL_JOB, DPO_JOB))
    assert sorted(answers["jobs"]) == sorted(job.id for job in client.sim._account.all() if job.id != answers["new"])
    for job_id, kind in ((LORA_JOB, "Lora"), (FULL_JOB, "Full"), (DPO_JOB, "Lora")):
        job = client.sim.job(job_id)
        assert answers[job_id] == {
            "status": "completed",
            "kind": kind,
            "events": [event.message for event in job.events],
            "checkpoints": len(job.checkpoints) * (len(job.forms) if job.new_server else 1),
        }
    assert answers["cancelled"] == "cancel_requested"
    created = client.sim.job(str(answers["new"]))
    assert (created.settings["model"], created.settings["n_epochs"]) == (MODEL, 2)


def test_weights_are_downloaded_byte_for_byte(client: Client) -> None:
    client.python(DOWNLOAD_1 if client.version == 1 else DOWNLOAD_3, LORA_JOB)
    archive = client.sim.archive(LORA_JOB, form="adapter")
    assert (client.folder / "model.tar.zst").read_bytes() == archive.read(0, archive.size)


def test_the_command_lines_read_and_download(client: Client) -> None:
    assert LORA_JOB in client.command("list").replace("\n", "")
    assert re.search("completed", client.command("retrieve", LORA_JOB), re.IGNORECASE)
    assert "Job finished" in client.command("list-events", LORA_JOB)
    assert f"{LORA_JOB}:500" in client.command("list-checkpoints", LORA_JOB)
    client.command("download", LORA_JOB, "--checkpoint-type", "adapter")
    archive = client.sim.archive(LORA_JOB, form="adapter")
    (path,) = client.folder.rglob("*.tar.zst")
    assert path.read_bytes() == archive.read(0, archive.size)


def test_the_command_lines_create_cancel_and_delete(client: Client) -> None:
    client.command("create", "--training-file", FILE, "--model", MODEL, "--lora", "--confirm")
    new = client.sim._account.all()[-1]
    assert (new.settings["training_file"], new.status) == (FILE, "pending")
    client.command("cancel", RUNNING_JOB, *(["--quiet"] if client.version == 1 else []))
    assert client.sim.advance(RUNNING_JOB) == "cancelled"
    client.command("delete", RUNNING_JOB, *(["--quiet"] if client.version == 1 else []))
    assert RUNNING_JOB not in [job.id for job in client.sim._account.all()]


def test_files_are_uploaded_listed_read_and_deleted(client: Client) -> None:
    client.together("files", "upload", "train.jsonl")
    file = client.sim._files.all()[-1]
    assert (file.name, file.content.decode(), file.status) == ("train.jsonl", TRAINING, "COMPLETED")
    assert file.id in client.together("files", "list").replace("\n", "")
    client.together("files", "retrieve", file.id)
    client.together("files", "delete", file.id)
    assert file.id not in [left.id for left in client.sim._files.all()]


def test_large_files_are_uploaded_in_parts(client: Client) -> None:
    file_id = found(client.python((PARTS_1 if client.version == 1 else PARTS_3) + UPLOAD))
    stored = client.sim._files.get(file_id)
    assert stored is not None
    assert (stored.content.decode(), stored.status) == (TRAINING, "COMPLETED")
    assert len(client.sim.storage_requests) == -(-len(TRAINING) // 50)


def test_chat_completions_are_streamed(client: Client) -> None:
    assert "".join(found(client.python(STREAM))) == "You said: a b"


def test_version_1_lists_the_models(tmp_path: Path) -> None:
    with Simulator() as simulator:
        assert MODEL in Client(1, simulator, tmp_path).together("models", "list")


def test_version_3_lists_the_models_and_endpoints(newest: Client) -> None:
    assert MODEL in newest.together("models", "public")
    client = newest.sim
    endpoint = client._endpoints.create({"model": MODEL, "hardware": "1x_nvidia_h100_80gb_sxm", "autoscaling": {}})
    assert endpoint.name.rpartition("/")[2][:20] in newest.together("endpoints", "ls").replace("\n", "")


def test_version_3_does_not_upload_the_same_file_again(newest: Client) -> None:
    newest.together("files", "upload", "train.jsonl")
    assert "already exists" in newest.together("files", "upload", "train.jsonl")
    assert [file.name for file in newest.sim._files.all()].count("train.jsonl") == 1


REGISTERED: Final = "<the ID of a model in the registry>"

COMMANDS_3: Final = {
    "fine-tuning create": ["-t", "train.jsonl", "-M", MODEL, "--lora", "--confirm"],
    "fine-tuning list": [],
    "fine-tuning ls": [],
    "fine-tuning retrieve": [FULL_JOB],
    "fine-tuning get": [LORA_JOB],
    "fine-tuning cancel": [RUNNING_JOB],
    "fine-tuning list-events": [FULL_JOB],
    "fine-tuning list-checkpoints": [DPO_JOB],
    "fine-tuning download": [FULL_JOB, "-o", "out"],
    "fine-tuning delete": [LORA_JOB, "--force"],
    "fine-tuning download-tokenized-dataset": [LORA_JOB],
    "fine-tuning preview": ["-t", FILE, "-M", MODEL, "--top-k", "2"],
    "fine-tuning list-metrics": [FULL_JOB],
    "fine-tuning model-limits": [MODEL],
    "files upload": ["train.jsonl"],
    "files list": [],
    "files ls": [],
    "files retrieve": [FILE],
    "files get": [FILE],
    "files retrieve-content": [FILE, "--stdout"],
    "files download": [FILE, "--output", "out"],
    "files delete": [FILE],
    "files check": ["train.jsonl"],
    "models public": [],
    "models list": [],
    "models ls": [],
    "models get": [REGISTERED],
    "models retrieve": [REGISTERED],
    "models ls-files": [REGISTERED],
    "models ls-revisions": [REGISTERED],
    "models list-revisions": [REGISTERED],
    "models download": [REGISTERED, "out", "--project", "project-acme"],
}
"""Arguments for each command of the official command line 3.1.1."""

_DEPLOYMENTS: Final = "deployments belong to the successor of dedicated endpoints, which the simulator only lists"
_MODELS: Final = "the models of a project are read, not made"
LEFT_OUT: Final = {
    "models configs": _DEPLOYMENTS,
    "models create": _MODELS,
    "models deploy": _DEPLOYMENTS,
    "models org": _MODELS,
    "models remote-uploads": _MODELS,
    "models rm": _MODELS,
    "models update": _MODELS,
    "models upload": _MODELS,
}
"""Commands that are not tried, with the reason."""


@pytest.mark.parametrize("command", COMMANDS_3)
def test_each_command_of_version_3_works(newest: Client, command: str) -> None:
    registered = newest.sim.registry.all()[0].id
    newest.together(*command.split(), *[registered if each == REGISTERED else each for each in COMMANDS_3[command]])
    assert {request.status for request in newest.sim.requests} <= {200, 206, 302}


def test_the_commands_of_version_3_are_tried_or_left_out_for_a_reason(newest: Client) -> None:
    assert sorted(found(newest.python(NAMES_3))) == sorted([*COMMANDS_3, *LEFT_OUT])


def test_the_documentation_names_each_command_of_version_3() -> None:
    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
    table = page.partition("| official command |")[2].partition("\n\n")[0]
    names = [name.replace("fine-tuning", "ft") for name in [*COMMANDS_3, *LEFT_OUT]]
    missing = {name for name in names if not re.search(rf"`{name}\b(?!-)", table)}
    assert missing <= {"ft preview", "ft download-tokenized-dataset"}


def test_version_3_downloads_models_byte_for_byte(newest: Client) -> None:
    """The official client as a check of how the registry's wire is read; hashes and parts are of 20 MiB."""

    def download(*arguments: str) -> None:
        newest.together("models", "download", *arguments, "--project", "project-acme")

    files: dict[str, bytes | int] = {"config.json": b"{}", "a/model.safetensors": PART + 7, "empty.txt": b""}
    model = newest.sim.registry.add("support-bot", files)
    older = model.revisions[0].id
    newest.sim.registry.add("support-bot", {"config.json": b"[]"})
    download(model.id, "old", "--revision", older)
    expected = {
        path: stored.content.read(0, stored.content.size) for path, stored in model.revisions[0].files().items()
    }
    assert {path: (newest.folder / "old" / path).read_bytes() for path in files} == expected
    download(model.name, "hub", "--format", "hf")
    (snapshot,) = (newest.folder / "hub").glob("models--acme-research--support-bot/snapshots/*/config.json")
    assert (snapshot.read_bytes(), snapshot.parent.name) == (b"[]", model.revisions[1].id)
    download(f"{model.id}@{older}", "some", "--files", "config.json,empty.txt")
    assert sorted(path.name for path in (newest.folder / "some").iterdir()) == ["config.json", "empty.txt"]
    before = len(newest.sim.storage_requests)
    download(model.id, "old", "--revision", older)
    # It skips files whose hashes, which it computes itself, are those of the server.
    assert len(newest.sim.storage_requests) == before


def test_version_3_knows_the_owner_of_the_key(newest: Client) -> None:
    out = newest.together("whoami")
    assert ("Acme" in out, "project-acme" in out) == (True, True)


def test_version_3_shows_a_job_without_a_command(newest: Client) -> None:
    assert "completed" in newest.together("ft", FULL_JOB)


def test_version_3_reads_metrics_limits_prices_files_and_answers(newest: Client) -> None:
    answers = found(newest.python(REST_3, LORA_JOB))
    assert answers == {
        "metrics": 13,
        "limits": 64,
        "price": 1.42,
        "answer": "You said: Hi",
        "files": [FILE],
        "deleted": f"Fine-tune job {LORA_JOB} has been deleted",
    }


@pytest.mark.skipif(not (CLIENTS / "node" / "node_modules").is_dir(), reason="npm was not found by make test-official")
def test_a_node_script_injects_faults_and_moves_jobs_over_http(tmp_path: Path) -> None:
    with Simulator() as simulator:
        environment = os.environ | {
            "TOGETHER_BASE_URL": simulator.url,
            "TOGETHER_API_KEY": simulator.api_key,
            "SIMULATOR_ADMIN_URL": simulator.admin_url,
            "SIMULATOR_ADMIN_TOKEN": simulator.admin_token,
        }
        done = subprocess.run(  # noqa: S603 -- a pinned client
            ["node", Path(__file__).parent / "node" / "simulator.mjs", CLIENTS / "node"],  # noqa: S607
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        archive = simulator.archive(LORA_JOB, form="adapter")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == hashlib.sha256(archive.read(0, archive.size)).hexdigest()
