"""Checks of a request before its body is read: Host and Origin, the key, and the size."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import Message, Receive

from .answers import ApiError

UPLOAD_PATH = "/files/upload"
BODY_LIMIT = 64 * 1024
"""Maximum number of bytes of a request's body, except for the paths of `BODY_LIMITS`."""
STORED_PATH = "/upload/"
"""The path of uploads on the storage host."""
BODY_LIMITS: Mapping[str, int] = {
    "/chat/completions": 4 * 1024 * 1024,
    UPLOAD_PATH: 64 * 1024 * 1024,
    STORED_PATH: 512 * 1024 * 1024,
}


@dataclass(frozen=True)
class Admission:
    """The requirements for every request to a host.

    Any web page can make a browser send requests to this machine, also under a name of its own that resolves to it
    (DNS rebinding). Such requests have a foreign Host or Origin.

    Attributes:
        address: The address that the host listens on.
        key: The bearer key; None for a host that checks signatures instead.
        names: Further names of this machine.
    """

    address: str
    key: str | None
    names: frozenset[str] = frozenset()

    def check(self, path: str, headers: Mapping[str, str]) -> None:
        """Refuse a request by its path and headers (by lower-case name).

        Raises:
            ApiError: 403 for a foreign Host or Origin, 401 for another key, 413 for a body that is too large.
        """
        if (host := headers.get("host")) is not None and not self._is_ours(f"//{host}"):
            raise ApiError(403, f"Host {host!r} is not allowed: use localhost or {self.address}", code="foreign_host")
        if (origin := headers.get("origin")) is not None and not self._is_ours(origin):
            raise ApiError(403, f"Origin {origin!r} is not allowed", code="foreign_origin")
        if self.key is not None and not _has_key(headers.get("authorization", ""), self.key):
            raise ApiError(401, "Invalid API key provided", code="invalid_api_key")
        declared = headers.get("content-length", "0")
        # Bounded, because Python refuses to parse very long numbers; the HTTP parser admits only digits.
        if len(declared) > len(str(2**64)) or int(declared) > body_limit(path):
            raise _too_large(path)

    def _is_ours(self, url: str) -> bool:
        """Whether the host of a URL is this machine, under a name that no foreign page can use."""
        try:
            name = (urlsplit(url).hostname or "").rstrip(".")
        except ValueError:
            return False
        ours, everywhere = {"localhost", self.address.lower(), *self.names}, is_everywhere(self.address)
        if name in ours or (everywhere and name == socket.gethostname().lower()):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or everywhere


def is_loopback(address: str) -> bool:
    """Whether only this machine can connect to an address."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_everywhere(address: str) -> bool:
    """Whether a server on an address listens on every address of this machine."""
    return address in {"", "0.0.0.0", "::"}  # noqa: S104 -- compared, not bound


def body_limit(path: str) -> int:
    """Maximum number of bytes of a body that is sent to a path."""
    return BODY_LIMITS.get(STORED_PATH if path.startswith(STORED_PATH) else path, BODY_LIMIT)


def bounded(receive: Receive, path: str) -> Receive:
    """The same messages, with a limit on the size of the body; beyond it, `ApiError` (413) is raised."""
    left = body_limit(path)

    async def receive_bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(path)
        return message

    return receive_bounded


def _too_large(path: str) -> ApiError:
    return ApiError(413, f"The body is too large: the maximum for {path} is {body_limit(path)} bytes", code="too_large")


def _has_key(header: str, key: str) -> bool:
    scheme, _, given = header.partition(" ")
    # Bytes, because compare_digest refuses non-ASCII text, which a wrong key may contain.
    return scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), key.encode())
