"""Training data in JSON lines: which forms a line may have. No I/O."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from together_ext.errors import TrainingFileError
from together_ext.text import printable

MOST_PROBLEMS: Final = 1000
"""Maximum number of problems in one error; the check ends with the line that reaches it."""

LONGEST: Final = 1 << 28
"""Maximum number of bytes in a line. Images are long, but a file that is a single line would be read into memory."""

_PREFERENCE: Final = frozenset({"input", "preferred_output", "non_preferred_output"})


def check_lines(name: str, lines: Iterable[bytes]) -> int:
    """Check that every line is an example, and that all examples have the same form.

    The forms are those that the service accepts: conversations (`messages`), instructions (`prompt` and `completion`),
    plain `text`, and preferences (`input`, `preferred_output`, `non_preferred_output`). The encoding is UTF-8 without a
    byte order mark. Blank lines are allowed at the end only.

    Args:
        name: The file, for errors.
        lines: Its lines; the last one may have no end, and one that is longer than `LONGEST` may be cut after that.

    Returns:
        The number of examples.

    Raises:
        TrainingFileError: All problems of all lines, up to `MOST_PROBLEMS`.
    """
    problems: list[str] = []
    count = 0
    forms: dict[str, int] = {}
    for number, line in _numbered(lines):
        if number == 1 and (encoding := _other_encoding(line)):
            problems.append(f"it is encoded as {encoding}, and only UTF-8 without a byte order mark is accepted")
            break
        form, found = _example(line)
        count += 1
        if form:
            forms.setdefault(form, number)
        problems += (f"line {number} {problem}" for problem in found)
        if len(problems) >= MOST_PROBLEMS or len(line) > LONGEST:
            break
    problems = [*problems[:MOST_PROBLEMS], *_of_all(forms)]
    if problems:
        raise TrainingFileError(name, problems, "" if len(forms) == 1 else FORMS)
    if not count:
        raise TrainingFileError(name, ["it is empty"])
    return count


def _of_all(forms: Mapping[str, int]) -> list[str]:
    """The problem of the lines as a whole: that they have several forms."""
    if len(forms) < 2:  # noqa: PLR2004 -- two forms
        return []
    (first, line), *others = forms.items()
    found = [f"line {line} is {first}", *(f"line {number} {form}" for form, number in others)]
    return [f"{', '.join(found[:-1])} and {found[-1]}: expected the same form in all lines"]


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines with their numbers; blank lines only where others follow, and of several in a row the first."""
    blank = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            blank = blank or number
            continue
        if blank:
            yield blank, b""
            blank = 0
        yield number, line


def _other_encoding(line: bytes) -> str:
    """The encoding that the beginning of a file shows; empty if that may be UTF-8."""
    if line.startswith(codecs.BOM_UTF8):
        return "UTF-8 with a byte order mark"
    found = json.detect_encoding(line[:4])
    return "" if found == "utf-8" else found[:6].upper()


def _example(line: bytes) -> tuple[str, list[str]]:
    """The form of an example, and its problems; either may be empty."""
    if len(line) > LONGEST:
        return "", [f"is longer than {LONGEST >> 20} MiB: expected one example in each line"]
    if not line:
        return "", ["is empty"]
    try:
        # Not the bytes: those may be UTF-16 or UTF-32 for `json`.
        found = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        return "", ["is not UTF-8" if isinstance(error, UnicodeDecodeError) else "is not JSON"]
    if not isinstance(found, dict):
        return "", ["is not a JSON object"]
    for form, (keys, check) in _FORMS.items():
        if keys <= found.keys():
            return form, list(dict.fromkeys(check(found)))
    return "", [f"has none of the supported forms; its keys are {_shown(found)}"]


def _shown(found: Mapping[str, Any]) -> str:
    return printable(", ".join(found), 80) or "none"


def _messages(found: Mapping[str, Any]) -> Iterator[str]:
    messages = found["messages"]
    if not isinstance(messages, list) or not messages:
        yield "has messages that are not a list, or an empty list"
        return
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            yield "has a message without a role"
        elif "content" not in message and "tool_calls" not in message:
            yield "has a message without a content"
    if not any(isinstance(message, dict) and message.get("role") == "assistant" for message in messages):
        yield "has no assistant message to train on"


def _texts(*names: str) -> Callable[[Mapping[str, Any]], Iterator[str]]:
    def check(found: Mapping[str, Any]) -> Iterator[str]:
        for name in names:
            if not isinstance(found[name], str):
                yield f"has a {name} that is not text"

    return check


def _preference(found: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(found["input"], dict):
        yield "has an input that is not an object with messages"
    for name in ("preferred_output", "non_preferred_output"):
        if not isinstance(found[name], list) or not found[name]:
            yield f"has a {name} that is not a list of messages"


_FORMS: Final[Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, Any]], Iterator[str]]]]] = {
    "a conversation": (frozenset({"messages"}), _messages),
    "an instruction": (frozenset({"prompt", "completion"}), _texts("prompt", "completion")),
    "a preference": (_PREFERENCE, _preference),
    "plain text": (frozenset({"text"}), _texts("text")),
}

FORMS: Final = (
    "messages (a conversation); prompt and completion (an instruction); "
    "input, preferred_output and non_preferred_output (a preference); text (plain text)"
)
"""The keys of a line of each form."""
