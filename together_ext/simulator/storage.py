"""The storage host: another origin, on which a signed URL is the only authorization, for archives and uploads."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from dataclasses import dataclass
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .account import Account
from .admission import STORED_PATH
from .app import ArchiveResponse, Sender
from .archives import Archive
from .faults import PARTS_PATH, STORAGE_PATH
from .host import fault_of
from .shelf import Label, Shelf
from .uploads import Uploads


@dataclass(frozen=True)
class Part:
    """A part of a file of the registry, or a file: its name on the storage host, and the header that it requires."""

    filename: str
    content: Archive
    header: tuple[str, str] | None = None


@dataclass(eq=False)
class Grant:
    """The archive or part that a signature permits, and how much it was used."""

    label: Label | Part
    uses: int = 0
    sent: int = 0
    expired: bool = False


class Storage:
    """Signs URLs and serves them.

    A URL expires after ``max_uses`` requests or ``max_bytes`` body bytes (None: never); both are read for every
    request, so a test may change them at any time.
    """

    def __init__(self, account: Account, shelf: Shelf, uploads: Uploads, deliver: Sender) -> None:
        self.url = ""
        self.max_uses: int | None = None
        self.max_bytes: int | None = None
        self._account, self._shelf, self._uploads, self._deliver = account, shelf, uploads, deliver
        self._grants: dict[str, Grant] = {}
        self._numbers = itertools.count(1)

    def sign(self, label: Label | Part) -> str:
        """Sign a new URL for an archive or a part."""
        signature = hashlib.sha256(f"{next(self._numbers)} {label.filename}".encode()).hexdigest()
        self._grants[signature] = Grant(label)
        folder = PARTS_PATH if isinstance(label, Part) else STORAGE_PATH
        return f"{self.url}{folder}{quote(label.filename)}?signature={signature}"

    def sign_upload(self, signature: str) -> str:
        """The URL that receives the content of an upload."""
        return f"{self.url}{STORED_PATH}{signature[:12]}?signature={signature}"

    def expire(self) -> None:
        """Expire every URL that was signed so far."""
        for grant in list(self._grants.values()):
            grant.expired = True

    def used(self, signature: str, size: int) -> None:
        """Count body bytes that a signature was used for."""
        self._grants[signature].sent += size

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route(f"{STORAGE_PATH}{{name}}", self._serve, methods=["GET"]),
                Route(f"{PARTS_PATH}{{name}}", self._serve, methods=["GET"]),
                Route(f"{STORED_PATH}{{name}}", self._receive, methods=["PUT"]),
            ]
        )

    async def _receive(self, request: Request) -> Response:
        tag = self._uploads.put(request.query_params.get("signature", ""), await request.body())
        if tag is None:
            return _refusal(403, "SignatureDoesNotMatch", "The request signature does not match the one provided")
        return Response(headers={"etag": f'"{tag}"'})

    async def _serve(self, request: Request) -> Response:
        grant = self._grants.get(request.query_params.get("signature", ""))
        if grant is None or request.path_params["name"] != grant.label.filename:
            return _refusal(403, "SignatureDoesNotMatch", "The request signature does not match the one provided")
        if refused := self._refused(request, grant):
            return refused
        grant.uses += 1
        if isinstance(grant.label, Part):
            return ArchiveResponse(grant.label.content, self._deliver)
        job = self._account.get(grant.label.job_id)
        if job is None:
            return _refusal(404, "NoSuchKey", "The specified key does not exist")
        if fault_of(request.scope).replace:
            self._shelf.replace(job.id)
        return ArchiveResponse(await asyncio.to_thread(self._shelf.get, job, grant.label), self._deliver)

    def _refused(self, request: Request, grant: Grant) -> Response | None:
        if "authorization" in request.headers:  # As object stores do, refuse two kinds of authorization at once.
            return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
        if self._is_over(grant):
            return _refusal(403, "AccessDenied", "Request has expired")
        header = grant.label.header if isinstance(grant.label, Part) else None
        if header is not None and request.headers.get(header[0]) != header[1]:
            return _refusal(403, "SignatureDoesNotMatch", f"The header {header[0]} is signed, and must be sent")
        return None

    def _is_over(self, grant: Grant) -> bool:
        used_up = self.max_uses is not None and grant.uses >= self.max_uses
        spent = self.max_bytes is not None and grant.sent >= self.max_bytes
        return grant.expired or used_up or spent


def _refusal(status: int, code: str, message: str) -> Response:
    """An error in the XML format of object stores."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(text, status, media_type="application/xml")
