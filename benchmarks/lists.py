"""`python -m benchmarks.lists`: a hundred thousand jobs, listed by us and by the official client of version 3.

The latter from `make test-official`'s environment, if that is there. Both read the same bytes from the same socket.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from together_ext.simulator.catalog import catalog
from together_ext.simulator.payloads import truncated

from .entry import begin

JOBS: Final = 100_000
ROUNDS: Final = 3
OFFICIAL: Final = Path(".venv-official/3/bin/python")

LISTING: Final = """
import re, time
from pathlib import Path
from {package} import Together
client = Together()
begin = time.perf_counter()
count = len(client.fine_tuning.list().data)
spent = time.perf_counter() - begin
memory = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(f"{{count}} jobs, {{spent:.2f}} s, {{memory:.0f}} MiB at most")
"""


def answer() -> bytes:
    """The jobs, as the server sends them."""
    some = [truncated(job) for job in catalog()]
    days = ({"id": f"ft-{n:06d}", "created_at": f"2026-01-{1 + n % 28:02d}T08:30:00.{n:06d}Z"} for n in range(JOBS))
    return json.dumps({"data": [{**some[n % len(some)], **day} for n, day in enumerate(days)]}).encode()


def main() -> None:
    """Serve, and list."""
    begin(argparse.ArgumentParser(prog="python -m benchmarks.lists", description=__doc__))
    body = answer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        peers = [("together-ext", Path(sys.executable), "together_ext"), ("SDK 3.1.1", OFFICIAL, "together")]
        for name, python, package in peers:
            if not python.exists():
                print(f"{name}: not there; make test-official sets it up")
                continue
            environment = os.environ | {"TOGETHER_BASE_URL": url, "TOGETHER_API_KEY": "key", "NO_COLOR": "1"}
            for _ in range(ROUNDS):
                command = [str(python), "-W", "ignore", "-c", LISTING.format(package=package)]
                done = subprocess.run(  # noqa: S603 -- our own code
                    command, env=environment, stdout=subprocess.PIPE, text=True, check=True
                )
                print(f"{name}: {len(body) / 1e6:.0f} MB, {done.stdout.strip()}")
        server.shutdown()


if __name__ == "__main__":
    main()
