"""Many downloads: which ones, how they share connections and rate, and that none replaces the file of another."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from together_ext.api.flow import Archive, Call, Flow, Local, Raw, Read, Step, Transfers, changed
from together_ext.api.responses import warn_of_skipped
from together_ext.bulk import AllCheckpoints, Jobs, Outcomes, Selection
from together_ext.bulk.running import Remote, Tasks
from together_ext.checkpoints import parse_checkpoint_name
from together_ext.clock import SYSTEM
from together_ext.config import LEAST_RATE, download_connections, download_limit_rate, download_lock_timeout
from together_ext.destinations.local import check_output
from together_ext.destinations.urls import SUPPORTED, Location, prefix_url
from together_ext.errors import (
    ConfigurationError,
    MissingKeyError,
    Numbers,
    RuleError,
    TargetExistsError,
    TransferCancelledError,
)
from together_ext.storage import absolute
from together_ext.text import printable
from together_ext.transfer import DEFAULT_CONNECTIONS, Options, Target
from together_ext.transfer.network.pauses import Pauses

from .download import downloaded
from .download_options import DownloadOptions, DownloadRequest, download_request
from .download_result import DownloadResult
from .operations import list_checkpoints, list_jobs
from .prepared import archive, check_source, object_url, place_of, prepared

if TYPE_CHECKING:
    from together_ext.registry.project import Project
    from together_ext.transfer import DownloadProgress, ProgressCallback


Names = Iterable[str | Selection] | str | Selection
"""What `download_many` takes."""


Executors = Executor | Mapping[str, Executor]
"""Where downloads run: each once, or once on each host by its name."""


class Client(Protocol):
    """A client, as a worker needs it."""

    @property
    def fine_tuning(self) -> Any:  # noqa: ANN401 -- the resource, which imports this module
        """Jobs and their weights."""


Connect = Callable[[], AbstractContextManager[Client]]
"""Creates a client; can be pickled, and has no key in it."""


def _checked(names: Names) -> list[str | Selection]:
    """Names and selections as a list.

    Raises:
        CheckpointNameError: A name has another form.
    """
    given = [names] if isinstance(names, str | Selection) else list(names)
    for name in given:
        if not isinstance(name, Selection):
            parse_checkpoint_name(name)
    return given


def _resolved(names: Sequence[str | Selection]) -> Flow[list[str]]:
    """The names of all selections, each once."""
    found: list[str] = []
    for name in names:
        match name:
            case AllCheckpoints(job_id):
                found += [checkpoint.name for checkpoint in (yield from list_checkpoints(job_id))]
            case Jobs():
                listed = yield from list_jobs()
                found += _ids(job for job in listed.documents() if name.matches(job))
            case _:
                found.append(name)
    return list(dict.fromkeys(found))


def _ids(documents: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The IDs of jobs, as the API lists them; one odd job never hides the others."""
    skipped = 0
    for job in documents:
        match job.get("id"):
            case str(found):
                yield found
            case _:
                skipped += 1
    warn_of_skipped(skipped, "job with an ID")


@dataclass
class Claims:
    """The paths and URLs of the downloads that run together, each claimed by the first archive."""

    _owners: dict[str, tuple[str, Archive]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self, name: str, archive: Archive, place: Target | Location) -> None:
        """Claim the path or the URL of a download.

        Raises:
            TargetExistsError: Another archive of the same call has claimed it; or the same one, and it is a URL.
        """
        path = str(place) if isinstance(place, Location) else str(place.folder / place.stem)
        with self._lock:
            owner, claimed = self._owners.setdefault(path, (name, archive))
        # Two names of one archive, such as `ft-...:best` and `ft-...:500`, share its file.
        if claimed != archive:
            raise TargetExistsError(
                f"{path} is the path of {owner}, too, since both jobs have one output name: "
                f"download {name} to another folder",
                replaceable=False,
            )
        # Without a lock, which object stores do not have, both would write the same objects at once.
        if isinstance(place, Location) and owner != name:
            raise TargetExistsError(
                f"{path} is the path of {owner}, too, which is the same archive as {name}: pass one of the two names",
                replaceable=False,
            )


