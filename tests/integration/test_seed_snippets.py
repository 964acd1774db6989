"""The Python examples of the service's documentation, word for word, with only the import changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from together_ext.simulator import DOWNLOAD_PATH, LORA_JOB, Simulator

# 001: the official v1 client's `download`; the job's ID is one of the simulator's -----------------------------------

DEFAULT = """
from together import Together

client = Together()

result = client.fine_tuning.download("ft-12345678-abcd-1234-efgh-123456789012")
print(f"Downloaded to: {result.filename}")
print(f"Size: {result.size} bytes")
"""

STEP = """
from together import Together

client = Together()

# Using checkpoint_step parameter
result = client.fine_tuning.download(
    "ft-12345678-abcd-1234-efgh-123456789012",
    checkpoint_step=500,
)
print(f"Checkpoint step {result.checkpoint_step}: {result.filename}")
"""

COMPOUND = """
from together import Together

client = Together()

# Step embedded in the ID
result = client.fine_tuning.download("ft-12345678-abcd-1234-efgh-123456789012:500")
print(f"Checkpoint step {result.checkpoint_step}: {result.filename}")
"""

ADAPTER = """
from together import Together

client = Together()

# Download just the LoRA adapter (smaller file)
result = client.fine_tuning.download(
    "ft-12345678-abcd-1234-efgh-123456789012",
    checkpoint_type="adapter",
)
print(f"Adapter downloaded to: {result.filename}")
print(f"Adapter size: {result.size} bytes")
"""

CUSTOM_PATH = """
from together import Together

client = Together()

result = client.fine_tuning.download(
    "ft-12345678-abcd-1234-efgh-123456789012",
    output="/models/my-finetuned-model.tar.gz",
    checkpoint_type="merged",
)
print(f"Merged model saved to: {result.filename}")
"""

MONITOR = """
import time
from together import Together

client = Together()
job_id = "ft-12345678-abcd-1234-efgh-123456789012"

# Wait for completion
while True:
    job = client.fine_tuning.retrieve(job_id)
    if job.status == "completed":
        break
    elif job.status in ("failed", "cancelled"):
        raise RuntimeError(f"Job {job_id} ended with status: {job.status}")
    time.sleep(60)

# Download the final merged model
result = client.fine_tuning.download(job_id, checkpoint_type="merged")
print(f"Model downloaded: {result.filename} ({result.size} bytes)")

# Optionally also download best intermediate checkpoint
checkpoints = client.fine_tuning.list_checkpoints(job_id)
if len(checkpoints) > 1:
    best_cp = checkpoints[0]  # Most recent intermediate
    adapter_result = client.fine_tuning.download(
        best_cp.name,
        checkpoint_type="adapter",
        output="./checkpoints/",
    )
    print(f"Adapter checkpoint: {adapter_result.filename}")
"""

# 000: the specification's examples; so is the job's ID here -----------------------------------------------------------

STREAM = """
from together import Together

import os


client = Together(
    api_key=os.environ.get("TOGETHER_API_KEY"),
)


# Using `with_streaming_response` gives you control to do what you want with the response.

stream = client.fine_tuning.with_streaming_response.content(ft_id="ft-id")


with stream as response:
    for line in response.iter_lines():
        print(line)
"""

TO_DISK = """
from together import Together
import os

client = Together(
    api_key=os.environ.get("TOGETHER_API_KEY"),
)

# This will download the content to a location on disk
response = client.fine_tuning.download(id="ft-id")

print(response)
"""

# 003 ------------------------------------------------------------------------------------------------------------------

LIST_CHECKPOINTS = """
# Docs for v1 can be found by changing the above selector ^
from together import Together
import os

client = Together(
    api_key=os.environ.get("TOGETHER_API_KEY"),
)

checkpoints = client.fine_tuning.list_checkpoints(id="ft-id")

print(checkpoints)
"""

# 004: a guide, whose snippets take the client for granted -------------------------------------------------------------

CLIENT = """
from together import Together

client = Together()
"""

WEIGHTS = """
# Download model weights
client.fine_tuning.download(
    id="ft-abc123",
    output="my-model/model.tar.zst",
)
"""

MONITORING = """
status = client.fine_tuning.retrieve(job_id)
print(status.status)

events = client.fine_tuning.list_events(id=job_id)
for event in events.data:
    print(event.message)
"""

SERVERLESS = """
response = client.chat.completions.create(
    model="your-username/Model-Name-your-suffix",
    messages=[{"role": "user", "content": "Hello!"}],
)
"""

ENDPOINT = """
endpoint = client.endpoints.create(
    display_name="Fine-tuned Model",
    model="your-username/Model-Name-your-suffix",
    hardware="4x_nvidia_h100_80gb_sxm",
    autoscaling={"min_replicas": 1, "max_replicas": 1},
)
"""

CONTINUED = """
response = client.fine_tuning.create(
    training_file=new_file_id,
    model="base-model",
    from_checkpoint=previous_job_id,
)
"""


@pytest.fixture(autouse=True)
def _an_account(sim: Simulator, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the examples: a key, a server, jobs of their IDs, and an empty current folder."""
    assert folder.is_dir()
    monkeypatch.setenv("TOGETHER_API_KEY", sim.api_key)
    monkeypatch.setenv("TOGETHER_BASE_URL", sim.url)
    text = b"\x1f\x8b\nline\n" + bytes(30)
    sim.add_job(job_id="ft-id", archive=text, steps=(5, 10))
    sim.add_job(job_id="ft-abc123", archive=text)


