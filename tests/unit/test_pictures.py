"""The images of README and docs."""

from __future__ import annotations

import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tools.pictures.badges import badges
from tools.pictures.plot import PANELS, plot
from tools.pictures.screen import PLAIN, Screen, Style
from tools.pictures.session import run, shown
from tools.pictures.tables import tables
from tools.pictures.terminal import drawn

ROOT = Path(__file__).parents[2]
RESULTS = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"


def screen(written: str, columns: int = 20) -> list[list[tuple[str, Style]]]:
    found = Screen(columns)
    found.write(written)
    return found.lines()


def texts(written: str, columns: int = 20) -> list[str]:
    return ["".join(text for text, _ in line) for line in screen(written, columns)]


def test_a_screen_shows_lines() -> None:
    assert texts("one\r\ntwo\r\n\r\n") == ["one", "two"]


def test_a_progress_line_is_replaced() -> None:
    assert texts("10 %\r\x1b[2K100 %\r\nend") == ["100 %", "end"]
    assert texts("bar\r\n\x1b[1A\x1b[2Kpath\r\n") == ["path"]
    assert texts("10 % \rAB\x1b[K") == ["AB"]


def test_a_long_line_continues_in_the_next_one() -> None:
    assert texts("abcdef", columns=4) == ["abcd", "ef"]


def test_styles_are_kept() -> None:
    assert screen("\x1b[1mA\x1b[0m\x1b[32mB\x1b[91mC\x1b[0mD") == [
        [("A", Style(bold=True)), ("B", Style(color=2)), ("C", Style(color=9)), ("D", PLAIN)]
    ]


def test_what_was_measured_is_left_out() -> None:
    (line,) = shown("7.52 MB in 0.8 s (9.93 MB/s)\r\n")
    assert line == [("7.52 MB", PLAIN)]


def test_a_long_output_is_cut() -> None:
    found = shown("line\r\n" * 40)
    assert len(found) == 12
    assert found[-1] == [("...", PLAIN)]


def test_a_command_runs_in_a_terminal(tmp_path: Path) -> None:
    written = run("test -t 1 && stty size && pwd", tmp_path, {})
    assert written == "50 80\r\n/data\r\n"


def test_an_image_of_a_terminal_is_svg_without_links() -> None:
    image = drawn([[("a < b & c", PLAIN)]], 20, "A title")
    root = ET.fromstring(image)  # noqa: S314 -- our own
    assert [text.text for text in root.iter(f"{SVG}text")] == ["a < b & c"]
    assert "href" not in image
    assert "url(" not in image


def test_the_plot_shows_the_figures_of_the_document() -> None:
    found = tables(RESULTS)
    labels = [text.text for text in ET.fromstring(plot(RESULTS)).iter(f"{SVG}text")]  # noqa: S314 -- our own
    for panel in PANELS:
        walls = {cells[0]: cells[1].split()[0] for cells in found[panel.section, panel.part]}
        for peer in panel.peers:
            assert f"{walls[peer]} s" in labels


def test_the_plot_in_the_repository_is_that_of_the_document() -> None:
    assert (ROOT / "docs" / "images" / "benchmarks.svg").read_text(encoding="utf-8") == plot(RESULTS), "make pictures"


def test_the_plot_needs_its_tables() -> None:
    with pytest.raises(KeyError):
        plot("# Nothing\n")


def test_the_badges_in_the_repository_are_true() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for name, image in badges(project).items():
        assert (ROOT / "docs" / "images" / f"badge-{name}.svg").read_text(encoding="utf-8") == image, "make pictures"
