"""Faults as JSON objects, with the field names of `Fault`."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any, get_type_hints

from .answers import ApiError
from .faults import Fault

_FIELDS = {field.name: field.default for field in fields(Fault) if field.name != "when"}
_HINTS = get_type_hints(Fault)
_STATUS = range(200, 600)


def fault_from_json(sent: object) -> Fault:
    """The fault that a JSON object describes.

    Raises:
        ApiError: 400; the field is named.
    """
    if not isinstance(sent, dict):
        raise ApiError(400, "a fault has to be a JSON object")
    return Fault(**{name: _checked(name, value) for name, value in sent.items()})


def fault_as_json(fault: Fault) -> dict[str, object]:
    """The fields of a fault that differ from their defaults; `when`, a function, is omitted."""
    found = {name: getattr(fault, name) for name in _FIELDS}
    changed = {name: value for name, value in found.items() if value != getattr(_UNCHANGED, name)}
    if "body" in changed:
        changed["body"] = fault.body.decode(errors="replace")
    return changed


_UNCHANGED = Fault()


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON in, the value of the field out
    if name not in _FIELDS:
        raise ApiError(400, f"unknown field {name!r} of a fault (known: {', '.join(_FIELDS)})", param=name)
    if name == "body":
        value = value.encode() if isinstance(value, str) else value
    if name == "headers":
        valid = isinstance(value, dict) and all(isinstance(text, str | None) for text in value.values())
        value = {key.lower(): text for key, text in value.items()} if valid else value
    elif name == "status":
        valid = isinstance(value, int) and value in _STATUS
    else:
        valid = _is_of_type(value, _HINTS[name])
    if not valid:
        raise ApiError(400, f"{name} has an invalid value: {value!r:.100}", param=name)
    return value


def _is_of_type(value: object, hint: Any) -> bool:  # noqa: ANN401 - a type or a union
    if isinstance(value, bool):
        return bool(hint is bool)
    if isinstance(value, int | float) and hint in {float, float | None}:
        return math.isfinite(value) and value >= 0
    if isinstance(value, int) and hint == int | None:
        return value >= 0
    return isinstance(value, hint)
