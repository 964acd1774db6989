"""Outcomes as JSON takes them."""

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
        """As a document."""


@dataclass(frozen=True)
class Listed:
    """A document that is mostly a list, which may be too long to be held as a whole.

    Attributes:
        name: The list's name.
        items: What is in it; bytes are JSON already.
        rest: What else the document has.
    """

    name: str
    items: Iterable[object]
    rest: Mapping[str, object]

    def pieces(self) -> Iterator[str]:
        """Its JSON, an item to a line."""
        rest = "".join(f"  {_json(key)}: {_json(value)},\n" for key, value in self.rest.items() if key != self.name)
        yield f"{{\n{rest}  {_json(self.name)}: ["
        between = "\n    "
        for item in self.items:
            yield f"{between}{_json(item)}"
            between = ",\n    "
        yield "\n  ]\n}\n"


def _json(value: object) -> str:
    if isinstance(value, bytes):
        # JSON of the server goes as it is, unless it has what JSON should not have, or what could drive a terminal.
        if value.isascii() and b"NaN" not in value and b"Infinity" not in value:
            return value.decode()
        value = json.loads(value)
    try:
        return json.dumps(value, ensure_ascii=True, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(plain(value), ensure_ascii=True, allow_nan=False)


def document_of(model: Model) -> dict[str, Any]:
    """An answer of the server as a document.

    Args:
        model: One of the generated models.

    Raises:
        ApiResponseError: The server has put something into it that nobody can write back.
    """
    try:
        return model.to_dict()
    except (AttributeError, TypeError, ValueError) as error:
        # A list of jobs where an object should be, say: the generated code reads it, and cannot write it.
        raise ApiResponseError("show the answer", "the server's answer is not of the form that the API has") from error


def plain(value: object) -> object:
    """A value made of dictionaries, lists, text, numbers and None alone.

    Dates become text as in ISO 8601, enums their value; a number that JSON has no word for becomes None.
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
