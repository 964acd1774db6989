"""The words of reports and advice: the field's terms, and none of the phrases that must not come back."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tools.generate import ROOT, GenerationError
from tools.spec import report
from tools.spec.changes import VERDICTS
from tools.spec.documents import SpecError
from tools.spec.sync import compared, sync

from .cases import CASES, Case
from .conftest import Repository
from .kinds import KINDS, Kind

PHRASES = [
    *(
        line.partition(" -> ")[0]
        for line in (ROOT / "tests" / "unit" / "phrases.txt").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ),
    # What a server sends is a response; nothing is gone, and no one knows.
    *(
        r"\banswers?\b",
        r"\bany ?more\b",
        r"\bis gone\b",
        r"\bknows?\b",
        r"\btells?\b",
        r"\bnobody reads\b",
        r"\bwho reads\b",
    ),
    r"object at 0x",
]
EVERY: list[Case | Kind] = [*CASES, *KINDS]


def found_in(text: str) -> list[str]:
    """The phrases in a text; what we quote of the overlay's reasons is not the tool's own."""
    text = re.sub(r"Its reason is: .*?(If|Remove) ", "", text, flags=re.DOTALL)
    return [phrase for phrase in PHRASES if re.search(phrase, text, re.IGNORECASE)]


def nothing(_into: Path, _spec: Path) -> None:
    """Generate nothing."""
    raise GenerationError("no client")


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in EVERY])
def test_a_report_and_its_advice_are_in_plain_words(specimen: Repository, tmp_path: Path, case: Case | Kind) -> None:
    changed = specimen.upstream
    case.change(changed)
    upstream = tmp_path / "upstream.yaml"
    upstream.write_text(json.dumps(changed))
    with pytest.raises(SpecError) as refused:
        sync(upstream, specimen.root, nothing)
    assert found_in(str(refused.value)) == []
    if "problem" not in case.found:
        comparison = compared(specimen.upstream, changed, specimen.recipe)
        looks = report.what_to_look_at(comparison, specimen.root / "together_ext", specimen.recipe.surface)
        assert found_in(report.as_markdown(comparison, looks, "Changes")) == []


@pytest.mark.parametrize("kind", [" ".join(kind) for kind in VERDICTS])
def test_a_verdict_is_in_plain_words(kind: str) -> None:
    name, _, side = kind.partition(" ")
    assert found_in(VERDICTS[name, side].why) == []


REFUSALS = {"SpecError", "FaultError"}
RUN = 3
"""So many words in a row of a sentence make it recognizable."""


def runs(text: str) -> set[str]:
    """Every run of words of a text, whatever is between them in a regular expression or an f-string."""
    words = re.findall(r"[A-Za-z]+", re.sub(r"\\\S", " ", text))
    return {" ".join(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def refusals() -> list[tuple[str, set[str]]]:
    """Where a sentence is raised, and the runs of words of its fixed parts; those that are put together elsewhere."""
    found: list[tuple[str, set[str]]] = []
    for path in sorted((ROOT / "tools" / "spec").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and ast.unparse(node.exc.func) in REFUSALS
            ):
                parts = [one.value for one in ast.walk(node.exc) if isinstance(one, ast.Constant)]
                found.append((f"{path.name}:{node.lineno}", {run for part in parts for run in runs(str(part))}))
    return found


def test_every_refusal_is_tested() -> None:
    tests = {run for path in Path(__file__).parent.glob("*.py") for run in runs(path.read_text(encoding="utf-8"))}
    every = refusals()
    assert len(every) > 50
    assert [place for place, sentence in every if sentence and not sentence & tests] == []
