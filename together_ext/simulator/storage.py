"""The storage host: another origin, where a signed URL is all the permission there is."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from together_ext.simulator.account import Account
from together_ext.simulator.app import ArchiveResponse, Sender
from together_ext.simulator.faults import STORAGE_PATH
from together_ext.simulator.host import fault_of
from together_ext.simulator.shelf import Label, Shelf


@dataclass(eq=False)
class Grant:
    """What a signature permits, and how much of it was used."""

    label: Label
    uses: int = 0
    sent: int = 0
    expired: bool = False


class Storage:
    """Signs URLs and serves them.

    ``max_uses`` requests or ``max_bytes`` body bytes after it was signed, a URL expires (None: never); both are asked
    again for every request, so a test may change them at any time.
    """

    def __init__(self, account: Account, shelf: Shelf, deliver: Sender) -> None:
        self.url = ""
        self.max_uses: int | None = None
        self.max_bytes: int | None = None
        self._account, self._shelf, self._deliver = account, shelf, deliver
        self._grants: dict[str, Grant] = {}
        self._numbers = itertools.count(1)

    def sign(self, label: Label) -> str:
        """A new URL for an archive."""
        signature = hashlib.sha256(f"{next(self._numbers)} {label}".encode()).hexdigest()
        self._grants[signature] = Grant(label)
        return f"{self.url}{STORAGE_PATH}{label.filename}?signature={signature}"

    def expire(self) -> None:
        """Let every URL that was signed so far expire."""
        for grant in list(self._grants.values()):
            grant.expired = True

    def used(self, signature: str, size: int) -> None:
        """Count body bytes on a signature."""
        self._grants[signature].sent += size

    def app(self) -> Starlette:
        """The application."""
        return Starlette(routes=[Route(f"{STORAGE_PATH}{{name}}", self._serve, methods=["GET"])])

    async def _serve(self, request: Request) -> Response:
        if "authorization" in request.headers:  # The real ones refuse two kinds of permission at once, too.
            return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
        grant = self._grants.get(request.query_params.get("signature", ""))
        if grant is None or request.path_params["name"] != grant.label.filename:
            return _refusal(403, "SignatureDoesNotMatch", "The request signature does not match the one provided")
        if self._is_over(grant):
            return _refusal(403, "AccessDenied", "Request has expired")
        grant.uses += 1
        job = self._account.get(grant.label.job_id)
        if job is None:
            return _refusal(404, "NoSuchKey", "The specified key does not exist")
        if fault_of(request.scope).replace:
            self._shelf.replace(job.id)
        return ArchiveResponse(await asyncio.to_thread(self._shelf.get, job, grant.label), self._deliver)

    def _is_over(self, grant: Grant) -> bool:
        used_up = self.max_uses is not None and grant.uses >= self.max_uses
        eaten_up = self.max_bytes is not None and grant.sent >= self.max_bytes
        return grant.expired or used_up or eaten_up


def _refusal(status: int, code: str, message: str) -> Response:
    """The XML in which object stores say no."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Response(text, status, media_type="application/xml")
