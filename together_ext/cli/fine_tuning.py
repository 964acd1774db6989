"""`together-ext fine-tuning`: jobs, their events and checkpoints."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from .confirm import Yes, confirm
from .documents import Listed, document_of
from .fields import date_of, pairs_of
from .screen import show, stdout_is_terminal
from .session import connect
from .settings import settings_of
from .views import Lines, Record, Table, View, cell

if TYPE_CHECKING:
    from together_generated.models import FineTuneEvent

JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's ID, ft-...", show_default=False)]


def list_jobs(context: typer.Context) -> None:
    """List the account's jobs, newest first."""
    settings = settings_of(context)
    with connect(settings) as client:
        jobs = client.fine_tuning.list()
    rows = [] if settings.json else [_row(job) for job in jobs.documents()]
    show(
        settings,
        Listed("data", jobs.data.raw(), jobs.additional_properties),
        Table(("ID", "STATUS", "CREATED (UTC)", "MODEL"), rows, key=0, flexible=3, keeps="end"),
    )


def _row(job: Mapping[str, object]) -> tuple[str, ...]:
    name = job.get("model_output_name") or job.get("model")
    return cell(job.get("id")), cell(job.get("status")), date_of(job.get("created_at")), cell(name)


def retrieve(context: typer.Context, id: JobId) -> None:
    """Show everything the server knows of a job."""
    settings = settings_of(context)
    with connect(settings) as client:
        job = document_of(client.fine_tuning.retrieve(id))
    show(settings, job, Record(pairs_of(job)))


def status(context: typer.Context, id: JobId) -> None:
    """Print a job's status and nothing else."""
    settings = settings_of(context)
    with connect(settings) as client:
        job = document_of(client.fine_tuning.retrieve(id))
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


def list_events(
    context: typer.Context,
    id: JobId,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job has ended.")] = False,
) -> None:
    """List what has happened to a job."""
    settings = settings_of(context)
    with connect(settings) as client:
        if not follow:
            events = client.fine_tuning.list_events(id)
            show(settings, document_of(events), _events([_event(event) for event in events.data]))
            return
        # With --json one document is promised, so that it can only come at the end.
        told = []
        for event in client.fine_tuning.follow_events(id):
            if settings.json:
                told.append(document_of(event))
            else:
                show(settings, None, _followed(_event(event), whole=settings.quiet))
    if settings.json:
        show(settings, {"data": told}, Lines([]))


def _followed(row: tuple[str, ...], *, whole: bool) -> View:
    """One event: a table needs to know the others."""
    if whole or not stdout_is_terminal():
        return _events([row])
    time, level, message = row
    return Lines([f"{time}  {level:<7}  {message}"])


def _event(event: "FineTuneEvent") -> tuple[str, ...]:
    return date_of(event.created_at), cell(event.level), cell(event.message or event.type_)


def _events(rows: list[tuple[str, ...]]) -> Table:
    return Table(("TIME (UTC)", "LEVEL", "MESSAGE"), rows, key=2, flexible=2, keeps="all")


def cancel(context: typer.Context, id: JobId, *, yes: Yes = False) -> None:
    """Stop a job."""
    settings = settings_of(context)
    confirm("cancel", id, yes=yes)
    with connect(settings) as client:
        job = document_of(client.fine_tuning.cancel(id))
    show(settings, job, Table(("ID", "STATUS"), [(cell(job["id"]), cell(job.get("status")))], key=0, flexible=1))


def delete(context: typer.Context, id: JobId, *, yes: Yes = False) -> None:
    """Remove a job from the account."""
    settings = settings_of(context)
    confirm("delete", id, yes=yes)
    with connect(settings) as client:
        answer = document_of(client.fine_tuning.delete(id))
    show(settings, answer, Lines([cell(answer.get("message") or f"{id} is deleted")]))
