"""A server before another one: it passes requests on, or responds as a script says."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from threading import Lock
from urllib.parse import urlsplit

from tests.servers import serving
from tests.waits import PATIENCE

Script = Callable[[str, str], tuple[int, str] | None]
"""For a method and a path, the status and the code of the response, or its body; None to pass the request on."""

HOP = {"connection", "transfer-encoding", "keep-alive"}
OWN = {"date", "server"}
"""Headers of a response that the front has itself; Azure's signature covers the date of a request."""


@dataclass
class Front:
    """The server.

    Attributes:
        url: Its address.
        script: What it responds.
        seen: The requests, as method and path.
        sent: Bytes of the bodies of all responses that were passed on.
    """

    url: str
    script: Script
    seen: list[tuple[str, str]] = field(default_factory=list)
    sent: int = 0


@contextmanager
def front(behind: str, script: Script, *, hidden: str = "", partial: bool = False) -> Iterator[Front]:
    """Run the server until the end of the block.

    Args:
        behind: The address of the other server; a path in it is kept.
        script: What it responds.
        hidden: A header of requests that is not passed on.
        partial: Whether a range of bytes has the status 206, also if the other server has sent 200, as rclone does.
    """
    lock, address = Lock(), urlsplit(behind).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                found.seen.append((self.command, self.path))
                scripted = found.script(self.command, self.path)
            if scripted is not None:
                status, code = scripted
                body = f"<Error><Code>{code}</Code><AWSAccessKeyId>K</AWSAccessKeyId></Error>"
                self._send(status, (code if code.startswith("<") else body).encode(), {})
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in {*HOP, hidden}}
            with closing(http.client.HTTPConnection(address, timeout=PATIENCE)) as other:
                other.request(self.command, self.path, data or None, headers)
                answer = other.getresponse()
                data = answer.read()
            status = 206 if partial and answer.status == 200 and answer.getheader("Content-Range") else answer.status
            with lock:
                found.sent += len(data)
            self._send(status, data, dict(answer.getheaders()))

        def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            kept = {name: value for name, value in headers.items() if name.lower() not in HOP | OWN}
            if not any(name.lower() == "content-length" for name in kept):
                kept["Content-Length"] = str(len(data))
            for name, value in kept.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do  # noqa: N815 -- names of the library

        def log_message(self, format: str, *args: object) -> None:
            """Be silent."""

    with serving(Handler) as own:
        found = Front(f"{own}{urlsplit(behind).path}", script)
        yield found
