"""Every benchmark explains itself with `--help`, and reports that it has begun."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.entry import begin

ROOT = Path(__file__).parents[2]
STARTED_BY_OTHERS = {"meter", "relay"}
ENTRIES = [
    path.stem
    for path in sorted((ROOT / "benchmarks").glob("*.py"))
    if "\nif __name__" in path.read_text(encoding="utf-8") and path.stem not in STARTED_BY_OTHERS
]


def test_the_benchmarks_are_found() -> None:
    assert {"__main__", "lists", "many", "registry", "stores"} <= set(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES)
def test_help_explains_a_benchmark_and_runs_nothing(entry: str) -> None:
    name = "benchmarks" if entry == "__main__" else f"benchmarks.{entry}"
    command = [sys.executable, "-m", name, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 -- ours
    assert done.stdout.startswith(f"usage: python -m {name} ")
    assert done.stderr == ""


def test_a_benchmark_reports_that_it_has_begun(capsys: pytest.CaptureFixture[str]) -> None:
    begin(argparse.ArgumentParser(prog="python -m benchmarks.some"), [])
    out, err = capsys.readouterr()
    assert (out, err) == ("", "python -m benchmarks.some: preparing and measuring; results follow\n")
