"""Where the simulator listens, and the names that its URLs and requests may have."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from .admission import Admission, is_everywhere
from .server import listen


@dataclass(frozen=True)
class Address:
    """The address of both hosts.

    Attributes:
        host: The address to listen on.
        port: The port of the API; 0 for any free one.
        storage_port: The port of the storage host; 0 for any free one.
        names: Further names of this machine, in lower case; the first is that of all URLs of a simulator that listens
            on every address.
    """

    host: str
    port: int
    storage_port: int
    names: tuple[str, ...] = ()

    def listen(self) -> tuple[socket.socket, socket.socket]:
        """The sockets of the API and of the storage host.

        Raises:
            OSError: A port is in use; the message names it.
        """
        api = listen(self.host, self.port)
        try:
            return api, listen(self.host, self.storage_port)
        except OSError:
            api.close()
            raise

    def origin(self, port: int) -> str:
        """The beginning of the URLs of a port."""
        host = self.host
        if is_everywhere(host):
            host = self.names[0] if self.names else "127.0.0.1"
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def admission(self, key: str | None) -> Admission:
        """What requests need; the key is None for a host that checks signatures instead."""
        return Admission(self.host, key, frozenset(self.names))
