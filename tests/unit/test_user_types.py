"""The check of the public types over code of users: `make types` runs the type checkers, here is what it compares."""

from __future__ import annotations

import ast
import json

from tools.user_types import SNIPPETS, differences, expected, reported_by_mypy, reported_by_pyright

FILES = sorted(SNIPPETS.glob("*.py"))
LEAST = 60


def test_there_are_snippets_of_both_clients_right_and_wrong() -> None:
    functions = {
        file.name: [
            node
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        for file in FILES
    }
    assert sum(map(len, functions.values())) >= LEAST
    for found in functions.values():
        assert any(isinstance(node, ast.AsyncFunctionDef) for node in found)


def test_each_wrong_snippet_has_a_line_to_report_and_no_right_one_has() -> None:
    wrong = SNIPPETS / "wrong.py"
    marked = {line for _, line in expected([wrong])}
    for node in ast.parse(wrong.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert marked & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)), node.name
    assert expected([SNIPPETS / "right.py"]) == {}


def test_what_the_type_checkers_report_is_read() -> None:
    mypy = "wrong.py:6: error: Bad  [arg-type]\nwrong.py:6: note: Possibly\nFound 1 error in 1 file\n"
    place = {"file": "/there/wrong.py", "range": {"start": {"line": 5, "character": 4}}}
    pyright = [
        {**place, "severity": "error", "message": "Bad\n  more"},
        {**place, "severity": "warning", "message": ""},
    ]
    assert reported_by_mypy(mypy) == {("wrong.py", 6): "Bad  [arg-type]"}
    assert reported_by_pyright(json.dumps({"generalDiagnostics": pyright})) == {("wrong.py", 6): "Bad"}


def test_a_difference_is_an_error_too_many_or_one_too_few() -> None:
    reported = {("right.py", 1): "Bad", ("wrong.py", 2): "Bad"}
    marked = {("wrong.py", 2): "is accepted", ("wrong.py", 3): "is accepted"}
    assert differences(marked, reported) == ["right.py:1: Bad", "wrong.py:3: is accepted"]
