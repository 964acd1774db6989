"""What the operations of the API share: refusals, and bodies in JSON."""

from __future__ import annotations

import json
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class ApiError(HTTPException):
    """An answer other than the one hoped for."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(status, message)
        self.param, self.code = param, code


async def json_object(request: Request, missing: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON object in the body; `missing` if there is none."""
    body = await request.body()
    if not body and missing is not None:
        return missing
    try:
        found = json.loads(body)
        json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair could be read, and not answered
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ApiError(400, "The body has to be a JSON object")
    return found


async def refusal(_request: Request, error: Exception) -> Response:
    """The body that the real API gives an error."""
    known = error if isinstance(error, HTTPException) else HTTPException(500)
    details = {
        "message": known.detail,
        "type": "invalid_request_error",
        "param": getattr(known, "param", None),
        "code": getattr(known, "code", None),
    }
    return JSONResponse({"error": details}, status_code=known.status_code, headers=known.headers)
