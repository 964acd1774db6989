"""The admin interface: what a test in any language does to the simulator, over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import payloads
from .answers import ApiError, Operation, json_object, json_value, refusal
from .fault_json import fault_as_json, fault_from_json
from .faults import Script
from .jobs import Job
from .records import Request as Recorded

PATH = "/simulator"
"""The path of the admin interface, without ``/v1``."""

_JOB_FIELDS: Mapping[str, type] = {
    "id": str,
    "status": str,
    "training_type": str,
    "steps": list,
    "model_output_name": str,
    "archive_size": int,
}


class Controls(Protocol):
    """What the admin interface uses of the simulator."""

    faults: Script

    def reset(self) -> None:
        """Renew everything."""

    def jobs(self) -> list[Job]:
        """Every job."""

    def job(self, job_id: str) -> Job:
        """A job."""

    def advance(self, job_id: str, to: str | None = None) -> str:
        """Move a job."""

    def fail(self, job_id: str, message: str = ..., status: str = ...) -> None:
        """Make a job fail."""

    def release(self) -> None:
        """Resume stalled responses."""

    def forget(self) -> None:
        """Clear the journal."""

    @property
    def requests(self) -> list[Recorded]:
        """The requests to the API."""

    @property
    def storage_requests(self) -> list[Recorded]:
        """The requests to the storage host."""


@dataclass(frozen=True)
class Admin:
    """The operations of the admin interface.

    Attributes:
        controls: The simulator.
        add_job: Adds a job from its fields, as `Simulator.add_job` takes them; returns its ID.
    """

    controls: Controls
    add_job: Callable[[dict[str, Any]], str]

    def app(self) -> Starlette:
        """The application."""
        routes = [
            ("/reset", self.reset, "POST"),
            ("/release", self.release, "POST"),
            ("/jobs", self.jobs, "GET"),
            ("/jobs", self.create, "POST"),
            ("/jobs/{id}/advance", self.advance, "POST"),
            ("/jobs/{id}/fail", self.fail, "POST"),
            ("/faults", self.faults, "GET"),
            ("/faults", self.inject, "POST"),
            ("/faults", self.clear, "DELETE"),
            ("/requests", self.requests, "GET"),
            ("/requests", self.forget, "DELETE"),
        ]
        handlers: Mapping[Any, Any] = {HTTPException: refusal}
        return Starlette(routes=[_route(*each) for each in routes], exception_handlers=handlers)

    async def reset(self, _request: Request) -> Response:
        """Restore the jobs and files of the start; clear faults and journal."""
        self.controls.reset()
        return Response(status_code=204)

    async def release(self, _request: Request) -> Response:
        """Resume all responses that are stalled or held now."""
        self.controls.release()
        return Response(status_code=204)

    async def jobs(self, _request: Request) -> Response:
        """List all jobs, in their full form."""
        return JSONResponse({"data": [payloads.full(job) for job in self.controls.jobs()]})

    async def create(self, request: Request) -> Response:
        """Add a job with any status, also an unknown one."""
        wanted = await json_object(request, missing={})
        _check(wanted, _JOB_FIELDS)
        if not _are_steps(wanted.get("steps", [1])):
            raise ApiError(400, "steps has to be a list of increasing positive integers", param="steps")
        return JSONResponse(payloads.full(self.controls.job(self.add_job(wanted))), status_code=201)

    async def advance(self, request: Request) -> Response:
        """Move a job to its next state, or until its status is `to`."""
        job = self._job(request)
        wanted = await json_object(request, missing={})
        _check(wanted, {"to": str})
        return JSONResponse({"id": job.id, "status": self.controls.advance(job.id, wanted.get("to"))})

    async def fail(self, request: Request) -> Response:
        """Make a job fail."""
        job = self._job(request)
        wanted = await json_object(request, missing={})
        _check(wanted, {"message": str, "status": str})
        self.controls.fail(job.id, **wanted)
        return JSONResponse({"id": job.id, "status": job.status})

    async def faults(self, _request: Request) -> Response:
        """List the faults that are still to happen."""
        return JSONResponse({"data": [fault_as_json(fault) for fault in self.controls.faults]})

    async def inject(self, request: Request) -> Response:
        """Script a fault, or a list of faults, after those scripted before."""
        sent = await json_value(request)
        faults = [fault_from_json(item) for item in (sent if isinstance(sent, list) else [sent])]
        self.controls.faults.append(*faults)
        return JSONResponse({"data": [fault_as_json(fault) for fault in faults]}, status_code=201)

    async def clear(self, _request: Request) -> Response:
        """Remove all faults."""
        self.controls.faults.clear()
        return Response(status_code=204)

    async def requests(self, _request: Request) -> Response:
        """The journal: the requests to both hosts, in the order of arrival at each."""
        hosts = {"api": self.controls.requests, "storage": self.controls.storage_requests}
        return JSONResponse({"data": [_recorded(host, item) for host, items in hosts.items() for item in items]})

    async def forget(self, _request: Request) -> Response:
        """Clear the journal."""
        self.controls.forget()
        return Response(status_code=204)

    def _job(self, request: Request) -> Job:
        try:
            return self.controls.job(request.path_params["id"])
        except KeyError:
            raise ApiError(404, f"Job {request.path_params['id']} not found", param="id") from None


def _route(path: str, operation: Operation, method: str) -> Route:
    return Route(PATH + path, operation, methods=[method])


def _check(wanted: Mapping[str, object], fields: Mapping[str, type]) -> None:
    """Refuse unknown fields, and values of another type."""
    for name, value in wanted.items():
        if name not in fields:
            raise ApiError(400, f"unknown field {name!r} (known: {', '.join(fields)})", param=name)
        if not isinstance(value, fields[name]) or isinstance(value, bool):
            raise ApiError(400, f"{name} has to be of type {fields[name].__name__}", param=name)


def _are_steps(steps: list[object]) -> bool:
    whole = [step for step in steps if isinstance(step, int) and not isinstance(step, bool) and step > 0]
    return bool(steps) and steps == sorted(set(whole))


def _recorded(host: str, item: Recorded) -> dict[str, object]:
    found: dict[str, object] = asdict(item)
    # The keys are those of tests, but a journal is what people paste into reports.
    headers = {name: "***" if name == "authorization" else value for name, value in item.headers.items()}
    try:
        body: dict[str, str] = {"body": item.body.decode()}
    except UnicodeDecodeError:
        body = {"body": "", "body_base64": base64.b64encode(item.body).decode()}
    response = None if item.response is None else item.response.decode()
    return {"host": host, **found, "query": dict(item.query), "headers": headers, **body, "response": response}
