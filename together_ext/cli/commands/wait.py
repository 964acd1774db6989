"""`together-ext fine-tuning wait`, and waiting before a download."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from together_ext.cli.render.amounts import duration, duration_text
from together_ext.cli.render.documents import document_of
from together_ext.cli.render.screen import show, stderr_is_terminal, tell
from together_ext.cli.render.views import Lines, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import Settings, settings_of

if TYPE_CHECKING:
    from together_ext.client import Together
    from together_generated.models import FinetuneResponse
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        parser=duration,
        metavar="TIME",
        help="Maximum wait for the job, such as 90s, 15m or 1h30m (default: unlimited). For the timeout of requests, "
        "put --timeout SECONDS before the command.",
    ),
]


def wait(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="ID of the job, ft-...", show_default=False)],
    *,
    timeout: Timeout = None,
    poll_interval: Annotated[
        float | None,
        typer.Option(
            "--poll-interval", parser=duration, metavar="TIME", help="Maximum time between polls (default: 30s)."
        ),
    ] = None,
) -> None:
    """Wait until a job ends, and print its status.

    Exit code 5: the job failed, was cancelled, or did not end in time. Interrupting the wait does not affect the job.
    """
    settings = settings_of(context)
    settings.waiting = id
    with connect(settings) as client:
        job = wait_for(client, settings, id, timeout, poll_interval)
    show(settings, document_of(job), Lines([cell(job.status)]))


def wait_for(
    client: Together, settings: Settings, id: str, timeout: float | None, poll_interval: float | None = None
) -> FinetuneResponse:
    """Wait for a job, and show its status meanwhile.

    Args:
        client: The client.
        settings: Decides whether the status is shown.
        id: The job's ID.
        timeout: Maximum number of seconds (default: unlimited).
        poll_interval: Maximum number of seconds between polls (default: that of the client).
    """
    given: dict[str, Any] = {} if poll_interval is None else {"poll_interval": poll_interval}
    with _updates(settings) as update:
        return client.fine_tuning.wait(id, timeout, on_update=update, **given)


@contextmanager
def _updates(settings: Settings) -> Iterator[Callable[[FinetuneResponse], object] | None]:
    if settings.quiet or settings.json:
        yield None
    elif stderr_is_terminal():
        from together_ext.cli.render.status import status_line

        with status_line() as say:
            yield lambda job: say(status_of(job))
    else:
        yield lambda job: tell(f"{time.strftime('%H:%M:%S')} {status_of(job)}")


def status_of(job: FinetuneResponse) -> str:
    """The status of a job, with the time that it may last."""
    from together_ext.fine_tuning.waiting import seconds_left

    left = seconds_left(job)
    return cell(job.status) + ("" if left is None else f", about {duration_text(left)} to the next state")
