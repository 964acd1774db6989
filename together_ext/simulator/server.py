"""Real sockets: uvicorn in a thread, for several applications at once, without output on the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Sequence
from typing import cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

# Without a handler Python prints warnings; a client that disconnects is expected here.
logging.getLogger("uvicorn.error").addHandler(logging.NullHandler())

_GRACE = 1.0
"""Seconds in which responses must notice the end of their connections."""


class Protocol(H11Protocol):
    """HTTP/1.1 that passes the connection to the application, so that a fault can break it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Put the transport into the scope of the connection's requests."""
        super().connection_made(transport)
        app = cast("ASGIApp", self.app)

        async def app_with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "simulator.transport": transport}, receive, send)

        self.app = app_with_transport


class _Server(uvicorn.Server):
    """A server that stops immediately: uvicorn's own polls every 0.1 s and then waits for slow clients."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Protocol,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                server_header=False,
            )
        )
        self.end = asyncio.Event()

    async def main_loop(self) -> None:
        """Update the Date header until the end."""
        while not self.end.is_set():
            await self.on_tick(0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.end.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close all connections."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:
            _, late = await asyncio.wait(self.server_state.tasks, timeout=_GRACE)
            for task in late:
                task.cancel()


class ServerThread:
    """A thread that serves applications, each on its own listening socket."""

    def __init__(self, served: Sequence[tuple[ASGIApp, socket.socket]]) -> None:
        self._loop = asyncio.new_event_loop()
        self._servers = [(_Server(app), listener) for app, listener in served]
        self._thread = threading.Thread(target=self._run, name="together-ext-simulator", daemon=True)

    def start(self) -> None:
        """Start serving. The sockets already listen, so that callers need not wait for the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop all servers, and return when they have ended."""
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join()

    def _end(self) -> None:
        for server, _ in self._servers:
            server.end.set()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in self._servers))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, on a free port for ``port`` 0.

    Raises:
        OSError: The port is in use, or not permitted; the message names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        # Without the address that Python appends, since a name that cannot be resolved has none.
        reason = (error.strerror or str(error)).partition(" (")[0].lower()
        raise OSError(error.errno, f"{host}, port {port}: {reason}") from None
    # Connections inherit it. asyncio sets it only on sockets that name their protocol, which these do not, and without
    # it every small response waits 40 ms for the delayed acknowledgement of the client.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
