"""The target of a redirect, and whether it is followed, for downloads and API calls."""

from __future__ import annotations

from typing import Final

import httpx

MOST_REDIRECTS: Final = 10
"""Maximum number of redirects of one request."""

NO_ADDRESS: Final = "the server redirects to an invalid address"

PORTS: Final = range(1, 1 << 16)

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class RedirectRefused(Exception):  # noqa: N818 -- its message is a part of a sentence
    """A redirect that is not followed; the message has the reason."""


def redirect_target(url: httpx.URL, location: str) -> httpx.URL:
    """Determine the target of a redirect (RFC 9110, 10.2.2).

    Args:
        url: The address of the request.
        location: The `Location` of its response.

    Returns:
        An http or https address, without a user name and password of the server's choice.

    Raises:
        RedirectRefused: The target is not such an address, or leads from https to http.
    """
    try:
        target = url.join(location)
        host = target.host  # decoded here, which may fail
    except (httpx.InvalidURL, ValueError) as error:
        raise RedirectRefused(NO_ADDRESS) from error
    if target.scheme not in {"http", "https"}:
        raise RedirectRefused(
            f"the server redirects to the scheme {target.scheme[:20]!r}; only http and https are followed"
        )
    if not host:
        raise RedirectRefused("the server redirects to an address without a host")
    if (target.port or 1) not in PORTS:
        raise RedirectRefused(NO_ADDRESS)
    if (url.scheme, target.scheme) == ("https", "http"):
        raise RedirectRefused(f"{shown(url)} redirects to {host} without encryption")
    return target.copy_with(userinfo=b"")


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port of an address; secrets of one origin are not sent to another (RFC 6454, 4)."""
    return url.scheme, url.host, url.port or DEFAULT_PORTS.get(url.scheme)


def signature(url: httpx.URL) -> list[str]:
    """The values in the query of a signed address: it is a secret while it is valid, and a host may repeat it."""
    return [value for value in url.params.values() if value]


def shown(url: httpx.URL) -> str:
    """An address for messages, without its query, because that of a signed URL is a secret."""
    return str(url.copy_with(query=None, fragment=None, userinfo=b""))[:200]
