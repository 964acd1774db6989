"""`together-ext endpoints` and `chat`: dedicated endpoints, and chat completions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from together_ext.api.identifiers import checked_id
from together_ext.api.responses import number
from together_ext.cli.confirm import Yes, confirm_action, require_terminal
from together_ext.cli.exits import BadUsageError, CommandError
from together_ext.cli.render.documents import document_of
from together_ext.cli.render.fields import pairs_of
from together_ext.cli.render.screen import print_text, show, stdout_is_terminal, tell
from together_ext.cli.render.views import NOTHING, Lines, Prose, Record, Table, cell
from together_ext.cli.session import connect
from together_ext.cli.settings import Settings, settings_of
from together_ext.errors import ApiError, AuthenticationError

if TYPE_CHECKING:
    from together_ext.client import Together
    from together_ext.inference.chat import ChatOptions
    from together_ext.inference.completion import Completion
    from together_ext.inference.stream import ChatStream
    from together_generated.models import Endpoint

EndpointId = Annotated[str, typer.Argument(metavar="ID", help="ID of the endpoint, endpoint-...", show_default=False)]


def create_endpoint(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    *,
    model: Annotated[str, typer.Option(metavar="NAME", help="Model; for a job, its model_output_name.")],
    hardware: Annotated[str, typer.Option(metavar="NAME", help="Hardware; see together-ext endpoints hardware.")],
    min_replicas: Annotated[
        int, typer.Option(metavar="N", min=0, help="Minimum number of replicas (default: 1).", show_default=False)
    ] = 1,
    max_replicas: Annotated[
        int, typer.Option(metavar="N", min=1, help="Maximum number of replicas (default: 1).", show_default=False)
    ] = 1,
    display_name: Annotated[str | None, typer.Option(metavar="TEXT", help="Display name.")] = None,
    inactive_timeout: Annotated[
        int | None, typer.Option(metavar="MINUTES", min=0, help="Stop after this time without requests (0: never).")
    ] = None,
    no_auto_start: Annotated[
        bool, typer.Option("--no-auto-start", help="Create the endpoint without starting it.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Create a dedicated endpoint.

    Shows the price and asks for confirmation. A running endpoint is billed by the minute.
    """
    settings = settings_of(context)
    if min_replicas > max_replicas:
        raise BadUsageError(
            f"--min-replicas is {min_replicas}; the maximum is {max_replicas}, the value of --max-replicas"
        )
    action = f"create an endpoint on {cell(hardware)}"
    if not yes:
        require_terminal(settings, action)
    with connect(settings) as client:
        if not (yes and (settings.quiet or settings.json)):
            _show_price(client, hardware, min_replicas, max_replicas)
        confirm_action(settings, action, yes=yes)
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
        Lines([cell(found.id), f"state: {cell(found.state)}; model name for requests: {cell(found.name)}"]),
    )


def _show_price(client: Together, hardware: str, least: int, most: int) -> None:
    """Show the price per hour; an API error becomes a message."""
    try:
        listed = client.endpoints.list_hardware()
    except AuthenticationError:
        raise
    except ApiError as error:
        tell(f"price unavailable: {error}")
        return
    cents = next((_cents(found.pricing) for found in listed.data if found.id == hardware), None)
    if cents is None:
        tell(f"price unavailable: {cell(hardware)} is not listed")
    else:
        tell(f"price per hour while running: {' to '.join(_dollars(cents, count) for count in sorted({least, most}))}")


def _dollars(cents: float, replicas: int = 1) -> str:
    """The price per hour, from the price per minute."""
    return f"${cents * 60 / 100 * replicas:,.2f}"


def _cents(pricing: object) -> float | None:
    cents = number(getattr(pricing, "cents_per_minute", None))
    return cents if cents is not None and 0 <= cents < 1 << 31 else None


