"""`together-ext endpoints` and `chat`: models that answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from together_ext.identifiers import checked_id

from .confirm import Yes, confirm_action, require_somebody
from .documents import document_of
from .exits import BadUsageError, CommandError
from .fields import pairs_of
from .screen import show, tell
from .session import connect
from .settings import Settings, settings_of
from .views import NOTHING, Lines, Record, Table, cell

if TYPE_CHECKING:
    from together_ext.client import Together
    from together_generated.models import Endpoint

EndpointId = Annotated[str, typer.Argument(metavar="ID", help="The endpoint's ID, endpoint-...", show_default=False)]


def create_endpoint(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    *,
    model: Annotated[str, typer.Option(metavar="NAME", help="The model; of a job, its model_output_name.")],
    hardware: Annotated[str, typer.Option(metavar="NAME", help="See together-ext endpoints hardware.")],
    min_replicas: Annotated[int, typer.Option(metavar="N", min=0, help="Copies at the least.")] = 1,
    max_replicas: Annotated[int, typer.Option(metavar="N", min=1, help="Copies at the most.")] = 1,
    display_name: Annotated[str | None, typer.Option(metavar="TEXT", help="A name for people.")] = None,
    inactive_timeout: Annotated[
        int | None, typer.Option(metavar="MINUTES", min=0, help="Stop after so long without a request; 0: never.")
    ] = None,
    no_auto_start: Annotated[bool, typer.Option("--no-auto-start", help="Do not start it yet.")] = False,
    yes: Yes = False,
) -> None:
    """Serve a model on hardware of its own.

    It costs for every minute that it runs; the price is told, and asked about, first.
    """
    settings = settings_of(context)
    if min_replicas > max_replicas:
        raise BadUsageError(f"--min-replicas {min_replicas} is more than --max-replicas {max_replicas}: raise that one")
    action = f"create an endpoint on {cell(hardware)}"
    if not yes:
        require_somebody(action)
    with connect(settings) as client:
        if not (yes and (settings.quiet or settings.json)):
            _tell_price(client, hardware, min_replicas, max_replicas)
        confirm_action(action, yes=yes)
        found = client.endpoints.create(
            model=model,
            hardware=hardware,
            autoscaling={"min_replicas": min_replicas, "max_replicas": max_replicas},
            display_name=display_name,
            inactive_timeout=inactive_timeout,
            state="STOPPED" if no_auto_start else None,
        )
    show(
        settings,
        document_of(found),
        Lines([cell(found.id), f"{cell(found.state)}; requests take the name {cell(found.name)}"]),
    )


def _tell_price(client: Together, hardware: str, least: int, most: int) -> None:
    """Say what an hour of so many copies costs; no trouble with that keeps anyone from creating the endpoint."""
    from together_ext.errors import ApiError, AuthenticationError  # noqa: PLC0415 -- not for `--help`

    try:
        listed = client.endpoints.list_hardware()
    except AuthenticationError:
        raise
    except ApiError as error:
        tell(f"the price is not known: {error}")
        return
    cents = next((_cents(found.pricing) for found in listed.data if found.id == hardware), None)
    if cents is None:
        tell(f"the price of {cell(hardware)} is not known")
    else:
        tell(f"about {' to '.join(_dollars(cents, copies) for copies in sorted({least, most}))} an hour while it runs")


def _dollars(cents: float, copies: int = 1) -> str:
    """What an hour costs, by the price of a minute."""
    return f"${cents * 60 / 100 * copies:,.2f}"


def _cents(pricing: object) -> float | None:
    cents = getattr(pricing, "cents_per_minute", None)
    return (
        float(cents)
        if isinstance(cents, int | float) and not isinstance(cents, bool) and 0 <= cents < 1 << 31
        else None
    )


def list_endpoints(
    context: typer.Context,
    *,
    mine: Annotated[bool, typer.Option("--mine", help="Only those of the account.")] = False,
) -> None:
    """List endpoints."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.endpoints.list(mine=mine or None)
    rows = [(cell(one.id), cell(one.state), cell(one.name)) for one in found.data]
    show(settings, document_of(found), Table(("ID", "STATE", "NAME"), rows, key=0, flexible=2, keeps="end"))


