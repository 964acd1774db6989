"""The commands, put together."""

from typing import Final

import typer

from together_ext.version import __version__

from .group import NORMALIZED, Entry, Group, example, group, require_command

PROGRAM: Final = "together-ext"

COMMANDS: Final[tuple[Entry, ...]] = (
    ("chat", "serving:chat", 'together-ext chat NAME "Hello!"'),
    ("simulator", "simulator:simulator", "together-ext simulator --port 8080 --rate-limit 8M"),
    ("extract", "archives:extract", "together-ext extract models/model.tar.zst"),
    ("verify", "archives:verify", "together-ext verify models/model"),
    ("inspect", "archives:inspect", "together-ext inspect models/model"),
)


class Program(Group):
    """The program itself."""

    entries = COMMANDS


app = typer.Typer(
    name=PROGRAM,
    cls=Program,
    context_settings=NORMALIZED,
    invoke_without_command=True,
    # Rich would double the cost of `--help`, and its tracebacks would show the key among the local variables.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    epilog=example("together-ext ft download ft-... -o models"),
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


fine_tuning = group(
    "Jobs, their checkpoints and weights (short: ft).",
    "together-ext ft list",
    ("list", "fine_tuning:list_jobs", "together-ext ft list | grep completed"),
    ("retrieve", "fine_tuning:retrieve", "together-ext ft retrieve ft-..."),
    ("status", "fine_tuning:status", 'test "$(together-ext ft status ft-...)" = completed'),
    ("wait", "wait:wait", "together-ext ft wait ft-... --timeout 6h && echo done"),
    ("list-checkpoints", "fine_tuning:list_checkpoints", "together-ext ft list-checkpoints ft-..."),
    ("metrics", "metrics:metrics", "together-ext ft metrics ft-... --plot loss.png"),
    ("list-events", "fine_tuning:list_events", "together-ext ft list-events ft-... --follow"),
    ("download", "download:download", "together-ext ft download ft-...:500 --checkpoint-type adapter"),
    ("create", "create:create", "together-ext ft create --training-file file-... --model NAME --yes"),
    ("price", "price:price", "together-ext ft price --training-file file-... --model NAME"),
    ("limits", "price:limits", "together-ext ft limits NAME"),
    ("models", "price:models", "together-ext ft models llama"),
    ("cancel", "fine_tuning:cancel", "together-ext ft cancel ft-... --yes"),
    ("delete", "fine_tuning:delete", "together-ext ft delete ft-... --yes"),
)
app.add_typer(fine_tuning, name="fine-tuning")
app.add_typer(fine_tuning, name="ft", hidden=True)
app.add_typer(
    group(
        "Training and validation data.",
        "together-ext files upload train.jsonl",
        ("upload", "files:upload", "together-ext files upload train.jsonl"),
        ("list", "files:list_files", "together-ext files list"),
        ("retrieve", "files:retrieve_file", "together-ext files retrieve file-..."),
        ("content", "files:content", "together-ext files content file-... > train.jsonl"),
        ("delete", "files:delete_file", "together-ext files delete file-... --yes"),
    ),
    name="files",
)
app.add_typer(
    group(
        "Models on hardware of their own.",
        "together-ext endpoints list",
        ("create", "serving:create_endpoint", "together-ext endpoints create --model NAME --hardware NAME"),
        ("list", "serving:list_endpoints", "together-ext endpoints list --mine"),
        ("retrieve", "serving:retrieve_endpoint", "together-ext endpoints retrieve endpoint-..."),
        ("start", "serving:start_endpoint", "together-ext endpoints start endpoint-... --yes"),
        ("stop", "serving:stop_endpoint", "together-ext endpoints stop endpoint-... --yes"),
        ("delete", "serving:delete_endpoint", "together-ext endpoints delete endpoint-... --yes"),
        ("hardware", "serving:list_hardware", "together-ext endpoints hardware --model NAME"),
    ),
    name="endpoints",
)