def list_endpoints(
    context: typer.Context,
    *,
    mine: Annotated[bool, typer.Option("--mine", help="List only endpoints of this account.")] = False,
) -> None:
    """List endpoints."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.endpoints.list(mine=mine or None)
    rows = [(cell(one.id), cell(one.state), cell(one.name)) for one in found.data]
    show(settings, document_of(found), Table(("ID", "STATE", "NAME"), rows, key=0, flexible=2), empty="no endpoints")


def retrieve_endpoint(context: typer.Context, id: EndpointId) -> None:
    """Show the details of an endpoint."""
    settings = settings_of(context)
    with connect(settings) as client:
        found = client.endpoints.retrieve(id)
    _show(settings, found)


def start_endpoint(context: typer.Context, id: EndpointId, *, yes: Yes = False) -> None:
    """Start an endpoint, which is billed by the minute while it runs."""
    _switch(settings_of(context), id, "STARTED", f"start {cell(id)}", yes=yes)


def stop_endpoint(context: typer.Context, id: EndpointId, *, yes: Yes = False) -> None:
    """Stop an endpoint, which ends billing."""
    _switch(settings_of(context), id, "STOPPED", f"stop {cell(id)}", yes=yes)


def _switch(settings: Settings, id: str, state: Literal["STARTED", "STOPPED"], action: str, *, yes: bool) -> None:
    checked_id(id, "endpoint-")
    confirm_action(settings, action, yes=yes)
    with connect(settings) as client:
        found = client.endpoints.update(id, state=state)
    show(settings, document_of(found), Lines([cell(found.state)]))


def delete_endpoint(context: typer.Context, id: EndpointId, *, yes: Yes = False) -> None:
    """Delete an endpoint."""
    settings = settings_of(context)
    checked_id(id, "endpoint-")
    confirm_action(settings, f"delete {cell(id)}", yes=yes)
    with connect(settings) as client:
        client.endpoints.delete(id)
    show(settings, {"id": id, "deleted": True}, Lines([f"deleted {cell(id)}"]))


def list_hardware(
    context: typer.Context,
    *,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="List only hardware that supports this model.")
    ] = None,
) -> None:
    """List the hardware for endpoints, with prices."""
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
    table = Table(("HARDWARE", "PRICE/HOUR", "AVAILABILITY"), rows, key=0, flexible=2)
    show(settings, document_of(found), table, empty="no hardware")


def chat(  # noqa: PLR0913 -- the command's options
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of the model.", show_default=False)],
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="Message (-: standard input).", show_default=False)],
    *,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="System prompt.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Maximum length of the response in tokens.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(metavar="X", help="Sampling temperature.")] = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream", help="Print the response while the model writes it (default: on a terminal)."
        ),
    ] = None,
) -> None:
    """Send a message to a model, and print the response.

    The name of a fine-tuned model is the job's model_output_name.
    """
    settings = settings_of(context)
    content = _standard_input() if message == "-" else message
    if not content.strip():
        raise BadUsageError("MESSAGE is empty: enter a message, or pass - to read it from standard input")
    if stream and settings.json:
        raise BadUsageError("--stream and --json cannot be combined: choose one of them")
    messages = [{"role": "system", "content": system}] if system is not None else []
    messages.append({"role": "user", "content": content})
    options: ChatOptions = {"max_tokens": max_tokens, "temperature": temperature}
    with connect(settings) as client:
        if stream or (stream is None and stdout_is_terminal() and not settings.json):
            _print_stream(model, client.chat.completions.create(model=model, messages=messages, stream=True, **options))
        else:
            found = client.chat.completions.create(model=model, messages=messages, **options)
            show(settings, document_of(found), _prose(model, found))


def _prose(model: str, found: Completion) -> Prose:
    """The text of a response, line by line."""
    text = next((getattr(one.message, "content", None) for one in found.choices or ()), None)
    if not isinstance(text, str):
        raise _no_text(model, document_of(found))
    return Prose([_harmless(line) for line in text.splitlines()])


def _no_text(model: str, document: dict[str, Any] | None = None) -> CommandError:
    message = f"the response of {cell(model)} has no text: pass --json to see it"
    return CommandError(message, code="no_answer", document=document)


def _print_stream(model: str, stream: ChatStream) -> None:
    """Print the text of a response as it arrives."""
    last = ""
    try:
        with stream:
            for chunk in stream:
                if text := _harmless((chunk.text or "").replace("\r\n", "\n")):
                    print_text(text)
                    last = text
    finally:
        if last and not last.endswith("\n"):
            print_text("\n")  # an error begins on a new line
    if not last:
        raise _no_text(model)


def _standard_input() -> str:
    if sys.stdin is None:
        raise BadUsageError("standard input is closed: pass the message as an argument")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise BadUsageError(f"standard input is not valid text: {error}") from None


def _harmless(line: str) -> str:
    """A line of a model without control characters; spaces are kept, since it may be code."""
    return "".join(char if char.isprintable() or char in "\t\n" else " " for char in line)


def _show(settings: Settings, found: Endpoint) -> None:
    document = document_of(found)
    show(settings, document, Record(pairs_of(document)))
