"""The language of the documentation and of the code: phrases that must not come back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PHRASES = [
    line.partition(" -> ")[::2]
    for line in (ROOT / "tests" / "unit" / "phrases.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / ".github").rglob("*.*")),
    ROOT / "benchmarks" / "RESULTS.md",
    ROOT / "Makefile",
    ROOT / "openapi.yaml",
    *sorted((ROOT / "tools" / "spec").glob("*.yaml")),
    *(path for folder in ("together_ext", "benchmarks", "tools") for path in sorted((ROOT / folder).rglob("*.py"))),
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_page_has_none_of_the_phrases(path: Path) -> None:
    text = " ".join(path.read_text(encoding="utf-8").split())
    found = {match.group(0): better for phrase, better in PHRASES for match in re.finditer(phrase, text, re.IGNORECASE)}
    assert found == {}, f"write instead: {found}"


def test_the_list_is_short_and_its_phrases_are_valid() -> None:
    assert 10 <= len(PHRASES) <= 40
    for phrase, better in PHRASES:
        re.compile(phrase)
        assert better
