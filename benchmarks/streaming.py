"""A stream that touches no disk: to nowhere, and through a pipe; who takes part, and what shows that all bytes came."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from .peers import CURL, OURS, Peer, Request
from .places import DRIVERS, GIB
from .run import Course, RunError

STREAM: Final = "together-ext stream"
PIPED_CURL: Final = "curl | wc -c"
PIPE: Final = "together-ext --output - | wc -c"

STREAMED: Final = 4 * GIB
"""Bytes of the file."""


@dataclass(frozen=True)
class StreamCourse(Course):
    """Where no file is made: each peer writes down how many bytes have come."""

    def check(self, peer: Peer, output: Path) -> None:
        """Compare the number of bytes with that of the file."""
        found = output.read_text().strip()
        if found != str(self.source.size):
            raise RunError(f"{peer.name} received {found} bytes")


def streamers(peers: Mapping[str, Peer]) -> Iterator[Peer]:
    """Who takes part, made of those that download."""
    curl, ours = peers[CURL], peers[OURS]
    python = ours.idle[0]
    yield Peer(STREAM, lambda request: [python, str(DRIVERS / "stream.py"), *_ends(request)], ours.idle, ours.version)
    yield replace(curl, command=lambda request: _shell('curl -sSf -o /dev/null -w "%{size_download}" "$1"', request))
    yield replace(curl, name=PIPED_CURL, command=lambda request: _shell('curl -sSf "$1" | wc -c', request))
    yield replace(ours, name=PIPE, command=lambda request: _pipe(python, request))


def _ends(request: Request) -> list[str]:
    return [request.url, str(request.output)]


def _shell(script: str, request: Request) -> list[str]:
    return ["sh", "-c", f'{script} > "$2"', "sh", *_ends(request)]


def _pipe(python: str, request: Request) -> list[str]:
    script = '"$1" -m together_ext ft download "$2" --output - --quiet | wc -c > "$3"'
    return ["sh", "-c", script, "sh", os.fspath(python), request.job, str(request.output)]
