"""nginx as the API and its storage: plain, TLS, and with a limit for each connection; its access log is the witness."""

from __future__ import annotations

import http.client
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .certificate import Certificate
from .places import SCRATCH, SOURCES

DOWNLOAD: Final = "/v1/finetune/download"

CAP: Final = 20_000_000
"""Bytes a second that the capped server gives each connection."""

_FORMAT: Final = "$server_port $request_method $request_uri $status $body_bytes_sent $bytes_sent $http_range $msec"

_JOB: Final = (
    '{"id":"$job","status":"completed","user_id":"user-bench","created_at":"2025-01-01T00:00:00Z",'
    '"updated_at":"2025-01-01T01:00:00Z","model":"base-model","model_output_name":"bench/model",'
    '"training_type":{"type":"Lora","lora_r":8,"lora_alpha":16},"events":[]}'
)


@dataclass(frozen=True)
class Answer:
    """A line of the access log.

    Attributes:
        port: Which server was asked.
        target: Path and query.
        status: Its status.
        body: Bytes of the body that were handed to the kernel, also of an answer that was cut off.
        range: The `Range` header, or `-`.
        ended: When the kernel had the last byte of it, in seconds of the system's clock.
    """

    port: int
    target: str
    status: int
    body: int
    range: str
    ended: float


@dataclass(frozen=True)
class Server:
    """A running nginx.

    Attributes:
        plain: Port of the plain server.
        tls: Port of the same behind TLS.
        capped: Port of the same with a limit for each connection.
        status: Port that tells how many connections are at work.
        log: Its access log.
    """

    plain: int
    tls: int
    capped: int
    status: int
    log: Path

    def mark(self) -> int:
        """Now, as a place in the log."""
        return self.log.stat().st_size

    def answers(self, mark: int) -> list[Answer]:
        """All responses since then, once no response is in progress."""
        self._wait_until_quiet()
        with self.log.open(encoding="ascii", errors="replace") as file:
            file.seek(mark)
            fields = [line.split() for line in file]
        return [Answer(int(f[0]), f[2], int(f[3]), int(f[4]), f[6], float(f[7])) for f in fields]

    def _wait_until_quiet(self) -> None:
        # A cut-off answer is logged when nginx meets the broken connection, a moment after the client's death.
        for _ in range(2000):
            if self._at_work() == 0:
                return
            time.sleep(0.01)
        raise TimeoutError("nginx is still answering after 20 s")

    def _at_work(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.status, timeout=5)
        try:
            connection.request("GET", "/")
            text = connection.getresponse().read().decode()
        finally:
            connection.close()
        reading, writing = (int(re.search(rf"{word}: (\d+)", text)[1]) for word in ("Reading", "Writing"))  # type: ignore[index]
        return reading + writing - 1  # without this very request


@contextmanager
def running_nginx(certificate: Certificate) -> Iterator[Server]:
    """Start nginx on free ports of the loopback, and stop it."""
    folder = SCRATCH / "nginx"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    plain, tls, capped, status = free_ports(4)
    server = Server(plain, tls, capped, status, folder / "access.log")
    configuration = folder / "nginx.conf"
    configuration.write_text(_configuration(server, certificate))
    server.log.touch()
    with (folder / "output").open("wb") as output:
        command = ["nginx", "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603 -- our own command
    try:
        wait_for(status, process, folder / "error.log")
        yield server
    finally:
        process.terminate()
        process.wait(10)


def free_ports(count: int) -> list[int]:
    """Free ports of the loopback."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path | None = None) -> None:
    """Wait until a server listens.

    Raises:
        RuntimeError: It has ended; with what is in its log, if it has one.
        TimeoutError: It does not listen after five seconds.
    """
    for _ in range(500):
        if process.poll() is not None:
            raise RuntimeError("the server did not start:\n" + (log.read_text() if log else ""))
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise TimeoutError("the server does not listen after 5 s")


def _configuration(server: Server, certificate: Certificate) -> str:
    user = f"user {pwd.getpwuid(os.geteuid()).pw_name};" if os.geteuid() == 0 else ""
    places = f"""
            location ~ ^/v1/fine-tunes/(?<job>[a-z0-9-]+)$ {{ default_type application/json; return 200 '{_JOB}'; }}
            location = {DOWNLOAD} {{ root "{SOURCES}"; types {{ }} try_files /$arg_ft_id.tar.zst =404; }}"""
    temporary = "\n".join(
        f"        {kind}_temp_path {kind}_temp;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""{user}
    worker_processes auto;
    daemon off;
    pid nginx.pid;
    events {{ worker_connections 1024; }}
    http {{
{temporary}
        default_type application/octet-stream;
        sendfile on;
        tcp_nopush on;
        log_format witness '{_FORMAT}';
        access_log access.log witness;
        server {{ listen 127.0.0.1:{server.plain};{places}
        }}
        server {{ listen 127.0.0.1:{server.tls} ssl;
            ssl_certificate "{certificate.certificate}";
            ssl_certificate_key "{certificate.key}";{places}
        }}
        server {{ listen 127.0.0.1:{server.capped}; limit_rate {CAP};{places}
        }}
        server {{ listen 127.0.0.1:{server.status}; access_log off; location / {{ stub_status; }} }}
    }}
"""
