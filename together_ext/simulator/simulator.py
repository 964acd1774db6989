"""The simulator itself: what a test or a demo holds in its hand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.types import Receive, Scope, Send

from together_ext.simulator.account import Account
from together_ext.simulator.app import Api
from together_ext.simulator.archives import Archive, BytesArchive, FileArchive, SyntheticArchive
from together_ext.simulator.catalog import lived
from together_ext.simulator.delivery import Delivery, Gate
from together_ext.simulator.faults import DOWNLOAD_PATH, Fault, Script
from together_ext.simulator.files import Files
from together_ext.simulator.host import Host, Trouble, exchange_of, fault_of, transport_of
from together_ext.simulator.jobs import FLOW, Job, identifier
from together_ext.simulator.models import Form
from together_ext.simulator.other import Other
from together_ext.simulator.records import Log, Request, wait_until
from together_ext.simulator.server import ServerThread, listen
from together_ext.simulator.serving import Endpoints
from together_ext.simulator.shelf import Label, Shelf
from together_ext.simulator.storage import Storage

API_KEY = "simulator-key"


class Simulator:
    """A local Together API with finished and unfinished jobs, real archives, and trouble on request.

    Use it as a context manager, or `start` and `close` it. `redirect_downloads` and `rate_limit` may be changed at any
    time, and so may the limits of `storage`; `faults` is the script of what is still to go wrong.

    Args:
        port: Where the API listens; 0 for any free port.
        host: The address to listen on.
        api_key: The one key that is accepted.
        redirect: Answer downloads with 302 to a signed URL of `storage`.
        rate_limit: Bytes a second for each download, None for as fast as it goes.
        pace: Seconds that an unfinished job spends in each state; None moves jobs only by `advance`.
        old_server: Let every job live on an older server, as the official client 1.5 expects it.
        clock: The time of day of what happens to jobs.
        timer: Seconds that pass, for ``pace``.
    """

    def __init__(  # noqa: PLR0913 - keywords with defaults
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        api_key: str = API_KEY,
        redirect: bool = False,
        rate_limit: float | None = None,
        pace: float | None = None,
        old_server: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.api_key = api_key
        self.redirect_downloads = redirect
        self.rate_limit = rate_limit
        self.faults = Script()
        self._address = (host, port)
        self._clock = clock
        self._change = threading.Condition()
        self._gate = Gate()
        self._api_log, self._storage_log = Log(self._change), Log(self._change)
        self._shelf = Shelf()
        self._account = Account(clock, timer, pace, old_server=old_server)
        self._files, self._endpoints = Files(clock), Endpoints(clock)
        self.storage = Storage(self._account, self._shelf, self._deliver_stored)
        self._thread: ServerThread | None = None
        self._port = 0

    def start(self) -> Self:
        """Listen on both hosts; returns at once, ready to be asked.

        Raises:
            OSError: The port is taken.
        """
        host, port = self._address
        api, storage = listen(host, port), listen(host, 0)
        self._port = api.getsockname()[1]
        self.storage.url = self._origin(storage.getsockname()[1])
        other = Other(self._account, self._files, self._endpoints, self._clock)
        operations = Api(self.api_key, self._account, self._shelf, self._deliver, self._redirect, other)
        trouble = Trouble(self.faults, self._gate)
        api_host = Host(operations.app(), self._api_log, trouble, delivers=self._delivers)
        storage_host = Host(self.storage.app(), self._storage_log, trouble, delivers=lambda _: True)
        self._thread = ServerThread([(api_host, api), (storage_host, storage)])
        self._thread.start()
        return self

    def close(self) -> None:
        """Hang up on everyone and stop listening."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL of the API, with ``/v1``; the paths work without it, too."""
        return f"{self._origin(self._port)}/v1"

    @property
    def port(self) -> int:
        """The port of the API."""
        return self._port

    # What happened ---------------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Request]:
        """What the API was asked so far, in the order of arrival."""
        return self._api_log.requests()

    @property
    def storage_requests(self) -> list[Request]:
        """What the storage host was asked so far."""
        return self._storage_log.requests()

    @property
    def bytes_sent(self) -> int:
        """Bytes of archives that both hosts have sent so far."""
        return self._api_log.bytes_sent + self._storage_log.bytes_sent

    @property
    def stalled(self) -> int:
        """How many answers wait for `release` now."""
        return self._api_log.stalled + self._storage_log.stalled

    def forget(self) -> None:
        """Start `requests`, `storage_requests` and `bytes_sent` afresh."""
        self._api_log.clear()
        self._storage_log.clear()

    def wait_until(self, holds: Callable[[Self], bool], timeout: float = 5.0) -> None:
        """Block until ``holds(simulator)``, for example ``lambda sim: sim.bytes_sent > 1_000_000``.

        Raises:
            TimeoutError: It did not within ``timeout`` seconds.
        """
        wait_until(self._change, lambda: holds(self), timeout)

    # What shall go wrong ---------------------------------------------------------------------------------------

    def script(self, *faults: Fault) -> None:
        """Let ``faults`` happen, after those scripted before, each to the next requests that it concerns."""
        self.faults.append(*faults)

    def release(self) -> None:
        """Let every answer go on that stalls or is held now."""
        self._gate.open()

    # Jobs and archives -----------------------------------------------------------------------------------------

    def job(self, job_id: str) -> Job:
        """A job, to look at and to change.

        Raises:
            KeyError: There is none of that ID.
        """
        job = self._account.get(job_id)
        if job is None:
            raise KeyError(job_id)
        return job

    def advance(self, job_id: str, to: str | None = None) -> str:
        """Move a job on by one state, or until its status is ``to``; returns the new status."""
        before, status = None, self._account.advance(job_id)
        while to is not None and status not in {to, before}:
            before, status = status, self._account.advance(job_id)
        return status

    def fail(self, job_id: str, message: str = "Training failed", status: str = "error") -> None:
        """Let a job end badly, with ``error`` or ``user_error``."""
        self._account.fail(job_id, message, status)

    def add_job(  # noqa: PLR0913 - keywords with defaults
        self,
        job_id: str | None = None,
        *,
        status: str = "completed",
        training_type: str = "Lora",
        steps: tuple[int, ...] = (100,),
        model_output_name: str = "acme-research/Tiny-Llama-added-0badcafe",
        archive: Archive | Path | bytes | int | None = None,
    ) -> str:
        """Add a job in any status, known or not; returns its ID. For ``archive`` see `add_archive`."""
        training = {"type": training_type} if training_type != "Lora" else {"type": "Lora", "lora_r": 32}
        settings: dict[str, object] = {"training_file": "file-added", "model": "acme/Tiny", "training_type": training}
        new_id = job_id or identifier(f"added {len(self._account.all())}")
        job = Job(new_id, settings, steps, self._clock(), model_output_name)
        if status in FLOW:
            lived(job, status)
        elif status in {"error", "user_error"}:
            lived(job, "running").fail(job.updated_at, "Training failed", status)
        else:
            job.status = status
        self._account.add(job)
        if archive is not None:
            self.add_archive(new_id, archive)
        return new_id

    def add_archive(
        self, job_id: str, archive: Archive | Path | bytes | int, *, step: int | None = None, form: Form | None = None
    ) -> Archive:
        """Serve something else for a job, for all its steps and forms or for the given ones; returns what is served.

        ``archive``: a file, bytes, so many synthetic bytes, or anything that is an `Archive`.
        """
        match archive:
            case Path():
                served: Archive = FileArchive(archive)
            case bytes():
                served = BytesArchive(archive)
            case int():
                served = SyntheticArchive(archive, job_id)
            case _:
                served = archive
        self._shelf.place(served, job_id, step, form)
        return served

    def replace_archives(self, job_id: str) -> None:
        """Give the job's archives new content and validators from the next answer on."""
        self._shelf.replace(job_id)

    def archive(self, job_id: str, step: int | None = None, form: Form | None = None) -> Archive:
        """What a download gets: of the final step and in the job's default form, unless said otherwise."""
        job = self.job(job_id)
        return self._shelf.get(job, Label(job_id, job.steps[-1] if step is None else step, form or job.forms[0]))

    @property
    def limits(self) -> dict[str, dict[str, Any]]:
        """The limits of the base models by their names, to look at and to change."""
        return self._account.limits

    def set_price(self, answer: dict[str, Any] | None) -> None:
        """Answer every estimate with this; with None as usual."""
        self._account.price = answer

    # How the hosts work ----------------------------------------------------------------------------------------

    def _origin(self, port: int) -> str:
        host = self._address[0]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def _delivers(self, request: Request) -> bool:
        return request.path == DOWNLOAD_PATH and not self.redirect_downloads

    def _redirect(self, label: Label) -> str | None:
        return self.storage.sign(label) if self.redirect_downloads else None

    async def _deliver(self, archive: Archive, scope: Scope, receive: Receive, send: Send) -> None:
        await self._delivery(archive, scope, self._api_log, lambda _: None)(receive, send)

    async def _deliver_stored(self, archive: Archive, scope: Scope, receive: Receive, send: Send) -> None:
        signature = exchange_of(scope).request.query["signature"]
        counted = partial(self.storage.used, signature)
        await self._delivery(archive, scope, self._storage_log, counted)(receive, send)

    def _delivery(self, archive: Archive, scope: Scope, log: Log, counted: Callable[[int], None]) -> Delivery:
        return Delivery(
            archive=archive,
            exchange=exchange_of(scope),
            fault=fault_of(scope),
            transport=transport_of(scope),
            gate=self._gate,
            log=log,
            rate=lambda: self.rate_limit,
            counted=counted,
        )


def serve(  # noqa: PLR0913 - keywords with defaults
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    api_key: str = API_KEY,
    redirect: bool = False,
    rate_limit: float | None = None,
    pace: float | None = None,
    started: Callable[[Simulator], None] = lambda _: None,
) -> None:
    """Play the API in the foreground until Ctrl-C, and return then.

    Args:
        port: Where the API listens; 0 for any free port.
        host: The address to listen on.
        api_key: The one key that is accepted.
        redirect: Answer downloads with a redirect to the storage host.
        rate_limit: Bytes a second for each download.
        pace: Seconds that an unfinished job spends in each state; None freezes it.
        started: Is called with the simulator once it can be asked; the place to print its URL and key.

    Raises:
        OSError: The port is taken.
    """
    simulator = Simulator(port=port, host=host, api_key=api_key, redirect=redirect, rate_limit=rate_limit, pace=pace)
    with simulator:
        try:
            started(simulator)
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