def retrieve_endpoint(context: typer.Context, id: EndpointId) -> None:
    """Show everything the server knows of an endpoint."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.endpoints.retrieve(id)
    _show(settings, found)


def start_endpoint(context: typer.Context, id: EndpointId, *, yes: Yes = False) -> None:
    """Start an endpoint; it costs for every minute that it runs."""
    _switch(settings_of(context), id, "STARTED", f"start {cell(id)}", yes=yes)


def stop_endpoint(context: typer.Context, id: EndpointId, *, yes: Yes = False) -> None:
    """Stop an endpoint; it answers no more, and costs nothing."""
    _switch(settings_of(context), id, "STOPPED", f"stop {cell(id)}", yes=yes)


def _switch(settings: Settings, id: str, state: str, action: str, *, yes: bool) -> None:
    checked_id(id, "endpoint-")
    confirm_action(action, yes=yes)
    with connect(settings) as client:
        found = client.endpoints.update(id, state=state)
    show(settings, document_of(found), Lines([cell(found.state)]))


def delete_endpoint(context: typer.Context, id: EndpointId, *, yes: Yes = False) -> None:
    """Remove an endpoint for good."""
    settings = settings_of(context)
    checked_id(id, "endpoint-")
    confirm_action(f"delete {cell(id)}", yes=yes)
    with connect(settings) as client:
        client.endpoints.delete(id)
    show(settings, {"id": id, "deleted": True}, Lines([f"{cell(id)} is deleted"]))


def list_hardware(
    context: typer.Context,
    *,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this model can run on.")] = None,
) -> None:
    """List what endpoints can run on, and what it costs."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.endpoints.list_hardware(model)
    rows = [
        (
            cell(one.id),
            NOTHING if (cents := _cents(one.pricing)) is None else _dollars(cents),
            cell(getattr(one.availability, "status", None)),
        )
        for one in found.data
    ]
    show(settings, document_of(found), Table(("HARDWARE", "AN HOUR", "AVAILABLE"), rows, key=0, flexible=2))


def chat(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name.", show_default=False)],
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE", help="What to say; - for standard input.", show_default=False)
    ],
    *,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="How the model shall answer.")] = None,
    max_tokens: Annotated[int | None, typer.Option(metavar="N", help="Longest answer in tokens.")] = None,
    temperature: Annotated[float | None, typer.Option(metavar="X", help="How much chance there is in it.")] = None,
) -> None:
    """Ask a model, and print its answer.

    The model may be one that was fine-tuned: its name is the job's model_output_name.
    """
    settings = settings_of(context)
    said = _standard_input() if message == "-" else message
    if not said.strip():
        raise BadUsageError("the message is empty: there is nothing to answer")
    messages = [{"role": "system", "content": system}] if system is not None else []
    with connect(settings) as client:
        found = client.chat.completions.create(
            model=model,
            messages=[*messages, {"role": "user", "content": said}],
            max_tokens=max_tokens,
            temperature=temperature,
        )
    answer = next((getattr(one.message, "content", None) for one in found.choices or ()), None)
    if not isinstance(answer, str):
        raise CommandError(
            f"{cell(model)} answered without a text: see it with --json", code="no_answer", document=document_of(found)
        )
    show(settings, document_of(found), Text([_harmless(line) for line in answer.splitlines()]))


def _standard_input() -> str:
    if sys.stdin is None:
        raise BadUsageError("there is no standard input to read the message from")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise BadUsageError(f"standard input is no text: {error}") from None


def _harmless(line: str) -> str:
    """A line of a model without what drives terminals. Its spaces stay, for it may be a line of Python."""
    return "".join(char if char.isprintable() or char == "\t" else " " for char in line)


class Text(Lines):
    """Lines that make one text."""

    def essence(self) -> list[str]:
        """All of them."""
        return self.text


def _show(settings: Settings, found: Endpoint) -> None:
    document = document_of(found)
    show(settings, document, Record(pairs_of(document)))
