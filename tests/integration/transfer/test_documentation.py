"""The code of docs/transfer.md, run as it stands there but for the address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from .lab import MIB, noise

PAGE = Path(__file__).parents[3] / "docs" / "transfer.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("code", BLOCKS, ids=range(1, len(BLOCKS) + 1))
def test_a_block_of_the_page_runs(
    code: str, httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/model.tar.zst").respond_with_data(noise(MIB))
    monkeypatch.chdir(tmp_path)

    exec(compile(code.replace("https://host.example", httpserver.url_for("")), PAGE, "exec"), {})  # noqa: S102 -- our own page

    assert (tmp_path / "models" / "model.tar.zst").read_bytes() == noise(MIB)


def test_the_page_has_code() -> None:
    assert len(BLOCKS) == 2
