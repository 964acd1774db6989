"""The shell lines of the service's documentation: with `curl` as they stand, and with our program's name in front."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from together_ext.archive import verify
from together_ext.simulator import RUNNING_JOB, BytesArchive, Simulator
from together_ext.simulator.archives import pack

# The addresses are the examples'; the test puts the simulator's in their place.
CURL = {
    "download": """
curl
"https://api.together.ai/v1/finetune/download?ft_id=ft-id&checkpoint=merged"
     -H "Authorization: Bearer $TOGETHER_API_KEY" \\
     -H "Content-Type: application/json"
""",
    "checkpoints": """
curl "https://api.together.ai/v1/fine-tunes/ft-id/checkpoints" \\
     -H "Authorization: Bearer $TOGETHER_API_KEY" \\
     -H "Content-Type: application/json"
""",
    "job": """
# Retrieve job details
curl "https://api.together.xyz/v1/fine-tunes/ft-abc123" \\
  -H "Authorization: Bearer $TOGETHER_API_KEY" \\
  -H "Content-Type: application/json"
""",
    "events": """
# List events
curl "https://api.together.xyz/v1/fine-tunes/ft-abc123/events" \\
  -H "Authorization: Bearer $TOGETHER_API_KEY" \\
  -H "Content-Type: application/json"
""",
    "checkpoints of the guide": """
# List checkpoints
curl "https://api.together.xyz/v1/fine-tunes/ft-abc123/checkpoints" \\
  -H "Authorization: Bearer $TOGETHER_API_KEY" \\
  -H "Content-Type: application/json"
""",
}

DOWNLOADS = """
# CLI: download model weights
together fine-tuning download ft-abc123

# Download to a specific directory
together fine-tuning download ft-abc123 --output_dir ./my-model

# Download a specific checkpoint step
together fine-tuning download ft-abc123 --checkpoint-step 48

# Download merged or adapter-only weights (LoRA jobs)
together fine-tuning download ft-abc123 --checkpoint-type merged
together fine-tuning download ft-abc123 --checkpoint-type adapter
"""

COMMANDS = """
together fine-tuning status <JOB_ID>
together fine-tuning retrieve <JOB_ID>
together fine-tuning list-events <JOB_ID>
together fine-tuning list-checkpoints <JOB_ID>
together fine-tuning list
"""

ENDS = """
together fine-tuning cancel <JOB_ID>
together fine-tuning delete <JOB_ID>
"""

FILES = {"config.json": b"{}", "pytorch_model.bin": b"weights", "tokenizer.json": b"{}"}
NAME = "acme-research--Tiny-Llama-added-0badcafe"


@pytest.fixture
def shell(sim: Simulator, folder: Path, forked: Path) -> Any:  # noqa: ANN401 -- a function
    """Runs lines in bash, in an empty folder, with the program in the path; returns what they print."""
    archive = BytesArchive(pack(FILES))
    sim.add_job(job_id="ft-id", archive=archive)
    sim.add_job(job_id="ft-abc123", archive=archive, steps=(48, 96))
    bash = shutil.which("bash")
    assert bash is not None
    path = f"{forked}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"TOGETHER_API_KEY": sim.api_key, "TOGETHER_BASE_URL": sim.url, "PATH": path}

    def run(lines: str) -> bytes:
        done = subprocess.run(  # noqa: S603 -- our own lines
            [bash, "-euo", "pipefail", "-c", lines], env=environment, cwd=folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
@pytest.mark.parametrize("lines", CURL.values(), ids=CURL)
def test_the_curl_command_works(shell: Any, sim: Simulator, lines: str) -> None:  # noqa: ANN401
    for address in ("https://api.together.ai/v1", "https://api.together.xyz/v1"):
        lines = lines.replace(address, sim.url)
    # The first one lost the ends of its lines on the way into the documentation.
    lines = lines.replace("curl\n", "curl -sS ").replace('merged"\n', 'merged" ').replace("curl ", "curl -sS ", 1)
    out = shell(lines)
    if "download" in lines:
        assert out == pack(FILES)
    else:
        assert json.loads(out)


def test_the_downloads_of_the_guide_work(shell: Any, folder: Path) -> None:  # noqa: ANN401
    shell(DOWNLOADS.replace("together ", "together-ext "))
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.tar.zst")) == [
        f"{NAME}-adapter.tar.zst",
        f"{NAME}-checkpoint-48.tar.zst",
        f"{NAME}.tar.zst",
        f"my-model/{NAME}.tar.zst",
    ]


@pytest.mark.skipif(shutil.which("zstd") is None, reason="tar needs zstd for these archives")
def test_a_download_is_extracted_by_tar(shell: Any, folder: Path) -> None:  # noqa: ANN401
    shell(
        "together-ext ft download ft-abc123 --output model-name.tar.zst\n"
        f"tar -xf model-name.tar.zst --one-top-level={NAME}"
    )
    assert {path.name for path in (folder / NAME).iterdir()} == set(FILES)


def test_a_download_is_extracted_by_the_package(shell: Any, folder: Path) -> None:  # noqa: ANN401
    shell("together-ext fine-tuning download ft-abc123 --extract")
    assert verify(folder / NAME).good
    assert {path.name for path in (folder / NAME).iterdir()} == {*FILES, "together-ext.json"}


def test_the_commands_of_the_guide_work(shell: Any, sim: Simulator) -> None:  # noqa: ANN401
    lines = COMMANDS.replace("<JOB_ID>", "ft-abc123").replace("together ", "together-ext ")
    out = shell(lines).decode()
    assert out.startswith("completed\n")
    assert "ft-abc123:48" in out
    assert all(event.message in out for event in sim.job("ft-abc123").events)


def test_a_job_is_cancelled_and_deleted_as_in_the_guide(shell: Any, sim: Simulator) -> None:  # noqa: ANN401
    """With --yes: there is no terminal to confirm on."""
    cancel, delete = (
        line.replace("<JOB_ID>", RUNNING_JOB).replace("together ", "together-ext ") + " --yes"
        for line in ENDS.strip().splitlines()
    )
    shell(cancel)
    assert sim.advance(RUNNING_JOB) == "cancelled"
    shell(delete)
    with pytest.raises(KeyError):
        sim.job(RUNNING_JOB)
