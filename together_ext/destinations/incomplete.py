"""Incomplete multipart uploads in S3 and servers with its protocol: obstore signs the request that lists them."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import httpx

from together_ext.transfer.network.clients import Certificates, sync_client
from together_ext.transfer.network.decoding import decoder
from together_ext.transfer.network.in_time import watch, within

from .store import Store

MOST: Final = 4 << 20
"""Maximum number of bytes of a list that are read; S3 lists 1,000 uploads at once."""

PATIENCE: Final = 2
"""Maximum duration of the request, in timeouts."""

_BEGUN: Final = re.compile(r"<Initiated>([0-9T:.Z-]{10,40})</Initiated>")


@dataclass(frozen=True)
class Incomplete:
    """A multipart upload that is not complete.

    Attributes:
        key: The key of its object.
        begun: When it began, as the store formats it; empty if the store does not send it.
    """

    key: str
    begun: str


def listed(document: str) -> list[Incomplete]:
    """The uploads of a list."""
    found = []
    # Not an expression for the whole entry, which takes quadratic time if the ends of the entries are missing.
    for piece in document.split("<Upload>")[1:]:
        entry, end, _ = piece.partition("</Upload>")
        key, closed, _ = entry.partition("<Key>")[2].partition("</Key>")
        if end and closed:
            begun = _BEGUN.search(entry)
            found.append(Incomplete(html.unescape(key), begun[1] if begun else ""))
    return found


def _read(response: httpx.Response) -> bytes | None:
    """The body of a response; None if it is too large."""
    body, decode = bytearray(), decoder(response.headers)
    for data in response.iter_raw():
        for piece in decode.pieces(data):
            body += piece
            if len(body) > MOST:
                return None
    return bytes(body)


def incomplete_uploads(store: Store, *, timeout: float) -> list[Incomplete] | None:
    """The multipart uploads below a location that are not complete, at most 1,000.

    Args:
        store: The store, at the location.
        timeout: Maximum number of seconds without data, and half the maximum duration.

    Returns:
        The uploads; None if the store does not list them.
    """
    path = store.location.path
    prefix = quote(f"{path}/" if path else "", safe="")
    address = store.signed(f"uploads&prefix={prefix}")
    if address is None:
        return None
    try:
        with (
            sync_client(Certificates(), timeout=timeout) as client,
            within(PATIENCE * timeout),
            client.stream("GET", address, extensions={"trace": watch}) as response,
        ):
            body = _read(response)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):  # the last two of the address of a redirect
        return None
    if body is None:
        return None
    text = body.decode("utf-8", "replace")
    return listed(text) if response.is_success and "<ListMultipartUploadsResult" in text else None
