"""Functions that take the fields of a TypedDict as keywords: what `help()` shows of them, and unknown keywords."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

_REQUIRED: Final = "Required["

F = TypeVar("F", bound=Callable[..., Any])


def shows(options: Any, defaults: Mapping[str, object] | None = None) -> Callable[[F], F]:  # noqa: ANN401 -- a TypedDict
    """Decorate a function that takes `**options: Unpack[...]`: its signature gets one keyword for each field.

    Type checkers and editors read the TypedDict; `help()` and `inspect.signature` need this signature.

    Args:
        options: The TypedDict.
        defaults: The default of each keyword, where it is not None.
    """

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        own = [found for found in signature.parameters.values() if found.kind is not inspect.Parameter.VAR_KEYWORD]
        keywords = [
            _keyword(name, getattr(hint, "__forward_arg__", hint), (defaults or {}).get(name))
            for name, hint in options.__annotations__.items()
        ]
        keywords.sort(key=lambda keyword: keyword.default is not inspect.Parameter.empty)  # the required ones first
        function.__signature__ = signature.replace(parameters=[*own, *keywords])  # type: ignore[attr-defined]
        return function

    return decorate


def _keyword(name: str, hint: str, default: object) -> inspect.Parameter:
    required = hint.startswith(_REQUIRED)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else default,
        annotation=hint.removeprefix(_REQUIRED).removesuffix("]") if required else hint,
    )


def check(function: str, given: Mapping[str, object], options: Any) -> None:  # noqa: ANN401 -- a TypedDict
    """Refuse unknown keywords.

    Raises:
        TypeError: As Python raises it for a keyword that does not exist.
    """
    if unknown := given.keys() - options.__annotations__.keys():
        raise TypeError(f"{function}() got an unexpected keyword argument {min(unknown)!r}")
