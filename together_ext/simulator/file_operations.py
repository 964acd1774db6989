"""The operations of files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .answers import ApiError, Operation, json_object
from .files import Files, StoredFile
from .request_fields import PARTS, UPLOADED, check_fields
from .uploads import MOST_PARTS, Upload, Uploads, entity_tag


@dataclass(frozen=True)
class FileOperations:
    """The operations of files.

    A file is uploaded in one request, or in three steps: the API redirects to a signed URL, which receives the content,
    and processes the file on request. A large one has a signed URL for each part.

    Attributes:
        files: The files of the account.
        uploads: The uploads that have begun.
        sign: Makes the URL of a part from its signature.
    """

    files: Files
    uploads: Uploads
    sign: Callable[[str], str]

    def operations(self) -> list[tuple[str, Operation, str]]:
        """The path, handler and method of each operation."""
        return [
            ("/files", self.list, "GET"),
            ("/files", self.begin, "POST"),
            ("/files/upload", self.upload, "POST"),
            ("/files/multipart/initiate", self.initiate, "POST"),
            ("/files/multipart/complete", self.complete, "POST"),
            ("/files/multipart/abort", self.abort, "POST"),
            ("/files/{id}", self.retrieve, "GET"),
            ("/files/{id}", self.delete, "DELETE"),
            ("/files/{id}/content", self.content, "GET"),
            ("/files/{id}/preprocess", self.process, "POST"),
        ]

    async def list(self, _request: Request) -> Response:
        """List all files."""
        return JSONResponse({"object": "list", "data": [file.payload() for file in self.files.all()]})

    async def upload(self, request: Request) -> Response:
        """Upload a file in one request."""
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
        return JSONResponse(self.files.process(stored).payload())

    async def begin(self, request: Request) -> Response:
        """Begin an upload: redirect to a signed URL."""
        async with request.form() as form:
            file = self._new({name: value for name, value in form.items() if isinstance(value, str)})
        (signature,) = self.uploads.begin(file).signatures
        return Response(status_code=302, headers={"location": self.sign(signature), "x-together-file-id": file.id})

    async def process(self, request: Request) -> Response:
        """Process a file whose content has arrived."""
        file = self._file(request.path_params["id"])
        if not file.processed and not self.uploads.has_arrived(file.id):
            raise ApiError(400, f"The content of {file.id} has not been uploaded", param="id")
        return JSONResponse(self.files.process(file).payload())

    async def initiate(self, request: Request) -> Response:
        """Begin an upload in parts: sign a URL for each."""
        wanted = await json_object(request)
        check_fields(wanted, PARTS)
        count = wanted.get("num_parts")
        if count is None or not 1 <= count <= MOST_PARTS:
            raise ApiError(400, f"num_parts has to be an integer from 1 to {MOST_PARTS}", param="num_parts")
        upload = self.uploads.begin(self._new(wanted), count)
        parts = [
            {"PartNumber": number, "URL": self.sign(signature), "Method": "PUT", "Headers": {}}
            for number, signature in enumerate(upload.signatures, start=1)
        ]
        return JSONResponse({"upload_id": upload.id, "file_id": upload.file_id, "parts": parts})

    async def complete(self, request: Request) -> Response:
        """Join the parts of an upload, and process the file."""
        wanted = await json_object(request)
        upload = self._upload(wanted)
        expected = [
            {"part_number": number, "etag": entity_tag(upload.parts.get(number, b""))}
            for number in range(1, len(upload.signatures) + 1)
        ]
        if wanted.get("parts") != expected:
            raise ApiError(400, "parts has to list the number and ETag of every part, in order", param="parts")
        self.uploads.complete(upload)
        self.uploads.end(upload)
        return JSONResponse({"file": self.files.process(self._file(upload.file_id)).payload()})

    async def abort(self, request: Request) -> Response:
        """Abort an upload in parts."""
        upload = self._upload(await json_object(request))
        self.uploads.end(upload)
        self.files.delete(upload.file_id)
        return JSONResponse({"message": f"Upload {upload.id} has been aborted"})

    async def retrieve(self, request: Request) -> Response:
        """Return a file."""
        return JSONResponse(self._file(request.path_params["id"]).payload())

    async def delete(self, request: Request) -> Response:
        """Delete a file."""
        found = self._file(request.path_params["id"])
        self.files.delete(found.id)
        return JSONResponse({"id": found.id, "object": "file", "deleted": True})

    async def content(self, request: Request) -> Response:
        """Return the content of a file."""
        return Response(self._file(request.path_params["id"]).content, media_type="application/octet-stream")

    def _new(self, wanted: dict[str, Any]) -> StoredFile:
        """A file to be filled, unless the account has one with the same content."""
        for name in ("file_name", "purpose", "file_type"):
            if not isinstance(wanted.get(name), str) or not wanted[name]:
                raise ApiError(400, f"{name} is required", param=name)
        existing = self.files.find(checksum) if isinstance(checksum := wanted.get("checksum"), str) else None
        if existing is not None:
            raise ApiError(409, f"The file already exists as {existing.id}", extra={"file_id": existing.id})
        return self.files.add(wanted["file_name"], wanted["purpose"], wanted["file_type"], b"", processed=False)

    def _file(self, file_id: str) -> StoredFile:
        found = self.files.get(file_id)
        if found is None:
            raise ApiError(404, f"File {file_id} not found", param="id")
        return found

    def _upload(self, wanted: dict[str, Any]) -> Upload:
        check_fields(wanted, UPLOADED)
        upload = self.uploads.get(str(wanted.get("upload_id")))
        if upload is None or upload.file_id != wanted.get("file_id"):
            raise ApiError(404, f"Upload {wanted.get('upload_id')} not found", param="upload_id")
        return upload
