"""The commands, put together."""

import typer

from together_ext.version import __version__

from .archives import extract, inspect, verify
from .create import create
from .download import download
from .fine_tuning import cancel, delete, list_checkpoints, list_events, list_jobs, retrieve, status
from .group import NORMALIZED, Command, Group, example, require_command
from .metrics import metrics
from .price import limits, models, price
from .simulator import simulator
from .wait import wait

PROGRAM = "together-ext"

app = typer.Typer(
    name=PROGRAM,
    cls=Group,
    context_settings=NORMALIZED,
    invoke_without_command=True,
    # Rich would double the cost of `--help`, and its tracebacks would show the key among the local variables.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=example("together-ext ft download ft-... -o models"),
)
fine_tuning = typer.Typer(
    cls=Group,
    invoke_without_command=True,
    callback=require_command,
    help="Jobs, their checkpoints and weights (short: ft).",
    epilog=example("together-ext ft list"),
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 -- a callback of Typer
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def together_ext(
    context: typer.Context,
    *,
    _version: bool = typer.Option(
        False,  # noqa: FBT003 -- the default, as Typer takes it
        "--version",
        is_eager=True,
        callback=_print_version,
        help="Print the version.",
    ),
) -> None:
    """Fine-tuned weights from Together AI, onto your disk.

    The key is read from TOGETHER_API_KEY.
    """
    require_command(context)


for _name, _function, _example in (
    ("list", list_jobs, "together-ext ft list | grep completed"),
    ("retrieve", retrieve, "together-ext ft retrieve ft-..."),
    ("status", status, 'test "$(together-ext ft status ft-...)" = completed'),
    ("wait", wait, "together-ext ft wait ft-... --timeout 6h && echo done"),
    ("list-checkpoints", list_checkpoints, "together-ext ft list-checkpoints ft-..."),
    ("metrics", metrics, "together-ext ft metrics ft-... --plot loss.png"),
    ("list-events", list_events, "together-ext ft list-events ft-... --follow"),
    ("download", download, "together-ext ft download ft-...:500 --checkpoint-type adapter"),
    ("create", create, "together-ext ft create --training-file file-... --model NAME --yes"),
    ("price", price, "together-ext ft price --training-file file-... --model NAME"),
    ("limits", limits, "together-ext ft limits NAME"),
    ("models", models, "together-ext ft models llama"),
    ("cancel", cancel, "together-ext ft cancel ft-... --yes"),
    ("delete", delete, "together-ext ft delete ft-... --yes"),
):
    fine_tuning.command(_name, cls=Command, epilog=example(_example))(_function)

app.add_typer(fine_tuning, name="fine-tuning")
app.add_typer(fine_tuning, name="ft", hidden=True)
app.command("simulator", cls=Command, epilog=example("together-ext simulator --port 8080 --rate-limit 8M"))(simulator)
app.command("extract", cls=Command, epilog=example("together-ext extract models/model.tar.zst"))(extract)
app.command("verify", cls=Command, epilog=example("together-ext verify models/model"))(verify)
app.command("inspect", cls=Command, epilog=example("together-ext inspect models/model"))(inspect)
