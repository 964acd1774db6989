"""Every block of README and docs that can be run is run, as a reader would run it: `sh` and `python`, by page.

Blocks of other languages (`shell`, `text`) are only shown. The tutorial and the page of the download engine have
tests of their own, which also check the result.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from together_ext.simulator import LORA_JOB, Simulator

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"guide.md", "transfer.md"}
AS_INSTALLED = {"README.md", "docs/get-started.md"}
"""The pages that are run with the program itself; the others with forks of one, which start sooner."""
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = {
    path.relative_to(ROOT).as_posix(): BLOCK.findall(path.read_text(encoding="utf-8"))
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if path.name not in ELSEWHERE
}
CASES = [(page, language) for page, blocks in PAGES.items() for language in sorted({kind for kind, _ in blocks})]


@pytest.fixture
def reader(folder: Path, page: str, forked: Path) -> Iterator[dict[str, str]]:
    """The environment of a reader, in a folder with what the pages take for granted."""
    with Simulator(pace=0) as simulator:
        archive = simulator.archive(LORA_JOB, 500, "adapter")
        (folder / "model.tar.zst").write_bytes(archive.read(0, archive.size))
        example = '{"messages": [{"role": "user", "content": "1 plus 1?"}, {"role": "assistant", "content": "2."}]}\n'
        (folder / "train.jsonl").write_text(example * 8)
        programs = Path(sys.executable).parent if page in AS_INSTALLED else forked
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        yield os.environ | {"TOGETHER_BASE_URL": simulator.url, "TOGETHER_API_KEY": simulator.api_key, "PATH": path}


def run(language: str, code: str, environment: dict[str, str]) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    python = shutil.which("python", path=environment["PATH"])
    assert python is not None
    command = [bash, "-euo", "pipefail"] if language == "sh" else [python, "-W", "error", "-"]
    done = subprocess.run(  # noqa: S603 -- our own pages
        command, input=code, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize(("page", "language"), CASES, ids=[f"{page}, {language}" for page, language in CASES])
def test_the_blocks_of_a_page_run(page: str, language: str, reader: dict[str, str], httpserver: HTTPServer) -> None:
    httpserver.expect_request("/model.tar.zst").respond_with_data(bytes(1 << 20))
    # A block may use the names of the blocks before it, so that they make one program.
    code = "".join(code for kind, code in PAGES[page] if kind == language)
    run(language, code.replace("https://host.example", httpserver.url_for("")), reader)


def test_the_pages_have_blocks() -> None:
    assert {"README.md", "docs/get-started.md", "docs/download.md", "docs/pipelines.md"} <= {page for page, _ in CASES}
