"""The front of the API's host: requests to the admin interface, and the state file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import admin
from .host import without_prefix
from .state import StateFile

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Front:
    """An ASGI application around two others.

    Attributes:
        api: The API.
        admin: The admin interface.
        state: Saved before the response to each request that may have changed something; None for no file.
    """

    api: ASGIApp
    admin: ASGIApp
    state: StateFile | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request."""
        inside = f"{without_prefix(scope['path'])}/".startswith(f"{admin.PATH}/")
        app = self.admin if inside else self.api
        await app(scope, receive, send if scope["method"] in _READS else self._saved_first(send))

    def _saved_first(self, send: Send) -> Send:
        async def send_saved(message: Message) -> None:
            if self.state is not None and message["type"] == "http.response.start":
                await asyncio.to_thread(self.state.save)
            await send(message)

        return send_saved
