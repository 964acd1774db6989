"""The simulator is one of the service's servers to clients that we did not write: `make test-official`.

Version 1 gets an older server, with integers for prices and its events in upper case, as it will read nothing else.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from together_ext.simulator import DPO_JOB, FULL_JOB, LORA_JOB, RUNNING_JOB, Simulator

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
        "steps": len(listed if isinstance(listed, list) else listed.data),
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
        """Run the client's own command line."""
        return self._run("together", "fine-tuning", *arguments)

    def _run(self, program: str, *arguments: str) -> str:
        # Version 3 has the `/v1` in its paths.
        url = self.sim.url if self.version == 1 else self.sim.url.removesuffix("/v1")
        environment = os.environ | {
            "TOGETHER_BASE_URL": url,
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
    with Simulator(old_server=request.param == 1) as simulator:
        yield Client(request.param, simulator, tmp_path)


def found(out: str) -> dict[str, object]:
    return json.loads(out.partition("FOUND")[2])  # type: ignore[no-any-return]


def test_jobs_events_and_checkpoints_are_read_and_a_job_is_created_and_cancelled(client: Client) -> None:
    answers = found(client.python(BOTH, LORA_JOB, FULL_JOB, DPO_JOB))
    assert sorted(answers["jobs"]) == sorted(job.id for job in client.sim._account.all() if job.id != answers["new"])  # type: ignore[call-overload]
    for job_id, kind in ((LORA_JOB, "Lora"), (FULL_JOB, "Full"), (DPO_JOB, "Lora")):
        job = client.sim.job(job_id)
        assert answers[job_id] == {
            "status": "completed",
            "kind": kind,
            "events": [event.message for event in job.events],
            "steps": len(job.checkpoints),
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


def test_version_3_reads_metrics_limits_prices_files_and_answers(tmp_path: Path) -> None:
    with Simulator() as simulator:
        answers = found(Client(3, simulator, tmp_path).python(REST_3, LORA_JOB))
    assert answers == {
        "metrics": 13,
        "limits": 64,
        "price": 1.42,
        "answer": "You said: Hi",
        "files": [FILE],
        "deleted": f"Fine-tune job {LORA_JOB} has been deleted",
    }
