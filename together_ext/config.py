"""Settings: an argument overrides the environment, which overrides the default."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn
from urllib.parse import urlsplit

from .errors import SECONDS, TIMEOUT, ConfigurationError, Numbers, shown_value
from .text import printable

DEFAULT_BASE_URL = "https://api.together.ai/v1"
DEFAULT_TIMEOUT = 60.0
DEFAULT_MAX_RETRIES = 2
DEFAULT_CALL_TIMEOUT = 600.0

MOST_CONNECTIONS = 64
"""Maximum number of connections; servers may take more for an attack."""

REGISTRY_CONNECTIONS = 32
"""Default maximum number of connections to the hosts of the registry, which serve files in parts of 20 MiB."""

LEAST_RATE = 1000
"""Minimum rate limit of a download, in bytes a second."""

Source = Literal["archive", "registry", "auto"]
SOURCES: Final[tuple[Source, ...]] = ("archive", "registry", "auto")
"""Where weights come from: `auto` is the registry where a job has object IDs, else the archive."""

HEADERS_VARIABLE = "TOGETHER_CUSTOM_HEADERS"

OF_THE_REQUEST = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "if-range",
        "range",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that describe one request, so that no setting can have them."""

LONGEST_NUMBER = 9
"""Maximum number of digits of a number in the environment."""


