"""Media types: what a generated client makes of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.spec.documents import Node
from tools.spec.shape import shape

JSON = "application/json"
BYTES = "application/octet-stream"
FORM = "multipart/form-data"
STREAM = "text/event-stream"
LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
ANYTHING = frozenset({"*/*", "application/*"})
PLAINLY = "as it is"
REPEATED = "in the style form, each value by itself"
"""How lists are sent in a query, unless another way is described: `?a=1&a=2`."""
BINARY: Node = {"type": "string", "format": "binary"}
"""The schema of bytes."""


def media_type(kind: str, content: Any = None) -> str:  # noqa: ANN401 -- whatever the document says
    """The media type without its parameters, in lower case; every JSON is `application/json`.

    So is any media type (`*/*`) of what is neither bytes nor text: an object, or whatever else has a schema.
    """
    plain = kind.partition(";")[0].strip().lower()
    schema = (content or {}).get("schema")
    is_data = isinstance(schema, dict) and bool(schema) and schema.get("type") != "string"
    return JSON if plain.endswith("+json") or (plain in ANYTHING and is_data) else plain


def is_bytes(kind: str, content: Any) -> bool:  # noqa: ANN401 -- whatever the document says
    """Whether a body of this media type is bytes for a client: neither JSON, nor text, nor a form, nor a stream."""
    plain = media_type(kind, content)
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


def of_form(contents: Mapping[str, Any], form: str | None) -> list[str]:
    """The media types of a body that are the one `surface.yaml` names for it; any bytes are, if that is of bytes."""
    kinds = [kind for kind in sorted(contents) if form and media_type(kind, contents[kind]) == media_type(form)]
    return kinds + [kind for kind in sorted(contents) if form == BYTES and is_bytes(kind, contents[kind])]


def chosen(contents: Mapping[str, Any], form: str | None) -> str | None:
    """The media type that a client uses of several, as the document writes it; None if there are none.

    Args:
        contents: The contents of a body, by media type.
        form: The media type that `surface.yaml` names for the body, under `forms`.
    """
    kinds, wanted = sorted(contents), of_form(contents, form)
    for plain in (JSON, FORM):
        wanted += [kind for kind in kinds if media_type(kind, contents[kind]) == plain]
    wanted += [kind for kind in kinds if media_type(kind) != STREAM]
    return next(iter([*wanted, *kinds]), None)


def schema_of(parameter: Node) -> Any:  # noqa: ANN401 -- a schema may be true or false
    """The schema of a parameter, which may be that of its only media type."""
    contents = parameter.get("content") or {}
    holder = next(iter(contents.values()), None) or parameter
    return holder.get("schema", True)


def sent_as(document: Node, parameter: Node) -> str:
    """How the value of a parameter is sent: of a number or a text there is one way."""
    if contents := parameter.get("content"):
        return f"as {media_type(next(iter(contents)))}"
    if not shape(document, parameter.get("schema", True)).types & {"array", "object"}:
        return PLAINLY
    style = parameter.get("style", "form" if parameter["in"] in {"query", "cookie"} else "simple")
    explode = parameter.get("explode", style == "form")
    return f"in the style {style}{', each value by itself' if explode else ''}"
