"""RESULTS.md: what a user compares comes first, what developers aim at comes last."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.figures import Figure, Figures, Killed
from benchmarks.peers import ARIA, CURL, OURS, SDK_1, SDK_3, SYNCED_CURL
from benchmarks.places import GIB
from benchmarks.report import Setting, rendered
from benchmarks.targets import CAPPED_SIZE
from benchmarks.unpacking import SDK_THEN_TAR, THEN_TAR, WEIGHTS
from tools.pictures.plot import plot
from tools.pictures.tables import tables

RESULTS = Path(__file__).parents[2] / "benchmarks" / "RESULTS.md"
SETTING = Setting("today", {"each": 1}, {"Cores": "2"}, {OURS: "1.0"}, ("0.1", "0.2"))


def figure(scenario: str, size: int, peer: str, wall: float) -> Figure:
    return Figure(scenario, size, peer, 1, wall, 0.1, 0.1, 50_000_000, 1, size)


def document() -> str:
    everyone = (OURS, SDK_3, SDK_1, CURL, SYNCED_CURL, ARIA)
    runs = [figure(scenario, GIB, peer, 2.0) for scenario in ("plain", "tls") for peer in everyone]
    runs += [figure("capped", CAPPED_SIZE, peer, 3.0) for peer in (OURS, SDK_3, CURL, ARIA)]
    runs += [figure("unpacked", WEIGHTS, peer, 4.5) for peer in (OURS, THEN_TAR, SDK_THEN_TAR)]
    runs += [figure("unpacked", WEIGHTS, CURL, 1.0), figure("start", 0, OURS, 0.1)]
    return rendered(Figures(tuple(runs), (Killed(OURS, GIB, 0.5, 10_737_418, identical=True, exit=0),)), SETTING)


def headings(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def test_the_comparison_comes_first_and_the_targets_last() -> None:
    found = headings(document())
    assert found[:2] == ["Comparison", "Resume after `kill -9`"]
    assert found[-3:] == ["Machine and versions", "Method", "Targets, for developers"]
    assert document().index("benchmarks.svg") < document().index("## Comparison")


def test_the_comparison_has_a_row_for_each_task() -> None:
    rows = {cells[0]: cells[1:] for cells in tables(document())["Comparison", ""]}
    assert rows["1 GiB, TLS, same machine, s"] == ["2.00"] * 5
    assert rows["400 MiB, 20 MB/s for each connection, s"] == ["3.00", "3.00", "-", "3.00", "3.00"]
    # Who only downloads has not done the whole task.
    assert rows["1600 MiB of weights, downloaded and extracted, s"] == ["4.50", "4.50", "-", "4.50", "-"]
    assert rows["peak memory in any run, MB"] == ["50"] * 5
    assert rows["sent again after `kill -9`, at most"] == ["1.00 %", "-", "-", "-", "-"]


def test_the_plot_can_be_made_of_it() -> None:
    assert "2.00 s" in plot(document())


def test_the_committed_document_has_the_same_sections_and_columns() -> None:
    committed = RESULTS.read_text(encoding="utf-8")
    assert set(headings(document())) <= set(headings(committed))
    first = tables(document())["Comparison", ""]
    assert [cells[0] for cells in tables(committed)["Comparison", ""]] == [cells[0] for cells in first]
