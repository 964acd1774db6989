"""All checks, in order: those that need nothing first, and each only where what it needs is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from together_ext.api.connection import Anonymous
from together_ext.api.requests import Requests
from together_ext.cli.session import connect, key_of
from together_ext.clock import SYSTEM
from together_ext.config import DEFAULT_BASE_URL, Settings, download_connections, download_source
from together_ext.text import environment_secrets
from together_ext.transfer.network.clients import Certificates, sync_client

from . import destination, machine, network, objects, weights
from .findings import Finding, shareable, skipped
from .running import attempt

if TYPE_CHECKING:
    import httpx

    from together_ext.api.flow import Archive
    from together_ext.checkpoints import CheckpointName
    from together_ext.cli.settings import Settings as Common
    from together_ext.transfer import Remote

CONNECTIONS: Final = 8
"""Number of connections of a download, by default."""

ONLINE: Final = ("proxy", "certificates", "base URL", "clock", "API key", "project")
"""The checks that need the network."""

DOWNLOAD: Final = ("job", "storage", "ranges", "validator", "rate")
"""The checks of a download; each needs all of `ONLINE`, and those before it."""


@dataclass(frozen=True)
class Wanted:
    """What is checked.

    Attributes:
        common: The common options.
        name: The job or checkpoint whose download is checked; None for no download.
        place: Where downloads are saved: the absolute path of a folder, or a bucket.
    """

    common: Common
    name: CheckpointName | None
    place: Path | objects.Bucket


def diagnosis(wanted: Wanted) -> Iterator[Finding]:
    """Run all checks.

    Yields:
        The findings, each when its check has ended, without secrets.
    """
    key = key_of(wanted.common)
    secrets = [*environment_secrets(os.environ), *([] if key is None else [key])]
    for found in _checks(wanted, key):
        yield shareable(found, secrets)


def _checks(wanted: Wanted, key: str | None) -> Iterator[Finding]:
    yield from _each("versions", machine.versions)
    settings = yield from _settings(wanted, key)
    size = None
    if settings is not None:
        size = yield from _online(wanted, settings)
    if isinstance(wanted.place, objects.Bucket):
        tested = list(_each("destination", partial(objects.writable, wanted.place)))
        yield from tested
        if all(found.good for found in tested):
            yield from _each("incomplete uploads", partial(objects.uploads, wanted.place))
        else:
            yield skipped("incomplete uploads", "the destination is not writable")
    else:
        yield from _on_disk(wanted.place, size)


def _on_disk(folder: Path, size: int | None) -> Iterator[Finding]:
    found = attempt("destination", partial(destination.writable, folder))
    yield found
    yield from _each("disk space", partial(destination.space, folder, size))
    if found.good:
        yield from _each("disk speed", partial(destination.speed, folder))
    else:
        yield skipped("disk speed", "the destination is not writable")
    yield from _each("locks", partial(destination.leftovers, folder))


def _each(name: str, check: Callable[[], Finding | list[Finding]]) -> Iterator[Finding]:
    found = attempt(name, check)
    yield from found if isinstance(found, list) else [found]


def _unreached(wanted: Wanted, done: Collection[str], why: str) -> Iterator[Finding]:
    """The checks of the network and of the download that cannot be run any more."""
    names = ONLINE if wanted.name is None else (*ONLINE, *DOWNLOAD)
    yield from (skipped(name, why) for name in names if name not in done)


def _settings(wanted: Wanted, key: str | None) -> Generator[Finding, None, Settings | None]:
    """The settings; None if one is invalid. Each is checked alone, so that the finding names the right one."""
    common = wanted.common

    def resolved(name: str, *, key: str | None = "", url: str | None = DEFAULT_BASE_URL) -> Settings | None:
        environ = {name: os.environ.get(name, "")}
        return Settings.resolve(key, url, environ=environ)

    base = attempt("base URL", partial(resolved, "TOGETHER_BASE_URL", url=common.base_url))
    given = attempt("API key", partial(resolved, "TOGETHER_API_KEY", key=key))
    rest = attempt("settings", partial(_others, common))
    problems = [found for found in (base, given, rest) if isinstance(found, Finding)]
    yield from problems
    if problems:
        yield from _unreached(wanted, [found.name for found in problems], "a setting is invalid")
        return None
    return Settings.resolve(key, common.base_url, project=common.project)


def _others(common: Common) -> int:
    Settings.resolve("", DEFAULT_BASE_URL, project=common.project)
    download_source(None)
    return download_connections(None, CONNECTIONS)


def _online(wanted: Wanted, settings: Settings) -> Generator[Finding, None, int | None]:
    """The checks that need the network; returns the size of the archive, if it is known."""
    trusted = Certificates()
    with sync_client(trusted, timeout=network.PATIENCE) as client:
        valid = attempt("proxy", partial(network.check_proxy, settings.base_url))
        if isinstance(valid, Finding):
            yield valid
            yield from _unreached(wanted, ["proxy"], "the proxy cannot be used")
            return None
        if settings.base_url.startswith("https:"):
            ready = attempt("certificates", trusted.context)
            if isinstance(ready, Finding):
                yield ready
                yield from _unreached(wanted, ["certificates"], "the trusted certificates cannot be read")
                return None
        contact = attempt("base URL", partial(network.contacted, client, settings), 2 * network.PATIENCE + 5)
        if isinstance(contact, Finding):
            yield contact
            yield from _unreached(wanted, ["base URL"], "the API cannot be reached")
            return None
        yield from _each("proxy", partial(network.proxy, contact))
        yield from _each("certificates", partial(network.certificates, contact))
        yield from _each("base URL", partial(network.address, contact))
        yield from _each("clock", partial(network.clock, contact))
        yield from _each("API key", partial(network.key, contact, settings))
        yield from _each("project", partial(network.project, contact, settings))
        if wanted.name is None:
            return None
        if not contact.accepted:
            yield from _unreached(wanted, ONLINE, "the API did not accept the request")
            return None
        return (yield from _download(wanted, wanted.name, settings, client))


def _download(
    wanted: Wanted, name: CheckpointName, settings: Settings, client: httpx.Client
) -> Generator[Finding, None, int | None]:
    found = attempt("job", partial(_archive, wanted.common, name))
    if isinstance(found, Finding):
        yield found
        yield from _unreached(wanted, [*ONLINE, "job"], "the job was not found")
        return None
    finding, archive = found
    yield finding
    if archive is None:
        yield from _unreached(wanted, [*ONLINE, "job"], "the job has no weights to download")
        return None
    remote = _remote(settings, client, archive)
    content = attempt("storage", partial(weights.head, remote))
    if isinstance(content, Finding):
        yield content
        yield from _unreached(wanted, [*ONLINE, "job", "storage"], "the archive cannot be requested")
        return None
    yield from _each("storage", partial(weights.storage, remote, content))
    yield from _each("ranges", partial(weights.ranges, content))
    yield from _each("validator", partial(weights.validator, content))
    yield from _each("rate", partial(weights.rate, remote, content, download_connections(None, CONNECTIONS)))
    return content.size


def _archive(common: Common, name: CheckpointName) -> tuple[Finding, Archive | None]:
    # A test's clock only advances in waits; without one, the timeout of a request limits this.
    with connect(replace(common, max_retries=0, timeout=network.PATIENCE)) as client:
        return weights.archive_of(client, name)


def _remote(settings: Settings, client: httpx.Client, archive: Archive) -> Remote:
    return Requests(settings, SYSTEM).remote(Anonymous(client), archive, timeout=network.PATIENCE)
