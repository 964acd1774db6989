"""Very many jobs and checkpoints: all are listed, and items that are not accessed need little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
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


def served(raw: RawServer, items: Callable[[], Iterator[bytes]]) -> None:
    """Let the server send a list as it is made: all jobs at once would be 123 MB in this process."""

    def body() -> Iterator[bytes]:
        yield b'{"data": ['
        yield next(given := items())
        # 200 at once, which is few calls of the system and little memory.
        while some := list(islice(given, 200)):
            yield b"".join(b"," + item for item in some)
        yield b"]}"

    length = sum(map(len, body()))
    raw.answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length
    raw.body = body


def measured(raw: RawServer, code: str) -> tuple[str, int]:
    """What some code prints, and how much memory it took."""
    environment = os.environ | {"TOGETHER_BASE_URL": raw.url, "TOGETHER_API_KEY": "key"}
    done = subprocess.run(  # noqa: S603 -- our own code
        [sys.executable, "-c", MEASURED.format(code=code)], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout, int(done.stderr.splitlines()[-1])


def many_jobs() -> Iterator[bytes]:
    """The JSON of each job."""
    some = [{**truncated(job), "id": "ID", "created_at": "CREATED"} for job in catalog()]
    # To encode each job would take longer than to list them.
    texts = [json.dumps(job).encode().replace(b"%", b"%%") for job in some]
    templates = [
        text.replace(b'"ID"', b'"ft-%06d"').replace(b"CREATED", b"2026-01-%02dT08:30:00.%06dZ") for text in texts
    ]
    for n in range(JOBS):
        yield templates[n % len(templates)] % (n, 1 + n % 28, n)


@pytest.fixture
def jobs(raw: RawServer) -> None:
    served(raw, many_jobs)


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
    template = '{"step": %d, "created_at": "2026-01-01T00:00:00.%06dZ", "path": "", "checkpoint_type": "Intermediate"}'
    served(raw, lambda: ((template % (n, n)).encode() for n in range(CHECKPOINTS)))
    out, memory = measured(raw, COMMAND.format(arguments=["ft", "list-checkpoints", "ft-1", "-q"]))
    assert out.splitlines()[0] == f"ft-1:{CHECKPOINTS - 1}"
    assert len(out.splitlines()) == CHECKPOINTS
    assert memory < MOST / 4
