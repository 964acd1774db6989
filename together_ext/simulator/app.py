"""The application, with the operations of fine-tuning."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from . import base_models, metrics, payloads
from .account import Account
from .answers import ApiError, Operation, json_object, refusal, whole
from .archives import Archive
from .files import Files
from .host import fault_of
from .jobs import Job
from .models import Form
from .request_fields import ESTIMATE, JOB, METRICS, check_fields
from .shelf import Label, Shelf

Sender = Callable[[Archive, Scope, Receive, Send], Awaitable[None]]
FORMS: tuple[Form, ...] = ("merged", "adapter", "model_output_path")


@dataclass(frozen=True)
class Api:
    """The operations of fine-tuning.

    Attributes:
        account: The jobs.
        shelf: The archives.
        deliver: Sends an archive.
        redirect: Signs a storage URL for an archive; returns None if downloads are not redirected.
        files: The files.
        others: The operations of the other resources.
    """

    account: Account
    shelf: Shelf
    deliver: Sender
    redirect: Callable[[Label], str | None]
    files: Files
    others: Sequence[tuple[str, Operation, str]]

    def app(self) -> Starlette:
        """The application."""
        routes = [
            _route("/fine-tunes", self.list, "GET"),
            _route("/fine-tunes", self.create, "POST"),
            _route("/fine-tunes/estimate-price", self.estimate_price, "POST"),
            _route("/fine-tunes/models/supported", self.models, "GET"),
            _route("/fine-tunes/models/limits", self.model_limits, "GET"),
            _route("/fine-tunes/{id}", self.retrieve, "GET"),
            _route("/fine-tunes/{id}", self.delete, "DELETE"),
            _route("/fine-tunes/{id}/cancel", self.cancel, "POST"),
            _route("/fine-tunes/{id}/events", self.events, "GET"),
            _route("/fine-tunes/{id}/checkpoints", self.checkpoints, "GET"),
            _route("/fine-tunes/{id}/metrics", self.metrics, "GET"),
            _route("/finetune/download", self.download, "GET"),
            *(_route(*operation) for operation in self.others),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: refusal})

    async def list(self, request: Request) -> Response:
        """List all jobs, in their short form."""
        old = _is_old_client(request)
        return JSONResponse({"data": [payloads.truncated(job, old=old) for job in self.account.all()]})

    async def create(self, request: Request) -> Response:
        """Create a job."""
        settings = await json_object(request)
        check_fields(settings, JOB)
        needed = ["training_file"] if settings.get("from_checkpoint") else ["training_file", "model"]
        for name in needed:
            if not isinstance(settings.get(name), str) or not settings[name]:
                raise ApiError(400, f"{name} is required", param=name)
        self._check_files(settings)
        base = self._base_of(str(settings["from_checkpoint"])) if settings.get("from_checkpoint") else None
        if settings.get("model"):
            self._check_model(settings["model"])
        else:
            settings["model"] = base
        return JSONResponse(payloads.truncated(self.account.create(settings), old=_is_old_client(request)))

    def _base_of(self, checkpoint: str) -> str:
        """The base model of a job that is continued, by its ID or its model's name."""
        name = checkpoint.partition(":")[0]
        for job in self.account.all():
            if name in {job.id, job.model_output_name}:
                return str(job.settings["model"])
        raise ApiError(404, f"Checkpoint {checkpoint} not found", param="from_checkpoint")

    def _check_files(self, settings: Mapping[str, object]) -> None:
        """Refuse files that the account does not have, or that have not passed the validation."""
        for name in ("training_file", "validation_file"):
            if not (file_id := settings.get(name)):
                continue
            if (file := self.files.get(str(file_id))) is None:
                raise ApiError(404, f"File {file_id} not found", param=name)
            if file.status != "COMPLETED":
                reason = (file.report or {}).get("error", "it has not been processed")
                raise ApiError(400, f"File {file_id} is not valid: {reason}", param=name)

    def _check_model(self, model: object) -> None:
        """Refuse a base model that cannot be trained."""
        if model not in self.account.base_models():
            raise ApiError(404, f"Model {model} is not supported for fine-tuning", param="model")

    async def estimate_price(self, request: Request) -> Response:
        """Estimate the price of a job."""
        wanted = await json_object(request)
        check_fields(wanted, ESTIMATE)
        if not wanted.get("training_file"):
            raise ApiError(400, "training_file is required", param="training_file")
        self._check_files(wanted)
        if wanted.get("model"):
            self._check_model(wanted["model"])
        return JSONResponse(self.account.price or base_models.estimate(wanted))

    async def models(self, _request: Request) -> Response:
        """List the base models."""
        return JSONResponse({"models": self.account.base_models()})

    async def model_limits(self, request: Request) -> Response:
        """Return the limits of a base model."""
        name = _needed(request, "model_name")
        if name not in self.account.limits:
            message = f"Model {name} is not supported for fine-tuning"
            return JSONResponse({"message": message}, status_code=404)
        return JSONResponse(self.account.limits[name])

    async def retrieve(self, request: Request) -> Response:
        """Return a job, in its full form."""
        return JSONResponse(payloads.full(self._job(request.path_params["id"]), old=_is_old_client(request)))

    async def delete(self, request: Request) -> Response:
        """Delete a job."""
        job = self._job(request.path_params["id"])
        if not job.ended:
            raise ApiError(409, f"Fine-tune job {job.id} is {job.status}: cancel it before it is deleted")
        self.account.delete(job.id)
        return JSONResponse({"message": f"Fine-tune job {job.id} has been deleted"})

    async def cancel(self, request: Request) -> Response:
        """Request that a job stops."""
        job = self._job(request.path_params["id"])
        if job.ended:
            raise ApiError(400, f"Fine-tune job {job.id} is {job.status} and cannot be cancelled")
        self.account.cancel(job)
        return JSONResponse(payloads.truncated(job, old=_is_old_client(request)))

    async def events(self, request: Request) -> Response:
        """List the events of a job."""
        job = self._job(request.path_params["id"])
        old = job.old_server or _is_old_client(request)
        return JSONResponse({"data": [payloads.event(event, old=old) for event in job.events]})

    async def checkpoints(self, request: Request) -> Response:
        """List the checkpoints of a job."""
        job = self._job(request.path_params["id"])
        return JSONResponse({"data": [one for item in job.checkpoints for one in payloads.checkpoints(item, job)]})

    async def metrics(self, request: Request) -> Response:
        """List the metrics of a job. Older clients send the filters as a body, newer ones as the query."""
        job = self._job(request.path_params["id"])
        sent = await json_object(request, missing={})
        check_fields(sent, METRICS)
        try:
            found = metrics.chosen(job, {**sent, **request.query_params})
        except ValueError as error:
            raise ApiError(400, str(error)) from None
        # A loss can be NaN, which JSON cannot represent: it is written as NaN, as Python servers do.
        return Response(json.dumps({"metrics": found}), media_type="application/json")

    async def download(self, request: Request) -> Response:
        """Send the weights, or redirect to them."""
        job = self._job(_needed(request, "ft_id"))
        label = self._label(job, request)
        if fault_of(request.scope).replace:
            self.shelf.replace(job.id)
        if (location := self.redirect(label)) is not None:
            return Response(status_code=302, headers={"location": location})
        return ArchiveResponse(await asyncio.to_thread(self.shelf.get, job, label), self.deliver)

    def _label(self, job: Job, request: Request) -> Label:
        """The archive that is requested."""
        asked, step = request.query_params.get("checkpoint"), _step(request)
        # Neither is required: the samples of the documentation send only the ID and get the final weights. According
        # to the specification, `checkpoint` is ignored together with a step. Here a valid form selects one of the
        # archives of the step, as clients that send both expect; an invalid one is an error.
        form = next((form for form in FORMS if form == asked), None)
        if asked is not None and form not in job.forms:
            choice = ", ".join(job.forms)
            raise ApiError(400, f"checkpoint {asked!r} is not one of {choice} for this job", param="checkpoint")
        if step is None and job.status != "completed":
            raise ApiError(400, f"Fine-tune job {job.id} is {job.status}: it has no final weights", param="ft_id")
        if step is not None and not job.has_step(step):
            raise ApiError(404, f"Fine-tune job {job.id} has no checkpoint at step {step}", param="checkpoint_step")
        return Label(job.id, job.steps[-1] if step is None else step, form or job.forms[0])

    def _job(self, job_id: str) -> Job:
        job = self.account.get(job_id)
        if job is None:
            raise ApiError(404, f"Fine-tune job {job_id} not found", param="id")
        return job


class ArchiveResponse(Response):
    """An archive as a response."""

    def __init__(self, archive: Archive, deliver: Sender) -> None:
        super().__init__()
        self._archive, self._deliver = archive, deliver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the archive."""
        await self._deliver(self._archive, scope, receive, send)


def _route(path: str, operation: Operation, method: str) -> Route:
    return Route(path, operation, methods=[method])


def _is_old_client(request: Request) -> bool:
    """Whether the client is the official one of version 1, which reads only the fields of older servers."""
    return request.headers.get("user-agent", "").startswith("Together/v1 PythonBindings/1.")


def _needed(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise ApiError(400, f"{name} is required", param=name)
    return value


def _step(request: Request) -> int | None:
    text = request.query_params.get("checkpoint_step")
    if text is None:
        return None
    if (step := whole(text)) is None:
        raise ApiError(400, f"checkpoint_step {text!r:.30} is not a whole number", param="checkpoint_step")
    return step
