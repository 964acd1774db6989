"""`python -m tools.user_types`: the types of the public API, checked with mypy and pyright over code of users.

Each function in `tests/typing` is a snippet. A line that ends in `# error` must be reported by both type checkers, and
no other line may be.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tools.docs.pages import ROOT

SNIPPETS: Final = ROOT / "tests" / "typing"
_MARK: Final = re.compile(r"  # error$")
_REPORTED: Final = re.compile(r"^(.+?):(\d+): error: (.+)$", re.MULTILINE)

Lines = dict[tuple[str, int], str]


def expected(files: Iterable[Path]) -> Lines:
    """The lines that must be reported, by the name of the file and the number of the line."""
    return {
        (file.name, number): "is accepted"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if _MARK.search(line)
    }


def reported_by_mypy(output: str) -> Lines:
    """The lines that mypy reports."""
    return {(Path(file).name, int(line)): message for file, line, message in _REPORTED.findall(output)}


def reported_by_pyright(output: str) -> Lines:
    """The lines that pyright reports."""
    return {
        (Path(found["file"]).name, found["range"]["start"]["line"] + 1): found["message"].splitlines()[0]
        for found in json.loads(output)["generalDiagnostics"]
        if found["severity"] == "error"
    }


def differences(expected: Lines, reported: Lines) -> list[str]:
    """What a type checker reports wrongly, and what it does not report."""
    wrong = {place: found for place, found in reported.items() if place not in expected}
    missing = {place: found for place, found in expected.items() if place not in reported}
    return [f"{file}:{line}: {message}" for (file, line), message in sorted({**wrong, **missing}.items())]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SNIPPETS)  # noqa: S603
    if not done.stdout:
        sys.exit(done.stderr)
    return done.stdout


def main() -> int:
    """Check the snippets."""
    files = sorted(SNIPPETS.glob("*.py"))
    names = [file.name for file in files]
    python = [sys.executable, "-m"]
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'users'}"
    checkers: dict[str, tuple[Callable[[str], Lines], list[str]]] = {
        "mypy": (reported_by_mypy, [*python, "mypy", "--strict", "--config-file=", "--no-pretty", cache, *names]),
        "pyright": (
            reported_by_pyright,
            [*python, "pyright", "--outputjson", "--pythonpath", sys.executable, *names],
        ),
    }
    with ThreadPoolExecutor() as pool:
        outputs = {name: pool.submit(_run, *command) for name, (_, command) in checkers.items()}
    problems = {
        name: differences(expected(files), read(outputs[name].result())) for name, (read, _) in checkers.items()
    }
    for name, found in problems.items():
        for problem in found:
            print(f"{name}: {problem}")
    return int(any(problems.values()))


if __name__ == "__main__":
    sys.exit(main())
