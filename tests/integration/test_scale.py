"""Very many jobs and checkpoints: all are listed, and items that are not accessed need little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from together_ext.simulator.catalog import catalog
from together_ext.simulator.payloads import truncated

if TYPE_CHECKING:
    from tests.integration.conftest import RawServer

JOBS = 100_000
CHECKPOINTS = 10_000
MOST = 400_000_000
"""Bytes of memory."""

MEASURED = """
import re, sys
from pathlib import Path
{code}
sys.stdout.flush()
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024, file=sys.stderr)
"""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")


def served(raw: RawServer, document: object) -> None:
    body = json.dumps(document).encode()
    raw.answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def measured(raw: RawServer, code: str) -> tuple[str, int]:
    """What some code prints, and how much memory it took."""
    environment = os.environ | {"TOGETHER_BASE_URL": raw.url, "TOGETHER_API_KEY": "key"}
    done = subprocess.run(  # noqa: S603 -- our own code
        [sys.executable, "-c", MEASURED.format(code=code)], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout, int(done.stderr.splitlines()[-1])


@pytest.fixture
def jobs(raw: RawServer) -> None:
    some = [truncated(job) for job in catalog()]
    days = [{"id": f"ft-{n:06d}", "created_at": f"2026-01-{1 + n % 28:02d}T08:30:00.{n:06d}Z"} for n in range(JOBS)]
    served(raw, {"data": [{**some[n % len(some)], **day} for n, day in enumerate(days)]})


COMMAND = "from together_ext.cli import main\nmain({arguments})"


@pytest.mark.parametrize("options", [[], ["--json"], ["--quiet"]], ids=str)
@pytest.mark.usefixtures("jobs")
def test_a_hundred_thousand_jobs_are_listed(raw: RawServer, options: list[str]) -> None:
    out, memory = measured(raw, COMMAND.format(arguments=["ft", "list", *options]))
    listed = [job["id"] for job in json.loads(out)["data"]] if "--json" in options else out.splitlines()
    assert len(listed) == JOBS
    assert listed[0].startswith("ft-099987")
    assert memory < MOST


@pytest.mark.usefixtures("jobs")
def test_a_hundred_thousand_jobs_are_held_and_each_can_be_had(raw: RawServer) -> None:
    code = "from together_ext import Together\njobs = Together().fine_tuning.list().data\nprint(len(jobs), jobs[-1].id)"
    out, memory = measured(raw, code)
    assert out == f"{JOBS} ft-000000\n"
    assert memory < MOST


def test_ten_thousand_checkpoints_are_listed(raw: RawServer) -> None:
    served(
        raw,
        {
            "data": [
                {
                    "step": n,
                    "created_at": f"2026-01-01T00:00:00.{n:06d}Z",
                    "path": "",
                    "checkpoint_type": "Intermediate",
                }
                for n in range(CHECKPOINTS)
            ]
        },
    )
    out, memory = measured(raw, COMMAND.format(arguments=["ft", "list-checkpoints", "ft-1", "-q"]))
    assert out.splitlines()[0] == f"ft-1:{CHECKPOINTS - 1}"
    assert len(out.splitlines()) == CHECKPOINTS
    assert memory < MOST / 4
