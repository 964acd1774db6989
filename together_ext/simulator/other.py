"""The operations beside fine-tuning: files, chat completions, endpoints, hardware, and whose key it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from together_ext.simulator.account import Account
from together_ext.simulator.answers import ApiError, json_object
from together_ext.simulator.files import Files, StoredFile
from together_ext.simulator.serving import Endpoint, Endpoints, completion, hardware

Operation = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Other:
    """The operations."""

    account: Account
    files: Files
    endpoints: Endpoints
    clock: Callable[[], datetime]

    def operations(self) -> list[tuple[str, Operation, str]]:
        """Paths, what answers them, and methods."""
        return [
            ("/files", self.list_files, "GET"),
            ("/files/upload", self.upload, "POST"),
            ("/files/{id}", self.retrieve_file, "GET"),
            ("/files/{id}", self.delete_file, "DELETE"),
            ("/files/{id}/content", self.content, "GET"),
            ("/chat/completions", self.chat, "POST"),
            ("/endpoints", self.list_endpoints, "GET"),
            ("/endpoints", self.create_endpoint, "POST"),
            ("/endpoints/{id}", self.retrieve_endpoint, "GET"),
            ("/endpoints/{id}", self.update_endpoint, "PATCH"),
            ("/endpoints/{id}", self.delete_endpoint, "DELETE"),
            ("/hardware", self.list_hardware, "GET"),
            ("/v3/whoami", self.whoami, "GET"),
        ]

    async def whoami(self, _request: Request) -> Response:
        """Whose key it is; the official command line of version 3 asks before everything else."""
        organization = {"id": "org-acme", "name": "Acme"}
        project = {"id": "project-acme", "name": "Research", "slug": "acme-research"}
        return JSONResponse(
            {"type": "project_api_key", "api_key": {"id": "key-1"}, "organization": organization, "project": project}
        )

    async def list_files(self, _request: Request) -> Response:
        """Every file."""
        return JSONResponse({"object": "list", "data": [file.payload() for file in self.files.all()]})

    async def upload(self, request: Request) -> Response:
        """Take a file in."""
        async with request.form() as form:
            sent = form.get("file")
            if sent is None or isinstance(sent, str):
                raise ApiError(400, "file is required", param="file")
            name = form.get("file_name") or sent.filename
            if not isinstance(name, str) or not isinstance(purpose := form.get("purpose"), str):
                raise ApiError(400, "file_name and purpose are required")
            kind = form.get("file_type")
            content = await sent.read()
        stored = self.files.add(name, purpose, kind if isinstance(kind, str) else "jsonl", content)
        return JSONResponse(stored.payload())

    async def retrieve_file(self, request: Request) -> Response:
        """One file."""
        return JSONResponse(self._file(request).payload())

    async def delete_file(self, request: Request) -> Response:
        """Forget a file."""
        found = self._file(request)
        self.files.delete(found.id)
        return JSONResponse({"id": found.id, "deleted": True})

    async def content(self, request: Request) -> Response:
        """A file's bytes."""
        return Response(self._file(request).content, media_type="application/octet-stream")

    async def chat(self, request: Request) -> Response:
        """An answer of a model that is known: a job's, an endpoint's, or a base model."""
        wanted = await json_object(request)
        model, messages = str(wanted.get("model")), wanted.get("messages")
        if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
            raise ApiError(400, "messages is required", param="messages")
        tuned = {job.model_output_name for job in self.account.all() if job.status == "completed"}
        served = {endpoint.name for endpoint in self.endpoints.all() if endpoint.state == "STARTED"}
        if model not in tuned | served | self.account.limits.keys():
            raise ApiError(404, f"Unable to access model {model}", param="model", code="model_not_available")
        return JSONResponse(completion(model, messages, self.clock()))

    async def list_endpoints(self, _request: Request) -> Response:
        """Every endpoint."""
        return JSONResponse({"object": "list", "data": [found.payload() for found in self.endpoints.all()]})

    async def create_endpoint(self, request: Request) -> Response:
        """A new endpoint."""
        wanted = await json_object(request)
        for name in ("model", "hardware", "autoscaling"):
            if not wanted.get(name):
                raise ApiError(400, f"{name} is required", param=name)
        if wanted["hardware"] not in [found["id"] for found in hardware(self.clock(), for_model=False)]:
            raise ApiError(400, f"hardware {wanted['hardware']} is not available", param="hardware")
        return JSONResponse(self.endpoints.create(wanted).payload())

    async def retrieve_endpoint(self, request: Request) -> Response:
        """One endpoint."""
        return JSONResponse(self._endpoint(request).payload())

    async def update_endpoint(self, request: Request) -> Response:
        """Change an endpoint."""
        found = self._endpoint(request)
        self.endpoints.update(found, await json_object(request))
        return JSONResponse(found.payload())

    async def delete_endpoint(self, request: Request) -> Response:
        """Forget an endpoint."""
        self.endpoints.delete(self._endpoint(request).id)
        return Response(status_code=204)

    async def list_hardware(self, request: Request) -> Response:
        """What endpoints can run on."""
        found = hardware(self.clock(), for_model="model" in request.query_params)
        return JSONResponse({"object": "list", "data": found})

    def _file(self, request: Request) -> StoredFile:
        found = self.files.get(request.path_params["id"])
        if found is None:
            raise ApiError(404, f"File {request.path_params['id']} not found", param="id")
        return found

    def _endpoint(self, request: Request) -> Endpoint:
        found = self.endpoints.get(request.path_params["id"])
        if found is None:
            raise ApiError(404, f"Endpoint {request.path_params['id']} not found", param="id")
        return found
