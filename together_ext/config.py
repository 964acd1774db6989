"""Settings: an explicit argument goes before the environment, and that before the default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .errors import ConfigurationError

DEFAULT_BASE_URL = "https://api.together.ai/v1"
DEFAULT_TIMEOUT = 60.0
DEFAULT_MAX_RETRIES = 2


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
        key = (environ.get("TOGETHER_API_KEY", "") if api_key is None else api_key).strip()
        url = environ.get("TOGETHER_BASE_URL", "").strip() or DEFAULT_BASE_URL if base_url is None else base_url
        if not (key.isascii() and key.isprintable() and " " not in key):
            # Says nothing of the key itself: it would end up in a log.
            raise ConfigurationError("the API key has characters that no key has: copy it again, without line breaks")
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            raise ConfigurationError(f"timeout is {timeout!r}: it must be a number of seconds above 0")
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
    except ValueError as error:
        raise ConfigurationError(f"the base URL is not an address ({error}): {wanted}") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"the base URL has a user name or password in it: {wanted}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ConfigurationError(f"the base URL is {url!r}: {wanted}")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"the base URL {url!r} has a query or fragment: {wanted}")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}/v1"
