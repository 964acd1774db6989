"""Write the JSON Schemas of what the commands print with `--json`: what `make generate` runs after the client.

A response of the server has the schema of `openapi.yaml`; what the package makes itself, that of its types.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from together_ext.archive import Extracted, retention
from together_ext.archive.inspect import Inspection
from together_ext.archive.next_steps import NextStep
from together_ext.archive.receipt import Verification
from together_ext.archive.terms import UnpackedFile
from together_ext.bulk import PlannedDownload
from together_ext.checkpoints import Checkpoint
from together_ext.cli.doctor import findings as doctor
from together_ext.fine_tuning.download_result import DownloadResult
from together_ext.fine_tuning.metrics import BestCheckpoint
from together_ext.registry.download import ModelDownload
from tools.generate import ROOT, SPEC
from tools.json_responses import RESPONSES, response_schema
from tools.json_types import Schema, schema_of
from tools.spec.documents import read_openapi

FOLDER: Final = ROOT / "together_ext" / "cli" / "schemas"
INDEX: Final = "index.json"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "chat": ("completion",),
    "whoami": ("identity",),
    "simulator": ("simulator",),
    "extract": ("extraction",),
    "verify": ("verification",),
    "inspect": ("inspection",),
    "doctor": ("diagnosis",),
    "ls": ("extractions",),
    "prune": ("choices",),
    "fine-tuning list": ("jobs",),
    "fine-tuning retrieve": ("job",),
    "fine-tuning status": ("status",),
    "fine-tuning wait": ("job",),
    "fine-tuning list-checkpoints": ("checkpoints",),
    "fine-tuning metrics": ("metrics",),
    "fine-tuning list-events": ("events",),
    "fine-tuning download": ("download", "downloads", "download-plan"),
    "fine-tuning create": ("changed-job",),
    "fine-tuning price": ("price",),
    "fine-tuning preview": ("preview",),
    "fine-tuning download-tokenized-dataset": ("downloaded-file",),
    "fine-tuning limits": ("limits",),
    "fine-tuning models": ("base-models",),
    "fine-tuning cancel": ("changed-job",),
    "fine-tuning delete": ("deleted-job",),
    "files upload": ("uploaded-file",),
    "files list": ("files",),
    "files retrieve": ("file",),
    "files download": ("downloaded-file",),
    "files check": ("checked-file",),
    "files delete": ("deleted-file",),
    "models list": ("models",),
    "models retrieve": ("model",),
    "models files": ("model-files",),
    "models download": ("downloaded-model",),
    "models revisions": ("revisions",),
    "endpoints create": ("endpoint",),
    "endpoints list": ("endpoints",),
    "endpoints retrieve": ("endpoint",),
    "endpoints start": ("endpoint",),
    "endpoints stop": ("endpoint",),
    "endpoints delete": ("deleted-endpoint",),
    "endpoints hardware": ("hardware",),
}
"""The documents of each command, by name; a second one is that of several downloads, a third one their plan."""

WITHOUT: Final = frozenset({"files content"})
"""The commands that refuse `--json`."""

ERROR: Final = "error"
"""The document of a command that fails."""

BESIDE: Final[Mapping[str, Mapping[str, Schema]]] = {
    "uploaded-file": {
        "already_existed": {
            "type": "boolean",
            "description": "Whether the account had a file with the same content and purpose: nothing was sent then.",
        }
    },
}
"""What the package adds to a response."""

_TEXT: Final[Schema] = {"type": "string"}
_SIZE: Final[Schema] = {"type": "integer", "minimum": 0}


def _object(description: str, **members: Schema) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": members,
        "required": list(members),
    }


def _list(description: str, items: Schema, **others: Schema) -> Schema:
    return _object(description, data={"type": "array", "items": items}, **others)


def _own(kind: Any) -> Schema:  # noqa: ANN401 -- any type
    return schema_of(kind, {one.__name__: one for one in (BestCheckpoint, UnpackedFile)})


def _with_steps(kind: type, *, always: bool) -> Schema:
    schema = _own(kind)
    steps = {"type": "array", "description": "How to load the weights.", "items": _own(NextStep)}
    schema["properties"]["next_steps"] = steps
    if always:
        schema["required"].append("next_steps")
    return schema


_FAILURE: Final = _object(
    "Why the command failed.",
    code={**_TEXT, "description": "Stable code, for programs."},
    message={**_TEXT, "description": "One sentence, for people; it changes between versions."},
)


def _downloads() -> Schema:
    entry = _object(
        "The outcome of one download.",
        name={**_TEXT, "description": "What was requested, such as `ft-...:500`."},
        seconds={"type": "number", "minimum": 0},
    )
    host = {**_TEXT, "description": "The host that it was for, with `--once-per-host`."}
    files = {"anyOf": [{"type": "array", "items": _own(UnpackedFile)}, {"type": "null"}]}
    entry["properties"] |= {"result": _own(DownloadResult), "error": _FAILURE, "files": files, "host": host}
    entry["oneOf"] = [{"required": ["result"]}, {"required": ["error"]}]
    return _list("The outcomes of several downloads, in the order in which they ended.", entry)


def _plan() -> Schema:
    schema = _own(PlannedDownload)
    schema["properties"] |= {"error": _FAILURE}
    schema["required"].remove("error")
    needed = {**_SIZE, "description": "Number of bytes that the disk must have free for all of them, at least."}
    free = {**_SIZE, "type": ["integer", "null"], "description": "Number of free bytes of the disk; null for a bucket."}
    remaining = {**_SIZE, "description": "Number of bytes that would be downloaded, as far as the sizes are known."}
    return _list("What several downloads would do.", schema, remaining=remaining, needed=needed, free=free)


def _metrics() -> Schema:
    values = {"type": "object", "description": "Names and numbers, as the server sends them."}
    best = {"anyOf": [_own(BestCheckpoint), {"type": "null"}], "description": "Null if it cannot be determined."}
    return _list("The metrics of a job, by training step.", values, best=best)


OWN: Final[Mapping[str, Callable[[], Schema]]] = {
    "simulator": lambda: _object(
        "A running simulator.",
        base_url=_TEXT,
        api_key=_TEXT,
        admin_url=_TEXT,
        admin_token=_TEXT,
        jobs={"type": "object", "additionalProperties": _TEXT, "description": "Descriptions of jobs, by ID."},
    ),
    "extraction": lambda: _with_steps(Extracted, always=True),
    "verification": lambda: _own(Verification),
    "inspection": lambda: _with_steps(Inspection, always=True),
    "status": lambda: _object("The status of a job.", id=_TEXT, status={"type": ["string", "null"]}),
    "checkpoints": lambda: _list("The checkpoints of a job, newest first.", _own(Checkpoint)),
    "metrics": _metrics,
    "download": lambda: _with_steps(DownloadResult, always=False),
    "downloads": _downloads,
    "download-plan": _plan,
    "base-models": lambda: _list("The names of the base models that can be fine-tuned.", _TEXT),
    "downloaded-file": lambda: _object("A downloaded file.", id=_TEXT, path=_TEXT, size=_SIZE),
    "checked-file": lambda: _object(
        "A valid file.",
        path=_TEXT,
        valid={"const": True},
        lines={"type": ["integer", "null"], "description": "Number of lines; null if it is not JSON Lines."},
    ),
    "diagnosis": lambda: _list("The findings of all checks, in order.", _own(doctor.Finding)),
    "extractions": lambda: _list("The extracted folders below a folder, by path.", _own(retention.Extraction)),
    "choices": lambda: _list(
        "Which extracted folders are kept.",
        _own(retention.Choice),
        removed={"type": "boolean", "description": "Whether the others were removed; false in a dry run."},
        failed={
            "type": "array",
            "description": "Those of the others that could not be removed, and why.",
            "items": _object("A folder that was not removed.", folder=_TEXT, code=_TEXT, message=_TEXT),
        },
    ),
    "downloaded-model": lambda: _own(ModelDownload),
    "deleted-endpoint": lambda: _object("A deleted endpoint.", id=_TEXT, deleted={"const": True}),
    ERROR: lambda: _object(
        "An error. `verify`, `prune`, `doctor` and `chat` add the members of their document.", error=_FAILURE
    ),
}
"""The documents that the package makes itself."""


def schemas(document: Schema) -> dict[str, Schema]:
    """All schemas, by the name of the file, and the index.

    Args:
        document: `openapi.yaml`.
    """
    found = {name: _published(name, make()) for name, make in OWN.items()}
    found |= {name: _published(name, response_schema(document, kind)) for name, kind in RESPONSES.items()}
    for name, members in BESIDE.items():
        found[name]["properties"] |= members
        found[name]["required"] = [*found[name].get("required", []), *members]
    index = {
        "commands": {name: [f"{one}.json" for one in documents] for name, documents in COMMANDS.items()},
        "error": f"{ERROR}.json",
    }
    return {INDEX: index} | {f"{name}.json": schema for name, schema in sorted(found.items())}


def _published(name: str, schema: Schema) -> Schema:
    return {"$schema": DIALECT, "$id": f"urn:together-ext:json:{name}", "title": name} | schema


def texts() -> dict[str, str]:
    """The content of each file."""
    return {name: json.dumps(schema, indent=1) + "\n" for name, schema in schemas(read_openapi(SPEC)).items()}


def stale(folder: Path = FOLDER) -> list[str]:
    """The names of the files that differ from what this writes."""
    wanted = texts()
    present = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))


def main(arguments: Sequence[str] = ()) -> int:
    """Write the files; with `--check`, compare them instead, and return 1 if any is out of date."""
    if "--check" in arguments:
        for name in (old := stale()):
            print(f"{(FOLDER / name).relative_to(ROOT)} is out of date: run `make generate`.", file=sys.stderr)
        return 1 if old else 0
    FOLDER.mkdir(exist_ok=True)
    wanted = texts()
    for path in FOLDER.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
