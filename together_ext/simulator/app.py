"""The API: its operations behind a key; those of fine-tuning are here."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from together_ext.simulator import base_models, metrics, payloads
from together_ext.simulator.account import Account
from together_ext.simulator.answers import ApiError, json_object, refusal
from together_ext.simulator.archives import Archive
from together_ext.simulator.host import fault_of
from together_ext.simulator.jobs import Job
from together_ext.simulator.models import Form
from together_ext.simulator.other import Other
from together_ext.simulator.shelf import Label, Shelf

Sender = Callable[[Archive, Scope, Receive, Send], Awaitable[None]]
FORMS: tuple[Form, ...] = ("merged", "adapter", "model_output_path")


@dataclass(frozen=True)
class Api:
    """The operations.

    ``deliver`` sends an archive; ``redirect`` signs a storage URL for one, or returns None if there shall be none.
    """

    key: str
    account: Account
    shelf: Shelf
    deliver: Sender
    redirect: Callable[[Label], str | None]
    other: Other

    def app(self) -> Starlette:
        """The application."""
        routes = [
            self._route("/fine-tunes", self.list, "GET"),
            self._route("/fine-tunes", self.create, "POST"),
            self._route("/fine-tunes/estimate-price", self.estimate_price, "POST"),
            self._route("/fine-tunes/models/supported", self.models, "GET"),
            self._route("/fine-tunes/models/limits", self.model_limits, "GET"),
            self._route("/fine-tunes/{id}", self.retrieve, "GET"),
            self._route("/fine-tunes/{id}", self.delete, "DELETE"),
            self._route("/fine-tunes/{id}/cancel", self.cancel, "POST"),
            self._route("/fine-tunes/{id}/events", self.events, "GET"),
            self._route("/fine-tunes/{id}/checkpoints", self.checkpoints, "GET"),
            self._route("/fine-tunes/{id}/metrics", self.metrics, "GET"),
            self._route("/finetune/download", self.download, "GET"),
            *(self._route(*operation) for operation in self.other.operations()),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: refusal})

    async def list(self, _request: Request) -> Response:
        """Every job, in short."""
        return JSONResponse({"data": [payloads.truncated(job) for job in self.account.all()]})

    async def create(self, request: Request) -> Response:
        """A new job."""
        settings = await json_object(request)
        needed = ["training_file"] if settings.get("from_checkpoint") else ["training_file", "model"]
        for name in needed:
            if not isinstance(settings.get(name), str) or not settings[name]:
                raise ApiError(400, f"{name} is required", param=name)
        if not settings.get("model"):
            settings["model"] = self._base_of(str(settings["from_checkpoint"]))
        return JSONResponse(payloads.truncated(self.account.create(settings)))

    def _base_of(self, checkpoint: str) -> str:
        """The base model of a job that is gone on from, by its ID or its model's name."""
        name = checkpoint.partition(":")[0]
        for job in self.account.all():
            if name in {job.id, job.model_output_name}:
                return str(job.settings["model"])
        raise ApiError(404, f"Checkpoint {checkpoint} not found", param="from_checkpoint")

    async def estimate_price(self, request: Request) -> Response:
        """What a job would cost."""
        wanted = await json_object(request)
        if not wanted.get("training_file"):
            raise ApiError(400, "training_file is required", param="training_file")
        return JSONResponse(self.account.price or base_models.estimate(wanted))

    async def models(self, _request: Request) -> Response:
        """The base models."""
        return JSONResponse({"models": list(self.account.limits)})

    async def model_limits(self, request: Request) -> Response:
        """Within which bounds a base model can be trained."""
        name = _needed(request, "model_name")
        if name not in self.account.limits:
            message = f"Model {name} is not supported for fine-tuning"
            return JSONResponse({"message": message}, status_code=404)
        return JSONResponse(self.account.limits[name])

    async def retrieve(self, request: Request) -> Response:
        """One job, with everything."""
        return JSONResponse(payloads.full(self._job(request.path_params["id"])))

    async def delete(self, request: Request) -> Response:
        """Forget a job."""
        job = self._job(request.path_params["id"])
        if not job.ended:
            raise ApiError(409, f"Fine-tune job {job.id} is {job.status}: cancel it before it is deleted")
        self.account.delete(job.id)
        return JSONResponse({"message": f"Fine-tune job {job.id} has been deleted"})

    async def cancel(self, request: Request) -> Response:
        """Ask a job to stop."""
        job = self._job(request.path_params["id"])
        if job.ended:
            raise ApiError(400, f"Fine-tune job {job.id} is {job.status} and cannot be cancelled")
        self.account.cancel(job)
        return JSONResponse(payloads.truncated(job))

    async def events(self, request: Request) -> Response:
        """What happened to a job."""
        job = self._job(request.path_params["id"])
        return JSONResponse({"data": [payloads.event(event) for event in job.events]})

    async def checkpoints(self, request: Request) -> Response:
        """What a job has saved."""
        job = self._job(request.path_params["id"])
        return JSONResponse({"data": [payloads.checkpoint(item, job) for item in job.checkpoints]})

    async def metrics(self, request: Request) -> Response:
        """What a job has recorded. The filters are a body, and with newer clients the query."""
        job = self._job(request.path_params["id"])
        wanted = {**await json_object(request, missing={}), **request.query_params}
        try:
            found = metrics.chosen(job, wanted)
        except ValueError as error:
            raise ApiError(400, str(error)) from None
        # Losses do become NaN, for which JSON has no word: it is written all the same, as servers in Python do.
        return Response(json.dumps({"metrics": found}), media_type="application/json")

    async def download(self, request: Request) -> Response:
        """The weights, or where they are."""
        job = self._job(_needed(request, "ft_id"))
        label = self._label(job, request)
        if fault_of(request.scope).replace:
            self.shelf.replace(job.id)
        if (location := self.redirect(label)) is not None:
            return Response(status_code=302, headers={"location": location})
        return ArchiveResponse(await asyncio.to_thread(self.shelf.get, job, label), self.deliver)

    def _label(self, job: Job, request: Request) -> Label:
        """Which archive is asked for."""
        asked, step = request.query_params.get("checkpoint"), _step(request)
        if asked is None and step is None:
            raise ApiError(400, "checkpoint is required when checkpoint_step is not set", param="checkpoint")
        # The specification says that `checkpoint` is ignored beside a step. A form that the job has decides which one
        # of the step's archives comes, as clients that send both expect; one that it has not is an error all the same.
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

    def _route(self, path: str, operation: Callable[[Request], Awaitable[Response]], method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            scheme, _, key = request.headers.get("authorization", "").partition(" ")
            # Bytes, because compare_digest refuses text beyond ASCII, which a wrong key may well contain.
            if scheme.lower() != "bearer" or not secrets.compare_digest(key.encode(), self.key.encode()):
                raise ApiError(401, "Invalid API key provided", code="invalid_api_key")
            return await operation(request)

        return Route(path, endpoint, methods=[method])


class ArchiveResponse(Response):
    """An archive as a response."""

    def __init__(self, archive: Archive, deliver: Sender) -> None:
        super().__init__()
        self._archive, self._deliver = archive, deliver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await self._deliver(self._archive, scope, receive, send)


def _needed(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise ApiError(400, f"{name} is required", param=name)
    return value


def _step(request: Request) -> int | None:
    text = request.query_params.get("checkpoint_step")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ApiError(400, f"checkpoint_step {text!r} is not a whole number", param="checkpoint_step")
    return int(text)
