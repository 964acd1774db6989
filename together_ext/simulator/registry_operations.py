"""The operations of the model registry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .answers import ApiError, Operation, json_object, whole
from .owner import ORGANIZATION, PROJECT, check_project
from .payloads import timestamp
from .registry import Model, Registry, Revision, Slice, StoredFile
from .request_fields import MODEL_DOWNLOAD, check_fields

MODELS = "/v2/projects/{project}/models"
PART_HEADER = "x-part-number"
"""A header that the request for a part must have, as signed headers of object stores."""


@dataclass(frozen=True)
class RegistryOperations:
    """The operations of the model registry.

    Attributes:
        registry: The models.
        sign: Signs the URL of a part, from a file name and the part.
    """

    registry: Registry
    sign: Callable[[str, Slice, str], str]

    def operations(self) -> list[tuple[str, Operation, str]]:
        """The path, handler and method of each operation. A name contains a slash, which clients quote."""
        return [
            (MODELS, self.list_models, "GET"),
            (f"{MODELS}/download", self.download, "POST"),
            (f"{MODELS}/{{id:path}}/revisions", self.list_revisions, "GET"),
            (f"{MODELS}/{{id:path}}/files", self.list_files, "GET"),
            (f"{MODELS}/{{id:path}}", self.retrieve, "GET"),
        ]

    async def list_models(self, request: Request) -> Response:
        """List the models of the project."""
        check_project(request)
        return self._page(request, [_model(one) for one in self.registry.all()])

    async def retrieve(self, request: Request) -> Response:
        """Return a model."""
        return JSONResponse(_model(self._model(request, request.path_params["id"])))

    async def list_revisions(self, request: Request) -> Response:
        """List the revisions of a model, newest first."""
        model = self._model(request, request.path_params["id"])
        return self._page(request, [_revision(one) for one in reversed(model.revisions)])

    async def list_files(self, request: Request) -> Response:
        """List the files of a revision, by default of the latest."""
        model = self._model(request, request.path_params["id"])
        revision = _revision_of(model, request.query_params.get("revisionId"))
        files = list((await asyncio.to_thread(revision.files)).values())
        return self._page(
            request,
            await asyncio.to_thread(lambda: [self._file(one) for one in files]),
            revisionId=revision.id,
            revisionCreatedAt=timestamp(revision.created_at),
            totalSizeBytes=str(sum(one.content.size for one in files)),
        )

    async def download(self, request: Request) -> Response:
        """Sign the URLs of the parts of files."""
        wanted = await json_object(request)
        check_fields(wanted, MODEL_DOWNLOAD)
        model = self._model(request, str(wanted.get("objectId")))
        revision = _revision_of(model, wanted.get("revisionId"))
        files = await asyncio.to_thread(revision.files)
        paths = wanted.get("paths") or [*files]
        if absent := [path for path in paths if path not in files]:
            raise ApiError(404, f"File {absent[0]} not found in revision {revision.id}", param="paths")
        found = await asyncio.to_thread(lambda: [self._located(files[path]) for path in paths])
        return JSONResponse({"revisionId": revision.id, "files": found})

    def _file(self, file: StoredFile) -> dict[str, Any]:
        wrong = self.registry.distorted(file)
        return {
            "path": file.path if wrong.path is None else wrong.path,
            "hash": file.hash if wrong.hash is None else wrong.hash,
            "sizeBytes": str(file.content.size if wrong.size is None else wrong.size),
        }

    def _located(self, file: StoredFile) -> dict[str, Any]:
        name, missing = file.path.rpartition("/")[2], self.registry.distorted(file).missing
        parts = [
            {
                "partNumber": number,
                "sizeBytes": str(part.size),
                "url": self.sign(f"{name}.part{number}", part, str(number)),
                "headers": {PART_HEADER: str(number)},
            }
            for number, part in enumerate(file.parts(self.registry.part_size), 1)
            if number != missing
        ]
        return {**self._file(file), "parts": parts}

    def _model(self, request: Request, id_or_name: str) -> Model:
        check_project(request)
        found = self.registry.get(id_or_name)
        if found is None:
            raise ApiError(404, f"Model {id_or_name} not found", param="id")
        return found

    def _page(self, request: Request, items: Sequence[dict[str, Any]], **more: object) -> Response:
        """A page of a list; its cursor is the position of the next item."""
        start = whole(request.query_params.get("after", "").removeprefix("c")) or 0
        size = min(whole(request.query_params.get("limit")) or self.registry.page_size, self.registry.page_size)
        stop = start + max(size, 1)
        cursor = f"c{stop}" if stop < len(items) else None
        return JSONResponse({"object": "list", "data": items[start:stop], "next_cursor": cursor, **more})


def _revision_of(model: Model, revision_id: object) -> Revision:
    found = model.revision(None if revision_id is None else str(revision_id))
    if found is None:
        raise ApiError(404, f"Revision {revision_id} of {model.id} not found", param="revisionId")
    return found


def _model(model: Model) -> dict[str, Any]:
    kind = "ADAPTER" if model.is_adapter else "DEFAULT"
    return {
        "id": model.id,
        "name": model.name,
        "organizationId": ORGANIZATION["id"],
        "projectId": PROJECT["id"],
        "visibility": "VISIBILITY_PRIVATE",
        "weights": {"type": f"WEIGHTS_TYPE_{kind}", "architecture": "LlamaForCausalLM"},
    }


def _revision(revision: Revision) -> dict[str, Any]:
    return {
        "revisionId": revision.id,
        "createdAt": timestamp(revision.created_at),
        "lastValidatedAt": timestamp(revision.created_at),
        "validationStatus": revision.status,
        "validationErrors": [{"message": one, "rule": "files", "severity": "ERROR"} for one in revision.errors],
    }