def run(snippet: str, **names: object) -> dict[str, object]:
    """Run an example; returns the names that it leaves."""
    code = snippet.replace("from together import", "from together_ext import")
    found: dict[str, object] = dict(names)
    try:
        exec(compile(code, "<documentation>", "exec"), found)  # noqa: S102 -- our own strings
    finally:
        found["client"].close()  # type: ignore[attr-defined]
    return found


def downloads(sim: Simulator) -> list[dict[str, str]]:
    """The queries of the download requests."""
    return [dict(request.query) for request in sim.requests if request.path == DOWNLOAD_PATH]


def test_download_final_model(sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(DEFAULT)
    (path,) = folder.iterdir()
    assert capsys.readouterr().out == f"Downloaded to: {path}\nSize: 100 bytes\n"
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": "merged"}]


@pytest.mark.parametrize("snippet", [STEP, COMPOUND], ids=["parameter", "compound ID"])
def test_download_specific_checkpoint_step(
    sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str], snippet: str
) -> None:
    run(snippet)
    (path,) = folder.iterdir()
    assert capsys.readouterr().out == f"Checkpoint step 500: {path}\n"
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint_step": "500", "checkpoint": "merged"}]


def test_download_lora_adapter_only(sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(ADAPTER)
    (path,) = folder.iterdir()
    assert capsys.readouterr().out == f"Adapter downloaded to: {path}\nAdapter size: 100 bytes\n"
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": "adapter"}]


def test_download_merged_lora_model_to_custom_path(
    sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one change: the `/models` of the example is not writable here."""
    run(CUSTOM_PATH.replace("/models/", f"{folder}/models/"))
    path = folder / "models/my-finetuned-model.tar.gz"
    assert capsys.readouterr().out == f"Merged model saved to: {path}\n"
    assert path.stat().st_size == 100
    assert downloads(sim) == [{"ft_id": LORA_JOB, "checkpoint": "merged"}]


def test_monitor_then_download(sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(MONITOR)
    model, adapter = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"Model downloaded: {folder}/acme-.*\.tar\.zst \(100 bytes\)", model)
    assert re.fullmatch(rf"Adapter checkpoint: {folder}/checkpoints/acme-.*-adapter\.tar\.zst", adapter)
    assert downloads(sim) == [
        {"ft_id": LORA_JOB, "checkpoint": "merged"},
        {"ft_id": LORA_JOB, "checkpoint": "adapter"},
    ]


def test_monitor_ends_when_the_job_was_cancelled(sim: Simulator) -> None:
    sim.job(LORA_JOB).status = "cancelled"
    with pytest.raises(RuntimeError, match=f"Job {LORA_JOB} ended with status: cancelled"):
        run(MONITOR)


def test_stream_the_content(sim: Simulator, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(STREAM)
    assert "line" in capsys.readouterr().out.splitlines()
    assert downloads(sim) == [{"ft_id": "ft-id", "checkpoint": "merged"}]
    assert list(folder.iterdir()) == []


def test_download_to_a_location_on_disk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(TO_DISK)
    (path,) = folder.iterdir()
    out = capsys.readouterr().out
    assert str(path) in out
    assert "object='local'" in out


def test_print_the_checkpoints(capsys: pytest.CaptureFixture[str]) -> None:
    run(LIST_CHECKPOINTS)
    out = capsys.readouterr().out
    assert out.index("step=10") < out.index("step=5")
    assert "name='ft-id:5'" in out


def test_download_the_weights_of_the_guide(folder: Path) -> None:
    run(CLIENT + WEIGHTS)
    assert (folder / "my-model/model.tar.zst").stat().st_size > 0
    assert [path.name for path in folder.rglob("*")] == ["my-model", "model.tar.zst"]


def test_print_status_and_events(sim: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    run(CLIENT + MONITORING, job_id="ft-id")
    assert capsys.readouterr().out.splitlines() == ["completed", *[event.message for event in sim.job("ft-id").events]]


def test_continue_from_a_checkpoint(sim: Simulator) -> None:
    sim.add_model("base-model")
    found = run(CLIENT + CONTINUED, new_file_id="file-2", previous_job_id="ft-abc123")
    assert found["response"].from_checkpoint == "ft-abc123"  # type: ignore[attr-defined]
    assert sim.requests[-1].body == b'{"training_file":"file-2","model":"base-model","from_checkpoint":"ft-abc123"}'


def test_ask_a_fine_tuned_model(sim: Simulator) -> None:
    sim.add_job(model_output_name="your-username/Model-Name-your-suffix")
    found = run(CLIENT + SERVERLESS)
    assert found["response"].choices[0].message.content == "You said: Hello!"  # type: ignore[attr-defined]


def test_serve_a_fine_tuned_model(sim: Simulator) -> None:
    sim.add_job(model_output_name="your-username/Model-Name-your-suffix")
    found = run(CLIENT + ENDPOINT)
    endpoint: Any = found["endpoint"]
    assert (endpoint.display_name, endpoint.hardware) == ("Fine-tuned Model", "4x_nvidia_h100_80gb_sxm")
    assert (endpoint.autoscaling.min_replicas, endpoint.autoscaling.max_replicas) == (1, 1)
