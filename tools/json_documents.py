"""Check what commands print with `--json` against the published schemas."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from jsonschema_rs import Draft202012Validator

from together_ext.cli import spellings
from together_ext.cli.group import NORMALIZED
from tools.json_schemas import COMMANDS, FOLDER, INDEX

Check = Callable[[Sequence[str], str], None]
"""Checks what a command has printed: its arguments, and its standard output."""

_SPELLINGS: Final = {
    "ft": spellings.FINE_TUNING,
    "fine-tuning": spellings.FINE_TUNING,
    "files": spellings.FILES,
    "models": spellings.MODELS,
    "endpoints": spellings.ENDPOINTS,
}


def command_of(arguments: Sequence[str]) -> str:
    """The full name of the command that the arguments name; empty if they name none."""
    words = [NORMALIZED["token_normalize_func"](word) for word in arguments if not word.startswith("-")]
    known = [*_SPELLINGS, *(name for name in COMMANDS if " " not in name)]
    at = next((at for at, word in enumerate(words) if word in known), len(words))
    if words[at:] and words[at] in _SPELLINGS:
        group = "fine-tuning" if words[at] == "ft" else words[at]
        names = [name.partition(" ")[2] for name in COMMANDS if name.startswith(f"{group} ")]
        return f"{group} {_SPELLINGS[group].resolved(words[at + 1 :] or [''], names)[0]}"
    return "".join(words[at : at + 1])


@cache
def _validator(file: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return Draft202012Validator(schema)


@cache
def _index() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / INDEX).read_text(encoding="utf-8"))
    return found


def schema_for(command: str, document: Any) -> str:  # noqa: ANN401 -- any JSON
    """The file with the schema of a document.

    Raises:
        KeyError: No schema is published for the command.
    """
    if isinstance(document, dict) and "error" in document:
        return str(_index()["error"])
    files = _index()["commands"][command]
    if not isinstance(document, dict) or "data" not in document:
        return str(files[0])
    # Several downloads are a list, and so is their plan.
    return str(files[-1] if "free" in document or len(files) < 2 else files[1])  # noqa: PLR2004 -- there is a second one


def check_document(arguments: Sequence[str], printed: str) -> None:
    """Check the document that a command has printed; without `--json`, or without output, nothing is checked.

    Args:
        arguments: The arguments of the program.
        printed: Its standard output.

    Raises:
        AssertionError: The document does not have its schema.
    """
    if "--json" not in arguments or not printed or {"--help", "-h", "--version"} & set(arguments):
        return
    document = json.loads(printed)
    file = schema_for(command_of(arguments), document)
    found = [
        f"/{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
        for error in _validator(file).iter_errors(document)
    ]
    assert not found, f"{' '.join(arguments)}: the document does not have the schema {file}: {found[:5]}"  # noqa: S101
