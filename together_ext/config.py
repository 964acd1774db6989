"""Settings: an explicit argument goes before the environment, and that before the default."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from .errors import ConfigurationError, printable
from .transfer import DEFAULT_CONNECTIONS

DEFAULT_BASE_URL = "https://api.together.ai/v1"
DEFAULT_TIMEOUT = 60.0
DEFAULT_MAX_RETRIES = 2

MOST_CONNECTIONS = 64
"""Connections beyond which a server takes it for an attack."""

LEAST_RATE = 1000
"""Bytes a second below which a download is better stopped."""

LONGEST_NUMBER = 9
"""Digits of a number that is read from the environment."""

LONGEST_TIMEOUT = 1e9
"""Seconds, some thirty years: operating systems count no further."""


@dataclass(frozen=True)
class Settings:
    """What a client needs to know.

    Attributes:
        api_key: The bearer key; None if there is none. Not in the repr.
        base_url: The API's address, always ending in `/v1`, without a slash behind it.
        timeout: Seconds that a connection may be silent.
        max_retries: How often a call is repeated after its first failure.
    """

    api_key: str | None = field(repr=False)
    base_url: str
    timeout: float
    max_retries: int

    @classmethod
    def resolve(
        cls,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> Settings:
        """Put the settings together; an empty variable counts as not set.

        Raises:
            ConfigurationError: A value that cannot be right.
        """
        environ = os.environ if environ is None else environ
        if api_key is not None and not isinstance(api_key, str):
            raise ConfigurationError(f"the API key is of the type {type(api_key).__name__}: expected text")
        key = (environ.get("TOGETHER_API_KEY", "") if api_key is None else api_key).strip()
        url = environ.get("TOGETHER_BASE_URL", "").strip() or DEFAULT_BASE_URL if base_url is None else base_url
        if not (key.isascii() and key.isprintable() and " " not in key):
            # Says nothing of the key itself: it would end up in a log.
            raise ConfigurationError("the API key has characters that no key has: copy it again, without line breaks")
        is_number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
        if not is_number or not 0 < timeout <= LONGEST_TIMEOUT:
            raise ConfigurationError(f"timeout is {timeout!r}: it must be a number of seconds above 0, at most 1e9")
        if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 0:
            raise ConfigurationError(f"max_retries is {max_retries!r}: it must be a whole number from 0")
        return cls(key or None, normalized_base_url(url), float(timeout), max_retries)


def normalized_base_url(url: str) -> str:
    """The API's address with `/v1` at its end.

    The official clients have had it in the base URL and in the paths by turns, so users have set both forms.

    Raises:
        ConfigurationError: Not an http or https address, or one with a user name or a query in it.
    """
    wanted = f"expected an address such as {DEFAULT_BASE_URL}"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = httpx.URL(url.strip()).host
        # What the system's resolver does later, where its error would look like one of the server.
        host.encode("idna")
    except (ValueError, TypeError, AttributeError, httpx.InvalidURL):
        # Says nothing of what it is: there may be a password in it, or it may be the key in the wrong place.
        raise ConfigurationError(f"the base URL is not an address: {wanted}") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"the base URL has a user name or password in it: {wanted}")
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise ConfigurationError(f"the base URL is not an http or https address: {wanted}")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"the base URL has a query or fragment: {wanted}")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}/v1"


def download_connections(given: int | None, *, environ: Mapping[str, str] | None = None) -> int:
    """How many connections a download may have: the argument, else `TOGETHER_EXT_CONNECTIONS`, else 8.

    Raises:
        ConfigurationError: It is not a whole number from 1 to `MOST_CONNECTIONS`.
    """
    environ = os.environ if environ is None else environ
    text = environ.get("TOGETHER_EXT_CONNECTIONS", "").strip()
    name, value = "connections", given
    if given is None and text:
        name = "TOGETHER_EXT_CONNECTIONS"
        # What has more digits is too much anyway, and not worth reading.
        value = int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER else -1
    if value is None:
        return DEFAULT_CONNECTIONS
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_CONNECTIONS:
        shown = printable(repr(given if name == "connections" else text), 40)
        raise ConfigurationError(f"{name} is {shown}: it must be a whole number from 1 to {MOST_CONNECTIONS}")
    return value


def download_limit_rate(given: float | None) -> float | None:
    """How many bytes a second a download may take: the argument; None for no limit.

    Raises:
        ConfigurationError: It is not a number of bytes from `LEAST_RATE`.
    """
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if given is None or (is_number and LEAST_RATE <= given < math.inf):
        return given
    raise ConfigurationError(f"limit_rate is {given!r}: it must be a number of bytes a second, at least {LEAST_RATE}")
