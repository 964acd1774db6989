"""The httpx clients of this package, with the proxies and certificates of the environment.

httpx reads the environment when a client is created, and one invalid variable breaks every client. Here a variable is
read when a request needs it, and an invalid one is a `ConfigurationError`. What httpx logs of their requests has no
secrets.
"""

from __future__ import annotations

import os
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import httpx

from together_ext.errors import ConfigurationError
from together_ext.text import printable

from .proxies import Proxies, Proxy

T = TypeVar("T", bound=httpx.HTTPTransport | httpx.AsyncHTTPTransport)


class Certificates:
    """The trusted certificates: read for the first encrypted connection, once for all clients that share them.

    Reading them takes longer than a whole call, and `http://` addresses do not need them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """The TLS context for encrypted connections.

        Raises:
            ConfigurationError: The file or folder of a variable cannot be read.
        """
        with self._lock:
            if self._context is None:
                self._context = _read()
            return self._context


def sync_client(certificates: Certificates, *, timeout: float) -> httpx.Client:
    """Create a client with the proxies of the environment.

    Args:
        certificates: The trusted certificates.
        timeout: Maximum number of seconds without data on a connection.

    Returns:
        The client; its connections are closed with it, or when it is no longer referenced.
    """
    transport = _Routed(certificates)
    client = httpx.Client(transport=transport, timeout=timeout, trust_env=False)
    weakref.finalize(client, transport.close)
    return client


def async_client(certificates: Certificates, *, timeout: float) -> httpx.AsyncClient:
    """Create a client for async code; the parameters are those of `sync_client`."""
    return httpx.AsyncClient(transport=_AsyncRouted(certificates), timeout=timeout, trust_env=False)


class _Routes(Generic[T]):
    """The transports of a client in each process: one for each proxy, and one for direct connections; thread-safe."""

    def __init__(self, make: Callable[..., T], certificates: Certificates) -> None:
        self._make, self._certificates = make, certificates
        self._proxies = Proxies.of_environment()
        self._lock = threading.Lock()
        self._made: dict[tuple[int, Proxy | None, bool], T] = {}

    def route(self, url: httpx.URL) -> tuple[Proxy | None, T]:
        """The proxy for an address (None for a direct connection), and the transport.

        Raises:
            ConfigurationError: A variable that this address needs is invalid.
        """
        proxy, encrypted = self._proxies.proxy_for(url), url.scheme == "https"
        # A forked process has the sockets of its parent, and would read the responses to its parent's requests.
        key = os.getpid(), proxy, encrypted
        with self._lock:
            if key not in self._made:
                self._made[key] = self._transport(proxy, encrypted)
            return proxy, self._made[key]

    def _transport(self, proxy: Proxy | None, encrypted: bool) -> T:  # noqa: FBT001 -- two parts of the key
        # A context without certificates trusts no server, so that an unexpected use fails.
        trusted = self._certificates.context() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if proxy is None:
            return self._make(verify=trusted, trust_env=False)
        url = proxy.url
        own = self._certificates.context() if url.scheme == "https" else None
        try:
            return self._make(verify=trusted, trust_env=False, proxy=httpx.Proxy(url, ssl_context=own))
        except (ValueError, ImportError) as error:
            raise ConfigurationError(f"the proxy {proxy} cannot be used: {printable(str(error), 200)}") from None

    def transports(self) -> list[T]:
        """All transports that were created."""
        with self._lock:
            return list(self._made.values())


class _Address(httpx.URL):
    """An address whose text has no query: httpx logs the text, and the query of a signed URL is a secret."""

    def __str__(self) -> str:
        return str(self.copy_with(query=None))

    def __eq__(self, other: object) -> bool:
        # httpx compares texts.
        return httpx.URL(self) == other

    def __hash__(self) -> int:
        return hash(httpx.URL(self))


class _Routed(httpx.BaseTransport):
    def __init__(self, certificates: Certificates) -> None:
        self._routes = _Routes(httpx.HTTPTransport, certificates)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = _Address(request.url)
        proxy, transport = self._routes.route(request.url)
        with _naming(proxy):
            return transport.handle_request(request)

    def close(self) -> None:
        for transport in self._routes.transports():
            transport.close()


class _AsyncRouted(httpx.AsyncBaseTransport):
    def __init__(self, certificates: Certificates) -> None:
        self._routes = _Routes(httpx.AsyncHTTPTransport, certificates)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = _Address(request.url)
        proxy, transport = self._routes.route(request.url)
        with _naming(proxy):
            return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        for transport in self._routes.transports():
            await transport.aclose()


@contextmanager
def _naming(proxy: Proxy | None) -> Iterator[None]:
    """Add the proxy to a failure, because the requested host is not its cause."""
    try:
        yield
    except httpx.TransportError as error:
        if proxy is not None:
            error.add_note(f"proxy {proxy}")
        raise


def _read() -> ssl.SSLContext:
    folders = os.environ.get("SSL_CERT_DIR")
    if folders and not os.environ.get("SSL_CERT_FILE") and not any(map(os.path.isdir, folders.split(os.pathsep))):
        # Python accepts a missing folder, and then trusts no server.
        raise _unusable("SSL_CERT_DIR", "not a folder")
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise _unusable(_at_fault(), (error.strerror or type(error).__name__).lower()) from error


def _at_fault() -> str:
    """The variable because of which the certificates cannot be read."""
    try:
        httpx.create_ssl_context(trust_env=False)
    except OSError:
        return "SSLKEYLOGFILE"  # read by Python itself
    return "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"


def _unusable(variable: str, reason: str) -> ConfigurationError:
    value = os.environ.get(variable)
    if not value:
        return ConfigurationError(f"cannot read the trusted certificates ({reason}): reinstall the package certifi")
    shown = printable(repr(value), 200)
    return ConfigurationError(
        f"{variable} is {shown}, which cannot be used ({reason}): correct the variable or unset it"
    )
