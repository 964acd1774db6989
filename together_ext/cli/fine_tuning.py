"""`together-ext fine-tuning`: jobs, their events and checkpoints."""

from typing import Annotated

import typer

from .confirm import confirm
from .fields import date_of, pairs_of
from .screen import show
from .session import connect
from .settings import settings_of
from .views import Lines, Record, Table, cell

JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's ID, ft-...", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def list_jobs(context: typer.Context) -> None:
    """List the account's jobs, newest first."""
    settings = settings_of(context)
    with connect(settings) as client:
        jobs = client.fine_tuning.list()
    rows = [
        (cell(job.id), cell(job.status), date_of(job.created_at), cell(job.model_output_name or job.model))
        for job in jobs.data
    ]
    show(
        settings,
        jobs.to_dict(),
        Table(("ID", "STATUS", "CREATED (UTC)", "MODEL"), rows, key=0, flexible=3, keeps="end"),
    )


def retrieve(context: typer.Context, id: JobId) -> None:
    """Show everything the server knows of a job."""
    settings = settings_of(context)
    with connect(settings) as client:
        job = client.fine_tuning.retrieve(id).to_dict()
    show(settings, job, Record(pairs_of(job)))


def status(context: typer.Context, id: JobId) -> None:
    """Print a job's status and nothing else."""
    settings = settings_of(context)
    with connect(settings) as client:
        job = client.fine_tuning.retrieve(id).to_dict()
    found = job.get("status")
    show(settings, {"id": job["id"], "status": found}, Lines([cell(found or "unknown")]))


def list_checkpoints(context: typer.Context, id: JobId) -> None:
    """List a job's weights, by names to download."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.fine_tuning.list_checkpoints(id)
    rows = [
        (str(item.step), cell(item.type), cell(item.name), date_of(item.created_at or item.timestamp)) for item in found
    ]
    show(settings, found, Table(("STEP", "TYPE", "NAME", "CREATED (UTC)"), rows, key=2, flexible=3))


def list_events(context: typer.Context, id: JobId) -> None:
    """List what has happened to a job."""
    settings = settings_of(context)
    with connect(settings) as client:
        events = client.fine_tuning.list_events(id)
    rows = [(date_of(event.created_at), cell(event.level), cell(event.message or event.type_)) for event in events.data]
    show(settings, events.to_dict(), Table(("TIME (UTC)", "LEVEL", "MESSAGE"), rows, key=2, flexible=2, keeps="all"))


def cancel(context: typer.Context, id: JobId, *, yes: Yes = False) -> None:
    """Stop a job."""
    settings = settings_of(context)
    confirm("cancel", id, yes=yes)
    with connect(settings) as client:
        job = client.fine_tuning.cancel(id).to_dict()
    show(settings, job, Table(("ID", "STATUS"), [(cell(job["id"]), cell(job.get("status")))], key=0, flexible=1))


def delete(context: typer.Context, id: JobId, *, yes: Yes = False) -> None:
    """Remove a job from the account."""
    settings = settings_of(context)
    confirm("delete", id, yes=yes)
    with connect(settings) as client:
        answer = client.fine_tuning.delete(id).to_dict()
    show(settings, answer, Lines([cell(answer.get("message") or f"{id} is deleted")]))
