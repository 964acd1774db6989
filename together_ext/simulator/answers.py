"""Error responses and JSON bodies, shared by all operations."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Operation = Callable[[Request], Awaitable[Response]]
"""The handler of an operation of the API."""


class ApiError(HTTPException):
    """An error response of the API, with ``extra`` fields beside the error."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(status, message)
        self.param, self.code, self.extra = param, code, extra or {}


async def json_object(request: Request, missing: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON object in the body; `missing` if that is given and the body is empty; otherwise raises `ApiError`."""
    if missing is not None and not await request.body():
        return missing
    found = await json_value(request)
    if not isinstance(found, dict):
        raise ApiError(400, "The body has to be a JSON object, with integers of at most 64 bits and finite numbers")
    return found


async def json_value(request: Request) -> object:
    """The JSON value in the body; None if it is not JSON, or cannot be part of a response."""
    try:
        found: object = json.loads(await request.body(), parse_int=_bounded)
        # Infinite numbers and half of a surrogate pair can be parsed, but not sent.
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return found


def whole(text: str | None) -> int | None:
    """The number that a parameter of a query has; None if it is absent, negative or not a whole number."""
    return int(text) if text is not None and re.fullmatch("[0-9]{1,18}", text) else None


def _bounded(text: str) -> int:
    """An integer in JSON; raises `ValueError` for more than 64 bits, which `float` does not accept without a limit."""
    if not -(1 << 63) <= (found := int(text)) < 1 << 63:
        raise ValueError("more than 64 bits")
    return found


async def refusal(_request: Request, error: Exception) -> Response:
    """An error in the format of the service."""
    known = error if isinstance(error, HTTPException) else HTTPException(500)
    details = {
        "message": known.detail,
        "type": "invalid_request_error",
        "param": getattr(known, "param", None),
        "code": getattr(known, "code", None),
    }
    extra = getattr(known, "extra", {})
    return JSONResponse({"error": details, **extra}, status_code=known.status_code, headers=known.headers)
