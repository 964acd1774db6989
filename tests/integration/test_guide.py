"""Every block of the guide is run, one after another in one folder, as a reader would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from together_ext.simulator import Simulator

GUIDE = Path(__file__).parents[2] / "docs" / "guide.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture
def account(forked: Path) -> Iterator[dict[str, str]]:
    """The environment of a reader, whose jobs take no time."""
    with Simulator(pace=0) as simulator:
        path = f"{forked}{os.pathsep}{os.environ['PATH']}"
        yield os.environ | {
            "TOGETHER_BASE_URL": simulator.url,
            "TOGETHER_API_KEY": simulator.api_key,
            "PATH": path,
        }


def run(command: list[str], code: str, environment: dict[str, str]) -> str:
    done = subprocess.run(  # noqa: S603 -- our own page
        command, input=code, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_of_the_guide_works(account: dict[str, str], folder: Path, forked: Path) -> None:
    blocks = _BLOCK.findall(GUIDE.read_text())
    shell = "".join(code for language, code in blocks if language == "sh")
    # Variables of one block are used by the next, so that they make one script.
    bash = shutil.which("bash")
    assert bash is not None
    out = run([bash, "-euo", "pipefail"], shell, account)
    assert "is over" not in out
    for code in (code for language, code in blocks if language == "python"):
        out += run([str(forked / "python")], code, account)
    assert {language for language, _ in blocks} == {"sh", "python"}
    assert len(list(folder.glob("rank-*/*.tar.zst"))) == 3