def many(  # noqa: PLR0913 -- keywords
    names: Names,
    options: DownloadOptions,
    *,
    parallel: int,
    executor: Executors | None,
    connect: Connect | None,
    project: Project,
) -> Many:
    """Check what `download_many` was called with.

    Raises:
        CheckpointNameError: A name has another form.
        RuleError: An option is for one download alone, or is invalid.
        ConfigurationError: `parallel`, the connections or the rate are invalid.
    """
    Numbers(1, whole=True).check("parallel", parallel, ConfigurationError)
    request = download_request(options)
    if request.checkpoint_step is not None:
        raise RuleError("checkpoint_step cannot be combined with several names: add it to each name, as in ft-...:500")
    if request.progress is not None and executor is not None:
        raise RuleError("progress is not reported from an executor: omit progress, or executor")
    output = _folder(request, executor)
    if executor is not None and connect is None:
        raise RuleError("http_client cannot be sent to an executor's processes: create the client without it")
    request = replace(
        request,
        output=output,
        # A dictionary can be pickled; a view of one, such as `types.MappingProxyType`, cannot.
        storage_options=None if request.storage_options is None else dict(request.storage_options),
        connections=download_connections(request.connections, DEFAULT_CONNECTIONS),
        limit_rate=download_limit_rate(request.limit_rate),
        lock_timeout=download_lock_timeout(request.lock_timeout),
        # That of another process may have another default.
        source=check_source(request),
    )
    return Many(_checked(names), request, parallel, executor, connect, project)


def _folder(request: DownloadRequest, executor: Executors | None) -> str:
    """The folder or the prefix that all downloads are saved in, with a separator at its end, which marks it as one.

    Raises:
        RuleError: It is a file or an invalid URL, or does not fit the other options.
    """
    url = object_url(request)
    if url is None:
        folder = check_output(request.output, SUPPORTED)
        if folder is not None and os.path.isfile(folder):  # noqa: PTH113 -- pathlib raises for a name that is too long
            raise RuleError(f"output is the file {folder}: expected a folder, since several archives are saved in it")
        # Absolute, since another process has another current folder.
        return os.path.join(absolute(folder or "."), "")  # noqa: PTH118
    if isinstance(executor, Mapping):
        raise RuleError(
            f"output is {printable(url, 200)}, which all hosts share; a copy for each host requires a local output: "
            "pass one, or a single executor (omit --once-per-host)"
        )
    return prefix_url(url, "output")


@dataclass(frozen=True)
class Batch:
    """What downloads share that run together.

    Attributes:
        cancel: Ends all of them when it is set.
        pauses: The `Retry-After` of each host: that for one download holds for all.
    """

    cancel: threading.Event = field(default_factory=threading.Event)
    pauses: Pauses = field(default_factory=Pauses)

    def conducted(self, options: Options) -> Options:
        """The options of one download among others."""
        return replace(options, cancel=self.cancel, pauses=self.pauses)

    def guarded(self, step: Step) -> Step:
        """A step of one download among others, which ends with them."""
        if self.cancel.is_set():
            raise TransferCancelledError
        match step:
            case Call() | Raw() | Read():
                return replace(step, pauses=self.pauses)
            case Local(work):
                return Local(lambda _: work(self.cancel))
            case Transfers(moves):
                return Transfers(lambda line: moves(replace(line, cancel=self.cancel)))
        return step


