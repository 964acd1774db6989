"""The owner of the key: the organization and its project."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .answers import ApiError

ORGANIZATION = {"id": "org-acme", "name": "Acme"}
PROJECT = {"id": "project-acme", "name": "Research", "slug": "acme-research"}


async def whoami(_request: Request) -> Response:
    """Return the owner of the key; the official command line of version 3 requests it before every command."""
    return JSONResponse(
        {"type": "project_api_key", "api_key": {"id": "key-1"}, "organization": ORGANIZATION, "project": PROJECT}
    )


def check_project(request: Request) -> None:
    """Refuse a project that is not the owner's.

    Raises:
        ApiError: 404.
    """
    if (found := request.path_params["project"]) not in {PROJECT["id"], PROJECT["slug"]}:
        raise ApiError(404, f"Project {found} not found", param="project_id")
