"""Who is measured: what a user would pick, each called as its documentation says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .certificate import Certificate
from .places import DRIVERS, ROOT, SCRATCH
from .server import DOWNLOAD

PACKAGES: Final = {"nginx": "nginx", "curl": "curl", "aria2c": "aria2", "openssl": "openssl", "cmp": "diffutils"}
"""Programs that must be there, and the apt packages that have them."""


class MissingProgramError(Exception):
    """Something has to be installed first; the message says how."""


@dataclass(frozen=True)
class Request:
    """A download to run.

    Attributes:
        base: The server's address, without a path.
        job: The fine-tuning job whose weights are wanted.
        output: The file to make.
    """

    base: str
    job: str
    output: Path

    @property
    def url(self) -> str:
        """The address of the bytes, for those that know nothing of jobs."""
        return f"{self.base}{DOWNLOAD}?ft_id={self.job}&checkpoint=merged"


@dataclass(frozen=True)
class Peer:
    """One of those that are measured.

    Attributes:
        name: Its name in tables and figures.
        command: What to run for a download, and to run again after it was interrupted.
        idle: What to run for the start-up cost alone.
        prefix: What the API's address ends in, for this one's `TOGETHER_BASE_URL`.
        version: Its version, as it says itself.
    """

    name: str
    command: Callable[[Request], list[str]]
    idle: list[str]
    version: Callable[[], str]
    prefix: str = ""


OURS: Final = "together-ext"
LOOSE: Final = "together-ext --no-durable"
CURL: Final = "curl"
SYNCED_CURL: Final = "curl, then sync"
ARIA: Final = "aria2c -x8"
SDK_3: Final = "SDK 3.1.1"
SDK_1: Final = "SDK 1.5.35"
HTTPX: Final = "httpx iteration"


def all_peers() -> dict[str, Peer]:
    """All of them by name; the environments of the libraries are made if they are missing."""
    _check_programs()
    sdk_3, sdk_1 = peer_environment("3.1.1", "together==3.1.1"), peer_environment("1.5.35", "together==1.5.35")
    # Not the one of development: httpx imports trio where it finds it, and that takes longer than all of our own code.
    own = peer_environment("together-ext", "--editable", str(ROOT))
    peers = [
        Peer(CURL, _curl, ["curl", "--version"], lambda: _first_line("curl", "--version").split()[1]),
        Peer(
            SYNCED_CURL, _synced_curl, ["curl", "--version"], lambda: "the same, with `sync --data FILE` of coreutils"
        ),
        Peer(ARIA, _aria, ["aria2c", "--version"], lambda: _first_line("aria2c", "--version").split()[-1]),
        Peer(HTTPX, _driver(own, "iterate", by_url=True), _imported(own, "httpx"), lambda: _package(own, "httpx")),
        Peer(SDK_3, _driver(sdk_3, "sdk_3"), _imported(sdk_3, "together"), lambda: _package(sdk_3, "together")),
        Peer(SDK_1, _driver(sdk_1, "sdk_1"), _imported(sdk_1, "together"), lambda: _package(sdk_1, "together"), "/v1"),
        Peer(OURS, _driver(own, "ours"), _from_imported(own), lambda: _package(own, "together-ext"), "/v1"),
        Peer(LOOSE, _driver(own, "ours", "loose"), _from_imported(own), lambda: "the same", "/v1"),
    ]
    return {peer.name: peer for peer in peers}


def environment(peer: Peer, request: Request | None, certificate: Certificate) -> Mapping[str, str]:
    """The variables a peer sees: nothing of this shell's but the path, so that no proxy or setting gets in between."""
    home = SCRATCH / "home"
    home.mkdir(parents=True, exist_ok=True)
    authority = str(certificate.authority)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TOGETHER_API_KEY": "bench",
        "TOGETHER_BASE_URL": (request.base if request else "http://127.0.0.1:9") + peer.prefix,
        # httpx reads the first, requests the second, curl the third.
        "SSL_CERT_FILE": authority,
        "REQUESTS_CA_BUNDLE": authority,
        "CURL_CA_BUNDLE": authority,
    }


def _curl(request: Request) -> list[str]:
    return ["curl", "-sSf", "-C", "-", "-o", str(request.output), request.url]


def _synced_curl(request: Request) -> list[str]:
    script = 'curl -sSf -C - -o "$1" "$2" && exec sync --data "$1"'
    return ["sh", "-c", script, "sh", str(request.output), request.url]


def _aria(request: Request) -> list[str]:
    # Its default writes zeros over the whole file first: without that it is faster, and so it is more of a match.
    options = ["--no-conf", "--quiet", "-x8", "-s8", "--file-allocation=none", "--continue"]
    authority = "--ca-certificate=" + str(SCRATCH / "tls" / "authority.pem")
    return ["aria2c", *options, authority, "-d", str(request.output.parent), "-o", request.output.name, request.url]


def _driver(python: str, name: str, *words: str, by_url: bool = False) -> Callable[[Request], list[str]]:
    script = str(DRIVERS / f"{name}.py")
    return lambda request: [python, script, request.url if by_url else request.job, str(request.output), *words]


def _imported(python: str, package: str) -> list[str]:
    return [python, "-c", f"import {package}"]


def _from_imported(python: str) -> list[str]:
    # Our names are loaded when they are used: the package alone would look cheaper than it is.
    return [python, "-c", "from together_ext import Together"]


def _check_programs() -> None:
    missing = sorted({package for program, package in PACKAGES.items() if shutil.which(program) is None})
    if missing:
        raise MissingProgramError(f"{', '.join(missing)} missing: apt-get install {' '.join(missing)}")


def peer_environment(name: str, *packages: str) -> str:
    """The interpreter of an environment with these packages and what they need; made once."""
    folder = SCRATCH / "peers" / name
    python, ready = folder / "bin" / "python", folder / ".ready"
    if not ready.exists():
        sys.stderr.write(f"Setting up an environment for {name}, once ...\n")
        _run(sys.executable, "-m", "venv", "--clear", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
        ready.touch()
    return str(python)


def _package(python: str, name: str) -> str:
    return _first_line(python, "-c", f"from importlib.metadata import version; print(version({name!r}))")


def _first_line(*command: str) -> str:
    return _run(*command).splitlines()[0].strip()


def _run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 -- our own commands
    return done.stdout
