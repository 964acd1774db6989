"""The table of the JSON Schemas of what commands print with `--json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[2] / "together_ext" / "cli" / "schemas"
LINK: Final = "../together_ext/cli/schemas"
"""The folder, from a page in `docs/`."""


def schemas() -> str:
    """The table: each command, its schema, and what the document is."""
    index = _read("index.json")
    files = {f"`{name}`": documents for name, documents in index["commands"].items()}
    rows = [
        f"| {name} | [{file}]({LINK}/{file}) | {_read(file)['description']} |"
        for name, documents in (files | {"any that fails": [index["error"]]}).items()
        for file in documents
    ]
    return "\n".join(["| command | schema | document |", "| --- | --- | --- |", *rows]) + "\n"


def _read(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / file).read_text(encoding="utf-8"))
    return found
