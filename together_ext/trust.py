"""Which certificates are trusted: those that httpx trusts, read when the first connection is to be encrypted."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterable
from typing import Any, Self

import httpx


class Trust(ssl.SSLContext):
    """A context that stands for httpx's own, which it makes when it is needed, once for all clients that share it.

    To read the certificates takes longer than a whole call, and an `http://` address has no use for them. By itself
    this context trusts nobody, so that a use of it that is not foreseen here fails.
    """

    def __new__(cls) -> Self:
        """Make one that has no certificates."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._protocols: list[str] = []
        self._context: ssl.SSLContext | None = None

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Note what httpx says before each connection: which versions of HTTP it can speak."""
        self._protocols = list(alpn_protocols)

    def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:  # noqa: ANN401 -- handed on as they are
        """Encrypt a connection of a sync client."""
        return self._full().wrap_socket(*args, **options)

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:  # noqa: ANN401 -- the same
        """Encrypt a connection of an async client, or one through an encrypted proxy."""
        return self._full().wrap_bio(*args, **options)

    def _full(self) -> ssl.SSLContext:
        with self._lock:
            if self._context is None:
                self._context = _read()
            self._context.set_alpn_protocols(self._protocols)
            return self._context


def _read() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise httpx.ConnectError(
            f"the trusted certificates cannot be read: {error.strerror}; check SSL_CERT_FILE and SSL_CERT_DIR"
        ) from error
