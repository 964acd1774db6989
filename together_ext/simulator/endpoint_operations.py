"""The operations of endpoints and hardware."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .account import Account
from .answers import ApiError, Operation, json_object
from .owner import PROJECT, check_project
from .request_fields import ENDPOINT, check_fields
from .serving import Endpoint, Endpoints, hardware


@dataclass(frozen=True)
class EndpointOperations:
    """The operations of endpoints and hardware."""

    account: Account
    endpoints: Endpoints
    clock: Callable[[], datetime]

    def operations(self) -> list[tuple[str, Operation, str]]:
        """The path, handler and method of each operation."""
        return [
            ("/endpoints", self.list_endpoints, "GET"),
            ("/endpoints", self.create_endpoint, "POST"),
            ("/endpoints/{id}", self.retrieve_endpoint, "GET"),
            ("/endpoints/{id}", self.update_endpoint, "PATCH"),
            ("/endpoints/{id}", self.delete_endpoint, "DELETE"),
            ("/hardware", self.list_hardware, "GET"),
            ("/v2/projects/{project}/endpoints", self.list_project_endpoints, "GET"),
        ]

    async def list_endpoints(self, _request: Request) -> Response:
        """List all endpoints."""
        return JSONResponse({"object": "list", "data": [found.payload() for found in self.endpoints.all()]})

    async def list_project_endpoints(self, request: Request) -> Response:
        """List all endpoints, in the format of newer clients."""
        check_project(request)
        found = [endpoint.project_payload(PROJECT["id"]) for endpoint in self.endpoints.all()]
        return JSONResponse({"object": "list", "data": found, "next_cursor": None})

    async def create_endpoint(self, request: Request) -> Response:
        """Create an endpoint."""
        wanted = await json_object(request)
        check_fields(wanted, ENDPOINT)
        for name in ("model", "hardware", "autoscaling"):
            if not wanted.get(name):
                raise ApiError(400, f"{name} is required", param=name)
        if wanted["model"] not in {*self.account.tuned_models(), *self.account.base_models()}:
            raise ApiError(404, f"Model {wanted['model']} not found", param="model")
        if wanted["hardware"] not in [found["id"] for found in hardware(self.clock(), for_model=False)]:
            raise ApiError(400, f"hardware {wanted['hardware']} is not available", param="hardware")
        return JSONResponse(self.endpoints.create(wanted).payload())

    async def retrieve_endpoint(self, request: Request) -> Response:
        """Return an endpoint."""
        return JSONResponse(self._endpoint(request).payload())

    async def update_endpoint(self, request: Request) -> Response:
        """Change an endpoint."""
        found = self._endpoint(request)
        changes = await json_object(request)
        check_fields(changes, ENDPOINT)
        self.endpoints.update(found, changes)
        return JSONResponse(found.payload())

    async def delete_endpoint(self, request: Request) -> Response:
        """Delete an endpoint."""
        self.endpoints.delete(self._endpoint(request).id)
        return Response(status_code=204)

    async def list_hardware(self, request: Request) -> Response:
        """List the hardware for endpoints."""
        found = hardware(self.clock(), for_model="model" in request.query_params)
        return JSONResponse({"object": "list", "data": found})

    def _endpoint(self, request: Request) -> Endpoint:
        found = self.endpoints.get(request.path_params["id"])
        if found is None:
            raise ApiError(404, f"Endpoint {request.path_params['id']} not found", param="id")
        return found
