"""Proxies of the environment: `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY`, except for the hosts in `NO_PROXY`.

A variable is parsed when an address needs it, so an invalid one fails only the requests that need it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.request import getproxies

import httpx

from together_ext.errors import ConfigurationError, MissingSocksError

from .redirects import DEFAULT_PORTS, PORTS

SCHEMES: Final = {"http": "http", "https": "https", "socks5": "socks5", "socks5h": "socks5h", "socks": "socks5"}
"""The supported schemes of a proxy's address, and the schemes of httpx. Some desktops write `socks://`."""

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}")

_EXCEPTION: Final = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?"
    r"(?P<host>\[[^\]]*\]|[^:\[\]]*:[^\[\]]*:[^\[\]]*|[^:\[\]]*)"  # [IPv6], IPv6 with or without a prefix, other
    r"(?::(?P<port>[0-9]{1,5}))?/?"
)


@dataclass(frozen=True)
class Proxy:
    """A proxy that the environment names.

    Attributes:
        variable: The name of the variable.
        value: Its value, which may contain a password.
    """

    variable: str
    value: str = field(repr=False)

    @property
    def url(self) -> httpx.URL:
        """The address in the form that httpx accepts.

        Raises:
            ConfigurationError: The value is not an address, or its scheme is not supported.
        """
        scheme, separator, rest = self.value.partition("://")
        if not separator:
            scheme, rest = "http", self.value
        elif not _SCHEME.fullmatch(scheme):
            raise self._invalid("http")  # not shown, because it may be a part of the password
        scheme = scheme.lower()
        if scheme not in SCHEMES:
            raise ConfigurationError(
                f"{self.variable} has the form {scheme}://...; supported are http://, https:// and socks5://: "
                "correct the variable or unset it"
            )
        try:
            url = httpx.URL(f"{SCHEMES[scheme]}://{rest}")
        except (httpx.InvalidURL, ValueError):
            raise self._invalid(scheme) from None
        # A password that contains one of "/?#" is parsed as the path, the query or the fragment.
        cut = any("@" in part for part in (url.path, url.query.decode("ascii"), url.fragment))
        if cut or not url.host or (url.port is not None and url.port not in PORTS):
            raise self._invalid(scheme)
        if scheme.startswith("socks") and find_spec("socksio") is None:
            raise MissingSocksError(self.variable, scheme)
        return url

    def _invalid(self, scheme: str) -> ConfigurationError:
        # Without the value, which may contain a password.
        return ConfigurationError(
            f"{self.variable} is not a valid proxy address: expected {scheme}://host:port or "
            f"{scheme}://user:password@host:port, with special characters percent-encoded (such as %23 for #)"
        )

    def __str__(self) -> str:
        url = self.url
        return f"{url.scheme}://{url.netloc.decode('ascii', 'replace')} from {self.variable}"


@dataclass(frozen=True)
class _Exception:
    """An entry of `NO_PROXY`: addresses that are connected to directly."""

    scheme: str
    host: str
    network: IPv4Network | IPv6Network | None
    port: int | None

    @classmethod
    def parse(cls, entry: str) -> _Exception | None:
        found = _EXCEPTION.fullmatch(entry.lower())
        if found is None:
            return None
        host = found["host"]
        try:
            network = ip_network(host.strip("[]"), strict=False)
        except ValueError:
            network = None
        return cls(found["scheme"] or "all", host, network, None if found["port"] is None else int(found["port"]))

    def matches(self, url: httpx.URL) -> bool:
        if self.scheme not in {"all", url.scheme}:
            return False
        if self.port is not None and self.port != (url.port or DEFAULT_PORTS.get(url.scheme)):
            return False
        if self.network is not None:
            return _is_in(self.network, url.host)
        # The name as written, and as sent (IDNA).
        return any(_is_named(self.host, host) for host in (url.host, url.raw_host.decode("ascii")))


def _is_in(network: IPv4Network | IPv6Network, host: str) -> bool:
    try:
        return ip_address(host) in network
    except ValueError:
        return False


def _is_named(pattern: str, host: str) -> bool:
    """Whether a pattern matches a host: `example.com` includes subdomains, `.example.com` means only those."""
    pattern, host = pattern.removeprefix("*").rstrip("."), host.rstrip(".")
    if not pattern or pattern == "localhost":
        return host == pattern or not pattern
    return host == pattern or host.endswith(pattern if pattern.startswith(".") else f".{pattern}")


@dataclass(frozen=True)
class Proxies:
    """The proxies of an environment, and the exceptions.

    Attributes:
        by_scheme: The proxy for each scheme: `http`, `https` or `all`.
        exceptions: The entries of `NO_PROXY`.
    """

    by_scheme: Mapping[str, Proxy]
    exceptions: tuple[_Exception, ...]

    @classmethod
    def of_environment(cls) -> Proxies:
        """Read the environment; without variables, the settings of macOS and Windows are used."""
        # getproxies() ignores HTTP_PROXY in CGI scripts, where it is a header of the request.
        found = {name: value.strip() for name, value in getproxies().items()}
        entries = re.split(r"[,\s]+", found.get("no", ""))
        if "*" in entries:
            return cls({}, ())
        by_scheme = {
            scheme: Proxy(_variable(f"{scheme}_proxy"), found[scheme])
            for scheme in ("http", "https", "all")
            if found.get(scheme)
        }
        exceptions = (_Exception.parse(entry) for entry in entries if entry)
        return cls(by_scheme, tuple(exception for exception in exceptions if exception is not None))

    def proxy_for(self, url: httpx.URL) -> Proxy | None:
        """The proxy for an address; None for a direct connection."""
        proxy = self.by_scheme.get(url.scheme) or self.by_scheme.get("all")
        return None if proxy is None or any(each.matches(url) for each in self.exceptions) else proxy


def _variable(name: str) -> str:
    """The name of a variable as spelled in the environment; lower case takes precedence, as in `getproxies`."""
    if os.environ.get(name):
        return name
    return next((each for each in os.environ if each.lower() == name), f"the system's {name} setting")
