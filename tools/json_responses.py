"""The documents of `--json` that are responses of the server, and their schemas, as `openapi.yaml` describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tools.json_types import Schema
from tools.spec.documents import SCHEMAS, reached

RESPONSES: Final[Mapping[str, str]] = {
    "completion": "ChatCompletion",
    "identity": "WhoAmI",
    "jobs": "FinetuneTruncatedList",
    "job": "FinetuneResponse",
    "changed-job": "FinetuneResponseTruncated",
    "deleted-job": "FinetuneDeleteResponse",
    "events": "FinetuneListEvents",
    "price": "FinetunePriceEstimate",
    "limits": "FinetuneModelLimits",
    "preview": "FinetunePreview",
    "files": "FileList",
    "file": "FileObject",
    "uploaded-file": "FileObject",
    "deleted-file": "FileDeleteResponse",
    "models": "RegistryModelList",
    "model": "RegistryModel",
    "model-files": "RevisionFileList",
    "revisions": "RevisionList",
    "endpoints": "EndpointList",
    "endpoint": "Endpoint",
    "hardware": "HardwareList",
}
"""The documents that are responses of the server, with their types in `openapi.yaml`."""


def response_schema(document: Schema, kind: str) -> Schema:
    """The schema of a type, with those that it refers to.

    Args:
        document: `openapi.yaml`.
        kind: The name of the type.
    """
    types = document["components"]["schemas"]
    root = dict(types[kind])
    if "data" in root["properties"]:
        # A list of a client is never absent.
        root |= {"properties": {**root["properties"], "data": _list_of(root)}, "required": ["data"]}
    if names := sorted(reached(document, root)):
        root["$defs"] = {name: types[name] for name in names}
    moved: Schema = _moved(root)
    return moved


def lost_documents(document: Schema) -> Iterator[str]:
    """Say which of these documents can no longer be made."""
    types = document["components"]["schemas"]
    for name, kind in RESPONSES.items():
        fields = types.get(kind, {}).get("properties")
        if fields is None or ("data" in fields and not _list_of(types[kind])):
            lost = "was removed" if kind not in types else "has no fields" if fields is None else "has no list `data`"
            yield f"the document {name} of --json: its type {kind} {lost}: change RESPONSES in tools/json_responses.py"


def _list_of(root: Schema) -> Schema:
    """The list `data` of a type, empty if it is something else."""
    data = root["properties"]["data"]
    return next((one for one in data.get("anyOf", [data]) if one.get("type") == "array"), {})


def _moved(node: Any) -> Any:  # noqa: ANN401 -- whatever is in a schema
    """A copy with references to `$defs`."""
    match node:
        case dict():
            return {key: _moved(value) for key, value in node.items()}
        case list():
            return [_moved(value) for value in node]
        case str() if node.startswith(SCHEMAS):
            return node.replace(SCHEMAS, "#/$defs/", 1)
    return node