@dataclass(frozen=True)
class Many:
    """Many downloads, ready to run.

    Attributes:
        names: Names and selections.
        request: The options, whose connections and rate are totals.
        parallel: Maximum number of downloads at once.
        executor: Where they run; None for this process; by host, where every host gets its copy.
        connect: Creates the client of another process.
        project: The project whose registry may have the weights.
        batch: What they share.
    """

    names: Sequence[str | Selection]
    request: DownloadRequest
    parallel: int
    executor: Executors | None
    connect: Connect | None
    project: Project
    batch: Batch = field(default_factory=Batch)

    @property
    def cancel(self) -> threading.Event:
        """Ends all of them when it is set."""
        return self.batch.cancel

    def outcomes(self, run: Callable[[Flow[Any]], Any]) -> Outcomes[DownloadResult]:
        """Download each name; the iterator has an outcome as its download ends.

        Args:
            run: Drives a flow, from any thread.
        """
        return Outcomes(partial(self._tasks, run), cancel=self.cancel, clock=SYSTEM)

    def names_of(self, run: Callable[[Flow[Any]], Any]) -> list[str]:
        """Each name once, with those of the selections.

        Raises:
            ApiError: A selection could not be listed.
        """
        found: list[str] = run(changed(_resolved(self.names), self.batch.guarded))
        return found

    def _tasks(self, run: Callable[[Flow[Any]], Any]) -> Tasks[DownloadResult]:
        names = self.names_of(run)
        assert self.request.connections is not None  # noqa: S101 -- see `many`
        # On each host; each download gets a connection at least, and a rate that is not too low for one.
        most = [self.parallel, len(names), self.request.connections]
        if self.request.limit_rate is not None:
            most.append(int(self.request.limit_rate // LEAST_RATE))
        at_once = max(min(most), 1)
        request = replace(
            self.request,
            connections=self.request.connections // at_once,
            limit_rate=None if self.request.limit_rate is None else self.request.limit_rate / at_once,
        )
        if self.executor is None or self.connect is None:
            return Tasks(names, _Here(run, self.project, request, Claims(), self.batch), at_once)
        elsewhere = partial(_Elsewhere, run, request, self.batch, self.connect)
        if not isinstance(self.executor, Mapping):
            return Tasks(names, elsewhere(self.executor, Claims()), at_once)
        hosts = {host: elsewhere(executor, Claims()) for host, executor in self.executor.items()}
        copies = {f"{name} {host}": (name, host) for name in names for host in hosts}
        return Tasks(
            [*copies],
            lambda copy: hosts[copies[copy][1]](copies[copy][0]),
            at_once * len(hosts),
            lambda outcome: replace(outcome, name=copies[outcome.name][0], host=copies[outcome.name][1]),
        )


@dataclass(frozen=True)
class _Here:
    """Downloads in this process."""

    run: Callable[[Flow[Any]], Any]
    project: Project
    request: DownloadRequest
    claims: Claims
    batch: Batch
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, name: str) -> DownloadResult:
        request = self.request
        if request.progress is not None:
            request = replace(request, progress=partial(self._report, name, request.progress))
        result: DownloadResult = self.run(changed(self._download(name, request), self.batch.guarded))
        return result

    def _download(self, name: str, request: DownloadRequest) -> Flow[DownloadResult]:
        found = yield from prepared(name, request)
        self.claims.claim(name, found.archive, found.place)
        found = replace(found, options=self.batch.conducted(found.options))
        return (yield from downloaded(self.project, request, found))

    def _report(self, name: str, progress: ProgressCallback, now: DownloadProgress) -> None:
        with self.lock:
            progress(replace(now, name=name))


@dataclass(frozen=True)
class _Elsewhere:
    """Applies the rules in this process, and leaves the download to an executor."""

    run: Callable[[Flow[Any]], Any]
    request: DownloadRequest
    batch: Batch
    connect: Connect
    executor: Executor
    claims: Claims

    def __call__(self, name: str) -> Remote[DownloadResult]:
        flow = archive(name, None, self.request.checkpoint_type)
        job, found, _ = self.run(changed(flow, self.batch.guarded))
        self.claims.claim(name, found, place_of(self.request.output, found, job))
        # Dask takes two equal calls for one, whose result it keeps: a copy for another host, and a later run.
        return Remote(self.executor, partial(_download, self.connect, name, self.request, secrets.token_hex(8)))


def _download(connect: Connect, name: str, request: DownloadRequest, _call: str) -> DownloadResult:
    """Download in another process, with the key of its own environment; `_call` makes each call differ.

    Raises:
        MissingKeyError: That process has no key; the message names it.
    """
    try:
        with connect() as client:
            result: DownloadResult = client.fine_tuning.download(name, **vars(request))
            return result
    except MissingKeyError:
        raise MissingKeyError(f"process {os.getpid()} on {socket.gethostname()}") from None
