"""Messages for network errors: the cause of an error of httpx, and its host or proxy."""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import httpx

NOT_TLS: Final = frozenset(
    {"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "WRONG_VERSION_NUMBER"}
)
"""Reasons of OpenSSL for a server that does not use TLS."""

_BINARY: Final = "illegal request line"
"""Message of h11 for a response that starts with a binary byte, such as a TLS alert."""

_BYTES: Final = re.compile(r"""\bbytearray\(b('[^']*'|"[^"]*")\)""")
"""Bytes of a response as quoted in a message of h11."""

_DEEPEST: Final = 20
"""Maximum length of a chain of causes."""

_CLOSED: Final = ("Server", "peer", "<")
"""Beginnings of messages for a connection that the server closed; those of HTTP/2 are a `<repr>`."""

_NO_SUCH_NAME: Final = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""Errors of the resolver for a name that does not exist; the others may be temporary."""


def reason(error: Exception, host: str = "") -> str:
    """Describe why a response did not arrive, or not completely.

    Args:
        error: The error of httpx or of the operating system. Its message may quote the server.
        host: The host and port, if the error does not contain them.

    Returns:
        The reason, with the host and port or the proxy in brackets.
    """
    found = _of_error(error) or _of_causes(error) or _fallback(error)
    return found + about(error, host)


def _of_error(error: Exception) -> str:
    """The reason, where the type of the error is more specific than its causes; else empty."""
    match error:
        case httpx.ConnectTimeout():
            return "no connection within the timeout"
        case httpx.TimeoutException() | TimeoutError():
            return "no data within the timeout"
        case httpx.ProxyError() if _refused_by_proxy(error):
            return f"the proxy refuses the connection: {_message(error)}"
    return ""


def _of_causes(error: Exception) -> str:
    """The reason of the operating system or of TLS; empty if there is none."""
    return next(filter(None, map(_words, _chain(error))), "")


def _fallback(error: Exception) -> str:
    if isinstance(error, httpx.RemoteProtocolError):
        return _not_http(_message(error))
    unnamed = "the connection broke" if isinstance(error, httpx.NetworkError) else type(error).__name__
    return _message(error) or unnamed


def about(error: Exception, host: str = "") -> str:
    """The proxy of an error, else the host and port, in brackets; empty if neither is known."""
    with suppress(AttributeError, RuntimeError):  # an error without a request
        host = error.request.url.netloc.decode("ascii", "replace")  # type: ignore[attr-defined]  # those of httpx
    where = ", ".join(getattr(error, "__notes__", ())) or host
    return f" ({where})" if where else ""


def is_lasting(error: Exception) -> bool:
    """Whether retries will probably not help: no such host name, no TLS, refused by the proxy."""
    if isinstance(error, httpx.ProxyError) and _refused_by_proxy(error):
        return True
    for link in _chain(error):
        match link:
            case socket.gaierror():
                return link.errno in _NO_SUCH_NAME
            case ssl.SSLCertVerificationError():
                return True
            case ssl.SSLError():
                return link.reason in NOT_TLS
    return False


def is_violation(error: Exception) -> bool:
    """Whether the server sent data that is not valid HTTP."""
    return isinstance(error, httpx.ProtocolError) and not _message(error).startswith(_CLOSED)


def _refused_by_proxy(error: Exception) -> bool:
    """Whether the proxy responded with a status 4xx; the message of httpx starts with the status."""
    return str(error)[:1] == "4"


def _message(error: Exception) -> str:
    return str(error).rstrip(".")


def _not_http(message: str) -> str:
    if message.startswith(_CLOSED):
        return message
    if message == _BINARY:
        return "the response is not HTTP but binary; the address may need https://"
    quoted = _BYTES.sub(r"\1", message)
    return f"the response is not valid HTTP: {quoted}"


def _words(error: BaseException) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"the certificate is not trusted: {error.verify_message}"
        case ssl.SSLError() if error.reason in NOT_TLS:
            return "the server does not use TLS on this port; the address may need http://"
        case ssl.SSLError() if error.reason:
            return f"TLS failed: {error.reason.replace('_', ' ').lower()}"
        case socket.gaierror():
            return f"the host name cannot be resolved: {(error.strerror or 'unknown').lower()}"
        case OSError() if error.errno:
            return os.strerror(error.errno).lower()  # the text of the error differs between event loops
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    for _ in range(_DEEPEST):
        if link is None:
            return
        if isinstance(link, BaseExceptionGroup):
            link = link.exceptions[0]  # one for each address of the host
        yield link
        link = link.__cause__ or link.__context__
