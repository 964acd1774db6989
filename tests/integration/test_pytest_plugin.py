"""The pytest plugin, in test runs of its own: outside the tree, and beside tests that do not use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

USES = """
import os
import httpx, pytest
from together_ext import Together
from together_ext.simulator import LORA_JOB, RUNNING_JOB, Fault

def test_a_download_is_resumed(together_client, together_simulator, tmp_path):
    together_simulator.script(Fault(cut=100_000))
    result = together_client.fine_tuning.download(LORA_JOB, output=tmp_path, checkpoint_type="adapter")
    assert result.size == together_simulator.archive(LORA_JOB, form="adapter").size

def test_the_environment_leads_to_the_simulator(together_simulator):
    assert "TOGETHER_PROJECT_ID" not in os.environ
    assert len(Together().fine_tuning.list().data) == len(together_simulator.jobs())

def test_each_test_has_a_simulator_of_its_own(together_simulator):
    assert together_simulator.requests == [] and len(together_simulator.faults) == 0

@pytest.mark.together_simulator(redirect=True, api_key="given")
def test_options_are_given_by_a_marker(together_simulator):
    assert (together_simulator.redirect_downloads, together_simulator.api_key) == (True, "given")

def test_the_environment_is_restored():
    assert os.environ["TOGETHER_API_KEY"] == "before" and "TOGETHER_BASE_URL" not in os.environ
"""

DOES_NOT = """
import sys

def test_nothing_is_loaded():
    assert not [name for name in sys.modules if name.startswith(("together_ext", "starlette", "uvicorn", "httpx"))]
"""


def run(folder: Path, tests: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers -p no:randomly -p no:xdist\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "TOGETHER"))}
    environment |= {"TOGETHER_API_KEY": "before", "TOGETHER_PROJECT_ID": "theirs"}
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-q", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_project_uses_the_fixtures_without_any_configuration(tmp_path: Path) -> None:
    done = run(tmp_path, USES)
    assert "5 passed" in done.stdout, done.stdout + done.stderr


def test_a_project_that_does_not_use_them_loads_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, DOES_NOT)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_plugin_is_loaded_once_and_can_be_named_again(tmp_path: Path) -> None:
    done = run(tmp_path, USES, "-p", "pytest_together_ext")
    assert "5 passed" in done.stdout, done.stdout + done.stderr


def test_the_coverage_of_the_package_begins_before_it_is_imported(tmp_path: Path) -> None:
    """A plugin that imports what is measured hides the lines that run at import."""
    done = run(tmp_path, USES, "--cov=together_ext.simulator.faults", "--cov-report=term", "-W", "ignore")
    assert "5 passed" in done.stdout, done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] and line.split()[0].endswith("faults.py")]
    assert int(line.split()[3].rstrip("%")) > 80
