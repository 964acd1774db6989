"""`together-ext fine-tuning`: jobs, their events and checkpoints."""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from together_ext.checkpoints import training_label
from together_ext.cli.confirm import Yes, confirm
from together_ext.cli.render.documents import Listed, document_of
from together_ext.cli.render.fields import date_of, pairs_of
from together_ext.cli.render.screen import print_document, show, stdout_is_terminal
from together_ext.cli.render.views import Lines, Prose, Record, Table, View, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import settings_of

if TYPE_CHECKING:
    from together_generated.models import FineTuneEvent

JobId = Annotated[str, typer.Argument(metavar="ID", help="ID of the job, ft-...", show_default=False)]


def list_jobs(
    context: typer.Context,
    *,
    status: Annotated[
        list[str] | None, typer.Option("--status", metavar="STATUS", help="Only jobs with this status; repeatable.")
    ] = None,
    suffix: Annotated[str | None, typer.Option("--suffix", metavar="TEXT", help="Only jobs with this suffix.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", metavar="N", min=1, help="Maximum number of jobs (default: all).")
    ] = None,
) -> None:
    """List the jobs of the account, newest first."""
    from together_ext.bulk import Jobs

    settings = settings_of(context)
    with connect(settings) as client:
        jobs = client.fine_tuning.list()
    wanted = Jobs(frozenset(text.lower() for text in status or ()), suffix)
    filtered = wanted != Jobs()
    found = islice(filter(wanted.matches, jobs.documents()), limit)
    if settings.json:
        # Without filters, the JSON of the server is passed on.
        raw = found if filtered or limit is not None else jobs.data.raw()
        print_document(Listed("data", raw, jobs.additional_properties))
        return
    table = Table(("ID", "STATUS", "CREATED (UTC)", "MODEL", "TYPE"), [_row(job) for job in found], key=0, flexible=3)
    show(settings, None, table, empty="no jobs match the filters" if filtered else "no jobs")


def _row(job: Mapping[str, object]) -> tuple[str, ...]:
    name = job.get("model_output_name") or job.get("model")
    created = date_of(job.get("created_at"))
    return cell(job.get("id")), cell(job.get("status")), created, cell(name), _training(job.get("training_type"))


def _training(training_type: object) -> str:
    """How a job is trained."""
    name = training_type.get("type") if isinstance(training_type, Mapping) else None
    return cell(training_label(name) if isinstance(name, str) else name)


def retrieve(
    context: typer.Context,
    id: JobId,
    *,
    _no_plots: Annotated[bool, typer.Option("--no-plots", hidden=True)] = False,  # there are none; officially there are
) -> None:
    """Show the details of a job."""
    settings = settings_of(context)
    with connect(settings) as client:
        job = document_of(client.fine_tuning.retrieve(id))
    show(settings, job, Record(pairs_of(job)))


def status(context: typer.Context, id: JobId) -> None:
    """Print the status of a job."""
    settings = settings_of(context)
    with connect(settings) as client:
        job = document_of(client.fine_tuning.retrieve(id))
    found = job.get("status")
    show(settings, {"id": job["id"], "status": found}, Lines([cell(found or "unknown")]))


def list_checkpoints(context: typer.Context, id: JobId) -> None:
    """List the checkpoints of a job."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.fine_tuning.list_checkpoints(id)
    rows = [
        (str(item.step), cell(item.type), cell(item.name), date_of(item.created_at or item.timestamp)) for item in found
    ]
    # Newer servers list each form of the weights, under one name.
    rows = list(dict.fromkeys(rows))
    table = Table(("STEP", "TYPE", "NAME", "CREATED (UTC)"), rows, key=2, flexible=3)
    show(settings, {"data": found}, table, empty=f"{cell(id)} has no checkpoints")


def list_events(
    context: typer.Context,
    id: JobId,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Continue until the job has ended.")] = False,
) -> None:
    """List the events of a job."""
    settings = settings_of(context)
    with connect(settings) as client:
        if not follow:
            events = client.fine_tuning.list_events(id)
            table = _events([_event(event) for event in events.data])
            show(settings, document_of(events), table, empty=f"{cell(id)} has no events")
            return
        # With --json, one document is printed at the end.
        documents = []
        for event in client.fine_tuning.follow_events(id):
            if settings.json:
                documents.append(document_of(event))
            else:
                show(settings, None, _followed(_event(event), whole=settings.quiet))
    if settings.json:
        show(settings, {"data": documents}, Lines([]))


def _followed(row: tuple[str, ...], *, whole: bool) -> View:
    """One event, before the next ones are known."""
    if whole or not stdout_is_terminal():
        return _events([row])
    time, level, message = row
    return Prose([f"{time}  {level:<7}  {message}"])


def _event(event: "FineTuneEvent") -> tuple[str, ...]:
    return date_of(event.created_at), cell(event.level), cell(event.message or event.type_)


def _events(rows: list[tuple[str, ...]]) -> Table:
    return Table(("TIME (UTC)", "LEVEL", "MESSAGE"), rows, key=2, flexible=2, wraps=True)


def cancel(context: typer.Context, id: JobId, *, yes: Yes = False) -> None:
    """Cancel a job."""
    settings = settings_of(context)
    confirm(settings, "cancel", id, yes=yes)
    with connect(settings) as client:
        job = document_of(client.fine_tuning.cancel(id))
    show(settings, job, Table(("ID", "STATUS"), [(cell(job["id"]), cell(job.get("status")))], key=0, flexible=1))


def delete(context: typer.Context, id: JobId, *, yes: Yes = False) -> None:
    """Delete a job from the account."""
    settings = settings_of(context)
    confirm(settings, "delete", id, yes=yes)
    with connect(settings) as client:
        document = document_of(client.fine_tuning.delete(id))
    show(settings, document, Lines([cell(document.get("message") or f"deleted {id}")]))
