"""A server before another one: it passes requests on, or responds as a script says."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

Script = Callable[[str, str], tuple[int, str] | None]
"""For a method and a path, the status and the code of the response; None to pass the request on."""

HOP = {"connection", "transfer-encoding", "keep-alive", "date", "server"}


@dataclass
class Front:
    """The server.

    Attributes:
        url: Its address.
        script: What it responds.
        seen: The requests, as method and path.
    """

    url: str
    script: Script
    seen: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def front(behind: str, script: Script, *, hidden: str = "") -> Iterator[Front]:
    """Run the server until the end of the block; the header `hidden` is not passed on."""
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                found.seen.append((self.command, self.path))
                scripted = found.script(self.command, self.path)
            if scripted is not None:
                self._send(
                    scripted[0],
                    f"<Error><Code>{scripted[1]}</Code><AWSAccessKeyId>K</AWSAccessKeyId></Error>".encode(),
                    {},
                )
                return
            other = http.client.HTTPConnection(urlsplit(behind).netloc, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in {*HOP, hidden}}
            other.request(self.command, self.path, body, headers)
            answer = other.getresponse()
            data = answer.read()
            self._send(answer.status, data, dict(answer.getheaders()))
            other.close()

        def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            kept = {name: value for name, value in headers.items() if name.lower() not in HOP}
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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Front(f"http://127.0.0.1:{server.server_address[1]}", script)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