@dataclass(frozen=True)
class Settings:
    """The settings of a client.

    Attributes:
        api_key: The bearer key, or None. Not in the repr.
        base_url: The API's address, ending in `/v1`, without a trailing slash.
        timeout: Maximum number of seconds without data on a connection.
        max_retries: Maximum number of retries of a call.
        call_timeout: Maximum number of seconds for a call with its retries.
        project: ID of the project whose models are meant; None for that of the API key.
        headers: Names and values of further headers for requests to the API. Not in the repr: values are secrets.
    """

    api_key: str | None = field(repr=False)
    base_url: str
    timeout: float
    max_retries: int
    call_timeout: float = DEFAULT_CALL_TIMEOUT
    project: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may contain, longest first."""
        # Not only the whole value: a server may repeat a token without the word "Bearer".
        values = [part for _, value in self.headers for part in (value, value.rpartition(" ")[2])]
        return tuple(sorted({self.api_key or "", *values} - {""}, key=len, reverse=True))

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied, since the copy would contain the key.

        Raises:
            TypeError: Always.
        """
        raise TypeError(
            "settings hold the API key and cannot be pickled: create the client in the process that uses it"
        )

    @classmethod
    def resolve(  # noqa: PLR0913 -- the settings
        cls,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        *,
        call_timeout: float | None = None,
        project: str | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Settings:
        """The settings; an empty variable counts as not set.

        Raises:
            ConfigurationError: A value is invalid.
        """
        environ = os.environ if environ is None else environ
        return cls(
            _api_key(api_key, environ),
            _base_url(base_url, environ),
            _timeout(timeout),
            _max_retries(max_retries),
            _call_timeout(call_timeout, environ),
            _project(project, environ),
            _headers(environ),
        )


def _api_key(given: str | None, environ: Mapping[str, str]) -> str | None:
    """The argument, else `TOGETHER_API_KEY`. The messages do not contain the key: they may end up in a log."""
    if given is not None and not isinstance(given, str):
        raise ConfigurationError(f"the API key is of the type {type(given).__name__}: expected text")
    key = (environ.get("TOGETHER_API_KEY", "") if given is None else given).strip()
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigurationError("the API key has invalid characters: copy it again, without line breaks")
    return key or None


def _base_url(given: str | None, environ: Mapping[str, str]) -> str:
    """The argument, else `TOGETHER_BASE_URL`, else the public address."""
    return normalized_base_url(
        environ.get("TOGETHER_BASE_URL", "").strip() or DEFAULT_BASE_URL if given is None else given
    )


def _project(given: str | None, environ: Mapping[str, str]) -> str | None:
    """The argument, else `TOGETHER_PROJECT_ID`, else None."""
    name, value = ("TOGETHER_PROJECT_ID", environ.get("TOGETHER_PROJECT_ID")) if given is None else ("project", given)
    text = value.strip() if isinstance(value, str) else value
    if text is None or (given is None and not text):
        return None
    if not isinstance(text, str) or not re.fullmatch(r"[\w.-]*\w[\w.-]*", text, re.ASCII):
        shown = printable(repr(text), 60)
        raise ConfigurationError(
            f"{name} is {shown}: expected the ID of a project, of letters, digits, '-', '_' and '.'"
        )
    return text


def _headers(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The headers in `TOGETHER_CUSTOM_HEADERS`: a line for each, `Name: value`. No message contains a value."""
    found: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(environ.get(HEADERS_VARIABLE, "").split("\n"), start=1):
        if not line.strip():
            continue
        name, colon, value = (part.strip() for part in line.partition(":"))
        where = f"{HEADERS_VARIABLE}: line {number}"
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ConfigurationError(f"{where} is not a header: expected 'Name: value'")
        if not re.fullmatch(r"[\t -~]*", value):
            raise ConfigurationError(f"{where} has a value with characters other than printable ASCII: remove them")
        if name.lower() in OF_THE_REQUEST:
            raise ConfigurationError(f"{where} sets {name}, which each request sets itself: remove the line")
        found[name.lower()] = (name, value)
    return tuple(found.values())


def _timeout(given: float) -> float:
    TIMEOUT.check("timeout", given, ConfigurationError)
    return float(given)


def _max_retries(given: int) -> int:
    Numbers(0, whole=True).check("max_retries", given, ConfigurationError)
    return given


def _call_timeout(given: float | None, environ: Mapping[str, str]) -> float:
    """The argument, else `TOGETHER_EXT_CALL_TIMEOUT`, else 600 seconds."""
    name, value, shown = "call_timeout", given, shown_value(given, 40)
    if given is None:
        name, text = "TOGETHER_EXT_CALL_TIMEOUT", environ.get("TOGETHER_EXT_CALL_TIMEOUT", "").strip()
        shown = printable(repr(text), 40)
        try:
            value = float(text) if text else DEFAULT_CALL_TIMEOUT
        except ValueError:
            value = math.nan
    if value is None or value not in TIMEOUT:
        raise ConfigurationError(f"{name} is {shown}: expected {TIMEOUT}")
    return float(value)


def normalized_base_url(url: str) -> str:
    """The API's address with `/v1` at its end.

    The official clients have had it first in the paths, then in the base URL, so users have set both forms.

    Raises:
        ConfigurationError: Not an http or https address, or one with a user name or a query in it.
    """
    import httpx

    wanted = f"expected an address such as {DEFAULT_BASE_URL}"
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = httpx.URL(url.strip()).host
        # The system's resolver does this later, and its error would look like one of the server.
        host.encode("idna")
    except (ValueError, TypeError, AttributeError, httpx.InvalidURL):
        # Without the value: it may contain a password, or be the key in the wrong argument.
        raise ConfigurationError(f"the base URL is not an address: {wanted}") from None
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"the base URL has a user name or password in it: {wanted}")
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise ConfigurationError(f"the base URL is not an http or https address: {wanted}")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"the base URL has a query or fragment: {wanted}")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}/v1"


def download_connections(given: int | None, default: int, *, environ: Mapping[str, str] | None = None) -> int:
    """Maximum number of connections of a download: the argument, else `TOGETHER_EXT_CONNECTIONS`, else the default.

    Raises:
        ConfigurationError: It is not a whole number from 1 to `MOST_CONNECTIONS`.
    """
    environ = os.environ if environ is None else environ
    text = environ.get("TOGETHER_EXT_CONNECTIONS", "").strip()
    name, value = "connections", given
    if given is None and text:
        name = "TOGETHER_EXT_CONNECTIONS"
        # A number with more digits exceeds the limit anyway.
        value = int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER else -1
    if value is None:
        return default
    numbers = Numbers(1, MOST_CONNECTIONS, whole=True)
    if value not in numbers:
        raise ConfigurationError(f"{name} is {shown_value(text if given is None else given, 40)}: expected {numbers}")
    return value


def download_source(given: str | None, *, environ: Mapping[str, str] | None = None) -> Source:
    """The source of weights: the argument, else `TOGETHER_EXT_SOURCE`, else the archive.

    Raises:
        ConfigurationError: It is none of `SOURCES`.
    """
    environ = os.environ if environ is None else environ
    text = environ.get("TOGETHER_EXT_SOURCE", "").strip()
    name, value = ("source", given) if given is not None or not text else ("TOGETHER_EXT_SOURCE", text)
    if value is None:
        return "archive"
    for source in SOURCES:
        if value == source:
            return source
    raise ConfigurationError(f"{name} is {printable(repr(value), 40)}: choose one of {', '.join(SOURCES)}")


def download_lock_timeout(given: float | None) -> float | None:
    """Maximum number of seconds to wait for another process; None for no limit.

    Raises:
        ConfigurationError: It is not a number of seconds from 0.
    """
    SECONDS.check_given("lock_timeout", given, ConfigurationError)
    return given


def download_limit_rate(given: float | None) -> float | None:
    """Maximum number of bytes a second of a download; None for no limit.

    Raises:
        ConfigurationError: It is not a number of bytes from `LEAST_RATE`.
    """
    Numbers(LEAST_RATE, unit="bytes per second").check_given("limit_rate", given, ConfigurationError)
    return given
