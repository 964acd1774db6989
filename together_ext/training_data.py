"""Training data in JSON lines: what every line has to be. Lines in, errors out; nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from .errors import TrainingFileError, printable

MOST_PROBLEMS: Final = 5
"""Problems that are told at once."""

LONGEST: Final = 1 << 28
"""Bytes that a line may have. Pictures are long, but a file that is all one line would be read into memory whole."""

_PREFERENCE: Final = frozenset({"input", "preferred_output", "non_preferred_output"})


def check_lines(name: str, lines: Iterable[bytes]) -> int:
    """See that every line is an example, and all are of one form.

    The forms are those that the service takes: conversations (`messages`), instructions (`prompt` and `completion`),
    plain `text`, and preferences (`input`, `preferred_output`, `non_preferred_output`).

    Args:
        name: The file, for errors.
        lines: Its lines; the last one may have no end, and one that is longer than `LONGEST` may be cut behind that.

    Returns:
        How many examples there are.

    Raises:
        TrainingFileError: The first few lines that are wrong.
    """
    problems: list[str] = []
    count = 0
    forms: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        form, problem = _example(line)
        count += 1
        if form:
            forms.setdefault(form, number)
        if problem:
            problems.append(f"line {number} {problem}")
        if len(problems) == MOST_PROBLEMS or len(line) > LONGEST:
            break
    if not problems and len(forms) > 1:
        (first, one), (second, other), *_ = forms.items()
        problems.append(f"line {one} is {first} and line {other} {second}: expected one form in all of it")
    if not problems and not count:
        problems.append("it is empty")
    if problems:
        raise TrainingFileError(name, problems)
    return count


def _example(line: bytes) -> tuple[str, str]:
    """The form of an example, and what is wrong with it; either may be empty."""
    if len(line) > LONGEST:
        return "", f"is longer than {LONGEST >> 20} MiB: expected one example in each line"
    if not line.strip():
        return "", "is empty"
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return "", "is not JSON"
    if not isinstance(found, dict):
        return "", "is no JSON object"
    for form, (keys, check) in _FORMS.items():
        if keys <= found.keys():
            return form, next(check(found), "")
    return "", f"has none of the forms that can be trained on; its keys are {_shown(found)}"


def _shown(found: Mapping[str, Any]) -> str:
    return printable(", ".join(found), 80) or "none"


def _messages(found: Mapping[str, Any]) -> Iterator[str]:
    messages = found["messages"]
    if not isinstance(messages, list) or not messages:
        yield "has messages that are no list, or an empty one"
        return
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            yield "has a message without a role"
        elif "content" not in message and "tool_calls" not in message:
            yield "has a message without a content"
    if not any(isinstance(message, dict) and message.get("role") == "assistant" for message in messages):
        yield "has no message of the assistant to learn from"


def _texts(*names: str) -> Callable[[Mapping[str, Any]], Iterator[str]]:
    def check(found: Mapping[str, Any]) -> Iterator[str]:
        for name in names:
            if not isinstance(found[name], str):
                yield f"has a {name} that is no text"

    return check


def _preference(found: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(found["input"], dict):
        yield "has an input that is no object with messages"
    for name in ("preferred_output", "non_preferred_output"):
        if not isinstance(found[name], list) or not found[name]:
            yield f"has a {name} that is no list of messages"


_FORMS: Final[Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, Any]], Iterator[str]]]]] = {
    "a conversation": (frozenset({"messages"}), _messages),
    "an instruction": (frozenset({"prompt", "completion"}), _texts("prompt", "completion")),
    "a preference": (_PREFERENCE, _preference),
    "plain text": (frozenset({"text"}), _texts("text")),
}
