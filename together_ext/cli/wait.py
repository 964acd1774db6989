"""`together-ext fine-tuning wait`, and waiting before a download."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .amounts import duration, duration_text
from .documents import document_of
from .screen import show, stderr_is_terminal, tell
from .session import connect
from .settings import Settings, settings_of
from .views import Lines, cell

if TYPE_CHECKING:
    from together_ext.client import Together
    from together_generated.models import FinetuneResponse

Timeout = Annotated[
    float | None,
    typer.Option("--timeout", parser=duration, metavar="TIME", help="Longest wait, such as 90s, 15m or 1h30m."),
]


def wait(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The job's ID, ft-...", show_default=False)],
    *,
    timeout: Timeout = None,
    poll_interval: Annotated[
        float | None,
        typer.Option("--poll-interval", parser=duration, metavar="TIME", help="Between two questions; else 30s."),
    ] = None,
) -> None:
    """Wait until a job is completed.

    Prints its status. Exit status 5 says that it has failed or was cancelled, or has not ended in time. The job does
    not depend on it: interrupt it, and wait again whenever you like.
    """
    settings = settings_of(context)
    settings.waiting = id
    with connect(settings) as client:
        job = wait_for(client, settings, id, timeout, poll_interval)
    show(settings, document_of(job), Lines([cell(job.status)]))


def wait_for(
    client: Together, settings: Settings, id: str, timeout: float | None, poll_interval: float | None = None
) -> FinetuneResponse:
    """Wait for a job, and tell how it stands meanwhile.

    Args:
        client: Who asks.
        settings: Whether anything is told.
        id: The job.
        timeout: Seconds at the most; None for as long as it takes.
        poll_interval: Seconds between two questions at the most; None for the usual.
    """
    given: dict[str, Any] = {} if poll_interval is None else {"poll_interval": poll_interval}
    with _telling(settings) as update:
        return client.fine_tuning.wait(id, timeout, on_update=update, **given)


@contextmanager
def _telling(settings: Settings) -> Iterator[Callable[[FinetuneResponse], object] | None]:
    if settings.quiet or settings.json:
        yield None
    elif stderr_is_terminal():
        from .status import status_line  # noqa: PLC0415 -- rich is for terminals

        with status_line() as say:
            yield lambda job: say(standing(job))
    else:
        yield lambda job: tell(f"{time.strftime('%H:%M:%S')} {standing(job)}")


def standing(job: FinetuneResponse) -> str:
    """How a job stands, in a line."""
    from together_ext.waiting import seconds_left  # noqa: PLC0415 -- not for `--help`

    left = seconds_left(job)
    return cell(job.status) + ("" if left is None else f", about {duration_text(left)} to the next state")
