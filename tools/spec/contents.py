"""Media types: what a generated client makes of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.spec.documents import Node

JSON = "application/json"
BYTES = "application/octet-stream"
FORM = "multipart/form-data"
STREAM = "text/event-stream"
LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
BINARY: Node = {"type": "string", "format": "binary"}
"""The schema of bytes."""


def media_type(kind: str) -> str:
    """The media type without its parameters, in lower case; every JSON is `application/json`."""
    plain = kind.partition(";")[0].strip().lower()
    return JSON if plain.endswith("+json") else plain


def is_bytes(kind: str, content: Any) -> bool:  # noqa: ANN401 -- whatever the document says
    """Whether a body of this media type is bytes for a client: neither JSON, nor text, nor a form, nor a stream."""
    plain = media_type(kind)
    if is_binary((content or {}).get("schema")):
        return plain != JSON
    return not (
        plain in {JSON, *LINES} or plain.startswith(("text/", "multipart/")) or plain.endswith("form-urlencoded")
    )


def is_binary(schema: Any) -> bool:  # noqa: ANN401 -- a schema may be true or false
    """Whether a schema says that it is bytes, in the way of OpenAPI 3.0 or 3.1."""
    if not isinstance(schema, dict):
        return False
    return schema.get("format") == "binary" or "octet-stream" in str(schema.get("contentMediaType"))


def chosen(contents: Mapping[str, Any], form: str | None) -> str | None:
    """The media type that a client uses of several, as the document writes it; None if there are none.

    Args:
        contents: The contents of a body, by media type.
        form: The media type that `surface.yaml` names for the body, under `forms`.
    """
    kinds = sorted(contents)
    wanted = [kind for kind in kinds if form and media_type(kind) == media_type(form)]
    if form == BYTES:
        wanted += [kind for kind in kinds if is_bytes(kind, contents[kind])]
    for plain in (JSON, FORM):
        wanted += [kind for kind in kinds if media_type(kind) == plain]
    wanted += [kind for kind in kinds if media_type(kind) != STREAM]
    return next(iter([*wanted, *kinds]), None)
