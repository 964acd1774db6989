"""JSON Schemas of the package's own types, as the command line prints them."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal, Union

Schema = dict[str, Any]

_PLAIN: Final[Mapping[object, Schema]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},  # what is not finite is printed as null
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    BaseException: {"type": "object"},  # its code and message
}
_NONE = re.compile(r"\bNone\b")
_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


def schema_of(kind: Any, names: Mapping[str, type] = types.MappingProxyType({})) -> Schema:  # noqa: ANN401 -- any type
    """The JSON Schema of a type.

    Args:
        kind: A dataclass, an enum, a built-in type, or a type made of them.
        names: Types that modules import only for type checkers, by name.

    Raises:
        TypeError: JSON has no such type.
    """
    found = dict(_PLAIN[kind]) if kind in _PLAIN else _class(kind, names) or _generic(kind, names)
    if found is None:
        raise TypeError(f"{kind} has no JSON Schema: add it to tools/json_types.py")
    return found


def _class(kind: Any, names: Mapping[str, type]) -> Schema | None:  # noqa: ANN401 -- any type
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    return _object(kind, names) if isinstance(kind, type) and is_dataclass(kind) else None


def _generic(kind: Any, names: Mapping[str, type]) -> Schema | None:  # noqa: ANN401 -- any type
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in {Union, types.UnionType}:
        kinds = [schema_of(one, names) for one in inner]
        if all(one.keys() == {"type"} and isinstance(one["type"], str) for one in kinds):
            return {"type": [one["type"] for one in kinds]}
        return {"anyOf": kinds}
    if origin in {tuple, list}:
        return {"type": "array", "items": schema_of(inner[0], names)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(inner[1], names)}
    return None


def _object(kind: type, names: Mapping[str, type]) -> Schema:
    text = inspect.cleandoc(kind.__doc__ or "")
    described = {name: _NONE.sub("null", " ".join(words.split())) for name, words in _ATTRIBUTE.findall(text)}
    hints = typing.get_type_hints(kind, localns=dict(names))
    members = [field.name for field in fields(kind)]
    return {
        "type": "object",
        "description": text.partition("\n")[0],
        "properties": {
            name: schema_of(hints[name], names) | ({"description": described[name]} if name in described else {})
            for name in members
        },
        "required": members,
    }
