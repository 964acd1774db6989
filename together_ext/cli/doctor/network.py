"""Checks of the way to the API, and of the API key: one request, and what it shows."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from together_ext.api.exchange import USER_AGENT
from together_ext.cli.render.amounts import counted
from together_ext.config import Settings
from together_ext.errors import KEYS
from together_ext.text import printable
from together_ext.transfer.network.in_time import watch, within
from together_ext.transfer.network.proxies import Proxies
from together_ext.transfer.network.reasons import reason
from together_ext.transfer.network.redirects import DEFAULT_PORTS, RedirectRefused, redirect_target, shown

from .findings import Finding, State, skipped

PATIENCE: Final = 10.0
"""Maximum number of seconds of a request."""

LARGEST: Final = 64 << 10
"""Maximum number of bytes of a response that are read."""

LITTLE_SKEW, MUCH_SKEW = 60.0, 300.0
"""Seconds between the clocks above which there is a warning or a failure: signatures of URLs expire within minutes."""

CHECK_ADDRESS: Final = "check TOGETHER_BASE_URL and --base-url; the default is https://api.together.ai/v1"


@dataclass(frozen=True)
class Contact:
    """The first response of the API, or why there was none.

    Attributes:
        url: The address that was requested.
        status: The status; None without a response.
        headers: The headers of the response, with names in lower case.
        document: The response, if it is a JSON object.
        at: The time of this machine when the response arrived.
        seconds: How long the request took.
        error: Why there was no response.
    """

    url: httpx.URL
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    error: httpx.TransportError | None = None

    @property
    def accepted(self) -> bool:
        """Whether the API accepted the request with its key."""
        return self.status is not None and httpx.codes.is_success(self.status) and self.document is not None

    @property
    def stopped_by_proxy(self) -> bool:
        """Whether a proxy did not pass the request on."""
        if Proxies.of_environment().proxy_for(self.url) is None:
            return False
        failed = self.error is not None and not certificate_problem(self.error)
        return failed or self.status == httpx.codes.PROXY_AUTHENTICATION_REQUIRED


def contacted(client: httpx.Client, settings: Settings) -> Contact:
    """Request the owner of the key; from a server that does not support this, the list of jobs, without reading it."""
    base = settings.base_url
    found = _requested(client, f"{base.removesuffix('/v1')}/v3/whoami", settings, read=True)
    if found.status == httpx.codes.NOT_FOUND:
        listed = _requested(client, f"{base}/fine-tunes", settings, read=False)
        found = listed if listed.status is not None else found
    return found


def _requested(client: httpx.Client, url: str, settings: Settings, *, read: bool) -> Contact:
    headers = httpx.Headers({"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": USER_AGENT})
    if settings.api_key is not None:
        headers["Authorization"] = f"Bearer {settings.api_key}"
    headers.update(settings.headers)
    request = client.build_request("GET", url, headers=headers, extensions={"trace": watch})
    request.extensions = {**request.extensions, "timeout": httpx.Timeout(PATIENCE).as_dict()}
    try:
        with within(PATIENCE):
            response = client.send(request, stream=True, follow_redirects=False)
            try:
                body = b"".join(_beginning(response)) if read else b""
            finally:
                response.close()
    except httpx.TransportError as error:
        return Contact(request.url, error=error)
    document = _document(body) if read else {} if "json" in response.headers.get("content-type", "") else None
    seconds = response.elapsed.total_seconds()
    return Contact(request.url, response.status_code, dict(response.headers), document, datetime.now(UTC), seconds)


def _beginning(response: httpx.Response) -> Iterator[bytes]:
    size = 0
    for piece in response.iter_raw():
        yield piece
        if (size := size + len(piece)) >= LARGEST:
            return


def _document(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


# What the response shows ----------------------------------------------------------------------------------------------


def check_proxy(base_url: str) -> None:
    """Check the variable of the proxy for an address; raises `ConfigurationError` if it is invalid."""
    found = Proxies.of_environment().proxy_for(httpx.URL(base_url))
    if found is not None:
        _ = found.url


def proxy(contact: Contact) -> Finding:
    """The proxy of the environment, and whether it passes the request on."""
    found = Proxies.of_environment().proxy_for(contact.url)
    if found is None:
        return Finding("proxy", State.OK, "no proxy for this address")
    url = found.url
    seen = f"{url.scheme}://{url.host}:{url.port or DEFAULT_PORTS.get(url.scheme, 1080)} from {found.variable}"
    advice = f"check {found.variable} and that the proxy runs, or exclude the host with NO_PROXY"
    if contact.status == httpx.codes.PROXY_AUTHENTICATION_REQUIRED:
        return Finding("proxy", State.FAIL, f"{seen} requires a user name and password (status 407)", advice)
    if contact.error is not None and contact.stopped_by_proxy:
        return Finding("proxy", State.FAIL, f"{seen}: {reason(contact.error)}", advice)
    return Finding("proxy", State.OK, seen)


def certificates(contact: Contact) -> Finding:
    """Whether the certificate of the server is trusted."""
    if contact.url.scheme != "https":
        return skipped("certificates", f"{contact.url.host} is used over plain HTTP")
    problem = certificate_problem(contact.error)
    if problem:
        now = datetime.now(UTC).date().isoformat()
        advice = (
            f"check the date of this machine ({now}); if a proxy or server has its own certificate authority, set "
            "SSL_CERT_FILE; else the operator of the server must renew the certificate"
        )
        return Finding(
            "certificates", State.FAIL, f"the certificate of {contact.url.host} is refused: {problem}", advice
        )
    if contact.error is not None:
        return skipped("certificates", "no connection")
    return Finding("certificates", State.OK, f"the certificate of {contact.url.host} is trusted")


def address(contact: Contact) -> Finding:
    """Whether the API responds at the base URL."""
    name, url = "base URL", str(contact.url.copy_with(query=None))
    if contact.stopped_by_proxy:
        return skipped(name, "the proxy did not pass the request on")
    if certificate_problem(contact.error):
        return skipped(name, "the certificate is refused")
    if contact.error is not None:
        return Finding(name, State.FAIL, f"{url}: {reason(contact.error)}", f"{CHECK_ADDRESS}; check the network")
    problem, advice = _problem_of_response(contact)
    if problem:
        return Finding(name, State.FAIL, f"{url} {problem}", advice)
    return Finding(name, State.OK, f"{url} responds in {contact.seconds:.2f} s")


def _problem_of_response(contact: Contact) -> tuple[str, str]:
    """Why a response is not one of the API, and what to do; empty if it is one."""
    status = contact.status or 0
    if httpx.codes.is_redirect(status):
        return f"redirects to {_target(contact)} (status {status})", CHECK_ADDRESS
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS:
        return f"responds with status {status}", "try again later"
    refused = status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
    if contact.document is None or not (refused or httpx.codes.is_success(status)):
        kind = contact.headers.get("content-type", "no content type").partition(";")[0]
        return f"is not the API: it responds with status {status} and {kind}", CHECK_ADDRESS
    return "", ""


def _target(contact: Contact) -> str:
    try:
        return shown(redirect_target(contact.url, contact.headers.get("location", "")))
    except RedirectRefused as refused:
        return f"an address that is refused: {refused}"


def clock(contact: Contact) -> Finding:
    """Whether the clock of this machine agrees with that of the server (RFC 9110, 6.6.1)."""
    try:
        sent = parsedate_to_datetime(contact.headers["date"])
        skew = (contact.at - (sent if sent.tzinfo else sent.replace(tzinfo=UTC))).total_seconds()
    except (KeyError, TypeError, ValueError, OverflowError, IndexError):
        return skipped("clock", "there is no response with a date")
    if abs(skew) <= LITTLE_SKEW:
        return Finding("clock", State.OK, "differs from the server's by less than a minute")
    here, there = contact.at.isoformat(" ", "seconds"), sent.isoformat(" ", "seconds")
    seen = f"{here} on this machine, {there} on the server"
    state = State.FAIL if abs(skew) > MUCH_SKEW else State.WARN
    return Finding("clock", state, seen, "set the clock of this machine, such as with: timedatectl set-ntp true")


def key(contact: Contact, settings: Settings) -> Finding:
    """Whether there is an API key, and whether the API accepts it. The key is not shown."""
    name = "API key"
    if settings.api_key is None:
        advice = f"set TOGETHER_API_KEY; keys are on {KEYS}"
        return Finding(name, State.FAIL, "there is no API key", advice)
    seen = counted(len(settings.api_key), "character", "characters")
    if contact.accepted:
        return Finding(name, State.OK, f"accepted ({seen})")
    if contact.status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN} and contact.document is not None:
        advice = f"copy the key again from {KEYS}, and check that it is for this server"
        return Finding(name, State.FAIL, f"refused by the API with status {contact.status} ({seen})", advice)
    return skipped(name, f"the API was not reached (the key has {seen})")


def project(contact: Contact, settings: Settings) -> Finding:
    """The project whose models in the registry are meant."""
    owner = (contact.document or {}) if contact.accepted else {}
    entry = owner.get("project")
    names = (
        [entry[part] for part in ("id", "slug") if isinstance(entry.get(part), str)] if isinstance(entry, dict) else []
    )
    shown = printable(", ".join(names), 200)
    if settings.project is not None:
        if names and settings.project not in names:
            seen = f"{settings.project} is set, and the key belongs to {shown}"
            return Finding("project", State.WARN, seen, "check TOGETHER_PROJECT_ID and --project")
        return Finding("project", State.OK, f"{settings.project} is set")
    if names:
        return Finding("project", State.OK, f"{shown}, from the API key")
    if not contact.accepted:
        return skipped("project", "the API key was not accepted")
    return skipped("project", "the API key has none; the model registry requires one: set TOGETHER_PROJECT_ID")


def certificate_problem(error: BaseException | None) -> str:
    """The problem of a certificate in a chain of errors; empty if there is none."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return ""
