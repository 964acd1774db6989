"""Settings: an explicit argument goes before the environment, and that before the default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from .errors import ConfigurationError

DEFAULT_BASE_URL = "https://api.together.ai/v1"
DEFAULT_TIMEOUT = 60.0
DEFAULT_MAX_RETRIES = 2

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
