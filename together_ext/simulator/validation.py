"""The validation of training files, as the service reports it. Pure."""

from __future__ import annotations

import json

_FORMATS: dict[str, frozenset[str]] = {
    "CONVERSATION": frozenset({"messages"}),
    "INSTRUCTION": frozenset({"prompt", "completion"}),
    "PREFERENCE_OPENAI": frozenset({"input", "preferred_output", "non_preferred_output"}),
    "GENERAL": frozenset({"text"}),
}
"""The formats of a training file by the fields of its lines; the first one that fits counts."""


def validate(content: bytes, kind: str, purpose: str) -> dict[str, object] | None:
    """Validate a file.

    Args:
        content: The content of the file.
        kind: The type of the file, such as `jsonl`.
        purpose: What the file is for.

    Returns:
        The report; None for files that the service does not validate.
    """
    if purpose != "fine-tune" or kind != "jsonl":
        return None
    lines = content.splitlines()
    formats: set[str] = set()
    for number, line in enumerate(lines, start=1):
        try:
            formats.add(_format(line))
        except ValueError as error:
            return _invalid(f"line {number} {error}")
    if len(formats) != 1:
        return _invalid("the file is empty" if not formats else f"the lines have different formats: {sorted(formats)}")
    return {"valid": True, "dataset_format": formats.pop(), "nlines": len(lines)}


def _format(line: bytes) -> str:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("is not valid JSON") from None
    if not isinstance(found, dict):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - the content is wrong, not a type of ours
    for name, fields in _FORMATS.items():
        if fields <= found.keys():
            _check_messages(found.get("messages", []))
            return name
    raise ValueError("has none of the known formats")


def _check_messages(messages: object) -> None:
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValueError("has messages that are not JSON objects")


def _invalid(error: str) -> dict[str, object]:
    return {"valid": False, "error": error, "error_type": "INVALID_FORMAT"}
