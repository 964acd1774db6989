"""Whether parsed values are what the annotations of their classes say: generated code does not check what it casts."""

from __future__ import annotations

import builtins
import inspect
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

EXTRA = "additional_properties"


def misfits(value: object, names: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Say which fields of an object, and of those in it, hold what their annotations do not allow.

    Args:
        value: An object of a generated class, or anything else in one.
        names: What annotations refer to, by name.
        place: Where the value was found.
    """
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from misfits(item, names, f"{place}[{number}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from misfits(item, names, f"{place}.{name}" if place else name)
    elif attrs.has(type(value)):
        model: Any = type(value)
        module = vars(sys.modules[model.__module__])
        # What a module imports for type checkers alone is not in it.
        hints = typing.get_type_hints(model, {**vars(builtins), **names, **module})
        for field in attrs.fields(model):
            inner, here = getattr(value, field.name), f"{place}.{field.name}" if place else field.name
            if not fits(inner, hints[field.name]):
                yield f"{here} is {_told(inner)}, and annotated as {inspect.get_annotations(model)[field.name]}"
            elif field.name != EXTRA:
                yield from misfits(inner, names, here)


def fits(value: object, hint: Any) -> bool:  # noqa: ANN401, PLR0911 -- whatever an annotation says, a case for each
    """Whether a value is what an annotation says; an integer is a number, too."""
    arguments = typing.get_args(hint)
    match typing.get_origin(hint) or hint:
        case types.UnionType | typing.Union:
            return any(fits(value, one) for one in arguments)
        case builtins.list:
            return isinstance(value, list) and all(fits(item, arguments[0]) for item in value)
        case builtins.dict:
            return isinstance(value, dict) and all(fits(item, arguments[1]) for item in value.values())
        case typing.Literal:
            return value in arguments
        case typing.Any | builtins.object:
            return True
        case None:
            return value is None
        case builtins.int | builtins.float as number:
            return isinstance(value, int | number) and not isinstance(value, bool)
        case other:
            return isinstance(value, other)


def _told(value: object) -> str:
    text = repr(value)
    return f"{type(value).__name__} ({text if len(text) <= 40 else text[:40] + '...'})"  # noqa: PLR2004 -- a line's worth
