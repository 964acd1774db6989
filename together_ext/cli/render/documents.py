"""Outcomes as JSON documents."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from together_ext.errors import ApiResponseError


class Model(Protocol):
    """A generated model."""

    def to_dict(self) -> dict[str, Any]:
        """The model as a document."""


@dataclass(frozen=True)
class Listed:
    """A document with a list that may be too long to hold in memory.

    Attributes:
        name: The name of the list.
        items: The items; bytes are JSON.
        rest: The other members of the document.
    """

    name: str
    items: Iterable[object]
    rest: Mapping[str, object]

    def pieces(self) -> Iterator[str]:
        """The JSON text, one item per line."""
        rest = "".join(f"  {_json(key)}: {_json(value)},\n" for key, value in self.rest.items() if key != self.name)
        yield f"{{\n{rest}  {_json(self.name)}: ["
        between = "\n    "
        for item in self.items:
            yield f"{between}{_json(item)}"
            between = ",\n    "
        yield "\n  ]\n}\n"


def _json(value: object) -> str:
    if isinstance(value, bytes):
        # JSON of the server is passed on unless it may contain invalid JSON or control characters.
        if value.isascii() and b"NaN" not in value and b"Infinity" not in value:
            return value.decode()
        value = json.loads(value)
    try:
        return json.dumps(value, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(plain(value), ensure_ascii=True, allow_nan=False)


def document_of(model: Model) -> dict[str, Any]:
    """A response as a document.

    Args:
        model: One of the generated models.

    Raises:
        ApiResponseError: The response has an unexpected form.
    """
    try:
        return model.to_dict()
    except (AttributeError, TypeError, ValueError) as error:
        # Such as a list in place of an object, which the generated code reads and cannot write.
        raise ApiResponseError(
            "show the response", "the response does not have the form that the API defines"
        ) from error


def plain(value: object) -> object:
    """A value made only of dictionaries, lists, strings, numbers and None.

    Dates become ISO 8601 strings, enums their value, and non-finite numbers None.
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.isoformat()
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value
