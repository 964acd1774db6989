"""The simulator: the object that tests and demos use."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.types import Receive, Scope, Send

from .account import Account
from .address import Address
from .admin import PATH as ADMIN_PATH
from .admin import Admin
from .admission import is_loopback
from .answers import Operation
from .app import Api
from .archives import Archive, Content, served
from .base_model_operations import BaseModelOperations
from .breaking import Gate
from .catalog import age, lived
from .chat import Chat
from .dataset_operations import DatasetOperations
from .delivery import Delivery
from .endpoint_operations import EndpointOperations
from .faults import DOWNLOAD_PATH, PARTS_PATH, STORAGE_PATH, Fault, Script
from .file_operations import FileOperations
from .files import Files
from .front import Front
from .host import Host, Trouble, exchange_of, fault_of, transport_of
from .jobs import FLOW, Job, identifier
from .models import Form
from .owner import whoami
from .records import Log, Request, wait_until
from .registry import Registry
from .registry_operations import PART_HEADER, RegistryOperations
from .server import ServerThread
from .serving import Endpoints
from .shelf import Label, Shelf
from .state import StateFile
from .storage import Part, Storage
from .uploads import Uploads


class Simulator:
    """A local server with the operations of the API: finished and unfinished jobs, real archives, and faults.

    Use it as a context manager, or call `start` and `close`. `redirect_downloads`, `rate_limit` and the limits of
    `storage` may be changed at any time; `faults` is the script of the faults to come, `registry` has the models of the
    model registry.

    Args:
        port: The port of the API (default: any free port).
        host: The address to listen on.
        api_key: The key that is accepted (default: a random one).
        redirect: Whether downloads are redirected (302) to a signed URL of `storage`.
        rate_limit: Maximum bytes per second of each download (default: unlimited).
        pace: Seconds that an unfinished job spends in each state (default: jobs move only by `advance`).
        old_server: Whether every job has the fields of an older server, also for newer clients.
        seed: Changes the IDs of new objects and the content of archives; equal seeds, equal values (default: none).
        state: A file that keeps jobs, files and endpoints for the next start (default: they are lost).
        admin_token: The key of the admin interface (default: the API key on a loopback address, else a random one).
        names: Further names of this machine, which requests may have as their Host; the first is that of all URLs if
            the simulator listens on every address.
        storage_port: The port of the storage host (default: any free port).
        clock: Returns the time of events.
        timer: Returns seconds, for ``pace``.
    """

    def __init__(  # noqa: PLR0913 - keywords with defaults
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        api_key: str | None = None,
        redirect: bool = False,
        rate_limit: float | None = None,
        pace: float | None = None,
        old_server: bool = False,
        seed: str | int | None = None,
        state: Path | str | None = None,
        admin_token: str | None = None,
        names: Sequence[str] = (),
        storage_port: int = 0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.api_key = api_key or f"sim-{secrets.token_hex(16)}"
        own_token = self.api_key if is_loopback(host) else f"admin-{secrets.token_hex(16)}"
        self.admin_token = admin_token or own_token
        self._at_start = (redirect, rate_limit)
        self.redirect_downloads, self.rate_limit = self._at_start
        self.faults = Script()
        self._address = Address(host, port, storage_port, tuple(name.lower() for name in names))
        self._clock = clock
        self._change = threading.Condition()
        self._gate = Gate()
        self._api_log, self._storage_log = Log(self._change), Log(self._change)
        salt = "" if seed is None else f"{seed}/"
        self._shelf = Shelf(salt)
        self._account = Account(clock, timer, pace, old_server=old_server, seed=salt)
        self._files, self._endpoints = Files(clock, salt), Endpoints(clock, salt)
        self._state = None if state is None else StateFile(Path(state), self._account, self._files, self._endpoints)
        self._uploads = Uploads(self._files)
        self.registry = Registry(self._account, clock, salt)
        self.storage = Storage(self._account, self._shelf, self._uploads, self._deliver_stored)
        self._thread: ServerThread | None = None
        self._port = 0

    def start(self) -> Self:
        """Listen on both hosts; returns immediately, ready for requests.

        Raises:
            OSError: A port is in use (the message names it), or the state file cannot be read.
            ConfigurationError: The state file is of another format.
        """
        if self._state is not None:
            self._state.load()
        api, storage = self._address.listen()
        self._port = api.getsockname()[1]
        self.storage.url = self._address.origin(storage.getsockname()[1])
        operations = Api(self._account, self._shelf, self._deliver, self._redirect, self._files, self._operations())
        trouble, admission = Trouble(self.faults, self._gate), self._address.admission
        api_host = Host(operations.app(), self._api_log, trouble, admission(self.api_key), self._delivers)
        storage_host = Host(self.storage.app(), self._storage_log, trouble, admission(None), _is_stored)
        admin_app = Admin(self, lambda fields: self.add_job(**_job_arguments(fields))).app()
        admin_host = Host(admin_app, Log(self._change), Trouble(Script(), Gate()), admission(self.admin_token))
        front = Front(api_host, admin_host, self._state)
        self._thread = ServerThread([(front, api), (storage_host, storage)])
        self._thread.start()
        return self

    def close(self) -> None:
        """Close all connections and stop listening."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()
            if self._state is not None:
                self._state.save()

    def reset(self) -> None:
        """Restore the jobs, files and settings of the start; clear faults and journal; resume stalled responses."""
        self.faults.clear()
        self.release()
        for part in (self._account, self._files, self._uploads, self._shelf, self.registry):
            part.reset()
        self._endpoints.restore([])
        self.storage.expire()
        self.redirect_downloads, self.rate_limit = self._at_start
        self.forget()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL of the API, with ``/v1``; the paths also work without it."""
        return f"{self._address.origin(self._port)}/v1"

    @property
    def admin_url(self) -> str:
        """The base URL of the admin interface."""
        return f"{self._address.origin(self._port)}{ADMIN_PATH}"

    @property
    def port(self) -> int:
        """The port of the API."""
        return self._port

    # Requests -------------------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[Request]:
        """The requests to the API so far, in the order of arrival."""
        return self._api_log.requests()

    @property
    def storage_requests(self) -> list[Request]:
        """The requests to the storage host so far, in the order of arrival."""
        return self._storage_log.requests()

    @property
    def bytes_sent(self) -> int:
        """Bytes of archives that both hosts have sent so far."""
        return self._api_log.bytes_sent + self._storage_log.bytes_sent

    @property
    def stalled(self) -> int:
        """The number of responses that wait for `release`."""
        return self._api_log.stalled + self._storage_log.stalled

    def forget(self) -> None:
        """Reset `requests`, `storage_requests` and `bytes_sent`."""
        self._api_log.clear()
        self._storage_log.clear()

    def wait_until(self, holds: Callable[[Self], bool], timeout: float = 60.0) -> None:
        """Block until ``holds(simulator)`` is true, for example ``lambda sim: sim.bytes_sent > 1_000_000``.

        Raises:
            TimeoutError: It did not within ``timeout`` seconds (default: 60).
        """
        wait_until(self._change, lambda: holds(self), timeout)

    # Faults ---------------------------------------------------------------------------------------------------

    def script(self, *faults: Fault) -> None:
        """Script faults, after those scripted before; each applies to the next requests that match."""
        self.faults.append(*faults)

    def release(self) -> None:
        """Resume all responses that are stalled or held now."""
        self._gate.open()

    # Jobs and archives ----------------------------------------------------------------------------------------

    def job(self, job_id: str) -> Job:
        """A job, which may be changed.

        Raises:
            KeyError: No job has this ID.
        """
        job = self._account.get(job_id)
        if job is None:
            raise KeyError(job_id)
        return job

    def jobs(self) -> list[Job]:
        """Every job, in the order in which they were added."""
        return self._account.all()

    def advance(self, job_id: str, to: str | None = None) -> str:
        """Move a job to its next state, or until its status is ``to``; returns the new status."""
        before, status = None, self._account.advance(job_id)
        while to is not None and status not in {to, before}:
            before, status = status, self._account.advance(job_id)
        return status

    def fail(self, job_id: str, message: str = "Training failed", status: str = "error") -> None:
        """Make a job fail, with status ``error`` or ``user_error``."""
        self._account.fail(job_id, message, status)

    def add_job(  # noqa: PLR0913 - keywords with defaults
        self,
        job_id: str | None = None,
        *,
        status: str = "completed",
        training_type: str = "Lora",
        steps: tuple[int, ...] = (100,),
        model_output_name: str = "acme-research/Tiny-Llama-added-0badcafe",
        archive: Content | None = None,
    ) -> str:
        """Add a job with any status, also an unknown one; returns its ID. For ``archive`` see `add_archive`."""
        training = {"type": training_type} if training_type != "Lora" else {"type": "Lora", "lora_r": 64}
        settings: dict[str, object] = {"training_file": "file-added", "model": "acme/Tiny", "training_type": training}
        new_id = job_id or identifier(f"added {len(self._account.all())}")
        failed = status in {"error", "user_error"}
        reached = "running" if failed else status
        job = Job(new_id, settings, steps, self._clock() - age(reached), model_output_name)
        if reached in FLOW:
            lived(job, reached)
        else:
            job.status = status
        if failed:
            job.fail(job.updated_at, "Training failed", status)
        self._account.add(job)
        if archive is not None:
            self.add_archive(new_id, archive)
        return new_id

    def add_file(self, content: bytes = b"", name: str = "added.jsonl", file_id: str | None = None) -> str:
        """Add a file of training or validation data, with a new ID unless one is given; returns its ID."""
        kind = name.rpartition(".")[2]
        return self._files.add(name, "fine-tune", kind, content, file_id).id

    def add_model(self, name: str) -> None:
        """Add a base model that can be trained and served, without limits in the API."""
        self._account.without_limits.add(name)

    def add_archive(
        self, job_id: str, archive: Content, *, step: int | None = None, form: Form | None = None
    ) -> Archive:
        """Serve another archive for a job.

        Args:
            job_id: The job.
            archive: A file, bytes, a number of synthetic bytes, or any `Archive`.
            step: The step (default: all).
            form: The form of the weights (default: all).

        Returns:
            The archive that is served.
        """
        found = served(archive, job_id)
        self._shelf.place(found, job_id, step, form)
        return found

    def replace_archives(self, job_id: str) -> None:
        """Give the job's archives new content and validators from the next response on."""
        self._shelf.replace(job_id)

    def archive(self, job_id: str, step: int | None = None, form: Form | None = None) -> Archive:
        """The archive of a download (default: of the final step, in the job's default form)."""
        job = self.job(job_id)
        return self._shelf.get(job, Label(job_id, job.steps[-1] if step is None else step, form or job.forms[0]))

    @property
    def limits(self) -> dict[str, dict[str, Any]]:
        """The limits of the base models by name, which may be changed."""
        return self._account.limits

    def set_price(self, answer: dict[str, Any] | None) -> None:
        """Return this as every price estimate; None restores the usual estimate."""
        self._account.price = answer

    # Hosts ----------------------------------------------------------------------------------------------------

    def _operations(self) -> list[tuple[str, Operation, str]]:
        """The operations of all resources but fine-tuning."""
        return [
            *FileOperations(self._files, self._uploads, self.storage.sign_upload).operations(),
            *Chat(self._served, self._clock).operations(),
            *BaseModelOperations(self._account).operations(),
            *EndpointOperations(self._account, self._endpoints, self._clock).operations(),
            *RegistryOperations(self.registry, self._sign).operations(),
            *DatasetOperations(self._account, self._files, self._sign, self._clock).operations(),
            ("/v3/whoami", whoami, "GET"),
        ]

    def _sign(self, name: str, content: Archive, number: str | None = None) -> str:
        return self.storage.sign(Part(name, content, None if number is None else (PART_HEADER, number)))

    def _served(self) -> set[str]:
        """The names of the models that complete chats."""
        started = {endpoint.name for endpoint in self._endpoints.all() if endpoint.state == "STARTED"}
        return {*self._account.tuned_models(), *self._account.base_models(), *started}

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


def _job_arguments(fields: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `Simulator.add_job` for the fields that the admin interface receives."""
    renamed = {"id": "job_id", "archive_size": "archive"}
    return {renamed.get(name, name): tuple(value) if name == "steps" else value for name, value in fields.items()}


def _is_stored(request: Request) -> bool:
    return request.path.startswith((STORAGE_PATH, PARTS_PATH))
