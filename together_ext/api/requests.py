"""The requests of calls and downloads: address, headers, key, limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import httpx

from together_ext.clock import AsyncClock, Deadline
from together_ext.config import Settings
from together_ext.errors import MissingKeyError
from together_ext.transfer.network.pauses import Pauses
from together_generated.api.files import retrieve_file_content
from together_generated.api.fine_tuning import download_fine_tune
from together_generated.models import DownloadCheckpoint
from together_generated.types import UNSET

from . import exchange
from .exchange import Terms
from .failures import UnwritableError
from .flow import Archive, StoredFile, Streaming
from .retries import CAREFUL, FREE, REFUSED_CONNECTION, Retries

if TYPE_CHECKING:
    from together_ext.transfer import Remote
    from together_ext.transfer.source import Sender

FORMS: Final = {
    form.value: form
    for form in (DownloadCheckpoint.ADAPTER, DownloadCheckpoint.MERGED, DownloadCheckpoint.MODEL_OUTPUT_PATH)
}
"""The forms of weights that are requested. Each is named, so that a sync stops if the API no longer has one."""

VERSIONED: Final = re.compile(r"/v\d+/")
"""Begins the address of an operation that is not below `/v1`."""


USER_AGENT: Final = exchange.USER_AGENT


def _retries(settings: Settings) -> Callable[[httpx.Request], Retries]:
    """The retries of a request: a POST is repeated only when the server has done nothing."""
    freely = Retries(settings.max_retries, FREE)
    carefully = Retries(settings.max_retries, CAREFUL, REFUSED_CONNECTION)
    return lambda request: carefully if request.method == "POST" else freely


class Requests:
    """Builds requests with the settings of a client."""

    def __init__(self, settings: Settings, clock: AsyncClock) -> None:
        self._settings, self._clock = settings, clock
        self._retries = _retries(settings)

    def _key(self) -> str:
        if self._settings.api_key is None:
            raise MissingKeyError
        return self._settings.api_key

    def _own_headers(self) -> httpx.Headers:
        """The headers of every request to the API; those of the settings take precedence, as in the official SDK."""
        found = httpx.Headers({"Authorization": f"Bearer {self._key()}", "User-Agent": USER_AGENT})
        found.update(self._settings.headers)
        return found

    def _address(self, path: str) -> str:
        """The address of an operation; one with a version, such as `/v3/whoami`, begins at the root of the server."""
        base = self._settings.base_url
        return (base.removesuffix("/v1") if VERSIONED.match(path) else base) + path

    def built(self, client: httpx.Client | httpx.AsyncClient, keywords: Mapping[str, Any]) -> httpx.Request:
        """A request, from the keywords of `httpx.Client.build_request`."""
        content = dict(keywords)
        method, url = content.pop("method"), self._address(content.pop("url"))
        headers = self._own_headers()
        headers.update(content.pop("headers", {}))
        timeout = httpx.Timeout(self._settings.timeout)
        try:
            return exchange.built(client, method, url, headers=headers, timeout=timeout, **content)
        except (TypeError, ValueError, RecursionError) as error:
            raise UnwritableError from error

    def terms(
        self,
        client: httpx.Client | httpx.AsyncClient,
        request: httpx.Request,
        within: float | None = None,
        pauses: Pauses | None = None,
    ) -> Terms:
        """The limits of a request: retries, deadline, and the pauses that it shares with others."""
        deadline = Deadline(self._clock, self._settings.call_timeout, within)
        return Terms(self._retries(request), deadline, client.cookies, pauses or Pauses())

    def remote(self, client: Sender, archive: Archive | StoredFile, *, timeout: float | None = None) -> Remote:
        """The remote file for the download engine; `timeout` is in seconds (default: that of the engine)."""
        from together_ext.transfer import DEFAULT_TIMEOUT, Remote

        request = download_request(archive)
        return Remote(
            client,
            httpx.URL(self._settings.base_url + request["url"], params=request.get("params")),
            headers=self._own_headers(),
            agent=USER_AGENT,
            timeout=DEFAULT_TIMEOUT if timeout is None else timeout,
            action=f"download {archive}",
            signed=False,
        )


def download_request(archive: Archive | StoredFile) -> dict[str, Any]:
    """The request for an archive or a file, as the generated client makes it."""
    # A private name of the generated code, since its functions read whole bodies into memory; a test checks that it
    # exists. `operations.list_jobs` does the same.
    if isinstance(archive, StoredFile):
        return retrieve_file_content._get_kwargs(id=archive.file_id)  # noqa: SLF001 -- the same
    return download_fine_tune._get_kwargs(  # noqa: SLF001
        ft_id=archive.job_id,
        checkpoint_step=UNSET if archive.step is None else archive.step,
        checkpoint=UNSET if archive.checkpoint is None else FORMS[archive.checkpoint],
    )


def streaming_request(wanted: Archive | StoredFile | Streaming) -> Mapping[str, Any]:
    """The request for what is read as a stream."""
    return wanted.request if isinstance(wanted, Streaming) else download_request(wanted)


def streaming_action(wanted: Archive | StoredFile | Streaming) -> str:
    """What that request does, to follow "could not" in messages."""
    return wanted.action if isinstance(wanted, Streaming) else f"download {wanted}"
